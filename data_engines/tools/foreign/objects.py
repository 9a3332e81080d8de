"""Reads donut's metadata.jsonl, and the InkML of CROHME."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from data_engines.tools.foreign.iam import parse_xml
from data_engines.tools.foreign.labels import Label
from data_engines.tools.foreign.lists import numbered_lines

NO_TRUTH = "InkML without its LaTeX"


def read_donut(path: Path) -> Iterator[Label]:
    """Rows of `file_name` and `ground_truth`, a JSON object with `gt_parse` or `gt_parses`.

    A `text_sequence` is the text of the picture, `question` and `answer` ask on their own, and any other
    `gt_parse` is answered as JSON.
    """
    for location, line in numbered_lines(path):
        row = _load(line, location)
        truth = row.get("ground_truth") if isinstance(row, dict) else None
        truth = _load(truth, location) if isinstance(truth, str) else truth
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
    asked: dict[str, None] = {}
    for parse in parses:
        match parse:
            case {"question": str(question), "answer": str(answer)}:
                if question not in asked:  # the first of several answers that count as right
                    asked[question] = None
                    yield Label(location, picture, answer, query=question)
            case {"text_sequence": str(text)}:
                yield Label(location, picture, text)
            case _:
                text = json.dumps(parse, ensure_ascii=False) if parse else ""
                yield Label(location, picture, text, "json")
                return


def read_inkml(path: Path, left_out: Counter[str]) -> Iterator[Label]:
    """The LaTeX of an expression, whose picture has the name of the file."""
    root = parse_xml(path)
    for element in root:
        if element.tag.rpartition("}")[2] == "annotation" and element.get("type") == "truth":
            yield Label(str(path), path.stem, element.text or "", "latex")
            return
    left_out[NO_TRUTH] += 1


def _load(text: str, location: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{location}: no JSON ({error})") from None
