"""How many samples of a run may be rejected before it stops."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NotRequired, TypedDict

FEW = 10
"""Rejects that stop no run, unless they are more than half of its samples."""
MIN_JUDGED = 1000
"""Number of samples by which a run is judged at least, unless it has fewer."""


class Rejected(TypedDict):
    """A sample without rows."""

    index: int
    cause: str
    left_out: NotRequired[bool]
    """Whether the sources have nothing to draw there, which is no fault of the run."""


@dataclass(frozen=True)
class RejectLimit:
    """A run stops when more than `share` of its samples are rejected.

    The run is judged while it is drawn and once more at its end. Before `MIN_JUDGED` samples are drawn, its
    rejects are compared with what these may have, or the whole run if it is smaller. A few rejects say
    nothing about a small run: up to `FEW` never stop it if they are no more than half of it. A share of 0
    allows none. Parts of the sources that are left out are no rejects.
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

    def check(self, drawn: int, rejects: Sequence[Rejected]) -> None:
        """Raises a ValueError that lists the causes when `rejects` are too many for `drawn` samples."""
        allowed = self.allowed(drawn)
        if len(rejects) > allowed:  # asked after each of thousands of shards
            rejects = [reject for reject in rejects if not reject.get("left_out")]
        if len(rejects) <= allowed:
            return
        causes = Counter(reject["cause"] for reject in rejects)
        listed = "; ".join(f"{cause}: {number}" for cause, number in causes.most_common(3))
        first = min(reject["index"] for reject in rejects)
        raise ValueError(
            f"{len(rejects)} of {drawn} samples can't be drawn ({listed}; first: sample {first}); "
            "mend the sources or options, or let more pass by --max-rejects"
        )
