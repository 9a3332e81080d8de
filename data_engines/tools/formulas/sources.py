"""Formulas to draw: from `.tex` files, lists, or the docstrings of installed packages."""

import ast
import contextlib
import csv
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data_engines.engine import Source
from data_engines.kind import FORMULAS
from data_engines.tools.corpora import check_plain, read_text
from data_engines.tools.packages import package_code, packaged
from got_train.characters import EAST_ASIAN
from got_train.data.errors import ContentError
from got_train.data.foreign import refuse_foreign
from got_train.data.records import load_json
from got_train.tex.errors import TexError
from got_train.tex.source import Document, Formula, find_formulas, parse_document, read_documents

COLUMNS = ("formula", "latex", "text")
"""Names of the column or key of the formulas in a list; beside another, `text` is something else."""
_WANTED = f"give texts or objects with {' or '.join(COLUMNS)}, in a list or by their ids"
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
        documents = _parse_all(_read_list(source), left_out, _bounded)
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


_COMMAND = re.compile(r"\\(?:[A-Za-z]+\*?(?:\s*(?:\[[^][]*\]|\{[^{}]*\}))*|.)", re.DOTALL)
_WORDS = re.compile(
    rf"(?<![^\W\d_])(?=\S{{3}}|\S+ [^\W\d_]{{3}})[^\W\d_]{{2,}}[,.;:!?]? [^\W\d_]{{2,}}"
    rf"|\A[\s{EAST_ASIAN}]+\Z"
)
"""Two words, one of three letters or more, which a formula sets without their space; nothing but Chinese."""


def _parse_all(
    texts: Iterable[str], left_out: Counter[str], bounded: Callable[[str], str] = str
) -> Iterator[Document]:
    for text in texts:
        try:
            yield parse_document(bounded(text))
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
    """An entry of a list, with delimiters added if it has none, as in most lists.

    Raises:
        TexError: it is words.
    """
    if _BOUNDED.match(text):
        return text
    if _WORDS.search(_COMMAND.sub("{}", text)):
        raise TexError("words in place of a formula")
    # the line ends where a comment may end
    return f"\\begin{{displaymath}}{text}\n\\end{{displaymath}}"


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
    names = [name for name in COLUMNS if name in (rows.fieldnames or ())]
    if not names:
        refuse_foreign(path, f"--source {path}")
        first = text.partition("\n")[0].strip()
        raise ValueError(
            f"--source {path}: its first line names no column {' or '.join(COLUMNS)}, it is {first!r:.60}"
        )
    if twice := next((name for name in names if list(rows.fieldnames or ()).count(name) > 1), None):
        raise ValueError(f"--source {path}: its first line names {twice} twice: rename one of them")
    for row in rows:
        place = f"--source {path}, line {rows.line_num}"
        if None in row:
            hint = "a formula with commas needs quotes round it" if separator == "," else "tabs bound cells"
            raise ValueError(f"{place}: more cells than the first line has: {hint}")
        yield _formula_of(row, place) or ""


def _read_json(text: str, one_a_line: bool, path: Path) -> Iterator[str]:
    # not splitlines(), which also cuts at separators that JSON allows in texts
    for number, line in enumerate(text.split("\n") if one_a_line else [text], start=1):
        if not line.strip():
            continue
        place = f"--source {path}, line {number}"
        try:
            value = load_json(line)
        except ContentError as error:
            raise ValueError(f"{place}: {error.cause}: {error}") from None
        for key, entry in _entries(value, may_have_ids=not one_a_line):
            formula = _formula_of(entry, place) if isinstance(entry, dict) else entry
            if not isinstance(formula, str):
                raise ValueError(f"{place}: {_named(key, entry)}: {_WANTED}")
            yield formula


def _entries(value: Any, may_have_ids: bool) -> Iterator[tuple[str, Any]]:
    """The entries of a list, of an object by their ids, or of the only list in an object."""
    if may_have_ids and isinstance(value, dict) and len(value) == 1:
        [(key, inner)] = value.items()
        value = inner if isinstance(inner, list) else value
    by_id = may_have_ids and isinstance(value, dict) and not any(name in value for name in COLUMNS)
    if by_id:
        yield from value.items()
    else:
        yield from (("", entry) for entry in (value if isinstance(value, list) else [value]))


def _formula_of(entry: Mapping[str, Any], place: str) -> Any:
    given = [name for name in COLUMNS if entry.get(name) not in (None, "")]
    if given[:2] == ["formula", "latex"] and entry["formula"] != entry["latex"]:
        raise ValueError(f"{place}: formula and latex differ: remove one of them")
    return next((entry[name] for name in (*given, *COLUMNS) if name in entry), None)


def _named(key: str, value: Any) -> str:
    """What stands in the place of a formula."""
    kind = f"an object with {', '.join(value) or 'nothing'}" if isinstance(value, dict) else json.dumps(value)
    return f"{f'under {key}' if key else 'there'} is {kind:.60}"
