"""Drawing some samples of a run: from the engine's specs to pictures on disk and rows for them."""

import importlib
import io
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from data_engines.engine import Answer, Drawing, Reject, Stock, attempt
from data_engines.formats import Row, Sample
from data_engines.kinds import KINDS, room
from data_engines.rejects import RejectLimit
from data_engines.shards import picture_name, sample_name
from data_engines.tools.degrade.families import FAMILIES, Family, degrade, without_colors
from data_engines.tools.page_tests import choose_tests
from got_train.data.records import parse_row
from got_train.markup.boxes import BoxedText, write_boxed
from got_train.prompts import IMAGE_TAG, box_permille

SAVE_AS: dict[str, dict[str, Any]] = {
    # level 1 takes two thirds of the time of level 6, for files of about the same size
    "png": {"format": "PNG", "compress_level": 1},
    # colours at full resolution, for the sake of thin frames
    "jpg": {"format": "JPEG", "quality": 92, "subsampling": 0},
}


@dataclass(frozen=True)
class Job:
    """What everybody who draws for a run needs to know."""

    kind: str
    seed: int
    count: int
    """Samples of the whole run."""
    stock: Stock[Any]
    degrade: float
    """Strength, from 0 to 1."""
    max_rejects: float
    """Share of the samples, from 0 to 1."""
    tests: bool = False
    """Whether tests of its answers are written too."""
    families: tuple[Family, ...] = FAMILIES
    """What pictures are degraded to."""

    @property
    def limit(self) -> RejectLimit:
        return RejectLimit(self.max_rejects, self.count)


def load_engine(kind: str) -> ModuleType:
    """The engine's module; a ModuleNotFoundError names a package of the extra `engines`."""
    return importlib.import_module(f"{room(kind)}.engine")


def make_rng(seed: int, kind: str, *index: int) -> np.random.Generator:
    """The source of chance for one sample, or, without an index, for the whole run."""
    key = (zlib.crc32(kind.encode()), *index)
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))


def draw_batch(job: Job, indexes: range, folder: Path) -> Iterator[tuple[int, list[Sample] | Reject]]:
    """Draws samples together; of each its rows, with their pictures in `folder`, or why it has none."""
    engine = load_engine(job.kind)
    specs = [attempt(engine.decide, make_rng(job.seed, job.kind, i), i, job.stock) for i in indexes]
    for index, drawing in zip(indexes, drawn_and_checked(engine, specs), strict=True):
        made = drawing if isinstance(drawing, Reject) else attempt(_encode, job, index, drawing)
        if isinstance(made, Reject):
            yield index, made
            continue
        samples, files = made
        # no reject but the end of the run, if the disk is full
        for name, content in files.items():
            (folder / name).write_bytes(content)
        yield index, samples


def drawn_and_checked(engine: ModuleType, specs: Sequence[Any]) -> Iterator[Drawing | Reject]:
    """The drawing of each spec or Reject, as it has passed the engine's check, or why there is none."""
    drawings = iter(engine.draw([spec for spec in specs if not isinstance(spec, Reject)]))
    for spec in specs:
        drawing = spec if isinstance(spec, Reject) else next(drawings)
        yield drawing if isinstance(drawing, Reject) else attempt(engine.check, spec, drawing)


def draw_and_check(engine: ModuleType, specs: Sequence[Any]) -> list[Drawing | Reject]:
    """As `drawn_and_checked`, all at once."""
    return list(drawn_and_checked(engine, specs))


def _encode(job: Job, index: int, drawing: Drawing) -> tuple[list[Sample], dict[str, bytes]]:
    """The rows of a drawing with their tests, and its pictures as files by name."""
    tests = _choose_tests(job, index, drawing)
    rng = make_rng(job.seed, f"{job.kind}/degrade", index)
    drawing = degrade(drawing, job.degrade, rng, job.families)
    number = len(drawing.pictures)
    # the noise of degraded pictures makes PNG files slow and large too
    ending = "jpg" if drawing.photograph or job.degrade else "png"
    sample = sample_name(index, job.count)
    names = [picture_name(sample, position, number, ending) for position in range(number)]
    rows = [_make_row(job.kind, names, answer, drawing) for answer in drawing.answers]
    if drawing.regions:
        rows[0]["regions"] = [
            {"box": [round(value, 1) for value in region.box], "text": region.text, "format": region.format}
            for region in drawing.regions
        ]
    files = {}
    for name, picture in zip(names, drawing.pictures, strict=True):
        file = io.BytesIO()
        without_colors(picture).save(file, **SAVE_AS[ending])
        files[name] = file.getvalue()
    return [Sample(row, tests) for row in rows], files


def _choose_tests(job: Job, index: int, drawing: Drawing) -> list[Row]:
    """The tests of a drawing that are asked for, with an id; they have a source of chance of their own."""
    if not job.tests:
        return []
    tests = choose_tests(make_rng(job.seed, f"{job.kind}/tests", index), drawing, KINDS[job.kind].tests)
    sample = sample_name(index, job.count)
    return [{"id": f"{job.kind}_{sample}_{number}", **test} for number, test in enumerate(tests, start=1)]


def _make_row(kind: str, names: list[str], answer: Answer, drawing: Drawing) -> Row:
    """A row of the JSONL, which the trainer's own parser has accepted."""
    task, text = answer.task, answer.text
    if task.with_boxes:
        text = _text_with_boxes(drawing)
    if answer.box:
        task = replace(task, box=box_permille(answer.box, *drawing.pictures[0].size))
    row: Row = {
        "query": IMAGE_TAG * len(names) + task.query(),
        "response": text,
        "images": names,
        "kind": kind,
    }
    if task.crop:
        row["crop"] = True
    if answer.no_text:
        row["no_text"] = True
    parse_row(row, location=names[0])
    return row


def _text_with_boxes(drawing: Drawing) -> str:
    """The texts of a drawing with their boxes, where they stand after the picture was degraded.

    Raises:
        Reject: a text could not be read back, or is thinner than a thousandth of the picture.
    """
    size = drawing.pictures[0].size
    texts = []
    for region in drawing.regions:
        left, top, right, bottom = box_permille(region.box, *size)
        texts.append(BoxedText(region.text, (left, top, right, bottom)))
    try:
        return write_boxed(texts)
    except ValueError as error:
        raise Reject(str(error)) from None
