"""Tables and advice that a run prints before its first step."""

import math
from pathlib import Path

import torch
from transformers import TrainerState

from got_train.arguments import argument, is_float32_instead
from got_train.config import Config
from got_train.data.sources import ChosenRows
from got_train.model.checkpoints import run_config
from got_train.model.processor import template_of
from got_train.ranks import is_launched, world_size
from got_train.report import counted, table
from got_train.run_folders import best_checkpoint, newest_checkpoint
from got_train.training.plan import StepPlan, total_steps

REPLAY_ADVISED = 0.2
"""Share of replayed rows that the authors advise for fine-tuning (issue 138 of their repository)."""

FEW_STEPS = 50
FEW_VALIDATION_ROWS = 10
"""Below these a run says what to set."""


def data_table(config: Config, rows: ChosenRows) -> str:
    """The number of rows of each set in an epoch, and of validation rows."""
    counts = [("train", *count) for count in rows.train.counts().items()]
    if rows.replay is not None:
        counts += [("replay", *count) for count in rows.replay.counts().items()]
    if rows.val is not None:
        kept = config.data.val or ([config.data.val_run] if config.data.val_run else [])
        source = ", ".join(kept) or "split off the training rows"
        counts.append(("val", source, len(rows.val)))
    return table(["data", "source", "rows"], counts)


def replay_advice(config: Config, rows: ChosenRows) -> list[str]:
    """The authors' advice, for runs that start from a whole model and replay too few rows of its training."""
    share = (0 if rows.replay is None else len(rows.replay)) / len(rows.all_training)
    compared = config.train.preference_beta is not None  # rows to replay have one answer
    if config.model.whole is None or compared or share >= REPLAY_ADVISED:
        return []
    return [
        f"replay: {share:.0%} of the rows. The authors of GOT-OCR2.0 advise at least {REPLAY_ADVISED:.0%} "
        "rows of the kinds that the model could read before, or it forgets them: name some in data.replay"
    ]


def steps_line(config: Config, plan: StepPlan) -> str:
    """The number of optimizer steps, which follows from data and batch sizes."""
    devices = counted(plan.world_size, "device")
    size = argument(config, "per_device_train_batch_size")
    batches = f"{size} per device x {plan.accumulation} accumulated x {devices}"
    if plan.balance is not None:
        batches = (
            f"each in {plan.accumulation} x {plan.world_size} batches of about the same work, "
            f"of at most {counted(config.train.tokens_per_batch or 0, 'token')}"
        )
    elif config.train.tokens_per_batch is not None:
        batches = f"in batches of at most {config.train.tokens_per_batch:,} tokens on {devices}"
    steps = counted(total_steps(config, plan), "optimizer step")
    return f"{steps} of {counted(plan.step_rows, 'sample')} ({batches}), {plan.steps_per_epoch:,} an epoch"


def template_advice(config: Config) -> list[str]:
    """What a model from `lora.adapters` or `model.path` was trained with, if this run asks it otherwise.

    The decoder of a model from `model.init_from` is new, and has been asked nothing yet.
    """
    trained_before = config.lora.adapters or config.model.whole
    if trained_before is None:
        return []
    folder, asked = Path(trained_before), config.sample.template
    trained = run_config(folder, config.model.path, template_of(folder) or asked).sample.template
    if trained == asked:
        return []
    return [
        f"sample.template is {asked}, but {trained_before} was trained with {trained}. To keep to it, set "
        f"sample.template={trained}"
    ]


def devices_advice() -> list[str]:
    """Advice if a single process sees several devices."""
    count = torch.accelerator.device_count()
    if world_size() > 1 or count < 2:
        return []
    return [f"1 of {count} devices is used: torchrun --nproc_per_node={count} -m got_train uses all of them"]


def precision_advice(config: Config) -> list[str]:
    """What a device does in place of what was asked for."""
    if not is_float32_instead(config):
        return []
    return ["train.fp16 has no effect on a CPU: it computes in float32"]


def launcher_advice(config: Config) -> list[str]:
    """What a config for DeepSpeed needs, if this process was started without it."""
    if config.train.arguments.get("deepspeed") is None or is_launched():
        return []
    return [
        "train.deepspeed needs a launcher, on one device too: deepspeed --module got_train train ..., or "
        "torchrun --nproc_per_node=1 -m got_train train ..."
    ]


def checked_lines(chosen: ChosenRows, most: int) -> list[str]:
    """How many rows a dry run has checked, if these are not all."""
    sets = {"training": chosen.all_training, "validation": chosen.val}
    parts = [f"{most:,} of {len(rows):,} {name}" for name, rows in sets.items() if rows and len(rows) > most]
    if not parts:
        return []
    return [
        f"rows: {' and '.join(parts)} rows were checked; got-train check-data CONFIG key=value checks all"
    ]


def size_advice(config: Config, chosen: ChosenRows, plan: StepPlan) -> list[str]:
    """What to set where a run has few steps or validation rows, or an evaluation that never comes."""
    lines, steps = [], total_steps(config, plan)
    if steps < FEW_STEPS:
        more = f"train.max_steps={FEW_STEPS}"
        if argument(config, "max_steps") <= 0:
            smaller = max(1, plan.step_rows * steps // FEW_STEPS)
            more = f"train.num_train_epochs={math.ceil(FEW_STEPS / plan.steps_per_epoch)}"
            more += f", or train.global_batch_size={smaller}" * (smaller < plan.step_rows)
        lines.append(f"{counted(steps, 'optimizer step')}: little can be learnt. For {FEW_STEPS}, set {more}")
    warmup = argument(config, "warmup_steps")
    if warmup >= max(1, steps) and argument(config, "lr_scheduler_type") != "constant":
        lines.append(
            f"train.warmup_steps is {warmup:g} of {counted(steps, 'step')}: the learning rate never reaches "
            f"its value. Set train.warmup_steps={steps // 10}, or 0.1 for a tenth of the steps"
        )
    number = 0 if chosen.val is None else len(chosen.val)
    evaluates = argument(config, "eval_strategy")
    ratio = math.ceil(100 * FEW_VALIDATION_ROWS / (len(chosen.train.distinct) + number)) / 100
    more = f"data.val_ratio={min(0.5, ratio)}"
    if config.data.val or config.data.val_run:
        more = "name more in data.val"
    if number == 0 and evaluates != "no":
        lines.append(f"no validation rows: train.eval_strategy has no effect. Set {more}")
    elif 0 < number < FEW_VALIDATION_ROWS:
        lines.append(f"{counted(number, 'validation row')}: scores will be rough. For more, {more}")
    every = argument(config, "eval_steps") or argument(config, "logging_steps")
    if number and evaluates == "steps" and every > steps:
        lines.append(f"no evaluation in {counted(steps, 'step')}: set train.eval_steps={max(1, steps // 4)}")
    return lines


def early_line(config: Config, state: TrainerState, metric: str | None) -> list[str]:
    """That a run has ended before its last step, and why."""
    patience = config.eval.early_stopping_patience
    if patience is None or state.global_step >= state.max_steps:
        return []
    evaluations = counted(patience, "evaluation")
    return [
        f"stopped early, after step {state.global_step:,} of {state.max_steps:,}: {evaluations} in a row "
        f"without a better {metric} (eval.early_stopping_patience)"
    ]


def saved_line(run_dir: Path, state: TrainerState, metric: str | None) -> str:
    """The checkpoint that the folder of a run stands for, and why.

    Args:
        run_dir: the run's folder.
        state: the state at the end of the run.
        metric: the score that chooses the best checkpoint.
    """
    newest = newest_checkpoint(run_dir)
    if newest is None:
        return f"run folder: {run_dir} (no checkpoint was saved: train.save_strategy says when)"
    best = best_checkpoint(newest)
    if best is None:
        return f"run folder: {run_dir} (stands for {newest.name}, its last)"
    line = f"run folder: {run_dir} (stands for {best.name}, the best by {metric}; the last is {newest.name}"
    if best.name != f"checkpoint-{state.best_global_step}":
        line += (
            f"; step {state.best_global_step} was better and was not saved: set train.save_steps to "
            "train.eval_steps"
        )
    return f"{line})"
