"""ms-swift's `objects`: texts and boxes of a row, which stand in its messages where a tag says so.

    {"query": "<image>OCR with boxes: ", "response": "<ref-object><bbox>", "images": ["a.png"],
     "objects": {"ref": ["Total 12.50"], "bbox": [[192, 96, 688, 168]]}}

Each `<ref-object>` of the row, in order, stands for the next text of `ref`, and each `<bbox>` for the next
box of `bbox`: in pixels of the upright picture, or with `"bbox_type": "norm1"` in parts of its width and
height. With several pictures `image_id` says of each box in which it lies, from 0. In an answer they stand as
`got_train.markup.boxes` writes them; in a question a box is `[x1, y1, x2, y2]`, as in GOT's prompts.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from got_train.config import MAX_PIXELS
from got_train.data.errors import ContentError
from got_train.data.images import FoundImage, lazy_image
from got_train.data.json_values import load_json
from got_train.markup.boxes import write_box, write_ref
from got_train.prompts import box_permille
from got_train.report import counted

REF_TAG, BOX_TAG = "<ref-object>", "<bbox>"

BOX_TYPES = ("real", "norm1")
"""In pixels, and in parts of the picture."""

_READ_KEYS = {"ref", "bbox", "bbox_type", "image_id"}
_TAGS = re.compile(f"({REF_TAG}|{BOX_TAG})")


def place_objects(
    turns: Sequence[tuple[str, str]], given: Any, names: Sequence[Any], find: Callable[[Any], FoundImage]
) -> list[tuple[str, str]]:
    """The questions and answers of a row with its objects in the places of their tags.

    Args:
        turns: questions with their answers.
        given: the value of `objects`, or its JSON.
        names: the pictures that the row names.
        find: finds one of them; those with boxes in pixels are opened for their size.

    Raises:
        ImageError: for a picture that cannot be opened.
        ContentError: for objects that cannot be read, or that are more or fewer than their tags.
    """
    objects = load_json(given) if isinstance(given, str) else given
    if not isinstance(objects, Mapping):
        raise ContentError(
            "wrong type", f"objects is {{...}} with ref and bbox, not {type(objects).__name__}"
        )
    objects = {key: value for key, value in objects.items() if value is not None}
    if unknown := objects.keys() - _READ_KEYS:
        detail = f"{', '.join(sorted(unknown))} of objects is not read: {', '.join(sorted(_READ_KEYS))} are"
        raise ContentError("unsupported key", detail)
    refs, boxes = _list(objects, "ref"), _permille(objects, names, find)
    for tag, values in ((REF_TAG, refs), (BOX_TAG, boxes)):
        found = sum(text.count(tag) for turn in turns for text in turn)
        if found != len(values):
            name = "ref" if tag == REF_TAG else "bbox"
            detail = f"{counted(found, f'{tag} tag')} for {counted(len(values), 'object')} of {name}"
            raise ContentError("tag mismatch", detail)
    left = iter(refs), iter(boxes)
    try:
        return [(_placed(query, *left, is_answer=False), _placed(answer, *left)) for query, answer in turns]
    except ValueError as error:
        raise ContentError("wrong box", f"objects: {error}") from None


def _placed(text: str, refs: Iterator[Any], boxes: Iterator[tuple[int, ...]], is_answer: bool = True) -> str:
    """A text with the next objects in the places of its tags."""

    def written(tag: str) -> str:
        if tag == REF_TAG:
            return write_ref(str(next(refs)))
        box = next(boxes)
        if not is_answer:
            return str(list(box))
        if len(box) != 4:
            raise ValueError("a point cannot stand in an answer")
        return write_box((box[0], box[1], box[2], box[3]))

    pieces = _TAGS.split(text)
    pieces[1::2] = map(written, pieces[1::2])
    return "".join(pieces)


def _permille(
    objects: Mapping[str, Any], names: Sequence[Any], find: Callable[[Any], FoundImage]
) -> list[tuple[int, ...]]:
    """The boxes in thousandths of their pictures."""
    kind = objects.get("bbox_type", "real")
    if kind not in BOX_TYPES:
        raise ContentError("wrong type", f"bbox_type {kind!r:.40} is not read: {' and '.join(BOX_TYPES)} are")
    boxes, pictures = _list(objects, "bbox"), _list(objects, "image_id")
    pictures = [*pictures, *[0] * (len(boxes) - len(pictures))]
    found = []
    for box, picture in zip(boxes, pictures, strict=False):
        if not isinstance(box, list | tuple) or len(box) not in (2, 4) or not all(map(_is_number, box)):
            raise ContentError("wrong type", f"bbox holds [x1, y1, x2, y2], not {box!r:.80}")
        if not isinstance(picture, int) or not 0 <= picture < len(names):
            detail = (
                f"a box of picture {picture!r:.40}, from 0, and the row has {counted(len(names), 'picture')}"
            )
            raise ContentError("wrong box", f"objects: {detail}")
        size = (1, 1)
        if kind == "real":
            opened = lazy_image(find(names[picture]), MAX_PIXELS)
            size = opened.width, opened.height
        found.append(box_permille(box, *size))
    return found


def _list(objects: Mapping[str, Any], key: str) -> list[Any]:
    value = objects.get(key, [])
    if not isinstance(value, list):
        raise ContentError("wrong type", f"{key} of objects is a list, not {type(value).__name__}")
    return value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
