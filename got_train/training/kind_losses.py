"""Losses by kind of row, which are only reported."""

from collections.abc import Iterable, Sequence

from got_train.model.got import GotOutput

KindLoss = tuple[str, float, int]
"""A kind, the summed loss of the supervised tokens of some of its rows, and the number of these tokens."""


def row_losses(kinds: Sequence[str], output: GotOutput) -> list[KindLoss]:
    """The kind, summed loss and number of supervised tokens of each row of a batch."""
    assert output.sample_losses is not None and output.sample_tokens is not None
    return list(zip(kinds, output.sample_losses.tolist(), output.sample_tokens.tolist(), strict=True))


def add_up(losses: Iterable[KindLoss]) -> list[KindLoss]:
    """Sums losses and tokens by kind.

    >>> add_up([("pdf", 1.0, 2), ("lines", 3.0, 1), ("pdf", 2.0, 4)])
    [('pdf', 3.0, 6), ('lines', 3.0, 1)]
    """
    sums: dict[str, tuple[float, int]] = {}
    for kind, loss, tokens in losses:
        before = sums.get(kind, (0.0, 0))
        sums[kind] = (before[0] + loss, before[1] + tokens)
    return [(kind, loss, tokens) for kind, (loss, tokens) in sums.items()]


def token_means(losses: Iterable[KindLoss], prefix: str) -> dict[str, float]:
    """The mean loss per supervised token of each kind, by its name in the log."""
    return {f"{prefix}_{kind}": loss / tokens for kind, loss, tokens in sorted(add_up(losses)) if tokens}
