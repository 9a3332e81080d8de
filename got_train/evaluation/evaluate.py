"""Scores of a file of predictions, by kind and language, with confidence intervals."""

import json
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np

from got_train.characters import composed
from got_train.evaluation.confidence import Reliability, confidence_text, reliabilities
from got_train.evaluation.intervals import CONFIDENCE_LEVEL, RESAMPLES, drawn_counts, interval
from got_train.evaluation.page_tests import note_of_tests, pages_of_rows, read_page_tests, run_tests
from got_train.evaluation.predictions import Prediction, raise_complaints, read_predictions
from got_train.evaluation.suites import KIND_SUITES, NO_TEXT, NONE, SUITES, Part, Parts
from got_train.evaluation.words import has_chinese
from got_train.files import write_text
from got_train.markup.accents import compose_accents
from got_train.markup.delimiters import read_formula
from got_train.markup.fences import unfenced
from got_train.markup.forms import form_of
from got_train.page_tests.texts import Test
from got_train.progress import progress
from got_train.prompts import parse_task
from got_train.report import UserError, counted, printable, shortened, table

ALL = "all"
"""The group of all rows."""


@dataclass(frozen=True)
class Score:
    """A score with its confidence interval."""

    value: float
    low: float
    high: float
    rows: int
    """Number of rows that count in the score."""


@dataclass(frozen=True)
class ScoredRow:
    """A row and its parts of the scores of its group."""

    prediction: Prediction
    group: str
    suite: str
    parts: Parts
    failed: list[str] = field(default_factory=list)
    """The ids of the tests of its page that it fails."""


@dataclass(frozen=True)
class Group:
    """Scores of the rows of one kind, in one language or in all."""

    kind: str
    suite: str
    language: str
    """`all`, `en` or `zh`; a row is Chinese if its reference has a Chinese character."""
    rows: int
    scores: dict[str, Score]


@dataclass(frozen=True)
class Evaluation:
    """Scores of a file."""

    path: Path
    as_published: bool
    groups: list[Group]
    rows: list[ScoredRow]
    confidences: list[Reliability]
    """Of answers and of lines, if the rows tell how sure the model is."""
    notes: list[str]
    """Notes on rows that could not be scored, and why, and on tests that were not run."""


def evaluate(
    path: Path, suite: str | None = None, as_published: bool = False, tests: Path | None = None
) -> Evaluation:
    """Scores the rows of a file.

    Args:
        path: a file that `read_predictions` reads.
        suite: suite of all rows; by default each kind has its own suite: see `KIND_SUITES`.
        as_published: compute scores as the authors' scripts do, including their errors, for comparison with
            the paper.
        tests: a file of tests in the form of olmOCR-bench, such as `got-data --tests` writes. Rows that
            answer for its pages get the scores `passed`, of all tests, and `passed_TYPE`.

    Raises:
        UserError: for rows that cannot be read, or whose reference does not fit the suite; all are listed.
            For tests that cannot be read, or that are of other pictures than the rows'.
    """
    tests_of = read_page_tests(tests) if tests else {}
    predictions = read_predictions(path)
    rows, complaints = [], []
    for prediction in progress("scoring", len(predictions), "row", predictions):
        name = suite or _suite_of(prediction, as_published)
        if not as_published:  # the scripts compare the texts as they stand
            compose = compose_accents if SUITES[name].is_latex else str
            answer, reference = (
                composed(compose(text.replace("\r\n", "\n")))
                for text in (prediction.answer, prediction.reference)
            )
            prediction = replace(prediction, answer=answer, reference=reference)
        try:
            parts = SUITES[name].score(prediction, as_published)
            rows.append(ScoredRow(prediction, _group(prediction, name), name, parts))
        except UserError as error:
            if not str(error).startswith(prediction.location):
                raise
            complaints.append(str(error))
    raise_complaints(complaints)
    notes = _add_formulas(rows)
    if tests:
        notes += _add_tests(rows, tests, tests_of)
    return Evaluation(path, as_published, _groups(rows), rows, reliabilities(predictions), notes)


def _suite_of(prediction: Prediction, as_published: bool) -> str:
    if not prediction.reference.strip() and not as_published:
        return NO_TEXT
    return KIND_SUITES.get(prediction.kind, "plain")


def _group(prediction: Prediction, suite: str) -> str:
    """The group of a row: its kind, and for regions and colours two groups, as in the paper.

    Rows of a kind whose pictures have no text are a group apart. A kind that has the name of the group of all
    rows gets another name.
    """
    if prediction.kind == ALL:
        return f"kind {ALL}"
    if suite == NO_TEXT and KIND_SUITES.get(prediction.kind) != NO_TEXT:
        return f"{prediction.kind} without text"
    task = parse_task(prediction.query) if suite == "fine-grained" else None
    if task is None or not (task.box or task.color):
        return prediction.kind
    return f"{prediction.kind} by {'color' if task.color else 'box'}"


def _add_formulas(rows: list[ScoredRow]) -> list[str]:
    """Adds the render-and-match score to formulas in the format suite; returns notes on failures."""
    chosen = [row for row in rows if row.suite == "format" and _is_formula(row.prediction)]
    if not chosen:
        return []
    from got_train.evaluation.formulas import formula_scores

    try:
        scores = formula_scores([(row.prediction.answer, row.prediction.reference) for row in chosen])
    except UserError as error:
        return [f"formulas are not drawn and matched: {error}"]
    faults: dict[str, list[str]] = defaultdict(list)
    for row, score in zip(chosen, scores, strict=True):
        fits = not math.isnan(score.f1)
        row.parts["formula_match"] = (score.f1, 1.0) if fits else NONE
        row.parts["formula_match_exact"] = (float(score.exact), 1.0) if fits else NONE
        if score.fault:
            what = "scored 0: TeX rejects the answer" if fits else "not matched: TeX rejects the reference"
            faults[what].append(f"{row.prediction.location}: {score.fault}")
    return [f"{counted(len(some), 'formula')} {what}; {some[0]}" for what, some in sorted(faults.items())]


def _add_tests(rows: list[ScoredRow], file: Path, tests: Mapping[str, Sequence[Test]]) -> list[str]:
    """Adds the shares of passed tests to the rows that answer for the pages of a file; returns notes."""
    pages = pages_of_rows(file, tests, [row.prediction for row in rows])
    for row, page in zip(rows, progress("testing", len(rows), "row", pages), strict=True):
        if page:
            parts, failed = run_tests(row.prediction.answer, tests[page])
            row.parts.update(parts)
            row.failed.extend(failed)
    note = note_of_tests(tests, set(pages))
    return [note] if note else []


def _is_formula(row: Prediction) -> bool:
    """Whether a row is a formula, by its kind or reference: a page may be one formula, a formula one `x`."""
    reference = unfenced(row.reference).strip()
    formula = read_formula(reference, 0)
    alone = formula is not None and formula.closed and formula.end == len(reference)
    return row.kind == "formula" or alone or form_of(reference) == "formula"


def _groups(rows: Sequence[ScoredRow]) -> list[Group]:
    """Scores of all rows, if several groups have the same suite; of each group; of each of two languages."""
    by_name: dict[str, list[ScoredRow]] = defaultdict(list)
    for row in rows:
        by_name[row.group].append(row)
    if len(by_name) > 1 and len({row.suite for row in rows}) == 1:
        by_name = {ALL: list(rows), **by_name}
    groups = []
    for name, members in by_name.items():
        parts = {"all": [row.parts for row in members], "en": [], "zh": []}
        for row in members:
            parts["zh" if has_chinese(row.prediction.reference) else "en"].append(row.parts)
        for language in parts if parts["en"] and parts["zh"] else ["all"]:
            some = parts[language]
            groups.append(Group(name, members[0].suite, language, len(some), scores_of(some)))
    return groups


def scores_of(rows: Sequence[Parts]) -> dict[str, Score]:
    """Scores over rows, with 95 % confidence intervals.

    The intervals are bootstrap percentiles over rows that are drawn with replacement. The amount and the
    weight of a row are drawn together: a score such as CER is a ratio of sums over all rows.
    """
    names = list(dict.fromkeys(name for row in rows for name in row))
    parts = np.array([[row.get(name, NONE) for name in names] for row in rows])  # (rows, scores, 2)
    amounts, weights = parts[:, :, 0], parts[:, :, 1]
    drawn = np.empty((RESAMPLES, len(names)))
    with np.errstate(invalid="ignore", divide="ignore"):
        for i, counts in enumerate(drawn_counts(len(rows))):
            drawn[i] = (counts @ amounts) / (counts @ weights)
    scores = {}
    for i, name in enumerate(names):
        counted = int(np.count_nonzero(weights[:, i]))
        if counted:
            usable = drawn[np.isfinite(drawn[:, i]), i]  # a drawn sample may have no row that counts
            value = amounts[:, i].sum() / weights[:, i].sum()
            scores[name] = Score(float(value), *interval(usable), counted)
    return scores


def row_value(part: Part) -> float:
    """The score of a single row; NaN if the row does not count."""
    return part[0] / part[1] if part[1] else math.nan


MAX_KIND_CHARACTERS = 100
"""Longest name of a kind in the title of its table."""


def group_tables(evaluation: Evaluation) -> list[tuple[str, str, list[str], list[list[str]]]]:
    """A table for each kind, as kind, title, header and rows: one row per score, one column per language."""
    tables = []
    published = ", as published" if evaluation.as_published else ""
    for whole in (group for group in evaluation.groups if group.language == "all"):
        members = [group for group in evaluation.groups if group.kind == whole.kind]
        header = ["score", *(f"{group.language} ({counted(group.rows, 'row')})" for group in members)]
        lines = [[name, *(_score_text(group, name) for group in members)] for name in whole.scores]
        tables.append(
            (
                whole.kind,
                f"{shortened(whole.kind, MAX_KIND_CHARACTERS)}: suite {whole.suite}{published}",
                header,
                lines,
            )
        )
    return tables


def _score_text(group: Group, name: str) -> str:
    score = group.scores.get(name)
    if score is None:
        return "-"
    some = f" of {score.rows:,}" if score.rows != group.rows else ""
    return f"{score.value:.4f} [{score.low:.4f}, {score.high:.4f}]{some}"


def score_text(evaluation: Evaluation) -> str:
    """The scores as text for a person."""
    parts = [
        f"{printable(title)}\n{table(header, lines)}" for _, title, header, lines in group_tables(evaluation)
    ]
    parts += map(confidence_text, evaluation.confidences)
    return "\n\n".join([*parts, *(f"note: {printable(note)}" for note in evaluation.notes)])


def write_scores(evaluation: Evaluation, path: Path) -> None:
    """Writes the scores as JSON."""
    content = {
        "predictions": str(evaluation.path),
        "as_published": evaluation.as_published,
        "confidence": CONFIDENCE_LEVEL,
        "groups": [asdict(group) for group in evaluation.groups],
        "reliability": [asdict(found) for found in evaluation.confidences],
        "failed_tests": [name for row in evaluation.rows for name in row.failed],
        "notes": evaluation.notes,
    }
    write_text(path, json.dumps(content, ensure_ascii=False, indent=1) + "\n")
