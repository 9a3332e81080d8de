"""The folder of a run: `output_dir/name/vN-date-time`, as in ms-swift."""

import json
import platform
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from got_train import files
from got_train.config import Config
from got_train.config_file import to_yaml
from got_train.files import write_text
from got_train.ranks import rank
from got_train.report import UserError, why_not_writable
from got_train.run_folders import CONFIG_FILE, VERSIONS_FILE, runs_of
from got_train.secrets import masked

PACKAGES = ("got-train", "torch", "transformers", "peft", "accelerate", "datasets", "omegaconf", "pillow")

GIT_SECONDS = 10


def create_run_dir(config: Config) -> Path:
    """Creates a new run folder, with the next free number of this name."""
    parent = Path(config.output_dir) / config.name
    try:
        parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"output_dir: {parent} cannot be made: {error.strerror}") from None
    while True:
        runs = runs_of(parent)
        number = int(runs[0].name[1:].split("-")[0]) + 1 if runs else 0
        folder = parent / f"v{number}-{datetime.now():%Y%m%d-%H%M%S}"
        with suppress(FileExistsError):  # another run of this name began at the same time
            folder.mkdir()
            return folder


def only_writer(run_dir: Path) -> AbstractContextManager[None]:
    """Makes this process, and those of its launch, the only ones that write into a run folder.

    Raises:
        UserError: if another one does, with its number and host.
    """
    return files.only_writer(run_dir / "run.lock", run_dir) if rank() == 0 else nullcontext()


@contextmanager
def naming_a_lost_folder(run_dir: Path) -> Iterator[None]:
    """Says that the folder of a run is gone, whatever was to be written into it.

    Raises:
        UserError: if it is.
    """
    try:
        yield
    except Exception as error:  # of safetensors and torch, too, which name no file
        if run_dir.is_dir():
            raise
        raise UserError(f"{run_dir} is gone, with the checkpoints of this run: start again") from error


def check_output_dir(config: Config) -> None:
    """Finds out before long work whether the run's folder can be made; nothing is left there.

    Raises:
        UserError: if it cannot.
    """
    folder = (Path(config.output_dir) / config.name).resolve()
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    why = why_not_writable(existing)
    if why is not None:
        raise UserError(f"output_dir: {folder} cannot be made: {existing}: {why}")


def describe_run(config: Config, run_dir: Path) -> None:
    """Writes the resolved configuration, the command and versions, before the first step."""
    write_text(run_dir / CONFIG_FILE, to_yaml(config))
    facts = {
        "command": [masked(word) for word in sys.argv],
        "commit": _commit(),
        "python": platform.python_version(),
        "packages": package_versions(),
    }
    write_text(run_dir / VERSIONS_FILE, json.dumps(facts, indent=2) + "\n")


def package_versions() -> dict[str, str]:
    """The versions of the packages by which a run computes."""
    return {name: version(name) for name in PACKAGES}


def _commit() -> str | None:
    """The commit of the package's checkout; None if it was installed from a wheel."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        result = subprocess.run(
            command, cwd=Path(__file__).parent, capture_output=True, text=True, timeout=GIT_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired):  # there is no git, or a file system that does not answer
        return None
    return result.stdout.strip() or None
