"""How many samples of a run may be rejected before it stops."""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

FEW = 10
"""Rejects that stop no run, unless they are more than half of its samples."""
MIN_JUDGED = 1000
"""Number of samples by which a run is judged at least, unless it has fewer."""


@dataclass(frozen=True)
class Rejected:
    """A sample without rows."""

    index: int
    cause: str


@dataclass
class Tally:
    """Samples that have been drawn, and the rejects among them."""

    drawn: int = 0
    causes: Counter[str] = field(default_factory=Counter)
    first: int | None = None
    """Lowest index of a reject."""

    def add(self, drawn: int, rejects: Iterable[Rejected]) -> None:
        self.drawn += drawn
        for reject in rejects:
            self.causes[reject.cause] += 1
            self.first = reject.index if self.first is None else min(reject.index, self.first)


@dataclass(frozen=True)
class RejectLimit:
    """A run stops when more than `share` of its samples are rejected.

    The run is judged while it is drawn and once more at its end. Before `MIN_JUDGED` samples are drawn, its
    rejects are compared with what these may have, or the whole run if it is smaller. A few rejects say
    nothing about a small run: up to `FEW` never stop it if they are no more than half of it. A share of 0
    allows none.
    """

    share: float
    """From 0 to 1."""
    count: int
    """Samples of the whole run."""

    def allowed(self, drawn: int) -> int:
        """Number of rejects among the first `drawn` samples that don't stop the run.

        >>> [RejectLimit(0.1, count).allowed(count) for count in (1, 8, 60, 5000)]
        [0, 4, 10, 500]
        >>> RejectLimit(0.1, count=5000).allowed(20)
        100
        """
        if not self.share:
            return 0
        samples = max(drawn, min(self.count, MIN_JUDGED))
        return max(math.floor(self.share * samples), min(FEW, samples // 2))

    def check(self, tally: Tally) -> None:
        """Raises a ValueError that lists the causes when more are rejected than may be."""
        rejected = tally.causes.total()
        if rejected <= self.allowed(tally.drawn):
            return
        listed = "; ".join(f"{cause}: {number}" for cause, number in tally.causes.most_common(3))
        raise ValueError(
            f"{rejected} of {tally.drawn} samples can't be drawn ({listed}; first: sample {tally.first}); "
            "mend the sources or options, or let more pass by --max-rejects"
        )
