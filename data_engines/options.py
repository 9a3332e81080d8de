"""Options of engines: dataclass fields with help texts, and the flags made from them."""

import argparse
import dataclasses
import re
import types
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple, NoReturn, Union, get_args, get_origin, get_type_hints

import numpy as np


class Range(NamedTuple):
    """Whole numbers from `low` to `high`, both included; `2-5` or `3` on the command line."""

    low: int
    high: int

    def __str__(self) -> str:
        return str(self.low) if self.low == self.high else f"{self.low}-{self.high}"

    def choose(self, rng: np.random.Generator) -> int:
        return int(rng.integers(self.low, self.high, endpoint=True))


def parse_range(text: str) -> Range:
    """
    >>> parse_range("2-5"), parse_range("3")
    (Range(low=2, high=5), Range(low=3, high=3))
    """
    if not re.fullmatch(r"\d+(-\d+)?", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no range; write it as 3 or 2-5")
    low, _, high = text.partition("-")
    return Range(int(low), int(high or low))


class Parser(argparse.ArgumentParser):
    """A parser that reports an error in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


@dataclass(frozen=True)
class EngineOptions:
    """The base of an engine's `Options`; checks that values are within their bounds, and that files exist.

    Checks that concern several fields follow in the `__post_init__` of the `Options`, after this one.
    """

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value, flag = getattr(self, field.name), flag_of(field.name)
            if field.metadata["lowest"] is not None and value is not None:
                check_bounds(flag, value, field.metadata["lowest"], field.metadata["highest"])
            for path in value if isinstance(value, tuple) else [value]:
                if isinstance(path, Path) and not path.exists():
                    wanted = field.metadata["help"].partition(";")[0]
                    raise ValueError(f"{flag} {path} does not exist; give {wanted}")


def option(
    help: str,
    default: Any = dataclasses.MISSING,
    *,
    lowest: float | None = None,
    highest: float | None = None,
) -> Any:
    """A field of an engine's `Options`, which is required if it has no `default`.

    Args:
        help: The help text. The error for a missing path quotes it up to the first semicolon, after "give".
        default: The value if the user gives none.
        lowest: The lowest value allowed, for both ends of a `Range`; None leaves both bounds unchecked.
        highest: The highest value allowed, in the same way; None for no upper bound.
    """
    return dataclasses.field(default=default, metadata={"help": help, "lowest": lowest, "highest": highest})


def fraction(help: str, default: float) -> Any:
    """A field for a share from 0 to 1."""
    return option(help, default, lowest=0, highest=1)


def check_bounds(flag: str, value: Range | float, lowest: float, highest: float | None = None) -> None:
    """Raises a ValueError that names `flag` unless `value` lies from `lowest` to `highest`."""
    low, high = value if isinstance(value, Range) else (value, value)
    if lowest <= low <= high and (highest is None or high <= highest):
        return
    bounds = f"at least {lowest}" if highest is None else f"{lowest} to {highest}"
    if isinstance(value, Range):
        both = bounds if highest is None else f"from {bounds}"
        raise ValueError(f"{flag} {value}: give LOW-HIGH, both {both}, LOW not above HIGH")
    if isinstance(value, float):
        bounds = f"a fraction from {bounds}"
    elif highest is None:
        bounds = f"a whole number of {bounds}"
    raise ValueError(f"{flag} {value}: give {bounds}")


def flag_of(name: str) -> str:
    """The flag of a field."""
    return "--" + name.replace("_", "-")


def add_flags(parser: argparse._ActionsContainer, options_type: type) -> None:
    """Adds one flag for every field of an engine's `Options`."""
    types_by_name = get_type_hints(options_type)
    for field in dataclasses.fields(options_type):
        required = field.default is dataclasses.MISSING
        silent = required or field.default is False or field.default in (None, ())
        shown = "" if silent else " (default: %(default)s)"
        parser.add_argument(
            flag_of(field.name),
            required=required,
            default=None if required else field.default,
            help=field.metadata["help"] + shown,
            **_argument_type(types_by_name[field.name]),
        )


def read_flags(arguments: argparse.Namespace, options_type: type) -> Any:
    """The `Options` with the values of parsed flags."""
    values = {field.name: getattr(arguments, field.name) for field in dataclasses.fields(options_type)}
    return options_type(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()})


def to_json(options: Any) -> dict[str, Any]:
    """An engine's options as they are written to the manifest."""
    values = dataclasses.asdict(options)
    return {name: _json_value(value) for name, value in values.items()}


def _json_value(value: Any) -> Any:
    if isinstance(value, Path | Range):
        return str(value)
    if isinstance(value, tuple):
        return [_json_value(item) for item in value]
    return value


def _argument_type(kind: Any) -> dict[str, Any]:
    """The keywords of `add_argument` that read a value of type `kind`."""
    if get_origin(kind) in (types.UnionType, Union):  # a Literal or None is a Union
        kind = get_args(kind)[0]
    if get_origin(kind) is Literal:
        return {"choices": get_args(kind)}
    if get_origin(kind) is tuple:
        return {"nargs": "+"} | _argument_type(get_args(kind)[0])
    if kind is bool:
        return {"action": "store_true"}
    if kind is Range:
        return {"type": parse_range, "metavar": "LOW-HIGH"}
    return {"type": kind, "metavar": kind.__name__.upper()}
