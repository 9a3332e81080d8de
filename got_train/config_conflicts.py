"""Values of different sections that cannot be used together, though each is valid by itself."""

import math
from collections.abc import Callable, Iterator
from typing import Any

from got_train.config import HIGHER_IS_BETTER, MUON, SCORES, EvalConfig, LoraSettings, TrainConfig
from got_train.report import did_you_mean


def encoder_conflicts(lora: LoraSettings, train: TrainConfig) -> Iterator[str]:
    """Refuses a rate without an effect, and to keep what an encoder makes of pictures while it changes."""
    rates = train.learning_rates
    if lora.enabled and rates.convolutions is not None:
        yield "train.learning_rates.convolutions has no effect with lora.enabled: leave it out"
    whole_encoder_frozen = rates.encoder == 0 and rates.convolutions in (None, 0)
    trains_encoder = "encoder" in lora.modules if lora.enabled else not whole_encoder_frozen
    if train.cache_features and trains_encoder:
        yield (
            "train.cache_features keeps what the encoder makes of pictures, but the encoder is trained: "
            "freeze it (train.learning_rates.encoder=0, or lora.modules without it), or leave "
            "cache_features out"
        )


def preference_conflicts(lora: LoraSettings, train: TrainConfig) -> Iterator[str]:
    """Refuses settings with which the model without adapters is no reference."""
    if train.preference_beta is None:
        return
    if not lora.enabled:
        yield (
            "train.preference_beta compares the model with what it was, which only adapters leave in memory: "
            "set lora.enabled=true"
        )
    elif lora.adapters is not None:
        yield (
            "train.preference_beta compares the model with what it is without adapters: merge "
            f"lora.adapters first with `got-train merge {lora.adapters}`, and name the merged model in "
            "model.path"
        )
    elif lora.dropout > 0:
        yield (
            "train.preference_beta compares probabilities, which lora.dropout would make random: set "
            "lora.dropout=0"
        )


def auxiliary_conflicts(lora: LoraSettings, train: TrainConfig) -> Iterator[str]:
    """Refuses auxiliary losses of weights that adapters would leave as they are."""
    if lora.enabled and train.auxiliary_losses.weights:
        yield (
            "train.auxiliary_losses train all weights of the encoder and the connector, which adapters leave "
            "as they are: leave them out, or set lora.enabled=false"
        )


def muon_conflicts(lora: LoraSettings, train: TrainConfig) -> Iterator[str]:
    """Refuses Muon where nothing has been made for it."""
    if train.arguments.get("optim") != MUON:
        return
    if lora.enabled:
        yield "train.optim=muon is for whole matrices, not adapters: leave it out, or set lora.enabled=false"
    if train.arguments.get("deepspeed"):
        yield "train.optim=muon does not work with train.deepspeed, which shares matrices out: leave one out"
    if train.arguments.get("optim_args"):
        yield "train.optim_args has no effect with train.optim=muon: leave it out"


def _evaluations_beside_saves(arguments: dict[str, Any]) -> Iterator[str]:
    """Refuses checkpoints of which none, or not each, has been evaluated when the best one is chosen."""
    saves, evaluates = arguments.get("save_strategy", "steps"), arguments.get("eval_strategy", "no")
    if not arguments.get("load_best_model_at_end") or saves == "best":
        return
    why = "train.load_best_model_at_end chooses among checkpoints that were evaluated"
    if saves != evaluates:
        yield (
            f"{why}, but train.save_strategy is {saves} and train.eval_strategy is {evaluates}: set "
            f"train.eval_strategy={saves if saves != 'no' else 'steps'}"
            + " train.save_strategy=steps"
            * (saves == "no")
        )
    elif saves == "steps":
        every = arguments.get("save_steps", 500)
        # transformers evaluates as often as it logs, unless it is told otherwise
        evaluated = arguments.get("eval_steps") or arguments.get("logging_steps", 500)
        if not math.isclose(every / evaluated, max(1, round(every / evaluated))):
            yield (
                f"{why}, but train.save_steps {every} is no multiple of train.eval_steps {evaluated}: set "
                f"train.eval_steps={every}"
            )


def best_checkpoint_conflicts(train: TrainConfig, evaluation: EvalConfig) -> Iterator[str]:
    """Refuses what cannot choose the best checkpoint, which would show at the first evaluation."""
    arguments = train.arguments
    metrics = ["loss", *(SCORES if evaluation.read_rows > 0 else ())]
    metric = arguments.get("metric_for_best_model")
    chosen = metric is not None or arguments.get("load_best_model_at_end")
    evaluates = arguments.get("eval_strategy", "no") != "no"
    if arguments.get("save_strategy") == "best" and not (chosen and evaluates):
        yield (
            "train.save_strategy best needs train.eval_strategy, epoch or steps, and "
            f"train.metric_for_best_model: {', '.join(metrics)}"
        )
    if evaluation.early_stopping_patience is not None and not (chosen and evaluates):
        yield (
            "eval.early_stopping_patience needs train.eval_strategy, epoch or steps, and "
            "train.load_best_model_at_end=true (or train.metric_for_best_model)"
        )
    yield from _evaluations_beside_saves(arguments)
    name = (metric or "loss").removeprefix("eval_")
    of_a_kind = name.startswith("loss_")  # which kinds the rows are of is not known here
    if name not in metrics and not of_a_kind:
        yield f"train.metric_for_best_model {metric}: {did_you_mean(name, metrics)}"
        return
    asked, higher = arguments.get("greater_is_better"), name in HIGHER_IS_BETTER
    if asked not in (None, higher):
        yield (
            f"train.greater_is_better={str(asked).lower()} would choose the worst checkpoint, as a "
            f"{'higher' if higher else 'lower'} {name} is better: leave it out"
        )


SPANNING: tuple[tuple[tuple[str, ...], Callable[..., Iterator[str]]], ...] = (
    (("lora", "train"), encoder_conflicts),
    (("lora", "train"), preference_conflicts),
    (("lora", "train"), auxiliary_conflicts),
    (("lora", "train"), muon_conflicts),
    (("train", "eval"), best_checkpoint_conflicts),
)
"""Conflicts between sections, each with the sections that it takes."""
