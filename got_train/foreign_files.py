"""Reading files that a stranger may have written: whatever is in them ends in one line that names the file.

The libraries below raise errors of any kind at files that are damaged on purpose, some of them expand a few
bytes to gigabytes, and some wait for ever where a pipe stands in place of a file.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import accumulate
from pathlib import Path
from typing import Any

import yaml

from got_train.report import MAX_REASON, UserError, one_line, shortened

MAX_BYTES = 2**26
"""Largest JSON or YAML file that is read; in memory it may take thirty times as much."""

MAX_DEPTH = 30
"""Most sections inside each other in YAML and JSON, and most brackets in brackets in a text with `${...}`."""

MAX_INTERPOLATIONS = 100
"""Most `${...}` in one text of YAML."""

MAX_INTERPOLATED_CHARACTERS = 2**20
"""Largest YAML that has `${...}`."""

MAX_NODES = 200_000
"""Most values of a YAML file; what stands for others (`*name`) counts as what it stands for."""

RUST_PANIC = "PanicException"
"""Name of what a panic of Rust raises; each library in Rust has a class of its own."""

ADVICE = re.compile(r"weights_only|trust_remote_code|re-running `torch\.load`|arbitrary code", re.IGNORECASE)
"""What libraries say where they advise to load a file in a way that may run code."""


@contextmanager
def reading(what: str | Path) -> Iterator[None]:
    """Names what cannot be read, whichever library noticed it.

    transformers, tokenizers, peft, safetensors, torch and numpy raise errors of any kind at damaged files:
    KeyError, RecursionError or MemoryError among them, and Rust's panics, which are no Exception. Inside
    stands only what such a library does. What ends a command, Ctrl-C or a signal, is no error of a file.

    Raises:
        UserError: in place of any error.
    """
    try:
        yield
    except UserError:
        raise
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != RUST_PANIC:
            raise
        why = type(error).__name__ if ADVICE.search(str(error)) else one_line_of(error)
        raise UserError(f"{what} cannot be read: {why}") from error


def one_line_of(error: BaseException) -> str:
    """As `report.one_line`, for errors that need not be Exceptions."""
    return (
        one_line(error)
        if isinstance(error, Exception)
        else f"{type(error).__name__}: {shortened(str(error), MAX_REASON)}"
    )


def read_text(file: Path, errors: str = "strict") -> str:
    """The text of a small file in UTF-8.

    Args:
        file: the file.
        errors: what is done with bytes that are not UTF-8, as in `bytes.decode`.

    Raises:
        UserError: if it does not exist, is large, a folder, a pipe or a device, or is not UTF-8.
    """
    if not file.is_file():
        raise UserError(f"{file} {'is no file' if file.exists() else 'does not exist'}")
    try:
        size = file.stat().st_size
        if size > MAX_BYTES:
            raise UserError(f"{file} has {size:,} bytes: at most {MAX_BYTES:,} are read of such a file")
        return file.read_text(encoding="utf-8-sig", errors=errors)
    except UnicodeDecodeError as error:
        raise UserError(
            f"{file} is not UTF-8 ({error.reason} at byte {error.start}): save it in UTF-8"
        ) from None
    except OSError as error:
        raise UserError(f"{file} cannot be read: {error.strerror}") from None


def read_json(file: Path) -> dict[str, Any]:
    """A JSON object.

    Raises:
        UserError: if the file cannot be read, is not a JSON object, or is nested too deeply: what is read is
            copied and written again by functions that call themselves for each level.
    """
    too_deep = UserError(f"{file} is nested too deeply: at most {MAX_DEPTH} levels are read")
    try:
        value = json.loads(read_text(file))
    except RecursionError:
        raise too_deep from None
    except UserError:
        raise
    except ValueError as error:
        raise UserError(f"{file} is not JSON: {shortened(str(error), MAX_REASON)}") from None
    if not isinstance(value, dict):
        raise UserError(f"{file} is not a JSON object")
    if _is_deep(value):
        raise too_deep
    return value


def _is_deep(value: Any) -> bool:
    """Whether there are more than `MAX_DEPTH` lists and objects inside each other."""
    level = [value]
    for _ in range(MAX_DEPTH):
        inner = [each.values() if isinstance(each, dict) else each for each in level]
        level = [one for each in inner for one in each if isinstance(one, dict | list)]
        if not level:
            return False
    return True


def check_yaml(text: str) -> None:
    """Refuses what would take more memory, or a deeper stack, than its length lets expect.

    Raises:
        ValueError: with the reason.
        yaml.YAMLError: if the text is no YAML.
    """
    if "${" in text and len(text) > MAX_INTERPOLATED_CHARACTERS:
        raise ValueError(f"it has ${{...}}, and more than {MAX_INTERPOLATED_CHARACTERS:,} characters")
    loader = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
    sizes: dict[str, int] = {}
    """The number of values behind each anchor."""
    opened: list[tuple[str | None, int]] = []
    """The anchor of each section around, and how many values there were before it."""
    number = 0
    for event in yaml.parse(text, loader):
        anchor = getattr(event, "anchor", None)
        if isinstance(event, yaml.AliasEvent):
            if anchor in sizes:
                number += sizes[anchor]
            elif any(name == anchor for name, _ in opened):
                raise ValueError(f"*{anchor} stands inside of what it stands for")
        elif isinstance(event, yaml.CollectionStartEvent):
            opened.append((anchor, number))
            number += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            name, before = opened.pop()
            if name is not None:
                sizes[name] = number - before
        elif isinstance(event, yaml.ScalarEvent):
            check_interpolations(event.value)
            number += 1
            if anchor is not None:
                sizes[anchor] = 1
        if len(opened) > MAX_DEPTH:
            raise ValueError(f"it has more than {MAX_DEPTH} sections inside each other")
        if number > MAX_NODES:
            raise ValueError(f"it has more than {MAX_NODES:,} values")


def check_interpolations(text: str) -> None:
    """Refuses a text whose `${...}` would take a deep stack to read.

    Raises:
        ValueError: with the reason.
    """
    if "${" not in text:
        return
    if text.count("${") > MAX_INTERPOLATIONS:
        raise ValueError(f"a text has more than {MAX_INTERPOLATIONS} ${{...}}")
    steps = accumulate((1 if letter in "{[(" else -1) for letter in text if letter in "{}[]()")
    if max(steps) > MAX_DEPTH:
        raise ValueError(f"a text with ${{...}} has more than {MAX_DEPTH} brackets inside each other")


def read_yaml(file: Path, holds: str = "sections such as `model:` and `train:`") -> dict[str, Any]:
    """A YAML file of sections, which nothing is interpolated in.

    Args:
        file: the file.
        holds: what it is to hold, for messages.

    Raises:
        UserError: if the file cannot be read, or has no sections.
    """
    text = read_text(file)
    try:
        check_yaml(text)
        value = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError) as error:  # a number of 5,000 digits is a ValueError
        problem = getattr(error, "problem", None) or one_line(error)
        raise UserError(f"{file} is not a YAML file: {problem}") from None
    if not isinstance(value, dict):
        raise UserError(f"{file} must hold {holds}")
    return value


def text_of(file: Path, given: dict[str, Any], key: str) -> str | None:
    """The text of a key, or None if there is none.

    Raises:
        UserError: if it is no text.
    """
    value = given.get(key)
    if value is not None and not isinstance(value, str):
        raise UserError(f"{file}: {key} must be a text, not {type(value).__name__}")
    return value
