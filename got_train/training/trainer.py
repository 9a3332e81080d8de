"""`transformers.Trainer` with additions for which it has no hook.

Batches follow the step plan, a loss that is not finite stops the run, losses are also reported per kind of
row, features of a frozen encoder are stored, and evaluations read images.
"""

import math
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader
from transformers import Trainer
from transformers.trainer import TRAINING_ARGS_NAME
from transformers.trainer_callback import ExportableState
from transformers.trainer_utils import EvalLoopOutput

from got_train.config import EvalConfig, Group
from got_train.data.features import FeatureStore
from got_train.data.samples import SampleSet
from got_train.data.workers import Watched
from got_train.foreign_files import reading
from got_train.inference.generate import generate
from got_train.model.got import GotOutput
from got_train.model.processor import for_transformers_4
from got_train.ranks import gather, rank, world_size
from got_train.report import UserError, counted
from got_train.run_folders import STATE_FILE
from got_train.shortages import naming_memory
from got_train.training.gradient_norms import group_norms, logged_norms, trained_weights
from got_train.training.kind_losses import KindLoss, add_up, row_losses, token_means
from got_train.training.picture_gain import RowGain, picture_gain, row_gains
from got_train.training.plan import StepBatches, StepPlan
from got_train.training.readings import Reading, keep_readings, reading_scores
from got_train.training.saving import check_finite, remove_older, saved_whole
from got_train.training.speed import SpeedMeter
from got_train.training.zero import load_checkpoint

MAX_OVERFLOWS = 20
"""Most consecutive steps that float16 may skip: enough to bring the first loss scale, 65,536, below 1."""

LOWER_FOR_TRAINING = (
    "lower train.per_device_train_batch_size (or train.tokens_per_batch, if it is set), sample.max_tiles or "
    "sample.max_length, or set train.gradient_checkpointing=true"
)
"""What to do if a batch does not fit into memory."""


class GotTrainer(Trainer):
    """The trainer: names the samples of a bad step, reads images at evaluations, and measures its speed."""

    def __init__(
        self,
        *,
        plan: StepPlan,
        eval_config: EvalConfig,
        by_kind: bool,
        features: FeatureStore | None,
        beside: dict[str, str],
        **kwargs: Any,
    ) -> None:
        """Takes the arguments of `transformers.Trainer`, and some more.

        Args:
            plan: the rows of each step, and their batches on each device.
            eval_config: how many rows an evaluation reads, and how.
            by_kind: whether losses are also reported per kind of row.
            features: the store for the encoder's output; None if it is not stored.
            beside: texts of files that are saved beside weights, by their names.
            kwargs: arguments of `transformers.Trainer`.
        """
        super().__init__(**kwargs)
        self.plan = plan
        self.eval_config = eval_config
        self.by_kind = by_kind
        self.features = features
        self.beside = beside
        self._output = GotOutput()
        self._locations: list[str] = []
        """The locations of the rows of the current batch."""
        self._step_losses: list[tuple[torch.Tensor, list[str]]] = []
        """The loss of each batch of this step, with the locations of its rows."""
        self._train_outputs: list[tuple[list[str], GotOutput]] = []
        """The kinds and losses of this rank's batches since the last log."""
        self._eval_losses: list[KindLoss] = []
        """The losses of all ranks in the current evaluation."""
        self._eval_gains: list[RowGain] = []
        """What the pictures of all ranks' rows tell in the current evaluation."""
        self._trained = trained_weights(self.model)
        self._group_norms: dict[Group, torch.Tensor] = {}
        """The norms of the gradients of module groups in the last step."""
        self._overflows = 0
        """Number of consecutive steps with gradients that are not finite."""
        self._speed = SpeedMeter()
        self._run_dir = self._save_dir = Path(self.args.output_dir)

    def create_scheduler(self, *args: Any, **kwargs: Any) -> Any:
        """Makes the scheduler. This is the last call before a checkpoint is loaded, by DeepSpeed's engine."""
        if self.is_deepspeed_enabled and self.accelerator.deepspeed_engine_wrapped is not None:
            engine = self.accelerator.deepspeed_engine_wrapped.engine
            engine.load_checkpoint = partial(load_checkpoint, engine)
        return super().create_scheduler(*args, **kwargs)

    def get_train_dataloader(self) -> DataLoader:
        """A loader with the batches of the step plan; transformers' own loader would choose other batches."""
        assert self.train_dataset is not None
        return DataLoader(
            self._watched(self.train_dataset),
            batch_sampler=StepBatches(
                self.plan, rank(), lambda: int(self.state.epoch or 0), self._steps_done_of_epoch
            ),
            collate_fn=self.data_collator,
            num_workers=self.args.dataloader_num_workers,
            prefetch_factor=self.args.dataloader_prefetch_factor,
            persistent_workers=self.args.dataloader_persistent_workers,
            multiprocessing_context=self.args.dataloader_multiprocessing_context,
            in_order=self.args.dataloader_in_order,
            pin_memory=self.args.dataloader_pin_memory and torch.accelerator.is_available(),
        )

    def get_eval_dataloader(self, eval_dataset: Any = None) -> DataLoader:
        """transformers' own loader, whose workers are watched."""
        return super().get_eval_dataloader(self._watched(eval_dataset or self.eval_dataset))

    def _watched(self, samples: Any) -> Watched[Any]:
        # Half of the time that the other ranks wait for this one.
        return Watched(samples, self.args.dataloader_num_workers, self.args.ddp_timeout / 2)

    def _steps_done_of_epoch(self) -> int:
        """How many steps of a resumed epoch transformers passes over; 0 where an epoch begins."""
        return 0 if self.args.ignore_data_skip else self.state.global_step % self.plan.steps_per_epoch

    def get_batch_samples(self, epoch_iterator: Iterator, num_batches: int, device: torch.device) -> Any:
        """The batches of the next step; the time of the run starts with the first call."""
        self._speed.start(self.state.global_step)
        with self._speed.waiting():
            return super().get_batch_samples(epoch_iterator, num_batches, device)

    def training_step(
        self, model: nn.Module, inputs: dict[str, Any], num_items_in_batch: torch.Tensor | int | None = None
    ) -> torch.Tensor:
        """One forward and backward pass; its loss is read when the step ends, since reading it must wait."""
        names = ("location", "kind", "image_keys", "tiles_per_image")
        locations, kinds, image_keys, tiles_per_image = (inputs.pop(name) for name in names)
        self._locations = locations
        self._speed.count(tokens=inputs.pop("num_tokens"), samples=len(locations))
        # transformers would wait for each tensor to be copied; the loader has pinned them.
        inputs = {name: tensor.to(self.args.device, non_blocking=True) for name, tensor in inputs.items()}
        self._seed_batch()
        with naming_memory(lambda: self._batch_in_words(inputs), LOWER_FOR_TRAINING):
            loss = super().training_step(model, inputs, num_items_in_batch)
        self._keep_features(image_keys, tiles_per_image)
        self._step_losses.append((loss, locations))
        if self.by_kind:
            assert self._output.sample_losses is not None
            losses_only = GotOutput(
                sample_losses=self._output.sample_losses.detach(), sample_tokens=self._output.sample_tokens
            )
            self._train_outputs.append((kinds, losses_only))
        self._output = GotOutput()
        return loss

    def _batch_in_words(self, inputs: dict[str, Any]) -> str:
        """A batch's size: rows, tokens with padding, tiles."""
        rows, tokens = inputs["input_ids"].shape
        tiles = len(inputs["tiles"]) if "tiles" in inputs else 0
        step = self.state.global_step + self.model.training
        return f"the batch of step {step} ({rows} x {tokens:,} tokens, {counted(tiles, 'tile')})"

    def _seed_batch(self) -> None:
        """Has dropout follow from the seed and the number of the batch, counted over all devices.

        A run that is resumed, on another number of devices too, then leaves out what it would have left out.
        """
        number = len(self._step_losses) * world_size() + rank()
        seed = np.random.SeedSequence([self.args.seed, self.state.global_step, number])
        torch.manual_seed(int(seed.generate_state(1, np.uint64)[0]))

    def compute_loss(
        self, model: nn.Module, inputs: dict[str, Any], return_outputs: bool = False, **kwargs: Any
    ) -> Any:
        """Computes the loss as transformers does, and keeps the model's output for each row."""
        loss, output = self.loss_and_output(model, inputs, **kwargs)
        self._output = output
        if self.is_deepspeed_enabled and model.training and not torch.isfinite(loss):
            # DeepSpeed's optimizer runs inside the backward pass: after it would be too late.
            self._stop(f"loss is {loss.item()}", self._locations)
        return (loss, output) if return_outputs else loss

    def loss_and_output(
        self, model: nn.Module, inputs: dict[str, Any], **kwargs: Any
    ) -> tuple[torch.Tensor, GotOutput]:
        """The loss of a batch, and the model's output for its rows."""
        loss, output = super().compute_loss(model, inputs, return_outputs=True, **kwargs)
        return loss, output

    def _keep_features(self, image_keys: list[str], tiles_per_image: list[int]) -> None:
        """Stores the encoder's output for the new images of this batch."""
        if self.features is None or self._output.encoded is None:
            return
        parts = self._output.encoded.split(tiles_per_image)
        for key, part in zip(image_keys, parts, strict=True):
            self.features.add(key, part)

    def _get_grad_norm(self, model: nn.Module, grad_norm: Any = None) -> float | None:
        # No callback sees the norm of the gradient before the optimizer has used it.
        norm: float | None = super()._get_grad_norm(model, grad_norm=grad_norm)
        losses, self._step_losses = self._step_losses, []
        finite = torch.stack([loss for loss, _ in losses]).isfinite().tolist()
        for (loss, locations), is_finite in zip(losses, finite, strict=True):
            if not is_finite:
                self._stop(f"loss is {loss.item()}", locations)
        if norm is not None and norm < 0:
            norm = math.nan  # DeepSpeed has -1 in its place
        self._overflows = 0 if norm is None or math.isfinite(norm) else self._overflows + 1
        # In float16, a step that overflows is skipped, and the scale of the loss is then reduced.
        if self._overflows > (MAX_OVERFLOWS if self.args.fp16 else 0):
            self._stop(f"gradient norm is {norm}", losses[-1][1])
        if not self.is_deepspeed_enabled:  # which has used up the gradients, and has only the norm of all
            self._group_norms = group_norms(self._trained)
        return norm

    def _stop(self, what: str, locations: list[str]) -> None:
        raise UserError(
            f"step {self.state.global_step + 1}: {what}; the last batch was {', '.join(locations)}. "
            "Lower the learning rate, or look at these rows"
        )

    def prediction_step(self, model: nn.Module, inputs: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """Loss of a validation batch."""
        kinds = inputs.pop("kind")
        for name in ("location", "num_tokens", "image_keys", "tiles_per_image"):
            inputs.pop(name)
        lower = f"lower train.per_device_eval_batch_size ({self.args.per_device_eval_batch_size})"
        with naming_memory(lambda: self._batch_in_words(inputs), lower):
            result = super().prediction_step(model, inputs, *args, **kwargs)
            gains = row_gains(model, inputs, self._output, self.model.config.image_token_id)
        self._eval_gains += self.accelerator.gather_for_metrics(gains, use_gather_object=True)
        if self.by_kind:
            # Leaves out the repeated rows that complete the last batch of the ranks.
            rows = row_losses(kinds, self._output)
            rows = self.accelerator.gather_for_metrics(rows, use_gather_object=True)
            self._eval_losses = add_up([*self._eval_losses, *rows])
        return result

    def _determine_best_metric(self, *args: Any, **kwargs: Any) -> bool:
        try:
            return bool(super()._determine_best_metric(*args, **kwargs))
        except KeyError as error:  # metric_for_best_model is misspelt; the message lists the metrics
            raise UserError(f"train: {error.args[0]}") from None

    def evaluate(self, *args: Any, **kwargs: Any) -> dict[str, float]:
        """Evaluates as transformers does; the time does not count as training."""
        with self._speed.paused():
            return super().evaluate(*args, **kwargs)

    def _save_checkpoint(self, *args: Any, **kwargs: Any) -> None:
        checkpoint = self._run_dir / f"checkpoint-{self.state.global_step}"
        with self._speed.paused():
            check_finite(self.model, self.state.global_step)
            with saved_whole(checkpoint) as made:
                self._save_dir = made.parent
                self._complete_callbacks()
                super()._save_checkpoint(*args, **kwargs)
                self._name_best(made)
            self._save_dir = self._run_dir
            if self.args.should_save:
                remove_older(checkpoint, self.args.save_total_limit, self.state.best_model_checkpoint)
            if self.args.push_to_hub:
                super()._push_from_checkpoint(str(checkpoint))

    def _complete_callbacks(self) -> None:
        """Adds what the state of a resumed run lacks of callbacks, which transformers takes for granted."""
        for callback in (*self.callback_handler.callbacks, self.control):
            if isinstance(callback, ExportableState):
                self.state.stateful_callbacks.setdefault(type(callback).__name__, {})

    def _get_output_dir(self, trial: Any) -> str:
        return str(self._save_dir)

    def save_model(self, output_dir: str | None = None, **kwargs: Any) -> None:
        """Saves weights as transformers does, and the files beside them."""
        super().save_model(output_dir, **kwargs)
        folder = Path(output_dir or self.args.output_dir)
        if not self.args.should_save:
            return
        for_transformers_4(self.processing_class, folder)
        # A pickle with functions in it that nobody reads: args.yaml has the settings.
        (folder / TRAINING_ARGS_NAME).unlink(missing_ok=True)
        for name, text in self.beside.items():
            (folder / name).write_text(text, encoding="utf-8")

    def _name_best(self, made: Path) -> None:
        """Names the best checkpoint by its place in the run if it is the one that is being saved."""
        if self.state.best_model_checkpoint == str(made):
            self.state.best_model_checkpoint = str(self._run_dir / made.name)
            if self.args.should_save:
                self.state.save_to_json(str(made / STATE_FILE))

    def _load_from_checkpoint(self, resume_from_checkpoint: str, *args: Any, **kwargs: Any) -> None:
        with reading(f"resume: the weights of {resume_from_checkpoint}"):
            super()._load_from_checkpoint(resume_from_checkpoint, *args, **kwargs)

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        with reading(f"resume: the state of the optimizer of {checkpoint}"):
            super()._load_optimizer_and_scheduler(checkpoint)

    def _load_rng_state(self, checkpoint: str | None) -> None:
        with reading(f"resume: the random state of {checkpoint}"):
            super()._load_rng_state(checkpoint)

    def _push_from_checkpoint(self, checkpoint_folder: str) -> None:
        """Nothing: transformers would push a checkpoint before it has its name."""

    def evaluation_loop(self, *args: Any, metric_key_prefix: str = "eval", **kwargs: Any) -> EvalLoopOutput:
        """Losses of the whole validation set, and scores of reading a part of it."""
        self._eval_losses, self._eval_gains = [], []
        result = super().evaluation_loop(*args, metric_key_prefix=metric_key_prefix, **kwargs)
        result.metrics.update(token_means(self._eval_losses, f"{metric_key_prefix}_loss"))
        gain = picture_gain(self._eval_gains)
        if gain is not None:
            result.metrics[f"{metric_key_prefix}_picture_gain"] = gain
        if self.eval_config.read_rows > 0:
            assert isinstance(self.eval_dataset, SampleSet)
            readings = self.read_rows(self.eval_dataset, self.eval_config.read_rows)
            if rank() == 0:
                keep_readings(self._run_dir, self.state.global_step, readings)
            scores = reading_scores(readings)
            result.metrics.update({f"{metric_key_prefix}_{name}": value for name, value in scores.items()})
        return result

    def read_rows(self, samples: SampleSet, limit: int) -> list[Reading]:
        """At most `limit` rows, evenly spread, with their answers: all ranks get all, and read a share."""
        records = samples.rows.spread(limit).records()
        mine = records[rank() :: world_size()]
        model = self.accelerator.unwrap_model(self.model)
        model.eval()
        dtype = torch.bfloat16 if self.args.bf16 else torch.float16
        with (
            torch.autocast(self.args.device.type, dtype, enabled=self.args.bf16 or self.args.fp16),
            # Otherwise compiled layers would be compiled again for the cache of generation.
            torch.compiler.set_stance("force_eager"),
        ):
            answers = list(  # within the contexts: answers are generated when they are asked for
                generate(
                    model,
                    samples.encoder,
                    mine,
                    self.eval_config.max_new_tokens,
                    self.eval_config.batch_size,
                    stop_past_reference=True,
                    lower="lower eval.batch_size",
                )
            )
        parts = [iter(part) for part in gather([answer.text for answer in answers])]
        return [(record, next(parts[number % len(parts)])) for number, record in enumerate(records)]

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Adds losses per kind of row, norms per module group, speed and memory for all loggers."""
        if "loss" in logs and self.by_kind:
            mine = add_up(loss for kinds, output in self._train_outputs for loss in row_losses(kinds, output))
            logs |= token_means([loss for part in gather(mine) for loss in part], "loss")
            self._train_outputs = []
        if "grad_norm" in logs:
            logs |= logged_norms(self._group_norms, logs["grad_norm"])
        if "loss" in logs:
            logs |= self._speed.figures(self.state.global_step, self.state.max_steps, self.args.device)
        super().log(logs, start_time)
