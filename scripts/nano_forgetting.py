"""How much nano forgets while LoRA teaches it Greek, by the share of old rows that are trained on beside it.

    got-train nano --output output/nano
    python scripts/nano_forgetting.py output/nano

It trains `lora.yaml` of a nano that has ended with replay of 0, 5, 20 and 50 %, and reads held-out Greek and
held-out English words with each. The same command goes on after an interruption; the table is written to
`forgetting.md` in the folder.
"""

import argparse
from pathlib import Path

from got_train.config_file import load_config
from got_train.files import write_text
from got_train.nano import nano_recipe
from got_train.recipe import cer, precision_words, read_held_out
from got_train.training.train import train

SHARES = (0.0, 0.05, 0.2, 0.5)
TASKS = ("greek", "new_words")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="of a nano that has ended")
    folder: Path = parser.parse_args().folder
    rows = [_row("before", "stage3", folder)]
    for share in SHARES:
        name = f"lora_replay_{round(100 * share)}"
        replay = f"data.replay_ratio={share}" if share else "data.replay=null"
        words = [f"name={name}", f"output_dir={folder}", "resume=auto", *precision_words(), replay]
        train(load_config(folder / "lora.yaml", words))
        rows.append(_row(f"replay {share:.0%}", name, folder))
    table = "\n".join(["| | CER of Greek | CER of English |", "|---|---|---|", *rows])
    write_text(folder / "forgetting.md", table + "\n")
    print(table)


def _row(title: str, model: str, folder: Path) -> str:
    """A row of the table: what a model reads of each task."""
    recipe = nano_recipe(seed=42)
    read = [read_held_out(recipe, folder / model, task, f"{model}_{task}", folder) for task in TASKS]
    return f"| {title} | {' | '.join(f'{cer(predictions):.3f}' for predictions in read)} |"


if __name__ == "__main__":
    main()
