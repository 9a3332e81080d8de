"""The whole recipe in miniature, in minutes: three stages on numbers, a LoRA fine-tune, merge, reading."""

import json
import time
from pathlib import Path
from typing import Any

from got_train.config_folder import CONFIGS
from got_train.files import write_text
from got_train.pages.template import render
from got_train.quickstart_data import draw_data
from got_train.recipe import Recipe, Results, run_recipe, stage_sections
from got_train.report import table

STAGE_CONFIGS = CONFIGS / "quickstart"
HELD_OUT = {
    "stage1": ["plain"],
    "stage2": ["plain"],
    "stage3": ["plain", "box", "color"],
    "lora": ["fractions"],
    "merged": ["fractions"],
}
STAGES = ("stage1", "stage2", "stage3", "lora")
INTRODUCTION = (
    "The GOT-OCR2.0 recipe on pictures of numbers. CER is the character error rate on held-out rows: "
    "training showed neither their pictures nor their numbers."
)
HEADER = ["stage", "first loss", "last loss", "CER before", "CER after", "seconds"]


def quickstart_recipe() -> Recipe:
    """The recipe of `configs/quickstart/`."""
    return Recipe("quickstart", STAGE_CONFIGS, STAGES, draw_data, HELD_OUT, max_new_tokens=48, batch_size=100)


def quickstart(output: Path) -> dict[str, Any]:
    """Runs everything that an interrupted quickstart has left, and writes `report.html` and `summary.json`.

    Args:
        output: folder for data, runs and reports.

    Returns:
        What `summary.json` holds.

    Raises:
        UserError: if the folder holds anything else than an interrupted quickstart, or one is running in it.
    """
    started = time.perf_counter()

    def write(results: Results) -> dict[str, Any]:
        summary = summarise(results)
        summary["seconds_data"] = results.seconds_data
        summary["seconds"] = round(time.perf_counter() - started, 1)
        write_text(output / "report.html", report(summary, results))
        write_text(output / "summary.json", json.dumps(summary, indent=2) + "\n")
        print(f"\n{summary_table(summary)}\n")
        print(f"{summary['seconds']:.0f} s in all; curves and pictures: {output / 'report.html'}")
        return summary

    return run_recipe(quickstart_recipe(), output, write)


def summarise(results: Results) -> dict[str, Any]:
    """The figures of the run."""
    summary: dict[str, Any] = {}
    for name, stage in results.stages.items():
        losses = [row["loss"] for row in stage.log if "loss" in row]
        summary[name] = {
            "loss_first": losses[0],
            "loss_last": losses[-1],
            # of validation rows before the first step
            "cer_before": next(row["eval_cer"] for row in stage.log if "eval_cer" in row),
            "cer_after": results.cer(f"{name}_{HELD_OUT[name][0]}"),
            "seconds": round(stage.seconds, 1),
        }
    box, color = "stage3_box", "stage3_color"
    summary["stage3"] |= {
        "box_cer": results.cer(box),
        "color_cer": results.cer(color),
        "region_cer": results.cer(box, color),
    }
    texts = [[row.answer for row in results.predictions[f"{name}_fractions"]] for name in ("lora", "merged")]
    summary["merged_equals_unmerged"] = texts[0] == texts[1]
    rows = results.rows
    summary["held_out_rows"] = {name: count for name, count in rows.items() if name.endswith("_held_out")}
    summary["training_rows"] = {name: count for name, count in rows.items() if not name.endswith("_held_out")}
    return summary


def stage_rows(summary: dict[str, Any]) -> list[list[Any]]:
    """A row for each stage, and one for the regions that stage 3 adds."""
    names = ("loss_first", "loss_last", "cer_before", "cer_after", "seconds")
    rows = [[stage, *(round(summary[stage][name], 4) for name in names)] for stage in STAGES]
    regions = ["stage3, box and colour", None, None, None, round(summary["stage3"]["region_cer"], 4), None]
    return [*rows[:3], regions, *rows[3:]]


def summary_table(summary: dict[str, Any]) -> str:
    """The figures for the terminal."""
    equal = "equal" if summary["merged_equals_unmerged"] else "DIFFERENT"
    return f"{table(HEADER, stage_rows(summary))}\n\nmerged and unmerged answers are {equal}"


def report(summary: dict[str, Any], results: Results) -> str:
    """One self-contained page: figures, curves, and held-out pictures beside truth and prediction."""
    return render(
        "recipe.html",
        title="got-train quickstart",
        introduction=INTRODUCTION,
        contents=[(name, name) for name in results.stages],
        tables=[(HEADER, [["-" if cell is None else cell for cell in row] for row in stage_rows(summary)])],
        merged_equals_unmerged=summary["merged_equals_unmerged"],
        stages=stage_sections(results),
    )
