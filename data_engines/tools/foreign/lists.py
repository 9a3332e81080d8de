"""Reads lists whose lines are a picture and its text, formula or boxes."""

import csv
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from data_engines.tools.foreign.json_files import parse_json
from data_engines.tools.foreign.labels import Found, Label, LabelledBox, labelled_box, text_labels
from data_engines.tools.foreign.pictures import Pictures
from got_train.data.file_heads import PICTURE_FIRST
from got_train.data.foreign import BOX_LINE
from got_train.data.picture_names import numbered_pictures
from got_train.data.utf8 import read_utf8

PLACEHOLDERS = ("TEMPORARY", "NULL", "待识别", "无")
"""Texts that PPOCRLabel gives to boxes that nobody and nothing has read, in English and Chinese."""

_DIFFICULT = re.compile('[01],".*"')
_SCRIPT = re.compile("(?:Arabic|Latin|Chinese|Japanese|Korean|Bangla|Hindi|Symbols|Mixed|None),")


def read_tab_list(path: Path, _: Pictures) -> Iterator[Found]:
    """Lists of PaddleOCR, CROHME and HME100K: a picture or a JSON list of pictures, a tab, text or LaTeX."""
    rows = []
    for location, line in _without_header(numbered_lines(path)):
        picture, tab, text = line.partition("\t")
        if "\t" in text:
            raise ValueError(
                f"{location}: {line.count(chr(9)) + 1} columns; give picture and text, with one tab"
            )
        if not tab and " " in picture and not PICTURE_FIRST.fullmatch(picture):
            raise ValueError(f"{location}: no tab; give picture, tab and text")
        rows += [(location, name, text) for name in _pictures(picture.strip(), location)]
    yield from text_labels(rows)


def _without_header(lines: Iterator[tuple[str, str]]) -> list[tuple[str, str]]:
    """The lines of a list without names of columns in the first: it has no picture, and the second has."""
    listed = list(lines)
    named = [PICTURE_FIRST.match(line) is not None for _, line in listed[:2]]
    return listed[1:] if named == [False, True] and not listed[0][1].startswith("[") else listed


def _pictures(cell: str, location: str) -> list[str]:
    if not cell.startswith("["):
        return [cell]
    names = parse_json(cell, location)
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError(f"{location}: pictures are names or a JSON list of names, not {cell:.60}")
    return names


def read_picture_list(path: Path, _: Pictures) -> Iterator[Found]:
    """Lists of a picture, white space or a comma, and a text, in quotation marks or not."""
    yield from text_labels(list(_csv_pairs(path) if path.suffix.lower() == ".csv" else _spaced_pairs(path)))


def _spaced_pairs(path: Path) -> Iterator[tuple[str, str, str]]:
    for location, line in numbered_lines(path):
        match = PICTURE_FIRST.fullmatch(line.strip())
        if match is None:
            raise ValueError(f"{location}: does not begin with a picture; give picture, space and text")
        yield location, match["picture"].strip().strip('"'), _unquoted(match["text"].strip())


def _csv_pairs(path: Path) -> Iterator[tuple[str, str, str]]:
    reader = csv.reader(read_utf8(path, str(path)).splitlines(keepends=True), skipinitialspace=True)
    for number, cells in enumerate(reader):
        location = f"{path}:{reader.line_num}"
        if not cells or (number == 0 and not PICTURE_FIRST.fullmatch(cells[0])):
            continue  # names of columns
        if len(cells) != 2:
            raise ValueError(f"{location}: {len(cells)} columns; give picture and text")
        yield location, cells[0], cells[1]


def read_detection_list(path: Path, _: Pictures) -> Iterator[Found]:
    """Detection labels of PPOCRLabel: a picture, a tab, and a JSON list of transcriptions and corners."""
    for location, line in numbered_lines(path):
        match = PICTURE_FIRST.fullmatch(line)
        if match is None:
            raise ValueError(f"{location}: does not begin with a picture; give picture, tab and boxes")
        boxes = parse_json(match["text"], location, "no JSON after the tab")
        if not isinstance(boxes, list):
            raise ValueError(f"{location}: no JSON list of boxes after the tab")
        yield Label(location, match["picture"].strip(), boxes=tuple(detected(box, location) for box in boxes))


def detected(box: Any, location: str) -> LabelledBox:
    """A box of PPOCRLabel, LSVT, ArT (which have `illegibility`) or ReCTS (`ignore`, corners in one list).

    Raises:
        ValueError: it is none.
    """
    match box:
        case {"transcription": str(text), "points": [_, _, *_] as points}:
            if not {"difficult", "illegibility", "ignore"}.isdisjoint(key for key in box if box[key]):
                text = ""
            if not isinstance(points[0], list):
                points = list(zip(points[::2], points[1::2], strict=False))
            with suppress(TypeError, ValueError):  # of points that are no pairs of numbers
                return labelled_box(points, "" if text in PLACEHOLDERS else text)
    raise ValueError(
        f'{location}: a box is {{"transcription": text, "points": [[x, y], ...]}}, not {json.dumps(box):.80}'
    )


def read_boxes(path: Path, pictures: Pictures) -> Iterator[Found]:
    """Boxes of one picture with their texts, as ICDAR's: corners in pixels, then the text, after commas.

    In the lists of its task on several scripts (MLT) the name of the script comes before every text, and in
    those of RCTW whether it is difficult.
    """
    found: list[tuple[list[tuple[float, float]], str]] = []
    for location, line in numbered_lines(path):
        match = BOX_LINE.fullmatch(line)
        if match is None:
            raise ValueError(f"{location}: no box; give x1,y1,...,x4,y4,text or x1,y1,x2,y2,text")
        numbers = [float(number) for number in match["numbers"].replace(",", " ").split()]
        found.append((list(zip(numbers[::2], numbers[1::2], strict=True)), match["text"].strip()))
    if all(_SCRIPT.match(text) for _, text in found):
        found = [(corners, text.partition(",")[2]) for corners, text in found]
    elif all(_DIFFICULT.fullmatch(text) for _, text in found):
        found = [(corners, "" if text[0] == "1" else text[2:]) for corners, text in found]
    boxes = [labelled_box(corners, _unquoted(text)) for corners, text in found]
    yield Label(str(path), pictures.of(path), boxes=tuple(boxes))


def _unquoted(text: str) -> str:
    quoted = len(text) > 1 and text[0] == text[-1] == '"'
    return text[1:-1].replace(r"\"", '"').replace('""', '"') if quoted else text


def read_im2latex(path: Path, _: Pictures) -> Iterator[Found]:
    """Lists of im2latex: number of a formula, picture, way of drawing; or picture and number.

    Numbers count the lines of the one file of formulas beside the list, from 0.
    """
    found = sorted(file for file in path.parent.glob("*formulas*") if file.suffix in (".lst", ".txt"))
    normalized = [file for file in found if ".norm" in file.name]
    if len(normalized or found) != 1:
        names = ", ".join(file.name for file in found) or "none"
        raise ValueError(f"{path} needs one file of formulas beside it, *formulas*.lst; there is: {names}")
    (formulas,) = normalized or found
    lines = read_utf8(formulas, str(formulas)).split("\n")
    for location, line in numbered_lines(path):
        cells = line.split()
        number, picture = (cells[0], cells[1]) if len(cells) == 3 else (cells[-1], cells[0])
        if not number.isdecimal() or int(number) >= len(lines):
            raise ValueError(f"{location}: no formula {number} in {formulas}, which has {len(lines)} lines")
        yield Label(location, picture, lines[int(number)], "latex")


def read_pix2tex(path: Path, pictures: Pictures) -> Iterator[Found]:
    """A formula for each picture: the name of a picture is the number of its line, counted from 0."""
    folders = numbered_pictures(pictures.below)
    if len(folders) > 1:
        raise ValueError(f"{path} has pictures in {', '.join(map(str, folders))}; name one with --image-root")
    lines = read_utf8(path, str(path)).split("\n")
    for picture in (picture for found in folders.values() for picture in found):
        number = int(picture.stem)
        if number >= len(lines):
            raise ValueError(f"{picture}: no formula {number} in {path}, which has {len(lines)} lines")
        yield Label(f"{path}:{number + 1}", picture, lines[number], "latex")


def read_mjsynth(path: Path, _: Pictures) -> Iterator[Found]:
    """The text of a picture is the part of its name before the last number."""
    for location, line in numbered_lines(path):
        picture = line.strip().rpartition(" ")[0]
        yield Label(location, picture, Path(picture).stem.split("_")[-2])


def numbered_lines(path: Path) -> Iterator[tuple[str, str]]:
    """The lines of a UTF-8 file that are not blank, each with its place as `file:line`."""
    # not splitlines(), as texts may hold other line separators, such as U+2028
    for number, line in enumerate(read_utf8(path, str(path)).split("\n"), 1):
        if line.strip():
            yield f"{path}:{number}", line
