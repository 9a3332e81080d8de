"""The formats in which a run keeps its samples hold the same rows and pictures."""

import io
import json
import tarfile
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from data_engines.formats import Format
from data_engines.kinds.lines import engine as lines
from data_engines.options import Range
from got_train.data.images import open_image
from got_train.data.readers import open_rows
from tests.data_engines.conftest import generate


def draw(corpus: Path, font: Path, output: Path, format: Format, workers: int = 1) -> None:
    options = lines.Options(
        source=corpus,
        fonts=(font,),
        units="lines",
        width=96,
        height=64,
        lines=Range(2, 3),
        text_height=Range(8, 10),
        task="box",
        questions=2,
    )
    generate("lines", options, count=5, output=output, seed=1, format=format, shard_size=3, workers=workers)


def read(folder: Path) -> list[tuple[dict, Image.Image]]:
    rows = open_rows(str(folder))
    read = []
    for index in range(len(rows)):
        record = rows.record(index)
        picture = open_image(record.images[0], 10**6)
        row = {key: value for key, value in rows.row(index).items() if value is not None and key != "images"}
        read.append((row, picture))
    return read


@pytest.mark.parametrize("format", ["webdataset", "parquet"])
def test_packed_shards_hold_what_folders_hold(
    tmp_path: Path, corpus: Path, font: Path, format: Format
) -> None:
    draw(corpus, font, tmp_path / "files", "files")
    draw(corpus, font, tmp_path / "packed", format)
    expected, found = read(tmp_path / "files"), read(tmp_path / "packed")
    assert len(found) == len(expected) == 10
    for (row, picture), (other_row, other_picture) in zip(expected, found, strict=True):
        assert row == other_row
        assert ImageChops.difference(picture, other_picture).getbbox() is None


@pytest.mark.parametrize("format", ["webdataset", "parquet"])
def test_packed_shards_are_the_same_bytes_from_any_number_of_workers(
    tmp_path: Path, corpus: Path, font: Path, format: Format
) -> None:
    for workers in (1, 2):
        draw(corpus, font, tmp_path / str(workers), format, workers)
    names = sorted(path.relative_to(tmp_path / "1") for path in (tmp_path / "1").rglob("*") if path.is_file())
    ending = {"webdataset": "tar", "parquet": "parquet"}[format]
    assert [str(name) for name in names] == [
        "manifest.json",
        "shards/00000.json",
        f"shards/00000.{ending}",
        "shards/00001.json",
        f"shards/00001.{ending}",
    ]
    for name in names:
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes()


def test_a_webdataset_has_one_key_for_each_row_and_each_picture_once(
    tmp_path: Path, corpus: Path, font: Path
) -> None:
    draw(corpus, font, tmp_path / "out", "webdataset")
    with tarfile.open(tmp_path / "out/shards/00001.tar") as tar:
        assert tar.getnames() == [
            "000003.png",
            "000003.json",
            "000003-1.json",
            "000004.png",
            "000004.json",
            "000004-1.json",
        ]
        row = json.load(tar.extractfile("000003-1.json"))
        picture = Image.open(io.BytesIO(tar.extractfile("000003.png").read()))
    assert row["images"] == ["000003.png"]
    assert picture.size == (96, 64)
