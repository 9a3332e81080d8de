"""Reads JSON that other tools wrote, and says where it is not as they write it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from got_train.data.utf8 import read_utf8


def read_json(path: Path) -> Any:
    """The content of a file.

    Raises:
        ValueError: it is no JSON.
    """
    try:
        return json.loads(read_utf8(path, str(path)))
    except RecursionError as error:
        raise ValueError(f"{path} is no JSON: {error}") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"{path}:{error.lineno} is no JSON: {error.msg}") from None


def parse_json(text: str, location: str, what: str = "no JSON") -> Any:
    """The value of a part of a file.

    Raises:
        ValueError: it is no JSON; the message says `what`.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{location}: {what} ({error})") from None


@contextmanager
def written_as(tool: str, location: str) -> Iterator[None]:
    """Around what steps through values of a file, so many of which may be of another type.

    Raises:
        ValueError: one of them is.
    """
    try:
        yield
    except (AttributeError, IndexError, KeyError, OverflowError, TypeError, ValueError) as error:
        what = f"no key {error}" if isinstance(error, KeyError) else error
        raise ValueError(f"{location}: not as {tool} ({what})") from None
