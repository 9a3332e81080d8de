"""The quickstart's data: pictures of numbers by the `lines` engine, and a user's own set of fractions."""

import json
import os
import random
from dataclasses import dataclass
from pathlib import Path

import matplotlib
from PIL import ImageDraw

from data_engines.drawing import make_rng
from data_engines.engine import Drawing
from data_engines.kinds.lines import engine as lines
from data_engines.options import Range
from data_engines.run import generate
from got_train.prompts import IMAGE_TAG, LATEX_OCR_QUERY

SIZE = 64
"""Side of a picture in pixels."""
HELD_OUT_SHARE = 0.1
"""Of the numbers from 10 to 9999: training shows none of them, held-out pictures show no others."""


@dataclass(frozen=True)
class DataSet:
    """One set of pictures."""

    name: str
    count: int
    lines: Range
    digits: Range
    task: str = "plain"
    frames: float = 0.3
    """Share of the numbers with a frame no question asks for, so that the encoder meets colours early."""

    @property
    def is_held_out(self) -> bool:
        return self.name.endswith("_held_out")


DATA_SETS = (
    DataSet("digits", 2500, lines=Range(1, 1), digits=Range(1, 1)),
    DataSet("short", 6000, lines=Range(1, 2), digits=Range(1, 2)),
    DataSet("medium", 8000, lines=Range(1, 2), digits=Range(1, 3)),
    DataSet("plain", 24000, lines=Range(1, 2), digits=Range(1, 4)),
    DataSet("box", 8000, lines=Range(2, 2), digits=Range(1, 4), task="box"),
    DataSet("color", 16000, lines=Range(2, 2), digits=Range(1, 4), task="color", frames=0.2),
    DataSet("fractions", 10000, lines=Range(2, 2), digits=Range(1, 4), task="fraction", frames=0.0),
    DataSet("plain_held_out", 200, lines=Range(1, 2), digits=Range(2, 4)),
    DataSet("box_held_out", 200, lines=Range(2, 2), digits=Range(2, 4), task="box"),
    DataSet("color_held_out", 200, lines=Range(2, 2), digits=Range(2, 4), task="color", frames=0.2),
    DataSet("fractions_held_out", 200, lines=Range(2, 2), digits=Range(2, 4), task="fraction", frames=0.0),
)


def draw_data(folder: Path) -> dict[str, int]:
    """Draws every set into a folder of its own.

    Returns:
        How many rows each has.
    """
    rows = {}
    for seed, data_set in enumerate(DATA_SETS):
        corpus = folder / f"{data_set.name}.txt"
        corpus.parent.mkdir(parents=True, exist_ok=True)
        corpus.write_text("\n".join(numbers_of(data_set)) + "\n")
        draw = draw_fractions if data_set.task == "fraction" else draw_lines
        rows[data_set.name] = draw(data_set, corpus, folder / data_set.name, seed)
    return rows


def numbers_of(data_set: DataSet) -> list[str]:
    """The numbers that may stand in the pictures of a set, each length as often as the others."""
    numbers = [str(number) for number in range(10, 10000)]
    held_out = set(random.Random(0).sample(numbers, int(HELD_OUT_SHARE * len(numbers))))
    by_length = {
        length: [
            n for n in map(str, range(10000)) if len(n) == length and (n in held_out) == data_set.is_held_out
        ]
        for length in range(data_set.digits.low, data_set.digits.high + 1)
    }
    most = max(map(len, by_length.values()))
    return [pool[i % len(pool)] for pool in by_length.values() for i in range(most)]


def line_options(data_set: DataSet, corpus: Path) -> lines.Options:
    """How the `lines` engine draws a set."""
    return lines.Options(
        source=corpus,
        fonts=(Path(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf"),),
        units="lines",
        lines=data_set.lines,
        width=SIZE,
        height=SIZE,
        text_height=Range(14, 16),
        layout="rows",
        paper=Range(255, 255),
        ink=Range(0, 80),
        frames=data_set.frames,
        task="box" if data_set.task == "box" else "color" if data_set.task == "color" else "plain",
    )


def draw_lines(data_set: DataSet, corpus: Path, output: Path, seed: int) -> int:
    """What `got-data lines` does."""
    options = line_options(data_set, corpus)
    manifest = generate(
        "lines", options, count=data_set.count, output=output, seed=seed, workers=os.cpu_count() or 1
    )
    assert manifest is not None, "all parts are drawn here"
    return int(manifest["rows"])


def draw_fractions(data_set: DataSet, corpus: Path, output: Path, seed: int) -> int:
    """A user's own set: two numbers with a bar between them, to be read as LaTeX."""
    output.mkdir(parents=True)
    stock = lines.load(line_options(data_set, corpus), make_rng(seed, "fractions"))
    rows = []
    for index in range(data_set.count):
        spec = lines.decide(make_rng(seed, "fractions", index), index, stock)
        [drawing] = lines.draw([spec])
        assert isinstance(drawing, Drawing), drawing
        [picture] = drawing.pictures
        above, below = spec.blocks
        y = (above.box[3] + below.box[1]) // 2
        ends = (min(above.box[0], below.box[0]), y, max(above.box[2], below.box[2]), y)
        ImageDraw.Draw(picture).line(ends, fill=spec.ink)
        picture.save(output / f"{index:05}.png", compress_level=1)
        digits = [" ".join(block.text) for block in spec.blocks]
        rows.append(
            {
                "query": f"{IMAGE_TAG}{LATEX_OCR_QUERY}",
                "response": f"\\frac {{ {digits[0]} }} {{ {digits[1]} }}",
                "images": [f"{index:05}.png"],
                "kind": "fractions",
            }
        )
    (output / "data.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return len(rows)
