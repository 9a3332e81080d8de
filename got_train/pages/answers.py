r"""Answers as they look: one page beside the pictures read, which needs no other file and runs nothing.

The text of a model is data. It reaches the page escaped, as MathML of known elements, or drawn in an `<img>`;
there are no links and no scripts, and the page's policy forbids the browser all of them, and every address.
"""

import html
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from got_train.config import DataConfig
from got_train.data.images import open_image
from got_train.markup.chart_dictionary import read_chart
from got_train.markup.delimiters import only_formula
from got_train.markup.forms import SMILES, form_of
from got_train.pages.drawings import input_html, molecule_html, not_drawn, score_html, tex_html
from got_train.pages.latex_html import Notes, clean, formula_html, mark
from got_train.pages.markdown import markdown_html
from got_train.pages.page import html_page, html_text

LARGEST_PICTURE = 1200
"""Pixels of the longer side of a picture in the page."""
LONGEST = 100_000
"""Characters; a longer answer is shown as its text."""
MOST_CELLS = 20_000
"""Of a chart's table: series without a name in common leave most of it empty and the page without end."""

LOOK = """
body { max-width: 90rem; padding: 0 1rem;
  font-family: system-ui, "Noto Sans SC", "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif }
.pair { display: grid; grid-template-columns: minmax(0, 2fr) minmax(0, 3fr); gap: 1.5rem; align-items: start }
@media (max-width: 50rem) { .pair { grid-template-columns: minmax(0, 1fr) } }
.pair > * { border: 1px solid #ddd; border-radius: 4px; padding: .8rem; overflow-x: auto; background: #fff }
.pair .read img { display: block; margin: 0 auto .5rem }
.answer { unicode-bidi: isolate; overflow-wrap: anywhere }
.answer h1, .answer h2 { text-align: center; font-size: 1.3rem } .answer h3 { font-size: 1.1rem }
.answer .author, .answer .date, .answer .caption { text-align: center; margin: .5rem 0 }
.paragraph { margin: .6rem 0 } .plain { white-space: pre-wrap }
blockquote { border-left: 3px solid #ddd; margin: 0; padding-left: 1rem }
math { font-size: 1.1em } math[display=block] { margin: .6rem 0; overflow-x: auto; overflow-y: hidden }
menclose[notation=box] { border: 1px solid; padding: .2em }
menclose[notation=updiagonalstrike] {
  background: linear-gradient(to top left, transparent 47%, currentcolor 48% 52%, transparent 53%) }
table.latex { margin: .8rem auto } table.latex td { border: 0; text-align: center; overflow-wrap: normal }
table.latex .l { text-align: left } table.latex .r { text-align: right }
table.latex .top { border-top: 1px solid } table.latex .bottom { border-bottom: 1px solid }
table.latex .start { border-left: 1px solid } table.latex .end { border-right: 1px solid }
table.latex table.latex { margin: 0 } td img { min-width: 0 !important }
.answer > img:only-child { display: block; margin: 0 auto }
table.chart { margin: .8rem auto } table.chart td:not(:first-child) { text-align: right }
table.chart caption { text-align: left }
.answer img { vertical-align: middle; image-rendering: auto }
pre.source { background: #f6f6f6; padding: .5rem; overflow-wrap: anywhere } .reason, .missing { color: #a33 }
code { background: #f6f6f6; overflow-wrap: anywhere } details { margin: .5rem 0 2rem } .query { color: #666 }
"""


@dataclass(frozen=True)
class Rendered:
    """One answer of a page."""

    text: str
    images: tuple[Image.Image | Path, ...] = ()
    """What was read."""
    query: str = ""


def render_page(answers: Sequence[Rendered], path: Path, title: str = "GOT") -> None:
    """Writes a page of answers, each beside what was read.

    Raises:
        UserError: markdown-it-py is not installed.
        ImageError: a picture can't be read.
        OSError: the page can't be written.
    """
    notes = Notes()
    bodies = _finish([_body(clean(answer.text), notes) for answer in answers], notes)
    sections = [_section(answer, body) for answer, body in zip(answers, bodies, strict=True)]
    missing = "".join(f'<p class="missing">{html.escape(line)}</p>' for line in notes.missing)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(html_page(clean(title), missing, *sections, style=LOOK), encoding="utf-8")


def render_answer(text: str) -> str:
    r"""The HTML of one answer, to stand in a page.

    >>> render_answer("a < b"), render_answer("\\frac { a } { b }")
    ('<div class="plain">a &lt; b</div>', '<math display="block"><mfrac><mi>a</mi><mi>b</mi></mfrac></math>')
    """
    notes = Notes()
    (body,) = _finish([_body(clean(text), notes)], notes)
    return body


def _body(text: str, notes: Notes) -> str:
    """The HTML of a cleaned answer, with marks for what TeX will draw."""
    form = form_of(text) if len(text) <= LONGEST else "text"
    if form == "molecule":
        match = SMILES.fullmatch(text)
        assert match, "form_of found it"
        return molecule_html(match[1], notes)
    if form == "score":
        return score_html(text, notes)
    if form == "chart":
        return _chart_html(text)
    if form == "formula":
        return formula_html(only_formula(text) or text, True, notes)
    if form == "document":
        return markdown_html(text, notes)
    return f'<div class="plain">{html.escape(text)}</div>'


def _chart_html(text: str) -> str:
    """A chart's numbers as a table, with a column for each of several series, below its other texts."""
    chart = read_chart(text)
    if chart is None or not chart.values:
        return not_drawn(text, "no dictionary of a chart")
    texts = "".join(
        f"<strong>{_written(name)}</strong> {_written(value)}<br>" for name, value in chart.texts.items()
    )
    if len(chart.names) * len(chart.series) > MOST_CELLS:
        return not_drawn(text, "too many numbers for a table")
    body = "".join(
        f"<tr>{''.join(f'<td>{_written(cell)}</td>' for cell in row)}</tr>" for row in chart.rows()
    )
    return f'<table class="chart"><caption>{texts}</caption>{body}</table>'


def _written(value: object) -> str:
    """A part of a chart; what it escapes is only now a character, and may be a mark's or no character."""
    return html.escape(clean(str(value)))


def _finish(bodies: Sequence[str], notes: Notes) -> list[str]:
    """The answers with their drawings by TeX in place."""
    drawings = tex_html(notes.tex, notes)
    marks = {mark(number): drawing for number, drawing in enumerate(drawings)}
    return [_fill(body, marks) for body in bodies]


def _fill(body: str, marks: dict[str, str]) -> str:
    pieces = body.split("\0")  # text and numbers of marks by turns
    pieces[1::2] = [marks[f"\0{number}\0"] for number in pieces[1::2]]
    return "".join(pieces)


def _section(answer: Rendered, body: str) -> str:
    query = f'<p class="query">{html.escape(clean(answer.query))}</p>' if answer.query.strip() else ""
    pictures = "".join(_picture(image) for image in answer.images)
    read = f'<div class="read">{pictures}</div>' if pictures else ""
    pair = f'<div class="{"pair" if pictures else "single"}">{read}<div class="answer">{body}</div></div>'
    text = f"<details><summary>text</summary>{html_text(clean(answer.text))}</details>"
    return f"<section>{query}{pair}{text}</section>"


def _picture(image: Image.Image | Path) -> str:
    picture = open_image(image, DataConfig.max_pixels) if isinstance(image, Path) else image
    picture = picture.convert("RGB")
    picture.thumbnail((LARGEST_PICTURE, LARGEST_PICTURE))
    return input_html(picture)
