"""Preference training: the better of a row's two answers becomes likelier, and the worse one less likely.

The loss is that of DPO (Rafailov et al., "Direct Preference Optimization", 2023, arXiv 2305.18290, equation
7), for p the model with its adapters and q, the reference, the same model without them:

    -log sigmoid(beta * (log p(better) - log q(better) - log p(worse) + log q(worse)))

Only `loss_and_output` differs from other training: rows, steps, resuming, adapters, checkpoints, readings and
the comparison at the end are those of `GotTrainer`.

TRL's `DPOTrainer` (read in 1.16.0) is not used. It takes data sets of `datasets` alone. Its loss stands in
the method that also runs the model, so that it cannot be called by itself. It gives the model a `forward`
of its own, which goes past this project's: the encoder would read each picture four times, for each of two
answers in each of two passes, and stored features could not be used. Checkpoints, steps and the checks of
losses would have to be fitted into it one by one.
"""

from typing import Any

import torch
from peft import PeftModel
from torch import nn
from torch.nn import functional
from transformers.trainer_utils import EvalLoopOutput

from got_train.model.got import GotOutput
from got_train.ranks import gather, world_size
from got_train.training.trainer import GotTrainer


def pair_losses(
    losses: torch.Tensor, reference: torch.Tensor, beta: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """The loss of each pair, and its margin: how much more the better answer has gained than the worse.

    Args:
        losses: `(2 * pairs,)`: minus the log probabilities of all better answers, then of all worse ones.
        reference: the same of the reference.
        beta: how strongly the model is held to the reference.

    Returns:
        Two tensors `(pairs,)`.
    """
    better, worse = (beta * (reference - losses)).chunk(2)
    margins = better - worse
    return -functional.logsigmoid(margins), margins


class PreferenceTrainer(GotTrainer):
    """A `GotTrainer` with batches of pairs."""

    def __init__(self, *, beta: float, **kwargs: Any) -> None:
        """Takes the arguments of `GotTrainer`, and `beta`."""
        super().__init__(**kwargs)
        self.beta = beta
        self._pairs = torch.zeros(2, 0)
        """`(2, pairs)`: losses and margins of the pairs of the current batch."""
        self._train_pairs: list[torch.Tensor] = []
        """Those of this rank's batches since the last log."""
        self._eval_pairs: list[tuple[float, float]] = []
        """Those of all ranks in the current evaluation."""

    def loss_and_output(
        self, model: nn.Module, inputs: dict[str, Any], **kwargs: Any
    ) -> tuple[torch.Tensor, GotOutput]:
        """The loss of a batch of pairs, and the model's output for the better answers."""
        assert isinstance(self.model, PeftModel)
        with torch.no_grad(), self.model.disable_adapter():
            reference = self.model(**inputs)
        if reference.encoded is not None and not self.model.get_base_model().trains_encoder:
            known = [inputs["features"]] if "features" in inputs else []
            rest = {name: value for name, value in inputs.items() if name != "tiles"}
            inputs = rest | {"features": torch.cat([*known, reference.encoded])}
        output = model(**inputs)
        losses, margins = pair_losses(output.sample_losses, reference.sample_losses, self.beta)
        self._pairs = torch.stack([losses, margins]).detach()
        if model.training:
            self._train_pairs.append(self._pairs)
            # The mean over the whole step: gradients are means over devices, and summed over batches.
            loss = losses.sum() * world_size() / self.plan.step_rows
        else:
            loss = losses.mean()
        # A rank whose pairs have no pictures must have gradients of zero for what connects them.
        loss = loss + 0.0 * output.loss
        count = len(losses)
        better = GotOutput(
            loss=loss,
            sample_losses=output.sample_losses[:count].detach(),
            sample_tokens=output.sample_tokens[:count],
            encoded=reference.encoded,
        )
        return loss, better

    def prediction_step(self, *args: Any, **kwargs: Any) -> Any:
        """Losses and margins of a validation batch."""
        result = super().prediction_step(*args, **kwargs)
        pairs = list(zip(*self._pairs.tolist(), strict=True))
        self._eval_pairs += self.accelerator.gather_for_metrics(pairs, use_gather_object=True)
        return result

    def evaluation_loop(self, *args: Any, metric_key_prefix: str = "eval", **kwargs: Any) -> EvalLoopOutput:
        """Adds the means over all pairs; transformers would weigh batches by their rows, two a pair."""
        self._eval_pairs = []
        result = super().evaluation_loop(*args, metric_key_prefix=metric_key_prefix, **kwargs)
        pairs = torch.tensor(self._eval_pairs, dtype=torch.float64).T
        result.metrics[f"{metric_key_prefix}_loss"] = pairs[0].mean().item()
        figures = margin_figures(pairs).items()
        result.metrics.update({f"{metric_key_prefix}_{name}": value for name, value in figures})
        return result

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Adds the margins since the last log."""
        if "loss" in logs:
            mine = torch.cat(self._train_pairs, dim=1).cpu()
            logs |= margin_figures(torch.cat(gather(mine), dim=1))
            self._train_pairs = []
        super().log(logs, start_time)


def margin_figures(pairs: torch.Tensor) -> dict[str, float]:
    """The mean margin of pairs `(2, pairs)`, and the share of pairs whose better answer has gained more."""
    margins = pairs[1].double()
    return {"reward_margin": margins.mean().item(), "preferred": (margins > 0).double().mean().item()}
