"""Published benchmarks: their own files are read, asked, written as their scorers take them, and scored."""

from typing import Literal

Tiles = Literal["large", "all", "none"]
"""Which pages of a benchmark are cut into tiles."""
