"""Pictures: finding them, and opening them safely."""

import functools
import io
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pypdfium2
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from got_train.data.arrow import ArrowRows, arrow_rows, parquet_rows
from got_train.data.packed import PackedFile, TarMembers
from got_train.report import UserError

PDF_DPI = 200
"""At which pages of PDF files are drawn: a page of A4 has 1654 x 2339 pixels, enough for some tiles."""

_ADDRESS = re.compile(r"(.+?\.(?:tar|parquet|arrow|pdf)):(.+)", re.IGNORECASE)
"""A picture inside another file: `shards/00000.tar:000123.png`, `train.parquet:124/image`, `manual.pdf:3`."""


class ImageError(ValueError):
    """A picture that cannot be read; `cause` is the kind of fault."""

    def __init__(self, cause: str, detail: str) -> None:
        super().__init__(detail)
        self.cause = cause


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
        try:
            with pypdfium2.PdfDocument(self.path) as document:
                page = document[self.number - 1]
                width, height = (round(side * PDF_DPI / 72) for side in page.get_size())
                _check_size(str(self), width, height, max_pixels)
                return page.render(scale=PDF_DPI / 72).to_pil().convert("RGB")
        except pypdfium2.PdfiumError as error:
            raise ImageError("image unreadable", f"{self}: {error}") from None


def num_pdf_pages(path: Path) -> int:
    """How many pages a PDF file has.

    Raises:
        ImageError: if it cannot be read.
    """
    try:
        with pypdfium2.PdfDocument(path) as document:
            return len(document)
    except pypdfium2.PdfiumError as error:
        raise ImageError("image unreadable", f"{path}: {error}") from None


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
        if (path := folder / image).is_file():
            return path
        if address and (holder := folder / address[1]).is_file() and (found := _unpack(holder, address[2])):
            return found
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
        with _told_as_image_errors(self.name):
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
    with _told_as_image_errors(name):
        picture = image if isinstance(image, Image.Image) else _open(image)
        _check_size(name, picture.width, picture.height, max_pixels)
        turned = picture.getexif().get(ExifTags.Base.Orientation, 1) >= 5
        width, height = reversed(picture.size) if turned else picture.size
        return LazyImage(name, picture, width, height)


def open_image(image: FoundImage, max_pixels: int) -> Image.Image:
    """A picture as RGB, upright, transparency over white.

    Raises:
        ImageError: if it is no picture, is cut off, or has more than `max_pixels` pixels.
    """
    return lazy_image(image, max_pixels).decode()


@contextmanager
def _told_as_image_errors(name: str) -> Iterator[None]:
    try:
        yield
    except (UnidentifiedImageError, Image.DecompressionBombError, SyntaxError, ValueError, OSError) as error:
        if isinstance(error, ImageError):
            raise
        if isinstance(error, UnidentifiedImageError):  # its own message names a buffer in memory
            raise ImageError("image unreadable", f"{name} is not a readable picture") from None
        cause = "image truncated" if "truncated" in str(error) else "image unreadable"
        raise ImageError(cause, f"{name}: {error}") from None


def _open(image: Path | PackedFile) -> Image.Image:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        return Image.open(io.BytesIO(image.read()) if isinstance(image, PackedFile) else image)


def _check_size(name: str, width: int, height: int, max_pixels: int) -> None:
    if width * height > max_pixels:
        detail = f"{name} has {width} x {height} pixels, data.max_pixels {max_pixels}"
        raise ImageError("image too large", detail)


def _upright_rgb(image: Image.Image) -> Image.Image:
    image = ImageOps.exif_transpose(image)
    if image.mode == "RGB":
        image.load()
        return image
    if image.mode.startswith("I"):  # 16-bit grey: Pillow would clip it to white
        values = np.asarray(image, dtype=np.float32)
        scale = 255 / 65535 if values.max(initial=0) > 255 else 1.0
        return Image.fromarray((values * scale).astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        paper = Image.new("RGBA", layer.size, "white")
        return Image.alpha_composite(paper, layer).convert("RGB")
    return image.convert("RGB")
