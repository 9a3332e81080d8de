"""Pictures: opening them safely, and cutting them into the square tiles that the encoder takes."""

import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

# From transformers, so that training and its own processor tile alike (InternVL's rule).
from transformers.models.got_ocr2.image_processing_pil_got_ocr2 import get_optimal_tiled_canvas


class ImageError(ValueError):
    """A picture that cannot be read; `cause` is the kind of fault."""

    def __init__(self, cause: str, detail: str) -> None:
        super().__init__(detail)
        self.cause = cause


def find_image(path: str, folders: list[Path]) -> Path:
    """The first of `folders` that has a file at `path`; an absolute path stands for itself.

    Raises:
        ImageError: if none has, naming where it was looked for.
    """
    for folder in folders:
        if (found := folder / path).is_file():
            return found
    places = ", ".join(dict.fromkeys(str(folder) for folder in folders))
    raise ImageError("image missing", path if Path(path).is_absolute() else f"{path} (looked in {places})")


def open_image(path: Path, max_pixels: int) -> Image.Image:
    """A picture as RGB, upright, transparency over white.

    Raises:
        ImageError: if it is no picture, is cut off, or has more than `max_pixels` pixels.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(path)
        if image.width * image.height > max_pixels:
            raise ImageError(
                "image too large",
                f"{path} has {image.width} x {image.height} pixels, data.max_pixels {max_pixels}",
            )
        return _upright_rgb(image)
    except (UnidentifiedImageError, Image.DecompressionBombError, SyntaxError, ValueError, OSError) as error:
        if isinstance(error, ImageError):
            raise
        cause = "image truncated" if "truncated" in str(error) else "image unreadable"
        raise ImageError(cause, f"{path}: {error}") from None


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


def tile(image: Image.Image, size: int, crop: bool, max_tiles: int) -> np.ndarray:
    """Square tiles of a picture.

    Without `crop` the picture is resized to one tile, its aspect ratio not kept, as GOT was trained. With it,
    the picture is resized to the grid of tiles nearest to its aspect ratio and cut, rows first; a thumbnail
    follows where there is more than one tile.

    Returns:
        uint8, `(tiles, size, size, 3)`.
    """
    columns, rows = grid_of_tiles(image.width, image.height, size, max_tiles) if crop else (1, 1)
    canvas = _resized(image, columns * size, rows * size)
    tiles = canvas.reshape(rows, size, columns, size, 3).swapaxes(1, 2).reshape(-1, size, size, 3)
    if len(tiles) == 1:
        return tiles
    return np.concatenate([tiles, _resized(image, size, size)[None]])


def grid_of_tiles(width: int, height: int, size: int, max_tiles: int) -> tuple[int, int]:
    """Columns and rows of tiles for a picture of `width` x `height` pixels."""
    columns, rows = get_optimal_tiled_canvas((height, width), (size, size), 1, max_tiles)
    return columns, rows


def num_tiles(width: int, height: int, size: int, crop: bool, max_tiles: int) -> int:
    """How many tiles `tile` gives, thumbnail included."""
    if not crop:
        return 1
    columns, rows = grid_of_tiles(width, height, size, max_tiles)
    return columns * rows + 1 if columns * rows > 1 else 1


def _resized(image: Image.Image, width: int, height: int) -> np.ndarray:
    if image.size != (width, height):
        image = image.resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(image)
