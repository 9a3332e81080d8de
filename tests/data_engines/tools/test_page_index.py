"""The index of the pages of sets is kept as long as it is true."""

import json
from pathlib import Path

import numpy as np
import pytest

from data_engines.tools import kept, page_index
from data_engines.tools.page_index import index_pages
from data_engines.tools.sets import open_sets
from tests.conftest import write_rows
from tests.data_engines.conftest import picture, row


@pytest.fixture
def looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The rows that were looked at."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(kept, "MIN_LENGTH", 1)
    seen: list[int] = []
    read = page_index.read_page
    monkeypatch.setattr(
        page_index, "read_page", lambda names, row, whole: seen.append(row) or read(names, row, whole)
    )
    open_sets.cache_clear()
    return seen


def test_rows_are_looked_at_once_until_their_file_changes(tmp_path: Path, looked_at: list[int]) -> None:
    image = picture(tmp_path)
    rows = [row("OCR: ", "some text", image), row("[red] OCR: ", "red", image), row("OCR: ", "more", image)]
    names = (str(write_rows(tmp_path / "rows.jsonl", rows)),)
    first = index_pages(names)
    assert looked_at == [0, 1, 2]
    again = index_pages(names)
    assert looked_at == [0, 1, 2]
    assert again.pages.dtype == first.pages.dtype and np.array_equal(again.pages, first.pages)
    assert again.left_out == first.left_out == {"row about a part of a picture, or more than one": 1}
    index_pages(names, whole=False)
    assert looked_at == [0, 1, 2] * 2
    (tmp_path / "rows.jsonl").write_text(json.dumps(rows[0]) + "\n")
    open_sets.cache_clear()
    assert len(index_pages(names).pages) == 1
    assert looked_at == [0, 1, 2] * 2 + [0]


def test_faults_may_be_mended_and_are_looked_for_again(tmp_path: Path, looked_at: list[int]) -> None:
    image = picture(tmp_path)
    names = (
        str(write_rows(tmp_path / "rows.jsonl", [row("OCR: ", "x", image), row("OCR: ", "y", "b.png")])),
    )
    assert len(index_pages(names).pages) == 1
    picture(tmp_path, "b.png")
    assert len(index_pages(names).pages) == 2
    assert looked_at == [0, 1] * 2
