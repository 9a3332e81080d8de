"""Receipts, invoices and forms with blanks, in English and Chinese, with sums that are right.

The answer has a line for each printed line, in the order of reading, and each is a region. Cells of a row are
joined by single spaces. A line to write on is answered by `___`, one of dots by `...`, however long it is;
what is written on it takes its place. A box to tick is ☐, ☑ or ☒, as it looks. Not answered are rules, also
those made of signs, bar codes, which hold no text, and boxes and cells in which nothing stands.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

from data_engines.engine import Answer, Drawing, Region, Rgb, Stock, one_by_one
from data_engines.kind import FAKER
from data_engines.kinds.form.blanks import choose_form
from data_engines.kinds.form.check import check_sheet
from data_engines.kinds.form.faces import Faces, find_form_faces
from data_engines.kinds.form.facts import Facts
from data_engines.kinds.form.invoice import choose_invoice
from data_engines.kinds.form.printing import Print, Printer, in_picture, print_sheet
from data_engines.kinds.form.receipt import choose_receipt
from data_engines.kinds.form.sheet import Sheet
from data_engines.options import EngineOptions, Range, option
from data_engines.tools.chance import one_of
from data_engines.tools.corpora import Language
from data_engines.tools.matter.filler import Matter, Tongue, read_matter
from data_engines.tools.packages import packaged
from got_train.prompts import Task

Style = Literal["receipt", "invoice", "form"]
TONGUES: dict[Language, tuple[Tongue, ...]] = {"en": ("en",), "zh": ("zh",), "mixed": ("en", "zh")}
THERMAL_PAPERS: tuple[Rgb, ...] = ((250, 250, 250), (244, 244, 243), (236, 237, 238), (248, 246, 240))
THERMAL_INKS: tuple[Rgb, ...] = ((25, 25, 28), (55, 55, 60), (75, 72, 80), (60, 62, 88))
FADED = 0.4
"""Share of the thermal prints that are faded."""


@dataclass(frozen=True)
class Options(EngineOptions):
    style: tuple[Style, ...] = option("what is drawn, all as likely", ("receipt", "invoice", "form"))
    language: Language = option("language of the papers, each in one; mixed for both", "mixed")
    fonts: tuple[Path, ...] = option(
        "font files or folders of them; without it, the system's fonts, and handwriting of packages", ()
    )
    items: Range = option("goods on a receipt or invoice", Range(1, 12), lowest=1, highest=12)


@dataclass(frozen=True, kw_only=True)
class FormStock(Stock[Options]):
    matter: tuple[Matter, ...]
    """One for each language."""
    faces: dict[Tongue, Faces]


@dataclass(frozen=True)
class Spec:
    """All that is decided about one paper."""

    sheet: Sheet
    how: Print


@dataclass(frozen=True, kw_only=True)
class FormDrawing(Drawing):
    bare: Image.Image
    """The picture without its lines."""


def load(options: Options, rng: np.random.Generator) -> FormStock:
    tongues = TONGUES[options.language]
    matter = tuple(read_matter(tongue, (), rng) for tongue in tongues)
    faces, fonts, left_out = find_form_faces(options.fonts, matter)
    return FormStock(
        options=options, sources=(*packaged(FAKER), *fonts), left_out=left_out, matter=matter, faces=faces
    )


def decide(rng: np.random.Generator, index: int, stock: FormStock) -> Spec:
    facts = Facts(rng, one_of(rng, stock.matter))
    faces = stock.faces[facts.matter.tongue]
    count = stock.options.items.choose(rng)
    match one_of(rng, stock.options.style):
        case "receipt":
            how = _choose_receipt_print(rng)
            return Spec(choose_receipt(facts, faces, count, how.printer), how)
        case "invoice":
            return Spec(choose_invoice(facts, faces, count), _choose_page_print(rng))
        case "form":
            return Spec(choose_form(facts, faces), _choose_page_print(rng))


@one_by_one
def draw(spec: Spec) -> FormDrawing:
    picture = print_sheet(spec.sheet, spec.how)
    bare = print_sheet(spec.sheet, spec.how, with_lines=False)
    regions = tuple(Region(in_picture(line.box, spec.how), line.text) for line in spec.sheet.lines)
    answer = Answer(Task(), "\n".join(region.text for region in regions))
    return FormDrawing((picture,), (answer,), regions, bare=bare)


def check(spec: Spec, drawing: FormDrawing) -> Drawing:
    """The drawing, if every letter is seen, and nothing else is."""
    check_sheet(spec.sheet, spec.how, drawing.pictures[0], drawing.bare)
    return drawing


def _choose_receipt_print(rng: np.random.Generator) -> Print:
    printer: Printer = ("thermal", "thermal", "thermal", "page", "pins")[rng.integers(5)]
    stretch = float(rng.uniform(1, 1.25)) if printer == "thermal" else 1.0
    zoom = {"page": 1.0, "thermal": float(rng.uniform(1, 1.4)), "pins": 2.0}[printer]
    fade = float(rng.uniform(0.15, 0.55)) if rng.random() < FADED else 0.0
    streaks = rng.random(int(rng.integers(1, 4))) if rng.random() < 0.15 else ()
    return Print(
        printer=printer,
        paper=one_of(rng, THERMAL_PAPERS),
        ink=one_of(rng, THERMAL_INKS),
        scale=(zoom, zoom * stretch),
        fade=fade,
        streaks=tuple(map(float, streaks)) if printer == "thermal" else (),
        seed=int(rng.integers(2**32)),
    )


def _choose_page_print(rng: np.random.Generator) -> Print:
    white = int(rng.integers(246, 256))
    black = int(rng.integers(0, 60))
    return Print(
        printer="page",
        paper=(white, white, white - int(rng.integers(0, 6))),
        ink=(black, black, black),
        scale=(1.0, 1.0),
        fade=0.0,
        streaks=(),
        seed=0,
    )
