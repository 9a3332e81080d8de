import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, features

from got_train.data import images
from got_train.data.errors import ImageError
from got_train.data.images import find_image, lazy_image, open_image
from got_train.data.tiles import grid_of_tiles, num_tiles, tile
from got_train.model.got import normalized


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [
        (1000, 1000, (1, 1)),
        (2048, 1024, (2, 1)),
        (1024, 3072, (1, 3)),
        (4096, 3072, (4, 3)),
        (300, 900, (1, 3)),
        (10000, 100, (12, 1)),
        (2000, 2000, (2, 2)),
    ],
)
def test_grid_of_tiles(width: int, height: int, expected: tuple[int, int]) -> None:
    assert grid_of_tiles(width, height, size=1024, crop=True, max_tiles=12) == expected
    assert grid_of_tiles(width, height, size=1024, crop=False, max_tiles=12) == (1, 1)


def test_tiles_are_cut_rows_first_with_the_thumbnail_last() -> None:
    pixels = np.zeros((20, 30, 3), dtype=np.uint8)
    for row in range(2):
        for column in range(3):
            pixels[row * 10 : row * 10 + 10, column * 10 : column * 10 + 10] = 10 * (row * 3 + column)
    tiles = tile(Image.fromarray(pixels), size=10, grid=(3, 2))
    assert tiles.shape == (7, 10, 10, 3)
    assert [int(part[5, 5, 0]) for part in tiles[:6]] == [0, 10, 20, 30, 40, 50]
    assert num_tiles(grid_of_tiles(30, 20, 10, crop=True, max_tiles=12)) == 7
    assert num_tiles(grid_of_tiles(30, 20, 10, crop=False, max_tiles=12)) == 1


@pytest.mark.parametrize("crop", [False, True])
@pytest.mark.parametrize("size", [(70, 50), (64, 64), (200, 40), (33, 190)])
def test_pixels_equal_transformers_own_processor(size: tuple[int, int], crop: bool) -> None:
    from transformers.models.got_ocr2.image_processing_pil_got_ocr2 import GotOcr2ImageProcessorPil

    noise = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    image = Image.fromarray(noise)
    theirs = GotOcr2ImageProcessorPil(size={"height": 64, "width": 64})(
        [image], crop_to_patches=crop, return_tensors="pt"
    )["pixel_values"]
    tiles = tile(image, 64, grid_of_tiles(*size, 64, crop, max_tiles=12))
    ours = normalized(torch.from_numpy(tiles), torch.float32)
    assert ours.shape == theirs.shape
    assert (ours - theirs).abs().max() < 1e-5


def test_modes_become_rgb_as_a_reader_sees_them(tmp_path: Path) -> None:
    transparent = Image.new("RGBA", (4, 4), (0, 0, 0, 0))
    transparent.putpixel((0, 0), (0, 0, 0, 255))
    transparent.save(tmp_path / "rgba.png")
    picture = open_image(tmp_path / "rgba.png", 100)
    assert (picture.getpixel((0, 0)), picture.getpixel((3, 3))) == ((0, 0, 0), (255, 255, 255))

    Image.fromarray(np.full((4, 4), 32768, dtype=np.uint16)).save(tmp_path / "grey16.png")
    assert open_image(tmp_path / "grey16.png", 100).getpixel((0, 0)) == (127, 127, 127)

    turned = Image.new("RGB", (4, 2), "white")
    exif = turned.getexif()
    exif[0x0112] = 6  # rotate by 90 degrees
    turned.save(tmp_path / "turned.jpg", exif=exif)
    assert open_image(tmp_path / "turned.jpg", 100).size == (2, 4)


@pytest.mark.parametrize(
    ("values", "shades"),
    [
        ([0.0, 0.5, 1.0], [0, 127, 255]),
        ([0.0, 127.0, 255.0], [0, 127, 255]),
        ([0.0, 32768.0, 65535.0], [0, 127, 255]),
        ([-1.0, np.nan, 0.5, np.inf], [0, 0, 127, 0]),
    ],
)
def test_decimals_are_shades_of_the_range_that_they_are_in(
    tmp_path: Path, values: list[float], shades: list[int]
) -> None:
    Image.fromarray(np.array([values], dtype=np.float32)).save(tmp_path / "a.tiff")
    pixels = np.asarray(open_image(tmp_path / "a.tiff", 100))
    assert pixels.shape == (1, len(values), 3)
    assert pixels[0, :, 0].tolist() == shades


def test_numbers_beyond_16_bits_do_not_wrap_around(tmp_path: Path) -> None:
    Image.fromarray(np.array([[-1, 0, 65535, 70000]], dtype=np.int32)).save(tmp_path / "a.tiff")
    assert np.asarray(open_image(tmp_path / "a.tiff", 100))[0, :, 0].tolist() == [0, 0, 255, 255]


def test_a_jpeg_whose_orientation_is_a_text_stands_upright(tmp_path: Path) -> None:
    picture = Image.new("RGB", (4, 2), "white")
    exif = picture.getexif()
    exif[0x0112] = 6  # rotate by 90 degrees
    picture.save(tmp_path / "a.jpg", exif=exif)
    number, text = (struct.pack(">HHI", 0x0112, *kind) for kind in ((3, 1), (2, 2)))
    whole = (tmp_path / "a.jpg").read_bytes()
    assert whole.count(number + b"\0\6") == 1
    (tmp_path / "a.jpg").write_bytes(whole.replace(number + b"\0\6", text + b"6\0"))
    assert open_image(tmp_path / "a.jpg", 100).size == (4, 2)


@pytest.mark.filterwarnings("error")
def test_damaged_exif_data_leave_a_picture_as_it_lies_without_a_warning(tmp_path: Path) -> None:
    entries = b"\x01\x12\0\3\xff\xff\xff\xff\0\6\0\0" * 50
    Image.new("RGB", (4, 2)).save(tmp_path / "a.jpg", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + entries)
    assert open_image(tmp_path / "a.jpg", 100).size == (4, 2)


def test_a_large_jpeg_is_decoded_smaller_but_not_below_what_is_wanted(tmp_path: Path) -> None:
    waves = np.add.outer(np.sin(np.arange(240) / 9), np.cos(np.arange(400) / 7))
    picture = Image.fromarray((waves * 60 + 128).astype(np.uint8)).convert("RGB")
    exif = picture.getexif()
    exif[0x0112] = 6  # rotate by 90 degrees
    picture.save(tmp_path / "turned.jpg", exif=exif, quality=95)
    whole = open_image(tmp_path / "turned.jpg", 10**6)
    assert whole.size == (240, 400)
    for wanted, decoded in {(60, 60): (60, 100), (61, 60): (120, 200), (130, 60): (240, 400)}.items():
        lazy = lazy_image(tmp_path / "turned.jpg", 10**6)
        assert (lazy.width, lazy.height) == (240, 400)
        smaller = lazy.decode(*wanted)
        assert smaller.size == decoded
        tiles = [tile(image, 60, (1, 1)).astype(int) for image in (smaller, whole)]
        assert np.abs(tiles[0] - tiles[1]).mean() < 1
    picture.save(tmp_path / "whole.png")
    assert lazy_image(tmp_path / "whole.png", 10**6).decode(60, 60).size == (400, 240)


def test_bad_pictures_are_told_apart(tmp_path: Path) -> None:
    good = tmp_path / "good.png"
    Image.effect_noise((64, 64), 50).save(good)
    (tmp_path / "cut.png").write_bytes(good.read_bytes()[:1500])
    (tmp_path / "text.png").write_text("not a picture")
    causes = {}
    for name, limit in (("cut.png", 10**6), ("text.png", 10**6), ("good.png", 4095)):
        with pytest.raises(ImageError) as caught:
            open_image(tmp_path / name, limit)
        causes[name] = caught.value.cause
    assert causes == {
        "cut.png": "image truncated",
        "text.png": "image unreadable",
        "good.png": "image too large",
    }


def test_whatever_a_parser_raises_is_told_as_an_unreadable_picture(tmp_path: Path) -> None:
    numbers = (124, 0x1007, 16, 16, *[0] * 14, 32, 4, *struct.unpack("<I", b"what"), *[0] * 10)
    (tmp_path / "a.dds").write_bytes(b"DDS " + struct.pack("<31I", *numbers))
    with pytest.raises(ImageError, match=r"a\.dds: Unimplemented pixel format 1952540791") as caught:
        open_image(tmp_path / "a.dds", 10**6)
    assert caught.value.cause == "image unreadable"


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow reads no AVIF")
def test_a_damaged_avif_is_unreadable(tmp_path: Path) -> None:
    Image.new("RGB", (16, 16)).save(tmp_path / "a.avif")
    whole = (tmp_path / "a.avif").read_bytes()
    (tmp_path / "a.avif").write_bytes(whole.replace(b"iloc", b"lost"))
    with pytest.raises(ImageError, match=r"a\.avif: Failed to decode image") as caught:
        open_image(tmp_path / "a.avif", 10**6)
    assert caught.value.cause == "image unreadable"


def test_the_limit_is_ours_and_not_that_of_pillow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    for name in ("a.png", "a.tiff", "a.webp"):
        Image.new("L", (64, 64), 9).save(tmp_path / name, lossless=True)
        assert open_image(tmp_path / name, 4096).getpixel((0, 0)) == (9, 9, 9)
        for limit in (4095, 1):
            with pytest.raises(ImageError) as caught:
                open_image(tmp_path / name, limit)
            assert caught.value.cause == "image too large"
    assert Image.MAX_IMAGE_PIXELS == 100


def test_pages_of_a_tiff_are_not_left_out_without_a_word(tmp_path: Path) -> None:
    pages = [Image.new("RGB", (4, 4), (shade,) * 3) for shade in (1, 2, 3)]
    pages[0].save(tmp_path / "a.tiff", save_all=True, append_images=pages[1:])
    with pytest.raises(ImageError) as caught:
        open_image(tmp_path / "a.tiff", 100)
    assert str(caught.value) == (
        f"{tmp_path}/a.tiff has 3 pages: save each as a file, or all as a PDF file "
        "(x.pdf:2 is its second page)"
    )
    assert caught.value.cause == "image unreadable"
    pages[0].save(tmp_path / "a.gif", save_all=True, append_images=pages[1:])
    assert open_image(tmp_path / "a.gif", 100).getpixel((0, 0)) == (1, 1, 1)


def test_a_name_that_is_none_is_told_in_short(tmp_path: Path) -> None:
    for image in ("iVBORw0KG\n" * 400, "/" + "9j/4AAQ" * 900, "a.tar:" + "x" * 900):
        with pytest.raises(ImageError) as caught:
            find_image(image, [tmp_path])
        assert caught.value.cause == "image missing"
        what = "(looked in" if image.startswith("a.tar") else "is a picture in base64: write it to a file"
        assert str(caught.value).startswith(f"{image!r:.80}... {what}")
    with pytest.raises(ImageError, match="looked in"):
        find_image("a\0b.png", [tmp_path])


def test_pictures_are_looked_up_in_order(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
    (tmp_path / "b" / "x.png").touch()
    folders = [tmp_path / "a", tmp_path / "b"]
    assert find_image("x.png", folders) == tmp_path / "b" / "x.png"
    (tmp_path / "a" / "x.png").touch()
    assert find_image("x.png", folders) == tmp_path / "a" / "x.png"
    assert find_image(str(tmp_path / "b" / "x.png"), folders) == tmp_path / "b" / "x.png"
    with pytest.raises(ImageError, match=r"y.png \(looked in .*a, .*b\)"):
        find_image("y.png", folders)


def test_pages_of_a_pdf_are_counted_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[object] = []
    call = images._READER.call

    def counted(*given: Any, **limits: Any) -> Any:
        calls.append(given)
        return call(*given, **limits)

    monkeypatch.setattr(images._READER, "call", counted)
    pdf = tmp_path / "a.pdf"
    pages = [Image.new("RGB", (32, 32), color) for color in ("red", "blue")]
    pages[0].save(pdf, save_all=True, append_images=pages[1:])
    for number in (1, 2, 1):
        assert str(find_image("a.pdf:" + str(number), [tmp_path])) == f"{pdf}:{number}"
    assert len(calls) == 1
    pages[0].save(pdf)
    with pytest.raises(ImageError, match="has no 2"):
        find_image("a.pdf:2", [tmp_path])
