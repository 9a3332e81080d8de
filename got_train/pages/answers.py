r"""Answers as they look, on a page beside the pictures that were read.

The text of a model is data. It reaches the page escaped, as MathML of known elements, or drawn in an `<img>`.
The page has no scripts and no links elsewhere, and its policy forbids the browser to run or fetch anything.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup
from PIL import Image

from got_train.files import write_text
from got_train.markup.boxes import read_boxed
from got_train.markup.chart_dictionary import read_chart
from got_train.markup.delimiters import only_formula
from got_train.markup.forms import SMILES, form_of
from got_train.pages.drawings import input_html, molecule_html, not_drawn, scores_html, tex_html
from got_train.pages.latex_html import Notes, formula_html, source_html
from got_train.pages.markdown import markdown_html
from got_train.pages.template import clean, render
from got_train.report import counted

MAX_CHARACTERS = 100_000
"""Characters of an answer; a longer one is shown as its text."""
MAX_TITLE = 60
"""Characters of an answer in the contents of the page."""
MAX_CELLS = 20_000
"""Cells of a chart's table. Series that share no names make a huge table whose cells are mostly empty."""


@dataclass(frozen=True)
class Rendered:
    """One answer of a page."""

    text: str
    images: tuple[Image.Image, ...] = ()
    """The pictures that were read, in the size that the page shows."""
    query: str = ""


def render_page(answers: Sequence[Rendered], path: Path, title: str = "GOT") -> None:
    """Writes a page of answers, each beside what was read.

    Raises:
        UserError: markdown-it-py is not installed.
        OSError: the page can't be written.
    """
    notes = Notes()
    bodies = _finish([_body(clean(answer.text), notes) for answer in answers], notes)
    shown = [_shown(answer, body) for answer, body in zip(answers, bodies, strict=True)]
    contents = [(f"answer-{number}", _first_line(answer.text)) for number, answer in enumerate(answers, 1)]
    page = render("answers.html", title=title, missing=notes.missing, contents=contents, answers=shown)
    write_text(path, page)


def render_answer(text: str) -> Markup:
    r"""The HTML of one answer, to stand in a page.

    >>> print(render_answer("a < b"))
    <div class="plain">a &lt; b</div>
    >>> print(render_answer("\\frac { a } { b }"))
    <math display="block"><mfrac><mi>a</mi><mi>b</mi></mfrac></math>
    """
    notes = Notes()
    (body,) = _finish([_body(clean(text), notes)], notes)
    return body


def answer_page(text: str, quick: bool) -> str:
    """A page of one answer alone, for a frame within another page.

    Args:
        text: the answer.
        quick: leave what takes TeX or Verovio as its source, as while somebody types.

    Raises:
        UserError: markdown-it-py is not installed.
    """
    notes = Notes()
    body = _body(clean(text), notes)
    (finished,) = _undrawn([body], notes) if quick else _finish([body], notes)
    return render("answer.html", title="answer", missing=notes.missing, body=finished)


def _body(text: str, notes: Notes) -> Markup:
    """The HTML of a cleaned answer, with marks where drawings by TeX and scores will stand."""
    form = form_of(text) if len(text) <= MAX_CHARACTERS else "text"
    if form == "molecule":
        match = SMILES.fullmatch(text)
        assert match, "form_of found it"
        return molecule_html(match[1], notes)
    if form == "boxes":
        return _boxes_html(text)
    if form == "score":
        return notes.engrave_later(text)
    if form == "chart":
        return _chart_html(text)
    if form == "formula":
        return formula_html(only_formula(text) or text, True, notes)
    if form == "document":
        return markdown_html(text, notes)
    return Markup('<div class="plain">{}</div>').format(text)


def _boxes_html(text: str) -> Markup:
    """Texts with boxes, counted from 1, and their boxes in thousandths."""
    read = read_boxed(text)
    broken = read.num_broken and f"{counted(read.num_broken, 'piece')} of the answer can't be read"
    return render("boxes.html", found=read.found, broken=broken)


def _chart_html(text: str) -> Markup:
    """A chart's numbers as a table, with a column for each of several series, below its other texts."""
    chart = read_chart(text)
    if chart is None or not chart.values:
        return not_drawn(text, "no dictionary of a chart")
    if len(chart.names) * len(chart.series) > MAX_CELLS:
        return not_drawn(text, "too many numbers for a table")
    texts = [(_written(name), _written(value)) for name, value in chart.texts.items()]
    rows = [[_written(cell) for cell in row] for row in chart.rows()]
    return render("chart.html", texts=texts, rows=rows)


def _written(value: object) -> str:
    """A part of a chart, cleaned again: an escape in the dictionary may stand for any character."""
    return clean(str(value))


def _finish(bodies: Sequence[Markup], notes: Notes) -> list[Markup]:
    """The answers with their drawings by TeX, and their scores, in place."""
    drawings = {str(number): drawn for number, drawn in enumerate(tex_html(notes.tex, notes))}
    drawings |= {f"s{number}": drawn for number, drawn in enumerate(scores_html(notes.scores, notes))}
    return _with_drawings(bodies, drawings)


def _undrawn(bodies: Sequence[Markup], notes: Notes) -> list[Markup]:
    """The answers with the sources of their drawings and scores in place."""
    drawings = {str(number): source_html(source) for number, source in enumerate(notes.tex)}
    drawings |= {f"s{number}": source_html(kern) for number, kern in enumerate(notes.scores)}
    return _with_drawings(bodies, drawings)


def _with_drawings(bodies: Sequence[Markup], drawings: Mapping[str, Markup]) -> list[Markup]:
    finished = []
    for body in bodies:
        pieces = body.split("\0")  # HTML and names of marks by turns
        pieces[1::2] = [drawings[str(name)] for name in pieces[1::2]]
        finished.append(Markup("").join(pieces))
    return finished


def _shown(answer: Rendered, body: Markup) -> dict[str, Any]:
    """An answer as the template wants it."""
    return {
        "query": answer.query.strip(),
        "pictures": [input_html(image.convert("RGB")) for image in answer.images],
        "body": body,
        "text": answer.text,
    }


def _first_line(text: str) -> str:
    """How an answer begins, for the contents of the page."""
    line = text.strip().partition("\n")[0]
    return line if len(line) <= MAX_TITLE else f"{line[:MAX_TITLE]} ..."
