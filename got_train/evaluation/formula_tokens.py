r"""The signs that TeX draws for a formula, each with its place on the page.

The LaTeX itself is not interpreted: a formula is typeset as the engines do it, and the signs are read from
the page. Spellings that draw the same, such as `\rm d` and `\mathrm{d}`, therefore need no list of synonyms.
A sign is a glyph or a rule; the pieces of a tall bracket, a wide brace, a root or a long arrow are one sign.
"""

import ctypes
import re
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from got_train.characters import EAST_ASIAN
from got_train.markup.delimiters import split_formulas
from got_train.markup.fences import unfenced
from got_train.report import UserError
from got_train.tex.errors import TexError
from got_train.tex.formulas import FORMULA_PREAMBLE, FORMULAS_TOGETHER
from got_train.tex.latex import Sheet, Style, open_page, typeset, with_chinese
from got_train.tex.macros import expand, simple
from got_train.tex.spelling import SYNONYMS

_POINTS = 10.0
"""Size of the letters on the main line, in points."""
_AXIS = 0.25
"""Height of fraction bars and of the middle of tall signs above their line, in sizes of the font."""

_PREAMBLE = r"""
\makeatletter
\let\dfrac\frac \let\tfrac\frac \let\dbinom\binom \let\tbinom\binom
\let\label\@gobble \let\nonumber\relax \let\notag\relax
\newcommand\gottag[1]{\qquad\text{(#1)}}
\def\tag{\@ifstar{\qquad\text}{\gottag}}
\newcommand\gotlet[2]{\expandafter\let\csname#1\expandafter\endcsname\csname#2\endcsname}
\newcommand\gotrows[2]{\gotlet{#1}{#2}\gotlet{end#1}{end#2}\gotlet{#1*}{#2}\gotlet{end#1*}{end#2}}
\def\gotnothing{}\def\endgotnothing{}
\gotrows{equation}{gotnothing}\gotrows{displaymath}{gotnothing}\gotrows{math}{gotnothing}
\gotrows{align}{aligned}\gotrows{flalign}{aligned}\gotrows{split}{aligned}\gotrows{alignat}{alignedat}
\gotrows{gather}{gathered}\gotrows{multline}{gathered}
\def\goteqnarray{\array{rcl}}\let\endgoteqnarray\endarray \gotrows{eqnarray}{goteqnarray}
\check@mathfonts
\def\gotscripts#1{\fontdimen18#1=100pt \fontdimen19#1=-100pt }
\gotscripts{\textfont2}\gotscripts{\scriptfont2}\gotscripts{\scriptscriptfont2}
\makeatother
"""
"""Display environments become environments that are allowed inside a formula, equation numbers stand in the
line, and fractions have one size. Exponents and indices have one height, so that a taller bracket does not
move those after it."""
_ANY_SIZE = re.compile(r"\\(?:(?:display|text|script|scriptscript)style|(?:no|display)?limits)(?![A-Za-z@])")
_CHINESE = re.compile(f"[{EAST_ASIAN}]")
_COMMENT = re.compile(r"(\\.)|(?<!\d)(?<!\d )%.*\n?")
"""A comment up to the next line. After a number the sign may mean percent, if it stands among words."""
_SIGN_OF_WORDS = re.compile(r"(?<!\\)[%#]")
"""What is no character among the words of LaTeX, but is in markdown."""

_LARGE_FONT = "LMMathExtension"
_LARGE_SIGNS = (
    "()[]⌊⌋⌈⌉{}⟨⟩|∥/\\" + "()()[]⌊⌋⌈⌉{}⟨⟩/\\" + "()[]⌊⌋⌈⌉{}⟨⟩/\\/\\" + "()[][][]{}{}{}{|"
    "()()⟨⟩⊔⊔∮∮⊙⊙⊕⊕⊗⊗" + "∑∏∫⋃⋂⊎⋀⋁" * 2 + "∐∐ˆˆˆ˜˜˜[]⌊⌋⌈⌉{}" + "√√√√√√√∥↑↓⏞⏞⏞⏞⇑⇓"
)
"""The characters of TeX's font of large signs and their pieces, in the order of its codes."""
_ADOBE_PIECES = dict(zip(range(0xF8EB, 0xF8FF), "((([[[{{{{∫)))]]]}}}", strict=True))
"""The signs of some of these pieces, by the code points that Adobe gave to the pieces."""
_IN_PIECES = frozenset("()[]{}|∥⌊⌋⌈⌉↑↓⇑⇓⏞√")
_ONE_NAME = {"∣": "|", "‖": "∥", "¯": "―", "´": "'", "〈": "⟨", "〉": "⟩", "−": "-"}
_ALSO_LARGE = frozenset("√ˆ˜―")
"""Signs of other fonts whose large forms are in the font of large signs, at other heights."""
_ARROWS = frozenset("-=←→⇐⇒")
_TWO_HEADS = {"←→": "↔", "⇐⇒": "⇔"}
_TOUCH = 0.5
"""Largest distance of the pieces of one sign, in points."""


@dataclass(frozen=True)
class Token:
    """A sign on the page. Lengths are in points, x to the right and y upwards from the start of the line."""

    name: str
    """The character, for a letter or digit with its typeface; the same for all sizes of a sign."""
    left: float
    bottom: float
    right: float
    top: float
    low: float
    high: float
    """Height of the sign's line; 0 on the main line. The line of a root is somewhere between `low` and
    `high`; for all other signs both are equal."""
    size: float
    """Size of its font."""
    piece: Literal["large", "rule", "arrow", ""] = ""
    """Whether it may be a piece of a larger sign: of a large sign, its rule, or of a long arrow."""

    @property
    def is_bar(self) -> bool:
        """Whether the sign is a bar over or under others: a fraction bar, an overline or a root."""
        return self.name in ("―", "√")


def draw_tokens(formulas: Sequence[str]) -> list[tuple[Token, ...] | str]:
    """The signs that TeX draws for each formula, in the order of drawing, or TeX's error message.

    Raises:
        UserError: if TeX or its fonts are not installed.
    """
    found: dict[str, tuple[Token, ...] | str] = {}
    waiting: dict[bool, list[tuple[str, str]]] = {False: [], True: []}
    for formula in dict.fromkeys(formulas):
        try:
            waiting[bool(_CHINESE.search(formula))].append((formula, _body(formula)))
        except TexError as error:
            found[formula] = str(error)
    for chinese, items in waiting.items():
        for start in range(0, len(items), FORMULAS_TOGETHER):
            batch = items[start : start + FORMULAS_TOGETHER]
            try:
                sheets = typeset([body for _, body in batch], _style(chinese))
            except ValueError as error:
                raise UserError(f"formulas are scored by typesetting them, and TeX fails: {error}") from None
            found |= {formula: _read(sheet) for (formula, _), sheet in zip(batch, sheets, strict=True)}
    return [found[formula] for formula in formulas]


@cache
def _style(chinese: bool) -> Style:
    style = Style(preamble=FORMULA_PREAMBLE + _PREAMBLE)
    return with_chinese(style, maths=True) if chinese else style


def _body(text: str) -> str:
    """The TeX source of a formula, or of the words and formulas of `text`, in one line."""
    characters = {
        name: simple(rf"\ensuremath{{{''.join(macro.body)}}}")
        for name, macro in SYNONYMS.items()
        if name[0] != "\\"
    }
    # Formulas may not hold blank lines, and TeX passes over what follows a lone carriage return.
    lines = [line for line in unfenced(text).splitlines() if line.strip()]
    text = _COMMENT.sub(r"\1", "\n".join(lines))
    pieces = split_formulas(expand(_ANY_SIZE.sub(" ", text), characters))
    return r"\gotnote{}" + "".join(
        # the newline after a formula ends a comment in it
        "$\\displaystyle " + piece.strip("\n") + "\n$" if maths else _SIGN_OF_WORDS.sub(r"\\\g<0>", piece)
        for piece, maths in pieces
    )


def _read(sheet: Sheet | TexError) -> tuple[Token, ...] | str:
    if isinstance(sheet, TexError):
        return str(sheet)
    page, start = open_page(sheet), sheet.notes[0]
    signs = tuple(_join(_pieces(page, start.x, page.get_height() - start.y)))
    return signs or "LaTeX draws nothing"  # for example \phantom, whose box has a size


def _pieces(page: pdfium.PdfPage, x: float, y: float) -> list[Token]:
    """The glyphs and rules of a page in the order of drawing, with coordinates relative to `x` and `y`."""
    found: list[tuple[int, Token]] = []
    places: dict[int | None, int] = {}
    for place, thing in enumerate(page.get_objects()):
        places[ctypes.cast(thing.raw, ctypes.c_void_p).value] = place
        if thing.type == pdfium_c.FPDF_PAGEOBJ_PATH:
            left, bottom, right, top = thing.get_bounds()
            found.append((place, _rule(left - x, bottom - y, right - x, top - y)))
    with closing(page.get_textpage()) as text:
        for number in range(text.count_chars()):
            if pdfium_c.FPDFText_IsGenerated(text.raw, number):
                continue  # spaces and line ends that pdfium adds
            glyph = _glyph(text, number, x, y)
            if glyph.right > glyph.left and glyph.top > glyph.bottom:
                thing = pdfium_c.FPDFText_GetTextObject(text.raw, number)
                found.append((places[ctypes.cast(thing, ctypes.c_void_p).value], glyph))
    # pdfium orders characters by lines of text.
    return [token for _, token in sorted(found, key=lambda placed: placed[0])]


def _rule(left: float, bottom: float, right: float, top: float) -> Token:
    name = "―" if right - left > top - bottom else "|"
    return _on_its_middle(Token(name, left, bottom, right, top, 0, 0, _POINTS, "rule"))


def _glyph(text: pdfium.PdfTextPage, number: int, x: float, y: float) -> Token:
    left, bottom, right, top = text.get_charbox(number)
    origin_x, origin_y = ctypes.c_double(), ctypes.c_double()
    pdfium_c.FPDFText_GetCharOrigin(text.raw, number, origin_x, origin_y)
    level = origin_y.value - y
    font = _font(text, number)
    name = _name(pdfium_c.FPDFText_GetUnicode(text.raw, number), font)
    size = pdfium_c.FPDFText_GetFontSize(text.raw, number)
    token = Token(name, left - x, bottom - y, right - x, top - y, level, level, size)
    if font.startswith(_LARGE_FONT) or name in _ALSO_LARGE:
        return _on_its_middle(replace(token, piece="large" if name in _IN_PIECES else ""))
    return replace(token, piece="arrow" if name in _ARROWS else "")


def _on_its_middle(token: Token) -> Token:
    """The token with its line computed from its middle; the line of a root may be at any of its heights."""
    if token.name == "√":
        return replace(token, low=token.bottom, high=token.top)
    level = (token.bottom + token.top) / 2 - _AXIS * token.size
    return replace(token, low=level, high=level)


def _font(text: pdfium.PdfTextPage, number: int) -> str:
    """The name of a character's font, without its size and the prefix of a font subset."""
    name = ctypes.create_string_buffer(100)
    pdfium_c.FPDFText_GetFontInfo(text.raw, number, name, len(name), ctypes.c_int())
    return re.sub(r"^[A-Z]{6}\+|\d+", "", name.value.decode("utf-8", errors="replace"))


def _name(code: int, font: str) -> str:
    character = chr(code)
    if font.startswith(_LARGE_FONT):
        return _ADOBE_PIECES.get(code) or (_LARGE_SIGNS[code] if code < 128 else character)
    character = _ONE_NAME.get(character, character)
    # Other fonts have their own codes.
    own = character.isalnum() or not font.startswith("LM")
    return f"{character} {font}" if own and character not in _ALSO_LARGE else character


def _join(pieces: Iterable[Token]) -> list[Token]:
    """Joins the pieces of tall and wide signs, which are drawn one after the other, to one token."""
    signs: list[Token] = []
    for piece in pieces:
        if signs and _belong_together(signs[-1], piece):
            signs[-1] = _joined(signs[-1], piece)
        else:
            signs.append(piece)
    return signs


def _belong_together(one: Token, other: Token) -> bool:
    kinds = one.piece, other.piece
    with_rule = kinds == ("large", "rule") and one.name in "√⏞"
    return (
        (with_rule or kinds in (("large", "large"), ("arrow", "arrow")))
        and max(one.left, other.left) - min(one.right, other.right) < _TOUCH
        and max(one.bottom, other.bottom) - min(one.top, other.top) < _TOUCH
    )


def _joined(one: Token, other: Token) -> Token:
    joined = replace(
        one,
        left=min(one.left, other.left),
        right=max(one.right, other.right),
        bottom=min(one.bottom, other.bottom),
        top=max(one.top, other.top),
    )
    if one.piece != "arrow":
        return _on_its_middle(joined)
    # A long arrow is named by its heads.
    heads = "".join(name for name in dict.fromkeys((one.name, other.name)) if name not in "-=")
    return replace(joined, name=_TWO_HEADS.get(heads, heads or one.name))
