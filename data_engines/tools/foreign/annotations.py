"""Reads annotations in JSON: of FUNSD, XFUND, COCO, MMOCR, HierText, ReCTS, LSVT; texts by pictures."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from data_engines.tools.foreign.json_files import parse_json, read_json, written_as
from data_engines.tools.foreign.labels import (
    Found,
    Label,
    LabelledBox,
    checked_text,
    labelled_box,
    picture_size,
    text_labels,
)
from data_engines.tools.foreign.lists import detected, numbered_lines
from data_engines.tools.foreign.pictures import Pictures
from got_train.data.foreign import coco_annotations, coco_text

TEXTOCR_ILLEGIBLE = "."
"""By which TextOCR marks what nobody can read."""


def read_funsd(path: Path, pictures: Pictures) -> Iterator[Found]:
    """The texts of one form, each with all of its lines."""
    form = read_json(path)["form"]
    with written_as("FUNSD writes it", str(path)):
        boxes = tuple(map(_entity, form))
    yield Label(str(path), pictures.of(path), boxes=boxes)


def read_xfund(path: Path, _: Pictures) -> Iterator[Found]:
    """The texts of several forms."""
    for number, form in enumerate(read_json(path)["documents"], 1):
        with written_as("XFUND writes it", f"{path}:{number}"):
            name, boxes = str(form["img"]["fname"]), tuple(map(_entity, form["document"]))
            label = Label(f"{path}:{number}", name, boxes=boxes, size=picture_size(form["img"]))
        yield label


def _entity(entity: Mapping[str, Any]) -> LabelledBox:
    left, top, right, bottom = entity["box"]
    text = _in_lines(entity["text"], entity.get("words") or [])
    return labelled_box([(left, top), (right, bottom)], text)


def _in_lines(text: str, words: Sequence[Mapping[str, Any]]) -> str:
    """The text with line breaks before words that lie below those before them."""
    broken, end, low = "", 0, float("inf")
    for word in words:
        start = text.find(word["text"], end)
        if start < 0:
            return text
        _, top, _, bottom = word["box"]
        broken += "\n" if (top + bottom) / 2 > low else text[end:start]
        broken += word["text"]
        end, low = start + len(word["text"]), bottom
    return broken + text[end:]


def read_coco(path: Path, _: Pictures) -> Iterator[Found]:
    """The texts of COCO's and COCO-Text's annotations, by picture."""
    content = read_json(path)
    boxes: dict[str, list[LabelledBox]] = defaultdict(list)
    for number, annotation in enumerate(coco_annotations(content), 1):
        with written_as("COCO writes it", f"{path}: annotation {number}"):
            boxes[str(annotation["image_id"])].append(_annotated(annotation, "anns" in content))
    images = content["images"] if "images" in content else content["imgs"].values()
    ids: set[str] = set()
    for number, image in enumerate(images, 1):
        location = f"{path}: picture {number}"
        with written_as("COCO writes it", location):
            name = str(image["file_name"])
            if "anns" in content:  # of TextOCR they begin with the name of a folder that there is not
                name = name.rpartition("/")[2]
            if str(image["id"]) in ids:
                raise ValueError(f"the id {image['id']} of a picture before it")
            ids.add(str(image["id"]))
            found, size = tuple(boxes.pop(str(image["id"]), ())), picture_size(image)
        yield Label(location, name, boxes=found, size=size)
    if boxes:
        raise ValueError(f"{path}: annotations name image_id {next(iter(boxes))}, which no picture has")


def _annotated(annotation: Mapping[str, Any], by_id: bool) -> LabelledBox:
    text = coco_text(annotation)
    hidden = annotation.get("legibility") == "illegible" or (by_id and text == TEXTOCR_ILLEGIBLE)
    left, top, width, height = annotation["bbox"]
    return labelled_box([(left, top), (left + width, top + height)], "" if hidden or text is None else text)


def read_mmocr(path: Path, _: Pictures) -> Iterator[Found]:
    """The texts of pictures, or of polygons or boxes in them."""
    for number, picture in enumerate(read_json(path)["data_list"], 1):
        location = f"{path}: picture {number}"
        with written_as("MMOCR writes it", location):
            name, size, boxes, texts = str(picture["img_path"]), picture_size(picture), [], []
            for found in picture["instances"]:
                text = "" if found.get("ignore") else checked_text(found.get("text", ""))
                if corners := found.get("polygon") or found.get("bbox"):
                    boxes.append(labelled_box(_pairs(corners), text))
                else:
                    texts.append((location, name, text))
        if boxes:
            yield Label(location, name, boxes=tuple(boxes), size=size)
        yield from text_labels(texts)


def read_mmocr_lines(path: Path, _: Pictures) -> Iterator[Found]:
    """Objects with the four corners of boxes and their texts, one for each picture."""
    for location, line in numbered_lines(path):
        picture = parse_json(line, location)
        with written_as("WildReceipt writes it", location):
            boxes = [labelled_box(_pairs(found["box"]), found["text"]) for found in picture["annotations"]]
            label = Label(location, str(picture["file_name"]), boxes=tuple(boxes), size=picture_size(picture))
        yield label


def read_hiertext(path: Path, _: Pictures) -> Iterator[Found]:
    """The lines of pictures that have their ids as names."""
    for number, picture in enumerate(read_json(path)["annotations"], 1):
        location = f"{path}: picture {number}"
        with written_as("HierText writes it", location):
            lines = [line for paragraph in picture["paragraphs"] for line in paragraph["lines"]]
            boxes = [
                labelled_box(line["vertices"], line["text"] if line["legible"] else "") for line in lines
            ]
            size = picture_size(picture, "image_")
            label = Label(location, str(picture["image_id"]), boxes=tuple(boxes), size=size)
        yield label


def _pairs(numbers: Sequence[float]) -> list[tuple[float, float]]:
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def read_rects(path: Path, pictures: Pictures) -> Iterator[Found]:
    """The lines of one picture."""
    boxes = tuple(detected(box, str(path)) for box in read_json(path)["lines"])
    yield Label(str(path), pictures.of(path), boxes=boxes)


def read_boxes_by_picture(path: Path, _: Pictures) -> Iterator[Found]:
    """Lists of boxes as PPOCRLabel's, each for the name of a picture, with or without its ending."""
    for name, boxes in read_json(path).items():
        location = f"{path}: {name}"
        yield Label(location, name, boxes=tuple(detected(box, location) for box in boxes))


def read_texts_by_picture(path: Path, _: Pictures) -> Iterator[Found]:
    """Texts, each for the name of a picture."""
    yield from text_labels([(f"{path}: {name}", name, text) for name, text in read_json(path).items()])
