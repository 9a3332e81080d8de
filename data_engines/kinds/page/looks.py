"""Looks of document pages, by chance: as LaTeX, Word, browsers and printers of books make them."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import get_args

import numpy as np

from data_engines.kinds.page.typography import CodeFrame, Columns, FontFamily, Layout, PageStyle
from data_engines.tools.chance import one_of

Paper = tuple[float, float]

A4, LETTER, A5 = (597.5, 845.0), (614.3, 795.0), (420.9, 597.5)
PAPERS: tuple[Paper, ...] = (A4, A4, LETTER, (499.0, 708.6), A5, (526.0, 754.0))
"""A4 (twice as often as others), letter, B5, A5 and the Chinese 16mo."""
SLIDES: tuple[Paper, ...] = ((455.0, 341.3), (512.0, 288.0))
"""4 to 3 and 16 to 9, as beamer has them: small, so that usual letters look large."""
HEADING_COLORS = ("black", "black", "black", "black", "blue!50!black", "red!60!black", "teal!70!black")
OFFICE_COLORS = ("black", "blue!60!black", "blue!40!gray")
LINK_COLORS = ("blue", "blue!70!black", "teal")


def choose_style(
    rng: np.random.Generator,
    layout: Layout,
    columns: Columns,
    latin: Sequence[FontFamily],
    mono: Sequence[FontFamily],
    chinese: FontFamily | None,
    head: str,
) -> PageStyle:
    """A style for a page; `head` is the text for its running head."""
    paper = one_of(rng, PAPERS)
    if columns == 3 or layout == "newspaper":
        paper = one_of(rng, (A4, LETTER))
    left, right = rng.uniform(0.08, 0.16, 2) * paper[0]
    top, bottom = rng.uniform(0.08, 0.13, 2) * paper[1]
    if rng.random() < 0.7:
        right = left
    small = columns > 1 or paper[0] < 450
    size = float(rng.choice([9.0, 9.5, 10.0] if small else [10.0, 10.5, 11.0, 12.0]))
    leading = size * rng.uniform(1.35, 1.7) if chinese else size * rng.uniform(1.15, 1.5)
    indented = rng.random() < (0.8 if chinese else 0.6)
    across = rng.random() < 0.5
    heads = _choose_heads(rng, head)
    family = one_of(rng, latin)
    style = PageStyle(
        paper=paper,
        margins=(float(left), float(top), float(right), float(bottom)),
        layout=layout,
        columns=columns,
        gutter=float(rng.uniform(1.5, 2.5) * size),
        column_rule=rng.random() < 0.1,
        fill=_choose_fill(rng, columns),
        latin=family,
        mono=one_of(rng, mono),
        chinese=chinese,
        size=size,
        leading=float(leading),
        indent=size * (2.0 if chinese else 1.5) if indented else 0.0,
        gap=float(rng.uniform(0.0, 0.3) * size if indented else rng.uniform(0.4, 0.8) * size),
        ragged=not chinese and rng.random() < 0.15,
        hyphens=rng.random() < 0.8,
        link_color="black",
        code_frame=one_of(rng, get_args(CodeFrame)),
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
    return _LOOKS[layout](rng, style, {family.name: family for family in latin})


Families = dict[str, FontFamily]
"""The Latin families that are there, by name."""


def _as_article(rng: np.random.Generator, style: PageStyle, families: Families) -> PageStyle:
    """As LaTeX, Word or a browser makes pages, or as style after style of printed books is."""
    looks = (_as_latex, _as_word, _as_web) if style.columns == 1 else (_as_latex,)
    return one_of(rng, looks)(rng, style, families) if rng.random() < 0.6 else style


def _as_latex(rng: np.random.Generator, style: PageStyle, families: Families) -> PageStyle:
    family = families.get(one_of(rng, ("modern", "termes")), style.latin)
    return replace(
        style,
        latin=family,
        heading_latin=family,
        heading_scale=1.2,
        heading_color="black",
        heading_centred=False,
        leading=style.leading if style.chinese else 1.2 * style.size,
        indent=style.indent or 1.5 * style.size,
        gap=0.0,
        ragged=False,
        hyphens=True,
        link_color=one_of(rng, ("black", "black", "red!80!black", "blue")),
    )


def _as_word(rng: np.random.Generator, style: PageStyle, families: Families) -> PageStyle:
    """Letters without serifs or Times, 11 points, lines 1.15 times as far apart, an inch of margin."""
    family = families.get(one_of(rng, ("heros", "heros", "termes")), style.latin)
    return replace(
        style,
        paper=(paper := one_of(rng, (A4, LETTER))),
        margins=(72.3, 72.3, 72.3, 72.3) if rng.random() < 0.6 else (90.0, 72.3, 90.0, 72.3),
        foot="" if any(style.heads) else "Page {} of {}".format(*_choose_page(rng)),
        latin=family,
        heading_latin=family,
        heading_scale=1.35,
        heading_color=one_of(rng, OFFICE_COLORS),
        heading_centred=False,
        size=11.0 if paper == LETTER else 10.5,
        leading=style.leading if style.chinese else 11.0 * 1.15 * float(one_of(rng, (1.15, 1.25, 1.5))),
        indent=style.indent if style.chinese else 0.0,
        gap=float(rng.uniform(0.6, 0.9) * style.size),
        ragged=not style.chinese and rng.random() < 0.8,
        hyphens=False,
        link_color="blue",
        code_frame="plain",
    )


def _as_web(rng: np.random.Generator, style: PageStyle, families: Families) -> PageStyle:
    """As a browser prints an article: wide margins, gaps in place of indents, coloured links, the hour."""
    family = families.get(one_of(rng, ("heros", "schola", "modernsans")), style.latin)
    side = float(rng.uniform(0.12, 0.2)) * style.paper[0]
    return replace(
        style,
        margins=(side, style.margins[1], side, style.margins[3]),
        heads=(_choose_hour(rng), "", max(style.heads, key=len)),
        foot="{}/{}".format(*_choose_page(rng)),
        latin=family,
        heading_latin=family if rng.random() < 0.6 else families.get("heros", family),
        heading_scale=1.5,
        heading_centred=False,
        leading=float(rng.uniform(1.4, 1.65)) * style.size,
        indent=0.0,
        gap=0.9 * style.size,
        ragged=not style.chinese,
        hyphens=False,
        link_color=one_of(rng, LINK_COLORS),
        code_frame="shaded",
        rule=False,
    )


def _as_textbook(rng: np.random.Generator, style: PageStyle, families: Families) -> PageStyle:
    """A page of a book, which as a rule has a running head with its number."""
    return replace(style, code_frame="ruled", rule=style.rule or rng.random() < 0.3)


def _as_newspaper(rng: np.random.Generator, style: PageStyle, families: Families) -> PageStyle:
    """Narrow columns of small letters with lines between, below a large headline."""
    size = float(one_of(rng, (8.0, 9.0, 9.5)))
    return replace(
        style,
        latin=families.get(one_of(rng, ("termes", "schola", "bonum")), style.latin),
        margins=(36.0, 58.0, 36.0, 50.0),
        gutter=1.8 * size,
        column_rule=rng.random() < 0.5,
        fill=(1.0,) * style.columns,
        size=size,
        leading=size * (1.4 if style.chinese else 1.18),
        indent=(2.0 if style.chinese else 1.0) * size,
        gap=0.0,
        ragged=False,
        hyphens=True,
        heading_scale=1.5,
        heading_color="black",
        rule=True,
    )


def _as_slide(rng: np.random.Generator, style: PageStyle, families: Families) -> PageStyle:
    paper = one_of(rng, SLIDES)
    size = float(one_of(rng, (11.0, 12.0)))
    family = families.get(one_of(rng, ("modernsans", "heros")), style.latin)
    return replace(
        style,
        paper=paper,
        margins=(0.07 * paper[0], 0.1 * paper[1], 0.07 * paper[0], 0.15 * paper[1]),
        fill=(1.0,),
        heads=("", "", ""),
        foot=one_of(rng, ("", "{}", "{} / {}")).format(*_choose_page(rng)),
        latin=family,
        heading_latin=family,
        heading_scale=1.35,
        heading_color=one_of(rng, (*HEADING_COLORS, "blue!70!black")),
        size=size,
        leading=float(rng.uniform(1.3, 1.6)) * size,
        indent=0.0,
        gap=0.5 * size,
        ragged=not style.chinese,
        hyphens=False,
        link_color="blue",
    )


_LOOKS: dict[Layout, Callable[[np.random.Generator, PageStyle, Families], PageStyle]] = {
    "article": _as_article,
    "textbook": _as_textbook,
    "newspaper": _as_newspaper,
    "slide": _as_slide,
}


def _choose_fill(rng: np.random.Generator, columns: Columns) -> tuple[float, ...]:
    """Share of each column that is filled. Most pages are full; on some, a chapter ends in any column."""
    if rng.random() < 0.8:
        return (1.0,) * columns
    share = float(rng.uniform(0.55, 0.95))
    return (share,) * columns if columns == 1 or rng.random() < 0.5 else (*(1.0,) * (columns - 1), share)


def _choose_page(rng: np.random.Generator) -> tuple[int, int]:
    """The number of a page and that of the last one."""
    last = int(rng.integers(2, 60))
    return int(rng.integers(1, last + 1)), last


def _choose_hour(rng: np.random.Generator) -> str:
    """When a browser printed a page."""
    month, day, year, hour, minute = (rng.integers(*of) for of in ((1, 13), (1, 29), (8, 27), (1, 13), (60,)))
    return f"{month}/{day}/{year:02}, {hour}:{minute:02} {one_of(rng, ('AM', 'PM'))}"


def _choose_heads(rng: np.random.Generator, head: str) -> tuple[str, ...]:
    texts = [head, str(rng.integers(1, 400)), ""]
    return ("", "", "") if rng.random() < 0.5 else tuple(texts[i] for i in rng.permutation(3))
