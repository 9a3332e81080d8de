"""The whole recipe in miniature, on a CPU: data, three stages, a LoRA fine-tune, merge, reading.

It runs the very code of the full-size recipe; only the configurations (`configs/quickstart/`) differ. The
same command goes on after an interruption: data as `got-data` does, stages as `resume=auto` does, and the
merged model and each file of predictions are there whole or are made anew.
"""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from markupsafe import Markup

from got_train.config_file import load_config
from got_train.config_folder import CONFIGS
from got_train.evaluation.metrics import text_metrics
from got_train.evaluation.predictions import Prediction, read_predictions
from got_train.evaluation.worst import differences
from got_train.files import PART, atomic_folder, only_writer, write_text
from got_train.inference.chat import Got
from got_train.inference.predict import is_complete, predict, read_questions
from got_train.model.merge import merge
from got_train.model.tokenizer import small_tokenizer
from got_train.pages.curves import Line, curve_html
from got_train.pages.template import picture_html, render
from got_train.quickstart_data import draw_data
from got_train.report import check_new_folder, table
from got_train.run_folders import LOG_FILE
from got_train.training.callbacks import draw_curves, read_log
from got_train.training.train import train

STAGE_CONFIGS = CONFIGS / "quickstart"
CONFIG_OUTPUT = "./output/quickstart"
"""The folder that the configurations name."""
CURVES = "configs/quickstart/curves"
"""Where they name reference curves."""
HELD_OUT = {
    "stage1": ["plain"],
    "stage2": ["plain"],
    "stage3": ["plain", "box", "color"],
    "lora": ["fractions"],
    "merged": ["fractions"],
}
"""The tasks whose held-out pictures each model reads. The first of a stage is the one that it trains."""
STAGES = ("stage1", "stage2", "stage3", "lora")
MAX_NEW_TOKENS = 48
BATCH_SIZE = 100
LOCK = "quickstart.lock"
CURVE = "train_loss.png"
SHOWN_ROWS = 8
"""Pictures of each task in the report."""

Predictions = list[Prediction]


@dataclass(frozen=True)
class Stage:
    """A finished run."""

    folder: Path
    seconds: float


def quickstart(output: Path) -> dict[str, Any]:
    """Runs everything that an interrupted quickstart has left, and writes `report.html` and `summary.json`.

    Args:
        output: folder for data, runs and reports.

    Returns:
        What `summary.json` holds.

    Raises:
        UserError: if the folder holds anything else than an interrupted quickstart, or one is running in it.
    """
    check_quickstart_folder(output)
    output.mkdir(parents=True, exist_ok=True)
    with only_writer(output / LOCK, output):
        return _all_parts(output)


def check_quickstart_folder(output: Path) -> None:
    """Refuses a folder that holds something else than an interrupted quickstart.

    Raises:
        UserError: if it does, as after a quickstart that has ended.
    """
    own = ["data", "tokenizer", "good_rows", "merged", "predictions", "report.html", LOCK, *STAGES]
    own += [f"{stage}.yaml" for stage in STAGES]
    allowed = {*own, *(name + PART for name in (*own, "summary.json"))}
    if not output.is_dir() or not {path.name for path in output.iterdir()} <= allowed:
        check_new_folder(output, "--output")


def _all_parts(output: Path) -> dict[str, Any]:
    started = time.perf_counter()
    data = output / "data"
    rows = draw_data(data)
    if not (output / "tokenizer").is_dir():
        with atomic_folder(output / "tokenizer") as folder:
            small_tokenizer().save_pretrained(folder)
    drawn = time.perf_counter() - started
    stages = {name: run_stage(name, output) for name in STAGES}
    models = {name: output / name for name in STAGES}
    models["merged"] = output / "merged"
    if not models["merged"].is_dir():
        merge(str(models["lora"]), str(models["merged"]))
    predictions = {
        f"{name}_{task}": read_held_out(models[name], task, f"{name}_{task}", output)
        for name, tasks in HELD_OUT.items()
        for task in tasks
    }
    summary = summarise(stages, predictions, rows)
    summary["seconds_data"] = round(drawn, 1)
    summary["seconds"] = round(time.perf_counter() - started, 1)
    write_text(output / "report.html", report(summary, stages, predictions))
    write_text(output / "summary.json", json.dumps(summary, indent=2) + "\n")
    print(f"\n{summary_table(summary)}\n")
    print(f"{summary['seconds']:.0f} s in all; curves and pictures: {output / 'report.html'}")
    return summary


def precision_words() -> list[str]:
    """Overrides for CPUs without instructions for bfloat16, where float32 is a third faster."""
    fast = torch.accelerator.is_available() or torch.cpu._is_avx512_bf16_supported()
    return [] if fast else ["train.bf16=false"]


def run_stage(name: str, output: Path) -> Stage:
    """`got-train train configs/quickstart/NAME.yaml`, its paths under `output`, curves as they come."""
    text = (STAGE_CONFIGS / f"{name}.yaml").read_text()
    config_file = output / f"{name}.yaml"
    text = text.replace(CONFIG_OUTPUT, str(output.resolve())).replace(CURVES, str(STAGE_CONFIGS / "curves"))
    write_text(config_file, text)
    words = [f"output_dir={output}", "resume=auto", *precision_words()]
    print(f"\n=== {name}: got-train train {config_file} {' '.join(words)}", flush=True)
    started = time.perf_counter()
    folder = train(load_config(config_file, words))
    assert folder is not None
    if not (folder / "images" / CURVE).is_file():  # it was killed after its last checkpoint
        draw_curves(folder / LOG_FILE, folder / "images")
    return Stage(folder, time.perf_counter() - started)


def read_held_out(
    model: Path, task: str, name: str, output: Path, max_new_tokens: int = MAX_NEW_TOKENS
) -> Predictions:
    """`got-train infer MODEL --data HELD_OUT --output PREDICTIONS`."""
    file = output / "predictions" / f"{name}.jsonl"
    held_out = output / "data" / f"{task}_held_out" / "data.jsonl"
    if not is_complete(file):  # begun anew, so that no answer depends on where it was interrupted
        got = Got.from_pretrained(model)
        predict(got, read_questions(got, str(held_out)), file, max_new_tokens, BATCH_SIZE)
    return read_predictions(file)


def cer(predictions: Predictions) -> float:
    """Character error rate of a set of predictions."""
    return text_metrics([row.answer for row in predictions], [row.reference for row in predictions])["cer"]


def summarise(
    stages: dict[str, Stage], predictions: dict[str, Predictions], rows: dict[str, int]
) -> dict[str, Any]:
    """The figures of the run."""
    summary: dict[str, Any] = {}
    for name, stage in stages.items():
        log = read_log(stage.folder / LOG_FILE)
        losses = [row["loss"] for row in log if "loss" in row]
        summary[name] = {
            "loss_first": losses[0],
            "loss_last": losses[-1],
            # of validation rows before the first step
            "cer_before": next(row["eval_cer"] for row in log if "eval_cer" in row),
            "cer_after": cer(predictions[f"{name}_{HELD_OUT[name][0]}"]),
            "seconds": round(stage.seconds, 1),
        }
    box, color = predictions["stage3_box"], predictions["stage3_color"]
    summary["stage3"] |= {"box_cer": cer(box), "color_cer": cer(color), "region_cer": cer(box + color)}
    texts = [[row.answer for row in predictions[f"{name}_fractions"]] for name in ("lora", "merged")]
    summary["merged_equals_unmerged"] = texts[0] == texts[1]
    summary["held_out_rows"] = {name: count for name, count in rows.items() if name.endswith("_held_out")}
    summary["training_rows"] = {name: count for name, count in rows.items() if not name.endswith("_held_out")}
    return summary


def stage_rows(summary: dict[str, Any]) -> list[list[Any]]:
    """A row for each stage, and one for the regions that stage 3 adds."""
    names = ("loss_first", "loss_last", "cer_before", "cer_after", "seconds")
    rows = [[stage, *(round(summary[stage][name], 4) for name in names)] for stage in STAGES]
    regions = ["stage3, box and colour", None, None, None, round(summary["stage3"]["region_cer"], 4), None]
    return [*rows[:3], regions, *rows[3:]]


HEADER = ["stage", "first loss", "last loss", "CER before", "CER after", "seconds"]


def summary_table(summary: dict[str, Any]) -> str:
    """The figures for the terminal."""
    equal = "equal" if summary["merged_equals_unmerged"] else "DIFFERENT"
    return f"{table(HEADER, stage_rows(summary))}\n\nmerged and unmerged answers are {equal}"


def report(summary: dict[str, Any], stages: dict[str, Stage], predictions: dict[str, Predictions]) -> str:
    """One self-contained page: figures, curves, and held-out pictures beside truth and prediction."""
    shown = [
        {
            "name": name,
            "curve": loss_curve(read_log(stage.folder / LOG_FILE)),
            "tasks": [
                {"name": key, "cer": cer(rows), "rows": [_shown(row) for row in rows[:SHOWN_ROWS]]}
                for key, rows in predictions.items()
                if key.startswith(f"{name}_")
            ],
        }
        for name, stage in stages.items()
    ]
    return render(
        "quickstart.html",
        title="got-train quickstart",
        contents=[(name, name) for name in stages],
        header=HEADER,
        figures=[["-" if cell is None else cell for cell in row] for row in stage_rows(summary)],
        merged_equals_unmerged=summary["merged_equals_unmerged"],
        stages=shown,
    )


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
