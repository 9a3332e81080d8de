"""Reads exports of Label Studio, JSON and JSON-MIN, whose boxes are in hundredths of the picture."""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from data_engines.tools.foreign.json_files import read_json, written_as
from data_engines.tools.foreign.labels import Found, Label, LabelledBox, labelled_box, picture_size
from data_engines.tools.foreign.pictures import Pictures
from got_train.data.file_heads import PICTURE_FIRST

NO_LABELS = "task without labels, or skipped"
OTHER_SHAPE = "label that is neither rectangle nor polygon"
TURNED = "picture turned in Label Studio"
SEVERAL = "earlier labels of a task that was labelled more than once"

_ABOUT = {"id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time", "agreement"}
"""What JSON-MIN says of a task besides its data and labels."""


def read_label_studio(path: Path, _: Pictures) -> Iterator[Found]:
    """The tasks of an export in JSON."""
    return _tasks(path, _labelled)


def read_json_min(path: Path, _: Pictures) -> Iterator[Found]:
    """The tasks of an export in JSON-MIN, whose texts are in the order of its boxes."""
    return _tasks(path, _labelled_min)


def _tasks(path: Path, read: Callable[[str, Any], Iterator[Found]]) -> Iterator[Found]:
    """What `read` makes of every task of a file."""
    tasks = read_json(path)
    for number, task in enumerate(tasks if isinstance(tasks, list) else [tasks], 1):
        location = f"{path}:{number}"
        with written_as("Label Studio's OCR template labels", location):
            found = list(read(location, task))
        yield from found


def _labelled(location: str, task: Mapping[str, Any]) -> Iterator[Found]:
    """A task: the results of a box share an id; a text without a box is that of the whole picture."""
    if "result" in task and isinstance(task.get("task"), dict):  # a file of its storage
        task = {"data": task["task"].get("data"), "annotations": [task]}
    made = [
        annotation
        for annotation in task.get("annotations") or task.get("completions") or []
        if annotation.get("result") and not annotation.get("was_cancelled")
    ]
    chosen = [annotation for annotation in made if annotation.get("ground_truth")] or made
    if not chosen:
        yield NO_LABELS
        return
    yield from [SEVERAL] * (len(made) - 1)
    results, picture = chosen[-1]["result"], _picture(task.get("data"))
    if any(result.get("image_rotation") for result in results):
        yield TURNED
    else:
        yield from _joined_results(location, picture, results)


def _picture(data: Any) -> str:
    """The one value of the data of a task that names a picture."""
    found = [
        value
        for value in (data.values() if isinstance(data, Mapping) else [])
        if isinstance(value, str) and any(map(PICTURE_FIRST.fullmatch, (value, value.partition("?")[0])))
    ]
    if len(found) != 1:
        raise ValueError(f"{len(found)} values name a picture; give a task with one")
    return found[0]


def _joined_results(location: str, picture: str, results: Sequence[dict[str, Any]]) -> Iterator[Found]:
    shapes: dict[str, dict[str, Any]] = {}
    texts: dict[str, str] = {}
    ids = Counter(str(result.get("id")) for result in results)
    whole = None
    for result in results:
        value, name = result.get("value") or {}, str(result.get("id"))
        if "text" in value:
            text = _joined(value["text"])
            if _is_shape(value) or ids[name] > 1:
                texts[name] = f"{texts[name]}\n{text}" if name in texts else text
            else:
                whole = text
        if _is_shape(value):
            shapes[name] = {key: result.get(key) for key in ("original_width", "original_height")} | value
        elif {"x", "points", "format", "vertices"} & value.keys():
            yield OTHER_SHAPE
    boxes = [_box(shape, texts.get(name, "")) for name, shape in shapes.items()]
    yield Label(
        location, picture, whole, boxes=tuple(boxes), size=_size(list(shapes.values())), hundredths=True
    )


def _is_shape(value: Any) -> bool:
    return isinstance(value, Mapping) and (
        {"x", "y", "width", "height"} <= value.keys() or isinstance(value.get("points"), list)
    )


def _box(shape: Mapping[str, Any], text: str) -> LabelledBox:
    """The upright box around a rectangle, which may be turned about its upper left corner, or a polygon."""
    if "points" in shape:
        return labelled_box(shape["points"], text)
    aspect = (shape.get("original_height") or 1) / (shape.get("original_width") or 1)
    x, y, width, height = (float(shape[key]) for key in ("x", "y", "width", "height"))
    angle = math.radians(shape.get("rotation") or 0)
    cosine, sine = math.cos(angle), math.sin(angle)
    corners = [
        (x + across * cosine - down * aspect * sine, y + across / aspect * sine + down * cosine)
        for across, down in ((0, 0), (width, 0), (width, height), (0, height))
    ]
    return labelled_box(corners, text)


def _size(shapes: Sequence[Mapping[str, Any]]) -> tuple[float, float] | None:
    """Width and height of the picture that the shapes were drawn on."""
    return picture_size(shapes[0], "original_") if shapes else None


def _labelled_min(location: str, task: Mapping[str, Any]) -> Iterator[Found]:
    """A task of JSON-MIN."""
    picture = _picture(task)
    lists = [value for key, value in task.items() if key not in _ABOUT and isinstance(value, list)]
    shapes = max((listed for listed in lists if all(map(_is_shape, listed))), key=len, default=[])
    texts = _transcriptions(task, picture)
    if texts is None:
        yield NO_LABELS
    elif not shapes and len(texts) == 1:
        yield Label(location, picture, texts[0])
    elif len(texts) != len(shapes):
        raise ValueError(
            f"{len(texts)} texts for {len(shapes)} boxes, and JSON-MIN does not say which belong together:"
            " export as JSON"
        )
    else:
        boxes = tuple(_box(shape, text) for shape, text in zip(shapes, texts, strict=True))
        yield Label(location, picture, boxes=boxes, size=_size(shapes), hundredths=True)


def _joined(text: Any) -> str:
    return "\n".join(map(str, text)) if isinstance(text, list) else str(text)


def _transcriptions(task: Mapping[str, Any], picture: str) -> list[str] | None:
    """The texts of a task of JSON-MIN: the value of `transcription`, or of the only key with texts."""
    found = {
        key: value if isinstance(value, list) else [value]
        for key, value in task.items()
        if key not in _ABOUT and value != picture and (isinstance(value, str) or _holds_texts(value))
    }
    if "transcription" in found:
        found = {"transcription": found["transcription"]}
    if len(found) > 1:
        raise ValueError(f"{', '.join(found)} may all be texts in JSON-MIN: export as JSON")
    for texts in found.values():
        return [_joined(text["text"]) if isinstance(text, Mapping) else text for text in texts]
    return None


def _holds_texts(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(text, str) or (isinstance(text, Mapping) and "text" in text) for text in value)
    )
