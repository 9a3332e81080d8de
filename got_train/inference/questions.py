"""Makes records of a person's questions about images."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal, get_args

from PIL import Image

from got_train.config import MAX_PIXELS
from got_train.data.errors import ImageError
from got_train.data.images import FoundImage, find_image, num_pdf_pages, open_image
from got_train.data.names import image_endings
from got_train.data.readers import matches
from got_train.data.record import UNNAMED_KIND, Record, Turn
from got_train.prompts import COLORS, IMAGE_TAG, Task, box_permille
from got_train.report import UserError, shortened
from got_train.vocabulary import PROMPT_TOKENS

ImageName = str | Path | Image.Image
"""A path, the address of an image inside a file (`manual.pdf:3`), or an image in memory."""

Box = str | Sequence[float] | None
"""A region x1, y1, x2, y2 or a point x, y, in pixels; as numbers, or as text with or without brackets."""

OcrType = Literal["ocr", "format"]
"""Plain or formatted text."""


def question(
    images: Sequence[ImageName],
    ocr_type: OcrType = "ocr",
    box: Box = None,
    color: str | None = None,
    crop: bool = False,
    query: str | None = None,
    image_root: str | None = None,
    with_boxes: bool = False,
) -> Record:
    """The record that asks about images.

    Args:
        images: one image, or the pages of a document.
        ocr_type: plain or formatted text.
        box: the region to read.
        color: colour of the frame around the region to read.
        crop: cut the image into tiles.
        query: replaces the recipe's tasks.
        image_root: folder in which relative paths are looked up before the working directory.
        with_boxes: ask for text with boxes.

    Raises:
        UserError: for an image that cannot be read, a box outside of it, or options that exclude each other.
    """
    if ocr_type not in get_args(OcrType):
        raise UserError(f"ocr_type {ocr_type!r} is not known: {' and '.join(get_args(OcrType))} are")
    if color and color not in COLORS:
        raise UserError(f"color {color!r} is not known: {', '.join(COLORS)} are")
    if query is not None:
        check_query(query)
        if box or color or with_boxes:
            ways = "box, color and with_boxes" if with_boxes else "box and color"
            raise UserError(f"query is asked instead of the recipe's tasks: leave out {ways}")
    if with_boxes and (box or color):
        raise UserError("with_boxes asks for all texts of the image: leave out box and color")
    if len(images) > 1 and (box or color or crop):
        raise UserError("the pages of a document are read whole: leave out box, color and crop")
    if len(images) > 1 and with_boxes:
        raise UserError("with_boxes asks about one image: read the pages of a document one by one")
    folders = [Path(image_root)] if image_root else []
    try:
        found = tuple(
            find_image(image if isinstance(image, Image.Image) else str(image), [*folders, Path.cwd()])
            for image in images
        )
    except ImageError as error:
        raise UserError(f"{error.cause}: {error}") from None
    pages = len(found) > 1
    if query is None:
        permille = None if box is None or box == "" else _permille(box, found[0])
        task = Task(ocr_type == "format", permille, color or None, crop, pages, with_boxes)
        query = task.query()
    turn = Turn(IMAGE_TAG * len(found) + query, "")
    return Record((turn,), found, system=None, crop=crop or None, kind=UNNAMED_KIND, location="question")


def check_query(query: str) -> None:
    """Refuses a query with tokens of the chat template, or with characters that UTF-8 lacks.

    Raises:
        UserError: names the token that is not allowed.
    """
    for token in (*PROMPT_TOKENS, IMAGE_TAG):
        if token in query:
            raise UserError(
                f"{token} cannot stand in a query: images and the chat template are put around it"
            )
    try:
        query.encode()
    except UnicodeEncodeError:
        raise UserError("query is not text in UTF-8") from None


def _permille(box: str | Sequence[float], image: FoundImage) -> tuple[int, ...]:
    numbers = parse_box(box) if isinstance(box, str) else tuple(box)
    try:
        width, height = open_image(image, MAX_PIXELS).size
    except ImageError as error:
        raise UserError(str(error)) from None
    inside = all(0 <= value <= limit for value, limit in zip(numbers, (width, height) * 2, strict=False))
    is_box = len(numbers) == 4 and numbers[0] < numbers[2] and numbers[1] < numbers[3]
    if not inside or not (is_box or len(numbers) == 2):
        raise UserError(
            f"box {box} must be x1,y1,x2,y2 (or a point x,y) inside the image of {width} x {height} pixels"
        )
    return box_permille(numbers, width, height)


def parse_box(text: str) -> tuple[float, ...]:
    """The numbers of a box that is given as text.

    >>> parse_box("[10, 20, 30, 40]"), parse_box("1,2")
    ((10.0, 20.0, 30.0, 40.0), (1.0, 2.0))

    Raises:
        UserError: if the text is not 2 or 4 numbers.
    """
    try:
        numbers = tuple(map(float, json.loads(f"[{text.strip().strip('[]()')}]")))
    except (ValueError, TypeError, OverflowError):
        numbers = ()
    if len(numbers) not in (2, 4):
        raise UserError(f"box {text!r} is not x1,y1,x2,y2 (or a point x,y) in pixels")
    return numbers


def find_images(names: Iterable[str]) -> list[str]:
    """The images that paths, patterns, folders and PDF files stand for; each page of a PDF is an image.

    Raises:
        UserError: for a name without any image.
    """
    found: list[str] = []
    for name in names:
        try:
            paths = matches(name)
        except OSError as error:
            raise UserError(f"no image at {shortened(name, 80)}: {error.strerror}") from None
        inside = [image for path in paths for image in _images_of(path)]
        if not inside:
            try:
                find_image(name, [Path()])  # the address of an image inside a file
            except ImageError as error:
                raise UserError(f"no image at {error}") from None
            inside = [name]
        found += inside
    return found


def _images_of(path: Path) -> list[str]:
    if path.is_dir():
        endings = (*image_endings(), ".pdf")
        files = sorted(file for file in path.rglob("*") if file.suffix.lower() in endings)
        return [image for file in files for image in _images_of(file)]
    if path.suffix.lower() != ".pdf":
        return [str(path)]
    try:
        return [f"{path}:{number + 1}" for number in range(num_pdf_pages(path))]
    except ImageError as error:
        raise UserError(str(error)) from None
