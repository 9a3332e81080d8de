"""Which checkpoint a run continues, and what it must have in common with the run before.

A resumed run equals one that never stopped. Settings are compared with the configuration in the checkpoint;
the rows in their order, and the number of rows in a step, with the file `steps.npz` of the run; the learning
rates of the steps so far are computed anew. Where rows lie, and the number of devices, may change.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from omegaconf import OmegaConf

from got_train.arguments import RESUMED_AS_BEFORE, argument, training_arguments
from got_train.config import Config
from got_train.config_file import flat, load_config, to_yaml
from got_train.data.good_rows import content_keys
from got_train.data.rows import Rows
from got_train.model.shapes import with_shape_of_checkpoint
from got_train.ranks import rank, say, world_size
from got_train.report import UserError, counted
from got_train.run_folders import CONFIG_FILE, STATE_FILE, holds_adapters, newest_of_runs, read_json
from got_train.training.checked_rows import CheckedRows
from got_train.training.optim import learning_rates
from got_train.training.plan import StepPlan, total_steps

STEPS_FILE = "steps.npz"
"""What the steps of a run are made of: `training` and `validation` are the keys of its rows (see
`good_rows.content_key`), `step_rows` is the number of rows in a step."""

EVALUATED = ("loss_rows", "read_rows", "max_new_tokens", "early_stopping_patience")
"""Keys of `eval` that must stay where a best checkpoint is chosen."""

PATHS = (
    "model.path",
    "model.init_from",
    "model.encoder.path",
    "model.decoder.path",
    "model.decoder.tokenizer",
)


def find_resume(config: Config) -> Path | None:
    """The checkpoint to resume from; None for a new run.

    Args:
        config: a configuration with absolute paths.

    Raises:
        UserError: if `resume` names a folder that is not a training checkpoint, or one of a different run.
    """
    if config.resume is None:
        return None
    checkpoint: Path | None = Path(config.resume)
    if config.resume == "auto":
        checkpoint = newest_of_runs(Path(config.output_dir) / config.name)
    if checkpoint is not None:
        _check_can_resume(checkpoint, config)
    return checkpoint


def _check_can_resume(checkpoint: Path, config: Config) -> None:
    """Refuses a checkpoint that lacks something, or whose settings differ."""
    advice = "start a new run from its weights, with model.path"
    if not (checkpoint / CONFIG_FILE).is_file():
        raise UserError(f"resume: {checkpoint} is not of got-train (it has no {CONFIG_FILE}): {advice}")
    by_deepspeed = config.train.arguments.get("deepspeed") is not None
    optimizer = "global_step*" if by_deepspeed else "optimizer.pt"
    if not list(checkpoint.glob(optimizer)):
        raise UserError(
            f"resume: {checkpoint} has no state of the optimizer ({optimizer}): it was saved with "
            f"train.save_only_model, or with another train.deepspeed. {advice[0].upper()}{advice[1:]}"
        )
    states = len(list(checkpoint.glob("global_step*/*_optim_states.pt")))
    if by_deepspeed and states != world_size():
        raise UserError(
            f"resume: {checkpoint} has the optimizer of {counted(states, 'device')}, which DeepSpeed cannot "
            f"share out on {counted(world_size(), 'device')}: launch as many, or {advice}"
        )
    saved = load_config(checkpoint / CONFIG_FILE)
    # earlier versions saved the defaults in place of the checkpoint's shape
    saved = replace(saved, model=with_shape_of_checkpoint(saved.model))
    before, now = map(_resumed_as_before, (saved, config))
    changed = [name for name in sorted({*before, *now}) if not _same(name, before.get(name), now.get(name))]
    if changed:
        changes = ", ".join(f"{name} was {before.get(name)} and is {now.get(name)}" for name in changed)
        raise UserError(f"resume: a run continues as it began, but {changes}: change it back, or {advice}")


def _resumed_as_before(config: Config) -> dict[str, Any]:
    """The settings that a resumed run cannot change, by their dotted keys."""
    given = OmegaConf.to_container(OmegaConf.create(to_yaml(config)))
    assert isinstance(given, dict)
    sections = {name: given[name] for name in ("model", "sample", "lora")}
    del sections["sample"]["max_pixels"]  # it decides which rows are errors: the rows themselves are compared
    train = {name: argument(config, name) for name in RESUMED_AS_BEFORE if name != "learning_rates"}
    sections["train"] = train | {"learning_rates": given["train"]["learning_rates"]}
    if train["metric_for_best_model"] is not None or argument(config, "load_best_model_at_end"):
        # Scores of other rows cannot be compared with the best one so far.
        sections["eval"] = {name: given["eval"][name] for name in EVALUATED}
    return dict(flat(sections))


def _same(name: str, before: Any, now: Any) -> bool:
    """Whether two values are equal; a checkpoint is the same if it was moved together with its run folder."""
    if name not in PATHS or None in (before, now) or Path(before).exists():
        return bool(before == now)
    return Path(before).parts[-2:] == Path(now).parts[-2:]


def has_ended(config: Config, checkpoint: Path, plan: StepPlan) -> bool:
    """Whether nothing is left to train after a checkpoint: its run was at its end, or stopped early."""
    state = read_json(checkpoint / STATE_FILE)
    patience = config.eval.early_stopping_patience
    stopping = state.get("stateful_callbacks", {}).get("EarlyStoppingCallback", {}).get("attributes", {})
    stopped = patience is not None and stopping.get("early_stopping_patience_counter", 0) >= patience
    return stopped or bool(state["global_step"] >= total_steps(config, plan))


def resume_lines(config: Config, checkpoint: Path | None, plan: StepPlan) -> list[str]:
    """What `resume` comes to; nothing for a run that does not ask for it."""
    if config.resume is None:
        return []
    if checkpoint is None:
        return [f"resume: {Path(config.output_dir) / config.name} has no checkpoint, a new run starts"]
    if has_ended(config, checkpoint, plan):
        return [f"nothing is left to train: {checkpoint} is the end of this run"]
    done = read_json(checkpoint / STATE_FILE)["global_step"]
    return [f"resume: after step {done:,} of {total_steps(config, plan):,}, from {checkpoint}"]


def _steps_of(rows: CheckedRows, plan: StepPlan) -> dict[str, np.ndarray]:
    """What the steps of a run are made of, as `STEPS_FILE` has it."""
    no_rows = np.zeros(0, dtype=np.uint64)
    return {
        "training": content_keys(rows.train),
        "validation": no_rows if rows.val is None else content_keys(rows.val),
        "step_rows": np.array(plan.step_rows),
    }


def write_steps(run_dir: Path, rows: CheckedRows, plan: StepPlan) -> None:
    """Writes what the steps of a new run are made of; every rank reads its share of the rows."""
    steps = _steps_of(rows, plan)
    if rank() == 0:
        np.savez(run_dir / STEPS_FILE, allow_pickle=False, **steps)


def check_same_steps(checkpoint: Path, config: Config, rows: CheckedRows, plan: StepPlan) -> None:
    """Refuses to go on with other rows, another number of them in a step, or other learning rates.

    Raises:
        UserError: with what it was, what it is, and what to do.
    """
    file = checkpoint.parent / STEPS_FILE
    if file.is_file():
        with np.load(file) as arrays:
            before = dict(arrays)
        _check_rows(checkpoint, config, rows, before, _steps_of(rows, plan))
        _check_step_rows(int(before["step_rows"]), plan.step_rows)
    else:
        say(f"resume: {file} does not exist, as in runs of earlier versions: the rows cannot be compared")
    _check_rates(checkpoint, config, plan)


def _check_rows(
    checkpoint: Path,
    config: Config,
    rows: CheckedRows,
    before: dict[str, np.ndarray],
    now: dict[str, np.ndarray],
) -> None:
    sets = {"training": rows.train, "validation": rows.val}
    changed = [name for name in sets if not np.array_equal(before[name], now[name])]
    if not changed:
        return
    was, are = (np.concatenate([keys[name] for name in sets]) for keys in (before, now))
    new, gone = (len(np.setdiff1d(some, others)) for some, others in ((are, was), (was, are)))
    what = f"{new:,} new, {gone:,} gone" if new or gone else "drawn or ordered otherwise"
    numbers = ", ".join(
        f"{name} had {len(before[name]):,} and has {len(now[name]):,}" for name in sets if len(before[name])
    )
    place = _first_changed(sets[changed[0]], before[changed[0]], now[changed[0]])
    raise UserError(
        f"resume: a run continues as it began, but its rows have changed ({what}; {numbers}{place}). Give "
        "the rows of before, or start a new run from its weights that keeps its validation rows apart: "
        f"data.val_run={checkpoint.parent} {_from_weights(checkpoint, config)}"
    )


def _first_changed(rows: Rows | None, before: np.ndarray, now: np.ndarray) -> str:
    """The place of the first row that is another, for the message."""
    both = min(len(before), len(now))
    index = int(np.argmin(np.append(before[:both] == now[:both], False)))
    return f"; the first other row is {rows.location(index)}" if rows and index < len(rows) else ""


def _from_weights(checkpoint: Path, config: Config) -> str:
    """How a new run starts from a checkpoint; adapters have to be merged before.

    A run that was not made of one whole model has other keys of `model`, which `model.path` excludes.
    """
    merged = f"{checkpoint}-merged (from got-train merge {checkpoint})"
    words = f"model.path={merged if holds_adapters(str(checkpoint)) else checkpoint}"
    return words if config.model.path is not None else f"{words} in place of the config's section model"


def _check_step_rows(was: int, now: int) -> None:
    if was != now:
        raise UserError(
            f"resume: a run continues as it began, but a step had {counted(was, 'sample')} and has {now:,}: "
            f"set train.global_batch_size={was}, which means the same for all batch sizes and devices"
        )


def _check_rates(checkpoint: Path, config: Config, plan: StepPlan) -> None:
    """Refuses another number of steps if the steps so far would then have had other learning rates."""
    state = read_json(checkpoint / STATE_FILE)
    was, now, done = state["max_steps"], total_steps(config, plan), state["global_step"]
    arguments = training_arguments(config, plan.accumulation, Path(config.output_dir), has_validation=True)
    if was != now and learning_rates(arguments, was, done) != learning_rates(arguments, now, done):
        raise UserError(
            f"resume: the {arguments.lr_scheduler_type.value} schedule was made for {counted(was, 'step')} "
            f"and cannot become one of {now:,}: the {counted(done, 'step')} so far would have had other "
            f"learning rates. Set train.max_steps={was}, or start a new run from its weights: "
            f"{_from_weights(checkpoint, config)}"
        )
