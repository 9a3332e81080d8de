"""The folder of a run: `output_dir/name/vN-date-time`, as in ms-swift."""

import json
import platform
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from got_train.arguments import RESUMED_AS_BEFORE
from got_train.config import Config
from got_train.config_file import load_config, to_yaml
from got_train.report import UserError
from got_train.run_folders import CONFIG_FILE, STATE_FILE, newest_of_runs, runs_of

PACKAGES = ("got-train", "torch", "transformers", "peft", "accelerate", "datasets", "omegaconf", "pillow")


def create_run_dir(config: Config) -> Path:
    """Creates a new run folder, with the next free number of this name."""
    parent = Path(config.output_dir) / config.name
    try:
        parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"output_dir: {parent} cannot be made: {error.strerror}") from None
    runs = runs_of(parent)
    number = int(runs[0].name[1:].split("-")[0]) + 1 if runs else 0
    folder = parent / f"v{number}-{datetime.now():%Y%m%d-%H%M%S}"
    folder.mkdir()
    return folder


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
    """Refuses a checkpoint from which the resumed run would differ from an uninterrupted one."""
    advice = "start a new run from its weights, with model.path"
    if not (checkpoint / STATE_FILE).is_file():
        raise UserError(f"resume: {checkpoint} is not a training checkpoint (it has no {STATE_FILE})")
    if not (checkpoint / CONFIG_FILE).is_file():
        raise UserError(f"resume: {checkpoint} is not of got-train (it has no {CONFIG_FILE}): {advice}")
    by_deepspeed = config.train.arguments.get("deepspeed") is not None
    optimizer = "global_step*" if by_deepspeed else "optimizer.pt"
    if not list(checkpoint.glob(optimizer)):
        raise UserError(
            f"resume: {checkpoint} has no state of the optimizer ({optimizer}): it was saved with "
            f"train.save_only_model, or with another train.deepspeed. {advice[0].upper()}{advice[1:]}"
        )
    before, now = (_resumed_as_before(given) for given in (load_config(checkpoint / CONFIG_FILE), config))
    changed = [name for name in sorted({*before, *now}) if before.get(name) != now.get(name)]
    if changed:
        changes = ", ".join(f"{name} was {before.get(name)} and is {now.get(name)}" for name in changed)
        raise UserError(f"resume: a run continues as it began, but {changes}: change it back, or {advice}")


def _resumed_as_before(config: Config) -> dict[str, Any]:
    """Values that a resumed run cannot change: the checkpoint's tensors or optimizer state depend on them."""
    given = OmegaConf.to_container(OmegaConf.create(to_yaml(config)))
    assert isinstance(given, dict)
    sections = {name: given[name] for name in ("model", "lora")}
    sections["train"] = {name: given["train"].get(name) for name in RESUMED_AS_BEFORE}
    return dict(_flat(sections))


def _flat(section: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The values of nested sections, with their dotted keys."""
    for name, value in section.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def trained_steps(checkpoint: Path) -> int:
    """The number of optimizer steps before a checkpoint."""
    return int(json.loads((checkpoint / STATE_FILE).read_text(encoding="utf-8"))["global_step"])


def describe_run(config: Config, run_dir: Path) -> None:
    """Writes the resolved configuration, the command and versions, before the first step."""
    (run_dir / CONFIG_FILE).write_text(to_yaml(config))
    facts = {
        "command": sys.argv,
        "commit": _commit(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
    }
    (run_dir / "versions.json").write_text(json.dumps(facts, indent=2) + "\n")


def _commit() -> str | None:
    """The commit of the package's checkout; None if it was installed from a wheel."""
    result = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=12"],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    )
    return result.stdout.strip() or None
