"""Pictures: finding them, and opening them safely."""

import functools
import io
import re
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from got_train.data.arrow import ArrowRows, arrow_rows, parquet_rows
from got_train.data.packed import PackedFile, TarMembers
from got_train.report import UserError

_ADDRESS = re.compile(r"(.+?\.(?:tar|parquet|arrow)):(.+)")
"""A picture inside another file: `shards/00000.tar:000123.png`, `train.parquet:124/image`."""


class ImageError(ValueError):
    """A picture that cannot be read; `cause` is the kind of fault."""

    def __init__(self, cause: str, detail: str) -> None:
        super().__init__(detail)
        self.cause = cause


def find_image(image: str | PackedFile, folders: list[Path]) -> Path | PackedFile:
    """The picture in the first of `folders` that has it; an absolute path stands for itself.

    Args:
        image: a path, the address of a picture inside a tar, Parquet or Arrow file, or such a picture itself.
        folders: where to look.

    Raises:
        ImageError: if none has it, naming where it was looked for.
    """
    if isinstance(image, PackedFile):
        return image
    address = _ADDRESS.fullmatch(image)
    for folder in folders:
        if (path := folder / image).is_file():
            return path
        if address and (holder := folder / address[1]).is_file() and (found := _unpack(holder, address[2])):
            return found
    places = ", ".join(dict.fromkeys(str(folder) for folder in folders))
    raise ImageError("image missing", image if Path(image).is_absolute() else f"{image} (looked in {places})")


def _unpack(holder: Path, name: str) -> PackedFile | None:
    try:
        return _members(holder).find(name)
    except UserError as error:
        raise ImageError("image unreadable", str(error)) from None


@functools.cache
def _members(holder: Path) -> TarMembers | ArrowRows:
    """The index of a file, made once in each process that needs it."""
    return _HOLDERS[holder.suffix](holder)


_HOLDERS: dict[str, Callable[[Path], TarMembers | ArrowRows]] = {
    ".tar": TarMembers,
    ".parquet": parquet_rows,
    ".arrow": arrow_rows,
}


def image_address(image: Path | PackedFile) -> str:
    """What names a picture from anywhere: its absolute path, or the address with that of its file."""
    return str(Path(str(image)).resolve())


def open_image(image: Path | PackedFile, max_pixels: int) -> Image.Image:
    """A picture as RGB, upright, transparency over white.

    Raises:
        ImageError: if it is no picture, is cut off, or has more than `max_pixels` pixels.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(image.read()) if isinstance(image, PackedFile) else image)
        if picture.width * picture.height > max_pixels:
            raise ImageError(
                "image too large",
                f"{image} has {picture.width} x {picture.height} pixels, data.max_pixels {max_pixels}",
            )
        return _upright_rgb(picture)
    except (UnidentifiedImageError, Image.DecompressionBombError, SyntaxError, ValueError, OSError) as error:
        if isinstance(error, ImageError):
            raise
        if isinstance(error, UnidentifiedImageError):  # its own message names a buffer in memory
            raise ImageError("image unreadable", f"{image} is no picture that can be read") from None
        cause = "image truncated" if "truncated" in str(error) else "image unreadable"
        raise ImageError(cause, f"{image}: {error}") from None


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
