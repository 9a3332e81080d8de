"""What a person reads in the terminal: errors in one line, and tables."""

import difflib
from collections.abc import Iterable, Sequence


class UserError(ValueError):
    """Something the user can put right: the command line prints its one line and exits with code 2."""


def did_you_mean(word: str, allowed: Iterable[str]) -> str:
    """A hint to append to an error: the nearest allowed word, or all of them when none is near.

    >>> did_you_mean("lerning_rate", ["learning_rate", "seed"])
    'did you mean learning_rate?'
    >>> did_you_mean("x", ["b", "a"])
    'allowed: a, b'
    """
    names = sorted(allowed)
    near = difflib.get_close_matches(word, names, n=1)
    return f"did you mean {near[0]}?" if near else f"allowed: {', '.join(names)}"


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Aligned columns as text: numbers to the right, all else to the left.

    >>> print(table(["module", "parameters"], [["encoder", 12], ["all", 1234567]]))
    module   parameters
    encoder          12
    all       1,234,567
    """
    rows = [list(row) for row in rows]
    cells = [list(header)] + [[_cell(value) for value in row] for row in rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    right = [
        all(isinstance(row[i], int | float) or row[i] is None for row in rows) for i in range(len(header))
    ]
    lines = (
        "  ".join(
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(row, widths, right, strict=True)
        )
        for row in cells
    )
    return "\n".join(line.rstrip() for line in lines)


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
