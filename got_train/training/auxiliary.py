"""Training with auxiliary losses: the model computes them (`model.got`), and here they get into the log."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from got_train.model.got import GotOutput
from got_train.ranks import gather
from got_train.training.trainer import GotTrainer


class AuxiliaryTrainer(GotTrainer):
    """A `GotTrainer` whose rows may have slots."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._parts: list[tuple[int, dict[str, torch.Tensor]]] = []
        """The step and the auxiliary losses of each of this rank's batches since the last log."""

    def loss_and_output(
        self, model: nn.Module, inputs: dict[str, Any], **kwargs: Any
    ) -> tuple[torch.Tensor, GotOutput]:
        """The loss of a batch with its auxiliary losses, which are kept for the log."""
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
            logs |= mean_parts([parts for of_rank in gather(mine) for parts in of_rank])
            self._parts = []
        super().log(logs, start_time)


def mean_parts(parts: Sequence[tuple[int, dict[str, float]]]) -> dict[str, float]:
    """The mean of each auxiliary loss over steps, of which each is the sum of its batches on all devices."""
    steps = len({step for step, _ in parts})
    totals: Counter[str] = Counter()
    for _, losses in parts:
        totals.update(losses)
    return {f"auxiliary_{name}": total / steps for name, total in totals.items()}
