"""Errors of rows and images."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from got_train.report import UserError

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class ContentError(ValueError):
    """The content of a row cannot be used; `cause` names the kind of fault."""

    def __init__(self, cause: str, detail: str) -> None:
        super().__init__(cause, detail)  # both, so that it can be pickled
        self.cause = cause
        self.detail = detail

    def __str__(self) -> str:
        return self.detail


class ImageError(ContentError):
    """An image cannot be read."""


class RowError(UserError):
    """A row cannot be used; `cause` names the kind of fault, and faults are counted by it."""

    def __init__(self, location: str, cause: str = "", detail: str = "") -> None:
        """Makes the error.

        Args:
            location: the location of the row. When torch raises the error of a loader worker again, this is
                the only argument: the worker's traceback as text, which ends with the error's own text.
            cause: one of the causes that docs/data.md lists.
            detail: what is wrong.
        """
        if not cause:
            location, cause, detail = location.rstrip("\n").rpartition("RowError: ")[2].split(": ", 2)
        location, detail = printable(location), printable(detail)
        super().__init__(location, cause, detail)
        self.location = location
        self.cause = cause
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.location}: {self.cause}: {self.detail}"


def printable(text: str) -> str:
    """A text as one line that can be printed: names of files and tar members may hold bytes that are no
    UTF-8, and rows line ends, other controls and halves of surrogate pairs.
    """
    text = text.encode(errors="backslashreplace").decode()
    return _CONTROL.sub(lambda found: repr(found[0])[1:-1], text)


def file_of(location: str) -> str:
    """The file in the location of a row.

    >>> file_of("a.jsonl:7"), file_of("a.tar:000001")
    ('a.jsonl', 'a.tar')
    """
    return location.rpartition(":")[0]


@contextmanager
def located(location: str) -> Iterator[None]:
    """Raises a `ContentError` inside the block as the `RowError` of the row at `location`."""
    try:
        yield
    except ContentError as fault:
        raise RowError(location, fault.cause, str(fault)) from None
