"""How document pages look: their paper, measures and fonts."""

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np

from data_engines.tools.chance import one_of
from got_train.packages import noto_fonts

MathFonts = Literal["normal", "times", "palatino"]


@dataclass(frozen=True)
class FontFamily:
    """The file names of fonts that go together."""

    name: str
    upright: str
    bold: str
    """The bold font; the upright one if there is no bold, which is then made fatter."""
    italic: str = ""
    """The italic font; empty for Chinese, which has none."""
    math: MathFonts = "normal"
    """The fonts of formulas that suit the family."""

    def files(self) -> frozenset[str]:
        return frozenset({self.upright, self.bold, self.italic} - {""})


def _tex_gyre(name: str, math: MathFonts = "normal") -> FontFamily:
    regular, bold, italic = (f"texgyre{name}-{shape}.otf" for shape in ("regular", "bold", "italic"))
    return FontFamily(name, regular, bold, italic, math)


LATIN = (
    FontFamily("modern", "lmroman10-regular.otf", "lmroman10-bold.otf", "lmroman10-italic.otf"),
    FontFamily("modernsans", "lmsans10-regular.otf", "lmsans10-bold.otf", "lmsans10-oblique.otf"),
    _tex_gyre("termes", "times"),
    _tex_gyre("pagella", "palatino"),
    _tex_gyre("bonum"),
    _tex_gyre("schola"),
    _tex_gyre("heros"),
)
CHINESE = (
    FontFamily("song", "FandolSong-Regular.otf", "FandolSong-Bold.otf"),
    FontFamily("hei", "FandolHei-Regular.otf", "FandolHei-Bold.otf"),
    FontFamily("kai", "FandolKai-Regular.otf", "FandolHei-Bold.otf"),
    FontFamily("fang", "FandolFang-Regular.otf", "FandolHei-Bold.otf"),
    FontFamily("notoserif", "NotoSerifSC-Regular.otf", "NotoSansSC-Regular.otf"),
    FontFamily("notosans", "NotoSansSC-Regular.otf", "NotoSansSC-Regular.otf"),
)


@lru_cache(maxsize=1)
def font_files() -> dict[str, Path]:
    """The paths of the available fonts, by name: in the installed TeX or the Python package."""
    names = sorted(frozenset().union(*(family.files() for family in (*LATIN, *CHINESE))))
    found: list[Path] = []
    if shutil.which("kpsewhich"):
        answer = subprocess.run(["kpsewhich", *names], capture_output=True, text=True, timeout=60)
        found += map(Path, answer.stdout.splitlines())
    found += noto_fonts()
    return {path.name: path for path in found if path.name in names}


def installed(families: Sequence[FontFamily]) -> tuple[FontFamily, ...]:
    """The families whose fonts are all available."""
    return tuple(family for family in families if family.files() <= font_files().keys())


@dataclass(frozen=True)
class PageStyle:
    """The look of a page; measures are in TeX points, 72.27 to the inch."""

    paper: tuple[float, float]
    """Width and height of the paper."""
    margins: tuple[float, float, float, float]
    """Left, top, right and bottom margin."""
    columns: Literal[1, 2]
    gutter: float
    fill: tuple[float, ...]
    """Share of each column that may be filled."""
    latin: FontFamily
    chinese: FontFamily | None
    """The Chinese family; None where only Latin letters are printed."""
    size: float
    leading: float
    """Distance between baselines."""
    indent: float
    """Indent of a paragraph's first line."""
    gap: float
    """White space between paragraphs."""
    ragged: bool
    """Whether lines are left-aligned instead of justified."""
    hyphens: bool
    heading_latin: FontFamily
    heading_scale: float
    """Size of headings of the first level, as a multiple of the text's size."""
    heading_color: str
    heading_centred: bool
    abstract_across: bool
    """Whether the abstract extends across both columns, instead of standing in the first."""
    abstract_margin: float
    """White space on either side of the abstract."""
    rule: bool
    """Whether a line separates the running head from the page."""
    heads: tuple[str, ...]
    """Texts at the left, middle and right of the running head."""
    foot: str
    """The text centred at the foot of the page."""

    @property
    def text_width(self) -> float:
        return self.paper[0] - self.margins[0] - self.margins[2]

    @property
    def text_height(self) -> float:
        return self.paper[1] - self.margins[1] - self.margins[3]

    @property
    def column_width(self) -> float:
        return (self.text_width - (self.columns - 1) * self.gutter) / self.columns


PAPERS = ((597.5, 845.0), (597.5, 845.0), (614.3, 795.0), (499.0, 708.6), (420.9, 597.5), (526.0, 754.0))
"""A4 (twice as often as others), letter, B5, A5 and the Chinese 16mo."""
HEADING_COLORS = ("black", "black", "black", "black", "blue!50!black", "red!60!black", "teal!70!black")


def choose_style(
    rng: np.random.Generator,
    columns: Literal[1, 2],
    latin: Sequence[FontFamily],
    chinese: FontFamily | None,
    head: str,
) -> PageStyle:
    """A style for a page; `head` is the text for its running head."""
    paper = one_of(rng, PAPERS)
    left, right = rng.uniform(0.08, 0.16, 2) * paper[0]
    top, bottom = rng.uniform(0.08, 0.13, 2) * paper[1]
    if rng.random() < 0.7:
        right = left
    small = columns == 2 or paper[0] < 450
    size = float(rng.choice([9.0, 9.5, 10.0] if small else [10.0, 10.5, 11.0, 12.0]))
    leading = size * rng.uniform(1.35, 1.7) if chinese else size * rng.uniform(1.15, 1.5)
    indented = rng.random() < (0.8 if chinese else 0.6)
    across = rng.random() < 0.5
    heads = _choose_heads(rng, head)
    family = one_of(rng, latin)
    return PageStyle(
        paper=paper,
        margins=(float(left), float(top), float(right), float(bottom)),
        columns=columns,
        gutter=float(rng.uniform(1.5, 2.5) * size),
        fill=_choose_fill(rng, columns),
        latin=family,
        chinese=chinese,
        size=size,
        leading=float(leading),
        indent=size * (2.0 if chinese else 1.5) if indented else 0.0,
        gap=float(rng.uniform(0.0, 0.3) * size if indented else rng.uniform(0.4, 0.8) * size),
        ragged=not chinese and rng.random() < 0.15,
        hyphens=rng.random() < 0.8,
        heading_latin=family if rng.random() < 0.7 else one_of(rng, latin),
        heading_scale=float(rng.choice([1.0, 1.2, 1.35, 1.5])),
        heading_color=one_of(rng, HEADING_COLORS),
        heading_centred=rng.random() < 0.25,
        abstract_across=across,
        abstract_margin=float(rng.choice([0.0, 1.5, 3.0])) * size if across or columns == 1 else 0.0,
        rule=rng.random() < 0.3,
        heads=heads,
        foot=str(rng.integers(1, 400)) if not any(heads) and rng.random() < 0.7 else "",
    )


def _choose_fill(rng: np.random.Generator, columns: int) -> tuple[float, ...]:
    """Share of each column that is filled. Most pages are full; on some, a chapter ends in either column."""
    if rng.random() < 0.8:
        return (1.0,) * columns
    share = float(rng.uniform(0.55, 0.95))
    return (share,) * columns if columns == 1 or rng.random() < 0.5 else (1.0, share)


def _choose_heads(rng: np.random.Generator, head: str) -> tuple[str, ...]:
    texts = [head, str(rng.integers(1, 400)), ""]
    return ("", "", "") if rng.random() < 0.5 else tuple(texts[i] for i in rng.permutation(3))
