"""The whole recipe on real print, in an afternoon on two CPU cores: a reader from random weights.

Stage 1 trains the encoder with a small OPT decoder on words and short lines in many fonts; stage 2 a new
Qwen2 decoder with it, on blocks, formulas and tables, too; stage 3 the decoder alone on boxes, colours, tiles
and pages; LoRA reads a new script. Held-out pictures have words and fonts that training never shows.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from got_train.config_folder import CONFIGS
from got_train.evaluation.metrics import text_metrics
from got_train.files import write_text
from got_train.nano_data import draw_data
from got_train.nano_release import RELEASE, card, write_weights
from got_train.pages.template import render
from got_train.recipe import MERGED, Predictions, Recipe, Results, read_held_out, run_recipe, stage_sections
from got_train.report import table

STAGE_CONFIGS = CONFIGS / "nano"
STAGES = ("stage1", "stage2", "stage3", "lora")
PRINT = ["new_words", "new_fonts"]
RELEASED = [*PRINT, "greek"]
"""The tasks that the weights to give away read."""
HELD_OUT = {
    "stage1": PRINT,
    "stage2": [*PRINT, "blocks", "formulas", "tables"],
    "stage3": [*PRINT, "box", "color", "tiles", "pages", "greek"],
    "lora": ["greek", *PRINT],
    "merged": ["greek"],
}
"""The tasks whose held-out pictures each model reads: stage 3 reads Greek, which it has not learnt."""
INTRODUCTION = (
    "The GOT-OCR2.0 recipe on print, from random weights. CER is the character error rate on held-out rows: "
    "training showed neither their words nor, for new fonts, any font of their families. The picture gain is "
    "what the pictures tell, in nats a token."
)
STAGE_HEADER = ["stage", "steps", "first loss", "last loss", "picture gain", "seconds"]
SCORE_HEADER = ["model", "held-out rows", "rows", "CER", "read right", "loops"]
AIM_HEADER = ["what", "aim", "here", "reached"]


@dataclass(frozen=True)
class Aim:
    """A figure that should not be larger than another."""

    what: str
    most: float
    measure: Callable[[Results], float]


AIMS = (
    Aim("CER of unseen words, fonts seen", 0.03, lambda results: results.cer("stage3_new_words")),
    Aim("CER of unseen words, fonts not seen", 0.08, lambda results: results.cer("stage3_new_fonts")),
    Aim("CER of boxes and colours", 0.15, lambda results: results.cer("stage3_box", "stage3_color")),
    Aim("CER of the new script, after LoRA", 0.10, lambda results: results.cer("merged_greek")),
    Aim(
        "CER of unseen words after LoRA, over that before",
        1.2,
        lambda results: results.cer("lora_new_words") / max(results.cer("stage3_new_words"), 1e-9),
    ),
    Aim(
        "share of answers that loop",
        0.005,
        lambda results: figures([row for rows in results.predictions.values() for row in rows])["repetition"],
    ),
)


def nano_recipe(seed: int) -> Recipe:
    """The recipe of `configs/nano/`."""
    return Recipe(
        "nano",
        STAGE_CONFIGS,
        STAGES,
        draw_data,
        HELD_OUT,
        max_new_tokens=160,
        batch_size=100,
        words=(f"train.seed={seed}",),
        others=(RELEASE,),
    )


def nano(output: Path, seed: int) -> dict[str, Any]:
    """Runs everything that an interrupted nano has left, and writes `report.html` and `summary.json`.

    Args:
        output: folder for data, runs and reports.
        seed: of weights and order of rows; the data are the same for all.

    Returns:
        What `summary.json` holds.

    Raises:
        UserError: if the folder holds anything else than an interrupted nano, or one is running in it.
    """
    started = time.perf_counter()

    recipe = nano_recipe(seed)

    def write(results: Results) -> dict[str, Any]:
        summary = summarise(results) | {"seed": seed, "seconds_data": results.seconds_data}
        summary["scores"] |= release(recipe, output, seed)
        summary["seconds"] = round(time.perf_counter() - started, 1)
        write_text(output / "report.html", report(summary, results))
        write_text(output / "summary.json", json.dumps(summary, indent=2) + "\n")
        for header, rows in tables(summary):
            print(f"\n{table(header, rows)}")
        print(f"\n{summary['seconds']:.0f} s in all; curves and pictures: {output / 'report.html'}")
        return summary

    return run_recipe(recipe, output, write)


def release(recipe: Recipe, output: Path, seed: int) -> dict[str, dict[str, float]]:
    """Writes the folder of weights to give away; returns its scores on what it reads."""
    folder = output / RELEASE
    write_weights(output / MERGED, folder)
    read = {task: read_held_out(recipe, folder, task, f"release_{task}", output) for task in RELEASED}
    scores = {task: figures(rows) | {"rows": len(rows)} for task, rows in read.items()}
    write_text(folder / "README.md", card(folder, seed, scores, output / "data"))
    return {f"release_{task}": row for task, row in scores.items()}


def summarise(results: Results) -> dict[str, Any]:
    """The figures of the run."""
    stages = {}
    for name, stage in results.stages.items():
        losses = [row for row in stage.log if "loss" in row]
        stages[name] = {
            "steps": losses[-1]["step"],
            "loss_first": losses[0]["loss"],
            "loss_last": losses[-1]["loss"],
            "picture_gain": [row["eval_picture_gain"] for row in stage.log if "eval_picture_gain" in row][-1],
            "seconds": round(stage.seconds, 1),
        }
    texts = [[row.answer for row in results.predictions[f"{name}_greek"]] for name in ("lora", "merged")]
    return {
        "stages": stages,
        "scores": {name: figures(rows) | {"rows": len(rows)} for name, rows in results.predictions.items()},
        "aims": [{"what": aim.what, "most": aim.most, "measured": aim.measure(results)} for aim in AIMS],
        "merged_equals_unmerged": texts[0] == texts[1],
        "rows": results.rows,
    }


def figures(rows: Predictions) -> dict[str, float]:
    """CER, share of answers that are right, and share of those that loop."""
    scores = text_metrics([row.answer for row in rows], [row.reference for row in rows])
    return {name: scores[name] for name in ("cer", "exact_match", "repetition")}


def tables(summary: dict[str, Any]) -> list[tuple[list[str], list[list[Any]]]]:
    """The figures for the terminal and the report: headers and rows."""
    measured = ("steps", "loss_first", "loss_last", "picture_gain", "seconds")
    stages = [[name, *(_short(stage[key]) for key in measured)] for name, stage in summary["stages"].items()]
    scores = [
        [
            *name.split("_", 1),
            row["rows"],
            *(_short(row[key]) for key in ("cer", "exact_match", "repetition")),
        ]
        for name, row in summary["scores"].items()
    ]
    aims = [
        [aim["what"], aim["most"], _short(aim["measured"]), "yes" if aim["measured"] <= aim["most"] else "no"]
        for aim in summary["aims"]
    ]
    return [(STAGE_HEADER, stages), (SCORE_HEADER, scores), (AIM_HEADER, aims)]


def _short(figure: float) -> float:
    return round(figure, 4) if isinstance(figure, float) else figure


def report(summary: dict[str, Any], results: Results) -> str:
    """One self-contained page: figures, curves, and held-out pictures beside truth and prediction."""
    return render(
        "recipe.html",
        title="got-train nano",
        introduction=INTRODUCTION,
        contents=[(name, name) for name in results.stages],
        tables=tables(summary),
        merged_equals_unmerged=summary["merged_equals_unmerged"],
        stages=stage_sections(results),
    )
