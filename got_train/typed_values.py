"""Values of YAML as type hints want them. All mistakes are collected, each as one line.

Hints are `bool`, `int`, `float`, `str`, enumerations (written as their string values), `Literal`, `list`,
`dict`, `Any`, unions of these, and `Annotated` with ranges.
"""

import os
import re
import types
import typing
from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, Any, Literal

from omegaconf import MISSING

from got_train.report import did_you_mean, shortened

Range = tuple[Callable[[Any], bool], str]
"""A predicate and its description in words. NaN fails every predicate."""

SECTION, LIST, SINGLE = "a section of keys", "a list", "a single value"
KINDS: dict[Any, str] = {dict: SECTION, list: LIST}

TRUTHS = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0"), False),
}
"""Texts and numbers that stand for true and false."""

MAX_SHOWN = 80
"""Most characters of a wrong value in a message."""

_HOME = re.compile(r"((?:-*[\w.-]+=)?)(~\w*/.*)", re.DOTALL)
"""A path that begins in a home, alone or after `key=` or `--option=`."""


def expand_home(text: str) -> str:
    """A text that is a path, with the folder that its `~` stands for; any other text as it is."""
    match = _HOME.fullmatch(text)
    return match[1] + os.path.expanduser(match[2]) if match else text


def read_value(key: str, value: Any, hint: Any, errors: list[str]) -> Any:
    """A value as its type hint wants it; None if it has mistakes, each of them a line in `errors`.

    A list may be given as a single value or as a text with commas, a number as text, and text as a number. A
    whole number stays one where a float is wanted.

    Args:
        key: its dotted name, with which each line starts.
        value: of plain YAML, or the reason why there is none.
        hint: its type. Ranges beside a type do not apply to null.
        errors: gets the lines.
    """
    number = len(errors)
    hint, *ranges = typing.get_args(hint) if typing.get_origin(hint) is Annotated else (hint,)
    value = _read(key, value, hint, errors)
    if value is not None and len(errors) == number:
        shown = "''" if value == "" else value
        errors.extend(f"{key} {shown} must be {words}" for holds, words in ranges if not holds(value))
    return value if len(errors) == number else None


def _read(key: str, value: Any, hint: Any, errors: list[str]) -> Any:
    if isinstance(value, Exception):
        errors.append(f"{key}: {value}")
        return None
    if isinstance(value, str) and value == MISSING:
        errors.append(f"{key} must be set, in the file or as key=value")
        return None
    if isinstance(value, str) and "\0" in value:  # no file has such a name, and C would cut it there
        errors.append(f"{key} has a character of code 0: leave it out")
        return None
    if hint is Any:
        return _read_entries(key, value, Any, errors)
    is_union = typing.get_origin(hint) in (types.UnionType, typing.Union)
    parts = typing.get_args(hint) if is_union else (hint,)
    if value is None:
        if types.NoneType not in parts:
            errors.append(f"{key} must not be null: expected {_names(parts)}")
        return None
    by_kind: dict[str, list[Any]] = {}
    for part in parts:
        if part is not types.NoneType:
            by_kind.setdefault(KINDS.get(typing.get_origin(part) or part, SINGLE), []).append(part)
    if LIST in by_kind and kind_of(value) == SINGLE:
        value = _as_list(value, by_kind.get(SINGLE, []))
    kind = kind_of(value)
    if kind not in by_kind:
        errors.append(f"{key} must be {' or '.join(by_kind)}, not {kind}: {value}")
        return None
    if kind == SINGLE:
        return _read_single(key, value, by_kind[SINGLE], errors)
    return _read_entries(key, value, (typing.get_args(by_kind[kind][0]) or (Any,))[-1], errors)


def _as_list(value: Any, singles: Sequence[Any]) -> Any:
    """The list that a single value or a text with commas stands for; the value if one of `singles` takes it.

    A comma in the name of a file that exists separates nothing.
    """
    entries = [value]
    if isinstance(value, str):
        name, _, number = value.rpartition("#")
        is_file = os.path.exists(value) or (os.path.exists(name) and "," not in number)
        entries = entries if is_file else [entry for entry in map(str.strip, value.split(",")) if entry]
    is_single = singles and (len(entries) < 2 or _read_single("", value, singles, []) is not None)
    return value if is_single else entries


def kind_of(value: object) -> str:
    """Whether a value is a section, a list or a single value."""
    return KINDS.get(type(value), SINGLE)


def _read_entries(key: str, value: Any, hint: Any, errors: list[str]) -> Any:
    """A section or a list with entries of one type; a single value as it is."""
    if isinstance(value, dict):
        return {str(name): read_value(f"{key}.{name}", entry, hint, errors) for name, entry in value.items()}
    if isinstance(value, list):
        return [read_value(f"{key}[{number}]", entry, hint, errors) for number, entry in enumerate(value)]
    return value


def _read_single(key: str, value: Any, hints: Sequence[Any], errors: list[str]) -> Any:
    """A single value of one of the types. Its own comes first, then the others in their order."""
    if type(value) in hints:
        return expand_home(value) if isinstance(value, str) else value
    for hint in hints:
        converted = _converted(value, hint)
        if converted is not None:
            return converted
    choices = [str(choice) for hint in hints for choice in _choices(hint)]
    if choices:
        shown = shortened(str(value), MAX_SHOWN)
        errors.append(f"{key} {shown}: {did_you_mean(shown, choices)}")
    else:
        shown = shortened(repr(value), MAX_SHOWN)
        errors.append(f"{key}={shown} has the wrong type: expected {_names(hints)}")
    return None


def _converted(value: Any, hint: Any) -> Any:
    """A single value of another type as the hint wants it, or None if the hint does not take it."""
    if _choices(hint):
        return next((choice for choice in _choices(hint) if str(choice) == str(value)), None)
    if hint is bool:
        return TRUTHS.get(str(value).lower())
    if hint is float and type(value) is int:
        return value
    if hint in (int, float):
        try:
            return hint(value) if isinstance(value, str) else None
        except ValueError:
            return None
    return None if isinstance(value, bool) else str(value)


def _choices(hint: Any) -> tuple[Any, ...]:
    return typing.get_args(hint) if typing.get_origin(hint) is Literal else ()


def _names(hints: Sequence[Any]) -> str:
    names = [name for hint in hints for name in _choices(hint) or [getattr(hint, "__name__", hint)]]
    return " or ".join(map(str, names))


def flat(section: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The values of nested sections, with their dotted keys."""
    for name, value in section.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def literal(value: Any) -> Any:
    """Sections of a file that a run wrote, in which nothing is to be interpolated.

    A run writes values. Where there is a `${...}` among them it is a text, or somebody has put it there to
    learn what the variables of this machine are.
    """
    if isinstance(value, dict):
        return {name: literal(entry) for name, entry in value.items()}
    if isinstance(value, list):
        return [literal(entry) for entry in value]
    return re.sub(r"(\\*)\$\{", r"\1\1\\${", value) if isinstance(value, str) else value
