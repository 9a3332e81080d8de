"""Pictures: finding them, and opening them safely."""

import functools
import io
import os.path
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pypdfium2
from PIL import ExifTags, Image, ImageOps, TiffImagePlugin, UnidentifiedImageError

from got_train.data.arrow import ArrowRows, arrow_rows, parquet_rows
from got_train.data.errors import ImageError
from got_train.data.packed import PackedFile, TarMembers
from got_train.report import UserError

LONGEST_NAME = 255
"""In characters, of a missing picture; messages cut what is longer, which may be the picture itself."""

PDF_DPI = 200
"""At which pages of PDF files are drawn: a page of A4 has 1654 x 2339 pixels, enough for some tiles."""

_ADDRESS = re.compile(r"(.+?\.(?:tar|parquet|arrow|pdf)):(.+)", re.IGNORECASE)
"""A picture inside another file: `shards/00000.tar:000123.png`, `train.parquet:124/image`, `manual.pdf:3`."""


@functools.cache
def picture_endings() -> tuple[str, ...]:
    """Of the names of all files that Pillow reads."""
    return tuple(ending for ending, name in Image.registered_extensions().items() if name in Image.OPEN)


@dataclass(frozen=True)
class PdfPage:
    """A page of a PDF file as a picture."""

    path: Path
    number: int
    """Counted from 1."""

    def __str__(self) -> str:
        return f"{self.path}:{self.number}"

    def draw(self, max_pixels: int) -> Image.Image:
        """Draws the page.

        Raises:
            ImageError: if it cannot be read, or would have more than `max_pixels` pixels.
        """
        with _as_image_errors(str(self)), pypdfium2.PdfDocument(self.path) as document:
            page = document[self.number - 1]
            width, height = (round(side * PDF_DPI / 72) for side in page.get_size())
            _check_size(str(self), width, height, max_pixels)
            return page.render(scale=PDF_DPI / 72).to_pil().convert("RGB")


def num_pdf_pages(path: Path) -> int:
    """How many pages a PDF file has.

    Raises:
        ImageError: if it cannot be read.
    """
    with _as_image_errors(str(path)), pypdfium2.PdfDocument(path) as document:
        return len(document)


FoundImage = Path | PackedFile | PdfPage | Image.Image
"""A picture that can be opened: a file, a part of one, or one that is in memory already."""


def find_image(image: str | PackedFile | Image.Image, folders: list[Path]) -> FoundImage:
    """The picture in the first of `folders` that has it; an absolute path stands for itself.

    Args:
        image: a path, the address of a picture inside a tar, Parquet, Arrow or PDF file, or such a picture
            itself, or one in memory.
        folders: where to look.

    Raises:
        ImageError: if none has it, naming where it was looked for.
    """
    if isinstance(image, PackedFile | Image.Image):
        return image
    address = _ADDRESS.fullmatch(image)
    for folder in folders:
        if os.path.isfile(path := folder / image):  # where `is_file` would raise for a name that is too long
            return path
        if address and os.path.isfile(holder := folder / address[1]):
            if found := _unpack(holder, address[2]):
                return found
    if len(image) > LONGEST_NAME:
        image = f"{image!r:.80}..."
    places = ", ".join(dict.fromkeys(str(folder) for folder in folders))
    raise ImageError("image missing", image if Path(image).is_absolute() else f"{image} (looked in {places})")


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
    """The index of a file, made once in each process that needs it."""
    return _HOLDERS[holder.suffix.lower()](holder)


_HOLDERS: dict[str, Callable[[Path], TarMembers | ArrowRows]] = {
    ".tar": TarMembers,
    ".parquet": parquet_rows,
    ".arrow": arrow_rows,
}


def image_address(image: FoundImage) -> str:
    """What names a picture from anywhere: its absolute path, or the address with that of its file."""
    return "(in memory)" if isinstance(image, Image.Image) else str(Path(str(image)).resolve())


@dataclass(frozen=True)
class LazyImage:
    """A picture that has been opened but not decoded."""

    name: str
    image: Image.Image
    width: int
    height: int
    """Of the upright picture, like the width."""

    def decode(self, width: int | None = None, height: int | None = None) -> Image.Image:
        """As RGB, upright, transparency over white.

        Args:
            width: what is wanted, with `height`: a JPEG that is twice as large or more is decoded at a half,
                a quarter or an eighth of its size, in a fraction of the time, but never below this.
            height: see above.

        Raises:
            ImageError: if the picture is cut off or damaged.
        """
        with _as_image_errors(self.name), _pillow_limit(self.width * self.height):
            if width is not None and height is not None:
                turned = self.image.size != (self.width, self.height)
                self.image.draft("RGB", (height, width) if turned else (width, height))
            return _upright_rgb(self.image)


def lazy_image(image: FoundImage, max_pixels: int) -> LazyImage:
    """Opens a picture.

    Raises:
        ImageError: if it is no picture, or has more than `max_pixels` pixels.
    """
    name = str(image)
    if isinstance(image, PdfPage):
        page = image.draw(max_pixels)
        return LazyImage(name, page, *page.size)
    with _as_image_errors(name), _pillow_limit(max_pixels):
        picture = image if isinstance(image, Image.Image) else _open(image)
        _check_size(name, picture.width, picture.height, max_pixels)
        # Broken files say anything here, texts among them, and Pillow leaves those as they lie.
        turned = picture.getexif().get(ExifTags.Base.Orientation) in (5, 6, 7, 8)
        width, height = reversed(picture.size) if turned else picture.size
        return LazyImage(name, picture, width, height)


def open_image(image: FoundImage, max_pixels: int) -> Image.Image:
    """A picture as RGB, upright, transparency over white.

    Raises:
        ImageError: if it is no picture, is cut off, or has more than `max_pixels` pixels.
    """
    return lazy_image(image, max_pixels).decode()


@contextmanager
def _as_image_errors(name: str) -> Iterator[None]:
    try:
        yield
    except ImageError:
        raise
    except UnidentifiedImageError:  # its own message names a buffer in memory
        raise ImageError("image unreadable", f"{name} is not a readable picture") from None
    except Image.DecompressionBombError:
        raise ImageError("image too large", f"{name} has more pixels than sample.max_pixels allows") from None
    except Exception as error:  # of a damaged file a parser may raise anything: `struct.error`, RuntimeError
        cause = "image truncated" if "truncated" in str(error) else "image unreadable"
        raise ImageError(cause, f"{name}: {str(error) or type(error).__name__}") from None


@contextmanager
def _pillow_limit(pixels: int) -> Iterator[None]:
    """Raises Pillow's own limit to `pixels`, while a picture is opened or decoded: `_check_size` is ours."""
    limit = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = max(limit or 0, pixels)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            yield
    finally:
        Image.MAX_IMAGE_PIXELS = limit


def _open(image: Path | PackedFile) -> Image.Image:
    picture = Image.open(io.BytesIO(image.read()) if isinstance(image, PackedFile) else image)
    if isinstance(picture, TiffImagePlugin.TiffImageFile) and picture.n_frames > 1:
        advice = "save them apart, or as a PDF file (x.pdf:2 is its second page)"
        raise ImageError("image unreadable", f"{image} has {picture.n_frames} pages: {advice}")
    return picture


def _check_size(name: str, width: int, height: int, max_pixels: int) -> None:
    if width * height > max_pixels:
        detail = f"{name} has {width} x {height} pixels, sample.max_pixels {max_pixels}"
        raise ImageError("image too large", detail)


def _upright_rgb(image: Image.Image) -> Image.Image:
    image = ImageOps.exif_transpose(image)
    if image.mode == "RGB":
        image.load()
        return image
    if image.mode == "F" or image.mode.startswith("I"):  # decimals, or 16-bit grey: Pillow would clip it
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
