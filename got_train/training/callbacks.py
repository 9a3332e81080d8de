"""Callbacks that write `logging.jsonl`, curves and features."""

import json
import re
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import TrainerCallback, TrainerState

from got_train.data.features import FeatureStore
from got_train.files import atomic_file, write_text
from got_train.model.adapters import PEFT_PREFIX
from got_train.model.got import group_of
from got_train.ranks import rank, say
from got_train.report import one_line
from got_train.run_folders import LOG_FILE
from got_train.training.readings import cut_readings

MAX_NAME_CHARACTERS = 100
"""Most characters of a curve's file name and title."""

SMOOTHING = 0.9
"""Weight of earlier values in the smoothed curve, as in TensorBoard and ms-swift."""


class RunLog(TrainerCallback):
    """Writes `logging.jsonl`, with ms-swift's names where it has one, and draws curves from it."""

    def __init__(self, run_dir: Path) -> None:
        self.run_dir = run_dir
        self.file = run_dir / LOG_FILE

    def on_train_begin(self, args: Any, state: TrainerState, control: Any, **kwargs: Any) -> None:
        """Makes a resumed run follow its settings; removes what was logged and read after its checkpoint."""
        # transformers takes these from the checkpoint: numbers of steps, and a path that may have changed.
        state.compute_steps(args, state.max_steps)
        best = self.run_dir / f"checkpoint-{state.best_global_step}"
        if best.is_dir():
            state.best_model_checkpoint = str(best)
        if rank() == 0:
            cut_readings(self.run_dir, state.global_step)
            if self.file.is_file():
                cut_log(self.file, state.global_step)

    def on_log(
        self, args: Any, state: TrainerState, control: Any, logs: dict[str, Any], **kwargs: Any
    ) -> None:
        """Appends a line to the log."""
        if rank() == 0:
            row = {"global_step/max_steps": f"{state.global_step}/{state.max_steps}", **logs}
            with open(self.file, "a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")

    def on_train_end(self, args: Any, state: TrainerState, control: Any, **kwargs: Any) -> None:
        """Draws the curves; a run that has trained and saved is not lost for want of a picture."""
        if rank() != 0:
            return
        folder = self.run_dir / "images"
        try:
            draw_curves(self.file, folder)
        except Exception as error:  # of any kind: matplotlib, fonts, Pillow, and MemoryError
            say(f"the curves were not drawn into {folder}: {one_line(error)}")


class FeatureWriter(TrainerCallback):
    """Writes new features to disk, so that the next epoch, or a resumed run, finds them."""

    def __init__(self, features: FeatureStore) -> None:
        self.features = features

    def on_epoch_end(self, args: Any, state: TrainerState, control: Any, **kwargs: Any) -> None:
        """Writes new features, at the end of an epoch and with each checkpoint."""
        self.features.flush()

    on_save = on_epoch_end


class Changes(TrainerCallback):
    """Finds out whether a run has changed the weights that it trains, and its loss."""

    def __init__(self) -> None:
        self._before: dict[str, list[tuple[float, float]]] = {}
        self._unchanged: list[str] = []
        self._first_step = 0

    def on_train_begin(self, args: Any, state: TrainerState, control: Any, **kwargs: Any) -> None:
        """Looks at the weights before the first step, those of the checkpoint in a resumed run."""
        self._before, self._first_step = sums(kwargs["model"]), state.global_step + 1

    def on_train_end(self, args: Any, state: TrainerState, control: Any, **kwargs: Any) -> None:
        """Looks at the weights after the last step."""
        after = sums(kwargs["model"])
        self._unchanged = [
            group for group, values in after.items() if values and values == self._before[group]
        ]

    def missing(self, state: TrainerState) -> list[str]:
        """A line for what should have changed in the run and has not."""
        lines = []
        if self._unchanged:
            lines.append(
                f"nothing was learnt: the trained weights of {', '.join(self._unchanged)} are what they were "
                "before. Look at learning_rate in logging.jsonl, and raise train.learning_rate"
            )
        rows = [row for row in state.log_history if "loss" in row and row["step"] >= self._first_step]
        if len(rows) > 1 and len({row["loss"] for row in rows}) == 1:
            lines.append(
                f"the loss has not changed: it is {rows[0]['loss']:.4g} in each of {len(rows)} lines"
            )
        return lines


def sums(model: nn.Module) -> dict[str, list[tuple[float, float]]]:
    """The sum and the norm of each trained tensor, by module group: enough to tell whether it has changed."""
    found: dict[str, list[tuple[float, float]]] = {}
    for name, weights in model.named_parameters():
        if weights.requires_grad:
            tensor = weights.detach()
            pair = float(tensor.sum(dtype=torch.float64)), float(torch.linalg.vector_norm(tensor))
            found.setdefault(group_of(name.removeprefix(PEFT_PREFIX)), []).append(pair)
    return found


def read_log(file: Path) -> list[dict[str, Any]]:
    """Rows of a `logging.jsonl`, with `step` as a number."""
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    return [{"step": int(row["global_step/max_steps"].split("/")[0]), **row} for row in rows]


def cut_log(file: Path, step: int) -> None:
    """Keeps the rows up to a step: a run that was killed may have logged later steps and a part of a row."""
    kept = []
    for line in file.read_text(encoding="utf-8").splitlines(keepends=True):
        try:
            row = json.loads(line)
        except json.JSONDecodeError:
            break
        if int(row["global_step/max_steps"].split("/")[0]) <= step:
            kept.append(line)
    write_text(file, "".join(kept))


def draw_curves(log: Path, folder: Path) -> None:
    """Draws one PNG for each number in a log; the training loss is also shown smoothed."""
    folder.mkdir(exist_ok=True)
    # The last row is a summary of the run: its names, such as `train_loss`, are not those of curves.
    rows = [row for row in read_log(log) if "train_runtime" not in row]
    skipped = {"step", "epoch", "elapsed_time", "remaining_time", "total_flos"}
    names = {name for row in rows for name, value in row.items() if isinstance(value, int | float)} - skipped
    for name in sorted(names):
        points = [(row["step"], row[name]) for row in rows if name in row]
        label = name if name.startswith(("eval_", "train_")) else f"train_{name}"
        draw_curve(points, label, folder / f"{file_name(label)}.png")


def file_name(label: str) -> str:
    """The name of a curve's file. Its label may have the name of a kind, which users choose freely.

    >>> file_name("train_memory(GiB)"), file_name("train_train_speed(s/it)"), file_name("eval_loss_a b$")
    ('train_memory_GiB', 'train_train_speed_s_per_it', 'eval_loss_a_b_')
    """
    plain = label.replace("(", "_").replace(")", "").replace("/", "_per_")
    return re.sub(r"[^\w.-]", "_", plain)[:MAX_NAME_CHARACTERS]


def draw_curve(points: list[tuple[int, float]], label: str, file: Path) -> None:
    """Draws a curve over steps as a PNG."""
    from matplotlib.figure import Figure  # here, as an installation may be broken, or memory may be short

    figure = Figure(figsize=(7, 4), dpi=110)
    axes = figure.subplots()
    steps, values = zip(*points, strict=True)
    is_loss = label == "train_loss"
    color = "#9ecae1" if is_loss else "#3182bd"
    axes.plot(steps, values, marker="." if len(points) < 40 else "", color=color)
    if is_loss:
        axes.plot(steps, smoothed(list(values)), color="#3182bd", label=f"smoothed ({SMOOTHING})")
        axes.legend()
    axes.set_xlabel("step")
    axes.set_title(label.replace("\0", "_")[:MAX_NAME_CHARACTERS], parse_math=False)
    axes.grid(alpha=0.3)
    with atomic_file(file, durable=False) as part:
        figure.savefig(part, bbox_inches="tight", format="png")


def smoothed(values: list[float]) -> list[float]:
    """The exponential moving average, corrected for its start.

    >>> smoothed([1.0, 1.0])
    [1.0, 1.0]
    """
    average, weight, result = 0.0, 0.0, []
    for value in values:
        average = SMOOTHING * average + (1 - SMOOTHING) * value
        weight = SMOOTHING * weight + (1 - SMOOTHING)
        result.append(average / weight)
    return result
