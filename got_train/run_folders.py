"""The folders that runs leave: `output_dir/name/vN-date-time/checkpoint-N`."""

import logging
import re
from pathlib import Path
from typing import Any

from got_train.foreign_files import read_json, read_yaml
from got_train.hubs import HUB_ID, has_prefix, hub_model
from got_train.manifest import damage, wrong_size
from got_train.report import UserError, check_new_folder

logger = logging.getLogger(__name__)

CONFIG_FILE = "args.yaml"
"""Name under which a run and each of its checkpoints keep the resolved configuration."""

STATE_FILE = "trainer_state.json"
"""The file that training writes last into a checkpoint: a checkpoint without it is incomplete."""

CHECKPOINT = r"checkpoint-(\d+)"

WEIGHTS = "*.safetensors"
"""The files of a checkpoint that hold weights of a model or of adapters."""

VAL_FILE = "val_dataset.jsonl"
"""The validation rows of a run, with absolute image paths; the name is ms-swift's."""

LOG_FILE = "logging.jsonl"
"""The log of a run, one line a report, with ms-swift's names where it has one."""

VERSIONS_FILE = "versions.json"
"""The command, the commit and the versions of packages of a run."""

COMPARISON_FILE = "comparison.json"
"""Scores before and after fine-tuning, by set of rows."""

READINGS = "readings"
"""The folder in a run's with what each evaluation has read: `step-N.jsonl`, as `infer --output` writes it."""

STEPS_FILE = "steps.npz"
"""What the steps of a run are made of, in its folder and in each checkpoint: `training` and `validation` are
the keys of its rows (see `good_rows.content_key`), `step_rows` is the number of rows in a step."""

ADAPTER_FILE = "adapter_config.json"
"""peft's configuration, which marks a checkpoint of adapters."""


def resolve_checkpoint(path: str) -> str:
    """The checkpoint that a run folder or a run's name stands for; a checkpoint or hub id stands for itself.

    It is the best of a run that chooses one (`train.load_best_model_at_end`), the newest of any other.

    An id of ModelScope becomes the folder into which it is downloaded: see `hubs.hub_model`.

    >>> resolve_checkpoint("organisation/model")
    'organisation/model'

    Raises:
        UserError: if a folder holds no checkpoint, its best one is gone, weights have another size than they
            had (who reads them looks at their hashes), or a path does not exist.
    """
    folder = Path(path)
    if folder.is_file():
        raise UserError(f"checkpoint {path} is a file: name the folder that it is in")
    if not folder.is_dir():
        if has_prefix(path):
            return hub_model(path)
        if path.startswith(".") or HUB_ID.fullmatch(path) is None or folder.parent.is_dir():
            raise UserError(f"checkpoint {path} does not exist")
        return hub_model(path)
    if any((folder / name).is_file() for name in ("config.json", ADAPTER_FILE)):
        fault = wrong_size(folder, WEIGHTS)
        if fault is not None:
            raise UserError(f"checkpoint {path} is damaged: {fault}")
        return path
    found = newest_checkpoint(folder) or newest_of_runs(folder)
    found = found and (best_checkpoint(found) or found)
    if found is None:
        raise UserError(f"{path} holds no checkpoint: no config.json, no checkpoint-N, no run folder vN-*")
    return str(found)


def whole_checkpoint(key: str, path: str) -> str:
    """As `resolve_checkpoint`, for a place where only a whole model can stand.

    Args:
        key: the key or option that names the model, for the error.
        path: what `resolve_checkpoint` takes.

    Raises:
        UserError: also if there are only adapters.
    """
    checkpoint = resolve_checkpoint(path)
    if holds_adapters(checkpoint):
        goes_on = f"; or train them on: lora.adapters={checkpoint} in place of it" * (key == "model.path")
        raise UserError(
            f"{key} {checkpoint} holds adapters, not a whole model: merge them first with "
            f"`got-train merge {checkpoint}`, and name the folder that it writes{goes_on}"
        )
    return checkpoint


def absolute(path: str | None) -> str | None:
    """The absolute path of an existing file or folder; hub ids do not change."""
    return str(Path(path).resolve()) if path is not None and Path(path).exists() else path


def runs_of(folder: Path) -> list[Path]:
    """Run folders `vN-...`, the newest first."""
    return sorted_by_number(folder, r"v(\d+)-.*")


def newest_of_runs(folder: Path, whole: bool = False) -> Path | None:
    """The newest whole checkpoint of the run folders in `folder`: see `newest_checkpoint`."""
    found = (newest_checkpoint(run, whole) for run in runs_of(folder))
    return next(filter(None, found), None)


def newest_checkpoint(run: Path, whole: bool = False) -> Path | None:
    """The newest whole `checkpoint-N` of a run folder; a line says which were passed over, and why.

    Args:
        run: a run folder.
        whole: whether every file is to be read and compared with what was saved, as for a run that goes on.
            Otherwise only weights are looked at, and only their sizes.
    """
    for checkpoint in checkpoints_of(run):
        fault = checkpoint_fault(checkpoint, whole)
        if fault is None:
            return checkpoint
        logger.warning("%s is passed over: %s", checkpoint, fault)
    return None


def checkpoints_of(run: Path) -> list[Path]:
    """The folders `checkpoint-N` of a run, the newest first."""
    return sorted_by_number(run, CHECKPOINT)


def readings_file(run: Path, step: int) -> Path:
    """Where the readings of the evaluation after a step are kept."""
    return run / READINGS / f"step-{step}.jsonl"


def readings_of(run: Path) -> dict[int, Path]:
    """The files of readings of a run by their steps, the first step first."""
    files = (run / READINGS).glob("step-*.jsonl")
    matches = [(re.fullmatch(r"step-(\d{1,15})\.jsonl", file.name), file) for file in files]
    return dict(sorted((int(match[1]), file) for match, file in matches if match and file.is_file()))


def checkpoint_number(checkpoint: Path) -> int:
    """The step of a `checkpoint-N`; 0 for a folder of another name."""
    match = re.fullmatch(CHECKPOINT, checkpoint.name)
    return int(match[1]) if match else 0


def checkpoint_fault(checkpoint: Path, whole: bool = False) -> str | None:
    """What a checkpoint of training lacks, or what is damaged; None for a whole one."""
    if not (checkpoint / STATE_FILE).is_file():
        return f"it is incomplete (no {STATE_FILE})"
    return (damage(checkpoint) if whole else wrong_size(checkpoint, WEIGHTS)) or renamed(checkpoint)


def renamed(checkpoint: Path) -> str | None:
    """That a `checkpoint-N` was renamed or copied, by the step that its state tells, if it tells one."""
    number = checkpoint_number(checkpoint)
    if not number or not (checkpoint / STATE_FILE).is_file():
        return None
    try:
        step = training_state(checkpoint).get("global_step", number)
    except UserError:  # who reads more than the weights says what is wrong with it
        return None
    return None if step == number else f"it is the checkpoint of step {step}, renamed or copied"


def _is_logged(entry: Any) -> bool:
    """Whether a value is a line of a run's log: figures at a step."""
    return (
        isinstance(entry, dict)
        and all(isinstance(entry.get(name, 0), int | float) for name in ("step", "loss", "epoch"))
        and ("loss" not in entry or "step" in entry)
    )


def training_state(checkpoint: Path) -> dict[str, Any]:
    """What transformers wrote of a run into a checkpoint.

    Raises:
        UserError: if the file is missing, or a value that is used has another type.
    """
    file = checkpoint / STATE_FILE
    state = read_json(file)
    kinds: dict[str, type | tuple[type, ...]] = {
        **dict.fromkeys(("global_step", "max_steps", "train_batch_size"), int),
        **dict.fromkeys(("logging_steps", "eval_steps", "save_steps", "num_train_epochs"), (int, float)),
        **dict.fromkeys(("epoch", "total_flos", "num_input_tokens_seen"), (int, float)),
        **dict.fromkeys(("best_metric", "best_global_step"), (int, float, type(None))),
        "log_history": list,
        "stateful_callbacks": dict,
        "best_model_checkpoint": (str, type(None)),
    }
    wrong = [name for name, kind in kinds.items() if name in state and not isinstance(state[name], kind)]
    wrong += [name for name in ("global_step", "max_steps") if not wrong and state.get(name, 0) < 0]
    if wrong or not all(map(_is_logged, state.get("log_history", []))):
        raise UserError(f"{file} is damaged: {(wrong or ['log_history'])[0]} is not what a run writes")
    return state


def best_checkpoint(newest: Path) -> Path | None:
    """The best checkpoint of a run by its newest one; None if the run chooses none, or has not yet.

    Raises:
        UserError: if it is gone.
    """
    if not (newest / CONFIG_FILE).is_file():
        return None
    try:
        chooses = read_yaml(newest / CONFIG_FILE).get("train")
    except UserError as error:
        raise UserError(f"{newest / CONFIG_FILE} is not the configuration of a run: {error}") from None
    if not isinstance(chooses, dict):
        raise UserError(f"{newest / CONFIG_FILE} is not the configuration of a run")
    recorded = training_state(newest).get("best_model_checkpoint")
    if not recorded or not chooses.get("load_best_model_at_end"):
        return None
    best = newest.parent / Path(recorded).name  # the run may have been moved since
    if not (best / STATE_FILE).is_file():
        raise UserError(
            f"{best}, the best checkpoint of its run, is gone: name another one, such as {newest}"
        )
    return best


def sorted_by_number(folder: Path, pattern: str) -> list[Path]:
    """Folders whose names match `pattern`, sorted by the number in its group, the highest first.

    A folder that does not exist has none.
    """
    matches = [(re.fullmatch(pattern, entry.name), entry) for entry in folder.glob("*") if entry.is_dir()]
    numbered = [(int(match[1]), entry) for match, entry in matches if match]
    return [entry for _, entry in sorted(numbered, reverse=True)]


def holds_adapters(checkpoint: str) -> bool:
    """Whether a checkpoint has adapters rather than a whole model."""
    return (Path(checkpoint) / ADAPTER_FILE).is_file()


def check_no_base(checkpoint: str, base: str | None) -> None:
    """Refuses a base model for a model that needs none.

    Raises:
        UserError: if a base is named, and the checkpoint holds no adapters.
    """
    if base is not None and not holds_adapters(checkpoint):
        raise UserError(f"{checkpoint} is a whole model, which needs no base model: leave out {base}")


def check_adapters(checkpoint: str) -> None:
    """Refuses to merge a whole model; what an id of the hub holds is not known yet.

    Raises:
        UserError: if a folder has no adapters.
    """
    if Path(checkpoint).is_dir() and not holds_adapters(checkpoint):
        raise UserError(f"{checkpoint} has no adapters: it is a plain model already")


def merged_folder(checkpoint: str) -> Path:
    """The default folder for the merged model of a checkpoint, beside the checkpoint."""
    return Path(f"{checkpoint.rstrip('/')}-merged")


def merged_beside(checkpoint: str) -> Path | None:
    """The folder of the merged model of adapters, which need not be there yet; None for a whole model."""
    return merged_folder(checkpoint) if holds_adapters(checkpoint) else None


def merge_folders(checkpoint: str, output: str | None) -> tuple[str, Path]:
    """The checkpoint of adapters that is to be merged, and the folder to write.

    Raises:
        UserError: if the checkpoint does not exist or has no adapters, or the folder to write is not empty.
    """
    source = resolve_checkpoint(checkpoint)
    target = Path(output) if output else merged_folder(source)
    check_new_folder(target, "--output")
    check_adapters(source)
    return source, target
