"""Prefixes that stand for several pictures, and what is said of names that are not found."""

import json
from pathlib import Path

import pytest

from got_train.data.errors import ImageError, RowError
from got_train.data.images import find_image
from got_train.data.readers import open_rows
from tests.conftest import write_rows


def authors_row(image: str, asked: str = "<image>\nOCR: ") -> dict[str, object]:
    said = [{"from": "human", "value": asked}, {"from": "gpt", "value": "x"}]
    return {"image": image, "conversations": said}


@pytest.fixture
def crops(tmp_path: Path) -> Path:
    (tmp_path / "crops").mkdir()
    for name in ("doc1_1", "doc1_2", "doc1_10", "doc10_1", "doc2_1"):
        (tmp_path / "crops" / f"{name}.png").touch()
    return tmp_path


@pytest.mark.parametrize(
    ("image", "names"),
    [
        ("crops/doc1_", ["doc1_1", "doc1_2", "doc1_10"]),
        ("crops/doc2", ["doc2_1"]),
        ("crops/", ["doc1_1", "doc1_2", "doc1_10", "doc2_1", "doc10_1"]),
    ],
)
def test_a_prefix_stands_for_its_pictures_in_natural_order(crops: Path, image: str, names: list[str]) -> None:
    rows = open_rows(str(write_rows(crops / "a.jsonl", [authors_row(image, "a <image> b")])))
    record = rows.record(0)
    assert [Path(str(found)).stem for found in record.images] == names
    assert record.turns[0].query == f"a {'<image>' * len(names)} b"
    written = json.loads(rows.portable_row(0))
    again = open_rows(str(write_rows(crops / "b.jsonl", [written]))).record(0)
    assert again.turns == record.turns and len(again.images) == len(names)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        ("crops/doc1", "crops/doc1 may stand for doc10_1.png, or for a file whose ending is missing"),
        ("crops/doc1_1", "crops/doc1_1 lacks the ending of doc1_1.png"),
        ("crops", "crops is a folder: name its pictures"),
        ("crops/DOC1_1.PNG", "is not there, but doc1_1.png is: write that"),
        ("crops\\doc1_1.png", "has the separators of Windows: write crops/doc1_1.png"),
        ("none\\a.png", "has the separators of Windows: write none/a.png"),
        ("crops/doc1%5f1.png", "is written as in a web address: write crops/doc1_1.png"),
        (" crops/doc1_1.png", "has spaces around it: write crops/doc1_1.png"),
        (
            "crops/doc1_1.png,crops/doc1_2.png",
            'write them as a list, ["crops/doc1_1.png", "crops/doc1_2.png"]',
        ),
        ("C:\\data\\a.png", "is a path of Windows"),
        ("https://x.org/a.png", "is a web address: download it and name the file"),
        ("s3://b/a.png", "lies in a store (s3://): copy it to this machine"),
        ("oss://b/a.png", "lies in a store (oss://)"),
        ("file:///tmp/no%20.png", "is a file address: write the path, /tmp/no .png"),
        ("data:image/png;base64,iVBORw0KGgo=", "is a picture in base64"),
        ("iVBORw0KGgo" + "A" * 80, "is a picture in base64"),
    ],
)
def test_a_name_that_is_not_found_is_said_to_be_what_it_is(crops: Path, image: str, message: str) -> None:
    rows = open_rows(str(write_rows(crops / "a.jsonl", [authors_row(image)])))
    with pytest.raises(RowError) as caught:
        rows.record(0)
    assert caught.value.cause == "image missing" and message in caught.value.detail


def test_the_home_is_found_in_rows_and_data_files(crops: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(crops))
    write_rows(crops / "a.jsonl", [authors_row("~/crops/doc2_1.png"), authors_row("~/crops/doc1_")])
    rows = open_rows("~/a.jsonl")
    assert rows.record(0).images == (crops / "crops" / "doc2_1.png",)
    assert len(rows.record(1).images) == 3


def test_an_empty_name_is_no_prefix(crops: Path) -> None:
    (crops / "a.png").touch()
    rows = open_rows(str(write_rows(crops / "a.jsonl", [authors_row("x") | {"image": [""]}])))
    with pytest.raises(RowError, match="wrong type: images must be a path or a list of paths"):
        rows.record(0)


def test_two_kinds_of_pictures_of_a_prefix_are_not_mixed(crops: Path) -> None:
    (crops / "crops" / "doc1_1.jpg").touch()
    rows = open_rows(str(write_rows(crops / "a.jsonl", [authors_row("crops/doc1_")])))
    with pytest.raises(RowError, match="stands for .jpg and .png files: name those that are meant in a list"):
        rows.record(0)
    with pytest.raises(ImageError, match=r"\(looked in "):
        find_image("crops/none_", [crops])
