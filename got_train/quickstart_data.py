"""The quickstart's data: images of numbers that `got-data lines` draws, and a user's own set of fractions."""

import json
import os
import random
from dataclasses import dataclass, replace
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw

from got_train.drawn_sets import draw_set
from got_train.files import atomic_folder, write_text
from got_train.prompts import IMAGE_TAG, LATEX_OCR_QUERY

SIZE = 64
"""Side of an image in pixels."""
HELD_OUT_SHARE = 0.1
"""Share of the numbers from 10 to 9999 that training never shows; held-out images show no others."""


@dataclass(frozen=True)
class DataSet:
    """One set of images."""

    name: str
    count: int
    lines: str
    """How many numbers stand below each other, as `1-2`."""
    digits: tuple[int, int]
    """The fewest and the most digits of a number."""
    task: str = "plain"
    frames: float = 0.3
    """Share of the numbers with a frame no question asks for, so that the encoder meets colours early."""

    @property
    def is_held_out(self) -> bool:
        return self.name.endswith("_held_out")


DATA_SETS = (
    DataSet("digits", 2500, lines="1-1", digits=(1, 1)),
    DataSet("short", 6000, lines="1-2", digits=(1, 2)),
    DataSet("medium", 8000, lines="1-2", digits=(1, 3)),
    DataSet("plain", 24000, lines="1-2", digits=(1, 4)),
    DataSet("box", 8000, lines="2-2", digits=(1, 4), task="box"),
    DataSet("color", 16000, lines="2-2", digits=(1, 4), task="color", frames=0.2),
    DataSet("fractions", 10000, lines="2-2", digits=(1, 4), task="fraction", frames=0.0),
    DataSet("plain_held_out", 200, lines="1-2", digits=(2, 4)),
    DataSet("box_held_out", 200, lines="2-2", digits=(2, 4), task="box"),
    DataSet("color_held_out", 200, lines="2-2", digits=(2, 4), task="color", frames=0.2),
    DataSet("fractions_held_out", 200, lines="2-2", digits=(2, 4), task="fraction", frames=0.0),
)


def draw_data(folder: Path) -> dict[str, int]:
    """Draws every set into a folder of its own; what was drawn before stays, and is gone on with.

    Returns:
        How many rows each has.
    """
    rows = {}
    for seed, data_set in enumerate(DATA_SETS):
        corpus = folder / f"{data_set.name}.txt"
        write_text(corpus, "\n".join(numbers_of(data_set)) + "\n")
        draw = draw_fractions if data_set.task == "fraction" else draw_lines
        rows[data_set.name] = draw(data_set, corpus, folder / data_set.name, seed)
    return rows


def numbers_of(data_set: DataSet) -> list[str]:
    """The numbers that may stand in the images of a set, each length as often as the others."""
    numbers = [str(number) for number in range(10, 10000)]
    held_out = set(random.Random(0).sample(numbers, int(HELD_OUT_SHARE * len(numbers))))
    allowed = [n for n in map(str, range(10000)) if (n in held_out) == data_set.is_held_out]
    fewest, most = data_set.digits
    pools = [[n for n in allowed if len(n) == length] for length in range(fewest, most + 1)]
    largest = max(map(len, pools))
    return [pool[i % len(pool)] for pool in pools for i in range(largest)]


def draw_lines(data_set: DataSet, corpus: Path, output: Path, seed: int) -> int:
    """Draws numbers below each other; returns the number of rows."""
    return draw_set(
        "lines",
        output,
        count=data_set.count,
        seed=seed,
        workers=os.cpu_count() or 1,
        source=corpus,
        fonts=Path(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf"),
        units="lines",
        lines=data_set.lines,
        width=SIZE,
        height=SIZE,
        text_height="14-16",
        layout="rows",
        paper="255-255",
        ink="0-80",
        frames=data_set.frames,
        task=data_set.task,
    )


def draw_fractions(data_set: DataSet, corpus: Path, output: Path, seed: int) -> int:
    """A user's own set: two numbers with a bar drawn between them, to be read as LaTeX."""
    numbers = output.with_name(f"{output.name}_without_bars")
    draw_lines(replace(data_set, task="plain"), corpus, numbers, seed)
    if not output.is_dir():
        with atomic_folder(output, durable=False) as folder:
            _draw_bars(numbers, folder)
    return len((output / "data.jsonl").read_text(encoding="utf-8").splitlines())


def _draw_bars(numbers: Path, output: Path) -> None:
    """Draws a bar into each picture of two numbers, and writes rows that ask for the fraction."""
    rows = []
    for index, line in enumerate((numbers / "data.jsonl").read_text(encoding="utf-8").splitlines()):
        drawn = json.loads(line)
        above, below = drawn["regions"]
        with Image.open(numbers / drawn["images"][0]) as image:
            _draw_bar(image, above["box"], below["box"])
            image.save(output / f"{index:05}.png", compress_level=1)
        numerator, denominator = (" ".join(region["text"]) for region in (above, below))
        rows.append(
            {
                "query": f"{IMAGE_TAG}{LATEX_OCR_QUERY}",
                "response": f"\\frac {{ {numerator} }} {{ {denominator} }}",
                "images": [f"{index:05}.png"],
                "kind": "fractions",
            }
        )
    (output / "data.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def _draw_bar(image: Image.Image, above: list[float], below: list[float]) -> None:
    """Draws a bar in the colour of the text between two boxes (left, top, right, bottom)."""
    box = tuple(map(round, above))
    pixels = np.asarray(image.crop((box[0], box[1], box[2], box[3])))
    y = round(above[3] + below[1]) // 2
    ends = (min(above[0], below[0]), y, max(above[2], below[2]), y)
    ImageDraw.Draw(image).line(ends, fill=tuple(pixels.min(axis=(0, 1)).tolist()))
