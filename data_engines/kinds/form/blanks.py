"""Forms: labels with blanks, boxes and ticks, empty or filled in."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from data_engines.engine import Rgb
from data_engines.kinds.form.faces import Faces
from data_engines.kinds.form.facts import Facts
from data_engines.kinds.form.lettering import Lettering
from data_engines.kinds.form.page import Page, choose_page, printed
from data_engines.kinds.form.sheet import Bar, Blank, Piece, Sheet, Sign, TickBox, frame
from data_engines.tools.boxes import Box
from data_engines.tools.chance import one_of

Ground = Literal["rule", "dots", "box", "grid"]
"""What one writes on: a line, a line of dots, in a box, or in the cells of a table."""
GROUNDS: tuple[Ground, ...] = ("rule", "rule", "dots", "box", "grid")
LABEL_SHARE = 32
"""Percent of a row's width that a label's cell takes at least."""
RULE_SHARE = 0.06
"""Thickness of a line to write on, as a share of the font's size."""
PENS: tuple[Rgb | None, ...] = (None, None, (25, 25, 30), (28, 48, 140), (40, 60, 110))
ROWS, HAND_ROWS = (1.9, 2.5), (2.4, 3.0)
"""Height of a row as a share of the body's font: who writes by hand needs more."""
BY_HAND = 0.6
"""Share of the forms that are filled in by hand, where there are hands."""
HAND_PENS: tuple[Rgb | None, ...] = ((25, 25, 30), (45, 48, 60), (28, 48, 140), (40, 60, 110), (30, 70, 160))
HAND_SIZE = (1.15, 1.4)
"""Size of a hand as a share of the body's font: their small letters are lower."""
SHADES: tuple[Rgb, ...] = ((225, 225, 225), (214, 224, 238), (238, 238, 230))


@dataclass(frozen=True)
class Filling:
    """How a form looks, and how it is filled in."""

    ground: Ground
    share: float
    """Share of the blanks that are filled in."""
    lettering: Lettering
    pen: Rgb | None
    tick: Sign
    height: int
    """Pixels of a row."""


def choose_form(facts: Facts, faces: Faces) -> Sheet:
    rng, table = facts.rng, facts.table
    page = choose_page(rng, faces.choose(rng))
    filling = _choose_filling(facts, faces, page)
    page.text(
        one_of(rng, table.FORM_TITLES),
        one_of(rng, ("centre", "centre", "left")),
        rng.uniform(1.4, 2),
        bold=True,
    )
    if rng.random() < 0.5:
        page.text(facts.one(table.FORM_NUMBERS), "right", 0.85)
    if rng.random() < 0.7:
        page.text(facts.one(table.FORM_NOTES), share=0.9)
    page.gap(0.8)
    combs, choices = ([*rng.permutation(len(some))] for some in (table.COMBED, table.CHOICES))
    for number in sorted(rng.permutation(len(table.SECTIONS))[: rng.integers(2, 5)].tolist()):
        heading, labels = table.SECTIONS[number]
        _heading(page, facts, heading)
        _rows(page, facts, filling, labels)
        if combs and rng.random() < 0.3:
            _comb(page, facts, filling, *table.COMBED[combs.pop()])
        for _ in range(rng.integers(0, 3)):
            _choices(page, facts, filling, *table.CHOICES[choices.pop()])
        page.gap(0.5)
    if rng.random() < 0.5:
        for number in rng.permutation(len(table.STATEMENTS))[:2]:
            _statement(page, facts, filling, table.STATEMENTS[number])
    return page.sheet(foot=page.margin // 2)


def _choose_filling(facts: Facts, faces: Faces, page: Page) -> Filling:
    rng = facts.rng
    share = one_of(rng, (0.0, 0.5, 0.8, 1.0))
    family = faces.choose(rng)
    if facts.matter.tongue == "en" and faces.even and rng.random() < 0.6:
        family = one_of(rng, faces.even)
    lettering, pens, rows = family.lettering(round(page.size * rng.uniform(0.9, 1.1))), PENS, ROWS
    if faces.hands and rng.random() < BY_HAND:
        face = one_of(rng, faces.hands)
        font = (face.path, face.number, round(page.size * rng.uniform(*HAND_SIZE)))
        lettering, pens, rows = Lettering(font, font), HAND_PENS, HAND_ROWS
    return Filling(
        ground=one_of(rng, GROUNDS),
        share=share,
        lettering=lettering,
        pen=one_of(rng, pens),
        tick=one_of(rng, ("☑", "☑", "☒")),
        height=round(page.size * rng.uniform(*rows)),
    )


def _heading(page: Page, facts: Facts, text: str) -> None:
    rng = facts.rng
    if rng.random() < 0.4:
        page.gap(0.3)
        height = round(1.6 * page.size)
        page.marks.append(Bar(Box(page.margin, page.y, page.right, page.y + height), one_of(rng, SHADES)))
        lettering, baseline = page.lettering(bold=True), page.y + (height + round(0.7 * page.size)) // 2
        page.put(printed(text, lettering, page.margin + page.size // 2, baseline))
        page.y += height
    else:
        page.text(text, share=1.1, bold=True)
        page.gap(0.2)
    page.gap(0.3)


def _rows(page: Page, facts: Facts, filling: Filling, labels: Sequence[tuple[str, str]]) -> None:
    """Some of the labels, in their order, one or two in a row."""
    rng = facts.rng
    kept = sorted(rng.permutation(len(labels))[: rng.integers(3, 7)].tolist())
    while kept:
        count = int(rng.integers(1, 3))
        _fields(page, facts, filling, [labels[number] for number in kept[:count]])
        kept = kept[count:]


def _fields(page: Page, facts: Facts, filling: Filling, fields: list[tuple[str, str]]) -> None:
    """One row of labels with blanks, each taking the same room."""
    top, step = page.y, page.room // len(fields)
    page.y += filling.height
    pieces: list[Piece] = []
    for number, (label, template) in enumerate(fields):
        left, last = page.margin + number * step, number == len(fields) - 1
        right = page.right if last else left + step - (0 if filling.ground == "grid" else page.size)
        value = facts.fill(template) if template and facts.rng.random() < filling.share else ""
        pieces += _field(page, facts, filling, label, value, Box(left, top, right, page.y))
    page.put(*pieces)


def _field(page: Page, facts: Facts, filling: Filling, name: str, value: str, place: Box) -> list[Piece]:
    """A label and its blank, or what stands there; a value that has no room is left out."""
    lettering, pad, is_grid = page.lettering(), page.size // 2, filling.ground == "grid"
    is_framed = filling.ground in ("grid", "box")
    left, top, right, bottom = map(int, place)
    middle = (top + bottom + round(0.7 * page.size)) // 2
    baseline = middle if is_grid else bottom - pad
    text = name if is_framed else name + facts.table.COLON
    label = printed(text, lettering, left + pad * is_grid, baseline)
    start = label.x + round(lettering.length(text)) + pad
    if is_grid:
        start = max(start, left + (right - left) * LABEL_SHARE // 100)
        page.marks += frame(Box(left, top, start, bottom + 1), 1)
        page.marks += frame(Box(start - 1, top, right, bottom + 1), 1)
    elif is_framed:
        page.marks += frame(Box(start, top + 3, right, bottom - 3), 1)
    place = Box(start, baseline + 2, right, baseline + 2 + max(1, round(page.size * RULE_SHARE)))
    blank = Blank(place, is_dotted=filling.ground == "dots")
    if not value or filling.lettering.length(value) > right - start - 2 * pad:
        return [label] if is_framed else [label, blank]
    if not is_framed:
        page.marks += blank.bars()
        baseline -= round(filling.lettering.ink(value).bottom)
    return [label, printed(value, filling.lettering, start + pad, baseline, ink=filling.pen)]


def _comb(page: Page, facts: Facts, filling: Filling, label: str, template: str) -> None:
    """A label and a box for each character."""
    lettering, value = page.lettering(), facts.fill(template)
    top, side = page.y + page.size // 2, round(1.5 * page.size)
    bottom = top + side
    baseline = (top + bottom + round(0.7 * page.size)) // 2
    pieces: list[Piece] = [printed(label + facts.table.COLON, lettering, page.margin, baseline)]
    start = page.margin + round(lettering.length(label + facts.table.COLON)) + page.size
    side = min(side, (page.right - start) // len(value))
    for number in range(len(value)):
        left = start + number * side
        page.marks += frame(Box(left, top, left + side + 1, bottom), 1)
    if facts.rng.random() < filling.share:
        font = filling.lettering.font
        spread = Lettering((font[0], font[1], min(font[2], side)), font, cell=side)
        ink = spread.ink(value)
        middle = (top + bottom - round(ink.top + ink.bottom)) // 2
        pieces.append(printed(value, spread, start, middle, ink=filling.pen))
    page.put(*pieces)
    page.y = bottom + 4


def _choices(page: Page, facts: Facts, filling: Filling, label: str, choices: tuple[str, ...]) -> None:
    """A question with a box before or behind each answer, of which one may be ticked."""
    rng, lettering = facts.rng, page.lettering()
    baseline = page.advance(1.5)
    chosen = int(rng.integers(len(choices))) if rng.random() < filling.share else -1
    is_behind = facts.matter.tongue == "zh" and rng.random() < 0.3
    text = label + ("" if label.endswith("?") else facts.table.COLON)
    pieces: list[Piece] = [printed(text, lettering, page.margin, baseline)]
    x = page.margin + round(lettering.length(text)) + page.size
    for number, choice in enumerate(choices):
        sign: Sign = filling.tick if number == chosen else "☐"
        for part in ("words", "box") if is_behind else ("box", "words"):
            if part == "words":
                pieces.append(printed(choice, lettering, x, baseline))
                x += round(lettering.length(choice)) + page.size // 3
            else:
                pieces.append(_tick_box(page, filling, sign, x, baseline))
                x += round(1.25 * page.size)
        x += page.size
    page.put(*pieces)


def _statement(page: Page, facts: Facts, filling: Filling, text: str) -> None:
    baseline = page.advance(1.3)
    sign: Sign = filling.tick if facts.rng.random() < filling.share else "☐"
    box = _tick_box(page, filling, sign, page.margin, baseline)
    page.put(box, printed(text, page.lettering(), page.margin + round(1.5 * page.size), baseline))


def _tick_box(page: Page, filling: Filling, sign: Sign, x: int, baseline: int) -> TickBox:
    side = round(0.85 * page.size)
    top = baseline - round(0.78 * page.size)
    return TickBox(Box(x, top, x + side, top + side), sign, filling.pen)
