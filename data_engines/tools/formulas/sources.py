"""Formulas to draw: from `.tex` files, lists, or the docstrings of installed packages."""

import ast
import contextlib
import csv
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from data_engines.engine import Source
from data_engines.kind import FORMULAS
from data_engines.tools.corpora import check_plain, read_text
from data_engines.tools.packages import package_code, packaged
from got_train.data.foreign import refuse_foreign
from got_train.tex.errors import TexError
from got_train.tex.source import Document, Formula, find_formulas, parse_document, read_documents

COLUMNS = ("formula", "latex", "text")
"""Names that the column or key of the formulas in a list may have; the first one found is used."""
LISTS_WITH_PICTURES = ("pix2tex", "texts by picture")
"""Formats of labels that are nothing but formulas if the pictures are left aside."""
LIST_ENDINGS = (".txt", ".lst", ".jsonl", ".json", ".tsv", ".csv")

_BOUNDED = re.compile(
    r"\s*(?:\$|\\\[|\\\(|\\begin\s*\{(?:equation|align|gather|multline|eqnarray|alignat)\*?\})"
)


@dataclass(frozen=True)
class Formulas:
    """The different formulas of a source, as they were found."""

    found: tuple[Formula, ...]
    sources: tuple[Source, ...]
    left_out: dict[str, int]


def read_formulas(source: Path | None) -> Formulas:
    """The formulas of a `.tex` file, a folder of them or a list; without a source, of installed packages.

    Raises:
        ValueError: the source has no formula, or the list can't be read.
    """
    left_out: Counter[str] = Counter()
    documents: Iterable[Document]
    if source is None:
        texts = (text for package in FORMULAS.packages for text in docstring_maths(package))
        documents = _parse_all(texts, left_out)
        sources = packaged(FORMULAS)
    elif source.suffix.lower() in LIST_ENDINGS and not source.is_dir():
        documents = _parse_all(map(_bounded, _read_list(source)), left_out)
        sources = (Source(source, str(source)),)
    elif source.is_dir() or source.suffix.lower() == ".tex":
        documents = read_documents(source, left_out)
        sources = (Source(source, str(source)),)
    else:
        refuse_foreign(source, f"--source {source}")
        endings = ", ".join(LIST_ENDINGS)
        raise ValueError(f"--source {source}: give a folder of .tex files, a .tex file or a list ({endings})")
    found: dict[Formula, None] = {}
    for document in documents:
        formulas, causes = find_formulas(document)
        left_out += causes
        found.update(dict.fromkeys(formulas))
    if not found:
        if source is not None:
            refuse_foreign(source, f"--source {source}")
        why = ", ".join(f"{number} {cause}" for cause, number in left_out.items()) or "there is none"
        raise ValueError(f"--source {source} holds no formula that can be used ({why})")
    return Formulas(tuple(found), sources, dict(left_out))


def _parse_all(texts: Iterable[str], left_out: Counter[str]) -> Iterator[Document]:
    for text in texts:
        try:
            yield parse_document(text)
        except TexError as error:
            left_out[f"formula: {error}"] += 1


def docstring_maths(package: str) -> Iterator[str]:
    """A TeX source with the formulas of a docstring, for each docstring of a package that has formulas."""
    for code in package_code(package):
        if ":math:" not in code and ".. math::" not in code:
            continue
        for literal in _DOCSTRING.findall(code):
            if "math:" in literal:
                with contextlib.suppress(SyntaxError, ValueError):
                    yield "\n\n".join(_rst_maths(ast.literal_eval(literal)))


_DOCSTRING = re.compile(r'[rRuU]?"""(?:\\.|.)*?"""', re.DOTALL)
_ROLE = re.compile(r":math:`([^`]+)`")
_DIRECTIVE = re.compile(r"^( *)\.\. math:: *(.*(?:\n(?:\1 +.*| *))*)", re.MULTILINE)
_BETWEEN_FORMULAS = re.compile(r"\n\s*\n(?![^\n]*&)(?!(?:(?!\\begin).)*\\end)", re.DOTALL)
"""A blank line outside environments."""
_OPTION = re.compile(r"^\s*:\w+:.*$", re.MULTILINE)


def _rst_maths(text: str) -> Iterator[str]:
    """The formulas in reStructuredText, with TeX's delimiters."""
    for match in _ROLE.finditer(text):
        yield f"${' '.join(match[1].split())}$"
    for match in _DIRECTIVE.finditer(text):
        for paragraph in _BETWEEN_FORMULAS.split(_OPTION.sub("", match[2])):
            if re.match(r"\s*\\begin\{(?:align|gather|equation|eqnarray)", paragraph):
                yield paragraph
            elif paragraph.strip():
                # Sphinx typesets formulas of several rows with `split`
                rows = r"\\" in paragraph or "&" in paragraph
                name = "align*" if rows and r"\begin" not in paragraph else "equation*"
                yield rf"\begin{{{name}}}{paragraph.strip()}\end{{{name}}}"


def _bounded(text: str) -> str:
    """An entry of a list, with delimiters added if it has none, as in most lists."""
    return text if _BOUNDED.match(text) else rf"\begin{{displaymath}}{text}\end{{displaymath}}"


def _read_list(path: Path) -> Iterator[str]:
    text = read_text(path)
    ending = path.suffix.lower()
    if ending in (".txt", ".lst"):  # im2latex's formulas are a .lst
        check_plain(path, but=LISTS_WITH_PICTURES)
        yield from filter(str.strip, text.splitlines())
    elif ending in (".tsv", ".csv"):
        yield from _read_table(text, "\t" if ending == ".tsv" else ",", path)
    else:
        refuse_foreign(path, f"--source {path}", but=LISTS_WITH_PICTURES)
        yield from _read_json(text, ending == ".jsonl", path)


def _read_table(text: str, separator: str, path: Path) -> Iterator[str]:
    rows = csv.DictReader(
        text.splitlines(keepends=True),
        delimiter=separator,
        quoting=csv.QUOTE_NONE if separator == "\t" else csv.QUOTE_MINIMAL,
    )
    column = next((name for name in COLUMNS if name in (rows.fieldnames or ())), None)
    if column is None:
        refuse_foreign(path, f"--source {path}")
        raise ValueError(f"--source {path}: its first line names no column {' or '.join(COLUMNS)}")
    for row in rows:
        if row[column]:
            yield row[column]


def _read_json(text: str, one_a_line: bool, path: Path) -> Iterator[str]:
    lines = text.splitlines() if one_a_line else [text]
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except json.JSONDecodeError as error:
            raise ValueError(f"--source {path}, line {number}: no JSON ({error.msg})") from error
        if isinstance(value, dict) and not one_a_line and not any(name in value for name in COLUMNS):
            # formulas by their ids
            value = list(value.values())
        for entry in value if isinstance(value, list) else [value]:
            if isinstance(entry, dict):
                entry = next((entry[name] for name in COLUMNS if name in entry), None)
            if not isinstance(entry, str):
                wanted = f"give texts or objects with {' or '.join(COLUMNS)}, in a list or by their ids"
                raise ValueError(f"--source {path}, line {number}: {wanted}")
            yield entry
