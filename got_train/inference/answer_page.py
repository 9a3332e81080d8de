"""The page of answers beside the images that were read."""

from collections.abc import Sequence
from pathlib import Path

from got_train.data.images import open_image
from got_train.data.record import Record
from got_train.inference.regions import boxes_to_draw, draw_boxes
from got_train.pages.answers import Rendered, render_page
from got_train.prompts import IMAGE_TAG

MAX_SIDE_PIXELS = 1200
"""Longer side of a picture in the page."""


def write_answer_page(read: Sequence[tuple[Record, str]], page: Path, max_pixels: int) -> None:
    """Writes an HTML page with the rendered answers, each beside its images with the boxes that it gives.

    Args:
        read: records and their answers.
        page: the file to write.
        max_pixels: of an image.
    """
    rendered = []
    for record, answer in read:
        images = [open_image(image, max_pixels) for image in record.images]
        for image in images:  # reduced now to save memory: a page may show thousands of them
            image.thumbnail((MAX_SIDE_PIXELS, MAX_SIDE_PIXELS))
            draw_boxes(image, boxes_to_draw(record, answer))
        rendered.append(Rendered(answer, tuple(images), record.turns[-1].query.replace(IMAGE_TAG, "")))
    render_page(rendered, page)
