"""What all templates have: escaped text and one policy."""

import re
from pathlib import Path

import pytest
from jinja2 import UndefinedError
from markupsafe import Markup

from got_train.pages.template import picture_html, render

ROOT = Path(__file__).parent.parent.parent
TEMPLATES = sorted((ROOT / "got_train" / "pages" / "templates").iterdir())
HOSTILE = "</title></style></pre>\"'><script>document.title='run'</script>"
PAGES = {
    "answer.html": {"missing": [HOSTILE], "body": HOSTILE},
    "answers.html": {
        "missing": [HOSTILE],
        "contents": [("a", HOSTILE)] * 3,
        "answers": [{"query": HOSTILE, "pictures": [HOSTILE], "body": HOSTILE, "text": HOSTILE}],
    },
    "scores.html": {
        "notes": [HOSTILE],
        "reliabilities": [
            (
                {"noun": HOSTILE, "number": 1, "bins": [{"confidence": 0.5, "right": 1.0, "number": 1}]},
                *(HOSTILE, [HOSTILE], [[HOSTILE]], HOSTILE),
            )
        ],
        "contents": [("a", HOSTILE)] * 3,
        "groups": [
            {
                "title": HOSTILE,
                "header": [HOSTILE],
                "lines": [[HOSTILE]],
                "count": HOSTILE,
                "order": HOSTILE,
                "worst": [
                    {
                        "pictures": [HOSTILE],
                        "hidden": 1,
                        "query": HOSTILE,
                        "reference": HOSTILE,
                        "differences": [(HOSTILE, "a"), ("a", HOSTILE), (HOSTILE, HOSTILE)],
                        "scores": HOSTILE,
                    }
                ],
            }
        ],
    },
    "recipe.html": {
        "introduction": HOSTILE,
        "tables": [([HOSTILE], [[HOSTILE]])] * 2,
        "merged_equals_unmerged": HOSTILE,
        "contents": [("a", HOSTILE)] * 3,
        "stages": [
            {
                "name": HOSTILE,
                "curve": HOSTILE,
                "tasks": [
                    {
                        "name": HOSTILE,
                        "cer": 0.5,
                        "rows": [
                            {
                                "picture": HOSTILE,
                                "query": HOSTILE,
                                "reference": HOSTILE,
                                "differences": [(HOSTILE, "a"), ("a", HOSTILE), (HOSTILE, HOSTILE)],
                                "right": False,
                            }
                        ],
                    }
                ],
            }
        ],
    },
    "learning_curve.html": {
        "steps": 5,
        "held_out_rows": 8,
        "curve": HOSTILE,
        "conclusion": HOSTILE,
        "header": [HOSTILE],
        "figures": [[HOSTILE]],
    },
    "sheet.html": {
        "embed": lambda picture, shows: picture + shows,
        "contents": [("a", HOSTILE)] * 3,
        "entries": [
            {
                "title": HOSTILE,
                "fault": HOSTILE,
                "pictures": [HOSTILE],
                "turns": [
                    {"query": HOSTILE, "response": HOSTILE, "picture": HOSTILE, "fault": ""},
                    {"query": HOSTILE, "response": HOSTILE, "picture": "", "fault": HOSTILE},
                ],
            }
        ],
        "notes": [HOSTILE],
    },
    "board.html": {
        "runs": [{"name": HOSTILE, "settings": {HOSTILE: HOSTILE}}] * 2,
        "names": [HOSTILE] * 2,
        "faults": [HOSTILE],
        "contents": [("a", HOSTILE)] * 3,
        "facts": [[HOSTILE] * 3],
        "differing": [[HOSTILE] * 3],
        "curves": [{"id": "a", "title": HOSTILE, "curves": [HOSTILE], "left_out": HOSTILE}],
        "more_curves": [],
        "left_out": [HOSTILE],
        "compared": [(HOSTILE, [[HOSTILE] * 3])],
        "examples": [
            {
                "query": HOSTILE,
                "kind": HOSTILE,
                "pictures": [HOSTILE],
                "hidden": 1,
                "reference": HOSTILE,
                "runs": [
                    {
                        "letter": HOSTILE,
                        "name": HOSTILE,
                        "steps": [
                            {
                                "step": HOSTILE,
                                "right": False,
                                "score": HOSTILE,
                                "differences": [(HOSTILE, "a"), ("a", HOSTILE), (HOSTILE, HOSTILE)],
                            }
                        ],
                    }
                ],
            }
        ],
        "unread": [HOSTILE],
    },
}
"""What each page is made of, with hostile text in every place."""


@pytest.mark.parametrize("name", PAGES)
def test_text_in_any_place_of_a_page_is_escaped(name: str) -> None:
    page = render(name, title=HOSTILE, **PAGES[name])
    assert "<script" not in page and "document.title=&#39;run&#39;" in page
    assert page.count("</style>") == page.count("</title>") == 1


def test_characters_without_a_place_in_html_are_marked_wherever_they_stand() -> None:
    page = render("chart.html", texts=[("a\x00b", "\ud800")], rows=[["\x1b[31m"]])
    assert page.encode() and "<strong>a\ufffdb</strong> \ufffd<br>" in page and "\ufffd[31m" in page


def test_every_page_says_its_language_and_fits_a_phone() -> None:
    for name, content in PAGES.items():
        page = render(name, title="t", **content)
        assert '<html lang="en">' in page and '<meta name="viewport" content="width=device-width' in page
        assert "color-scheme: light dark" in page and "prefers-color-scheme: dark" in page


def test_marks_of_ends_of_lines_are_seen() -> None:
    page = render("scores.html", title="t", **PAGES["scores.html"])
    assert "<del>" in page and "<ins>" in page
    row = {**PAGES["scores.html"]["groups"][0]["worst"][0], "differences": [("\n", ""), ("", "b")]}
    group = {**PAGES["scores.html"]["groups"][0], "worst": [row]}
    page = render("scores.html", title="t", notes=[], contents=[], groups=[group], reliabilities=[])
    assert "<pre><del>⏎\n</del><ins>b</ins></pre>" in page


def test_every_page_is_in_that_test_and_has_the_policy() -> None:
    pages = {path.name for path in TEMPLATES if '{% extends "' in path.read_text()}
    assert pages == set(PAGES)
    for name in pages:
        assert render(name, title="t", **PAGES[name]).count("default-src 'none'; img-src data:;") == 1


def test_templates_trust_nothing() -> None:
    found = {path.name: re.findall(r"\|\s*safe\b|autoescape|<script", path.read_text()) for path in TEMPLATES}
    assert {name: words for name, words in found.items() if words} == {}


def test_content_that_a_template_wants_must_be_given() -> None:
    with pytest.raises(UndefinedError, match="'rows' is undefined"):
        render("chart.html", texts=[])


def test_a_picture_says_what_it_shows() -> None:
    assert picture_html(b"x", "jpeg", 'a "b"', 20) == Markup(
        '<img alt="a &#34;b&#34;" width="20" src="data:image/jpeg;base64,eA==">'
    )
