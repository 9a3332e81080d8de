"""Effects of paper, light and capture, one by one."""

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageChops, ImageOps

from data_engines.tools.degrade import capture, light, paper
from data_engines.tools.degrade.legibility import legible
from data_engines.tools.frames import FRAME_RGB

EFFECTS = [
    *(paper.fade, paper.age, paper.bleed_through, paper.stamp, paper.punch_holes),
    *(light.shade, light.cast_shadow, light.darken_spine, light.flash),
    *(capture.soften, capture.add_noise, capture.compress, capture.show_pixels, capture.add_moire),
    *(capture.copy, capture.streak),
]


@pytest.mark.parametrize("effect", EFFECTS, ids=lambda effect: effect.__name__)
def test_each_effect_shows_and_leaves_the_text(effect: Callable[..., Image.Image], page: Image.Image) -> None:
    modes = ["L"] if effect is capture.copy else ["L", "RGB"]
    for mode in modes:
        for seed in range(3):
            seen = effect(page.convert(mode), 0.6, np.random.default_rng(seed))
            assert seen.size == page.size and seen.mode in (mode, "RGB")
            assert ImageChops.difference(seen.convert("L"), page).getextrema()[1] > 3
            assert legible(page, seen, None)
            again = effect(page.convert(mode), 0.6, np.random.default_rng(seed))
            assert seen.tobytes() == again.tobytes()


def test_the_back_of_a_page_is_mirrored_and_faint(page: Image.Image) -> None:
    seen = paper.bleed_through(page, 1.0, np.random.default_rng(0))
    added = ImageChops.subtract(page, seen)
    assert 0 < added.getextrema()[1] <= 255 * paper.MAX_BLEED + 1
    # all that was added is where the mirrored page, moved by a tenth at most, has its lines
    columns = np.asarray(added).any(axis=0).nonzero()[0]
    expected = np.asarray(ImageOps.mirror(page).point(lambda level: 255 - level)).any(axis=0).nonzero()[0]
    assert abs(columns.min() - expected.min()) <= 42 and abs(columns.max() - expected.max()) <= 42


def test_stamps_are_no_frames_that_a_question_could_name(page: Image.Image) -> None:
    empty = Image.new("L", page.size, 255)
    for seed in range(12):
        seen = paper.stamp(empty, 1.0, np.random.default_rng(seed))
        colors = np.asarray(seen, dtype=int).reshape(-1, 3)
        assert colors.min() < 220
        for frame in FRAME_RGB.values():
            assert np.abs(colors - frame).max(axis=1).min() > 64  # what `fine-grained` takes for a frame


def test_holes_are_in_wide_margins_only(page: Image.Image) -> None:
    for seed in range(6):
        holes = ImageChops.difference(page, paper.punch_holes(page, 0.3, np.random.default_rng(seed)))
        left, _, right, _ = holes.getbbox() or (0, 0, 0, 0)
        assert 0 < left < right <= 48
    narrow = page.crop((30, 0, 400, 320))
    assert paper.punch_holes(narrow, 1.0, np.random.default_rng(0)) is narrow


def test_a_copy_is_black_and_white(page: Image.Image) -> None:
    seen = capture.copy(page, 0.5, np.random.default_rng(0))
    levels = np.asarray(seen)
    dark, bright = levels.min(), levels.max()
    assert dark < 50 and bright > 234
    between = (levels > dark + 5) & (levels < bright - 5)  # where pixels of a lower resolution blend
    assert between.mean() < 0.12
    pale = Image.new("L", (60, 60), 200)
    assert capture.copy(pale, 1.0, np.random.default_rng(0)) is pale


def test_some_pictures_are_compressed_twice(page: Image.Image, monkeypatch: pytest.MonkeyPatch) -> None:
    qualities = []
    save = Image.Image.save

    def watched(self: Image.Image, *arguments: object, quality: int) -> None:
        qualities.append(quality)
        save(self, *arguments, quality=quality)  # type: ignore[arg-type]

    monkeypatch.setattr(Image.Image, "save", watched)
    numbers = []
    for seed in range(20):
        qualities.clear()
        capture.compress(page, 1.0, np.random.default_rng(seed))
        numbers.append(len(qualities))
        assert qualities[0] == 22 and min(qualities) >= 22
    assert 4 <= numbers.count(2) <= 12 and numbers.count(1) + numbers.count(2) == 20
