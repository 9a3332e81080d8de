"""Text for the terminal: errors of one line, hints, counts and tables."""

import difflib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

MAX_NAMES = 20
"""Most allowed names that an error lists."""


class UserError(ValueError):
    """A mistake that the user can correct: the command line prints its one line and exits with code 2."""


def counted(number: int, noun: str) -> str:
    """A number with its noun, in the plural unless the number is 1.

    >>> counted(1, "row"), counted(2000, "bad row")
    ('1 row', '2,000 bad rows')
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def did_you_mean(word: str, allowed: Iterable[str]) -> str:
    """A hint to append to an error: the most similar allowed word, or all allowed words if none is similar.

    >>> did_you_mean("lerning_rate", ["learning_rate", "seed"])
    'did you mean learning_rate?'
    >>> did_you_mean("x", ["b", "a"])
    'allowed: a, b'
    """
    names = sorted(allowed)
    near = difflib.get_close_matches(word, names, n=1)
    if near:
        return f"did you mean {near[0]}?"
    return f"allowed: {', '.join(names[:MAX_NAMES])}" + (", ..." if len(names) > MAX_NAMES else "")


def check_target(file: Path, inputs: Iterable[str | Path]) -> None:
    """Makes the folder of an output file, and finds out before long work whether the file can be written.

    Raises:
        UserError: if the file cannot be written, or is also one of the inputs.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{file} cannot be written: {error.strerror}") from None
    if file.is_dir() or not os.access(file.parent, os.W_OK):
        raise UserError(f"{file} cannot be written: {'it is a folder' if file.is_dir() else 'no permission'}")
    if file.exists() and any(Path(name).exists() and file.samefile(name) for name in inputs):
        raise UserError(f"{file} is also an input: choose another output")


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table as text, with numbers aligned on the right and everything else on the left.

    >>> print(table(["module", "parameters"], [["encoder", 12], ["all", 1234567]]))
    module   parameters
    encoder          12
    all       1,234,567
    """
    rows = [list(row) for row in rows]
    cells = [list(header)] + [[_cell(value) for value in row] for row in rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    numeric = [all(isinstance(row[i], int | float | None) for row in rows) for i in range(len(header))]
    formats = [f"{{:{'>' if right else '<'}{width}}}" for right, width in zip(numeric, widths, strict=True)]
    return "\n".join("  ".join(formats).format(*row).rstrip() for row in cells)


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.4g}"
    return str(value)
