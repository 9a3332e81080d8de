"""Which checkpoint a run continues, and what it must have in common with the run before.

A resumed run equals one that never stopped. Settings are compared with the configuration in the checkpoint;
the rows in their order, and the number of rows in a step, with the file `steps.npz` of the run; the learning
rates of the steps so far are computed anew. Where rows lie, and the number of devices, may change.
"""

import shlex
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from transformers import TrainerState

from got_train.arguments import RESUMED_AS_BEFORE, argument, training_arguments
from got_train.config import Config
from got_train.config_file import load_config, saved_sections
from got_train.data.good_rows import row_keys
from got_train.data.rows import Rows
from got_train.files import atomic_file
from got_train.foreign_files import reading
from got_train.manifest import damage
from got_train.model.shapes import with_shape_of_checkpoint
from got_train.model.tokenizer import load_tokenizer
from got_train.ranks import gather, rank, say
from got_train.report import UserError, counted
from got_train.run_folders import (
    CONFIG_FILE,
    STATE_FILE,
    STEPS_FILE,
    VAL_FILE,
    checkpoint_fault,
    checkpoint_number,
    checkpoints_of,
    holds_adapters,
    newest_checkpoint,
    newest_of_runs,
    renamed,
    runs_of,
    training_state,
)
from got_train.training.checked_rows import CheckedRows, CheckedSet
from got_train.training.optim import learning_rates
from got_train.training.pickles import check_only_data
from got_train.training.plan import StepPlan, total_steps
from got_train.training.zero import DEEPSPEED, PLAIN, ZERO, check_can_share_out, optimizer_kind, part_files
from got_train.typed_values import flat

EVALUATED = ("loss_rows", "read_rows", "max_new_tokens", "early_stopping_patience")
"""Keys of `eval` that must stay where a best checkpoint is chosen."""


def find_resume(config: Config) -> Path | None:
    """The checkpoint to resume from; None for a new run.

    Args:
        config: a configuration with absolute paths.

    Raises:
        UserError: if `resume` names a folder that is not a training checkpoint, or one of a different run.
    """
    if config.resume is None:
        return None
    # One process reads the whole checkpoint to find damage, and tells the others.
    checkpoint = gather(_find_whole(config, config.resume) if rank() == 0 else None)[0]
    if checkpoint is not None:
        _check_can_resume(checkpoint, config)
        check_only_data(checkpoint)
        with reading(f"resume: {checkpoint / STATE_FILE}"):
            TrainerState.load_from_json(str(checkpoint / STATE_FILE))
        check_can_share_out(checkpoint)
    return checkpoint


def _find_whole(config: Config, resume: str) -> Path | None:
    """The checkpoint that `resume` names, without damage; None if there is none yet."""
    if resume == "auto":
        runs = Path(config.output_dir) / config.name
        found = newest_of_runs(runs, whole=True)
        if found is None:
            _check_none_is_damaged(runs)
        return found
    folder = Path(resume)
    if not (folder / CONFIG_FILE).is_file() or not checkpoint_number(folder):
        found = newest_checkpoint(folder, whole=True) or newest_of_runs(folder, whole=True)
        folder = found or folder  # one of another program is refused below
    fault = damage(folder) or renamed(folder)
    if fault is not None:
        raise UserError(
            f"resume: {folder} is damaged: {fault}. Name an older checkpoint of the run, or set resume=auto"
        )
    return folder


def _check_none_is_damaged(runs: Path) -> None:
    """Refuses to begin anew, as if nothing had been trained, where no checkpoint of earlier runs is whole."""
    left = [checkpoint for run in runs_of(runs) for checkpoint in checkpoints_of(run)]
    if left:
        faults = [f"{path.parent.name}/{path.name}: {checkpoint_fault(path, whole=True)}" for path in left]
        raise UserError(
            f"resume: no checkpoint of {runs} is whole ({', '.join(faults)}): put one back, or begin anew "
            "with resume=null"
        )


def _check_can_resume(checkpoint: Path, config: Config) -> None:
    """Refuses a checkpoint that lacks something, or whose settings differ."""
    advice = f"start a new run from its weights: {_from_weights(checkpoint, config)}"
    if not (checkpoint / STATE_FILE).is_file():
        raise UserError(f"resume: {checkpoint} is not a training checkpoint (it has no {STATE_FILE})")
    if not (checkpoint / CONFIG_FILE).is_file():
        raise UserError(f"resume: {checkpoint} is not of got-train (it has no {CONFIG_FILE}): {advice}")
    saved_by, goes_on_by = _optimizer_of(checkpoint), optimizer_kind(argument(config, "deepspeed"))
    lacks = f"has no state of the optimizer ({'optimizer.pt' if goes_on_by == PLAIN else 'global_step*'})"
    if saved_by is None:
        raise UserError(
            f"resume: {checkpoint} {lacks}: it was saved with train.save_only_model, or with another "
            f"train.deepspeed. {advice[0].upper()}{advice[1:]}"
        )
    if saved_by != goes_on_by:
        raise UserError(
            f"resume: {checkpoint} {lacks}: it was saved with {saved_by}, and only goes on so. Set "
            f"train.deepspeed as it was, or {advice}"
        )
    lacking = {"global_step", "max_steps", "train_batch_size"} - training_state(checkpoint).keys()
    if lacking:
        named = ", ".join(sorted(lacking))
        raise UserError(f"resume: {checkpoint / STATE_FILE} is damaged: it lacks {named}")
    _check_others(checkpoint, config)
    saved = _as_moved(checkpoint, config)
    # earlier versions saved the defaults in place of the checkpoint's shape
    saved = replace(saved, model=with_shape_of_checkpoint(saved.model))
    both_choose = None not in map(_best_metric, (saved, config))
    before, now = (resumed_as_before(settings, both_choose) for settings in (saved, config))
    changed = [name for name in sorted({*before, *now}) if before.get(name) != now.get(name)]
    if changed:
        changes = ", ".join(f"{name} was {before.get(name)} and is {now.get(name)}" for name in changed)
        raise UserError(f"resume: a run continues as it began, but {changes}: change it back, or {advice}")


def _optimizer_of(checkpoint: Path) -> str | None:
    """Whose optimizer a checkpoint has, as `optimizer_kind` says it; None if it has none."""
    if part_files(checkpoint):
        return ZERO
    if list(checkpoint.glob("global_step*")):
        return DEEPSPEED
    return PLAIN if (checkpoint / "optimizer.pt").is_file() else None


def _check_others(checkpoint: Path, config: Config) -> None:
    """Refuses to write over later checkpoints of the run, or to go on without its best one."""
    number = checkpoint_number(checkpoint)
    later = [path.name for path in checkpoints_of(checkpoint.parent) if checkpoint_number(path) > number]
    if later and config.resume != "auto":  # which passes over damaged ones only
        raise UserError(
            f"resume: {checkpoint.parent} has later checkpoints, which would be written over: "
            f"move {', '.join(later)} away, or start a new run from its weights: "
            f"{_from_weights(checkpoint, config)}"
        )
    best = training_state(checkpoint).get("best_model_checkpoint")
    if best and argument(config, "load_best_model_at_end"):
        place = checkpoint.parent / Path(best).name
        if not (place / STATE_FILE).is_file():
            raise UserError(
                f"resume: {place}, the best checkpoint so far, is gone: put it back, or set "
                "train.load_best_model_at_end=false"
            )


def _as_moved(checkpoint: Path, config: Config) -> Config:
    """The settings in a checkpoint, with the paths of now where what they name was only moved."""
    saved = load_config(checkpoint / CONFIG_FILE)
    model, now = saved.model, config.model
    decoder = replace(model.decoder, path=_moved(model.decoder.path, now.decoder.path))
    tokenizer = now.decoder.tokenizer
    if tokenizer not in (None, decoder.tokenizer) and _has_tokenizer(checkpoint, tokenizer):
        decoder = replace(decoder, tokenizer=tokenizer)
    model = replace(
        model,
        path=_moved(model.path, now.path),
        init_from=_moved(model.init_from, now.init_from),
        encoder=replace(model.encoder, path=_moved(model.encoder.path, now.encoder.path)),
        decoder=decoder,
    )
    lora = replace(saved.lora, adapters=_moved(saved.lora.adapters, config.lora.adapters))
    return replace(saved, model=model, lora=lora)


def _has_tokenizer(checkpoint: Path, tokenizer: str) -> bool:
    """Whether the tokenizer in a checkpoint is the one of a folder or name."""
    saved, now = (load_tokenizer(source).backend_tokenizer for source in (str(checkpoint), tokenizer))
    return bool(saved.to_str() == now.to_str())


def _moved(before: str | None, now: str | None) -> str | None:
    """The path of now if that of before is gone and ends alike: a checkpoint moves together with its run."""
    if before is None or now is None or Path(before).exists():
        return before
    names = 2 if checkpoint_number(Path(before)) else 1
    return now if Path(before).parts[-names:] == Path(now).parts[-names:] else before


def _best_metric(config: Config) -> str | None:
    """The score that chooses the best checkpoint, by default the loss; None if none is chosen."""
    metric = argument(config, "metric_for_best_model")
    if metric is None and argument(config, "load_best_model_at_end"):
        return "loss"
    return None if metric is None else str(metric).removeprefix("eval_")


LOSSES_AND_RATES = ("learning_rates", "auxiliary_losses", "preference_beta")
"""Our own keys of `train` that a resumed run cannot change."""


def resumed_as_before(config: Config, chooses_best: bool) -> dict[str, Any]:
    """The settings that a resumed run cannot change, by their dotted keys.

    Args:
        config: of the run before, or of the one that goes on.
        chooses_best: whether both choose a best checkpoint: scores of other rows, or another score, cannot be
            compared with the best one so far.
    """
    given = saved_sections(config)
    sections = {name: given[name] for name in ("model", "sample", "lora")}
    del sections["sample"]["max_pixels"]  # it decides which rows are errors: the rows themselves are compared
    train = {name: argument(config, name) for name in RESUMED_AS_BEFORE if name != "learning_rates"}
    sections["train"] = train | {name: given["train"][name] for name in LOSSES_AND_RATES}
    if chooses_best:
        sections["train"]["metric_for_best_model"] = _best_metric(config)
        sections["eval"] = {name: given["eval"][name] for name in EVALUATED}
    return dict(flat(sections))


def has_ended(config: Config, checkpoint: Path, plan: StepPlan) -> bool:
    """Whether nothing is left to train after a checkpoint: its run was at its end, or stopped early."""
    state = training_state(checkpoint)
    patience = config.eval.early_stopping_patience
    stopping: Any = state.get("stateful_callbacks", {})
    for name in ("EarlyStoppingCallback", "attributes"):
        stopping = stopping.get(name) if isinstance(stopping, dict) else None
    counter = stopping.get("early_stopping_patience_counter", 0) if isinstance(stopping, dict) else 0
    stopped = patience is not None and isinstance(counter, int) and counter >= patience
    return stopped or bool(state["global_step"] >= total_steps(config, plan))


def resume_lines(config: Config, checkpoint: Path | None, plan: StepPlan) -> list[str]:
    """What `resume` comes to; nothing for a run that does not ask for it."""
    if config.resume is None:
        return []
    if checkpoint is None:
        return [f"resume: {Path(config.output_dir) / config.name} has no checkpoint, a new run starts"]
    done = training_state(checkpoint)["global_step"]
    if done > total_steps(config, plan):
        return [f"nothing is left to train: {checkpoint} is after step {done:,}, the run would end before"]
    if has_ended(config, checkpoint, plan):
        return [f"nothing is left to train: {checkpoint} is the end of this run"]
    return [f"resume: after step {done:,} of {total_steps(config, plan):,}, from {checkpoint}"]


def _steps_of(rows: CheckedRows, plan: StepPlan) -> dict[str, np.ndarray]:
    """What the steps of a run are made of, as `STEPS_FILE` has it."""
    return {
        "training": _keys(rows.train),
        "validation": np.zeros(0, dtype=np.uint64) if rows.val is None else _keys(rows.val),
        "step_rows": np.array(plan.step_rows),
    }


def _keys(checked: CheckedSet) -> np.ndarray:
    """The keys of a set's rows, which a dry run has not read all."""
    return row_keys(checked.rows) if checked.keys is None else checked.keys


def write_steps(run_dir: Path, rows: CheckedRows, plan: StepPlan) -> None:
    """Writes what the steps of a new run are made of."""
    with atomic_file(run_dir / STEPS_FILE) as part, open(part, "wb") as file:
        np.savez(file, allow_pickle=False, **_steps_of(rows, plan))


def check_same_steps(checkpoint: Path, config: Config, rows: CheckedRows, plan: StepPlan) -> None:
    """Refuses to go on with other rows, another number of them in a step, or other learning rates.

    Raises:
        UserError: with what it was, what it is, and what to do.
    """
    file = checkpoint / STEPS_FILE
    if not file.is_file():  # earlier versions had it in the run folder only
        file = checkpoint.parent / STEPS_FILE
    if file.is_file():
        before = read_steps(file)
        _check_rows(checkpoint, config, rows, before, _steps_of(rows, plan))
        _check_step_rows(int(before["step_rows"]), plan.step_rows)
    else:
        say(f"resume: {file} does not exist, as in runs of earlier versions: the rows cannot be compared")
    _check_rates(checkpoint, config, plan)


def read_steps(file: Path) -> dict[str, np.ndarray]:
    """What the steps of a run are made of, from its `STEPS_FILE`.

    Raises:
        UserError: if the file is not one that a run wrote.
    """
    with reading(f"resume: {file}"), zipfile.ZipFile(file) as archive:
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in archive.infolist()):
            raise UserError(f"resume: {file} is damaged (it is compressed, as no run writes it)")
        arrays = dict(np.load(file, allow_pickle=False))
        steps = {name: arrays[name] for name in ("training", "validation", "step_rows")}
        if steps["step_rows"].ndim or any(steps[name].ndim != 1 for name in ("training", "validation")):
            raise UserError(f"resume: {file} is damaged (arrays of other shapes)")
    return steps


def _check_rows(
    checkpoint: Path,
    config: Config,
    rows: CheckedRows,
    before: dict[str, np.ndarray],
    now: dict[str, np.ndarray],
) -> None:
    sets = {"training": rows.train.rows, "validation": None if rows.val is None else rows.val.rows}
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
    new_run, words = "start a new run from its weights", _from_weights(checkpoint, config)
    if config.data.val is None and (checkpoint.parent / VAL_FILE).is_file():
        new_run += " that keeps its validation rows apart"
        words += f" {shlex.quote(f'data.val_run={checkpoint.parent}')}"
    raise UserError(
        f"resume: a run continues as it began, but its rows have changed ({what}; {numbers}{place}). Give "
        f"the rows of before, or {new_run}: {words}"
    )


def _first_changed(rows: Rows | None, before: np.ndarray, now: np.ndarray) -> str:
    """The place of the first row that is another, for the message."""
    both = min(len(before), len(now))
    index = int(np.argmin(np.append(before[:both] == now[:both], False)))
    return f"; the first other row is {rows.location(index)}" if rows and index < len(rows) else ""


def _from_weights(checkpoint: Path, config: Config) -> str:
    """The words that, added to the command, start a new run from the weights of a checkpoint."""
    words = [f"model.path={checkpoint}"]
    if holds_adapters(str(checkpoint)):
        words = [f"lora.adapters={checkpoint}"]
    elif config.model.whole is None:
        words = ["model=null", *words]  # the checkpoint has a shape and a tokenizer of its own
    return shlex.join(["resume=null", *words])


def _check_step_rows(was: int, now: int) -> None:
    if was != now:
        raise UserError(
            f"resume: a run continues as it began, but a step had {counted(was, 'sample')} and has {now:,}: "
            f"set train.global_batch_size={was}, which means the same for all batch sizes and devices"
        )


def _check_rates(checkpoint: Path, config: Config, plan: StepPlan) -> None:
    """Refuses another number of steps if the steps so far would then have had other learning rates."""
    state = training_state(checkpoint)
    was, now, done = state["max_steps"], total_steps(config, plan), state["global_step"]
    arguments = training_arguments(config, plan.accumulation, Path(config.output_dir), has_validation=True)
    if was != now and learning_rates(arguments, was, done) != learning_rates(arguments, now, done):
        raise UserError(
            f"resume: the {arguments.lr_scheduler_type.value} schedule was made for {counted(was, 'step')} "
            f"and cannot become one of {now:,}: the {counted(done, 'step')} so far would have had other "
            f"learning rates. Set train.max_steps={was}, or start a new run from its weights: "
            f"{_from_weights(checkpoint, config)}"
        )
