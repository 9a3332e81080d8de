"""Errors of rows and images."""

from collections.abc import Iterator
from contextlib import contextmanager

from got_train.report import UserError, printable, shortened

MAX_DETAIL_CHARACTERS = 1000
"""Longest text about what is wrong with a row: it may quote what stands there."""


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
        location, detail = (shortened(printable(text), MAX_DETAIL_CHARACTERS) for text in (location, detail))
        super().__init__(location, cause, detail)
        self.location = location
        self.cause = cause
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.location}: {self.cause}: {self.detail}"


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
