"""Losses by kind of row, beside the one loss that is trained."""

from collections.abc import Iterable, Sequence

from got_train.model.got import GotOutput

KindLoss = tuple[str, float, int]
"""A kind, the summed loss of the supervised tokens of some of its rows, and how many those are."""


def row_losses(kinds: Sequence[str], output: GotOutput) -> list[KindLoss]:
    """What each row of a batch lost."""
    assert output.sample_losses is not None and output.sample_tokens is not None
    return list(zip(kinds, output.sample_losses.tolist(), output.sample_tokens.tolist(), strict=True))


def add_up(losses: Iterable[KindLoss]) -> list[KindLoss]:
    """One for each kind.

    >>> add_up([("pdf", 1.0, 2), ("lines", 3.0, 1), ("pdf", 2.0, 4)])
    [('pdf', 3.0, 6), ('lines', 3.0, 1)]
    """
    sums: dict[str, tuple[float, int]] = {}
    for kind, loss, tokens in losses:
        before = sums.get(kind, (0.0, 0))
        sums[kind] = (before[0] + loss, before[1] + tokens)
    return [(kind, loss, tokens) for kind, (loss, tokens) in sums.items()]


def token_means(losses: Iterable[KindLoss], prefix: str) -> dict[str, float]:
    """Mean loss of a supervised token of each kind, by the name under which it is logged."""
    return {f"{prefix}_{kind}": loss / tokens for kind, loss, tokens in sorted(add_up(losses)) if tokens}
