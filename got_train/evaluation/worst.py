"""The report of an evaluation as a page: scores, and the worst answers beside their pictures."""

import io
import itertools
import math
from pathlib import Path
from typing import Any

from markupsafe import Markup
from PIL import Image
from rapidfuzz.distance import Levenshtein

from got_train.config import MAX_PIXELS
from got_train.data.images import ImageError, find_image, open_image
from got_train.evaluation.evaluate import Evaluation, ScoredRow, group_tables, row_value, table_title
from got_train.evaluation.suites import SUITES
from got_train.pages.template import picture_html, render

MAX_ROWS = 20
"""Rows shown of each group."""
MAX_SIDE = 640
"""Longer side in pixels of a picture."""
MAX_PICTURES = 4
"""Pictures shown of a row."""
MAX_CHARACTERS = 4000
"""Characters shown of a text."""
QUALITY = 80
"""Of JPEG."""


def write_page(evaluation: Evaluation, path: Path) -> None:
    """Writes a page that needs no other file; every text in it is shown, not obeyed."""
    groups = []
    for group, header, lines in group_tables(evaluation):
        rows = [row for row in evaluation.rows if row.group == group.kind]  # all rows together have none
        shown = {"title": table_title(evaluation, group), "header": header, "lines": lines}
        groups.append(shown | _worst(rows, evaluation.path.parent))
    page = render(
        "scores.html", title=f"Evaluation of {evaluation.path.name}", notes=evaluation.notes, groups=groups
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8", errors="replace")  # a picture's path may be no text


def _worst(rows: list[ScoredRow], folder: Path) -> dict[str, Any]:
    """The worst rows of a group, how many it has, and the score that orders them."""
    if not rows:
        return {"worst": []}
    suite = SUITES[rows[0].suite]

    def badness(row: ScoredRow) -> float:
        value = row_value(row.parts[suite.worst_by])
        return math.inf if math.isnan(value) else -value if suite.high_is_good else value

    worst = sorted(rows, key=badness, reverse=True)[:MAX_ROWS]  # stable: equal ones in the file's order
    return {
        "worst": [_shown(row, folder) for row in worst],
        "count": f"{len(rows):,}",
        "order": suite.worst_by.replace("_", " "),
    }


def _shown(row: ScoredRow, folder: Path) -> dict[str, Any]:
    """A row as the template wants it."""
    prediction = row.prediction
    values = {name: row_value(part) for name, part in row.parts.items()}
    scores = [f"{name} {value:.3f}" for name, value in values.items() if not math.isnan(value)]
    hidden = len(prediction.images) - MAX_PICTURES
    answer, reference = _cut(prediction.answer), _cut(prediction.reference)
    return {
        "pictures": [_picture(image, folder) for image in prediction.images[:MAX_PICTURES]],
        "hidden": max(hidden, 0),
        "query": prediction.query,
        "reference": reference,
        "differences": differences(answer, reference),
        "scores": "\n".join([prediction.location.rpartition("/")[2], *scores]),
    }


def _picture(image: str, folder: Path) -> Markup | str:
    """A picture beside the predictions, in the working directory or at its absolute path, or why not."""
    try:
        picture = open_image(find_image(image, [folder, Path.cwd()]), MAX_PIXELS)
    except ImageError as error:
        return str(error)
    if max(picture.size) > MAX_SIDE:
        picture.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=QUALITY)
    return picture_html(buffer.getvalue(), "jpeg")


def _cut(text: str) -> str:
    hidden = len(text) - MAX_CHARACTERS
    return text if hidden <= 0 else f"{text[:MAX_CHARACTERS]} ... and {hidden:,} more characters"


def differences(answer: str, reference: str) -> list[tuple[str, str]]:
    """The stretches of both texts: what the answer lacks, and what it has instead; equal where they agree.

    >>> differences("a<c>", "ab>")
    [('a', 'a'), ('b', '<c'), ('>', '>')]
    """
    stretches = []
    steps = Levenshtein.opcodes(reference, answer)
    for _, run in itertools.groupby(steps, key=lambda step: step.tag == "equal"):
        part = list(run)
        lost = reference[part[0].src_start : part[-1].src_end]
        stretches.append((lost, answer[part[0].dest_start : part[-1].dest_end]))
    return stretches
