"""Files of values: encodings, delimiters, and what is no table."""

from pathlib import Path

import pytest

from data_engines.engine import Reject
from data_engines.kinds.table.csv_files import MAX_BYTES, find_csv_files, read_values


@pytest.mark.parametrize(
    ("name", "content", "records"),
    [
        ("a.csv", b'a,b\n1,"x, y"\n', (("a", "b"), ("1", "x, y"))),
        ("a.csv", b"\xef\xbb\xbfa;b\n1,5;2\n", (("a", "b"), ("1,5", "2"))),
        ("a.csv", "姓名,年龄\n张三,12\n".encode("gb18030"), (("姓名", "年龄"), ("张三", "12"))),
        ("a.csv", "Prénom,Âge\nZoé,3\n".encode("latin-1"), (("Prénom", "Âge"), ("Zoé", "3"))),
        ("a.csv", "a\u200b,\ufb01\n1,e\u0301\n".encode(), (("a", "fi"), ("1", "é"))),
        ("a.csv", "ä,b\n1,2\n".encode("utf-16"), (("ä", "b"), ("1", "2"))),
        ("a.csv", b'a,b\n1,"x\ny"\n', (("a", "b"), ("1", "x y"))),
        ("a.tsv", b"a,b\tc\n1\t 2  3\n", (("a,b", "c"), ("1", "2 3"))),
        ("a.csv", b"a,b\n1,2\n\na note\n3,4\n", (("a", "b"), ("1", "2"), ("3", "4"))),
    ],
)
def test_records(tmp_path: Path, name: str, content: bytes, records: tuple) -> None:
    (tmp_path / name).write_bytes(content)
    assert read_values(str(tmp_path / name)).records == records


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (bytes(range(256)), "file that is not text"),
        (b"", "file without records of values"),
        (b"one\ntwo\nthree\n", "file without records of values"),
        (b"a,b\n", "file without records of values"),
        (b"a,b\n1,2\nx\ny\nz\nw\n", "file without records of values"),
        (b"a,b\n1," + b"text " * 200, "file with whole texts as values"),
        (b'a,b\n1,"' + b"x" * 200_000, "file without records of values"),
    ],
)
def test_what_is_no_table(tmp_path: Path, content: bytes, cause: str) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(Reject, match=f"^{cause}$"):
        read_values(str(tmp_path / "a.csv"))


@pytest.mark.parametrize(("encoding", "width", "mark"), [("ascii", 1, 0), ("utf-16", 2, 2)])
def test_the_start_of_a_large_file(tmp_path: Path, encoding: str, width: int, mark: int) -> None:
    text = "name,value\n" + "abc,12\n" * MAX_BYTES
    (tmp_path / "a.csv").write_bytes(text.encode(encoding))
    records = read_values(str(tmp_path / "a.csv")).records
    assert len(records) == (MAX_BYTES - mark - 11 * width) // (7 * width) + 1
    assert set(records[1:]) == {("abc", "12")}
    assert read_values(str(tmp_path / "a.csv")).left_out == {"end of a file of more than 256 KiB": 1}


def test_rows_of_another_length_are_counted(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("q,w\n1,2\n3\n\n4,5,6\n7,8\n,\n")
    values = read_values(str(tmp_path / "a.csv"))
    assert values.records == (("q", "w"), ("1", "2"), ("7", "8"))
    assert values.left_out == {"row of another length than its header": 2}


def test_files_are_found_at_any_depth(tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match=r"^--source .* has no \.csv, \.tsv or \.tex file in it, at any depth$"
    ):
        find_csv_files(tmp_path)
    (tmp_path / "b").mkdir()
    for name in ("b/x.TSV", "a.csv", "c.txt"):
        (tmp_path / name).touch()
    assert find_csv_files(tmp_path) == [tmp_path / "a.csv", tmp_path / "b" / "x.TSV"]
