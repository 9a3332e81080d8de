"""Progress of long work: a bar on a terminal; elsewhere, such as in a log, a line a minute.

The bars of other packages, which would be drawn anew several times a second, are left out of logs by
`TQDM_DISABLE`, which `cli` sets before tqdm is imported.
"""

import sys
from collections.abc import Iterable
from typing import Any

from tqdm import tqdm

from got_train.ranks import rank

SECONDS = 60
"""Between two lines."""


class Lines(tqdm):
    """Writes lines, from the first minute on; shorter work writes nothing."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        options |= {"mininterval": SECONDS, "maxinterval": 2 * SECONDS, "delay": SECONDS}
        super().__init__(*arguments, **options)

    def display(self, msg: str | None = None, pos: int | None = None) -> bool:
        """Writes a line with the counts so far."""
        facts = self.format_dict
        done = f"{facts['n']:,} of {facts['total']:,} {self.unit}s, {facts['elapsed'] / 60:.0f} min"
        print(f"{self.desc}: {done}", file=sys.stderr, flush=True)
        return True

    def close(self) -> None:
        """Writes nothing: what comes of the work says that it is done."""
        self.disable = True


def progress(
    description: str, total: int, unit: str, iterable: Iterable[Any] | None = None, **options: Any
) -> Any:
    """A `tqdm` that one process of a launch shows.

    Args:
        description: stands before the counts.
        total: how many there are.
        unit: what is counted, in the singular.
        iterable: what to count; without it, `update` counts.
        options: others of `tqdm`.
    """
    kind = tqdm if sys.stderr.isatty() else Lines
    return kind(iterable, description, total, unit=unit, leave=False, disable=rank() != 0, **options)
