"""The folder of a run: `output_dir/name/vN-date-time`, as ms-swift users know it."""

import json
import platform
import subprocess
import sys
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from got_train.config import CONFIG_FILE, Config
from got_train.config_file import to_yaml
from got_train.model.loading import newest_checkpoint, sorted_by_number
from got_train.report import UserError

PACKAGES = ("got-train", "torch", "transformers", "peft", "accelerate", "datasets", "omegaconf", "pillow")


def create_run_dir(config: Config) -> Path:
    """A new folder, numbered one above the highest of this name."""
    parent = Path(config.output_dir) / config.name
    try:
        parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"output_dir: {parent} cannot be made: {error.strerror}") from None
    runs = sorted_by_number(parent, r"v(\d+)-.*")
    number = int(runs[0].name[1:].split("-")[0]) + 1 if runs else 0
    folder = parent / f"v{number}-{datetime.now():%Y%m%d-%H%M%S}"
    folder.mkdir()
    return folder


def find_resume(config: Config) -> Path | None:
    """The checkpoint to go on from: None for a new run.

    Raises:
        UserError: if `resume` names a folder that is no training checkpoint.
    """
    if config.resume is None:
        return None
    if config.resume == "auto":
        parent = Path(config.output_dir) / config.name
        runs = sorted_by_number(parent, r"v(\d+)-.*") if parent.is_dir() else []
        found = [checkpoint for run in runs if (checkpoint := newest_checkpoint(run))]
        return found[0] if found else None
    checkpoint = Path(config.resume)
    if not (checkpoint / "trainer_state.json").is_file():
        raise UserError(f"resume: {checkpoint} is not a training checkpoint (it has no trainer_state.json)")
    return checkpoint


def describe_run(config: Config, run_dir: Path) -> None:
    """Writes the resolved configuration, and what it ran with, before the first step."""
    (run_dir / CONFIG_FILE).write_text(to_yaml(config))
    facts = {
        "command": sys.argv,
        "commit": _commit(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
    }
    (run_dir / "versions.json").write_text(json.dumps(facts, indent=2) + "\n")


def _commit() -> str | None:
    """Commit of the package's own checkout; None where it was installed from a wheel."""
    result = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=12"],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    )
    return result.stdout.strip() or None
