"""Nano's data: small pictures of print that `got-data` draws; those held out have other words and fonts.

Every picture is a square as large as nano's tile, so that its text stands there in its own proportions: GOT
squeezes any picture into the tile. Formulas and tables, which `got-data` draws as large as they are, are put
on such squares.
"""

import json
import os
import random
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from got_train.drawn_sets import draw_set
from got_train.files import atomic_folder, write_text
from got_train.prompts import IMAGE_TAG, Task

SIZE = 128
"""Side of a picture in pixels."""
MARGIN = 4
"""Least pixels of paper round what is put on a square."""
SEED = 19

SQUARE = {"width": SIZE, "height": SIZE}
PRINT = {
    "kind": "lines",
    "language": "en",
    **SQUARE,
    "units": "words",
    "text_height": "12-24",
    "max_rejects": 1,
}
ROWS = PRINT | {"layout": "rows", "lines": "2-4", "words": "1-2"}
TRAINED = {"part": "training", "matter": 0.2}
GREEK = ROWS | {"language": "el", "matter": 0, "words": "1-1", "text_height": "14-24"}
FORMULAS = {
    "kind": "formula",
    "form": "inline",
    "several": 0,
    "sentences": 0,
    "dpi": "90-130",
    "margin": "2-4",
}
WIDE = ROWS | {"width": 2 * SIZE, "words": "2-4"}
PAGES = {"kind": "multi-page", "pages": "2-2"}
TABLES = {"kind": "table", "answer": "markdown", "dpi": "95-125"}


@dataclass(frozen=True)
class DataSet:
    """One set of pictures."""

    count: int
    flags: dict[str, Any]
    """`kind`, and the options of `got-data KIND`. Sources of formulas and tables are written for each set."""
    source: str | None = None
    """The set before it whose pictures it is made of."""
    crop: bool = False
    """Whether its pictures are cut into tiles."""


TRAINING = {
    "words": DataSet(30000, ROWS | TRAINED | {"words": "1-1"}),
    "text": DataSet(60000, ROWS | TRAINED | {"degrade": 0.1}),
    "blocks": DataSet(12000, PRINT | TRAINED | {"lines": "1-3", "words": "1-4", "text_height": "12-18"}),
    "formulas": DataSet(3000, FORMULAS),
    "tables": DataSet(3000, TABLES),
    "box": DataSet(12000, ROWS | TRAINED | {"task": "box"}),
    "color": DataSet(16000, ROWS | TRAINED | {"task": "color", "frames": 0.2}),
    "tiles": DataSet(6000, WIDE | TRAINED, crop=True),
    "pages": DataSet(6000, PAGES, source="text"),
    "greek": DataSet(16000, GREEK | {"part": "training"}),
}
NEW_WORDS = {"part": "new-words"}
HELD_OUT = {
    "new_words": DataSet(300, ROWS | NEW_WORDS),
    "new_fonts": DataSet(300, ROWS | {"part": "new-fonts"}),
    "blocks": DataSet(200, PRINT | NEW_WORDS | {"lines": "1-3", "words": "1-4", "text_height": "12-18"}),
    "formulas": DataSet(200, FORMULAS),
    "tables": DataSet(200, TABLES),
    "box": DataSet(200, ROWS | NEW_WORDS | {"task": "box"}),
    "color": DataSet(200, ROWS | NEW_WORDS | {"task": "color", "frames": 0.2}),
    "tiles": DataSet(100, WIDE | NEW_WORDS, crop=True),
    "pages": DataSet(100, PAGES, source="new_words_held_out"),
    "greek": DataSet(200, GREEK | NEW_WORDS),
}


def draw_data(folder: Path) -> dict[str, int]:
    """Draws every set into a folder of its own; what was drawn before stays, and is gone on with.

    Returns:
        How many rows each has.
    """
    sets = TRAINING | {f"{name}_held_out": data_set for name, data_set in HELD_OUT.items()}
    return {
        name: _draw(data_set, folder / name, SEED + number)
        for number, (name, data_set) in enumerate(sets.items())
    }


def _draw(data_set: DataSet, output: Path, seed: int) -> int:
    flags = dict(data_set.flags)
    kind = flags.pop("kind")
    shared = {"count": data_set.count, "seed": seed, "workers": os.cpu_count() or 1}
    if data_set.source is not None:
        flags["source"] = output.with_name(data_set.source)
    if kind not in WRITERS and not data_set.crop:
        return draw_set(kind, output, **shared, **flags)
    source, drawn = (output.with_name(f"{output.name}_{part}") for part in ("source", "drawn"))
    if data_set.crop:
        draw_set(kind, drawn, **shared, **flags)
        return _cut_into_tiles(drawn, output)
    write, given = WRITERS[kind]
    if not source.is_dir():
        with atomic_folder(source, durable=False) as part:
            write(random.Random(f"{SEED} {output.name}"), data_set.count, part)
    draw_set(kind, drawn, source=source / given, **shared, **flags)
    if not output.is_dir():
        with atomic_folder(output, durable=False) as part:
            _put_on_squares(drawn, part, random.Random(seed))
    return len((output / "data.jsonl").read_text(encoding="utf-8").splitlines())


NAMES = (
    *"abcdefghkmnpqrstuvwxyzABDFGHKLMNPQRSTVXYZ",
    *(f"\\{name}" for name in ("alpha", "beta", "gamma", "delta", "theta", "lambda", "pi", "sigma", "omega")),
)
SIGNS = ("+", "-", "=", "<", ">", "\\cdot ", "\\le ")


def _write_formulas(chance: random.Random, count: int, folder: Path) -> None:
    """Writes different formulas of two or three terms.

    Held-out sets have others than training: the tenth that a hash of their spelling chooses.
    """
    held_out, formulas = folder.name.removesuffix("_source").endswith("_held_out"), dict.fromkeys([""])
    while len(formulas) <= count:
        formula = _term(chance)
        for _ in range(chance.randint(1, 2)):
            formula += chance.choice(SIGNS) + _term(chance)
        if (zlib.crc32(formula.encode()) % 10 == 0) == held_out:
            formulas[formula] = None
    write_text(folder / "formulas.txt", "\n".join(formulas).lstrip() + "\n")


def _term(chance: random.Random) -> str:
    name, other, number = chance.choice(NAMES), chance.choice(NAMES), str(chance.randint(2, 99))
    return chance.choice(
        (
            *(name, number, f"{name}^{{{chance.randint(2, 9)}}}", f"{name}_{{{other}}}"),
            *(f"\\frac{{{name}}}{{{other}}}", f"\\frac{{{number}}}{{{name}}}", f"\\sqrt{{{name}}}"),
        )
    )


def _write_tables(chance: random.Random, count: int, folder: Path) -> None:
    """Writes tables of made-up words and numbers, a file each."""
    for number in range(count):
        columns, rows = chance.randint(2, 3), chance.randint(1, 2)
        cells = [[_word(chance) for _ in range(columns)]]
        cells += [
            [str(chance.randint(0, 10 ** chance.randint(1, 3))) for _ in range(columns)] for _ in range(rows)
        ]
        write_text(folder / f"{number:05}.csv", "".join(",".join(row) + "\n" for row in cells))


def _word(chance: random.Random) -> str:
    return "".join(
        chance.choice("bdfgklmnprstv") + chance.choice("aeiou") for _ in range(chance.randint(1, 2))
    )


WRITERS: dict[str, tuple[Callable[[random.Random, int, Path], None], str]] = {
    "formula": (_write_formulas, "formulas.txt"),
    "table": (_write_tables, "."),
}
"""What writes the source of a set, and what of it is given to `got-data`, by its kind."""


def _cut_into_tiles(drawn: Path, output: Path) -> int:
    """Writes the rows of a set as those of pictures that are cut into tiles; returns their number."""
    rows = [json.loads(line) for line in (drawn / "data.jsonl").read_text(encoding="utf-8").splitlines()]
    query = IMAGE_TAG + Task(crop=True).query()
    for row in rows:
        row |= {"query": query, "crop": True, "images": [f"../{drawn.name}/{name}" for name in row["images"]]}
    output.mkdir(exist_ok=True)
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    write_text(output / "data.jsonl", lines)
    return len(rows)


def _put_on_squares(drawn: Path, output: Path, chance: random.Random) -> None:
    """Puts pictures on white squares, each at a random place; those that are too large are left out."""
    rows: list[str] = []
    for line in (drawn / "data.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        with Image.open(drawn / row["images"][0]) as picture:
            room = SIZE - 2 * MARGIN - picture.width, SIZE - 2 * MARGIN - picture.height
            if min(room) < 0:
                continue
            square = Image.new("RGB", (SIZE, SIZE), "white")
            square.paste(picture, (MARGIN + chance.randint(0, room[0]), MARGIN + chance.randint(0, room[1])))
        name = f"{len(rows):05}.png"
        square.save(output / name, compress_level=1)
        row.pop("regions", None)
        rows.append(json.dumps(row | {"images": [name]}, ensure_ascii=False) + "\n")
    (output / "data.jsonl").write_text("".join(rows), encoding="utf-8")
