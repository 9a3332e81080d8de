"""Backgrounds: which photographs are found, and what becomes of them."""

import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_engines.engine import Reject
from data_engines.tools.photos import (
    PACKAGED,
    Background,
    choose_background,
    find_photos,
    make_background,
)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """Red grows to the right, green downwards, blue is 50."""
    file = tmp_path / "photos" / "slopes.png"
    file.parent.mkdir()
    levels = np.full((256, 256, 3), 50, dtype=np.uint8)
    levels[..., 0], levels[..., 1] = np.arange(256), np.arange(256)[:, None]
    Image.fromarray(levels).save(file)
    return file


def plain(photo: str | None, **changes: object) -> Background:
    background = Background(
        photo, 1, 1.0, (0, 0), False, (1, 1, 1), (0, 0, 0), ((0, 0, 0), (9, 9, 9), (255, 200, 100))
    )
    return replace(background, **changes)


def test_a_part_of_a_photo_fills_the_picture(photo: Path) -> None:
    picture = make_background(plain(str(photo), zoom=0.5, place=(1, 0)), 128, 64)
    levels = np.asarray(picture, dtype=int)
    # half the width, all of it at the right; half as high, from the top
    assert picture.size == (128, 64)
    assert np.abs(levels[32, [0, -1], 0] - (128, 255)).max() <= 1
    assert np.abs(levels[[0, -1], 64, 1] - (0, 63)).max() <= 1
    mirrored = make_background(plain(str(photo), zoom=0.5, place=(1, 0), mirrored=True), 128, 64)
    assert np.array_equal(np.asarray(mirrored), np.asarray(picture)[:, ::-1])


def test_colours_change_band_by_band(photo: Path) -> None:
    changed = make_background(plain(str(photo), gains=(1, 0.5, 1), offsets=(0, 10, -60)), 256, 256)
    levels = np.asarray(changed, dtype=int)
    assert np.array_equal(levels[0, :, 0], np.arange(256))
    assert np.array_equal(levels[:, 0, 1], np.round(np.arange(256) / 2 + 10))
    assert not levels[..., 2].any()


def test_grey_photos_take_the_colours_of_a_palette(tmp_path: Path) -> None:
    Image.new("L", (300, 300), 255).save(tmp_path / "white.png")
    assert make_background(plain(str(tmp_path / "white.png")), 8, 8).getcolors() == [(64, (255, 200, 100))]


def test_textures_are_made_of_their_seed() -> None:
    one, same, other = (make_background(plain(None, seed=seed), 90, 70) for seed in (3, 3, 4))
    assert one.size == (90, 70) and one.mode == "RGB"
    assert one == same and one != other


def test_only_photos_that_can_be_used_are_found(photo: Path) -> None:
    Image.new("RGB", (300, 199)).save(photo.with_name("flat.png"))
    photo.with_name("broken.jpg").write_bytes(b"no photo")
    photo.with_name("notes.txt").write_text("no photo either")
    photos, sources, left_out = find_photos([photo.parent])
    assert photos == (str(photo),)
    assert [source.name for source in sources] == [str(photo.parent)]
    assert left_out == {"photo below 200 pixels": 1, "unreadable photo": 1}


def test_a_folder_without_photos_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^--photos .*no photo to use there; give .jpg, "):
        find_photos([tmp_path])


def test_a_photo_that_turns_out_to_be_broken_is_a_reject(photo: Path) -> None:
    cut = photo.with_name("cut.png")
    cut.write_bytes(photo.read_bytes()[:200])
    assert find_photos([cut])[0] == (str(cut),)
    with pytest.raises(Reject, match="^unreadable photo$"):
        make_background(plain(str(cut)), 64, 64)


@pytest.mark.skipif(not importlib.util.find_spec("skimage"), reason="needs the extra `engines`")
def test_packaged_photos_have_licences_of_their_own() -> None:
    photos, sources, left_out = find_photos([])
    assert [Path(photo).name for photo in photos] == list(PACKAGED) and left_out == {}
    assert all(Path(photo).is_file() for photo in photos)
    assert {source.licence.split(" (")[0] for source in sources} == {"CC0-1.0", "public domain"}
    assert sources[0].path is None and sources[0].name.startswith("scikit-image ")


def test_backgrounds_differ() -> None:
    drawn = [choose_background(np.random.default_rng(i), ("a", "b")) for i in range(100)]
    assert drawn == [choose_background(np.random.default_rng(i), ("a", "b")) for i in range(100)]
    assert {background.photo for background in drawn} == {"a", "b", None}
    assert len(set(drawn)) == 100
