"""Reads JSON that other tools wrote, and says where it is not as they write it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from got_train.data.errors import ContentError
from got_train.data.records import load_json
from got_train.data.utf8 import read_utf8


def read_json(path: Path) -> Any:
    """The content of a file.

    Raises:
        ValueError: it is no JSON, or an object has a key twice.
    """
    return parse_json(read_utf8(path, str(path)), str(path))


def parse_json(text: str, location: str, what: str = "no JSON") -> Any:
    """The value of a part of a file.

    Raises:
        ValueError: it is no JSON, or an object has a key twice; the message says `what`.
    """
    try:
        return load_json(text)
    except ContentError as error:
        raise ValueError(f"{location}: {what} ({error})") from None


@contextmanager
def written_as(tool: str, location: str) -> Iterator[None]:
    """Around what steps through values of a file, so many of which may be of another type.

    Raises:
        ValueError: one of them is.
    """
    try:
        yield
    except (ArithmeticError, AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        what = f"no key {error}" if isinstance(error, KeyError) else error
        raise ValueError(f"{location}: not as {tool} ({what})") from None
