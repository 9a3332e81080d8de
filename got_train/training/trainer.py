"""`transformers.Trainer` with what it has no hook for.

Bad losses stop it, losses are told by kind of row too, and evaluation reads pictures.
"""

from typing import Any

import torch
import torch.distributed as dist
from accelerate.utils import gather_object
from torch import nn
from transformers import Trainer
from transformers.trainer_utils import EvalLoopOutput

from got_train.config import EvalConfig
from got_train.data.sources import RowDataset
from got_train.evaluation.metrics import text_metrics
from got_train.inference.generate import generate
from got_train.model.got import GotOutput
from got_train.report import UserError
from got_train.training.kind_losses import KindLoss, add_up, row_losses, token_means


class GotTrainer(Trainer):
    """Names the samples of a bad step, reads pictures at evaluations, and counts what it has seen."""

    def __init__(self, *, reading: EvalConfig, by_kind: bool, **kwargs: Any) -> None:
        """Takes what `transformers.Trainer` takes, and some more.

        Args:
            reading: how much is read at an evaluation.
            by_kind: whether losses are told by kind of row too.
            kwargs: `transformers.Trainer`'s own.
        """
        super().__init__(**kwargs)
        self.reading = reading
        self.by_kind = by_kind
        self._output = GotOutput()
        self._train_losses: list[KindLoss] = []
        """Of this rank, since the last time they were logged."""
        self._eval_losses: list[KindLoss] = []
        """Of all ranks, in the evaluation that is going on."""
        self._batch_names: list[str] = []
        self._tokens = torch.zeros((), dtype=torch.long)
        self._samples = 0

    def training_step(
        self, model: nn.Module, inputs: dict[str, Any], num_items_in_batch: torch.Tensor | int | None = None
    ) -> torch.Tensor:
        """One forward and backward pass; stops before the update if the loss is not finite."""
        self._batch_names = inputs.pop("where")
        kinds = inputs.pop("kind")
        self._samples += len(self._batch_names)
        self._tokens = self._tokens.to(inputs["attention_mask"].device) + inputs["attention_mask"].sum()
        loss = super().training_step(model, inputs, num_items_in_batch)
        if not torch.isfinite(loss):
            self._stop(f"loss is {loss.item()}")
        if self.by_kind:  # after the backward pass, which the line above has waited for
            self._train_losses = add_up([*self._train_losses, *row_losses(kinds, self._output)])
        return loss

    def compute_loss(
        self, model: nn.Module, inputs: dict[str, Any], return_outputs: bool = False, **kwargs: Any
    ) -> Any:
        """As transformers' own; keeps what the model says of each row."""
        loss, output = super().compute_loss(model, inputs, return_outputs=True, **kwargs)
        self._output = output
        return (loss, output) if return_outputs else loss

    def _get_grad_norm(self, model: nn.Module, grad_norm: Any = None) -> float | None:
        # No callback sees the gradient's norm before the optimizer has used it.
        norm: float | None = super()._get_grad_norm(model, grad_norm=grad_norm)
        if norm is not None and not torch.isfinite(torch.as_tensor(norm)):
            self._stop(f"gradient norm is {norm}")
        return norm

    def _stop(self, what: str) -> None:
        raise UserError(
            f"step {self.state.global_step + 1}: {what}; the last batch was {', '.join(self._batch_names)}. "
            "Lower the learning rate, or look at these rows"
        )

    def prediction_step(self, model: nn.Module, inputs: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """Loss of a validation batch."""
        inputs.pop("where")
        kinds = inputs.pop("kind")
        result = super().prediction_step(model, inputs, *args, **kwargs)
        if self.by_kind:
            # Leaves out the rows that fill the last batch of the ranks up.
            rows = self.accelerator.gather_for_metrics(
                row_losses(kinds, self._output), use_gather_object=True
            )
            self._eval_losses = add_up([*self._eval_losses, *rows])
        return result

    def evaluation_loop(self, *args: Any, metric_key_prefix: str = "eval", **kwargs: Any) -> EvalLoopOutput:
        """Losses over the whole validation set, and scores of reading a part of it."""
        self._eval_losses = []
        result = super().evaluation_loop(*args, metric_key_prefix=metric_key_prefix, **kwargs)
        result.metrics.update(token_means(self._eval_losses, f"{metric_key_prefix}_loss"))
        if self.reading.read_rows > 0:
            assert isinstance(self.eval_dataset, RowDataset)
            scores = text_metrics(
                *zip(*self.read_rows(self.eval_dataset, self.reading.read_rows), strict=True)
            )
            result.metrics.update({f"{metric_key_prefix}_{name}": value for name, value in scores.items()})
        return result

    def read_rows(self, rows: RowDataset, limit: int) -> list[tuple[str, str]]:
        """Answers and references of at most `limit` rows, evenly spread; each rank reads its share."""
        mine = rows.spread(limit).questions()[self.args.process_index :: self.args.world_size]
        model = self.accelerator.unwrap_model(self.model)
        model.eval()
        dtype = torch.bfloat16 if self.args.bf16 else torch.float16
        with torch.autocast(self.args.device.type, dtype, enabled=self.args.bf16 or self.args.fp16):
            answers = generate(
                model,
                rows.encoding,
                mine,
                self.reading.max_new_tokens,
                self.reading.batch_size,
                stop_past_reference=True,
            )
            pairs = [
                (answer, record.turns[-1].response) for answer, (record, _) in zip(answers, mine, strict=True)
            ]
        if self.args.world_size > 1:
            gathered: list[Any] = [None] * self.args.world_size
            dist.all_gather_object(gathered, pairs)
            pairs = [pair for part in gathered for pair in part]
        return pairs

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Adds the losses by kind, and what has been seen so far, from which the run log derives speeds."""
        if "loss" in logs and self.by_kind:
            logs |= token_means(gather_object(self._train_losses), "loss")
            self._train_losses = []
        if "loss" in logs:
            logs["tokens_seen"] = int(self._tokens.item()) * self.args.world_size
            logs["samples_seen"] = self._samples * self.args.world_size
        super().log(logs, start_time)
