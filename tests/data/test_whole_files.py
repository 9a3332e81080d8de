"""What is wrong with a file as a whole is said once, with the command that mends it."""

import json
from pathlib import Path
from typing import Any

import pytest

from got_train.data.errors import RowError
from got_train.data.readers import find_sources, open_rows
from got_train.data.record import ReadOptions
from got_train.data.sources import check_all_columns
from got_train.report import UserError
from tests.conftest import write_rows
from tests.data.packing import find_faults, samples

ROW = {"query": "OCR: ", "response": "公章"}
LINE = json.dumps(ROW, ensure_ascii=False) + "\n"
GOOD = json.dumps(ROW)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", LINE.encode("utf-16"), "is not UTF-8 .* looks like UTF-16; iconv -f UTF-16 -t UTF-8"),
        ("a.jsonl", GOOD.encode("utf-16-le"), "looks like UTF-16LE"),
        ("a.jsonl", LINE.encode("utf-16-be"), "looks like UTF-16BE"),
        ("a.jsonl", LINE.encode("utf-32"), "looks like UTF-32;"),
        (
            "a.jsonl",
            GOOD.encode() + b"\n" + LINE.encode("gbk"),
            "a.jsonl:2 is not UTF-8 .* looks like GB18030",
        ),
        ("a.jsonl", LINE.replace("公章", "公章圖片").encode("big5"), "looks like BIG5"),
        ("a.jsonl", LINE.replace("公章", "café").encode("latin-1"), "looks like WINDOWS-1252"),
        ("a.json", f"[{LINE}]".encode("gbk"), "looks like GB18030"),
        ("a.csv", "query,response\nq,公章\n".encode("utf-16"), "looks like UTF-16"),
        ("a.csv", "query,response\nq,公章\n".encode("gbk"), "looks like GB18030"),
        ("a.csv", b"query,response\nq,a\0b\n", "holds a NUL character"),
        ("a.jsonl", b"\x1f\x8b\x08", "is compressed with gzip: unpack it"),
        ("a.jsonl", b"PK\x03\x04", "is a zip archive"),
        ("a.jsonl", f"[{GOOD}]".encode(), "holds one JSON list, not a row a line: mv .*a.jsonl .*a.json$"),
        ("a.jsonl", json.dumps([ROW], indent=1).encode(), "holds one JSON list"),
        ("a.jsonl", json.dumps(ROW, indent=1).encode(), "spreads a row over several lines; jq -c . "),
        ("a.jsonl", f"{GOOD}\r{GOOD}\r".encode(), "ends its lines with CR"),
        ("a.jsonl", f"{GOOD},\n{GOOD}\n".encode(), "ends its lines with a comma; sed "),
        ("a.jsonl", repr(ROW).encode(), "holds rows as Python prints them"),
        ("a.jsonl", json.dumps({"data": [ROW]}).encode(), "not one object with the list data; jq -c "),
        ("a.json", json.dumps({"data": [ROW]}).encode(), "not one object with the list data; jq -c "),
        ("a.json", GOOD.encode(), "which is a row; jq -c ."),
        ("a.json", f"{GOOD}\n{GOOD}\n".encode(), "holds a JSON value a line: mv .*a.json .*a.jsonl$"),
        ("a.csv", b"OCR: ,abc\nOCR: ,abc\n", "has no column query .* its columns are OCR:, abc: "),
        ("a.csv", b"image,text\n1.png,a\n", "has no column query .* data.columns .* data.query "),
        ("a.csv", b"query,image\nq,1.png\n", "has no column response "),
        ("a.csv", b"query,response,response\nq,a,b\n", "has the column response twice"),
    ],
)
def test_files_that_are_something_else_are_refused_in_one_line(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=message) as caught:
        open_rows(str(tmp_path / name))
    assert "\n" not in str(caught.value)


def test_a_large_file_in_another_encoding_may_have_a_damaged_line(tmp_path: Path) -> None:
    damaged = LINE.encode("gbk").replace(b"\n", b"\xff\n")
    (tmp_path / "a.jsonl").write_bytes(damaged + LINE.encode("gbk") * 3000)
    with pytest.raises(UserError, match="a.jsonl:1 is not UTF-8 .* looks like GB18030"):
        open_rows(str(tmp_path / "a.jsonl"))


@pytest.mark.parametrize(
    "text",
    [
        "query;response\nq;a, b\n",
        "query\tresponse\nq\ta, b\n",
        'query, response\nq, "a, b"\n',
        ',query,response\n0,q,"a, b"\n',
    ],
)
def test_csv_is_read_as_spreadsheets_and_pandas_write_it(tmp_path: Path, text: str) -> None:
    (tmp_path / "A.CSV").write_text(text)
    assert open_rows(str(tmp_path / "A.CSV")).record(0).turns[0].response == "a, b"


def test_a_csv_row_that_lacks_a_cell_is_bad(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("query,response,images\nOCR: ,abc\n")
    with pytest.raises(RowError, match=r"a.csv:2: not CSV: 2 cells for 3 columns$"):
        open_rows(str(tmp_path / "a.csv")).record(0)


@pytest.mark.parametrize("cell", ["['1.png', '2.png']", '["1.png", "2.png"]'])
def test_lists_in_cells_are_lists_also_in_a_column_that_is_renamed(tmp_path: Path, cell: str) -> None:
    for name in ("1.png", "2.png"):
        (tmp_path / name).touch()
    quoted = cell.replace('"', '""')
    (tmp_path / "a.csv").write_text(f'query,response,picture\nOCR: ,abc,"{quoted}"\n')
    rows = open_rows(str(tmp_path / "a.csv"), ReadOptions({"picture": "images"}))
    assert [Path(str(image)).name for image in rows.record(0).images] == ["1.png", "2.png"]


def test_one_damaged_line_is_one_bad_row_and_a_key_twice_too(tmp_path: Path) -> None:
    good = LINE.encode()
    (tmp_path / "a.jsonl").write_bytes(good * 3 + good[:-5] + b'\xff"}\n' + b'{"query": "a", "query": "b"}\n')
    faults = find_faults(samples(str(tmp_path / "a.jsonl"))).bad
    assert {number: error.cause for number, error in faults.items()} == {3: "not JSON", 4: "ambiguous keys"}


def test_the_same_fault_of_all_rows_of_a_file_is_said_once(tmp_path: Path) -> None:
    rows: list[Any] = [{"image": f"{number}.png", "text": "a"} for number in range(3)]
    path = write_rows(tmp_path / "a.jsonl", rows)
    assert find_faults(samples(str(path))).lines() == [
        f"{path}:1: missing key: no query (keys: image, text): data.query (--query) asks the same of all "
        f"rows, data.columns (--columns) renames keys (the same cause in all 3 rows of {path})"
    ]
    write_rows(path, [*rows, {"query": "q", "response": "r"}])
    assert len(find_faults(samples(str(path))).lines()) == 3


def test_a_column_that_no_row_has_is_named_once(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "a.jsonl", [{"query": "q", "answer": "a", "latex": "x"}])
    check_all_columns(open_rows(str(path), ReadOptions({"latex": "response", "answer": "old"})))
    with pytest.raises(
        UserError, match=r"no row of .*a.jsonl has the key latx \(latx=response\): leave it out"
    ):
        check_all_columns(open_rows(str(path), ReadOptions({"latx": "response"})))


def test_files_of_one_name_are_not_read_twice(tmp_path: Path) -> None:
    (tmp_path / "metadata.csv").write_text("file_name,query,response\n1.png,q,r\n")
    write_rows(tmp_path / "metadata.jsonl", [{"file_name": "1.png", "query": "q", "response": "r"}])
    for text in (str(tmp_path), f"{tmp_path}/*"):
        with pytest.raises(
            UserError, match="metadata.csv and .*metadata.jsonl, which may be the same rows twice"
        ):
            find_sources(text)
