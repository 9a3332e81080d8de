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


def _answers(location: str, picture: str, parses: list[Any]) -> Iterator[Label]:
    asked: set[str] = set()
    for parse in parses:
        match parse:
            case {"question": str(question), "answer": str(answer)}:
                yield OTHER_ANSWER if question in asked else Label(location, picture, answer, query=question)
                asked.add(question)
            case {"text_sequence": str(text)}:
                yield Label(location, picture, text)
            case _:
                text = json.dumps(parse, ensure_ascii=False) if parse else ""
                yield Label(location, picture, text, "json")
                return


def read_inkml(path: Path, pictures: Pictures) -> Iterator[Found]:
    """The LaTeX of an expression, whose picture has the name of the file."""
    for element in parse_xml(path):
        if element.tag.rpartition("}")[2] == "annotation" and element.get("type") == "truth":
            yield Label(str(path), pictures.of(path), element.text or "", "latex")
            return
    yield NO_TRUTH
