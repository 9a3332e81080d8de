"""Scores of a file of predictions, by kind and language, with how sure they are."""

import json
import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from got_train.evaluation.predictions import Prediction, raise_complaints, read_predictions
from got_train.evaluation.suites import KIND_SUITES, NONE, SUITES, Part, Parts
from got_train.evaluation.words import has_chinese
from got_train.markup.forms import form_of
from got_train.prompts import parse_task
from got_train.report import UserError, table

ALL = "all"
"""The group of all rows."""
RESAMPLES = 1000
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Score:
    """A score with its confidence interval."""

    value: float
    low: float
    high: float
    rows: int
    """That count in it."""


@dataclass(frozen=True)
class ScoredRow:
    """A row and what it adds to the scores of its group."""

    prediction: Prediction
    group: str
    suite: str
    parts: Parts


@dataclass(frozen=True)
class Group:
    """Scores of rows of one kind, in one language or all."""

    kind: str
    suite: str
    language: str
    """`all`, `en` or `zh`: Chinese is every row whose reference has a Chinese character."""
    rows: int
    scores: dict[str, Score]


@dataclass(frozen=True)
class Evaluation:
    """Scores of a file."""

    path: Path
    as_published: bool
    groups: list[Group]
    rows: list[ScoredRow]
    notes: list[str]
    """What could not be scored, and why."""


def evaluate(path: Path, suite: str | None = None, as_published: bool = False) -> Evaluation:
    """Scores the rows of a file.

    Args:
        path: what `read_predictions` reads.
        suite: of all rows; else each kind has its own, as `KIND_SUITES` says.
        as_published: as the authors' scripts compute them, slips included, to compare with the paper's.

    Raises:
        UserError: naming all rows that cannot be read or whose reference does not fit its suite.
    """
    predictions = read_predictions(path)
    rows, complaints = [], []
    for prediction in tqdm(predictions, desc="scoring", unit="row", leave=False):
        name = suite or KIND_SUITES.get(prediction.kind, "plain")
        try:
            parts = SUITES[name].score(prediction, as_published)
        except UserError as error:
            if not str(error).startswith(prediction.location):
                raise
            complaints.append(str(error))
            continue
        rows.append(ScoredRow(prediction, _group(prediction, name), name, parts))
    raise_complaints(complaints)
    notes = _add_formulas(rows)
    return Evaluation(path, as_published, _groups(rows), rows, notes)


def _group(prediction: Prediction, suite: str) -> str:
    """The kind; regions and colours are apart, as in the paper, and so is a kind named as all rows are."""
    if prediction.kind == ALL:
        return f"kind {ALL}"
    task = parse_task(prediction.query) if suite == "fine-grained" else None
    if task is None or not (task.box or task.color):
        return prediction.kind
    return f"{prediction.kind} by {'color' if task.color else 'box'}"


def _add_formulas(rows: list[ScoredRow]) -> list[str]:
    """Adds the render-and-match score to rows of the format suite that are formulas; returns what failed."""
    chosen = [row for row in rows if row.suite == "format" and _is_formula(row.prediction)]
    if not chosen:
        return []
    from got_train.evaluation.formulas import formula_scores

    try:
        scores = formula_scores([(row.prediction.answer, row.prediction.reference) for row in chosen])
    except UserError as error:
        return [f"formulas are not drawn and matched: {error}"]
    unfit: list[str] = []
    undrawn: list[str] = []
    for row, score in zip(chosen, scores, strict=True):
        fits = not math.isnan(score.f1)
        row.parts["formula_match"] = (score.f1, 1.0) if fits else NONE
        row.parts["formula_match_exact"] = (float(score.exact), 1.0) if fits else NONE
        if score.fault:
            (undrawn if fits else unfit).append(f"{row.prediction.location}: {score.fault}")
    notes = []
    if unfit:
        notes.append(f"{len(unfit)} formulas are not matched: TeX does not take the reference; {unfit[0]}")
    if undrawn:
        notes.append(f"{len(undrawn)} formulas score 0: TeX does not take the answer; {undrawn[0]}")
    return notes


def _is_formula(row: Prediction) -> bool:
    """By its kind, or by its reference: a page may be just a formula, and a formula just an `x`."""
    return row.kind == "formula" or form_of(row.reference) == "formula"


def _groups(rows: Sequence[ScoredRow]) -> list[Group]:
    """All rows, if of several groups of one suite; each group; each language where there are both."""
    by_name: dict[str, list[ScoredRow]] = defaultdict(list)
    for row in rows:
        by_name[row.group].append(row)
    if len(by_name) > 1 and len({row.suite for row in rows}) == 1:
        by_name = {ALL: list(rows), **by_name}
    groups = []
    for name, members in by_name.items():
        languages: dict[str, list[ScoredRow]] = {"all": members, "en": [], "zh": []}
        for row in members:
            languages["zh" if has_chinese(row.prediction.reference) else "en"].append(row)
        if not (languages["en"] and languages["zh"]):
            languages = {"all": members}
        for language, some in languages.items():
            scores = scores_of([row.parts for row in some])
            groups.append(Group(name, members[0].suite, language, len(some), scores))
    return groups


def scores_of(rows: Sequence[Parts]) -> dict[str, Score]:
    """Scores over rows, with 95 % intervals by the bootstrap: percentiles over rows drawn with replacement.

    Amounts and weights are drawn together, so that a ratio over all rows, as CER, is drawn as one.
    """
    names = list(dict.fromkeys(name for row in rows for name in row))
    parts = np.array([[row.get(name, NONE) for name in names] for row in rows])  # (rows, scores, 2)
    amounts, weights = parts[:, :, 0], parts[:, :, 1]
    rng = np.random.default_rng(0)
    drawn = np.empty((RESAMPLES, len(names)))
    with np.errstate(invalid="ignore", divide="ignore"):
        for i in range(RESAMPLES):
            counts = np.bincount(rng.integers(len(rows), size=len(rows)), minlength=len(rows))
            drawn[i] = (counts @ amounts) / (counts @ weights)
    scores = {}
    for i, name in enumerate(names):
        counted = int(np.count_nonzero(weights[:, i]))
        if counted:
            usable = drawn[np.isfinite(drawn[:, i]), i]  # a sample may lack the few rows that count
            low, high = np.percentile(usable, [50 - 50 * CONFIDENCE, 50 + 50 * CONFIDENCE])
            value = amounts[:, i].sum() / weights[:, i].sum()
            scores[name] = Score(float(value), float(low), float(high), counted)
    return scores


def row_value(part: Part) -> float:
    """A score of one row alone; nan if it does not count."""
    return part[0] / part[1] if part[1] else math.nan


def group_tables(evaluation: Evaluation) -> list[tuple[Group, list[str], list[list[str]]]]:
    """Each kind with a header and rows: a line a score, a column a language."""
    tables = []
    for whole in (group for group in evaluation.groups if group.language == "all"):
        members = [group for group in evaluation.groups if group.kind == whole.kind]
        header = ["score", *(f"{group.language} ({group.rows:,} rows)" for group in members)]
        lines = [[name, *(_score_text(group, name) for group in members)] for name in whole.scores]
        tables.append((whole, header, lines))
    return tables


def table_title(evaluation: Evaluation, group: Group) -> str:
    """What stands over the scores of a kind."""
    return f"{group.kind}: suite {group.suite}" + (", as published" if evaluation.as_published else "")


def _score_text(group: Group, name: str) -> str:
    score = group.scores.get(name)
    if score is None:
        return "-"
    some = f" of {score.rows:,}" if score.rows != group.rows else ""
    return f"{score.value:.4f} [{score.low:.4f}, {score.high:.4f}]{some}"


def score_text(evaluation: Evaluation) -> str:
    """The scores for a person to read."""
    parts = [
        f"{table_title(evaluation, group)}\n{table(header, lines)}"
        for group, header, lines in group_tables(evaluation)
    ]
    return "\n\n".join([*parts, *(f"note: {note}" for note in evaluation.notes)])


def write_scores(evaluation: Evaluation, path: Path) -> None:
    """The scores as JSON."""
    content = {
        "predictions": str(evaluation.path),
        "as_published": evaluation.as_published,
        "confidence": CONFIDENCE,
        "groups": [asdict(group) for group in evaluation.groups],
        "notes": evaluation.notes,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
