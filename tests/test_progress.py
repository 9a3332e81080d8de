"""Progress in a log, where nobody watches."""

import sys
from typing import Any

import pytest
from tqdm import tqdm

from got_train import progress
from got_train.progress import Lines


def test_short_work_writes_nothing_in_a_log(capsys: Any) -> None:
    assert list(progress.progress("reading", 3, "row", iter("abc"))) == list("abc")
    with progress.progress("checking", 1000, "row") as bar:
        bar.update(1000)
    assert capsys.readouterr().err == ""


def test_long_work_writes_whole_lines_in_a_log(capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "SECONDS", 1e-9)
    with progress.progress("checking", 2000, "row") as bar:
        for _ in range(2):
            bar.update(1000)
    assert (
        capsys.readouterr().err
        == "checking: 1,000 of 2,000 rows, 0 min\nchecking: 2,000 of 2,000 rows, 0 min\n"
    )
    assert list(progress.progress("reading", 2, "row", "ab", initial=1)) == ["a", "b"]
    assert capsys.readouterr().err.splitlines()[0] == "reading: 2 of 2 rows, 0 min"


def test_one_process_of_a_launch_shows_it(capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "SECONDS", 1e-9)
    monkeypatch.setenv("RANK", "1")
    assert list(progress.progress("reading", 2, "row", "ab")) == ["a", "b"]
    assert capsys.readouterr().err == ""


def test_a_terminal_shows_a_bar(capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    bar = progress.progress("reading", 2, "row", "ab")
    assert isinstance(bar, tqdm) and not isinstance(bar, Lines)
    assert "\rreading:   0%" in capsys.readouterr().err
