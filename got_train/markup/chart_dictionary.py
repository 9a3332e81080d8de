"""Answers to charts: a dictionary of texts and numbers, written as JSON or as Python would write it."""

import ast
import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from got_train.markup.fences import unfenced

MINUS = "\u2212"
"""Which plots print before negative numbers, and neither JSON nor Python reads."""


class Several(tuple[Any, ...]):
    """All values of a name that a dictionary has more than once, of which Python would keep the last."""


@dataclass(frozen=True)
class ChartAnswer:
    """What the dictionary of a chart says."""

    texts: dict[str, Any]
    """Title, source, titles of the axes, and whatever else stands beside the numbers."""
    values: dict[str, Any]
    """Numbers by name, or by the name of a series and a name; `Several` for a name that stands twice."""

    @property
    def has_series(self) -> bool:
        """Whether all values are series of numbers."""
        return all(isinstance(value, dict) for value in self.values.values())

    @property
    def series(self) -> dict[str, dict[str, Any]]:
        """Numbers by series and name; numbers without series stand under the empty name."""
        return self.values if self.has_series else {"": self.values}

    @property
    def names(self) -> list[str]:
        """The names of numbers, each once, in the order in which they first appear."""
        return list(dict.fromkeys(name for numbers in self.series.values() for name in numbers))

    def rows(self) -> list[list[Any]]:
        """A table of the numbers: a row for each name, a column for each series, and a header for several."""
        header = [["", *self.series]] if self.has_series else []
        columns = self.series.values()
        return header + [[name, *(numbers.get(name, "") for numbers in columns)] for name in self.names]


def read_chart(answer: str, json_only: bool = False) -> ChartAnswer | None:
    """The dictionary of a chart, with closing braces added where an answer was cut off.

    It may stand in fences, and its numbers may have the minus sign of Unicode. Strings in it may hold any
    character, since JSON and Python have escapes for all of them.

    Args:
        answer: the text.
        json_only: whether all that is not JSON is refused, as SCRM's script refuses it.

    Returns:
        None if it is no dictionary, or has no dictionary of `values` (or `data`).

    >>> read_chart("{'title': 'T', 'values': {'a': 1")
    ChartAnswer(texts={'title': 'T'}, values={'a': 1})
    >>> read_chart("{'values': {'a'")
    """
    answer = (answer if json_only else unfenced(answer)).strip()
    closed = answer + "}" * (answer.count("{") - answer.count("}"))
    written = [answer, closed]  # as it stands first: a title may have braces and minus signs too
    if not json_only:
        written += [text.replace(MINUS, "-") for text in written]
    for text in dict.fromkeys(written):
        for read in (json.loads,) if json_only else (_read_json, _read_python):
            found = _read(read, text)
            if found is not None:
                return found
    return None


def _read_json(text: str) -> Any:
    return json.loads(text, object_pairs_hook=_object)


def _read_python(text: str) -> Any:
    return _literal(ast.parse(text, mode="eval").body)


def _literal(node: ast.expr) -> Any:
    """The value of a literal, its dictionaries as `_object` makes them."""
    if not isinstance(node, ast.Dict) or None in node.keys:
        return ast.literal_eval(node)
    names = [ast.literal_eval(key) for key in node.keys if key]
    return _object(list(zip(names, map(_literal, node.values), strict=True)))


def _object(pairs: list[tuple[Any, Any]]) -> dict[Any, Any]:
    values = defaultdict(list)
    for name, value in pairs:
        values[name].append(value)
    return {name: several[0] if len(several) == 1 else Several(several) for name, several in values.items()}


def _read(read: Callable[[str], Any], answer: str) -> ChartAnswer | None:
    try:
        found = read(answer)
        str(found)  # Python writes no number of more than 4300 digits, but reads it in hexadecimal
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    key = "values" if "values" in found else "data"
    values = found.pop(key, None)
    return ChartAnswer(found, values) if isinstance(values, dict) else None
