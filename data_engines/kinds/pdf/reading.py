"""Reads and draws pages of PDF files, which may be hostile, in a process with limits of memory and time."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from PIL import Image

from data_engines.engine import LeftOut
from data_engines.kinds.pdf import pages
from data_engines.kinds.pdf.texts import Text
from data_engines.tools.boxes import Box
from got_train.processes import KeptProcess, LimitError

MAX_MEMORY = 1 << 30
"""Bytes for a page: usual ones take a tenth."""
MAX_SECONDS = 20
"""Processor time for a page; usual ones take a tenth of a second."""
BEYOND_LIMITS = "page or file that takes too much time or memory, or crashes its reader"

_reader = KeptProcess()


def count_pages(path: str) -> int:
    """The number of pages of a file.

    Raises:
        Reject: it cannot be read.
    """
    number: int = _within_limits(pages.count_pages, path)
    return number


@lru_cache(maxsize=4)
def page_size(path: str, number: int) -> tuple[float, float]:
    """See `pages.page_size`."""
    size: tuple[float, float] = _within_limits(pages.page_size, path, number)
    return size


@lru_cache(maxsize=4)
def read_page(path: str, number: int) -> list[list[Text]]:
    """See `pages.read_page`."""
    lines: list[list[Text]] = _within_limits(pages.read_page, path, number)
    return lines


def draw_page(
    path: str, number: int, scale: float, part: Box | None = None
) -> tuple[Image.Image, Image.Image]:
    """See `pages.draw_page`."""
    pictures: tuple[Image.Image, Image.Image] = _within_limits(pages.draw_page, path, number, scale, part)
    return pictures


@lru_cache(maxsize=4)
def image_boxes(path: str, number: int) -> list[Box]:
    """See `pages.image_boxes`."""
    boxes: list[Box] = _within_limits(pages.image_boxes, path, number)
    return boxes


def _within_limits(function: Callable[..., Any], *arguments: object) -> Any:
    try:
        return _reader.call(function, *arguments, max_memory=MAX_MEMORY, seconds=MAX_SECONDS)
    except LimitError:
        raise LeftOut(BEYOND_LIMITS) from None
