"""Images are found and opened safely.

Small pictures of the usual formats are decoded in this process. PDF pages, large pictures and those of other
formats may take any time and memory, or crash their reader: a process with limits decodes them.
"""

import functools
import io
import os.path
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from got_train.data.arrow import ArrowRows, arrow_rows, parquet_rows
from got_train.data.decoding import (
    check_size,
    count_pdf_pages,
    decode_picture,
    draw_pdf_page,
    image_errors,
    open_picture,
    pillow_limit,
    read_start,
    shrink,
    upright_rgb,
    upright_size,
)
from got_train.data.errors import ImageError
from got_train.data.names import describe_missing
from got_train.data.packed import PackedFile, TarMembers
from got_train.processes import KeptProcess
from got_train.report import UserError

_READER = KeptProcess()
"""Decodes what may be hostile. Loader workers have one each."""

READ_SECONDS = 20
"""Processor time for a picture or page; usual ones take a tenth of a second, the largest a few."""

_READ_MEMORY, _READ_MEMORY_PER_PIXEL = 1 << 28, 16
"""Bytes for a picture or page, and for each pixel that it may have: WebP is in memory four times."""

_USUAL = {"PNG": b"\x89PNG\r\n", "JPEG": b"\xff\xd8\xff", "WEBP": b"RIFF"}
"""Formats that are decoded in this process, and how their files begin."""

_HERE_BYTES, _HERE_PIXELS = 1 << 25, 25_000_000
"""Largest file and picture that are decoded in this process."""

_MAX_SCANS = 64
"""Most passes of a JPEG over all its pixels that are decoded in this process; usual ones have up to 10, but
100,000 fit into a megabyte."""
_SCAN = b"\xff\xda"

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
        return _decoded(str(self), draw_pdf_page, self.holder, self.number, max_pixels=max_pixels)


def num_pdf_pages(path: Path) -> int:
    """The number of pages of a PDF file.

    Raises:
        ImageError: if the file cannot be read.
    """
    with image_errors(str(path)):
        status = path.stat()
        return _num_pdf_pages(path, status.st_size, status.st_mtime_ns)


@functools.lru_cache(maxsize=4096)
def _num_pdf_pages(path: Path, size: int, changed: int) -> int:
    """As `num_pdf_pages`, once for a file with this size and time: each of its pages is asked for."""
    number: int = _READER.call(count_pdf_pages, path, max_memory=_memory(0), seconds=READ_SECONDS)
    return number


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
    return parquet_rows(holder) if suffix == ".parquet" else arrow_rows(holder)


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
    source: Path | PackedFile | None = None
    """What another process is to decode."""

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
        wanted = None if width is None or height is None else (width, height)
        pixels = self.width * self.height
        if self.source is not None:
            return _decoded(self.name, decode_picture, self.source, wanted, max_pixels=pixels)
        with image_errors(self.name), pillow_limit(pixels):
            shrink(self.image, wanted)
            return upright_rgb(self.image)


def lazy_image(image: FoundImage, max_pixels: int) -> LazyImage:
    """Opens an image, and decodes it only where that is not known to be safe.

    Raises:
        ImageError: if it is not an image, or has more than `max_pixels` pixels.
    """
    name, source = str(image), None
    if isinstance(image, Image.Image):
        opened = image
    elif isinstance(image, PdfPage):
        opened = image.draw(max_pixels)
    else:
        with image_errors(name):
            opened, source = _open(image, max_pixels)
    with image_errors(name), pillow_limit(max_pixels):
        check_size(name, *opened.size, max_pixels)
        return LazyImage(name, opened, *upright_size(opened), source)


def open_image(image: FoundImage, max_pixels: int) -> Image.Image:
    """The image as RGB, upright, with transparent pixels over white.

    Raises:
        ImageError: if it is not an image, is cut off, or has more than `max_pixels` pixels.
    """
    return lazy_image(image, max_pixels).decode()


def _open(image: Path | PackedFile, max_pixels: int) -> tuple[Image.Image, Path | PackedFile | None]:
    """An opened image, and its file if another process is to decode it: a JPEG, as it may be shrunk."""
    start, size = read_start(image, max(map(len, _USUAL.values())))
    usual = next((name for name, begins in _USUAL.items() if start.startswith(begins)), None)
    if usual is not None and size <= _HERE_BYTES:
        content = image.read_bytes()
        with pillow_limit(None):
            opened = Image.open(io.BytesIO(content), formats=[usual])
        check_size(str(image), *opened.size, max_pixels)
        small = opened.width * opened.height <= _HERE_PIXELS
        if usual == "JPEG":
            return opened, None if small and content.count(_SCAN) <= _MAX_SCANS else image
        if small:
            return opened, None
    elif usual == "JPEG":
        return open_picture(image, max_pixels), image
    return _decoded(str(image), decode_picture, image, None, max_pixels=max_pixels), None


def _decoded(
    name: str, function: Callable[..., Iterator[Any]], *arguments: object, max_pixels: int
) -> Image.Image:
    """The image that a function of `decoding` gives in bands, in a process with limits."""
    image, top = None, 0

    def take(part: Any) -> None:
        nonlocal image, top
        if image is None:
            image = Image.new("RGB", part)
            return
        mode, content, row_bytes = part
        size = (image.width, len(content) // row_bytes)
        image.paste(Image.frombuffer("RGB", size, content, "raw", mode, row_bytes, 1), (0, top))
        top += size[1]

    with image_errors(name):
        memory = _memory(max_pixels)
        _READER.run(function, *arguments, max_pixels, take=take, max_memory=memory, seconds=READ_SECONDS)
    assert image is not None, "its size comes first"
    return image


def _memory(pixels: int) -> int:
    """Bytes that reading an image of at most so many pixels may take."""
    return _READ_MEMORY + _READ_MEMORY_PER_PIXEL * pixels
