"""What large sets need: no object of Python for each row, and nothing read that is known already."""

import io
import os
import shutil
import tarfile
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from got_train.config import Config, SampleConfig
from got_train.data import packed
from got_train.data.check import check_rows
from got_train.data.kept_indexes import MIN_MEMBERS, index_file
from got_train.data.packed import TarMembers
from got_train.data.readers import open_rows
from got_train.data.row_files import JsonlRows, RowFile, TarRows
from got_train.data.rows import Rows
from got_train.data.samples import SampleEncoder
from got_train.model.tokenizer import small_tokenizer
from got_train.report import UserError
from got_train.training.checked_rows import CheckedSet, check_set
from got_train.vocabulary import TileShape
from tests.conftest import write_rows
from tests.data.packing import ROW, png, write_tar

ENCODER = SampleEncoder(small_tokenizer(), SampleConfig(), TileShape(8, 1))


def row(number: int) -> dict[str, Any]:
    return ROW | {"response": f"answer {number}", "kind": "odd" if number % 2 else "even"}


@pytest.fixture
def tar(tmp_path: Path) -> Path:
    members: dict[str, Any] = {}
    for number in range(6):
        members |= {f"{number}.json": row(number), f"{number}.png": png(number)}
    return write_tar(tmp_path / "0.tar", members)


@pytest.fixture
def jsonl(tar: Path) -> Path:
    """Rows that name pictures in the tar."""
    rows = [row(number) | {"images": [f"0.tar:{number}.png"]} for number in range(6)]
    return write_rows(tar.with_name("rows.jsonl"), rows)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The rows that were read since it was cleared."""
    found: list[int] = []

    def watching(reader: type[RowFile]) -> Callable[..., Any]:
        before = reader.row

        def row(self: RowFile, index: int) -> Any:
            found.append(int(index))
            return before(self, index)

        return row

    for reader in (JsonlRows, TarRows):
        monkeypatch.setattr(reader, "row", watching(reader))
    return found


def check(rows: Rows, tmp_path: Path, encoder: SampleEncoder = ENCODER) -> CheckedSet:
    return check_set(Config(name="x", output_dir=str(tmp_path / "output")), rows, encoder, "training")


def facts(checked: CheckedSet) -> list[Any]:
    assert checked.sizes is not None and checked.keys is not None
    return [checked.sizes.tolist(), checked.keys.tolist(), checked.kinds, checked.rows.picks.tolist()]


@pytest.mark.parametrize("name", ["0.tar", "rows.jsonl"])
def test_rows_of_unchanged_files_are_not_read_again(
    name: str, jsonl: Path, tmp_path: Path, read: list[int]
) -> None:
    rows = open_rows(str(tmp_path / name))
    part = rows.subset(np.array([5, 0, 2, 0]))
    alone = facts(check(part, tmp_path))
    assert sorted(read) == [0, 2, 5]
    first = check(rows, tmp_path)  # of these three are known
    assert sorted(read) == [0, 1, 2, 3, 4, 5]
    read.clear()
    assert facts(check(open_rows(str(tmp_path / name)), tmp_path)) == facts(first)
    assert facts(check(part, tmp_path)) == alone
    assert alone[2] == {"even", "odd"} and check(rows.subset(np.array([0])), tmp_path).kinds == {"even"}
    assert read == []
    shutil.rmtree(tmp_path / "output")
    assert facts(check(rows, tmp_path)) == facts(first)


@pytest.mark.parametrize("changed", ["rows.jsonl", "0.tar"])
def test_a_changed_file_is_read_again(changed: str, jsonl: Path, tmp_path: Path, read: list[int]) -> None:
    expected = facts(check(open_rows(str(jsonl)), tmp_path))
    read.clear()
    os.utime(tmp_path / changed, ns=(0, 10**9))
    assert facts(check(open_rows(str(jsonl)), tmp_path)) == expected
    assert sorted(read) == list(range(6))
    read.clear()
    check(open_rows(str(jsonl)), tmp_path, replace(ENCODER, config=SampleConfig(max_length=99)))
    assert sorted(read) == list(range(6))


def test_what_was_doubted_is_doubted_again(tmp_path: Path, read: list[int], capsys: Any) -> None:
    rows = [row(0), row(1) | {"unread": 1}]
    members = {f"{number}.json": each for number, each in enumerate(rows)}
    tar = write_tar(tmp_path / "0.tar", members | {"0.png": png(0), "1.png": png(1)})
    for _ in range(2):
        read.clear()
        check(open_rows(str(tar)), tmp_path)
        assert "key unread is not read: 1 row (" in capsys.readouterr().out
    assert read == [1]


def test_a_damaged_memory_is_said_and_not_used(
    jsonl: Path, tmp_path: Path, read: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    expected = facts(check(open_rows(str(jsonl)), tmp_path))
    [kept] = tmp_path.glob("output/good_rows/*/files/*.npz")
    content = kept.read_bytes()
    for damaged in (b"", content[: len(content) // 2], content.replace(b"\1", b"\2")):
        kept.write_bytes(damaged)
        read.clear()
        caplog.clear()
        assert facts(check(open_rows(str(jsonl)), tmp_path)) == expected
        assert sorted(read) == list(range(6)) and f"{kept} is damaged" in caplog.text


def held_bytes(work: Callable[[], Any]) -> int:
    """What is still in memory after work whose result is kept."""
    tracemalloc.start()
    try:
        kept = work()
        return tracemalloc.get_traced_memory()[0] if kept is not None else 0
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", ["0.tar", "rows.jsonl"])
def test_memory_holds_no_object_for_each_row(name: str, tmp_path: Path) -> None:
    """The least object of Python is 16 bytes, a text 50, an error with its row 5,000."""

    def grown(rows: int) -> int:
        folder = tmp_path / str(rows)
        folder.mkdir()
        members: dict[str, Any] = {"p.png": png(1)}
        for number in range(rows):
            members |= {f"{number:06}.json": row(number) | {"images": ["p.png"]}}
        write_tar(folder / "0.tar", members)
        write_rows(
            folder / "rows.jsonl", [row(number) | {"images": ["0.tar:p.png"]} for number in range(rows)]
        )
        check(open_rows(str(folder / name)), folder)  # what is made once, such as caches
        return held_bytes(lambda: check(open_rows(str(folder / name)), folder))

    few, many = grown(500), grown(2500)
    # 16 for its place in the file, 16 in the set, 16 of its size and key, 24 to find repeats; 32 in a tar
    assert (many - few) / 2000 < 120


def test_bad_rows_keep_little(tmp_path: Path) -> None:
    listed = [row(number) | {"images": ["gone.png"]} for number in range(900)]
    file = write_rows(tmp_path / "rows.jsonl", listed)
    rows = open_rows(str(file))
    held = held_bytes(lambda: check_rows(rows, np.arange(900), ENCODER, 0, "checking"))
    assert held / 900 < 2000


def listed(path: Path) -> list[tuple[bytes, int, int]]:
    """The members of a tar as `tarfile` has them."""
    with tarfile.open(path, "r:") as tar:
        return [
            (member.name.removeprefix("./").encode(errors="surrogateescape"), member.offset_data, member.size)
            for member in tar
            if member.isfile()
        ]


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("shared", [{}, {"comment": "of all members"}])
def test_headers_are_read_as_tarfile_reads_them(form: int, shared: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    names = ["a", "./b.png", "f/", "f/" + "long" * 20 + "/" + "x" * 60, "文.json", "c", "/abs", "d.json"]
    with tarfile.open(path, "w", format=form, pax_headers=shared) as tar:
        for number, name in enumerate(names):
            member = tarfile.TarInfo(name)
            member.type = tarfile.DIRTYPE if name.endswith("/") else tarfile.REGTYPE
            member.size = 0 if member.isdir() else [0, 1, 512, 513][number % 4]
            tar.addfile(member, io.BytesIO(bytes(member.size)))
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "a"
        tar.addfile(link)
    assert list(packed._read_headers(path)) == listed(path) != []


@pytest.mark.parametrize("kept", [0, 100, 511, 700, 1024, 1500, 2047, 2048, 2600])
def test_tars_that_were_cut_off_are_read_or_refused_as_by_tarfile(kept: int, tmp_path: Path) -> None:
    """But for those that end within a later header: tarfile takes it for the end."""
    path = write_tar(tmp_path / "a.tar", {"a.json": ROW, "b.png": png(1)})
    path.write_bytes(path.read_bytes()[:kept])
    try:
        expected = listed(path)
    except tarfile.TarError:
        expected = None
    if expected is None or kept == 1500:
        with pytest.raises(UserError, match="is not a whole, uncompressed tar"):
            list(packed._read_headers(path))
    else:
        assert list(packed._read_headers(path)) == expected


def test_the_index_of_a_large_tar_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    members = {f"{number:04}": b"x" * number for number in range(MIN_MEMBERS)}
    path = write_tar(tmp_path / "a.tar", members)
    TarMembers(write_tar(tmp_path / "small.tar", {"a": b""}))
    assert not (tmp_path / "cache").exists()

    def found() -> list[tuple[bytes, int, int]]:
        index = TarMembers(path)
        files = [index.file(number) for number in range(len(index.names))]
        return [(bytes(index.names[number]), file.offset, file.size) for number, file in enumerate(files)]

    expected = found()
    descriptors = len(os.listdir("/proc/self/fd"))
    several = [TarMembers(path) for _ in range(5)]
    assert len(several) == 5 and len(os.listdir("/proc/self/fd")) == descriptors
    assert expected == sorted(listed(path))
    [kept] = (tmp_path / "cache/got-train/indexes").iterdir()
    with monkeypatch.context() as patch:
        patch.setattr(packed, "_read_headers", None)  # is not called
        assert found() == expected
    whole = kept.read_bytes()
    for damaged in (b"", whole[:1000], whole[:500] + b"\xff" + whole[501:], bytes(len(whole))):
        kept.write_bytes(damaged)
        assert found() == expected and kept.read_bytes() == whole
    write_tar(path, {name: content for name, content in members.items() if name != "0007"})
    assert found() == sorted(listed(path)) != expected
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert found() == sorted(listed(path)) and index_file(path) is not None
