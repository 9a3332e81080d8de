"""The report of an evaluation as an HTML page: scores, and the worst answers beside their images."""

import itertools
import math
from pathlib import Path
from typing import Any

from markupsafe import Markup
from PIL import Image
from rapidfuzz.distance import Levenshtein

from got_train.config import MAX_PIXELS
from got_train.data.images import ImageError, find_image, open_image
from got_train.evaluation.confidence import confidence_table
from got_train.evaluation.evaluate import Evaluation, ScoredRow, group_tables, row_value
from got_train.evaluation.suites import SUITES
from got_train.files import write_text
from got_train.pages.template import encode_picture, picture_html, render
from got_train.report import counted

MAX_ROWS = 20
"""Most rows of a group on the page."""
MAX_SIDE_PIXELS = 640
"""Longer side of an image on the page."""
MAX_IMAGES = 4
"""Most images of a row on the page."""
MAX_CHARACTERS = 4000
"""Most characters of a text on the page."""


def write_page(evaluation: Evaluation, path: Path) -> None:
    """Writes a page that needs no other file. All texts are escaped."""
    groups = []
    for kind, title, header, lines in group_tables(evaluation):
        rows = [row for row in evaluation.rows if row.group == kind]  # the group of all rows has none
        shown = {"title": title, "header": header, "lines": lines}
        groups.append(shown | _worst(rows, evaluation.path.parent))
    reliabilities = [(found, *confidence_table(found)) for found in evaluation.confidences]
    contents = [(f"group-{number}", group["title"]) for number, group in enumerate(groups, 1)]
    contents += [(f"confidence-{number}", title) for number, (_, title, *_) in enumerate(reliabilities, 1)]
    page = render(
        "scores.html",
        title=f"Evaluation of {evaluation.path.name}",
        notes=evaluation.notes,
        contents=contents,
        groups=groups,
        reliabilities=reliabilities,
    )
    write_text(path, page)


def _worst(rows: list[ScoredRow], folder: Path) -> dict[str, Any]:
    """The worst rows of a group, how many it has, and the score that orders them."""
    if not rows:
        return {"worst": []}
    suite = SUITES[rows[0].suite]

    def badness(row: ScoredRow) -> float:
        value = row_value(row.parts[suite.worst_by])
        return math.inf if math.isnan(value) else -value if suite.high_is_good else value

    # The sort is stable: equal rows stay in the order of the file.
    worst = sorted(rows, key=badness, reverse=True)[:MAX_ROWS]
    return {
        "worst": [_shown(row, folder) for row in worst],
        "count": f"{len(rows):,}",
        "order": suite.worst_by.replace("_", " "),
    }


def _shown(row: ScoredRow, folder: Path) -> dict[str, Any]:
    """A row as the template needs it."""
    prediction = row.prediction
    values = {name: row_value(part) for name, part in row.parts.items()}
    scores = [f"{name} {value:.3f}" for name, value in values.items() if not math.isnan(value)]
    failed = [f"failed {name}" for name in row.failed]
    hidden = len(prediction.images) - MAX_IMAGES
    answer, reference = _cut(prediction.answer), _cut(prediction.reference)
    return {
        "pictures": [shown_picture(name, [folder, Path.cwd()]) for name in prediction.images[:MAX_IMAGES]],
        "hidden": max(hidden, 0),
        "query": prediction.query,
        "reference": reference,
        "differences": differences(answer, reference),
        "scores": "\n".join([prediction.location.rpartition("/")[2], *scores, *failed]),
    }


def shown_picture(name: str, folders: list[Path]) -> Markup | str:
    """An image that a row names, small enough for a page; or why it cannot be shown."""
    try:
        image = open_image(find_image(name, folders), MAX_PIXELS)
    except ImageError as error:
        return str(error)
    image.thumbnail((MAX_SIDE_PIXELS, MAX_SIDE_PIXELS), Image.Resampling.LANCZOS)
    return picture_html(encode_picture(image, "jpeg"), "jpeg", f"picture {Path(name).name}")


def _cut(text: str) -> str:
    hidden = len(text) - MAX_CHARACTERS
    return text if hidden <= 0 else f"{text[:MAX_CHARACTERS]} ... and {counted(hidden, 'more character')}"


def differences(answer: str, reference: str) -> list[tuple[str, str]]:
    """Both texts in pieces: each piece of the reference with the answer's piece in its place.

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
