"""Says, once a run, that its loss has left the course of good runs: the reference curve.

A reference curve is a JSON file: what good runs were set to, their seeds, and at each step at which they
logged a loss the lowest and the highest of these (`scripts/write_reference_curve.py` makes it of runs):

    {"settings": {"train.learning_rate": 0.001, ...}, "seeds": [42, 43, 44], "loss": [[1, 6.4, 6.5], ...]}

A loss is off the curve above `MARGIN` times the highest, or below the lowest over `MARGIN`, of the losses
that the good runs had within a quarter more or fewer steps. So much is needed: of three seeds of the
quickstart's first two stages, each beside the other two, only two losses were further off (1.5 times too high
at step 160, where reading begins, and 1.6 times too low at step 200), neither with a neighbour that was.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerState

from got_train.config import Config
from got_train.foreign_files import read_json
from got_train.ranks import say
from got_train.report import UserError
from got_train.training.plan import StepPlan, total_steps
from got_train.training.resume import resumed_as_before

SHIFT = 1.25
"""A run may be ahead of the good runs, or behind them, by this factor of the steps."""

MARGIN = 1.25
"""Its loss may be above theirs, or below, by this factor."""

LOSSES = 3
"""As many losses one after the other must be off the curve, on the same side."""

MOST = 1e9
"""Largest number of a curve."""

SAME_LEARNING = ("train.seed", "train.data_seed", "train.use_liger_kernel", "model.decoder.tokenizer")
"""Keys that a resumed run cannot change, and that change little of what is learnt."""

SOURCES = ("model.path", "model.init_from", "model.encoder.path", "model.decoder.path", "lora.adapters")
"""Keys of paths: of these only whether they are set is compared."""
SET = "a path"

ADDED_KEYS = "model.decoder.shape."
"""Keys of which any run may have more. Other keys that a curve lacks are of later versions."""

Settings = Mapping[str, Any]
"""Values by dotted keys."""

Log = Sequence[Mapping[str, Any]]
"""The rows of `TrainerState.log_history`."""


@dataclass(frozen=True)
class ReferenceCurve:
    """The course of good runs."""

    file: Path
    settings: Settings
    seeds: list[int]
    losses: list[tuple[int, float, float]]
    """Steps in their order, each with the lowest and the highest loss of the runs."""

    @cached_property
    def steps(self) -> list[int]:
        """The steps at which the runs logged a loss."""
        return [step for step, _, _ in self.losses]


@dataclass(frozen=True)
class Compared:
    """A loss of the run beside the reference."""

    step: int
    loss: float
    lowest: float
    """Of the good runs at this step."""
    highest: float
    side: int
    """1 if the loss is above the curve, -1 if it is below, 0 if it is on it."""


class OffReferenceCurve(TrainerCallback):
    """Looks at the log whenever a loss is logged."""

    def __init__(self, curve: ReferenceCurve, different: list[str]) -> None:
        """Makes a callback for one run.

        Args:
            curve: of good runs.
            different: the settings that differ from theirs, from `differences`.
        """
        self.curve = curve
        self.different = different
        self._has_said = False

    def on_train_begin(self, args: Any, state: TrainerState, control: Any, **kwargs: Any) -> None:
        """Finds out whether a run that goes on has said it."""
        self._has_said = first_off(self.curve, state.log_history) is not None

    def on_log(self, args: Any, state: TrainerState, control: Any, **kwargs: Any) -> None:
        """Says it at the first loss at which it holds."""
        if self._has_said:
            return
        off = first_off(self.curve, state.log_history)
        if off is not None:
            self._has_said = True
            say(off_line(off, self.curve, self.different))


def off_line(off: Compared, curve: ReferenceCurve, different: list[str]) -> str:
    """What is wrong, and where to look."""
    side = "high" if off.side > 0 else "low"
    where = f"Settings that differ: {', '.join(different)}"
    if not different:
        where = "No setting differs, so rows or code do: look whether the "
        where += "answers belong to the pictures" if off.side > 0 else "queries tell the answers"
        where += " (got-data sheet), and at eval_picture_gain"
    return (
        f"step {off.step:,}: the loss is too {side}: {off.loss:.4g}, where good runs had "
        f"{off.lowest:.4g} to {off.highest:.4g} ({curve.file}). {where}"
    )


def first_off(curve: ReferenceCurve, log: Log) -> Compared | None:
    """The loss at which a run is off the curve for certain; None if it is on it."""
    sides: list[int] = []
    for compared in compare_losses(curve, log):
        sides.append(compared.side)
        if sides[-LOSSES:] in ([1] * LOSSES, [-1] * LOSSES):
            return compared
    return None


def compare_losses(curve: ReferenceCurve, log: Log) -> list[Compared]:
    """The losses of a run beside the reference, as far as that shows what runs do that are ahead.

    Logged losses are means over the steps before. Where the run logs more often than the good runs did, its
    losses up to each of their steps are averaged; where it logs less often, all of their steps between count.
    """
    found: list[Compared] = []
    waiting: list[float] = []
    begun = 0
    for row in log:
        if "loss" not in row:
            continue
        place = bisect_right(curve.steps, begun)
        if place == len(curve.steps) or row["step"] * SHIFT > curve.steps[-1]:
            break
        waiting.append(float(row["loss"]))
        if row["step"] >= curve.steps[place]:
            found.append(_compared(curve, place, row["step"], sum(waiting) / len(waiting)))
            begun, waiting = row["step"], []
    return found


def _compared(curve: ReferenceCurve, place: int, step: int, loss: float) -> Compared:
    """A loss beside the reference.

    Args:
        curve: of good runs.
        place: of the first reference step that the loss is of.
        step: the last step that it is of.
        loss: the mean over these steps.
    """
    first = bisect_left(curve.steps, curve.steps[place] / SHIFT)
    near = curve.losses[first : bisect_right(curve.steps, step * SHIFT)]
    lowest, highest = min(low for _, low, _ in near), max(high for _, _, high in near)
    side = 1 if loss > highest * MARGIN else -1 if loss < lowest / MARGIN else 0
    return Compared(step, loss, *curve.losses[place][1:], side)


def learning_settings(config: Config, steps: int, step_rows: int) -> dict[str, Any]:
    """The settings of a run that change what is learnt.

    Args:
        config: with the paths and the shape that the run resolves.
        steps: optimizer steps of the run.
        step_rows: rows of a step, over all devices.
    """
    settings = resumed_as_before(config, chooses_best=False)
    settings |= {key: None if settings[key] is None else SET for key in SOURCES}
    settings |= {"train.max_steps": steps, "train.global_batch_size": step_rows}
    return {key: value for key, value in settings.items() if key not in SAME_LEARNING}


def different(here: Settings, there: Settings) -> list[str]:
    """The keys in which the settings of a run differ from those of good ones."""
    keys = [key for key in here if key in there or key.startswith(ADDED_KEYS)]
    keys += [key for key in there if key not in here]
    both_lora = here["lora.enabled"] and there.get("lora.enabled")
    return [
        key
        for key in keys
        if (key not in here or key not in there or here[key] != there[key])
        and (both_lora or key == "lora.enabled" or not key.startswith("lora."))
    ]


def differences(curve: ReferenceCurve | None, config: Config, plan: StepPlan) -> list[str]:
    """The settings in which a run differs from good ones, each as `key=value (there value)`."""
    if curve is None:
        return []
    here, there = learning_settings(config, total_steps(config, plan), plan.step_rows), curve.settings
    return [f"{key}={_shown(here, key)} (there {_shown(there, key)})" for key in different(here, there)]


def _shown(settings: Settings, key: str) -> str:
    """A value as a configuration has it."""
    value = settings.get(key, "not set")
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def curve_lines(curve: ReferenceCurve | None, different: list[str]) -> list[str]:
    """The settings that differ from those of the reference, for the summary of a run."""
    if curve is None or not different:
        return []
    return [f"reference curve {curve.file}: settings that differ: {', '.join(different)}"]


def read_reference_curve(path: str | None) -> ReferenceCurve | None:
    """The reference curve of a run; None if it has none.

    Raises:
        UserError: if the file cannot be read, or is no reference curve.
    """
    if path is None:
        return None
    file = Path(path)
    try:
        given = read_json(file)
        fault = _fault(given)
    except UserError as error:
        raise UserError(f"eval.reference_curve: {error}") from None
    if fault is not None:
        raise UserError(
            f"eval.reference_curve: {file} is no reference curve: {fault}. "
            "scripts/write_reference_curve.py makes one of runs"
        )
    losses = [(step, float(lowest), float(highest)) for step, lowest, highest in given["loss"]]
    return ReferenceCurve(file, given["settings"], given["seeds"], losses)


def _fault(given: dict[str, Any]) -> str | None:
    """What keeps a JSON object from being a reference curve."""
    settings, seeds, losses = (given.get(key) for key in ("settings", "seeds", "loss"))
    if not isinstance(settings, dict) or not settings:
        return "settings must be values by their dotted keys"
    if not isinstance(seeds, list) or not seeds or not all(type(seed) is int for seed in seeds):
        return "seeds must be a list of whole numbers"
    if not isinstance(losses, list) or not losses:
        return "loss must be a list of [step, lowest, highest]"
    before = 0
    for number, row in enumerate(losses):
        if not _is_row(row):
            return f"loss[{number}] must be [step, lowest, highest], numbers from 0 to {MOST:g}"
        if row[0] <= before:
            return f"loss[{number}] has step {row[0]} after step {before}: steps must rise from 1"
        before = row[0]
    return None


def _is_row(row: Any) -> bool:
    """Whether a value is `[step, lowest, highest]`."""
    if not isinstance(row, list) or len(row) != 3 or type(row[0]) is not int:
        return False
    if not all(type(loss) in (int, float) for loss in row[1:]):
        return False
    return bool(row[0] <= MOST and 0 <= row[1] <= row[2] <= MOST)
