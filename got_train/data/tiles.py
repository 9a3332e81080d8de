"""Cuts images into the square tiles that the encoder takes."""

import numpy as np
from PIL import Image

# transformers' own rule (InternVL's), so that training cuts images as transformers' processor does.
from transformers.models.got_ocr2.image_processing_pil_got_ocr2 import get_optimal_tiled_canvas

Grid = tuple[int, int]
"""Columns and rows of tiles."""


def tile(image: Image.Image, size: int, grid: Grid) -> np.ndarray:
    """Square tiles of an image.

    Args:
        image: any image in RGB. Its aspect ratio is not kept, as in GOT's training.
        size: side of a tile in pixels.
        grid: columns and rows of tiles. For a grid of one tile the image is resized to the tile. For a larger
            grid it is resized to the grid and cut into tiles row by row, and a thumbnail of it follows.

    Returns:
        uint8, `(tiles, size, size, 3)`.
    """
    columns, rows = grid
    canvas = _resized(image, columns * size, rows * size)
    tiles = canvas.reshape(rows, size, columns, size, 3).swapaxes(1, 2).reshape(-1, size, size, 3)
    if grid == (1, 1):
        return tiles
    return np.concatenate([tiles, _resized(image, size, size)[None]])


def grid_of_tiles(width: int, height: int, size: int, crop: bool, max_tiles: int) -> Grid:
    """The grid of tiles for an image of `width` x `height` pixels; one tile if `crop` is false."""
    if not crop:
        return 1, 1
    return get_optimal_tiled_canvas((height, width), (size, size), 1, max_tiles)


def num_tiles(grid: Grid) -> int:
    """The number of tiles that `tile` makes for a grid, including the thumbnail."""
    columns, rows = grid
    return columns * rows + 1 if columns * rows > 1 else 1


def _resized(image: Image.Image, width: int, height: int) -> np.ndarray:
    if image.size != (width, height):
        image = image.resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(image)
