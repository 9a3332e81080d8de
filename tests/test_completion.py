"""`got-train completion`: what a shell completes with the script."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from got_train.cli import parser
from got_train.completion import completion_script
from tests.conftest import HANG_SECONDS
from tests.documents import run

ASKS = """
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
_shtab_got_train
echo "${COMPREPLY[@]}"
"""


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        (["tr"], "train"),
        (["infer", "MODEL", "--ba"], "--base --batch-size"),
        (["serve", "MODEL", "--engine", ""], "vllm transformers"),
        (["train", "rows"], "rows.yaml"),
        (["convert", "a", "b", "--to", "o"], "original"),
    ],
)
def test_bash_completes(words: list[str], completed: str, tmp_path: Path) -> None:
    pytest.importorskip("shtab", reason="pip install 'got-train[completion]'")
    script = tmp_path / "got-train.bash"
    script.write_text(completion_script(parser(), "bash"))
    (tmp_path / "rows.yaml").touch()
    done = subprocess.run(
        ["bash", "-c", ASKS, "bash", script, "got-train", *words],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
    )
    assert (done.stdout.strip(), done.stderr) == (completed, "")


def test_without_shtab_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setitem(sys.modules, "shtab", None)
    assert run(["completion", "zsh"]) == 2
    assert "completion scripts are written by shtab: pip install" in capsys.readouterr().err
