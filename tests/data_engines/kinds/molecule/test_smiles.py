"""Lists of SMILES, in whatever columns they come."""

from pathlib import Path

import pytest

pytest.importorskip("rdkit")

from data_engines.kinds.molecule.smiles import read_smiles  # noqa: E402
from data_engines.options import Range  # noqa: E402 (below the check that it is installed)

ALL = Range(1, 100)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("list.smi", "CCO ethanol\nCC(=O)O acetic acid\n\n"),
        ("list.txt", "CCO\nCC(=O)O\n"),
        ("list.csv", 'name,SMILES,mass\n"acid, none",CCO,46\nNO,CC(=O)O,60\n'),
        ("list.csv", '1,"alcohol, of wine",CCO\n2,NO,CC(=O)O\n'),
        ("list.tsv", "7\t64-17-5\tC2H6O\t46.1\tCCO\n8\t64-19-7\tC2H4O2\t60.1\tCC(=O)O\n"),
    ],
)
def test_the_column_is_found_by_its_header_or_by_what_parses(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    assert read_smiles(tmp_path / name, ALL, ALL) == (("CCO", "CC(=O)O"), {})


def test_rows_that_do_not_fit_are_counted_by_cause(tmp_path: Path) -> None:
    rows = ["C", "CCO", "CCCCCC", "CC.CC.CC", "not-a-molecule", "[2H]C([2H])C", "Cl[Si]Br", "CC.O"]
    (tmp_path / "list.smi").write_text("\n".join(rows))
    found, left_out = read_smiles(tmp_path / "list.smi", Range(2, 5), Range(1, 2))
    assert found == ("CCO", "[2H]C([2H])C", "Cl[Si]Br", "CC.O")
    assert left_out == {
        "fewer atoms than asked for": 1,
        "more atoms than asked for": 2,
        "no SMILES": 1,
    }


def test_a_row_that_comes_again_counts_once(tmp_path: Path) -> None:
    (tmp_path / "list.smi").write_text("CCO\nCCC\nCCO\n")
    assert read_smiles(tmp_path / "list.smi", ALL, ALL) == (("CCO", "CCC"), {"the same once more": 1})


def test_a_molecule_that_comes_again_in_another_spelling_counts_once(tmp_path: Path) -> None:
    rows = [
        "c1ccccc1O",
        "OC1=CC=CC=C1",
        "C[C@H](N)O",
        "C[C@@H](N)O",
        "[Na+].[Cl-]",
        "[Cl-].[Na+]",
        "C(C)(C)(C)(C)C",
    ]
    (tmp_path / "list.smi").write_text("\n".join(rows))
    found, left_out = read_smiles(tmp_path / "list.smi", ALL, ALL)
    assert found == ("c1ccccc1O", "C[C@H](N)O", "C[C@@H](N)O", "[Na+].[Cl-]", "C(C)(C)(C)(C)C")
    assert left_out == {"the same once more": 2}


def test_parts_are_counted(tmp_path: Path) -> None:
    (tmp_path / "list.smi").write_text("CCO\n[Na+].[Cl-]\n[Ca+2].[Cl-].[Cl-]\n")
    found, left_out = read_smiles(tmp_path / "list.smi", ALL, Range(2, 2))
    assert (found, left_out) == (("[Na+].[Cl-]",), {"other number of parts than asked for": 2})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no column of SMILES found; give one molecule in each row"),
        (b"smiles,name\n", "holds no molecule; give one in each row"),
        (b"these words are none\n", "no column of SMILES found; give one molecule in each row"),
        (b"\xff\xfe\x00", r"is not UTF-8 \(byte 2\), it looks like UTF-16; iconv -f UTF-16 -t UTF-8 "),
        (b"CCO\nCCC\n", r"no row fits --atoms 9-99 --parts 1-100 \(fewer atoms than asked for: 2\)"),
    ],
)
def test_a_list_that_cannot_be_used_ends_in_one_line(tmp_path: Path, content: bytes, message: str) -> None:
    file = tmp_path / "list.csv"
    file.write_bytes(content)
    with pytest.raises(ValueError, match=message) as error:
        read_smiles(file, Range(9, 99), ALL)
    assert str(error.value).startswith(f"--source {file}")
    assert "\n" not in str(error.value)


def test_a_missing_list_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"--source .*none.smi can't be read: No such file or directory"):
        read_smiles(tmp_path / "none.smi", ALL, ALL)
