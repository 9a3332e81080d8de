import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from got_train.config import SampleConfig
from got_train.data import good_rows
from got_train.data.check import CheckResult, check_rows
from got_train.data.good_rows import NO_KEY, GoodRows, row_key, sample_fingerprint
from got_train.data.images import FoundImage, PdfPage
from got_train.data.packed import PackedFile
from got_train.data.readers import open_rows
from got_train.data.record import Record
from got_train.data.records import parse_row
from got_train.data.rows import Rows
from got_train.data.samples import SampleEncoder
from got_train.model.tokenizer import small_tokenizer
from got_train.vocabulary import TileShape
from tests.conftest import draw, write_rows
from tests.data.packing import png, write_tar

TOKENIZER = small_tokenizer()


def encoder(**config: Any) -> SampleEncoder:
    return SampleEncoder(TOKENIZER, SampleConfig(**config), TileShape(32, 4))


def picture_row(image: str, response: str = "text") -> dict[str, Any]:
    return {"query": "<image>OCR: ", "response": response, "images": [image]}


def rows(path: Path) -> Rows:
    return open_rows(str(path))


def check(data: Rows, folder: Path) -> tuple[CheckResult, list[int]]:
    """What a check finds, and which rows it has read for it."""
    read: list[int] = []

    class Watch(SampleEncoder):
        def sizes(self, record: Record) -> tuple[int, int]:
            read.append(int(record.location.rpartition(":")[2]))
            return super().sizes(record)

    watch = Watch(**vars(encoder()))
    return check_rows(data, np.arange(len(data)), watch, 0, "checking", GoodRows(folder)), read


@pytest.fixture
def file(tmp_path: Path) -> Path:
    for name in "abc":
        draw(tmp_path / f"{name}.png", name)
    listed = [picture_row("a.png"), picture_row("b.png"), picture_row("c.png"), picture_row("missing.png")]
    return write_rows(tmp_path / "rows.jsonl", [*listed, {"query": "q", "response": "r", "kind": "said"}])


def test_good_rows_are_read_once_and_bad_ones_every_time(file: Path, tmp_path: Path) -> None:
    first, read = check(rows(file), tmp_path / "good")
    assert read == [1, 2, 3, 5]  # of row 4 there is no picture to read
    again, read = check(rows(file), tmp_path / "good")
    assert read == []
    assert again.sizes.tolist() == first.sizes.tolist() and again.kinds == first.kinds == {"rows", "said"}
    assert again.lines() == first.lines() and again.counts() == {"image missing": 1}
    draw(tmp_path / "missing.png", "d")
    mended, read = check(rows(file), tmp_path / "good")
    assert read == [4] and not mended.bad
    assert len(list((tmp_path / "good").iterdir())) == 2


def test_what_has_changed_is_read_again(file: Path, tmp_path: Path) -> None:
    check(rows(file), tmp_path / "good")
    draw(tmp_path / "a.png", "other")
    stat = (tmp_path / "b.png").stat()
    os.utime(tmp_path / "b.png", ns=(stat.st_atime_ns, stat.st_mtime_ns + 1))
    changed = file.read_text().replace('"r"', '"s"')
    file.write_text(changed)
    _, read = check(rows(file), tmp_path / "good")
    assert read == [1, 2, 5]


def test_a_picture_that_was_damaged_is_found(file: Path, tmp_path: Path) -> None:
    check(rows(file), tmp_path / "good")
    whole = (tmp_path / "c.png").read_bytes()
    (tmp_path / "c.png").write_bytes(whole[: len(whole) // 2])
    found, _ = check(rows(file), tmp_path / "good")
    assert [error.cause for error in found.errors()] == ["image truncated", "image missing"]


def test_processes_add_their_own_rows_and_find_those_of_all(file: Path, tmp_path: Path) -> None:
    data = rows(file)
    for rank in range(2):
        check_rows(data, np.arange(len(data))[rank::2], encoder(), 2, "checking", GoodRows(tmp_path / "good"))
    _, read = check(data, tmp_path / "good")
    assert read == []
    known = GoodRows(tmp_path / "good")
    assert len(known.keys) == 4 and known.keys.tolist() == sorted(known.keys.tolist())


def test_a_disk_that_refuses_costs_the_memory_and_not_the_run(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(file: Any, **arrays: Any) -> None:
        file.write(b"part")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(good_rows.np, "savez", refuse)
    found, _ = check(rows(file), tmp_path / "good")
    assert found.counts() == {"image missing": 1}
    assert list((tmp_path / "good").iterdir()) == []
    assert [record.message for record in caplog.records if "No space left" in record.message]


@pytest.mark.parametrize(
    ("kept", "error"), [(0, "EOFError"), (3, "ValueError"), (100, "BadZipFile"), (-30, "BadZipFile")]
)
def test_a_damaged_file_costs_the_memory_and_not_the_run(
    file: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, kept: int, error: str
) -> None:
    check(rows(file), tmp_path / "good")
    (shard,) = (tmp_path / "good").iterdir()
    shard.write_bytes(shard.read_bytes()[:kept])
    found, read = check(rows(file), tmp_path / "good")
    assert read == [1, 2, 3, 5] and found.counts() == {"image missing": 1}
    (message,) = [record.message for record in caplog.records]
    assert message == f"rows will be checked again: {shard} is damaged, delete it ({error})"
    shard.unlink()
    _, read = check(rows(file), tmp_path / "good")
    assert read == []


def test_where_no_folder_can_be_made_nothing_is_remembered(
    file: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    found, _ = check(rows(file), file / "good")
    assert found.counts() == {"image missing": 1}
    (message,) = [record.message for record in caplog.records]
    assert message.startswith("rows will be checked again: ") and "Not a directory" in message


def test_pictures_are_known_by_the_file_that_holds_them(tmp_path: Path) -> None:
    row = parse_row(picture_row("x.png"), "x:1")

    def key(image: FoundImage) -> int:
        return row_key(replace(row, images=(image,)))

    tar = write_tar(tmp_path / "a.tar", {"a.png": png(0), "b.png": png(1)})
    inside = [PackedFile(tar, offset, 9, f"{tar}:{offset}") for offset in (512, 2048)]
    pages = [PdfPage(tar, number) for number in (1, 2)]
    names = {key(image) for image in [*inside, *pages, tar]}
    assert len(names) == 5
    os.utime(tar, (1, 1))
    assert not names & {key(image) for image in [*inside, *pages, tar]}
    assert key(Image.new("RGB", (2, 2))) == NO_KEY


def test_an_encoder_is_named_by_all_that_decides_about_rows() -> None:
    plain = encoder()
    settings: list[dict[str, Any]] = [
        {"max_length": 100},
        {"max_pixels": 100},
        {"max_tiles": 3},
        {"crop": True},
        {"template": "swift"},
    ]
    other = small_tokenizer()
    other.add_tokens(["something else"])
    encoders = [
        plain,
        *(encoder(**setting) for setting in settings),
        replace(plain, tile=TileShape(64, 8)),
        replace(plain, tile=TileShape(32, 2)),
        replace(plain, tokenizer=other),
    ]
    assert len({sample_fingerprint(each) for each in encoders}) == len(encoders)
    assert sample_fingerprint(encoder()) == sample_fingerprint(plain)
