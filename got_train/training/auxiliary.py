"""Training with auxiliary losses: the prelude without pictures, and the losses in the log.

The losses themselves are the model's (`model.got`, `model.alphabet`), as they need its tokens.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from got_train.model.got import GotOutput
from got_train.ranks import gather
from got_train.training.trainer import GotTrainer

PICTURES = ("tiles", "features", "tile_order", "slot_tiles")
"""What a batch has of pictures."""


class AuxiliaryTrainer(GotTrainer):
    """A `GotTrainer` whose rows may have slots."""

    def __init__(self, *, written_steps: int, **kwargs: Any) -> None:
        """Takes the arguments of `GotTrainer`, and the number of steps without pictures at the start."""
        super().__init__(**kwargs)
        self.written_steps = written_steps
        self._parts: list[tuple[int, dict[str, torch.Tensor]]] = []
        """The step and the auxiliary losses of each of this rank's batches since the last log."""

    def loss_and_output(
        self, model: nn.Module, inputs: dict[str, Any], **kwargs: Any
    ) -> tuple[torch.Tensor, GotOutput]:
        """The loss of a batch with its auxiliary losses; in the first steps that of written tokens alone."""
        if model.training and self.state.global_step < self.written_steps:
            inputs = without_pictures(inputs)
        loss, output = super().loss_and_output(model, inputs, **kwargs)
        if output.auxiliary:
            self._parts.append((self.state.global_step, output.auxiliary))
        return loss, output

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Adds the auxiliary losses since the last log, each in nats a supervised token."""
        if "loss" in logs:
            mine = [
                (step, {name: part.item() for name, part in parts.items()}) for step, parts in self._parts
            ]
            logs |= mean_parts([part for rank_parts in gather(mine) for part in rank_parts])
            self._parts = []
        super().log(logs, start_time)


def mean_parts(parts: Sequence[tuple[int, dict[str, float]]]) -> dict[str, float]:
    """The mean of each auxiliary loss over steps, of which each is the sum of its batches on all devices."""
    steps = len({step for step, _ in parts})
    totals: Counter[str] = Counter()
    for _, losses in parts:
        totals.update(losses)
    return {f"auxiliary_{name}": total / steps for name, total in totals.items()}


def without_pictures(inputs: dict[str, Any]) -> dict[str, Any]:
    """A batch of the rows that have slots, without their pictures; the whole batch if none has."""
    if "slots" not in inputs:
        return inputs
    rows = inputs["slot_rows"]
    texts = {name: inputs[name].index_select(0, rows) for name in ("input_ids", "labels")}
    return {name: value for name, value in inputs.items() if name not in PICTURES} | texts
