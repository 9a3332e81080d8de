"""Writes a reference curve: the course of the loss in good runs, by which a run sees that it goes wrong.

    python scripts/write_reference_curve.py output/stage1/v0-* output/stage1/v1-* --output stage1.json
    got-train train stage1.yaml eval.reference_curve=stage1.json

The runs differ in `train.seed` alone, log at the same steps, and may have been stopped: the curve ends where
the first of them ended. What a run does with it: got_train/training/reference_curve.py.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from got_train.config_file import load_config
from got_train.files import write_text
from got_train.report import UserError
from got_train.run_folders import CONFIG_FILE, LOG_FILE, STEPS_FILE
from got_train.training.callbacks import read_log
from got_train.training.reference_curve import Settings, different, learning_settings
from got_train.training.resume import read_steps

DIGITS = 4
"""Significant digits of a loss."""


def main(words: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", type=Path, nargs="+", help="folders vN-... of runs")
    parser.add_argument("--output", type=Path, required=True, help="the JSON file")
    given = parser.parse_args(words)
    try:
        write_text(given.output, curve_text(curve_of(given.runs)))
    except UserError as error:
        parser.error(str(error))


def curve_of(runs: list[Path]) -> dict[str, Any]:
    """The reference curve of runs.

    Raises:
        UserError: if they differ in more than their seeds, or are no runs.
    """
    first, *others = runs
    settings = settings_of(first)
    for run in others:
        if keys := different(settings_of(run), settings):
            raise UserError(f"{run} differs from {first} in {', '.join(keys)}: give runs that do not")
    seeds = [load_config(run / CONFIG_FILE).seed for run in runs]
    if len(set(seeds)) < len(seeds):
        raise UserError(
            f"the seeds of the runs are {', '.join(map(str, seeds))}: give each another train.seed"
        )
    losses = [losses_of(run) for run in runs]
    common = [step for step in losses[0] if all(step in of_run for of_run in losses)]
    last = min(max(of_run, default=0) for of_run in losses)
    if not common or any(step not in common for of_run in losses for step in of_run if step <= last):
        raise UserError("the runs have logged no loss, or at other steps: set train.logging_steps alike")
    rows = [[step, *(rounded(end(of[step] for of in losses)) for end in (min, max))] for step in common]
    return {"settings": settings, "seeds": seeds, "loss": rows}


def settings_of(run: Path) -> Settings:
    """The settings of a run that change what is learnt."""
    for name in (CONFIG_FILE, LOG_FILE, STEPS_FILE):
        if not (run / name).is_file():
            raise UserError(f"{run} is not the folder of a run: it has no {name}")
    steps = int(read_log(run / LOG_FILE)[0]["global_step/max_steps"].split("/")[1])
    return learning_settings(
        load_config(run / CONFIG_FILE), steps, int(read_steps(run / STEPS_FILE)["step_rows"])
    )


def losses_of(run: Path) -> dict[int, float]:
    """The logged losses of a run, by their steps."""
    return {row["step"]: row["loss"] for row in read_log(run / LOG_FILE) if "loss" in row}


def rounded(loss: float) -> float:
    return float(f"{loss:.{DIGITS}g}")


def curve_text(curve: dict[str, Any]) -> str:
    """A reference curve as JSON, with a line for each setting and each step."""
    settings = ",\n".join(
        f"    {json.dumps(key)}: {json.dumps(curve['settings'][key])}" for key in curve["settings"]
    )
    losses = ",\n".join(f"    {json.dumps(row)}" for row in curve["loss"])
    return (
        f'{{\n  "settings": {{\n{settings}\n  }},\n  "seeds": {json.dumps(curve["seeds"])},\n'
        f'  "loss": [\n{losses}\n  ]\n}}\n'
    )


if __name__ == "__main__":
    main()
