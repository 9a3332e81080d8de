"""The notebook of a first model is committed without outputs, and runs from top to bottom."""

import json
import re
import shlex
import tempfile
from pathlib import Path
from typing import Any

import matplotlib.pyplot
import pytest

from data_engines import cli as got_data
from tests.documents import ROOT, run
from tests.test_documents import EXTRAS

NOTEBOOK = json.loads((ROOT / "docs" / "first-model.ipynb").read_text(encoding="utf-8"))
CODE = [cell for cell in NOTEBOOK["cells"] if cell["cell_type"] == "code"]
SMALL = {"PICTURES": 60, "HELD_OUT": 8, "STEPS": 1}
"""In place of the sizes that the notebook sets."""


def test_it_is_committed_without_outputs() -> None:
    assert {(len(cell["outputs"]), cell["execution_count"]) for cell in CODE} == {(0, None)}
    assert [cell["metadata"] for cell in NOTEBOOK["cells"] if cell["metadata"]] == []


def test_it_installs_what_exists() -> None:
    [extras] = re.findall(r'%pip install --quiet "\{SOURCE\}\[(.+)\]"', "".join(CODE[0]["source"]))
    assert set(extras.split(",")) <= set(EXTRAS)


def shell(line: str) -> None:
    """Runs a command of this project in this process."""
    program, *words = shlex.split(line)
    if program == "got-data":
        assert got_data.main([*words, "--workers", "1"]) == 0, line
    else:
        assert program == "got-train" and run(words) == 0, line


def as_python(cell: dict[str, Any]) -> str:
    """The code of a cell, its lines for the shell as calls of `shell`; what is to be installed is."""
    lines = [line for line in "".join(cell["source"]).splitlines() if not line.startswith("%pip ")]
    return "\n".join(f"shell(f{line[1:]!r})" if line.startswith("!") else line for line in lines)


@pytest.mark.slow
def test_every_cell_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    pytest.importorskip("nltk", reason="needs the extra eval")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)  # so that it is put back
    monkeypatch.setattr(matplotlib.pyplot, "show", matplotlib.pyplot.close)
    names: dict[str, Any] = {"shell": shell}
    for cell in CODE:
        exec(compile(as_python(cell), "first-model.ipynb", "exec"), names)
        names |= SMALL
    assert capsys.readouterr().out.count(" should be ") == 5
    for file in ("read.jsonl", "report.html", "board.html", "merged/model.safetensors"):
        assert Path(file).is_file()
