from pathlib import Path

import pytest

from got_train import drawn_sets
from got_train.drawn_sets import draw_set
from got_train.report import UserError


def test_what_got_data_refuses_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="got-data lines failed: .*--words 0") as caught:
        draw_set("lines", tmp_path / "set", count=2, words="0")
    assert "\n" not in str(caught.value)


def test_a_terminal_shows_the_progress(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """`got-data` gets the terminal itself: it draws no progress bar into a pipe."""
    monkeypatch.setattr(drawn_sets.sys.stderr, "isatty", lambda: True, raising=False)
    with pytest.raises(UserError, match="got-data lines failed: see its message above"):
        draw_set("lines", tmp_path / "set", count=2, words="0")
    assert "--words 0" in capfd.readouterr().err


def test_a_fault_of_got_data_keeps_its_traceback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawn_sets.sys, "executable", str(broken_python(tmp_path)))
    with pytest.raises(RuntimeError, match="ended with code 1:\nTraceback: broken"):
        draw_set("lines", tmp_path / "set", count=2)


def broken_python(folder: Path) -> Path:
    """A program that fails as Python does for an error that nobody catches."""
    program = folder / "python"
    program.write_text("#!/bin/sh\necho 'Traceback: broken' >&2\nexit 1\n")
    program.chmod(0o755)
    return program
