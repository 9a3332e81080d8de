"""Reads exports of Label Studio, JSON and JSON-MIN, whose boxes are in hundredths of the picture."""

import json
import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from data_engines.tools.foreign.labels import Label, LabelledBox, labelled_box
from got_train.data.foreign import PICTURE_FIRST
from got_train.data.utf8 import read_utf8

HUNDREDTHS = (100.0, 100.0)
NO_LABELS = "task without labels, or skipped"
OTHER_SHAPE = "label that is neither rectangle nor polygon"
TURNED = "picture turned in Label Studio"
SEVERAL = "earlier labels of a task that was labelled more than once"

_ABOUT = {"id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time", "agreement"}
"""What JSON-MIN says of a task besides its data and labels."""


def read_label_studio(path: Path, left_out: Counter[str]) -> Iterator[Label]:
    """The tasks of an export in JSON."""
    yield from _labels(path, left_out, _labelled)


def read_json_min(path: Path, left_out: Counter[str]) -> Iterator[Label]:
    """The tasks of an export in JSON-MIN, whose texts are in the order of its boxes."""
    yield from _labels(path, left_out, _labelled_min)


def _labels(
    path: Path, left_out: Counter[str], read: Callable[[str, Any, Counter[str]], Label | None]
) -> Iterator[Label]:
    """What `read` makes of every task of a file.

    Raises:
        ValueError: the file is no JSON, or a task is not as Label Studio writes it.
    """
    try:
        tasks = json.loads(read_utf8(path, str(path)))
    except RecursionError as error:
        raise ValueError(f"{path} is no JSON: {error}") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"{path}:{error.lineno} is no JSON: {error.msg}") from None
    for number, task in enumerate(tasks if isinstance(tasks, list) else [tasks], 1):
        location = f"{path}:{number}"
        try:
            label = read(location, task, left_out)
        except ValueError as error:
            raise ValueError(f"{location}: {error}") from None
        except (AttributeError, IndexError, KeyError, OverflowError, TypeError) as error:
            # so many places of a task may be of another type that none is looked at beforehand
            raise ValueError(f"{location}: not as Label Studio's OCR template labels ({error})") from None
        if label is not None:
            yield label


def _labelled(location: str, task: Mapping[str, Any], left_out: Counter[str]) -> Label | None:
    """A task: the results of a box share an id; a text without a box is that of the whole picture."""
    if "result" in task and isinstance(task.get("task"), dict):  # a file of its storage
        task = {"data": task["task"].get("data"), "annotations": [task]}
    results = _results(task, left_out)
    if results is None:
        left_out[NO_LABELS] += 1
        return None
    picture = _picture(task.get("data"))
    if any(result.get("image_rotation") for result in results):
        left_out[TURNED] += 1
        return None
    return _joined_results(location, picture, results, left_out)


def _results(task: Mapping[str, Any], left_out: Counter[str]) -> list[dict[str, Any]] | None:
    """The labels of a task: those marked as ground truth, or the last; None without labels."""
    made = [
        annotation
        for annotation in task.get("annotations") or task.get("completions") or []
        if annotation.get("result") and not annotation.get("was_cancelled")
    ]
    chosen = [annotation for annotation in made if annotation.get("ground_truth")] or made
    if not chosen:
        return None
    if len(made) > 1:
        left_out[SEVERAL] += len(made) - 1
    results: list[dict[str, Any]] = chosen[-1]["result"]
    return results


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


def _joined_results(
    location: str, picture: str, results: Sequence[dict[str, Any]], left_out: Counter[str]
) -> Label:
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
            left_out[OTHER_SHAPE] += 1
    boxes = [_box(shape, texts.get(name, "")) for name, shape in shapes.items()]
    return Label(location, picture, whole, boxes=tuple(boxes), size=HUNDREDTHS)


def _is_shape(value: Any) -> bool:
    return isinstance(value, Mapping) and (
        {"x", "y", "width", "height"} <= value.keys() or isinstance(value.get("points"), list)
    )


def _box(shape: Mapping[str, Any], text: str) -> LabelledBox:
    """The upright box around a rectangle, which may be turned about its upper left corner, or a polygon."""
    if "points" in shape:
        return labelled_box([(float(x), float(y)) for x, y in shape["points"]], text)
    aspect = (shape.get("original_height") or 1) / (shape.get("original_width") or 1)
    x, y, width, height = (float(shape[key]) for key in ("x", "y", "width", "height"))
    angle = math.radians(shape.get("rotation") or 0)
    cosine, sine = math.cos(angle), math.sin(angle)
    corners = [
        (x + across * cosine - down * aspect * sine, y + across / aspect * sine + down * cosine)
        for across, down in ((0, 0), (width, 0), (width, height), (0, height))
    ]
    return labelled_box(corners, text)


def _labelled_min(location: str, task: Mapping[str, Any], left_out: Counter[str]) -> Label | None:
    """A task of JSON-MIN."""
    picture = _picture(task)
    lists = [value for key, value in task.items() if key not in _ABOUT and isinstance(value, list)]
    shapes = max((listed for listed in lists if all(map(_is_shape, listed))), key=len, default=[])
    texts = _transcriptions(task, picture)
    if texts is None:
        left_out[NO_LABELS] += 1
        return None
    if not shapes and len(texts) == 1:
        return Label(location, picture, texts[0])
    if len(texts) != len(shapes):
        raise ValueError(
            f"{len(texts)} texts for {len(shapes)} boxes, and JSON-MIN does not say which belong together:"
            " export as JSON"
        )
    boxes = [_box(shape, text) for shape, text in zip(shapes, texts, strict=True)]
    return Label(location, picture, boxes=tuple(boxes), size=HUNDREDTHS)


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
