"""The tests of olmOCR-bench: facts about a page, each of which an answer passes or fails.

`got-train bench olmocr` runs those that are published, `got-train eval --tests` those of any file in their
form, and `got-data --tests` writes them for pages that it draws.
"""

from collections.abc import Callable, Sequence
from typing import Any

from got_train.markup.html_tables import with_html_tables
from got_train.page_tests.formulas import has_formula
from got_train.page_tests.tables import SIDES, has_cell
from got_train.page_tests.texts import (
    TYPEFACES,
    Test,
    has_footnote,
    has_format,
    is_absent,
    is_healthy,
    is_in_order,
    is_present,
    normalized,
)
from got_train.report import UserError, quoted

TESTS: dict[str, Callable[[Test, str], bool]] = {
    "present": is_present,
    "absent": is_absent,
    "order": is_in_order,
    "table": has_cell,
    "math": has_formula,
    "baseline": is_healthy,
    "format": has_format,
    "footnote": has_footnote,
}
"""By the `type` of a test."""

TEXT_KEYS: dict[str, tuple[str, ...]] = {
    "present": ("text",),
    "absent": ("text",),
    "order": ("before", "after"),
    "table": ("cell",),
    "math": ("math",),
    "format": ("text", "format"),
    "footnote": ("marker",),
}
"""The texts that a test of each type must have."""

OPTIONAL_KEYS = (*SIDES, "appears_before_marker", "appears_after_marker")
"""Texts that a test may have."""
NUMBER_KEYS = ("max_diffs", "first_n", "last_n", "max_length", "max_repeats")
"""Whole numbers that a test may have."""


def passes(test: Test, page: str) -> bool:
    """Whether a page passes a test.

    Args:
        test: a row of the benchmark, of one of the types of `TESTS`.
        page: the markdown of its page.
    """
    return TESTS[test["type"]](test, page)


def results(answer: str, tests: Sequence[Test]) -> list[bool]:
    """Which tests of its page an answer passes, its LaTeX tables read as HTML.

    They are the results of `passes` but for one: a text does not stand in an answer that is shorter than it.
    The benchmark looks for the shorter of the two in the longer, so that `e` would have nearly every text.
    """
    page = with_html_tables(answer)
    return [passes(test, page) and not _is_too_short(test, page) for test in tests]


def _is_too_short(test: Test, page: str) -> bool:
    return test["type"] == "present" and len(normalized(page)) < len(normalized(test["text"]))


def share_passed(answer: str, tests: Sequence[Test]) -> float:
    r"""The share of the tests of a page that an answer passes: a reward from 0 to 1.

    An empty answer passes those for what is absent: see that a page has others too.

    Args:
        answer: what a model has read, as it has written it.
        tests: those of its page, at least one, as `got-data --tests` writes them.

    Raises:
        ValueError: if there is no test.

    >>> tests = [{"type": "present", "text": "five words"}, {"type": "absent", "text": "Page 7"}]
    >>> share_passed("Some five words. Page 7", tests)
    0.5
    """
    if not tests:
        raise ValueError("no tests to pass: a reward needs one at least")
    return sum(results(answer, tests)) / len(tests)


def check_test(test: Any, location: str) -> None:
    """Refuses what is no test that can be run.

    Raises:
        UserError: says what is wrong with the test at `location`.
    """
    given = test if isinstance(test, dict) else {}
    pdf, kind = given.get("pdf"), given.get("type")
    if not isinstance(pdf, str) or not pdf or not isinstance(given.get("page"), int):
        raise UserError(f"{location}: a test has a pdf, a page and a type")
    if kind not in TESTS:
        raise UserError(f"{location}: type {quoted(kind)} is not known: {', '.join(TESTS)} are")
    for key in TEXT_KEYS.get(kind, ()):
        if not isinstance(test.get(key), str) or not test[key].strip():
            raise UserError(f"{location}: a test of type {kind} needs the text {key}")
    for keys, of_type, what in ((OPTIONAL_KEYS, str, "a text"), (NUMBER_KEYS, int, "a whole number")):
        for key in keys:
            if not isinstance(test.get(key), of_type | None):
                raise UserError(f"{location}: {key} {quoted(test[key])} is not {what}")
    if kind == "format" and test["format"] not in TYPEFACES:
        raise UserError(f"{location}: format {quoted(test['format'])} is none of {', '.join(TYPEFACES)}")
