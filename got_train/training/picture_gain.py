"""What the pictures tell: how much larger the loss of held-out rows is with the pictures of other rows.

A model that reads its pictures is lost with those of another row. One that guesses from the text alone,
because its encoder was switched off or its adapters have learnt to ignore pictures, does not notice.
"""

from collections.abc import Iterable, Sequence

import torch
from torch import nn

from got_train.model.got import GotOutput

RowGain = tuple[float, int]
"""By how many nats the summed loss of a row rises with other pictures, and the number of its supervised
tokens; none if it has no other pictures to take."""


def row_gains(
    model: nn.Module, inputs: dict[str, torch.Tensor], own: GotOutput, image_id: int
) -> list[RowGain]:
    """Computes the loss of a batch again, with its pictures exchanged among its rows.

    The encoder does not run again, and the decoder sees the same shapes: a row whose pictures change nothing
    has the same loss to the last bit.

    Args:
        model: in evaluation mode.
        inputs: `input_ids`, `labels` and `tiles` of a batch from `collate`, on the model's device.
        own: what the model has computed for it, or for the first of its rows.
        image_id: the id of image tokens.
    """
    assert own.sample_losses is not None and own.sample_tokens is not None
    tokens = own.sample_tokens.tolist()
    if own.encoded is None:
        return [(0.0, 0)] * len(tokens)
    ids, labels = (inputs[name][: len(tokens)] for name in ("input_ids", "labels"))
    image_tokens = (ids == image_id).sum(1)
    order, differs = exchange((image_tokens // own.encoded.shape[1]).tolist(), inputs["tiles"])
    if not any(differs):
        return [(0.0, 0)] * len(tokens)
    with torch.no_grad():
        other = model(
            input_ids=ids,
            labels=labels,
            features=own.encoded.index_select(0, order.to(own.encoded.device)),
        )
    rises = (other.sample_losses.double() - own.sample_losses.double()).tolist()
    return [
        (rise, count) if counts else (0.0, 0)
        for rise, count, counts in zip(rises, tokens, differs, strict=True)
    ]


def exchange(counts: Sequence[int], tiles: torch.Tensor) -> tuple[torch.Tensor, list[bool]]:
    """Which tiles the rows of a batch have when they take each other's pictures.

    Of rows with as many tiles each takes those of the row half of them further on, as neighbours are often
    about the same page, or of the next one with other pictures. The last batch of a device may repeat rows.

    Args:
        counts: the number of tiles of each row.
        tiles: `(tiles, ...)`, in the order of the rows.

    Returns:
        int64, `(tiles,)`: the tile at each place; and for each row whether its pictures have changed.
    """
    places, pictures = torch.arange(len(tiles)).split(list(counts)), tiles.split(list(counts))
    sources = list(range(len(counts)))
    for count in set(counts):
        alike = [row for row, own in enumerate(counts) if own == count]
        for place, row in enumerate(alike):
            first = (place + len(alike) // 2) % len(alike)
            others = alike[first:] + alike[:first]
            changed = (other for other in others if not torch.equal(pictures[row], pictures[other]))
            sources[row] = next(changed, row)
    differs = [source != row for row, source in enumerate(sources)]
    return torch.cat([places[source] for source in sources]), differs


def picture_gain(gains: Iterable[RowGain]) -> float | None:
    """What the pictures tell, in nats a supervised token; None if no row has taken others.

    >>> picture_gain([(3.0, 2), (0.0, 0), (1.0, 2)])
    1.0
    """
    rises, tokens = (sum(parts) for parts in zip((0.0, 0), *gains, strict=True))
    return rises / tokens if tokens else None
