"""What things look like: for each a function that lays its texts and patches out on a face."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from data_engines.engine import Reject, Rgb
from data_engines.kinds.scene.drafts import Draft, Writer, choose_color, choose_ink, luma
from data_engines.kinds.scene.things import EDGE, Thing
from data_engines.tools.boxes import Box
from data_engines.tools.chance import one_of
from data_engines.tools.warp import Warp

GLASS: Rgb = (58, 74, 92)
SKY: Rgb = (84, 102, 122)
METAL: Rgb = (150, 152, 156)
PAINT: Rgb = (240, 240, 236)
ANY = (0.12, 0.3, 0.5, 0.75, 0.94)
"""Degrees of lightness that grounds may have; between them inks would not stand out."""


def design_shop(draft: Draft, ground: Rgb) -> None:
    """A shop front: a board with a frame over windows and a door."""
    rng = draft.rng
    board, low = choose_color(rng, (0.15, 0.3, 0.85)), rng.uniform(0.36, 0.5)
    box = draft.box(0.04, 0.06, 0.96, low)
    draft.patch(box, board)
    draft.patch(box, choose_color(rng, ANY), outline=draft.height * rng.uniform(0.008, 0.02))
    ink, inner = choose_ink(rng, board), box.grown(-0.035 * draft.height)
    split = inner.top + rng.uniform(0.6, 0.72) * inner.height
    draft.write(Box(*inner[:3], split), ink, 0.9 * (split - inner.top), what=one_of(rng, (None, "company")))
    draft.write(
        Box(inner.left, split, *inner[2:]),
        ink,
        0.09 * draft.height,
        what=one_of(rng, (None, "phone", "address")),
        capitals=0.5,
    )
    door = float(rng.uniform(0.1, 0.6))
    parts = [(0.06, door - 0.02), (door, door + 0.28), (door + 0.3, 0.94)]
    for left, right in parts:
        if right - left < 0.08:
            continue
        pane = draft.box(left, low + 0.08, right, 0.86)
        if left == door:
            draft.patch(draft.box(left, low + 0.06, right, 0.99), choose_color(rng, (0.15, 0.3)))
            pane = draft.box(left + 0.04, low + 0.1, right - 0.04, 0.82)
        draft.patch(pane, GLASS)
        glint = pane.left + rng.uniform(0.3, 0.7) * pane.width
        draft.patch(Box(glint, pane.top, glint + 0.12 * pane.width, pane.bottom), SKY)
        draft.patch(pane, METAL, outline=3)
        what = one_of(rng, (None, "time", "price"))
        draft.write(Box(*pane[:3], pane.middle).grown(-6), PAINT, 0.08 * draft.height, what=what)


def design_plate(draft: Draft, ground: Rgb) -> None:
    """A number plate or the plate of a street or a house: a border, screws, and large letters."""
    rng, height = draft.rng, draft.height
    ink = choose_ink(rng, ground)
    inset = EDGE + 0.05 * height
    edge = Box(inset, inset, draft.width - inset, height - inset)
    draft.patch(edge, ink, 0.1 * height, max(2, 0.025 * height))
    middle, size = height / 2, 0.045 * height
    for x in (edge.left + 2.4 * size, edge.right - 2.4 * size):
        draft.patch(Box(x - size, middle - size, x + size, middle + size), METAL, size)
    room = edge.grown(-0.07 * height)
    room = Box(room.left + 4 * size, room.top, room.right - 4 * size, room.bottom)
    below = room.top + 0.68 * room.height
    if draft.left_over > 1 and rng.random() < 0.5:
        draft.write(
            Box(*room[:3], below), ink, 0.85 * (below - room.top), what=one_of(rng, ("city", "code", None))
        )
        draft.write(
            Box(room.left, below, *room[2:]), ink, 0.25 * height, what=one_of(rng, ("small", "code", None))
        )
    else:
        draft.write(room, ink, 0.8 * room.height, what=one_of(rng, ("code", "code", None)), capitals=0.6)


def design_label(draft: Draft, ground: Rgb) -> None:
    """A label or a package: a band with the brand, a sort, small dense ingredients, weight and date."""
    rng = draft.rng
    band = choose_color(rng, ANY)
    top = rng.uniform(0.05, 0.14)
    low = top + rng.uniform(0.2, 0.28)
    draft.patch(draft.box(0, top, 1, low), band)
    ink, band_ink = choose_ink(rng, ground), choose_ink(rng, band)
    stripe = choose_color(rng, ANY)
    for y in (top - 0.025, low + 0.012):
        draft.patch(draft.box(0, y, 1, y + 0.012), stripe)
    draft.write(
        draft.box(0.06, top + 0.02, 0.94, low - 0.02),
        band_ink,
        0.2 * draft.height,
        what=one_of(rng, (None, "company", "word")),
        capitals=0.5,
    )
    draft.write(draft.box(0.08, low + 0.04, 0.92, low + 0.15), ink, 0.08 * draft.height)
    y = low + 0.17
    while y < 0.7:
        end, size = y + rng.uniform(0.14, 0.26), rng.uniform(13, 18)
        room = draft.box(0.08, y, 0.92, min(end, 0.86))
        draft.write(room, ink, size, most=9, whole=True, capitals=0.1, start=True)
        y = end + 0.01
    draft.write(draft.box(0.08, 0.88, 0.45, 0.97), ink, 0.06 * draft.height, what="measure", start=True)
    draft.write(
        draft.box(0.52, 0.88, 0.94, 0.97), ink, 0.04 * draft.height, what=one_of(rng, ("date", "code"))
    )


def design_screen(draft: Draft, ground: Rgb) -> None:
    """The screen of a telephone or a computer: a bar, rows with values at their ends, buttons."""
    rng, height = draft.rng, draft.height
    page = choose_color(rng, (0.07, 0.95), 0.25)
    bezel = EDGE + 0.03 * min(draft.width, height)
    inner = Box(bezel, bezel, draft.width - bezel, height - bezel)
    draft.patch(inner, page, 0.02 * draft.width)
    bar, row = choose_color(rng, (0.15, 0.3, 0.85)), height * rng.uniform(0.09, 0.14)
    row = max(24.0, row, 0.16 * height if draft.left_over < 6 else 0)
    draft.patch(Box(*inner[:3], inner.top + row), bar)
    draft.write(
        Box(inner.left + 10, inner.top, inner.right - 10, inner.top + row),
        choose_ink(rng, bar),
        0.5 * row,
        capitals=0.1,
    )
    ink, y, size = choose_ink(rng, page), inner.top + row + 6, rng.uniform(14, 0.5 * row + 8)
    line: Rgb = (205, 205, 205) if luma(page) > 128 else (62, 62, 66)
    middle = inner.left + 0.64 * inner.width
    while draft.left_over > 1 and y + 2.2 * row < inner.bottom:
        end = y + row * (2 if rng.random() < 0.4 else 1)
        room = Box(inner.left + 12, y, middle, end)
        if end - y > row:
            wide = Box(room.left, y, inner.right - 12, end)
            draft.write(wide, ink, min(size, 18), most=5, whole=True, capitals=0, start=True)
        elif draft.write(room, ink, size, capitals=0, start=True):
            value = one_of(rng, ("price", "time", "percent", "integer"))
            draft.write(Box(middle + 8, y, inner.right - 10, end), ink, size, capitals=0, what=value)
        draft.patch(Box(inner.left + 8, end + 1, inner.right - 8, end + 2), line)
        y = end + 5
    side = 0.2 * inner.width
    button = Box(inner.left + side, inner.bottom - row, inner.right - side, inner.bottom - 6)
    color = choose_color(rng, (0.3, 0.85))
    draft.patch(button, color, 0.3 * row)
    draft.write(button.grown(-3), choose_ink(rng, color), 0.5 * row)


def design_book(draft: Draft, ground: Rgb) -> None:
    """The cover of a book beside its spine: title, picture, author, publisher."""
    rng = draft.rng
    ink = choose_ink(rng, ground)
    dark: Rgb = tuple(round(0.7 * level) for level in ground)  # type: ignore[assignment]
    spine = draft.box(0, 0, 0.09, 1)
    draft.patch(spine, dark)
    draft.patch(draft.box(0.09, 0, 0.1, 1), choose_ink(rng, dark))
    if rng.random() < 0.5:
        draft.patch(draft.box(0.14, 0.04, 0.96, 0.96), ink, outline=2)
    if not draft.write_column(draft.box(0.6, 0.1, 0.92, 0.6), ink, 0.13 * draft.height, most=2):
        draft.write(draft.box(0.18, 0.08, 0.92, 0.42), ink, 0.12 * draft.height, most=3)
        motif = draft.box(0.35, 0.46, 0.75, 0.68)
        draft.patch(motif, choose_color(rng, ANY), one_of(rng, (0, motif.height / 2)))
    draft.write(draft.box(0.18, 0.72, 0.92, 0.81), ink, 0.06 * draft.height, what="name", capitals=0.2)
    draft.write(draft.box(0.18, 0.88, 0.92, 0.94), ink, 0.04 * draft.height, what="company")


def design_poster(draft: Draft, ground: Rgb) -> None:
    """A poster or a notice: a band, a large text, in columns where they can stand, and small ones."""
    rng = draft.rng
    ink = choose_ink(rng, ground)
    head = choose_color(rng, ANY)
    draft.patch(draft.box(0, 0, 1, 0.14), head)
    draft.write(draft.box(0.06, 0.02, 0.94, 0.12), choose_ink(rng, head), 0.09 * draft.height)
    large = draft.box(0.08, 0.19, 0.92, 0.56)
    if not draft.write_column(large, ink, 0.14 * draft.height, most=4):
        draft.write(large, ink, 0.16 * draft.height, most=3, capitals=0.5)
    if draft.left_over:
        draft.patch(draft.box(0.08, 0.59, 0.92, 0.595), ink)
    draft.write(draft.box(0.08, 0.61, 0.92, 0.81), ink, rng.uniform(13, 20), most=6, whole=True, capitals=0)
    draft.write(
        draft.box(0.08, 0.82, 0.92, 0.89), ink, 0.05 * draft.height, what=one_of(rng, ("date", "address"))
    )
    draft.write(
        draft.box(0.08, 0.9, 0.92, 0.97),
        ink,
        0.05 * draft.height,
        what=one_of(rng, ("phone", "url", "email")),
    )


class Design(NamedTuple):
    """What a thing of one sort looks like."""

    lay_out: Callable[[Draft, Rgb], None]
    """Puts texts and patches onto a face of a colour."""
    ratios: tuple[float, float]
    """Between which its width lies, divided by its height."""
    least: int
    """The number of texts below which it would look empty."""


DESIGNS = {
    "shop": Design(design_shop, (1.2, 1.7), 1),
    "plate": Design(design_plate, (2.4, 4.2), 1),
    "book": Design(design_book, (0.66, 0.8), 2),
    "label": Design(design_label, (0.7, 1.1), 4),
    "screen": Design(design_screen, (0.6, 1.6), 4),
    "poster": Design(design_poster, (0.66, 0.8), 3),
}


def choose_thing(rng: np.random.Generator, cell: Box, most: int, writer: Writer) -> Thing:
    """A thing in a cell of the picture, with at most `most` texts, and one at least.

    Raises:
        Reject: none of its texts has room.
    """
    name = one_of(rng, [name for name, design in DESIGNS.items() if design.least <= most])
    ratio = rng.uniform(*DESIGNS[name].ratios)
    width = min(cell.width, ratio * cell.height) * rng.uniform(0.85, 1)
    warp = _choose_warp(rng, name, width, width / ratio, cell)
    ground = choose_color(rng, (0.06, 0.12) if name == "screen" else ANY)
    draft = Draft(rng, writer, warp.width, warp.height, most)
    DESIGNS[name].lay_out(draft, ground)
    if not draft.lines:
        raise Reject("text does not fit the picture")
    lines = tuple(draft.lines)
    radius = {"plate": 0.12 * warp.height, "screen": 0.05 * warp.width, "label": 4.0}.get(name, 1.0)
    depth = 0.1 if name == "screen" else float(rng.uniform(0.2, 0.5))
    return Thing(name, warp, ground, radius, depth, tuple(draft.patches), lines)


def _choose_warp(rng: np.random.Generator, name: str, width: float, height: float, cell: Box) -> Warp:
    """How a thing of about that size is seen, somewhere in its cell."""
    angle = np.radians(np.clip(rng.normal(0, 2.5), -6, 6))
    across, down, slant = rng.uniform(-0.2, 0.2), rng.uniform(-0.1, 0.1), rng.uniform(-0.04, 0.04)
    bent = name == "label" and rng.random() < 0.7
    curve, dip = (float(rng.uniform(0.6, 1.8)), float(rng.uniform(-0.3, 0.3))) if bent else (0.0, 0.0)
    place = rng.random(2)

    def warp(scale: float) -> Warp:
        size = max(2, round(scale * width)), max(2, round(scale * height))
        turned = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) @ [
            [1, slant],
            [0, 1],
        ]
        view = (*turned[0], 0, *turned[1], 0, across / size[0], down / size[1], 1)
        return Warp(*size, 0.0, tuple(map(float, view)), curve, dip)

    extent = Box(*warp(1).extent())
    seen = warp(0.98 * min(1.0, cell.width / extent.width, cell.height / extent.height))
    extent = Box(*seen.extent())
    x = cell.left - extent.left + place[0] * (cell.width - extent.width)
    y = cell.top - extent.top + place[1] * (cell.height - extent.height)
    return seen.moved(x, y)
