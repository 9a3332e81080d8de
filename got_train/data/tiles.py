"""Cutting pictures into the square tiles that the encoder takes."""

import numpy as np
from PIL import Image

# From transformers, so that training and its own processor tile alike (InternVL's rule).
from transformers.models.got_ocr2.image_processing_pil_got_ocr2 import get_optimal_tiled_canvas


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
