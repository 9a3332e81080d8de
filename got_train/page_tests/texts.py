"""Tests of a page's text: what is there or absent, in which order, in which typeface, with which footnote.

Source: `olmocr/bench/tests.py` of allenai/olmocr, Apache-2.0, whose rules are written here anew.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from rapidfuzz import fuzz

from got_train.characters import composed
from got_train.packages import install_line
from got_train.report import UserError

Test = Mapping[str, Any]
"""A test as its file has it."""

KEPT = 4096
"""Texts and formulas whose plain form is remembered: many tests are of one page."""

_EQUAL = str.maketrans(
    {"‘": "'", "’": "'", "‚": "'", "“": '"', "”": '"', "„": '"', "＿": "_", "µ": "μ"}
    | dict.fromkeys("–—‑‒−", "-")
)
"""Characters that the benchmark does not tell apart."""

_MARKS = [
    (re.compile(r"<br/?>"), " "),
    (re.compile(r"\*\*(.*?)\*\*"), r"\1"),
    (re.compile(r"__(.*?)__"), r"\1"),
    (re.compile(r"</?[bi]>"), ""),
    (re.compile(r"(\*\*|__)(.*?)\1"), r"\2"),
    (re.compile(r"(\*|_)(.*?)\1"), r"\2"),
    (re.compile(r"\s+"), " "),
]
"""Markdown's marks of typeface and white space, which count for nothing."""

MAX_REPEATS = 30
"""Most repeats of up to five characters at the end of a page."""
LONGEST_REPEATED = 5

_FOREIGN = re.compile(
    "[\u4e00-\u9fff\u3040-\u309f\u30a0-\u30ff\U0001f600-\U0001f64f\U0001f300-\U0001f5ff"
    "\U0001f680-\U0001f6ff\U0001f1e0-\U0001f1ff]"
)
"""Chinese, Japanese and pictograms, which no page of the benchmark has."""

_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_NEAR_MARKER = 200
"""Characters before and after a footnote's mark that are looked at."""


@lru_cache(maxsize=KEPT)
def normalized(text: str) -> str:
    """A text as the benchmark compares it.

    >>> normalized("**A**  “b”—c")
    'A "b"-c'
    """
    for pattern, kept in _MARKS:
        text = pattern.sub(kept, text)
    return composed(text).translate(_EQUAL)


def is_present(test: Test, page: str) -> bool:
    wanted, content = normalized(test["text"]), normalized(page)
    if not test.get("case_sensitive", True):
        wanted, content = wanted.lower(), content.lower()
    first, last = test.get("first_n"), test.get("last_n")
    if first or last:
        content = (content[:first] if first else "") + (content[-last:] if last else "")
    return _is_near(fuzz.partial_ratio(wanted, content), test, wanted)


def _is_near(ratio: float, test: Test, wanted: str) -> bool:
    """Whether rapidfuzz's ratio allows no more than the test's number of differences."""
    return ratio / 100 >= 1 - differences(test) / max(len(wanted), 1)


def differences(test: Test) -> int:
    """How many characters may differ."""
    return int(test.get("max_diffs") or 0)


def is_absent(test: Test, page: str) -> bool:
    return not is_present(test, page)


def is_in_order(test: Test, page: str) -> bool:
    try:
        from fuzzysearch import find_near_matches
    except ImportError:
        raise UserError(f"the package fuzzysearch is missing; {install_line('eval')} brings it") from None
    content = normalized(page)
    most = differences(test)
    before, after = (
        [match.start for match in find_near_matches(normalized(test[key]), content, max_l_dist=most)]
        for key in ("before", "after")
    )
    return bool(before and after) and min(before) < max(after)


def is_healthy(test: Test, page: str) -> bool:
    """Whether a page has a text, does not end in a loop, and has no characters that it cannot have.

    A test with `max_length` is of a blank page, which may have no more letters and digits than that.
    """
    skips_images = test.get("max_length") is not None and test.get("max_length_skips_image_alt_tags", False)
    counted = re.sub(r"!\[.*?\]\(.*?\)", "", page) if skips_images else page
    size = sum(map(str.isalnum, counted))
    if test.get("max_length") is not None:
        return bool(size <= test["max_length"])
    most = test.get("max_repeats") or MAX_REPEATS
    if size == 0 or any(_repeats(page, length) > most for length in range(1, LONGEST_REPEATED + 1)):
        return False
    return not (test.get("check_disallowed_characters", True) and _FOREIGN.search(page))


def _repeats(page: str, length: int) -> int:
    """How often the last `length` characters stand at the end one after the other."""
    text = re.sub(r"\s+", " ", page)
    end, count = len(text), 0
    while end >= length and text[end - length : end] == text[-length:]:
        count, end = count + 1, end - length
    return count


def has_format(test: Test, page: str) -> bool:
    """Whether a text stands in a heading, in bold or in italics."""
    wanted = normalized(test["text"])
    texts = [normalized(text) for pattern in TYPEFACES[test["format"]] for text in pattern.findall(page)]
    if not test.get("case_sensitive", True):
        wanted, texts = wanted.lower(), [text.lower() for text in texts]
    return any(_is_near(fuzz.partial_ratio(wanted, text), test, wanted) for text in texts)


TYPEFACES = {
    name: [re.compile(pattern, re.IGNORECASE | re.DOTALL | re.MULTILINE) for pattern in patterns]
    for name, patterns in {
        "heading": (r"^#{1,6}\s+([^\n]+?)$", r"<h[1-6][^>]*>(.*?)</h[1-6]>"),
        "bold": (r"\*\*(.*?)\*\*", r"__(.*?)__", r"<b[^>]*>(.*?)</b>", r"<strong[^>]*>(.*?)</strong>"),
        "italic": (
            r"(?<!\*)\*(?!\*)(.*?)(?<!\*)\*(?!\*)",
            r"(?<!_)_(?!_)(.*?)(?<!_)_(?!_)",
            r"<i[^>]*>(.*?)</i>",
            r"<em[^>]*>(.*?)</em>",
        ),
    }.items()
}
"""What finds the texts of a format."""


def has_footnote(test: Test, page: str) -> bool:
    """Whether a footnote's mark is there as a superscript or `[^1]`, and near it the texts of the test."""
    marker = re.escape(test["marker"])
    patterns = [rf"\[\^{marker}\](?!:)", rf"(?i:<sup[^>]*>{marker}</sup>)"]
    if test["marker"].isascii() and test["marker"].isdigit():
        patterns.append(re.escape(test["marker"].translate(_SUPERSCRIPTS)))
    spans = [match.span() for pattern in patterns for match in re.finditer(pattern, page)]
    sides = {
        "appears_before_marker": [page[max(0, start - _NEAR_MARKER) : start] for start, _ in spans],
        "appears_after_marker": [page[end : end + _NEAR_MARKER] for _, end in spans],
    }
    return bool(spans) and all(
        _stands_near(test, side, texts) for side, texts in sides.items() if test.get(side)
    )


def _stands_near(test: Test, side: str, texts: list[str]) -> bool:
    wanted = _letters(test[side])
    for text in texts:
        letters = _letters(text)
        letters = (
            letters[-2 * len(wanted) :] if side == "appears_before_marker" else letters[: 2 * len(wanted)]
        )
        if letters and _is_near(fuzz.partial_ratio(wanted, letters), test, normalized(test[side])):
            return True
    return False


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, normalized(text))).lower()
