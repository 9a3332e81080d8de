r"""The parts of a page that OmniDocBench compares, in its annotations and in an answer.

Source: `dataset/end2end_dataset.py`, `utils/extract.py` and `utils/data_preprocess.py` of
opendatalab/OmniDocBench 1.5, Apache-2.0, whose rules are written here anew.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Literal

from got_train.characters import composed
from got_train.evaluation.words import needed
from got_train.markup.tables import find_tables, placed_tables
from got_train.markup.tabular import Table

SCORED = ("text_block", "title", "code_txt", "code_txt_caption", "reference")
"""Categories of text that count."""
PASSED_OVER = (
    *("equation_caption", "figure_caption", "figure_footnote", "table_caption", "table_footnote"),
    *("code_algorithm", "code_algorithm_caption", "header", "footer", "page_footnote", "page_number"),
)
"""Categories of text that an answer may have or lack: they are matched, so that no other text is, and do not
count."""
FORMULA = "equation_isolated"
TABLE = "table"

_IMAGE = re.compile(r"!\[.*?\]\(.*?\)")
_FENCE = re.compile(r"^```(?:markdown|html|latex)\n?|```\n?$", re.MULTILINE)
_DOCUMENT_TAGS = re.compile(r"</?(?:html|body)>")
_FORMULA = re.compile(
    r"\$\$(?P<dollars>.*?)\$\$|\\\[(?P<display>.*?)\\\]|\$(?P<dollar>.*?)\$|\\\((?P<inline>.*?)\\\)",
    re.DOTALL,
)
_HEADING = re.compile(r"\\(?:title|section\*?|text)\s*\{\s*(.*?)\s*\}", re.DOTALL)
_INLINE = re.compile(r"\$(.*?)\$|\\\((.*?)\\\)")
_NO_WORD = re.compile(r"\\[tn]|/[tn]|[^\w\u4e00-\u9fff]")
_DELIMITED = re.compile(r"\\\[(.+?)(?<!\\)\\\]")
_UNSEEN = [
    re.compile(pattern)
    for pattern in (
        r"\\tag\{.*?\}",
        r"\\hspace\{.*?\}",
        r"\\begin\{.*?\}",
        r"\\end\{.*?\}",
        r"\\arraycolsep.*?\}",
    )
]
_NAMES = (
    r"\mathbf \mathrm \mathnormal \mathit \mathbb \mathcal \mathscr \mathfrak \mathsf \mathtt \textbf \text"
    r" \boldmath \boldsymbol \operatorname \bm \symbfit \mathbfcal \symbf \scriptscriptstyle \notag"
    r" \setlength \coloneqq \space \thickspace \thinspace \medspace \nobreakspace \negmedspace \quad"
    r" \qquad \enspace \substackw"
).split() + [" ", "$$", r"\left", r"\right", r"\displaystyle", r"\text"]
"""What does not count in a formula, in the benchmark's order: a name is left out wherever it stands."""


@dataclass(frozen=True)
class Part:
    """A text or formula of a page."""

    kind: Literal["text", "formula"]
    category: str
    """The annotation's; empty for parts of answers."""
    text: str
    """As it is compared."""
    raw: str
    place: float | None
    """In the reading order; None if it has no place there."""


@dataclass(frozen=True)
class Page:
    """What is compared of a page."""

    parts: Sequence[Part]
    tables: Sequence[tuple[Table, float]]
    """Each with its place."""


def annotated_page(annotation: Mapping[str, Any]) -> Page:
    """The parts of an annotated page in reading order. What is cut off in two columns is one part."""
    elements = sorted(_joined(annotation), key=lambda element: element.get("order") or 0)
    parts = [_annotated_part(element) for element in elements if _is_compared(element)]
    tables = [
        (_wide_as_narrow(found[0]), float(element.get("order") or 0))
        for element in elements
        if element["category_type"] == TABLE
        and (found := find_tables(str(element.get("html") or element.get("latex") or "")))
    ]
    return Page([part for part in parts if part.raw and part.text], tables)


def _wide_as_narrow(table: Table) -> Table:
    """A table with its texts in Unicode's NFKC, as the benchmark compares them: `（` is `(`."""
    return Table(
        tuple(tuple(replace(cell, text=composed(cell.text, "NFKC")) for cell in row) for row in table.rows)
    )


def _is_compared(element: Mapping[str, Any]) -> bool:
    return element["category_type"] in (*SCORED, *PASSED_OVER, FORMULA)


def _annotated_part(element: Mapping[str, Any]) -> Part:
    category = str(element["category_type"])
    place = element.get("order") or None
    if category == FORMULA:
        latex = str(element.get("latex") or "")
        return Part("formula", category, normalized_formula(latex), latex, place)
    text = str(element.get("text") or "")
    return Part("text", category, normalized_text(text), text, place)


def _joined(annotation: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The elements of a page; those that relations call truncated are joined, in their order.

    A piece that two relations name is joined twice, as in the markdown that the benchmark publishes.
    """
    groups: list[list[Any]] = []
    for relation in annotation.get("extra", {}).get("relation", []):
        if relation.get("relation_type") == "truncated":
            pair = [relation["source_anno_id"], relation["target_anno_id"]]
            known = [group for group in groups if not set(group).isdisjoint(pair)]
            for group in known:
                group += pair
            groups += [] if known else [pair]
    by_name = {element["anno_id"]: element for element in annotation["layout_dets"]}
    cut = {name for group in groups for name in group}
    yield from (element for name, element in by_name.items() if name not in cut)
    for group in groups:
        named = (by_name[name] for name in group if name in by_name)
        if pieces := sorted(named, key=lambda element: element.get("order") or 0):
            yield {**pieces[0], "text": "".join(str(piece.get("text") or "") for piece in pieces)}


def answered_page(markdown: str) -> Page:
    """The parts of an answer, in order; formulas within lines are parts, and stay in their texts too."""
    content = _DOCUMENT_TAGS.sub("", _FENCE.sub("", _IMAGE.sub("", markdown)))
    content = re.sub(" {4,}", " " * 4, re.sub("_{4,}", "____", content))
    tables = []
    for table, start, end in list(placed_tables(content)):
        tables.append((_wide_as_narrow(table), float(start)))
        content = content[:start] + " " * (end - start) + content[end:]
    parts = []
    for found in _FORMULA.finditer(content):
        inside = next(text for text in found.groups() if text is not None)
        parts.append(_formula(inside, found.start()))
        if found.lastgroup in ("dollars", "display"):
            content = content[: found.start()] + " " * len(found[0]) + content[found.end() :]
    parts += _texts(_HEADING.sub(r"\1", content))
    return Page([part for part in parts if part.raw and part.text], tables)


def _formula(latex: str, place: float) -> Part:
    raw = rf"\[{' '.join(latex.strip().splitlines())}\]"
    return Part("formula", "", normalized_formula(raw), raw, place)


def _texts(content: str) -> Iterator[Part]:
    """Paragraphs; lines where there is no blank line."""
    pieces = content.split("\n\n")
    pieces = content.split("\n") if len(pieces) == 1 else pieces
    place = 0
    for piece in pieces:
        text = "\n".join(line.strip() for line in piece.split("\n") if line.strip())
        if text.startswith("$") and text.endswith("$"):
            if text.strip("$").strip():
                yield Part("formula", "", normalized_formula(text), text, place)
        elif text:
            yield Part("text", "", normalized_text(text), text, place)
        place += len(piece)


def cell_parts(tables: Iterable[tuple[Table, float]]) -> list[Part]:
    """The texts of tables that no annotated table was found for: they may be text there."""
    return [
        Part("text", "", normalized_text(cell.text), cell.text, place)
        for table, place in tables
        for row in table.rows
        for cell in row
        if normalized_text(cell.text)
    ]


def normalized_text(text: str) -> str:
    r"""The letters and digits of a text, with the signs of its formulas.

    >>> normalized_text("A line, \\(\\alpha_1\\).")
    'Alineα_1'
    """
    return _NO_WORD.sub("", _INLINE.sub(_as_unicode, text))


def unicode_of(latex: str) -> str:
    """The signs of LaTeX as characters, as pylatexenc has them; LaTeX that it does not read stays."""
    try:
        return str(_converter().latex_to_text(latex))
    except Exception:  # of what a model writes, pylatexenc raises errors of any kind
        return latex


def _as_unicode(found: re.Match[str]) -> str:
    latex = found[1] if found[1] is not None else found[2]
    plain = re.sub(r"\\([\\_&%^])", "", latex)
    if not set(plain) & set(r"\^_"):
        return found[0]
    return unicode_of(plain + " " * plain.endswith("\\")).strip()


@cache
def _converter() -> Any:
    with needed("pylatexenc", "bench"):
        from pylatexenc.latex2text import LatexNodes2Text
    return LatexNodes2Text()


def normalized_formula(latex: str) -> str:
    r"""A formula without spaces, typefaces, environments and numbers, in small letters.

    >>> normalized_formula("$$\n\\mathbf { X } = 1 \\tag{2}\n$$")
    '{x}=1'
    """
    text = latex.strip().strip("$").strip("\n")
    delimited = _DELIMITED.search(text)
    text = delimited[1].strip() if delimited else text
    for pattern in _UNSEEN:
        text = pattern.sub("", text)
    text = text.strip(".")
    for name in _NAMES:
        text = text.replace(name, "")
    return text.lower()
