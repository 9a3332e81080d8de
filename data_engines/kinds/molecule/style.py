"""How molecules look: as in a book, in a program, or by hand."""

import dataclasses
from dataclasses import dataclass
from typing import Literal

import numpy as np

from data_engines.engine import Rgb
from data_engines.tools.chance import one_of
from data_engines.tools.strokes import choose_ink
from got_train.packages import matplotlib_fonts

FONTS = ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf", "DejaVuSerif.ttf", "STIXGeneral.ttf")
"""Fonts for the symbols of atoms; all are part of matplotlib."""
HAND_FONT = "DejaVuSansMono.ttf"
"""The font whose middle a hand follows: its I has strokes across, as people write it, and is no bond."""
Palette = Literal["ink", "default", "cdk", "avalon"]
PALETTES: tuple[Palette, ...] = ("default", "cdk", "avalon")
"""Colours of atoms that programs use; the palette `ink` has one colour for all atoms."""


@dataclass(frozen=True)
class MoleculeStyle:
    """How molecules look in a book or a program; lengths are shares of the bond length."""

    palette: Palette
    circles: bool
    font: str
    """A font file, or an empty string for RDKit's own font."""
    font_size: float
    line_width: float
    line_gap: float
    """Gap between the lines of a double bond."""
    label_gap: float
    """Gap between a symbol and the bonds that end at it."""
    explicit_methyl: bool
    """Whether the ends of chains are written as CH3."""
    ink: Rgb
    paper: Rgb


def choose_style(rng: np.random.Generator, color: float, circles: float) -> MoleculeStyle:
    """A style, which has coloured atoms or circles in aromatic rings with these probabilities."""
    level = int(rng.integers(0, 70)) if rng.random() < 0.3 else 0
    tint = tuple(rng.integers(225, 256, size=3).tolist()) if rng.random() < 0.3 else (255, 255, 255)
    font = ("", *FONTS)[rng.integers(1 + len(FONTS))]
    return MoleculeStyle(
        palette=one_of(rng, PALETTES) if rng.random() < color else "ink",
        circles=bool(rng.random() < circles),
        font=str(matplotlib_fonts() / font) if font else "",
        font_size=float(rng.uniform(0.38, 0.58)),
        line_width=float(rng.uniform(0.04, 0.1)),
        line_gap=float(rng.uniform(0.12, 0.2)),
        label_gap=float(rng.uniform(0.0, 0.12)),
        explicit_methyl=bool(rng.random() < 0.15),
        ink=(level, level, level),
        paper=tint,
    )


def choose_hand_style(rng: np.random.Generator, style: MoleculeStyle) -> MoleculeStyle:
    """The style that a hand follows: letters of simple lines in the colour of one pen."""
    paper = int(rng.integers(228, 256))
    return dataclasses.replace(
        style,
        palette="ink",
        font=str(matplotlib_fonts() / HAND_FONT),
        ink=choose_ink(rng),
        paper=(paper, paper - int(rng.integers(0, 6)), paper - int(rng.integers(0, 16))),
    )
