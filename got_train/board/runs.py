"""Run folders as they are found: of any stage and version, unfinished or damaged.

Whatever is in a folder, and whatever it lacks, ends in a `Run`: what cannot be read is one of its faults.
"""

import json
import math
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import safe_open

from got_train.foreign_files import read_json, read_text, read_yaml, reading
from got_train.report import UserError, counted, shortened
from got_train.run_folders import (
    COMPARISON_FILE,
    CONFIG_FILE,
    LOG_FILE,
    STEPS_FILE,
    VERSIONS_FILE,
    WEIGHTS,
    checkpoint_number,
    checkpoints_of,
    readings_of,
    runs_of,
)
from got_train.secrets import masked_values
from got_train.typed_values import flat

MAX_RUNS = 12
"""Most runs on a page: more lines cannot be told apart."""

MAX_SETTINGS = 1000
"""Most settings of a run on the page; a configuration has about 100."""

MAX_VALUE_CHARACTERS = 300
"""Most characters of a setting on the page."""

MODEL_FILES = ("config.json", "adapter_config.json")
"""Files that a model's folder has and a run's has not; both have an `args.yaml`."""

_PROGRESS = re.compile(r"(\d{1,15})/(\d{1,15})")

Values = dict[int, float]
"""What was logged under a name, by step, the first step first."""


@dataclass
class Log:
    """A `logging.jsonl`."""

    values: dict[str, Values] = field(default_factory=dict)
    step: int = 0
    max_steps: int = 0
    has_ended: bool = False
    """Whether the run has written its summary."""
    bad_lines: int = 0


@dataclass(frozen=True)
class Run:
    """What is known of a run."""

    folder: Path
    letter: str
    """By which the page calls it."""
    settings: dict[str, str]
    """Its `args.yaml`, by dotted keys, without secrets."""
    log: Log
    evaluations: dict[int, Path]
    """Its files of readings, by step."""
    comparison: dict[str, Any]
    versions: dict[str, Any]
    rows: dict[str, int]
    """The numbers of rows: `training` and `validation`."""
    parameters: int | None
    """Numbers in the weights of its newest checkpoint, of adapters in one that has only these."""
    faults: list[str]
    """What could not be read, and why."""

    @property
    def name(self) -> str:
        return f"{self.folder.parent.name}/{self.folder.name}"


def find_runs(paths: Sequence[str]) -> list[Path]:
    """The run folders that paths stand for, in their order.

    A path is a run folder, one of its checkpoints, the folder of runs of one name, which stands for the
    newest, or a folder of such folders, which stands for the newest run of each name, by their times.

    Raises:
        UserError: if a path holds no run, or there are more than `MAX_RUNS`.
    """
    found = list(dict.fromkeys(run for path in paths for run in _runs_at(path)))
    if len(found) > MAX_RUNS:
        raise UserError(f"these are {len(found):,} runs, and a page shows at most {MAX_RUNS}: name fewer")
    return found


def _runs_at(path: str) -> list[Path]:
    folder = Path(path)
    if not folder.is_dir():
        raise UserError(f"run {path} {'is a file: name its folder' if folder.exists() else 'does not exist'}")
    folder = folder.resolve()
    if checkpoint_number(folder) and is_run(folder.parent):
        return [folder.parent]
    if is_run(folder):
        return [folder]
    inside = [folder, *(entry for entry in folder.iterdir() if entry.is_dir())]
    newest = [next(filter(is_run, runs_of(place)), None) for place in inside]
    if newest[0] is not None:
        return [newest[0]]
    runs = [run for run in newest if run is not None]
    if not runs:
        raise UserError(f"{path} holds no run: no {LOG_FILE}, no {CONFIG_FILE}, no run folder vN-*")
    return sorted(runs, key=lambda run: (run.name.partition("-")[2], str(run)))


def is_run(folder: Path) -> bool:
    """Whether a folder is that of a run rather than of a model or of anything else."""
    if (folder / LOG_FILE).is_file():
        return True
    return (folder / CONFIG_FILE).is_file() and not any((folder / name).is_file() for name in MODEL_FILES)


def files_of(folder: Path) -> list[Path]:
    """The files of a run that a page is made of, and others beside them."""
    return [*(path for path in folder.iterdir() if path.is_file()), *readings_of(folder).values()]


def read_run(folder: Path, letter: str) -> Run:
    """What is known of a run; nothing in its folder is an error."""
    faults: list[str] = []

    def attempt(read: Any, file: Path, otherwise: Any, needed: bool = True) -> Any:
        """What `read` makes of a file; a fault if it cannot, or if there is none where one is needed."""
        if not needed and not file.is_file():
            return otherwise
        try:
            return read(file)
        except UserError as error:
            faults.append(str(error))
            return otherwise

    log = attempt(read_log, folder / LOG_FILE, Log(), needed=False)
    if log.bad_lines:
        faults.append(f"{folder / LOG_FILE}: {counted(log.bad_lines, 'line')} could not be read")
    settings = attempt(read_yaml, folder / CONFIG_FILE, {})
    weights = [file for checkpoint in checkpoints_of(folder)[:1] for file in checkpoint.glob(WEIGHTS)]
    counts = [attempt(count_parameters, file, None) for file in weights if file.is_file()]
    return Run(
        folder=folder,
        letter=letter,
        settings={
            name: setting_text(value) for name, value in islice(flat(masked_values(settings)), MAX_SETTINGS)
        },
        log=log,
        evaluations=readings_of(folder),
        comparison=attempt(read_json, folder / COMPARISON_FILE, {}, needed=False),
        versions=attempt(read_json, folder / VERSIONS_FILE, {}, needed=False),
        rows=attempt(count_rows, folder / STEPS_FILE, {}, needed=False),
        parameters=sum(counts) if counts and None not in counts else None,
        faults=faults,
    )


def setting_text(value: Any) -> str:
    """A setting for people, shortened: lists with commas, anything else as JSON."""
    as_json = partial(json.dumps, ensure_ascii=False, default=str, skipkeys=True)
    parts = value if isinstance(value, list) else [value]
    text = ", ".join(part if isinstance(part, str) else as_json(part) for part in parts)
    return shortened(text, MAX_VALUE_CHARACTERS)


def read_log(file: Path) -> Log:
    """The numbers of a log; a step that comes twice, as where a run went on, counts as it was last."""
    log = Log()
    for line in read_text(file, errors="replace").split("\n"):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        progress = (
            _PROGRESS.fullmatch(str(row.get("global_step/max_steps"))) if isinstance(row, dict) else None
        )
        if progress is None:
            log.bad_lines += 1
            continue
        step, log.max_steps = int(progress[1]), int(progress[2])
        log.step = max(log.step, step)
        log.has_ended = "train_runtime" in row
        for name, value in numbers(row):
            log.values.setdefault(name, {})[step] = value
    log.values = {name: dict(sorted(values.items())) for name, values in log.values.items()}
    return log


def numbers(row: dict[str, Any]) -> Iterator[tuple[str, float]]:
    """The entries of a JSON object that are numbers."""
    for name, value in row.items():
        if isinstance(value, int | float) and not isinstance(value, bool):
            try:
                yield name, float(value)
            except OverflowError:
                yield name, math.inf


def count_rows(file: Path) -> dict[str, int]:
    """The numbers of rows by a `steps.npz`, of whose arrays only the heads are read."""
    counts = {}
    with reading(file), zipfile.ZipFile(file) as archive:
        for name in {"training", "validation"} & {Path(name).stem for name in archive.namelist()}:
            with archive.open(f"{name}.npy") as member:
                np.lib.format.read_magic(member)
                shape, _, _ = np.lib.format.read_array_header_1_0(member)
                counts[name] = int(shape[0])
    return counts


def count_parameters(file: Path) -> int:
    """How many numbers a file of weights has, by its head."""
    with reading(file), safe_open(file, framework="numpy") as weights:
        return sum(math.prod(weights.get_slice(name).get_shape()) for name in weights.keys())
