"""Tars, folders and patterns: one set of rows, with pictures that are read where they lie."""

import datetime
import gzip
import io
import json
import pickle
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from got_train.data import row_files
from got_train.data.errors import ImageError, RowError
from got_train.data.images import find_image, open_image
from got_train.data.packed import PackedFile, TarMembers
from got_train.data.readers import find_sources, open_rows
from got_train.data.samples import SampleSet
from got_train.report import UserError
from tests.conftest import write_rows
from tests.data.packing import ROW, find_faults, png, samples, shades, write_parquet, write_tar

pytestmark = pytest.mark.usefixtures("cache")


# ------------------------------------------------------------------------------------------------ tars


def test_a_tar_is_read_where_it_lies(tmp_path: Path) -> None:
    path = write_tar(
        tmp_path / "00000.tar",
        {
            "000002.json": ROW | {"kind": "late"},
            "000002.png": png(20),
            "000001.jpg": png(10),
            "000001.json": ROW,
        },
    )
    rows = open_rows(str(path))
    assert [rows.record(index).location for index in range(2)] == [f"{path}:000002", f"{path}:000001"]
    (image,) = rows.record(1).images
    assert isinstance(image, PackedFile)
    assert str(image) == f"{path}:000001.jpg"
    assert path.read_bytes()[image.offset : image.offset + image.size] == image.read_bytes() == png(10)
    assert shades(samples(str(path))) == [[20], [10]]
    assert [path.name for path in tmp_path.iterdir()] == ["00000.tar"]


def test_rows_name_their_pictures_beside_them_in_the_tar_by_ending_or_as_paths(tmp_path: Path) -> None:
    (tmp_path / "outside.png").write_bytes(png(50))
    path = write_tar(
        tmp_path / "a.tar",
        {
            "./train/1.json": ROW | {"images": ["1.1.png", "1.0.png"]},
            "./train/1.0.png": png(10),
            "./train/1.1.png": png(11),
            "./train/1-1.json": ROW | {"image": "1.0.png"},
            "./train/2.json": ROW | {"images": ["pictures/9.png", "outside.png"]},
            "./pictures/9.png": png(90),
            "3.json": ROW | {"images": ["page1.png"]},
            "3.page1.png": png(31),
            "4.json": {"query": "q", "response": "r", "images": []},
            "4.png": png(40),
        },
    )
    assert shades(samples(str(path))) == [[11, 10], [10], [90, 50], [31], []]


def test_without_images_all_pictures_of_the_key_are_meant_by_name(tmp_path: Path) -> None:
    path = write_tar(
        tmp_path / "a.tar",
        {
            "1.b.PNG": png(12),
            "1.json": ROW,
            "1.a.png": png(11),
            "1.txt": b"not a picture",
            "1.meta.json": {"not": "a row"},
            "10.png": png(100),
            "10.json": ROW,
            "._10.json": b"what macOS leaves",
            "2.json": {"query": "no picture", "response": "x"},
        },
    )
    assert shades(samples(str(path))) == [[11, 12], [100], []]


def test_every_kind_of_picture_that_pillow_reads_is_one_and_no_other_member_is_overlooked(
    tmp_path: Path,
) -> None:
    encoded = io.BytesIO()
    Image.new("RGB", (8, 8), (9, 9, 9)).save(encoded, "JPEG2000")
    path = write_tar(
        tmp_path / "a.tar",
        {
            "0.json": {"query": "OCR: ", "response": "x"},
            "0.jp2": encoded.getvalue(),
            "1.json": {"query": "OCR: ", "response": "x"},
            "1.HEIC": b"what Pillow does not read",
            "1.png": png(1),
            "2.json": ROW | {"images": ["2.png"]},
            "2.npy": b"features",
            "2.png": png(2),
        },
    )
    data = samples(str(path))
    some = SampleSet(data.rows.subset(np.array([0, 2])), data.encoder)
    assert shades(some) == [[9], [2]]
    with pytest.raises(RowError) as caught:
        data.rows.record(1)
    assert str(caught.value) == (
        f"{path}:1: image unreadable: {path}:1.HEIC is not an image that can be read: name the row's images "
        "in its key images"
    )


def test_long_and_chinese_names_are_found(tmp_path: Path) -> None:
    name = "文" * 40
    path = write_tar(
        tmp_path / "a.tar", {f"{name}.json": ROW, f"{name}.png": png(7), "b.json": ROW, "b.png": png(8)}
    )
    assert shades(samples(str(path))) == [[7], [8]]
    members = TarMembers(path)
    assert members.find("x" * 1000) is None
    assert members.find("b") is None


def test_bad_tars_end_in_one_clear_line(tmp_path: Path) -> None:
    good = {"1.json": ROW, "1.png": png(1, (64, 64))}
    write_tar(tmp_path / "packed.tar", good, "w:gz")
    write_tar(tmp_path / "cut.tar", good)
    (tmp_path / "cut.tar").write_bytes((tmp_path / "cut.tar").read_bytes()[:1600])
    write_tar(tmp_path / "no_rows.tar", {"1.png": png(1), "1.txt": b"as img2dataset writes it"})
    (tmp_path / "twice.tar").write_bytes(b"")
    with tarfile.open(tmp_path / "twice.tar", "w") as tar:
        for _ in range(2):
            tar.addfile(tarfile.TarInfo("1.json"))
    (tmp_path / "shard.tar.gz").write_bytes(gzip.compress(b"x"))
    for name, message in {
        "packed.tar": r"packed.tar is not a whole, uncompressed tar \(.*\); a compressed one must be",
        "cut.tar": r"cut.tar is not a whole, uncompressed tar \(unexpected end of data\)",
        "no_rows.tar": "no_rows.tar has no member KEY.json",
        "twice.tar": "twice.tar holds two members named 1.json",
        "shard.tar.gz": r"only .jsonl, .json, .csv, .tsv, .tar, .parquet files are read, none compressed",
    }.items():
        with pytest.raises(UserError, match=message):
            open_rows(str(tmp_path / name))


def test_bad_rows_of_a_tar_name_shard_and_key(tmp_path: Path) -> None:
    path = write_tar(
        tmp_path / "a.tar",
        {
            "1.json": b"{",
            "2.json": ROW | {"images": ["missing.png"]},
            "3.json": ROW,
            "3.png": png(3, (64, 64))[:90],
            "4.json": ROW,
            "4.png": b"no picture",
            "5.json": ROW,
            "5.png": png(5, (70, 70)),
            "6.json": [ROW],
            "7.json": ROW | {"images": [5]},
            "8.json": ROW,
            "8.png": png(8),
            "9.json": ROW | {"images": ["\ud835.png"]},
        },
    )
    bad = find_faults(samples(str(path), max_pixels=4096)).bad
    assert {str(error).split(": ", 2)[0]: error.cause for error in bad.values()} == {
        f"{path}:1": "not JSON",
        f"{path}:2": "image missing",
        f"{path}:3": "image truncated",
        f"{path}:4": "image unreadable",
        f"{path}:5": "image too large",
        f"{path}:6": "not an object",
        f"{path}:7": "wrong type",
        f"{path}:9": "image missing",
    }
    assert str(bad[3]) == f"{path}:4: image unreadable: {path}:4.png is not a readable image"


def test_rows_of_any_size_are_not_read_into_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_files, "MAX_ROW_BYTES", 1000)
    big = ROW | {"response": "a" * 1000}
    path = write_tar(tmp_path / "a.tar", {"1.json": big, "1.png": png(1)})
    [error] = find_faults(samples(str(path))).bad.values()
    size = len(json.dumps(big))
    assert str(error) == f"{path}:1: too long: it has {size:,} bytes, a row at most 1,000"
    rows = write_rows(tmp_path / "rows.jsonl", [ROW, big])
    with pytest.raises(
        UserError, match=r"rows.jsonl:2 has a line of more than 1,000 bytes: JSONL has a row in"
    ):
        open_rows(str(rows))


def header(name: str, size: int, kind: bytes = tarfile.REGTYPE, raw: bytes | None = None) -> bytes:
    """A header of a tar, with any bytes where its size stands."""
    made = bytearray(tarfile.TarInfo(name).tobuf(tarfile.GNU_FORMAT)[:512])
    made[124:136] = b"%011o\0" % size if raw is None else raw
    made[148:157] = b" " * 8 + kind
    made[148:156] = b"%06o\0 " % sum(made)
    return bytes(made)


ROW_BYTES = json.dumps(ROW).encode()
MEMBER = header("a.json", len(ROW_BYTES)) + ROW_BYTES.ljust(512, b"\0")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            MEMBER + b"?" * 512 + MEMBER,
            r"behind byte 1,024 stands what is no member: it is damaged, or several",
        ),
        (
            MEMBER + bytes(1024) + MEMBER,
            r"behind byte 1,024 stands what is no member: it is damaged, or several",
        ),
        (
            MEMBER + header("b.json", 0, raw=b"-0000001000\0") + bytes(1024),
            "member at byte 1,024 is impossible",
        ),
        (MEMBER + header("b.json", 0, raw=b"\xff" * 12) + bytes(1024), "member at byte 1,024 is impossible"),
        (MEMBER + header("b", 0, raw=b"\x80" + b"\x7f" * 11) + bytes(1024), "not a whole, uncompressed tar"),
        (header("x", 3 * 2**30, b"x") + bytes(512), "at byte 0 about a member is too long"),
        (header("x", 3 * 2**30, b"L") + bytes(512), "at byte 0 about a member is too long"),
        (header("x", 0, b"x") * 3000 + MEMBER, "not a whole, uncompressed tar"),
    ],
)
def test_tars_that_lie_are_refused_in_one_line(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "a.tar").write_bytes(content)
    with pytest.raises(UserError, match=message) as caught:
        open_rows(str(tmp_path / "a.tar"))
    assert len(str(caught.value).splitlines()) == 1


def test_a_name_of_any_length_is_no_name(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "a.tar", {"a" * 5000 + ".json": ROW, "b.json": ROW})
    with pytest.raises(UserError, match=r"a.tar: the member at byte .* has a name of 5,005 bytes$"):
        open_rows(str(path))


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        ('{"sets": ["."]}', "'.' is no folder beside it"),
        ('{"sets": ["../b"]}', "'../b' is no folder beside it"),
        ('{"sets": ["/b"]}', "'/b' is no folder beside it"),
        ('{"sets": 5}', "sets must be a list of names"),
        ('{"sets": [5]}', "sets must be a list of names"),
        ('{"format": [1]}', r"format \[1\] is not read"),
        ("[]", "is not a JSON object"),
        ("", "is not JSON"),
        ("[" * 100_000, "is nested too deeply"),
    ],
)
def test_manifests_of_strangers_are_refused_in_one_line(tmp_path: Path, manifest: str, message: str) -> None:
    (tmp_path / "manifest.json").write_text(manifest)
    with pytest.raises(UserError, match=f"manifest.json:? .*{message}|manifest.json {message}"):
        find_sources(str(tmp_path))


# ------------------------------------------------------------------------------ patterns and folders


def test_a_pattern_is_one_set_in_order_of_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "shards").mkdir()
    for number in (2, 0, 1):
        members = {f"{number}{row}.json": ROW for row in range(3)}
        write_tar(
            tmp_path / "shards" / f"{number}.tar",
            members | {f"{number}{row}.png": png(1) for row in range(3)},
        )
    monkeypatch.chdir(tmp_path)
    keys = ["00", "01", "02", "10", "11", "12", "20", "21", "22"]
    data = samples("shards/*.tar")
    assert [data[index].location for index in range(9)] == [f"shards/{key[0]}.tar:{key}" for key in keys]
    assert data.rows.counts() == {"shards/*.tar": 9}
    assert len(samples("shards/*.tar#4")) == 4
    assert len(samples("shards/*.tar#200%", "shards/0.tar")) == 21
    with pytest.raises(UserError, match=r"data file shards/\*.parquet does not exist"):
        samples("shards/*.parquet#4")
    (tmp_path / "shards" / "note.md").touch()
    with pytest.raises(
        UserError, match=r"shards/note.md: only .jsonl, .json, .csv, .tsv, .tar, .parquet files are read"
    ):
        samples("shards/*")


def test_files_of_different_kinds_are_one_set(tmp_path: Path) -> None:
    write_rows(tmp_path / "a.jsonl", [{"query": "q", "response": "jsonl"}] * 2)
    write_tar(tmp_path / "b.tar", {"1.json": {"query": "q", "response": "tar"}})
    write_parquet(tmp_path / "c.parquet", [{"query": "q", "response": "parquet"}])
    write_tar(tmp_path / "d.tar", {})  # a shard whose samples were all rejected
    rows = open_rows(str(tmp_path / "[abcd].*"))
    said = [rows.record(index).turns[0].response for index in range(len(rows))]
    assert said == ["jsonl", "jsonl", "tar", "parquet"]
    again = pickle.loads(pickle.dumps(rows))
    assert [again.record(index) for index in range(4)] == [rows.record(index) for index in range(4)]


@pytest.mark.parametrize("kind", ["files", "webdataset", "parquet", None])
def test_folders_of_got_data_are_read_as_their_manifest_says(tmp_path: Path, kind: str | None) -> None:
    folder = tmp_path / "run"
    (folder / "shards" / "00000").mkdir(parents=True)
    (folder / "shards" / "00000" / "1.png").write_bytes(png(1))
    write_rows(folder / "data.jsonl", [ROW | {"images": ["shards/00000/1.png"]}])
    write_tar(folder / "shards" / "00000.tar", {"2.json": ROW | {"images": ["2.png"]}, "2.png": png(2)})
    write_parquet(
        folder / "shards" / "00000.parquet", [ROW | {"images": [{"bytes": png(3), "path": "3.png"}]}]
    )
    manifest = {"rows": 1} | ({"format": kind} if kind else {})
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert shades(samples(str(folder))) == [[{"files": 1, "webdataset": 2, "parquet": 3, None: 1}[kind]]]
    assert len(samples(f"{folder}#300%")) == 3


def test_a_mix_is_all_rows_of_its_sets(tmp_path: Path) -> None:
    for name, response in (("b", "first"), ("a", "second")):
        (tmp_path / name).mkdir()
        write_rows(tmp_path / name / "data.jsonl", [{"query": "q", "response": response}])
        (tmp_path / name / "manifest.json").write_text('{"format": "files"}')
    (tmp_path / "manifest.json").write_text('{"sets": ["b", "a"]}')
    rows = open_rows(str(tmp_path))
    assert [rows.record(index).turns[0].response for index in range(2)] == ["first", "second"]


def test_folders_that_are_not_finished_or_not_of_got_data_are_refused(tmp_path: Path) -> None:
    (tmp_path / "shards").mkdir()
    with pytest.raises(UserError, match="has neither manifest.json of got-data, nor metadata.jsonl"):
        find_sources(str(tmp_path))
    (tmp_path / "shards" / "00000.partial").mkdir()
    with pytest.raises(UserError, match="is incomplete: run the same got-data command again to finish it"):
        find_sources(str(tmp_path))
    (tmp_path / "shards" / "00000.partial").rmdir()
    (tmp_path / "plan.json").touch()
    with pytest.raises(UserError, match="is incomplete"):
        find_sources(str(tmp_path))
    (tmp_path / "manifest.json").write_text('{"format": "lmdb"}')
    with pytest.raises(UserError, match="format 'lmdb' is not read: files, webdataset, parquet are"):
        find_sources(str(tmp_path))
    (tmp_path / "manifest.json").write_text('{"format": "webdataset"}')
    with pytest.raises(UserError, match=r"has no shards/\*.tar, as its manifest promises"):
        find_sources(str(tmp_path))


# ------------------------------------------------------------------------- rows that are written out


def test_rows_written_out_are_read_back_with_the_same_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    write_tar(
        tmp_path / "work" / "a.tar", {"1.json": ROW | {"kind": "pdf"}, "1.png": png(1), "1.x.png": png(2)}
    )
    inside = {"bytes": png(3), "path": "3.png"}
    write_parquet(
        tmp_path / "work" / "b.parquet", [ROW | {"images": images} for images in (None, [inside, inside])]
    )
    write_parquet(
        tmp_path / "work" / "c.parquet", [ROW | {"image": inside, "day": datetime.date(2020, 2, 2)}]
    )
    specs = ["a.tar", "b.parquet", "c.parquet"]
    good = [0, 2, 3]
    data = samples(*specs)
    lines = [data.rows.portable_row(index) for index in good]
    turns = [data.rows.record(index).turns for index in good]
    images = [json.loads(line)["images"] for line in lines]
    assert images == [
        [f"{tmp_path}/work/a.tar:1.png", f"{tmp_path}/work/a.tar:1.x.png"],
        [f"{tmp_path}/work/b.parquet:2/images/0", f"{tmp_path}/work/b.parquet:2/images/1"],
        [f"{tmp_path}/work/c.parquet:1/image"],
    ]
    monkeypatch.chdir(tmp_path)
    again = samples(str(write_rows(tmp_path / "val.jsonl", list(lines))))
    assert shades(again) == [[1, 2], [3, 3], [3]]
    assert [again.rows.record(index).turns for index in range(3)] == turns
    assert again.rows.record(0).kind == "pdf"
    assert again.rows.portable_row(1) == lines[1]


def test_halves_of_characters_that_nobody_reads_are_written_out_as_they_were(tmp_path: Path) -> None:
    row = {"query": "é", "response": "r", "note": "\ud835"}
    line = samples(str(write_rows(tmp_path / "a.jsonl", [json.dumps(row)]))).rows.portable_row(0)
    assert line == '{"query": "é", "response": "r", "note": "\\ud835"}'
    assert json.loads(line) == row


def test_addresses_are_looked_up_like_paths(tmp_path: Path) -> None:
    write_tar(tmp_path / "pictures.tar", {"a/1.png": png(9)})
    folders = [tmp_path / "elsewhere", tmp_path]
    found = find_image("pictures.tar:a/1.png", folders)
    assert open_image(found, 100).getpixel((0, 0)) == (9, 9, 9)
    (tmp_path / "bad.tar").write_bytes(b"x" * 2000)
    for image, cause in {
        "pictures.tar:a/2.png": "image missing",
        "no.tar:a/1.png": "image missing",
        "bad.tar:1.png": "image unreadable",
    }.items():
        with pytest.raises(ImageError) as caught:
            find_image(image, folders)
        assert caught.value.cause == cause


@pytest.mark.parametrize("start", ["fork", pytest.param("spawn", marks=pytest.mark.slow)])
def test_loader_workers_read_the_same(tmp_path: Path, start: str) -> None:
    from torch.utils.data import DataLoader

    write_tar(tmp_path / "a.tar", {"1.json": ROW, "1.png": png(1), "2.json": ROW, "2.png": png(2)})
    write_parquet(tmp_path / "b.parquet", [ROW | {"image": {"bytes": png(3), "path": None}}])
    data = samples(f"{tmp_path}/*.*")
    context: Any = start
    loader = DataLoader(data, num_workers=1, collate_fn=list, multiprocessing_context=context)
    assert [int(sample.tiles[0, 0, 0, 0]) for (sample,) in loader] == [1, 2, 3]


def test_a_bad_row_met_in_a_loader_worker_is_told_in_its_one_line(tmp_path: Path) -> None:
    from torch.utils.data import DataLoader

    (tmp_path / "a.png").write_bytes(b"no picture")
    data = samples(str(write_rows(tmp_path / "a.jsonl", [ROW | {"images": ["a.png"]}])))
    with pytest.raises(RowError) as caught:
        list(DataLoader(data, num_workers=1, collate_fn=list))
    cause, detail = "image unreadable", f"{tmp_path}/a.png is not a readable image"
    assert str(caught.value) == f"{tmp_path}/a.jsonl:1: {cause}: {detail}"
    assert (caught.value.location, caught.value.cause) == (f"{tmp_path}/a.jsonl:1", cause)
