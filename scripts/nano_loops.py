"""How many answers of nano end in a loop, and what helps: a rule, data, or preference training.

    got-train nano --output output/nano
    python scripts/nano_loops.py output/nano

Draws rows of zeros, dashes and equal words, which nano has hardly seen and which invite a decoder to go on
for ever. The third stage of a nano that has ended reads held-out ones, with the rule that no 20 tokens come
twice and without it; without it again after LoRA on rows like them, and after preference training on its own
loops.
The same command goes on after an interruption; the table is written to `loops.md` in the folder.
"""

import argparse
import random
from pathlib import Path

from got_train.config_file import load_config
from got_train.drawn_sets import draw_set
from got_train.evaluation.pairs import write_pairs
from got_train.evaluation.predictions import read_predictions
from got_train.files import write_text
from got_train.inference import generate
from got_train.inference.chat import Got
from got_train.inference.predict import is_complete, predict, read_questions
from got_train.nano import figures
from got_train.nano_data import SQUARE
from got_train.recipe import precision_words
from got_train.report import UserError
from got_train.training.train import train

PIECES = ("0", "0.00", "-", "=", "1", "no", "*", "10", "+")
"""What a row repeats, joined by spaces."""
COUNTS = {"loops": 4000, "loops_held_out": 400}
WIDEST = 18
"""Characters of a row, at most: about as many as fit at the smallest size."""
MAX_NEW_TOKENS = 200
RULE = generate.NO_REPEAT_NGRAM_SIZE


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="of a nano that has ended")
    folder: Path = parser.parse_args().folder
    for number, (name, count) in enumerate(COUNTS.items()):
        _draw(folder / "data", name, count, number)
    lines = [
        _line("stage 3, with the rule", _read(folder, "stage3", "loops_held_out", RULE)),
        _line("stage 3, without it", _read(folder, "stage3", "loops_held_out", 0)),
    ]
    _train(folder, "lora_loops_data", [f"data.train={folder}/data/loops/data.jsonl"])
    lines.append(_line("LoRA on rows like them", _read(folder, "lora_loops_data", "loops_held_out", 0)))
    pairs = folder / "loops_pairs.jsonl"
    try:
        print(write_pairs(_read(folder, "stage3", "loops", 0), pairs))
    except UserError as error:
        lines.append(f"\nNo preference training: {error}")
    else:
        against = [f"data.train={pairs}", "data.replay=null", "train.preference_beta=0.1", "lora.dropout=0"]
        _train(folder, "lora_loops_pairs", [*against, "train.learning_rate=2e-4"])
        read = _read(folder, "lora_loops_pairs", "loops_held_out", 0)
        lines.append(_line("preference training on its own loops", read))
    table = "\n".join(["| | answers that loop | CER |", "|---|---|---|", *lines]) + "\n"
    write_text(folder / "loops.md", table)
    print(table)


def _draw(data: Path, name: str, count: int, seed: int) -> None:
    """Pictures of rows that repeat a piece, among some that do not."""
    source = data / f"{name}_source.txt"
    if not source.is_file():
        chance = random.Random(seed)
        write_text(source, "".join(f"{_row(chance)}\n" for _ in range(4 * count)))
    looks = {"layout": "rows", "lines": "2-4", "units": "lines", "text_height": "12-16", "max_rejects": 1}
    draw_set("lines", data / name, count=count, seed=seed, workers=2, source=source, **SQUARE, **looks)


def _row(chance: random.Random) -> str:
    piece = chance.choice(PIECES)
    if chance.random() < 0.3:
        return " ".join(str(chance.randint(0, 99)) for _ in range(chance.randint(1, 4)))
    most = (WIDEST + 1) // (len(piece) + 1)
    return " ".join([piece] * chance.randint(3, most))


def _read(folder: Path, model: str, task: str, rule: int) -> Path:
    """The file of what a model reads of a set, with the rule or, if it is 0, without."""
    file = folder / "predictions" / f"{model}_{task}_{rule}.jsonl"
    if not is_complete(file):
        generate.NO_REPEAT_NGRAM_SIZE = rule
        got = Got.from_pretrained(folder / model)
        questions = read_questions(got, str(folder / "data" / task / "data.jsonl"))
        predict(got, questions, file, MAX_NEW_TOKENS, 100)
    return file


def _train(folder: Path, name: str, words: list[str]) -> None:
    shared = [f"name={name}", f"output_dir={folder}", "resume=auto", *precision_words()]
    train(load_config(folder / "lora.yaml", [*shared, *words]))


def _line(title: str, file: Path) -> str:
    found = figures(read_predictions(file))
    return f"| {title} | {found['repetition']:.1%} | {found['cer']:.3f} |"


if __name__ == "__main__":
    main()
