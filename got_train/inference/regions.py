"""Text with boxes as other programs want it: in pixels of the picture that was given."""

from collections.abc import Sequence
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from got_train.data.images import lazy_image
from got_train.data.record import Record
from got_train.markup.boxes import BoxedText, read_boxed
from got_train.prompts import IMAGE_TAG, Task, parse_task

REGION_KEYS = ("regions", "broken_regions")
"""Keys of a row of answers that say the answer in pixels."""

OUTLINE = (214, 39, 40)
"""Colour of the boxes that are drawn into a picture."""
NUMBER_PIXELS = 12
"""Height of the numbers beside them."""


def region_values(record: Record, answer: str, max_pixels: int) -> dict[str, Any]:
    """What an answer to the question for text with boxes says, in pixels; nothing of another question.

    The model saw the picture squeezed into a square, or cut into tiles. Thousandths are of the picture as a
    person sees it, upright, and so are these pixels; those of a page of a PDF file are of the picture that is
    made of it.

    Args:
        record: the question.
        answer: the answer.
        max_pixels: of an image.

    Returns:
        `regions`, in the form of the rows of got-data; `broken_regions`, if pieces of the answer are none.

    Raises:
        ImageError: if the picture cannot be opened.
    """
    task = _task(record)
    if not task.with_boxes or len(record.images) != 1:
        return {}
    opened, read = lazy_image(record.images[0], max_pixels), read_boxed(answer)
    regions = [
        {"box": one.pixels(opened.width, opened.height), "text": one.text, "format": task.format}
        for one in read.found
    ]
    return {"regions": regions} | ({"broken_regions": read.num_broken} if read.num_broken else {})


def boxes_to_draw(record: Record, answer: str) -> tuple[BoxedText, ...]:
    """The boxes of an answer to the question for text with boxes; none of another question."""
    return read_boxed(answer).found if _task(record).with_boxes else ()


def draw_boxes(picture: Image.Image, boxes: Sequence[BoxedText]) -> None:
    """Draws boxes into a picture of any size, each with its number, from 1, above its upper left corner."""
    canvas = ImageDraw.Draw(picture)
    font = ImageFont.load_default(NUMBER_PIXELS)
    for number, one in enumerate(boxes, 1):
        left, top, right, bottom = one.pixels(*picture.size)
        canvas.rectangle((left, top, right, bottom), outline=OUTLINE)
        canvas.text((left, max(top, NUMBER_PIXELS)), str(number), OUTLINE, font, anchor="ld")


def _task(record: Record) -> Task:
    return parse_task(record.turns[-1].query.replace(IMAGE_TAG, "")) or Task()
