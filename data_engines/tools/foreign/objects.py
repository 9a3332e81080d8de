"""Reads donut's metadata.jsonl, and the InkML of CROHME."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from data_engines.tools.foreign.iam import parse_xml
from data_engines.tools.foreign.json_files import parse_json
from data_engines.tools.foreign.labels import Found, Label
from data_engines.tools.foreign.lists import numbered_lines
from data_engines.tools.foreign.pictures import Pictures

OTHER_ANSWER = "further answer to the same question"
NO_TRUTH = "InkML without its LaTeX"


def read_donut(path: Path, _: Pictures) -> Iterator[Found]:
    """Rows of `file_name` and `ground_truth`, a JSON object with `gt_parse` or `gt_parses`.

    A `text_sequence` is the text of the picture, `question` and `answer` ask on their own, and any other
    `gt_parse` is answered as JSON.
    """
    for location, line in numbered_lines(path):
        row = parse_json(line, location)
        truth = row.get("ground_truth") if isinstance(row, dict) else None
        truth = parse_json(truth, location) if isinstance(truth, str) else truth
        match row, truth:
            case {"file_name": str(picture)}, {"gt_parses": [*several]}:
                parses = several
            case {"file_name": str(picture)}, {"gt_parse": parse}:
                parses = [parse]
            case _:
                raise ValueError(
                    f"{location}: no file_name with a ground_truth that holds gt_parse or gt_parses"
                )
        yield from _answers(location, picture, parses)


def _answers(location: str, picture: str, parses: list[Any]) -> Iterator[Found]:
    """A label for each question; of several answers that count as right, the first."""
    asked: set[str | None] = set()
    for parse in parses:
        further = 0
        match parse:
            case {"question": str(question), "answer": str(answer) | [str(answer), *_]}:
                label = Label(location, picture, answer, query=question)
                further = len(parse["answer"]) - 1 if isinstance(parse["answer"], list) else 0
            case {"text_sequence": str(text)} | str(text):
                label = Label(location, picture, text)
            case _:
                text = json.dumps(parse, ensure_ascii=False) if parse else ""
                label = Label(location, picture, text, "json")
        yield OTHER_ANSWER if label.query in asked else label
        yield from [OTHER_ANSWER] * further
        asked.add(label.query)


def read_inkml(path: Path, pictures: Pictures) -> Iterator[Found]:
    """The LaTeX of an expression of CROHME or MathWriting, whose picture has the name of the file."""
    elements = [element for element in parse_xml(path) if element.tag.rpartition("}")[2] == "annotation"]
    said = {element.get("type"): element.text or "" for element in elements}
    found = [said[name] for name in ("truth", "normalizedLabel", "label") if name in said]
    yield Label(str(path), pictures.of(path), found[0], "latex") if found else NO_TRUTH
