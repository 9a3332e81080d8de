"""Decodes pictures and pages of PDF files: what a process with limits runs, and what no limit is needed for.

Pictures come out in bands of rows, so that a large one lies in memory only once.
"""

import io
import os
import stat
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2
from PIL import EpsImagePlugin, ExifTags, Image, ImageOps, TiffImagePlugin, UnidentifiedImageError

from got_train.data.errors import ImageError
from got_train.data.packed import PackedFile
from got_train.data.utf8 import LFS_POINTER
from got_train.processes import LimitError

# Pillow would run Ghostscript for an EPS, and for one inside a picture of another format.
EpsImagePlugin.gs_binary = False

PDF_DPI = 200
"""Dots per inch of PDF pages: a page of A4 becomes 1654 x 2339 pixels, enough for several tiles."""

MAX_FILE_BYTES = 1 << 29
"""Largest file of a picture; some of Pillow's readers take it into memory as a whole."""

_BAND_BYTES = 1 << 22
"""About as large are the bands of a picture."""

Band = tuple[str, bytes, int]
"""Rows of a picture: Pillow's name of how they are written, the bytes, and the bytes of a row."""


def draw_pdf_page(path: Path, number: int, max_pixels: int) -> Iterator[tuple[int, int] | Band]:
    """Width and height of a page in pixels, then the bands of its picture.

    Args:
        path: the PDF file.
        number: of the page, from 1.
        max_pixels: as `sample.max_pixels`.

    Raises:
        ImageError: if the page cannot be read, or would have more than `max_pixels` pixels.
    """
    with image_errors(name := f"{path}:{number}"), pypdfium2.PdfDocument(path) as document:
        page = document[number - 1]
        width, height = (round(side * PDF_DPI / 72) for side in page.get_size())
        check_size(name, width, height, max_pixels)
        drawn = page.render(scale=PDF_DPI / 72)
        yield drawn.width, drawn.height
        for rows in _bands(drawn.stride, drawn.height):
            content = memoryview(drawn.buffer)[rows.start * drawn.stride : rows.stop * drawn.stride]
            yield drawn.mode, bytes(content), drawn.stride


def count_pdf_pages(path: Path) -> int:
    """The number of pages of a PDF file.

    Raises:
        ImageError: if the file cannot be read.
    """
    with image_errors(str(path)), pypdfium2.PdfDocument(path) as document:
        return len(document)


def decode_picture(
    source: Path | PackedFile, wanted: tuple[int, int] | None, max_pixels: int
) -> Iterator[tuple[int, int] | Band]:
    """Width and height of a picture, upright, then the bands of it as RGB: see `LazyImage.decode`.

    Raises:
        ImageError: if it is cut off or damaged, or has more than `max_pixels` pixels.
    """
    with image_errors(str(source)), pillow_limit(max_pixels):
        opened = open_picture(source, max_pixels)
        shrink(opened, wanted)
        upright = _upright(opened)
        check_size(str(source), *upright.size, max_pixels)  # an icon is as large as the picture inside
        yield upright.size
        for band in _rgb_bands(upright):
            yield "RGB", band.tobytes(), 3 * band.width


def read_start(source: Path | PackedFile, number: int) -> tuple[bytes, int]:
    """The first bytes of a picture's file, at most `number`, and how many it has.

    Raises:
        ImageError: if it is no file, or too large a one.
    """
    if isinstance(source, PackedFile):
        start, size = replace(source, size=min(source.size, number)).read_bytes(), source.size
    else:
        status = os.stat(source)
        if not stat.S_ISREG(status.st_mode):  # to open a pipe may take for ever
            raise ImageError("image unreadable", f"{source} is no file, but a folder, a pipe or a device")
        with open(source, "rb") as file:
            start, size = file.read(number), status.st_size
    if size > MAX_FILE_BYTES:
        raise ImageError("image too large", f"{source} has {size:,} bytes, most are {MAX_FILE_BYTES:,}")
    return start, size


def open_picture(source: Path | PackedFile, max_pixels: int) -> Image.Image:
    """Opens a picture without decoding it.

    Raises:
        ImageError: if it is known why it is none.
        Exception: whatever Pillow raises.
    """
    start, _ = read_start(source, len(LFS_POINTER))
    if start == LFS_POINTER:
        detail = f"{source} is a pointer of Git LFS: git lfs pull brings it"
        raise ImageError("image unreadable", detail)
    with pillow_limit(None):
        opened = Image.open(io.BytesIO(source.read_bytes()) if isinstance(source, PackedFile) else source)
    if opened.format == "EPS":
        detail = f"{source} is PostScript, which is a program: save it as a picture or as a PDF file"
        raise ImageError("image unreadable", detail)
    check_size(str(source), *opened.size, max_pixels)
    if isinstance(opened, TiffImagePlugin.TiffImageFile) and opened.n_frames > 1:
        advice = "save each as a file, or all as a PDF file (x.pdf:2 is its second page)"
        raise ImageError("image unreadable", f"{source} has {opened.n_frames} pages: {advice}")
    return opened


def orientation(image: Image.Image) -> int:
    """How a picture lies by its Exif data, 1 to 8; 1, upright, where they are damaged."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # where they are damaged, Pillow warns of each entry
        value: Any = image.getexif().get(ExifTags.Base.Orientation)
    return value if value in range(1, 9) else 1


def upright_size(image: Image.Image) -> tuple[int, int]:
    """Width and height of a picture when it is turned as its Exif data say."""
    return image.size[::-1] if orientation(image) in (5, 6, 7, 8) else image.size


def shrink(image: Image.Image, wanted: tuple[int, int] | None) -> None:
    """Has a JPEG decoded smaller, but not below the `wanted` width and height when upright."""
    if wanted is not None:
        image.draft("RGB", wanted[::-1] if image.size != upright_size(image) else wanted)


def upright_rgb(image: Image.Image) -> Image.Image:
    """A picture as RGB, upright, with transparent pixels over white."""
    upright = _upright(image)
    if upright.mode == "RGB":
        return upright
    whole, top = Image.new("RGB", upright.size), 0
    for band in _rgb_bands(upright):
        whole.paste(band, (0, top))
        top += band.height
    return whole


def _upright(image: Image.Image) -> Image.Image:
    """The decoded picture, turned as its Exif data say."""
    image.load()
    return ImageOps.exif_transpose(image) if orientation(image) != 1 else image


def _rgb_bands(image: Image.Image) -> Iterator[Image.Image]:
    """The rows of a picture as RGB, with transparent pixels over white."""
    factor = _factor_of_numbers(image) if _has_numbers(image) else 1.0
    for rows in _bands(4 * image.width, image.height):
        band = image.crop((0, rows.start, image.width, rows.stop))
        if _has_numbers(image):
            shades = (_numbers(band) * np.float32(factor)).clip(0, 255).astype(np.uint8)
            yield Image.fromarray(shades).convert("RGB")
        elif image.has_transparency_data:
            layer = band.convert("RGBA")
            yield Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")
        else:
            yield band.convert("RGB")


def _bands(row_bytes: int, height: int) -> Iterator[range]:
    """The rows of a picture in parts of about `_BAND_BYTES`."""
    step = max(1, _BAND_BYTES // max(1, row_bytes))
    for top in range(0, height, step):
        yield range(top, min(top + step, height))


def _has_numbers(image: Image.Image) -> bool:
    """Whether a picture has decimals, or 16-bit grey: Pillow would clip them."""
    return image.mode == "F" or image.mode.startswith("I")


def _numbers(image: Image.Image) -> np.ndarray:
    return np.nan_to_num(np.asarray(image, dtype=np.float32), posinf=0, neginf=0)


def _factor_of_numbers(image: Image.Image) -> float:
    """What makes shades of numbers, by the range that the largest of them is in."""
    bands = (
        image.crop((0, rows.start, image.width, rows.stop)) for rows in _bands(4 * image.width, image.height)
    )
    largest = max((_numbers(band).max(initial=0) for band in bands), default=0)
    if largest > 255:
        return 255 / 65535
    return 255.0 if image.mode == "F" and largest <= 1 else 1.0


@contextmanager
def image_errors(name: str) -> Iterator[None]:
    """Raises whatever is raised for a bad picture as an `ImageError` that begins with its name."""
    try:
        yield
    except ImageError:
        raise
    except MemoryError:
        raise ImageError("image unreadable", f"{name} needs more memory than there is") from None
    except UnidentifiedImageError:  # its own message names a buffer in memory
        raise ImageError("image unreadable", f"{name} is not a readable image") from None
    except Image.DecompressionBombError:
        raise ImageError("image too large", f"{name} has more pixels than sample.max_pixels allows") from None
    except LimitError as error:
        raise ImageError("image unreadable", f"{name} {error}") from None
    except Exception as error:  # parsers raise anything for a damaged file: `struct.error`, RuntimeError
        cause = "image truncated" if "truncated" in str(error) else "image unreadable"
        raise ImageError(cause, f"{name}: {str(error) or type(error).__name__}") from None


@contextmanager
def pillow_limit(pixels: int | None) -> Iterator[None]:
    """Makes Pillow's limit ours for a while, or none: a file may hold another image that is larger."""
    limit = Image.MAX_IMAGE_PIXELS
    # more than twice as many are an error
    Image.MAX_IMAGE_PIXELS = None if pixels is None else max(1, -(-pixels // 2))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of large pictures and of damaged Exif data
            yield
    finally:
        Image.MAX_IMAGE_PIXELS = limit


def check_size(name: str, width: int, height: int, max_pixels: int) -> None:
    """Raises an ImageError if a picture has more pixels than `sample.max_pixels` allows."""
    if width * height > max_pixels:
        detail = f"{name} has {width} x {height} pixels, sample.max_pixels {max_pixels}"
        raise ImageError("image too large", detail)
