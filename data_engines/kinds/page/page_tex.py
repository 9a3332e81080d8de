r"""The TeX of document pages: columns that are filled with whole blocks.

A page is one box of paper, made within a single run of TeX. All blocks are typeset once. A first try fills
the columns with them, and TeX's marks show the last block that ends there; then the columns are filled again
with the blocks up to that one. Other marks, of e-TeX, show which footnotes belong at the foot of a column.
`\gotnote` reports where each block on the page begins and ends.
"""

from collections.abc import Iterable, Iterator, Sequence

from data_engines.kinds.page.document import Block, BlockKind
from data_engines.kinds.page.figures import LABEL_SIZE
from data_engines.kinds.page.typography import CHINESE, MONO, FontFamily, PageStyle
from got_train.tex.escaping import escape_latex
from got_train.tex.packages import MATHS, TABLES
from got_train.tex.typefaces import MATH_VERSIONS

ACROSS: frozenset[BlockKind] = frozenset(
    {"masthead", "dateline", "title", "authors", "byline", "figure", "caption"}
)
"""Blocks that extend across all columns where they are the first of a page; at times abstracts do, too."""
KEPT_WITH_NEXT: tuple[BlockKind, ...] = ("section", "subsection", "byline", "figure")
"""Blocks after which no column ends."""
SIZES = (8, 9, 9.5, 10, 10.5, 11, 12, 14, 17, 20, 24, 36)
"""Sizes of fonts in points."""
MASTHEAD_SIZE = 36
WHITE: dict[BlockKind, tuple[float, float]] = {
    "masthead": (0.0, 0.4),
    "dateline": (0.0, 0.9),
    "title": (0.5, 0.7),
    "authors": (0.3, 1.0),
    "abstract": (0.5, 1.0),
    "section": (1.1, 0.5),
    "subsection": (0.8, 0.3),
    "paragraph": (0.0, 0.0),
    "items": (0.3, 0.3),
    "display": (0.6, 0.6),
    "table": (0.6, 0.6),
    "byline": (0.2, 0.5),
    "figure": (0.8, 0.3),
    "caption": (0.2, 0.8),
    "code": (0.6, 0.6),
    "entry": (0.1, 0.1),
    "footnote": (0.0, 0.0),
}
"""Smallest white space above and below a block, in lines."""
PREAMBLE = (
    rf"""\usepackage{{{MATHS}}}
\usepackage{{{TABLES},xcolor,lmodern,pict2e}}
\usepackage[no-math]{{fontspec}}
\usepackage{{xeCJK}}
"""
    + MATH_VERSIONS
    + r"""
\makeatletter
\newbox\page@top \newbox\page@rest \newbox\page@trial \newbox\page@notes \newbox\page@wide
\newif\ifpage@first \newif\ifpage@fits
\newdimen\page@height \newdimen\page@room \newdimen\page@step
\newcount\page@last \newcount\page@note \newmarks\page@marks
\setlength\unitlength{1pt} \fboxsep\z@
\def\page@box#1{\numexpr3000+#1\relax}
\def\page@column#1{\numexpr2990+#1\relax}
\def\page@foot#1{\numexpr2980+#1\relax}

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
\def\pagemasthead#1{\setbox\page@wide\hbox{\pagemastheadstyle#1}\page@measure{\wd\page@wide}%
  \hbox to\hsize{\hfil\box\page@wide\hfil}}
\def\pagedateline#1#2#3{\setbox\page@wide\hbox{\pagenotestyle\strut#1\quad#2\quad#3}\page@measure{\wd\page@wide}%
  \hrule\kern2pt\hbox to\hsize{\pagenotestyle\strut#1\hfil#2\hfil#3}\kern2pt\hrule}
\def\pageauthors#1#2{{\parindent\z@\page@ragged\pageauthorstyle\page@line{#1}\page@line{\itshape#2}}}
\long\def\pageabstract#1#2{{\parindent\z@\leftskip\pageabstractmargin\rightskip\leftskip
  \page@line{\textbf{#1}\quad#2}}}
\def\pagebyline#1{{\parindent\z@\page@ragged\itshape\page@line{#1}}}
\long\def\pagecaption#1{{\parindent\z@\page@ragged\pagecaptionstyle\page@line{#1}}}
\long\def\pagefigure#1#2#3{\page@measure{#1}\hbox to\hsize{\hfil
  \vbox to#2{\hsize#1\vfil\hbox to#1{\pagefigurestyle#3\hss}}\hfil}}
\def\pagecodeline#1{\hbox{\strut#1}}
\long\def\pagecode#1#2{\page@above{#1}%
  \setbox\page@wide\vbox{\pagecodestyle#2}\page@measure{\dimexpr\wd\page@wide+8pt\relax}%
  \pagecodeframe{\vbox{\kern2pt\hbox to\hsize{\kern4pt\box\page@wide\hss}\kern2pt}}}
\def\page@plain#1{#1}
\def\page@ruled#1{\hrule#1\hrule}
\def\page@shaded#1{\hbox{\colorbox{gray!8}{#1}}}
\long\def\pageentry#1#2{{\setbox\z@\hbox{#1\kern.5em}\hangindent\wd\z@\hangafter\@ne
  \parindent\z@\page@line{\box\z@#2}}}
\long\def\pagefootnote#1#2{{\parindent\z@\pagenotestyle\page@line{#1\kern.4em#2}}}
\def\pagemark#1{\nobreak#1\global\advance\page@note\@ne\marks\page@marks{\the\page@note}}
% The number of the block with the first footnote.
\def\pagenotesfrom#1{\global\page@note\numexpr#1-1\relax}
\long\def\pageitem#1#2{{\parindent\z@\leftskip2em\page@line{\llap{\hbox to 1.7em{#1\hss}}#2}}}
\def\page@measure#1{\ifdim#1>\hsize\global\page@fitsfalse\fi}
\def\pagedisplay#1#2{\setbox\page@wide\hbox{$\displaystyle#2$}%
  \def\page@number{#1}\setbox\z@\hbox{\ifx\page@number\@empty\else\quad(#1)\fi}%
  \page@measure{\dimexpr\wd\page@wide+2\wd\z@\relax}%
  \hbox to\hsize{\hfil\box\page@wide\hfil\llap{\box\z@}}}
\def\page@above#1{\def\page@caption{#1}\ifx\page@caption\@empty\else
    {\parindent\z@\page@ragged\pagecentred\page@line{#1}}\nobreak\vskip.3\baselineskip\fi}
\long\def\pagetable#1#2{\page@above{#1}\setbox\page@wide\hbox{#2}\page@measure{\wd\page@wide}%
  \nointerlineskip\hbox to\hsize{\hfil\box\page@wide\hfil}}

% A block in a column: its number, the white above and below it, whether it stays with what follows.
\def\pageadd#1#2#3#4{\ifnum#1>\page@last\else\ifvoid\page@box{#1}\else
  \ifpage@first\page@firstfalse\else\addvspace{#2}\fi
  \unvcopy\page@box{#1}%
  \ifnum#4=1 \nobreak\else\mark{#1}\fi
  \vskip#3\relax\fi\fi}
% The footnotes with marks in the column that was split off last, below a short line.
\def\page@collect{\setbox\page@notes\vbox{\hsize\columnwidth
  \edef\page@from{\splitfirstmarks\page@marks}\ifx\page@from\@empty\else
    \vskip.8\baselineskip\hrule width.35\columnwidth\kern.4\baselineskip
    \page@note\page@from\relax
    \loop \unvcopy\page@box\page@note
    \ifnum\page@note<\splitbotmarks\page@marks\relax \advance\page@note\@ne \repeat\fi}}
% A column: its number, and the share of its height that is filled. How high its footnotes are is seen from a
% trial without them; where they leave no room for the lines with the last marks, these go to the next column.
\def\pagesplit#1#2{\page@room#2\page@height
  \setbox\page@trial\copy\page@rest \setbox\page@trial\vsplit\page@trial to\page@room
  \page@collect
  \page@step\dimexpr\page@height-\ht\page@notes-\dp\page@notes\relax
  \ifdim\page@room>\page@step \page@room\page@step\fi
  \setbox\page@column{#1}\vsplit\page@rest to\page@room
  \edef\page@mark{\splitbotmark}\ifx\page@mark\@empty\else\let\page@ended\page@mark\fi
  \page@collect \setbox\page@foot{#1}\box\page@notes}
\def\page@pour{\setbox\page@rest\vbox{\hsize\columnwidth\page@firsttrue\pagebody}%
  \pagesplits}
\def\page@at#1#2#3{\vbox to\z@{\kern#2\hbox to\paperwidth{\kern#1#3\hss}\vss}}
% A column, with its footnotes at the foot.
\def\pagecolumn#1{\hbox to\columnwidth{%
  \vbox to\page@height{\unvbox\page@column{#1}\vfil\box\page@foot{#1}}\hss}}
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
      \hbox to\textwidth{\pagecolumns}}}%
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
    num_notes = sum(block.kind == "footnote" for block in blocks)
    if num_notes:  # which would stand between the parts of a word that is divided between columns
        lines.append(rf"\pagenotesfrom{{{len(blocks) - num_notes + 1}}}\brokenpenalty=10000 ")
    for number, block in enumerate(blocks, 1):
        width = r"\textwidth" if number <= across else r"\columnwidth"
        lines.append(rf"\pageblock{{{number}}}{{{width}}}{{{block.latex}}}")
    adds = [_add(number, block, style) for number, block in enumerate(blocks, 1) if block.kind != "footnote"]
    lines.append(rf"\def\pagetop{{{''.join(adds[:across])}}}")
    lines.append(rf"\def\pagebody{{{''.join(adds[across:])}}}")
    return "%\n".join([*lines, r"\pagemake"])


def count_across(blocks: Sequence[Block], style: PageStyle) -> int:
    """Number of blocks at the top of the page that extend across all columns."""
    if style.columns == 1:
        return 0
    wide = ACROSS | ({"abstract"} if style.abstract_across else set())
    return next((number for number, block in enumerate(blocks) if block.kind not in wide), len(blocks))


def font_code(families: Iterable[FontFamily]) -> str:
    """The TeX that defines font families; their files lie in the folder of the run."""
    lines = []
    for family in families:
        bold = f"BoldFont={family.bold}" if family.bold != family.upright else "AutoFakeBold=2"
        command, more = r"\newCJKfontfamily", ""
        if family not in CHINESE:
            # in code, a straight apostrophe stays one
            ligatures = "TeXOff" if family in MONO else "TeX"
            command, more = r"\newfontfamily", f",ItalicFont={family.italic},Ligatures={ligatures}"
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
    yield from _column_settings(style)
    yield _use(style.chinese) if style.chinese else r"\makexeCJKinactive"
    yield _use(style.latin) + rf"\mathversion{{{style.latin.math}}}" + _size(style.size, style.leading)
    yield r"\tolerance=2000 \emergencystretch=3em \clubpenalty=150 \widowpenalty=150"
    if style.ragged:
        yield r"\rightskip=0pt plus 4em"
    if not style.hyphens:
        yield r"\hyphenpenalty=10000"
    yield from _heading_settings(style)
    centre = r"\pagecentred" if style.columns == 1 else ""
    small = _size(0.9 * style.size, 1.1 * style.size)
    yield rf"\def\pagenotestyle{{{small}}}\def\pagecaptionstyle{{{small}{centre}}}"
    yield rf"\def\pagefigurestyle{{{_size(LABEL_SIZE, LABEL_SIZE)}}}"
    yield rf"\def\pagecodestyle{{{_use(style.mono)}{_size(code_size(style), 1.2 * code_size(style))}}}"
    yield rf"\expandafter\let\expandafter\pagecodeframe\csname page@{style.code_frame}\endcsname"
    yield rf"\def\pagelink#1{{\textcolor{{{style.link_color}}}{{#1}}}}"
    heads = r"\hfil ".join(map(escape_latex, style.heads))
    yield rf"\def\pagehead{{{small}{heads}}}"
    yield r"\def\pageheadrule{" + (r"\kern3pt\hrule}" if style.rule and any(style.heads) else "}")
    yield rf"\def\pagefoot{{{small}{escape_latex(style.foot)}}}"


def code_size(style: PageStyle) -> float:
    """Size of the letters of code, in points."""
    return max(0.85 * style.size, SIZES[0])


def _column_settings(style: PageStyle) -> Iterator[str]:
    """The columns from the left to the right."""
    splits = [rf"\pagesplit{{{number}}}{{{fill:.3f}}}" for number, fill in enumerate(style.fill, 1)]
    columns = [rf"\pagecolumn{{{number}}}" for number in range(1, style.columns + 1)]
    between = r"\hfil\vrule width.4pt\hfil " if style.column_rule else r"\hfil "
    yield rf"\def\pagesplits{{{''.join(splits)}}}\def\pagecolumns{{{between.join(columns)}}}"


def _heading_settings(style: PageStyle) -> Iterator[str]:
    look = _use(style.heading_latin) + rf"\bfseries\color{{{style.heading_color}}}"
    centre = r"\pagecentred" if style.heading_centred else ""
    sizes = [style.size * style.heading_scale**power for power in (1, 0.5, 2.2)]
    first, second, title = (_size(size, max(style.leading, 1.25 * size)) for size in sizes)
    yield rf"\def\pageheadingstyle#1{{{look}\ifnum#1=1 {centre}{first}\else{second}\fi}}"
    yield rf"\def\pagetitlestyle{{{look}{centre}{title}}}"
    name = _size(MASTHEAD_SIZE, MASTHEAD_SIZE)
    yield rf"\def\pagemastheadstyle{{{_use(style.heading_latin)}\bfseries{name}}}"
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
    stays = block.kind in KEPT_WITH_NEXT
    return rf"\pageadd{{{number}}}{{{above:.2f}pt}}{{{below:.2f}pt}}{{{stays:d}}}"
