"""A whole recipe in small, on a CPU: what the quickstart and nano share.

Both run the very code of the full-size recipe; only their configurations differ. The same command goes on
after an interruption: data as `got-data` does, stages as `resume=auto` does, and the merged model and each
file of predictions are there whole or are made anew.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from markupsafe import Markup

from got_train.config_file import load_config
from got_train.evaluation.metrics import text_metrics
from got_train.evaluation.predictions import Prediction, read_predictions
from got_train.evaluation.worst import differences
from got_train.files import PART, atomic_folder, only_writer, write_text
from got_train.inference.chat import Got
from got_train.inference.predict import is_complete, predict, read_questions
from got_train.model.merge import merge
from got_train.model.tokenizer import small_tokenizer
from got_train.pages.curves import Line, curve_html
from got_train.pages.template import picture_html
from got_train.report import check_new_folder
from got_train.run_folders import LOG_FILE
from got_train.training.callbacks import draw_curves, read_log
from got_train.training.train import train

CURVE = "train_loss.png"
MERGED = "merged"
"""The folder of the last stage's model with its adapters merged."""
SHOWN_ROWS = 8
"""Pictures of each task in the report."""

Predictions = list[Prediction]


@dataclass(frozen=True)
class Recipe:
    """What is drawn, trained and read."""

    name: str
    """That of the command, its folder in `configs/`, and the folder `./output/NAME` in the files there."""
    configs: Path
    """The folder with a file for each stage."""
    stages: tuple[str, ...]
    """In order; the last one trains adapters, which are merged."""
    draw: Callable[[Path], dict[str, int]]
    """Draws all sets into a folder, and says how many rows each has."""
    held_out: Mapping[str, Sequence[str]]
    """The tasks whose held-out pictures each model reads. The first of a stage is the one that it trains."""
    max_new_tokens: int
    batch_size: int
    """Rows that are read at once."""
    words: tuple[str, ...] = ()
    """`key=value` words for each stage."""
    others: tuple[str, ...] = ()
    """Further folders that it writes."""


@dataclass(frozen=True)
class Stage:
    """A finished run."""

    folder: Path
    seconds: float

    @property
    def log(self) -> list[dict[str, Any]]:
        """The rows of its log."""
        return read_log(self.folder / LOG_FILE)


@dataclass(frozen=True)
class Results:
    """What a recipe has come to."""

    rows: dict[str, int]
    """Rows of each set."""
    stages: dict[str, Stage]
    predictions: dict[str, Predictions]
    """Of each model for each of its tasks, by `MODEL_TASK`."""
    seconds_data: float

    def cer(self, *names: str) -> float:
        """Character error rate of some predictions together."""
        return cer([row for name in names for row in self.predictions[name]])


def run_recipe(recipe: Recipe, output: Path, report: Callable[[Results], dict[str, Any]]) -> dict[str, Any]:
    """Runs everything that an interrupted recipe has left.

    Args:
        recipe: what is run.
        output: folder for data, runs and reports.
        report: writes what is reported, and returns it.

    Raises:
        UserError: if the folder holds anything else than an interrupted recipe, or one is running in it.
    """
    check_recipe_folder(recipe, output)
    output.mkdir(parents=True, exist_ok=True)
    with only_writer(output / f"{recipe.name}.lock", output):
        return report(_all_parts(recipe, output))


def check_recipe_folder(recipe: Recipe, output: Path) -> None:
    """Refuses a folder that holds something else than an interrupted recipe of this name.

    Raises:
        UserError: if it does, as after one that has ended.
    """
    own = ["data", "tokenizer", "good_rows", MERGED, "predictions", "report.html", f"{recipe.name}.lock"]
    own += [*recipe.stages, *(f"{stage}.yaml" for stage in recipe.stages), *recipe.others]
    allowed = {*own, *(name + PART for name in (*own, "summary.json"))}
    if not output.is_dir() or not {path.name for path in output.iterdir()} <= allowed:
        check_new_folder(output, "--output")


def _all_parts(recipe: Recipe, output: Path) -> Results:
    started = time.perf_counter()
    rows = recipe.draw(output / "data")
    if not (output / "tokenizer").is_dir():
        with atomic_folder(output / "tokenizer") as folder:
            small_tokenizer().save_pretrained(folder)
    drawn = time.perf_counter() - started
    stages = {name: run_stage(recipe, name, output) for name in recipe.stages}
    models = {name: output / name for name in (*recipe.stages, MERGED)}
    if not models[MERGED].is_dir():
        merge(str(models[recipe.stages[-1]]), str(models[MERGED]))
    predictions = {
        f"{model}_{task}": read_held_out(recipe, models[model], task, f"{model}_{task}", output)
        for model, tasks in recipe.held_out.items()
        for task in tasks
    }
    return Results(rows, stages, predictions, round(drawn, 1))


def precision_words() -> list[str]:
    """Overrides for CPUs without instructions for bfloat16, where float32 is a third faster."""
    fast = torch.accelerator.is_available() or torch.cpu._is_avx512_bf16_supported()
    return [] if fast else ["train.bf16=false"]


def run_stage(recipe: Recipe, name: str, output: Path) -> Stage:
    """`got-train train configs/RECIPE/NAME.yaml`, its paths under `output`, curves as they come."""
    text = (recipe.configs / f"{name}.yaml").read_text()
    config_file = output / f"{name}.yaml"
    text = text.replace(f"./output/{recipe.name}", str(output.resolve()))
    text = text.replace(f"configs/{recipe.name}/curves", str(recipe.configs / "curves"))
    write_text(config_file, text)
    words = [f"output_dir={output}", "resume=auto", *precision_words(), *recipe.words]
    print(f"\n=== {name}: got-train train {config_file} {' '.join(words)}", flush=True)
    started = time.perf_counter()
    folder = train(load_config(config_file, words))
    assert folder is not None
    if not (folder / "images" / CURVE).is_file():  # it was killed after its last checkpoint
        draw_curves(folder / LOG_FILE, folder / "images")
    return Stage(folder, time.perf_counter() - started)


def read_held_out(recipe: Recipe, model: Path, task: str, name: str, output: Path) -> Predictions:
    """`got-train infer MODEL --data HELD_OUT --output PREDICTIONS`."""
    file = output / "predictions" / f"{name}.jsonl"
    held_out = output / "data" / f"{task}_held_out" / "data.jsonl"
    if not is_complete(file):  # begun anew, so that no answer depends on where it was interrupted
        got = Got.from_pretrained(model)
        questions = read_questions(got, str(held_out))
        predict(got, questions, file, recipe.max_new_tokens, recipe.batch_size)
    return read_predictions(file)


def cer(predictions: Predictions) -> float:
    """Character error rate of a set of predictions."""
    return text_metrics([row.answer for row in predictions], [row.reference for row in predictions])["cer"]


def stage_sections(results: Results) -> list[dict[str, Any]]:
    """For the report: the curve of each stage, and held-out pictures beside truth and prediction."""
    return [
        {
            "name": name,
            "curve": loss_curve(stage.log),
            "tasks": [
                {"name": key, "cer": cer(rows), "rows": [_shown(row) for row in rows[:SHOWN_ROWS]]}
                for key, rows in results.predictions.items()
                if key.startswith(f"{name}_")
            ],
        }
        for name, stage in results.stages.items()
    ]


def loss_curve(log: list[dict[str, Any]]) -> Markup:
    """The losses of a stage, in training and on held-out rows."""
    losses = {
        name: [(row["step"], row[name]) for row in log if name in row] for name in ("loss", "eval_loss")
    }
    lines = [Line("training", losses["loss"]), Line("held out", losses["eval_loss"], color=1, dashed=True)]
    return curve_html("Loss", lines, may_be_log=True)


def _shown(row: Prediction) -> dict[str, Any]:
    """A prediction with its picture, as the template needs it."""
    return {
        "picture": picture_html(Path(row.images[0]).read_bytes(), "png", f"picture of {row.reference}"),
        "query": row.query,
        "reference": row.reference,
        "differences": differences(row.answer, row.reference),
        "right": row.answer == row.reference,
    }
