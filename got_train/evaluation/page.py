"""The report of an evaluation: scores, and the worst answers beside their pictures."""

import html
import io
import itertools
import math
from pathlib import Path

from PIL import Image
from rapidfuzz.distance import Levenshtein

from got_train.config import DataConfig
from got_train.data.images import ImageError, find_image, open_image
from got_train.evaluation.evaluate import Evaluation, ScoredRow, group_tables, row_value, table_title
from got_train.evaluation.suites import SUITES
from got_train.pages.page import html_page, html_picture, html_table, html_text

WORST = 20
"""Rows shown of each group."""
MAX_SIDE = 640
"""Of a picture, in pixels."""
MAX_PICTURES = 4
"""Of a row."""
MAX_CHARACTERS = 4000
"""Of a text."""
QUALITY = 80


def write_page(evaluation: Evaluation, path: Path) -> None:
    """Writes a page that needs no other file; every text in it is shown, not obeyed."""
    parts = [f"<p class='bad'>{html.escape(note)}</p>" for note in evaluation.notes]
    for group, header, lines in group_tables(evaluation):
        parts.append(f"<h2>{html.escape(table_title(evaluation, group))}</h2>")
        parts.append(html_table(header, [[html.escape(cell) for cell in line] for line in lines]))
        rows = [row for row in evaluation.rows if row.group == group.kind]
        parts += [_worst(rows, evaluation.path.parent)] if rows else []  # all rows together have none
    path.parent.mkdir(parents=True, exist_ok=True)
    page = html_page(f"Evaluation of {evaluation.path.name}", *parts)
    path.write_text(page, encoding="utf-8", errors="replace")  # a picture's path may be no text


def _worst(rows: list[ScoredRow], folder: Path) -> str:
    suite = SUITES[rows[0].suite]

    def badness(row: ScoredRow) -> float:
        value = row_value(row.parts[suite.worst_by])
        return math.inf if math.isnan(value) else -value if suite.high_is_good else value

    worst = sorted(rows, key=badness, reverse=True)[:WORST]  # stable: equal ones in the file's order
    name = suite.worst_by.replace("_", " ")
    shown = html_table(["picture", "reference", "answer", "scores"], (_cells(row, folder) for row in worst))
    return (
        f"<h3>Worst {len(worst)} of {len(rows):,} by {name}</h3>"
        "<p>Marked: <ins>only in the answer</ins>, <del>only in the reference</del>.</p>"
        f"<div class='examples'>{shown}</div>"
    )


def _cells(row: ScoredRow, folder: Path) -> list[str]:
    prediction = row.prediction
    scores = "\n".join(
        f"{name} {row_value(part):.3f}" for name, part in row.parts.items() if not math.isnan(row_value(part))
    )
    pictures = [_picture(image, folder) for image in prediction.images[:MAX_PICTURES]]
    hidden = len(prediction.images) - MAX_PICTURES
    pictures += [f"<p>and {hidden} more</p>"] if hidden > 0 else []
    query = html_text(prediction.query) if prediction.query else ""
    return [
        "".join(pictures) + query,
        html_text(_cut(prediction.reference)),
        f"<pre>{_difference(_cut(prediction.answer), _cut(prediction.reference))}</pre>",
        html_text(f"{prediction.where.rpartition('/')[2]}\n{scores}"),
    ]


def _picture(image: str, folder: Path) -> str:
    """A picture beside the predictions, in the working directory or at its absolute path, or why not."""
    try:
        picture = open_image(find_image(image, [folder, Path.cwd()]), DataConfig.max_pixels)
    except ImageError as error:
        return f"<p>{html.escape(str(error))}</p>"
    if max(picture.size) > MAX_SIDE:
        picture.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=QUALITY)
    return html_picture(buffer.getvalue(), "jpeg")


def _cut(text: str) -> str:
    hidden = len(text) - MAX_CHARACTERS
    return text if hidden <= 0 else f"{text[:MAX_CHARACTERS]} ... and {hidden:,} more characters"


def _difference(answer: str, reference: str) -> str:
    """The answer as HTML, with what it has too much and what it lacks marked."""
    pieces = []
    steps = Levenshtein.opcodes(reference, answer)
    for equal, run in itertools.groupby(steps, key=lambda step: step.tag == "equal"):
        part = list(run)
        lost = html.escape(reference[part[0].src_start : part[-1].src_end])
        found = html.escape(answer[part[0].dest_start : part[-1].dest_end])
        if equal:
            pieces.append(found)
        else:
            pieces.append((f"<del>{lost}</del>" if lost else "") + (f"<ins>{found}</ins>" if found else ""))
    return "".join(pieces)
