r"""The TeX of document pages: columns that are filled with whole blocks.

A page is one box of paper, made within a single run of TeX. All blocks are typeset once. A first try fills
the columns with them, and TeX's marks show the last block that ends there; then the columns are filled again
with the blocks up to that one. `\gotnote` reports where each block on the page begins and ends.
"""

from collections.abc import Iterable, Iterator, Sequence

from data_engines.kinds.page.document import Block, BlockKind
from data_engines.kinds.page.typography import CHINESE, FontFamily, PageStyle
from got_train.tex.escaping import escape_latex
from got_train.tex.packages import MATHS, TABLES
from got_train.tex.typefaces import MATH_VERSIONS

SIZES = (8, 9, 9.5, 10, 10.5, 11, 12, 14, 17, 20, 24)
"""Sizes of fonts in points."""
WHITE: dict[BlockKind, tuple[float, float]] = {
    "title": (0.5, 0.7),
    "authors": (0.3, 1.0),
    "abstract": (0.5, 1.0),
    "section": (1.1, 0.5),
    "subsection": (0.8, 0.3),
    "paragraph": (0.0, 0.0),
    "items": (0.3, 0.3),
    "display": (0.6, 0.6),
    "table": (0.6, 0.6),
}
"""Smallest white space above and below a block, in lines."""
PREAMBLE = (
    rf"""\usepackage{{{MATHS}}}
\usepackage{{{TABLES},xcolor,lmodern}}
\usepackage[no-math]{{fontspec}}
\usepackage{{xeCJK}}
"""
    + MATH_VERSIONS
    + r"""
\makeatletter
\newbox\page@top \newbox\page@rest \newbox\page@left \newbox\page@right \newbox\page@wide
\newif\ifpage@first \newif\ifpage@fits
\newdimen\page@height \newdimen\page@step
\newcount\page@last
\def\page@box#1{\numexpr3000+#1\relax}

% A block: its number, its width, what it says; nothing, if that is wider. Lines are as high as a strut, so
% that blocks can be stacked.
\long\def\pageblock#1#2#3{\global\page@fitstrue
  \setbox\page@box{#1}\vbox{\hsize#2\relax \linewidth\hsize \parskip\z@skip
  \gotnote{begin #1}\nobreak#3\gotnote{end #1}}%
  \ifpage@fits\else\setbox\page@box{#1}\box\voidb@x\fi}
\long\def\page@line#1{\leavevmode\strut#1\@finalstrut\strutbox\par}
\def\page@ragged{\rightskip\z@ plus 4em\hyphenpenalty\@M\exhyphenpenalty\@M}
\def\pagecentred{\leftskip\z@ plus1fil\rightskip\leftskip\parfillskip\z@skip}
\long\def\pageparagraph#1{\page@line{#1}}
\def\pageheading#1#2{{\parindent\z@\page@ragged\pageheadingstyle{#1}\page@line{#2}}}
\def\pagetitle#1{{\parindent\z@\page@ragged\pagetitlestyle\page@line{#1}}}
\def\pageauthors#1#2{{\parindent\z@\page@ragged\pageauthorstyle\page@line{#1}\page@line{\itshape#2}}}
\long\def\pageabstract#1#2{{\parindent\z@\leftskip\pageabstractmargin\rightskip\leftskip
  \page@line{\textbf{#1}\quad#2}}}
\long\def\pageitem#1#2{{\parindent\z@\leftskip2em\page@line{\llap{\hbox to 1.7em{#1\hss}}#2}}}
\def\page@measure#1{\ifdim#1>\hsize\global\page@fitsfalse\fi}
\def\pagedisplay#1#2{\setbox\page@wide\hbox{$\displaystyle#2$}%
  \def\page@number{#1}\setbox\z@\hbox{\ifx\page@number\@empty\else\quad(#1)\fi}%
  \page@measure{\dimexpr\wd\page@wide+2\wd\z@\relax}%
  \hbox to\hsize{\hfil\box\page@wide\hfil\llap{\box\z@}}}
\long\def\pagetable#1#2{\def\page@caption{#1}\ifx\page@caption\@empty\else
    {\parindent\z@\page@ragged\pagecentred\page@line{#1}}\nobreak\vskip.3\baselineskip\fi
  \setbox\page@wide\hbox{#2}\page@measure{\wd\page@wide}%
  \nointerlineskip\hbox to\hsize{\hfil\box\page@wide\hfil}}

% A block in a column: its number, the white above and below it, whether it stays with what follows.
\def\pageadd#1#2#3#4{\ifnum#1>\page@last\else\ifvoid\page@box{#1}\else
  \ifpage@first\page@firstfalse\else\addvspace{#2}\fi
  \unvcopy\page@box{#1}%
  \ifnum#4=1 \nobreak\else\mark{#1}\fi
  \vskip#3\relax\fi\fi}
\def\page@split#1#2{\setbox#1\vsplit\page@rest to#2\page@height
  \edef\page@mark{\splitbotmark}\ifx\page@mark\@empty\else\let\page@ended\page@mark\fi}
\def\page@pour{\setbox\page@rest\vbox{\hsize\columnwidth\page@firsttrue\pagebody}%
  \page@split\page@left\pageleftfill
  \ifx\pagerightfill\@empty\else\page@split\page@right\pagerightfill\fi}
\def\page@at#1#2#3{\vbox to\z@{\kern#2\hbox to\paperwidth{\kern#1#3\hss}\vss}}
\def\page@column#1{\vbox to\page@height{\unvbox#1\vfil}}
\def\pagemake{%
  \splittopskip.7\baselineskip \splitmaxdepth\maxdepth
  \page@last\@m
  \setbox\page@top\vbox{\hsize\textwidth\page@firsttrue\pagetop}%
  \page@height\dimexpr\textheight-\ht\page@top-\dp\page@top\relax
  \def\page@ended{0}\page@pour
  \page@last\page@ended\relax \page@pour
  \page@step\baselineskip
  \vbox to\paperheight{\offinterlineskip
    \page@at\pageleft\pagetopmargin{\vbox{\box\page@top
      \hbox to\textwidth{\page@column\page@left\hfil\ifvoid\page@right\else\page@column\page@right\fi}}}%
    \page@at\pageleft{\dimexpr\pagetopmargin-2.2\page@step}%
      {\vbox{\hbox to\textwidth{\pagehead}\pageheadrule}}%
    \page@at\pageleft{\dimexpr\pagetopmargin+\textheight+1.4\page@step}%
      {\hbox to\textwidth{\hfil\pagefoot\hfil}}%
    \vfil}}
\makeatother
"""
)


def page_code(blocks: Sequence[Block], style: PageStyle) -> str:
    """The TeX of one page; a block on it, counted from 1, leaves the notes `begin i` and `end i`."""
    across = count_across(blocks, style)
    lines = list(_settings(style))
    for number, block in enumerate(blocks, 1):
        width = r"\textwidth" if number <= across else r"\columnwidth"
        lines.append(rf"\pageblock{{{number}}}{{{width}}}{{{block.latex}}}")
    adds = [_add(number, block, style) for number, block in enumerate(blocks, 1)]
    lines.append(rf"\def\pagetop{{{''.join(adds[:across])}}}")
    lines.append(rf"\def\pagebody{{{''.join(adds[across:])}}}")
    return "%\n".join([*lines, r"\pagemake"])


def count_across(blocks: Sequence[Block], style: PageStyle) -> int:
    """Number of blocks at the top of the page that extend across both columns."""
    if style.columns == 1:
        return 0
    wide = ("title", "authors", "abstract") if style.abstract_across else ("title", "authors")
    return next((number for number, block in enumerate(blocks) if block.kind not in wide), len(blocks))


def font_code(families: Iterable[FontFamily]) -> str:
    """The TeX that defines font families; their files lie in the folder of the run."""
    lines = []
    for family in families:
        bold = f"BoldFont={family.bold}" if family.bold != family.upright else "AutoFakeBold=2"
        command, more = r"\newCJKfontfamily", ""
        if family not in CHINESE:
            command, more = r"\newfontfamily", f",ItalicFont={family.italic},Ligatures=TeX"
        name = rf"\expandafter{command}\csname page {family.name}\endcsname"
        lines.append(rf"{name}{{{family.upright}}}[Path=./,{bold}{more}]")
    return "\n".join(lines) + "\n"


def _settings(style: PageStyle) -> Iterator[str]:
    left, top, _, _ = style.margins
    for name, points in (
        ("paperwidth", style.paper[0]),
        ("paperheight", style.paper[1]),
        ("textwidth", style.text_width),
        ("textheight", style.text_height),
        ("columnwidth", style.column_width),
        ("parindent", style.indent),
    ):
        yield rf"\{name}={points:.2f}pt\relax"
    yield rf"\def\pageleft{{{left:.2f}pt}}\def\pagetopmargin{{{top:.2f}pt}}"
    fills = [f"{fill:.3f}" for fill in style.fill]
    yield rf"\def\pageleftfill{{{fills[0]}}}\def\pagerightfill{{{fills[1] if style.columns == 2 else ''}}}"
    yield _use(style.chinese) if style.chinese else r"\makexeCJKinactive"
    yield _use(style.latin) + rf"\mathversion{{{style.latin.math}}}" + _size(style.size, style.leading)
    yield r"\tolerance=2000 \emergencystretch=3em \clubpenalty=150 \widowpenalty=150"
    if style.ragged:
        yield r"\rightskip=0pt plus 4em"
    if not style.hyphens:
        yield r"\hyphenpenalty=10000"
    yield from _heading_settings(style)
    small = _size(0.9 * style.size, 1.1 * style.size)
    heads = r"\hfil ".join(map(escape_latex, style.heads))
    yield rf"\def\pagehead{{{small}{heads}}}"
    yield r"\def\pageheadrule{" + (r"\kern3pt\hrule}" if style.rule and any(style.heads) else "}")
    yield rf"\def\pagefoot{{{small}{escape_latex(style.foot)}}}"


def _heading_settings(style: PageStyle) -> Iterator[str]:
    look = _use(style.heading_latin) + rf"\bfseries\color{{{style.heading_color}}}"
    centre = r"\pagecentred" if style.heading_centred else ""
    sizes = [style.size * style.heading_scale**power for power in (1, 0.5, 2.2)]
    first, second, title = (_size(size, max(style.leading, 1.25 * size)) for size in sizes)
    yield rf"\def\pageheadingstyle#1{{{look}\ifnum#1=1 {centre}{first}\else{second}\fi}}"
    yield rf"\def\pagetitlestyle{{{look}{centre}{title}}}"
    yield rf"\def\pageauthorstyle{{{centre}}}"
    yield rf"\def\pageabstractmargin{{{style.abstract_margin:.2f}pt}}"


def _use(family: FontFamily) -> str:
    return rf"\csname page {family.name}\endcsname"


def _size(points: float, leading: float) -> str:
    """The TeX that sets the nearest of `SIZES`: TeX takes long to open a font, so there are few sizes."""
    nearest = min(SIZES, key=lambda size: abs(size - points))
    # without the last space, Chinese characters after it would belong to the command's name
    return rf"\fontsize{{{nearest}pt}}{{{leading:.2f}pt}}\selectfont "


def _add(number: int, block: Block, style: PageStyle) -> str:
    gap = style.gap if block.kind == "paragraph" else 0.0
    above, below = (max(lines * style.leading, gap) for lines in WHITE[block.kind])
    stays = block.kind in ("section", "subsection")
    return rf"\pageadd{{{number}}}{{{above:.2f}pt}}{{{below:.2f}pt}}{{{stays:d}}}"
