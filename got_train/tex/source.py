r"""Formulas and tables out of `.tex` sources, such as those of arXiv, in plain LaTeX.

The document's own macros are expanded; comments, verbatim text, labels and numbers are gone. Whether TeX
knows all that is left is for TeX to say.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from got_train.markup.delimiters import CLOSING, DISPLAYS
from got_train.markup.nesting import environment_end
from got_train.tex.errors import TexError
from got_train.tex.macros import (
    Macro,
    Macros,
    bound_macro,
    expand,
    group_end,
    read_definitions,
    simple,
    tokens_of,
    used_macros,
)
from got_train.tex.spelling import SYNONYMS, spell
from got_train.tex.unseen import drop_black, drop_unseen

MAX_CHARACTERS = 3000
"""In one formula or table."""
DOCUMENT_FACTOR = 50
"""How much more than one formula a whole document may hold."""

BUILT_IN: dict[str, Macro] = {
    **dict.fromkeys(r"\nonumber \notag \displaybreak \allowdisplaybreaks \qedhere".split(), simple("")),
    **dict.fromkeys(r"\xspace \protect \strut \mathstrut".split(), simple("")),
    **dict.fromkeys(r"\label \tag \vspace \index \raisetag \vphantom".split(), simple("", 1)),
    r"\ensuremath": simple("#1", 1),
}
"""What doesn't show in a formula on its own."""

WIDTHLESS_RULE = r"\\rule ?(?:\[[^]]*\])? ?\{ ?0[.0]* ?[a-z]* ?\} ?\{[^}]*\}"
"""Which keeps room above or below it; white space in it is single spaces."""

CUSTOMARY: dict[str, Macro] = {
    **{rf"\{letter}": simple(rf"\mathbb{{{letter}}}") for letter in "CNQRZ"},
    **{
        rf"\{name}": simple(rf"\operatorname{{{name}}}")
        for name in "diag erf rank sgn supp tr Tr Var Cov grad curl".split()
    },
    r"\argmax": simple(r"\operatorname*{arg\,max}"),
    r"\argmin": simple(r"\operatorname*{arg\,min}"),
    **{
        rf"\{name}": Macro(3, tuple(tokens_of(rf"\left{left}#3\right{right}")), default=(), star=True)
        for name, left, right in (
            ("abs", "|", "|"),
            ("norm", r"\|", r"\|"),
            ("bra", r"\langle ", "|"),
            ("ket", "|", r"\rangle"),
            ("braket", r"\langle ", r"\rangle"),
        )
    },
}
"""What wikis and packages such as `physics` and `braket` call by these names, unless the document differs."""

_ASIDE = re.compile(
    r"\\begin\s*\{(?P<verbatim>verbatim|Verbatim|lstlisting|minted|alltt|comment|filecontents)(?P<star>\*?)\}"
    r".*?\\end\s*\{(?P=verbatim)(?P=star)\}"
    r"|\\(?:verb|lstinline)\*?(?P<mark>[^A-Za-z\s*{]).*?(?P=mark)"
    r"|\\iffalse\b.*?\\fi\b"
    r"|(?P<comment>%[^\n]*\n?[ \t]*)"
    r"|\\.",
    re.DOTALL,
)
_STRUCTURE = re.compile(r"\\begin|\\end|\\[][()]|\$")
"""What makes a macro stand for the bounds of a formula."""
_OPENING = re.compile(r"\\begin\s*\{(?P<environment>[A-Za-z]+)\*?\}|\\\[|\\\(|\$\$?|\\.", re.DOTALL)
_DOLLAR_OR_BRACE = re.compile(r"\\.|[{}$]|\n\s*\n", re.DOTALL)
_ROWS = {
    "align": "aligned",
    "flalign": "aligned",
    "alignat": "alignedat",
    "gather": "gathered",
    "multline": "gathered",
    "eqnarray": "aligned",
    "IEEEeqnarray": "aligned",
}
"""Displays of several rows, and what they are called within one."""
_DISPLAYS = {"equation", "displaymath", *_ROWS}
_DISPLAY = re.compile(rf"\\\[|\$\$|\\begin\s*\{{(?:{'|'.join(_DISPLAYS)})\*?\}}")
_ENVIRONMENT = re.compile(r"\\(?P<bound>begin|end)\s*\{(?P<name>[A-Za-z]+\*?)\}")
_SIZES = {r"\displaystyle": True, r"\textstyle": False}
"""Styles in which formulas look like displays, or not, wherever they stand."""
_UNUSABLE = {
    "a reference": r"\\(?:eq|page|auto|c|C)?ref\b|\\cite[a-z]*\b",
    "text between rows": r"\\(?:short)?intertext\b",
    "a definition": r"\\(?:re)?newcommand\b|\\[gex]?def\b|\\let\b|(?<!\\)#",
    "a picture": r"\\includegraphics\b|\\(?:tikz|xy|psfrag|feyn)|\\begin\{(?:tikz|picture|xy|fmf)",
    "what can't be seen": r"\\h?phantom\b|\\footnote(?:mark|text)?\b|\\(?:text)?color\s*\{\s*white\s*\}",
}
"""Patterns of what means nothing outside of its document or has no place in a picture."""


@dataclass(frozen=True)
class Formula:
    latex: str
    """Without delimiters; what a display of several rows holds stands in an environment of its own."""
    display: bool


@dataclass(frozen=True)
class Document:
    text: str
    """Without comments, verbatim text and definitions; formulas stand between bounds that TeX knows."""
    macros: Macros


def read_documents(path: Path, left_out: Counter[str]) -> Iterator[Document]:
    """The `.tex` files below the folder `path`, or the file `path` with those that it inputs.

    Those that can't be used are counted in `left_out`.

    What a folder's files without a `\\begin{document}` define, its other files know too. A document and the
    files that it inputs know what any of them defines; a file that means something else in each of several
    documents is read for each.
    """
    if path.is_file():
        parts = _parts(path)
        files = [file for file in parts if file.suffix != ".sty"]
        is_main = r"\begin{document}" in parts[path]
        near = sorted([*path.parent.glob("*.tex"), *path.parent.parent.glob("*.tex")])
        around = [path] if is_main else near
    else:
        files = around = sorted(path.rglob("*.tex"))
    inherited = _inherited_macros(around)
    folder, shared = None, {}
    for file in files:
        if file.parent != folder:
            folder, shared = file.parent, _shared_macros(file.parent)
        with _counting(left_out, "file"):
            text = _read_text(file)
            for macros in _meanings(text, inherited.get(file.resolve(), [])):
                yield parse_document(text, {**shared, **macros})


_INPUT = re.compile(
    r"\\(?:input|include|subfile|usepackage|RequirePackage)(?![A-Za-z])\s*(?:\[[^]]*\]\s*)?"
    r"(?:\{(?P<names>[^{}]+)\}|(?P<name>[^\s\\{}]+))"
    r"|\\(?:sub)?import\s*\{(?P<folder>[^{}]*)\}\s*\{(?P<file>[^{}]+)\}"
)


def _inherited_macros(files: Iterable[Path]) -> dict[Path, list[Macros]]:
    """For each file of documents the macros of each, which its files define, in the order of reading."""
    inherited: dict[Path, list[Macros]] = {}
    for file in files:
        parts = _parts(file)
        if r"\begin{document}" in parts[file]:
            macros: dict[str, Macro] = {}
            for text in parts.values():
                macros, _ = read_definitions(text, macros)
            for part in map(Path.resolve, parts):
                inherited.setdefault(part, []).append(macros)
    return inherited


def _meanings(text: str, several: Sequence[Macros]) -> Iterator[Macros]:
    """Those of the macros of several documents that give a text a meaning of its own; at least one."""
    used = [used_macros(text, macros) for macros in several]
    for place, (macros, names) in enumerate(zip(several, used, strict=True)):
        others = [other for at, other in enumerate(used) if other != names or at < place]
        if not any(names.items() <= other.items() for other in others):
            yield macros
    if not several:
        yield {}


def _parts(main: Path) -> dict[Path, str]:
    """The texts of a document and of the files that it inputs, whose names are seen from its folder."""
    parts: dict[Path, str] = {}
    waiting = [main]
    while waiting:
        file = waiting.pop(0)
        if file in parts or not file.is_file():
            continue
        try:
            parts[file] = strip_comments(_read_text(file))
        except TexError:
            parts[file] = ""  # whoever reads the file itself says so
        for match in _INPUT.finditer(parts[file]):
            names = match["names"] or match["name"] or f"{match['folder']}/{match['file']}"
            for name in names.split(","):
                waiting += [main.parent / (name.strip() + ending) for ending in ("", ".tex", ".sty")]
    return parts


@contextmanager
def _counting(left_out: Counter[str], what: str) -> Iterator[None]:
    """Counts a `TexError` by its cause instead of raising it."""
    try:
        yield
    except TexError as error:
        left_out[f"{what}: {error}"] += 1


def parse_document(text: str, shared: Macros | None = None) -> Document:
    """Takes a `.tex` source apart, which may use the macros `shared` besides its own.

    Raises:
        TexError: its macros don't end.
    """
    text = strip_comments(text).split(r"\end{document}")[0]
    macros, rest = read_definitions(text, shared or {})
    structural = {name: macro for name, macro in macros.items() if _STRUCTURE.search("".join(macro.body))}
    rest = _ENVIRONMENT.sub(lambda match: _named_bound(match, structural), rest)
    if any(re.search(re.escape(name) + r"(?![A-Za-z@])", rest) for name in structural):
        rest = expand(rest, structural, DOCUMENT_FACTOR)
    return Document(rest.split(r"\begin{document}")[-1], {**CUSTOMARY, **macros, **SYNONYMS, **BUILT_IN})


def _named_bound(match: re.Match[str], structural: Macros) -> str:
    """The macro of a bound of the document's own environment, if formulas begin and end with it."""
    begin = structural.get(bound_macro("begin", match["name"]))
    is_display = begin is not None and _DISPLAY.search("".join(begin.body))
    return bound_macro(match["bound"], match["name"]) + " " if is_display else match[0]


def strip_comments(text: str) -> str:
    r"""
    >>> strip_comments("50\\% % of it\n all, \\verb|$%| too")
    '50\\% all,   too'
    """

    def replace(match: re.Match[str]) -> str:
        if match["comment"]:
            # a comment takes the end of its line along, but not the end of a paragraph
            return "\n" if "\n" in match[0] and text[match.end() : match.end() + 1] == "\n" else ""
        return match[0] if len(match[0]) == 2 else " "

    return _ASIDE.sub(replace, text)


def find_formulas(document: Document) -> tuple[list[Formula], Counter[str]]:
    """The formulas of a document in order, and how many can't be used, by cause."""
    found: list[Formula] = []
    left_out: Counter[str] = Counter()
    for source, environment in _find_maths(document.text, left_out):
        with _counting(left_out, "formula"):
            body, style = _spell(_name_rows(source, environment), document.macros)
            if not body:
                raise TexError("nothing that can be seen")
            found.append(Formula(body, _SIZES.get(style, environment != "")))
    return found, left_out


def find_tabulars(document: Document) -> tuple[list[str], Counter[str]]:
    r"""Each outermost `\begin{tabular}...\end{tabular}` in order, and how many can't be used, by cause."""
    found: list[str] = []
    left_out: Counter[str] = Counter()
    position = 0
    while match := re.compile(r"\\begin\s*\{tabular\}").search(document.text, position):
        position = match.end()
        with _counting(left_out, "table"):
            _, position = _environment_span(document.text, match.start(), "tabular")
            found.append(_plain_latex(document.text[match.start() : position], document.macros))
    return found, left_out


def plain_formula(source: str, macros: Macros = BUILT_IN | SYNONYMS) -> str:
    """The body of a formula in LaTeX's own words and in the one spelling, as far as it can be seen.

    Raises:
        TexError: it holds what means nothing outside its document, its braces don't match, or it is too long.
    """
    return _spell(source, macros)[0]


def _spell(source: str, macros: Macros) -> tuple[str, str]:
    """A formula in the one spelling, and the style that governed all of it, if any."""
    return drop_unseen(spell(drop_black(_plain_latex(source, macros))))


def _plain_latex(source: str, macros: Macros) -> str:
    text = expand(re.sub(r"\\(tag|vspace)\s*\*", r"\\\1", source), macros)
    for cause, pattern in _UNUSABLE.items():
        if re.search(pattern, text):
            raise TexError(cause)
    if len(text) > MAX_CHARACTERS:
        raise TexError("too long")
    if group_end(f"{{{text}}}", 0) != len(text) + 2:
        raise TexError("unbalanced braces")
    return " ".join(re.sub(WIDTHLESS_RULE, " ", " ".join(text.split())).split())


def _read_text(file: Path) -> str:
    try:
        text = file.read_text("utf-8-sig")
    except UnicodeDecodeError:
        text = file.read_text("latin-1")
    except OSError as error:
        raise TexError("can't be read") from error
    if "\0" in text:
        raise TexError("not a text")
    return text


def _shared_macros(folder: Path) -> dict[str, Macro]:
    macros: dict[str, Macro] = {}
    for file in sorted([*folder.glob("*.tex"), *folder.glob("*.sty")]):
        try:
            text = _read_text(file)
        except TexError:
            continue
        if r"\begin{document}" not in text:
            macros, _ = read_definitions(strip_comments(text), macros)
    return macros


def _find_maths(text: str, left_out: Counter[str]) -> Iterator[tuple[str, str]]:
    """What stands between the bounds of formulas, and the environment that bounds it: empty if inline."""
    position = 0
    while match := _OPENING.search(text, position):
        opening, environment, start = match[0], match["environment"], match.end()
        position = start
        with _counting(left_out, "formula"):
            if environment in _DISPLAYS:
                end, position = _environment_span(text, match.start(), environment)
                yield text[start:end], environment
            elif opening in CLOSING:
                end = _formula_end(text, start, CLOSING[opening])
                position = end + len(opening)
                yield text[start:end], "displaymath" if opening in DISPLAYS else ""


def _formula_end(text: str, start: int, closing: str) -> int:
    """Where a formula ends: dollars end it outside of braces and in the same paragraph only."""
    if closing[0] == "\\":
        end = text.find(closing, start)
        if end < 0:
            raise TexError("no end")
        return end
    depth = 0
    for match in _DOLLAR_OR_BRACE.finditer(text, start):
        if match[0] == "$" and depth == 0:
            return match.start()
        depth += (match[0] == "{") - (match[0] == "}")
        if depth < 0 or match[0][0] == "\n":
            break
    raise TexError("no end")


def _environment_span(text: str, start: int, name: str) -> tuple[int, int]:
    """Where the `\\end` of the environment that begins at `start` begins and ends."""
    end, position = environment_end(text, start, rf"{name}\*?")
    if end == position:
        raise TexError("no end")
    return end, position


def _name_rows(source: str, environment: str) -> str:
    """What a display holds, in the environment that may stand within one."""
    source = re.sub(r"\\(begin|end)\s*\{split\}", r"\\\1{aligned}", source)
    inner = _ROWS.get(environment)
    if inner is None:
        return source
    argument = ""
    if environment in ("alignat", "IEEEeqnarray"):
        start = source.find("{")
        end = group_end(source, start)
        argument, source = source[start:end], source[end:]
    rows = [cells for cells in _split_rows(source) if any(map(str.strip, cells))]
    if environment.endswith("eqnarray"):
        rows = [[cells[0], " ".join(cells[1:])] if len(cells) > 1 else cells for cells in rows]
    if len(rows) < 2:
        # nothing shows that a single row was aligned
        return " ".join(cell for cells in rows for cell in cells)
    lines = r" \\ ".join(" & ".join(cell.strip() for cell in cells) for cells in rows)
    return rf"\begin{{{inner}}}{argument if inner == 'alignedat' else ''} {lines} \end{{{inner}}}"


_ROW_PART = re.compile(
    r"(?P<open>\\begin\s*\{[^{}]*\}|\{)|(?P<close>\\end\s*\{[^{}]*\}|\})"
    r"|(?P<row>\\\\\*?(?:\[\s*-?[\d.]+\s*[a-z]{2}\s*\])?)|(?P<cell>&)|\\.|[^\\{}&]+|\\",
    re.DOTALL,
)


def _split_rows(source: str) -> list[list[str]]:
    """The cells of each row, which end outside of braces and environments."""
    rows = [[""]]
    depth = 0
    for match in _ROW_PART.finditer(source):
        kind = match.lastgroup
        depth += (kind == "open") - (kind == "close")
        if depth == 0 and kind == "row":
            rows.append([""])
        elif depth == 0 and kind == "cell":
            rows[-1].append("")
        else:
            rows[-1][-1] += match[0]
    return rows
