"""How document pages look: their paper, measures and fonts."""

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from got_train.packages import noto_fonts

Layout = Literal["article", "textbook", "newspaper", "slide"]
Columns = Literal[1, 2, 3]
CodeFrame = Literal["plain", "ruled", "shaded"]
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

    def drawn_as_others(self) -> frozenset[str]:
        """The characters that one of its files draws as others."""
        return frozenset("".join(DRAWN_AS_OTHERS.get(name, "") for name in self.files()))


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
MONO = (
    FontFamily("mono", "lmmono10-regular.otf", "lmmono10-regular.otf", "lmmono10-italic.otf"),
    _tex_gyre("cursor"),
)
"""Typefaces of code, in which all letters are equally wide."""
CHINESE = (
    FontFamily("song", "FandolSong-Regular.otf", "FandolSong-Bold.otf"),
    FontFamily("hei", "FandolHei-Regular.otf", "FandolHei-Bold.otf"),
    FontFamily("kai", "FandolKai-Regular.otf", "FandolHei-Bold.otf"),
    FontFamily("fang", "FandolFang-Regular.otf", "FandolHei-Bold.otf"),
    FontFamily("notoserif", "NotoSerifSC-Regular.otf", "NotoSansSC-Regular.otf"),
    FontFamily("notosans", "NotoSansSC-Regular.otf", "NotoSansSC-Regular.otf"),
)
DRAWN_AS_OTHERS = {
    "FandolSong-Regular.otf": "＄￥",
    "FandolSong-Bold.otf": "幹捨準癥衹醜餘鬆鬱鹼",
    "FandolHei-Regular.otf": "幹捨準癥衹醜餘騁鬆鬱＄￥",
    "FandolHei-Bold.otf": "釺鍁＄￥",
    "FandolFang-Regular.otf": "＄￥",
    "NotoSansSC-Regular.otf": "墫壿",
}
"""What a font draws as another character, such as 餘 as 余 and ￥ as ＄: nobody can read which it was."""


@lru_cache(maxsize=1)
def font_files() -> dict[str, Path]:
    """The paths of the available fonts, by name: in the installed TeX or the Python package."""
    names = sorted(frozenset().union(*(family.files() for family in (*LATIN, *MONO, *CHINESE))))
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
    layout: Layout
    columns: Columns
    gutter: float
    column_rule: bool
    """Whether a line stands between columns."""
    fill: tuple[float, ...]
    """Share of each column that may be filled."""
    mono: FontFamily
    """The typeface of code."""
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
    link_color: str
    """Colour of the text of links."""
    code_frame: CodeFrame
    heading_latin: FontFamily
    heading_scale: float
    """Size of headings of the first level, as a multiple of the text's size."""
    heading_color: str
    heading_centred: bool
    abstract_across: bool
    """Whether the abstract extends across all columns, instead of standing in the first."""
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
