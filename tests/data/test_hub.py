"""Sets as the hub has them, folders of pictures and CSV files: rows under other names of the keys."""

import csv
from pathlib import Path
from typing import Any

import pytest

from got_train.data import hub
from got_train.data.errors import RowError
from got_train.data.hub import HubSet, find_hub_set
from got_train.data.readers import find_sources, open_rows
from got_train.data.record import ReadOptions
from got_train.data.samples import SampleSet
from got_train.prompts import LATEX_OCR_QUERY
from got_train.report import UserError
from tests.data.packing import png, samples, shades, write_parquet

pytestmark = pytest.mark.usefixtures("cache")

CARD = """---
configs:
- config_name: full
  data_files:
  - {split: train, path: full/train.parquet}
  - {split: validation, path: full/validation.parquet}
  - {split: test, path: full/test.parquet}
- config_name: small
  default: true
  data_files:
  - {split: train, path: small/train.parquet}
---
"""


@pytest.fixture
def latex_ocr(tmp_path: Path) -> Path:
    """A folder as linxy/LaTeX_OCR: subsets, splits, columns `image` and `text`."""
    folder = tmp_path / "LaTeX_OCR"
    shade = 0
    for name, rows in (("full/train", 6), ("full/validation", 2), ("full/test", 2), ("small/train", 3)):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        table: list[dict[str, Any]] = []
        for number in range(rows):
            shade += 1
            table.append({"image": {"bytes": png(shade), "path": None}, "text": f"{name} _ {number}"})
        write_parquet(folder / f"{name}.parquet", table)
    (folder / "README.md").write_text(CARD)
    return folder


def read(*specs: str, **options: Any) -> SampleSet:
    return samples(*specs, read=ReadOptions(**options))


def responses(data: SampleSet) -> list[str]:
    return [data.rows.record(index).turns[0].response for index in range(len(data))]


def test_subsets_of_a_set_are_read_by_name_and_the_default_without(latex_ocr: Path) -> None:
    data = read(f"{latex_ocr}:full", query=LATEX_OCR_QUERY)
    assert responses(data) == [f"full/train _ {number}" for number in range(6)]
    record = data.rows.record(2)
    assert record.turns[0].query == f"<image>{LATEX_OCR_QUERY}"
    assert shades(data)[2] == [3]
    assert record.location.startswith(f"{latex_ocr}:full:") and record.location.endswith(":3")
    assert len(read(str(latex_ocr), query="q")) == 3
    assert len(read(f"{latex_ocr}:full/small", query="q")) == 9
    assert len(read(f"{latex_ocr}:full#4", query="q")) == 4


def test_known_names_bring_the_query_and_leave_the_test_split(
    latex_ocr: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert find_hub_set("latex-ocr-print") == HubSet(
        "linxy/LaTeX_OCR", ("full",), ("train", "validation"), LATEX_OCR_QUERY
    )
    assert find_hub_set("AI-ModelScope/LaTeX_OCR:human_handwrite") == HubSet(
        "linxy/LaTeX_OCR", ("human_handwrite",), ("train",), LATEX_OCR_QUERY
    )
    local = HubSet(str(latex_ocr), ("full",), ("train", "validation"))
    monkeypatch.setitem(hub.KNOWN_SETS, "latex-ocr-print", local)
    monkeypatch.setitem(hub.QUERIES, str(latex_ocr), LATEX_OCR_QUERY)
    data = read("latex-ocr-print", query="not this one")
    assert responses(data)[-3:] == ["full/train _ 5", "full/validation _ 0", "full/validation _ 1"]
    assert data.rows.record(0).turns[0].query == f"<image>{LATEX_OCR_QUERY}"
    assert len(read("latex-ocr-print#5")) == 5


def test_rows_of_a_set_can_be_written_out_and_read_again(latex_ocr: Path, tmp_path: Path) -> None:
    data = read(f"{latex_ocr}:small", query="what?")
    lines = [data.rows.portable_row(index) for index in range(3)]
    (tmp_path / "rows.jsonl").write_text("\n".join(lines))
    again = read(str(tmp_path / "rows.jsonl"))
    assert responses(again) == responses(data)
    for index in range(3):
        assert again.rows.record(index).turns == data.rows.record(index).turns
        assert (again[index].tiles == data[index].tiles).all()


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("{folder}:tiny", r":tiny is neither a data file nor a data set of the hub \(split train\): .*tiny"),
        ("{folder}:small", "has no column query .* its columns are image, text: data.columns renames them"),
        ("somebody/something", "somebody/something is neither a data file nor a data set of the hub "),
        ("somebody/rows.jsonl", "data file somebody/rows.jsonl does not exist"),
    ],
)
def test_sets_that_cannot_be_read_end_in_one_line(latex_ocr: Path, spec: str, message: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        read(spec.format(folder=latex_ocr))
    assert "\n" not in str(caught.value)


def test_columns_are_renamed(tmp_path: Path) -> None:
    rows = [{"picture": {"bytes": png(7), "path": None}, "ground_truth": "x", "ask": "OCR: "}]
    path = write_parquet(tmp_path / "a.parquet", rows)
    data = read(str(path), columns={"picture": "images", "ground_truth": "response", "ask": "query"})
    assert data.rows.record(0).turns[0].query == "<image>OCR: "
    assert [int(tile[0, 0, 0]) for tile in data[0].tiles] == [7]
    twice = write_parquet(tmp_path / "b.parquet", [{"query": "q", "response": "x", "truth": "y"}])
    with pytest.raises(RowError, match="response and truth both mean response: keep one of them"):
        read(str(twice), columns={"truth": "response"}).rows.record(0)


def test_a_folder_of_pictures_with_metadata(tmp_path: Path) -> None:
    folder = tmp_path / "scans"
    (folder / "part").mkdir(parents=True)
    (folder / "part" / "1.png").write_bytes(png(1))
    (folder / "2.png").write_bytes(png(2))
    (folder / "metadata.csv").write_text("file_name,text\npart/1.png,one\n2.png,two\n")
    data = read(str(folder), query="OCR: ")
    assert responses(data) == ["one", "two"]
    assert [int(data[index].tiles[0, 0, 0, 0]) for index in range(2)] == [1, 2]


def test_csv_cells_are_texts(tmp_path: Path) -> None:
    for number in (1, 2):
        (tmp_path / f"{number}.png").write_bytes(png(number))
    path = tmp_path / "rows.csv"
    path.write_text(
        "query,response,images,crop\n"
        'OCR: ,007,1.png,\n"<image><image>OCR with format across multi pages: ","two\nlines, a ""quote""",'
        '"[""1.png"", ""2.png""]",\n',
        encoding="utf-8-sig",
    )
    data = read(str(path))
    assert responses(data) == ["007", 'two\nlines, a "quote"']
    assert [len(data[index].tiles) for index in range(2)] == [1, 2]
    assert [data.rows.record(index).location for index in range(2)] == [f"{path}:2", f"{path}:4"]
    path.write_text("query,response\nq,r,s\n")
    with pytest.raises(RowError, match="rows.csv:2: not CSV: 3 cells for 2 columns"):
        open_rows(str(path)).record(0)
    path.write_bytes(b"query,response\n\xff\xfe,r\n")
    with pytest.raises(UserError, match="rows.csv is not UTF-8"):
        open_rows(str(path))
    assert find_sources(str(path)) == [path]


def test_long_cells_are_read_and_nobody_else_s_limit_changes(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(f"query,response\nOCR: ,{'x' * 200_000}\n")
    limit = csv.field_size_limit()
    assert len(open_rows(str(path)).record(0).turns[0].response) == 200_000
    assert csv.field_size_limit() == limit
