"""Scores that crash Verovio cost nothing but their drawing."""

import json
from pathlib import Path

import pytest

from got_train.pages import engraving
from got_train.pages.answers import Rendered, render_page
from got_train.pages.engraving import NO_NOTES, engrave

pytest.importorskip("verovio", reason="pip install 'got-train[render]'")

SCORE = "**kern\t**kern\n*clefF4\t*clefG2\n*M4/4\t*M4/4\n=-\t=-\n1C\t1cc\n=\t=\n*-\t*-"
WORDS = "**kern\t**text\n*clefG2\t*\n*M4/4\t*\n=-\t=-\n4c\tla\n4d\tlo\n2e\t.\n=\t=\n*-\t*-"
CRASHES = ["**kern\t**kern\t**text\n*-\t*-\t*-", "**kern\t**text\n4c\n*-\t*-", "**kern\n*^\n*^\n*v\n4c\n*-"]


def test_the_others_are_engraved() -> None:
    drawn = engrave([CRASHES[0], SCORE, CRASHES[1], CRASHES[2], WORDS, "**kern", "**kern\n\ud800"])
    for number in (0, 2, 3):
        assert isinstance(drawn[number], str) and drawn[number].startswith("Verovio was ended by SIG")
    for number in (1, 4):
        assert isinstance(drawn[number], bytes) and b"<svg" in drawn[number]
    assert drawn[5] == NO_NOTES and len(drawn) == 7


def test_all_of_them_have_one_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engraving, "ALL_SECONDS", -1.0)
    assert engrave([SCORE, SCORE]) == ["no time left", "no time left"]


def test_nothing_of_another_file_is_drawn(tmp_path: Path) -> None:
    assert engraving._drawing(tmp_path / "none.svg", "takes too long") == "Verovio takes too long"
    (tmp_path / "0.svg").write_text('<svg><g class="note"/><image href="/etc/x.png"/></svg>')
    assert engraving._drawing(tmp_path / "0.svg", None) == NO_NOTES


def test_both_pages_are_made(tmp_path: Path) -> None:
    from data_engines.sheet import write_sheet

    answers = [SCORE, WORDS, *CRASHES]
    render_page([Rendered(answer) for answer in answers], tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    assert page.count('alt="score"') == 2 and page.count("Verovio was ended by SIG") == 3
    rows = [{"query": "OCR with format: ", "response": answer} for answer in answers]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    _, html = write_sheet(str(tmp_path / "rows.jsonl"), tmp_path / "sheet")
    assert html.read_text().count("Verovio was ended by SIG") == 3
