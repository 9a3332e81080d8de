"""Odd rows and files of rows are used as they are meant, or refused in one line that tells what is wrong.

rows.jsonl and files.jsonl have an odd input a line: what it is, the input, and what must come of it. `reads`
says where the record differs from that of a good row, with the `doubts` that check-data names; `refused` has
the words of the one line that tell. In the `content` of a file `ROW` is a good row, `ROW(text)` one with this
response; an object has the members of a tar, a list the rows of a Parquet file, and `PNG` is a picture there.
Beside the inputs lie the pictures of `folder`.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pypdfium2
import pytest
from PIL import Image

from got_train.config import SampleConfig
from got_train.data.doubts import doubts
from got_train.data.record import READ_AS_IT_IS
from got_train.data.samples import SampleEncoder
from got_train.data.sources import DatasetSpec, select_rows
from got_train.report import UserError
from got_train.vocabulary import TileShape
from tests.data.packing import TOKENIZER, png, write_parquet, write_tar

FOLDER = Path(__file__).parent
ENCODER = SampleEncoder(TOKENIZER, SampleConfig(), TileShape(8, 1))
GOOD = {"query": "<image>OCR: ", "response": "abc", "images": ["a.png"]}
GOOD_RECORD = GOOD | {"system": None, "crop": None, "kind": "rows", "earlier": [], "doubts": []}

BYTES = {"PNG": png(7), "NOTHING": b""}


def table(name: str) -> list[dict[str, Any]]:
    lines = (FOLDER / name).read_text(encoding="utf-8").split("\n")
    return [json.loads(line) for line in lines if line]


ROWS, FILES = table("rows.jsonl"), table("files.jsonl")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The pictures that rows name, and things that are none."""
    folder = tmp_path_factory.mktemp("odd")
    (folder / "crops").mkdir()
    crops = [f"crops/doc1_{number}.png" for number in (1, 2, 10)]
    for name in ("a.png", "b.png", "a b.png", "e\u0301.png", *crops):
        (folder / name).write_bytes(png(7))
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (32, 32), np.uint8)).save(folder / "cut.png")
    (folder / "cut.png").write_bytes((folder / "cut.png").read_bytes()[:-200])
    (folder / "empty.png").touch()
    (folder / "text.png").write_text("hello")
    (folder / "lfs.png").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    with pypdfium2.PdfDocument.new() as document:
        for _ in range(2):
            document.new_page(20, 20)
        document.save(folder / "doc.pdf")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(datasets.config, "HF_DATASETS_CACHE", folder / "cache")
        patch.setenv("HF_DATASETS_CACHE", str(folder / "cache"))
        datasets.disable_progress_bars()
        yield folder


def outcome(file: Path) -> dict[str, Any] | str:
    """What the first row of a file is read as, if all rows are good; or the line that refuses it."""
    try:
        rows = select_rows([str(file)], READ_AS_IT_IS, np.random.default_rng(0))
        for index in range(len(rows)):
            ENCODER.sizes(rows.record(index))  # opens the pictures
        row, record = rows.row_and_record(0)
    except UserError as error:
        return str(error)
    *earlier, last = record.turns
    return {
        "query": last.query,
        "response": last.response,
        "images": [str(image).removeprefix(f"{file.parent}/") for image in record.images],
        "system": record.system,
        "crop": record.crop,
        "kind": record.kind,
        "earlier": [[turn.query, turn.response, turn.supervised] for turn in earlier],
        "doubts": [cause for cause, _ in doubts(row, record)],
    }


def check(file: Path, odd: dict[str, Any]) -> None:
    found = outcome(file)
    if "reads" in odd:
        assert found == GOOD_RECORD | odd["reads"]
    else:
        assert isinstance(found, str) and odd["refused"] in found
        assert found.isprintable() and str(file) in found


@pytest.mark.parametrize("odd", ROWS, ids=[f"{odd['family']}: {odd['what']}" for odd in ROWS])
def test_odd_rows(odd: dict[str, Any], folder: Path) -> None:
    file = folder / "r.jsonl"
    file.write_text(json.dumps(odd["row"]))
    check(file, odd)


@pytest.mark.parametrize("odd", FILES, ids=[f"{odd['name']}: {odd['what']}" for odd in FILES])
def test_odd_files(odd: dict[str, Any], folder: Path) -> None:
    def encoded(content: str) -> bytes:
        filled = re.sub(r"ROW(?:\((.*?)\))?", lambda found: _row(found[1] or "abc"), content)
        return filled.encode(odd.get("encoding", "utf-8"), "surrogateescape")

    file, content = folder / odd["name"], odd["content"]
    if isinstance(content, dict):
        write_tar(file, {name: BYTES.get(text, encoded(text)) for name, text in content.items()})
    elif isinstance(content, list):
        rows = [{key: BYTES.get(str(value), value) for key, value in row.items()} for row in content]
        write_parquet(file, rows)
    else:
        file.write_bytes(encoded(content))
    try:
        check(file, odd)
    finally:
        file.unlink()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("https://x.org/r.jsonl", "is a web address: download it and name the file"),
        ("s3://b/r.jsonl", "lies in a store (s3://): copy it to this machine and name the file"),
        ("file:///tmp/r.jsonl", "is a file address: write the path, /tmp/r.jsonl"),
        ("C:\\data\\r.jsonl", "is a path of Windows: write a path of this machine"),
        ("sub\\rows.jsonl", "has the separators of Windows: write sub/rows.jsonl"),
        (" rows.jsonl", "has spaces around it: write rows.jsonl"),
        ("ROWS.JSONL", "is not there, but rows.jsonl is: write that"),
        ("rows.jsonl;rows.jsonl", 'names several files: write them as a list, ["rows.jsonl", "rows.jsonl"]'),
        ("none*.jsonl", "does not exist"),
        ("link.jsonl", "is there, but is no file: a link to nothing, a pipe or a device"),
        ("rows.jsonl#0", "after # comes a number of rows such as #5000, or a share such as #80%"),
        ("rows.jsonl#half", "after # comes a number of rows such as #5000, or a share such as #80%"),
        ("sub", "nor README.md of a set of the hub: name files, such as sub/*.jsonl"),
    ],
)
def test_odd_names_of_data(name: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sub").mkdir()
    for file in ("rows.jsonl", "sub/rows.jsonl"):
        (tmp_path / file).write_text(json.dumps(GOOD))
    (tmp_path / "link.jsonl").symlink_to("nothing.jsonl")
    with pytest.raises(UserError) as caught:
        DatasetSpec.parse(name)
    line = str(caught.value)
    assert name in line and message in line and line.isprintable()


def _row(response: str) -> str:
    return json.dumps(GOOD | {"response": response}, ensure_ascii=False)
