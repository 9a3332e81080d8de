"""Suites: the scores of each kind of image, computed row by row."""

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

from got_train.data.record import UNNAMED_KIND
from got_train.evaluation import words
from got_train.evaluation.boxes import box_parts
from got_train.evaluation.charts import TEXTS, TOLERANCES, average_precision
from got_train.evaluation.metrics import Part, text_parts
from got_train.evaluation.molecules import molecule_score
from got_train.evaluation.predictions import Prediction
from got_train.evaluation.teds import table_parts
from got_train.markup.boxes import BOXED_EXAMPLE, read_boxed
from got_train.markup.chart_dictionary import read_chart
from got_train.report import UserError

Parts = dict[str, Part]

NONE: Part = (0.0, 0.0)
"""The part of a row that does not count in a score."""

_INLINE = re.compile(r"(?<!\\)\\\((?P<body>(?:\\\\|(?!\\[()]).)+)\\\)", re.DOTALL)
_DISPLAY = re.compile(r"(?<!\\)\\\[(?P<body>(?:\\\\|(?!\\[\[\]]).)+)\\\]", re.DOTALL)
_PUBLISHED_INLINE = re.compile(r"\\\((?:(?P<body>.*?)(?<!\\)\\\)|.*)")
_PUBLISHED_DISPLAY = re.compile(r"\\\[(?:(?P<body>.+?)(?<!\\)\\\]|.*)")
"""The rest of a line is passed over where nothing closes a formula: in a loop of openings without an end, the
search for the end of each would take minutes."""
_TABULAR = re.compile(r"\\begin\{tabular\}(.+?)(?:\\end\{tabular\}|$)", re.DOTALL)


def plain(row: Prediction, as_published: bool) -> Parts:
    """Text by its words."""
    return _words(row.answer, row.reference, as_published) | _characters(row)


def scene(row: Prediction, as_published: bool) -> Parts:
    """Text by its characters, as the paper scores scene texts."""
    return _words(row.answer, row.reference, as_published, by_character=True) | _characters(row)


def formatted(row: Prediction, as_published: bool) -> Parts:
    """The whole text by its words, then its formulas and its tables by their words, and tables by TEDS."""
    parts = _words(row.answer.strip(), row.reference.strip(), as_published)
    for name, find in (("formula", find_formulas), ("table", find_tabulars)):
        found = find(row.answer, as_published), find(row.reference, as_published)
        scores = _words(*found, as_published) if any(found) else dict.fromkeys(words.NAMES, NONE)
        parts |= {f"{name}_{key}": part for key, part in scores.items()}
    return parts | table_parts(row.answer, row.reference, as_published) | _characters(row)


def table(row: Prediction, as_published: bool) -> Parts:
    """Tables by TEDS and by their words.

    Raises:
        UserError: if the reference has no table.
    """
    parts = table_parts(row.answer, row.reference, as_published)
    if parts["teds"] == NONE:
        raise UserError(f"{row.location}: the reference has no table (LaTeX tabular, HTML, OTSL or markdown)")
    return parts | _words(row.answer, row.reference, as_published) | _characters(row)


def chart(row: Prediction, as_published: bool) -> Parts:
    """Charts by SCRM. An answer that is no chart scores 0; in OneChart's script it does not count.

    That script reads only JSON without fences, and also requires titles and source.

    Raises:
        UserError: if the reference is not a chart.
    """
    reference = read_chart(row.reference, json_only=as_published)
    if reference is None:
        raise UserError(f"{row.location}: the reference is no JSON object with values")
    prediction = read_chart(row.answer, json_only=as_published)
    if prediction and as_published and not prediction.texts.keys() >= set(TEXTS):
        prediction = None
    unreadable = NONE if as_published else (0.0, 1.0)
    parts = {
        f"ap_{name}": unreadable
        if prediction is None
        else (average_precision(prediction.values, reference.values, tolerance, as_published), 1.0)
        for name, tolerance in TOLERANCES.items()
    }
    return parts | {"parsable": (float(prediction is not None), 1.0)}


def molecule(row: Prediction, as_published: bool) -> Parts:
    """Molecules by the similarity that RDKit computes from their SMILES.

    Raises:
        UserError: if the reference is not a molecule.
    """
    score = molecule_score(row.answer, row.reference)
    if score is None:
        raise UserError(f"{row.location}: the reference is no SMILES that RDKit reads: {row.reference!r:.80}")
    return {name: (float(value), 1.0) for name, value in asdict(score).items()} | _characters(row)


def no_text(row: Prediction, as_published: bool) -> Parts:
    """Pictures without text: whether nothing was answered, and how many characters were made up otherwise."""
    invented = len(row.answer.strip())
    return {"answered_by_nothing": (float(not invented), 1.0), "invented_characters": (float(invented), 1.0)}


def text_with_boxes(row: Prediction, as_published: bool) -> Parts:
    """Texts with boxes by the overlap of their boxes, and by the characters of all texts together.

    Raises:
        UserError: if the reference is no text with boxes.
    """
    reference = read_boxed(row.reference)
    if reference.num_broken or not reference.found:
        raise UserError(f"{row.location}: the reference is not {BOXED_EXAMPLE}: {row.reference!r:.80}")
    texts = replace(row, answer=read_boxed(row.answer).text, reference=reference.text)
    return box_parts(row.answer, row.reference) | _characters(texts)


@dataclass(frozen=True)
class Suite:
    """The scores of a kind of rows."""

    score: Callable[[Prediction, bool], Parts]
    """Computes the parts of a row; the second argument is `as_published`."""
    worst_by: str
    """The score by which reports order rows."""
    high_is_good: bool = True
    is_latex: bool = False
    r"""Whether texts are LaTeX, in which `\'e` is the letter é."""


SUITES = {
    "plain": Suite(plain, "edit_distance", high_is_good=False),
    "scene": Suite(scene, "edit_distance", high_is_good=False),
    "format": Suite(formatted, "edit_distance", high_is_good=False, is_latex=True),
    "chart": Suite(chart, "ap_slight"),
    "music": Suite(plain, "edit_distance", high_is_good=False),
    "geometry": Suite(plain, "edit_distance", high_is_good=False),
    "molecule": Suite(molecule, "tanimoto"),
    "table": Suite(table, "teds", is_latex=True),
    "text-with-boxes": Suite(text_with_boxes, "iou"),
    "fine-grained": Suite(plain, "edit_distance", high_is_good=False),
    "no-text": Suite(no_text, "invented_characters", high_is_good=False),
}

NO_TEXT = "no-text"
"""The suite of rows whose reference is empty, whatever their kind: no other score says anything of them."""

KIND_SUITES = {
    **{name: name for name in SUITES},
    **dict.fromkeys(("formula", "page", "multi-crop", "multi-page"), "format"),
    "blank": NO_TEXT,
    **dict.fromkeys(("pdf", "lines", "handwriting", "seal", "form", UNNAMED_KIND), "plain"),
}
"""The suite of each kind that got-data draws; the suite of any other kind is `plain`."""


def find_formulas(text: str, as_published: bool = False) -> str:
    r"""Inline formulas, then displays, in the order of the authors' script.

    Args:
        text: an answer.
        as_published: whether formulas within one line are found only, as by the script, with the white space
            at their ends.

    >>> find_formulas("\\(a\\) and \\[\nb\n\\] and \\(c\\)")
    'a\ncb'
    """
    patterns = (_PUBLISHED_INLINE, _PUBLISHED_DISPLAY) if as_published else (_INLINE, _DISPLAY)
    inline, displays = (
        [match["body"] for match in pattern.finditer(text) if match["body"] is not None]
        for pattern in patterns
    )
    if not as_published:
        inline, displays = ([body.strip() for body in bodies] for bodies in (inline, displays))
    return "\n".join(inline) + "\n".join(displays)


def find_tabulars(text: str, as_published: bool = False) -> str:
    """LaTeX tables as the authors' script finds them: column specifications and bodies."""
    return "\n".join(_TABULAR.findall(text))


def _words(prediction: str, reference: str, as_published: bool, by_character: bool = False) -> Parts:
    """Scores by words. As published, reference and answer are swapped, and empty texts do not count."""
    if as_published:
        if not prediction or not reference:
            return dict.fromkeys(words.NAMES, NONE)
        prediction, reference = reference, prediction
    scores = words.word_scores(prediction, reference, by_character)
    return {name: (value, 1.0) for name, value in scores.items()}


def _characters(row: Prediction) -> Parts:
    """The scores of training that the paper does not have."""
    parts = text_parts(row.answer, row.reference)
    return {name: parts[name] for name in ("cer", "exact_match", "repetition")}
