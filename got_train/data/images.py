"""Images are found and opened safely."""

import functools
import io
import os.path
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pypdfium2
from PIL import ExifTags, Image, ImageOps, TiffImagePlugin, UnidentifiedImageError

from got_train.data.arrow import ArrowRows, parquet_rows
from got_train.data.errors import ImageError
from got_train.data.names import describe_missing
from got_train.data.packed import PackedFile, TarMembers
from got_train.data.utf8 import LFS_POINTER
from got_train.report import UserError

PDF_DPI = 200
"""Dots per inch of PDF pages: a page of A4 becomes 1654 x 2339 pixels, enough for several tiles."""

_ADDRESS = re.compile(r"(.+?\.(?:tar|parquet|arrow|pdf)):(.+)", re.IGNORECASE)
"""An image inside another file: `shards/00000.tar:000123.png`, `train.parquet:124/image`, `manual.pdf:3`."""


@dataclass(frozen=True)
class PdfPage:
    """A page of a PDF file, used as an image."""

    holder: Path
    number: int
    """Counted from 1."""

    def __str__(self) -> str:
        return f"{self.holder}:{self.number}"

    def draw(self, max_pixels: int) -> Image.Image:
        """Draws the page.

        Raises:
            ImageError: if the page cannot be read, or would have more than `max_pixels` pixels.
        """
        with _as_image_errors(str(self)), pypdfium2.PdfDocument(self.holder) as document:
            page = document[self.number - 1]
            width, height = (round(side * PDF_DPI / 72) for side in page.get_size())
            _check_size(str(self), width, height, max_pixels)
            return page.render(scale=PDF_DPI / 72).to_pil().convert("RGB")


def num_pdf_pages(path: Path) -> int:
    """The number of pages of a PDF file.

    Raises:
        ImageError: if the file cannot be read.
    """
    with _as_image_errors(str(path)), pypdfium2.PdfDocument(path) as document:
        return len(document)


FoundImage = Path | PackedFile | PdfPage | Image.Image
"""An image that can be opened: a file, a part of a file, or an image in memory."""


def find_image(image: str | PackedFile | Image.Image, folders: list[Path]) -> FoundImage:
    """The image in the first of `folders` that has it; an absolute path stands for itself, `~` for the home.

    Args:
        image: a path, or the address of an image inside a tar, Parquet, Arrow or PDF file. A `PackedFile` or
            an image in memory is returned as it is.
        folders: folders in which relative paths are looked up.

    Raises:
        ImageError: if no folder has the image; the message names the folders.
    """
    if isinstance(image, PackedFile | Image.Image):
        return image
    image = os.path.expanduser(image)
    address = _ADDRESS.fullmatch(image)
    holders = []
    for folder in folders:
        if os.path.isfile(path := folder / image):  # `Path.is_file` would raise if the name is too long
            return path
        if address and os.path.isfile(holder := folder / address[1]):
            if found := _unpack(holder, address[2]):
                return found
            holders.append(holder)
    if address and holders:
        raise ImageError("image missing", f"{image}: {holders[0]} has no {address[2]}")
    raise ImageError("image missing", describe_missing(image, folders))


def _unpack(holder: Path, name: str) -> PackedFile | PdfPage | None:
    if holder.suffix.lower() == ".pdf":
        inside = name.isdecimal() and 1 <= int(name) <= num_pdf_pages(holder)
        return PdfPage(holder, int(name)) if inside else None
    try:
        return _members(holder).find(name)
    except UserError as error:
        raise ImageError("image unreadable", str(error)) from None


@functools.cache
def _members(holder: Path) -> TarMembers | ArrowRows:
    """The index of a file that holds images, made once in each process."""
    suffix = holder.suffix.lower()
    if suffix == ".tar":
        return TarMembers(holder)
    return parquet_rows(holder) if suffix == ".parquet" else ArrowRows(holder, [holder])


def image_address(image: FoundImage) -> str:
    """A name of an image that is valid anywhere: an absolute path, or an address that starts with one."""
    return "(in memory)" if isinstance(image, Image.Image) else str(Path(str(image)).resolve())


@dataclass(frozen=True)
class LazyImage:
    """An image that has been opened but not decoded."""

    name: str
    image: Image.Image
    width: int
    height: int
    """Width and height are those of the upright image, in pixels."""

    def decode(self, width: int | None = None, height: int | None = None) -> Image.Image:
        """The image as RGB, upright, with transparent pixels over white.

        Args:
            width: smallest width that is wanted, in pixels. A JPEG that is at least twice as wide and high is
                decoded at a half, a quarter or an eighth of its size, in a fraction of the time, but never
                smaller than `width` x `height`.
            height: smallest height that is wanted, in pixels.

        Raises:
            ImageError: if the image is cut off or damaged.
        """
        with _as_image_errors(self.name), _pillow_limit(self.width * self.height):
            if width is not None and height is not None:
                turned = self.image.size != (self.width, self.height)
                self.image.draft("RGB", (height, width) if turned else (width, height))
            return _upright_rgb(self.image)


def lazy_image(image: FoundImage, max_pixels: int) -> LazyImage:
    """Opens an image without decoding it.

    Raises:
        ImageError: if it is not an image, or has more than `max_pixels` pixels.
    """
    name = str(image)
    if isinstance(image, PdfPage):
        page = image.draw(max_pixels)
        return LazyImage(name, page, *page.size)
    with _as_image_errors(name), _pillow_limit(max_pixels):
        opened = image if isinstance(image, Image.Image) else _open(image)
        _check_size(name, opened.width, opened.height, max_pixels)
        # A broken file may have any value here, even a text; Pillow does not turn the image of such a file.
        turned = opened.getexif().get(ExifTags.Base.Orientation) in (5, 6, 7, 8)
        width, height = reversed(opened.size) if turned else opened.size
        return LazyImage(name, opened, width, height)


def open_image(image: FoundImage, max_pixels: int) -> Image.Image:
    """The image as RGB, upright, with transparent pixels over white.

    Raises:
        ImageError: if it is not an image, is cut off, or has more than `max_pixels` pixels.
    """
    return lazy_image(image, max_pixels).decode()


@contextmanager
def _as_image_errors(name: str) -> Iterator[None]:
    try:
        yield
    except ImageError:
        raise
    except UnidentifiedImageError:  # its own message names a buffer in memory
        raise ImageError("image unreadable", f"{name} is not a readable image") from None
    except Image.DecompressionBombError:
        raise ImageError("image too large", f"{name} has more pixels than sample.max_pixels allows") from None
    except Exception as error:  # parsers raise anything for a damaged file: `struct.error`, RuntimeError
        cause = "image truncated" if "truncated" in str(error) else "image unreadable"
        raise ImageError(cause, f"{name}: {str(error) or type(error).__name__}") from None


@contextmanager
def _pillow_limit(pixels: int) -> Iterator[None]:
    """Raises Pillow's own limit to `pixels` while an image is opened or decoded: `_check_size` has ours."""
    limit = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = max(limit or 0, pixels)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            yield
    finally:
        Image.MAX_IMAGE_PIXELS = limit


def _open(image: Path | PackedFile) -> Image.Image:
    try:
        opened = Image.open(io.BytesIO(image.read_bytes()) if isinstance(image, PackedFile) else image)
    except UnidentifiedImageError:
        if not image.read_bytes().startswith(LFS_POINTER):
            raise
        detail = f"{image} is a pointer of Git LFS: git lfs pull brings it"
        raise ImageError("image unreadable", detail) from None
    if isinstance(opened, TiffImagePlugin.TiffImageFile) and opened.n_frames > 1:
        advice = "save each as a file, or all as a PDF file (x.pdf:2 is its second page)"
        raise ImageError("image unreadable", f"{image} has {opened.n_frames} pages: {advice}")
    return opened


def _check_size(name: str, width: int, height: int, max_pixels: int) -> None:
    if width * height > max_pixels:
        detail = f"{name} has {width} x {height} pixels, sample.max_pixels {max_pixels}"
        raise ImageError("image too large", detail)


def _upright_rgb(image: Image.Image) -> Image.Image:
    image = ImageOps.exif_transpose(image)
    if image.mode == "RGB":
        image.load()
        return image
    if image.mode == "F" or image.mode.startswith("I"):  # decimals, or 16-bit grey: Pillow would clip them
        values = np.nan_to_num(np.asarray(image, dtype=np.float32), posinf=0, neginf=0)
        if values.max(initial=0) > 255:
            values *= 255 / 65535
        elif image.mode == "F" and values.max(initial=0) <= 1:
            values *= 255
        return Image.fromarray(values.clip(0, 255).astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        paper = Image.new("RGBA", layer.size, "white")
        return Image.alpha_composite(paper, layer).convert("RGB")
    return image.convert("RGB")
