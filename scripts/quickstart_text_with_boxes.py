"""Text with boxes in the quickstart's size: draws its pictures, trains, and scores on pictures held out.

    got-train quickstart --output output/quickstart
    python scripts/quickstart_text_with_boxes.py output/quickstart

It starts from the encoder of the quickstart's stage 1 and takes its pictures of numbers, 24,000 to train on
and 200 held out. Run again after an interruption, it goes on. Figures: `docs/tasks/text-with-boxes.md`.
"""

import argparse
import os
from dataclasses import replace
from pathlib import Path

from got_train.drawn_sets import draw_set
from got_train.evaluation.evaluate import evaluate, score_text
from got_train.files import atomic_folder
from got_train.model.tokenizer import small_tokenizer
from got_train.prompts import Task
from got_train.quickstart import quickstart_recipe
from got_train.recipe import read_held_out, run_stage
from got_train.vocabulary import BOX_TOKENS

NAME = "text_with_boxes"
COUNTS = {"plain": 24000, "plain_held_out": 200}
"""The quickstart's sets that are asked about, and how many of their pictures."""
MAX_NEW_TOKENS = 96


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="of a quickstart that has ended")
    folder: Path = parser.parse_args().folder
    tokenizer = folder / "tokenizer_with_boxes"
    if not tokenizer.is_dir():
        with atomic_folder(tokenizer) as part:
            small_tokenizer([*BOX_TOKENS, Task(with_boxes=True).query()]).save_pretrained(part)
    for source, count in COUNTS.items():
        output = folder / "data" / source.replace("plain", NAME)
        workers = os.cpu_count() or 1
        draw_set("text-with-boxes", output, source=folder / "data" / source, count=count, workers=workers)
    recipe = replace(quickstart_recipe(), max_new_tokens=MAX_NEW_TOKENS)
    run_stage(recipe, NAME, folder)
    read_held_out(recipe, folder / NAME, NAME, NAME, folder)
    print(score_text(evaluate(folder / "predictions" / f"{NAME}.jsonl")))


if __name__ == "__main__":
    main()
