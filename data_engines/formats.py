"""Formats of shards, with their pictures and rows: a folder, a WebDataset tar or a Parquet file.

Each packer takes the folder with a shard's pictures, the place the shard will have in its run, and its rows,
and returns the file or folder to put there. The same rows and pictures give the same bytes on any machine.
"""

import io
import json
import tarfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import pyarrow
from pyarrow import parquet

Format = Literal["files", "webdataset", "parquet"]
ENDINGS: dict[Format, str] = {"files": "", "webdataset": ".tar", "parquet": ".parquet"}

Row = dict[str, Any]
"""A row of the JSONL; its pictures are named as they lie in the shard."""


class Sample(NamedTuple):
    """What is written of one question."""

    row: Row
    tests: Sequence[Row] = ()
    """Tests of its answer, without the keys that name its page."""


ROWS_IN_GROUP = 100
"""Rows in a row group of a Parquet file; a reader has to load a whole group to read one row."""

COLUMNS = pyarrow.schema(
    {
        "query": pyarrow.string(),
        "response": pyarrow.string(),
        # pictures as `datasets` keeps them
        "images": pyarrow.list_(pyarrow.struct({"bytes": pyarrow.binary(), "path": pyarrow.string()})),
        "kind": pyarrow.string(),
        "crop": pyarrow.bool_(),
        "regions": pyarrow.list_(
            pyarrow.struct(
                {"box": pyarrow.list_(pyarrow.float64()), "text": pyarrow.string(), "format": pyarrow.bool_()}
            )
        ),
    }
)


def json_line(row: Row) -> str:
    return json.dumps(row, ensure_ascii=False) + "\n"


def _pack_folder(work: Path, place: str, rows: Sequence[Row]) -> Path:
    """The folder itself, with rows that name pictures relative to the folder of `data.jsonl`."""
    placed = [row | {"images": [f"{place}/{name}" for name in row["images"]]} for row in rows]
    (work / "rows.jsonl").write_text("".join(map(json_line, placed)), encoding="utf-8")
    return work


def _pack_tar(work: Path, place: str, rows: Sequence[Row]) -> Path:
    """A WebDataset whose samples are a row as JSON and its pictures; several rows may share pictures."""
    file = work / "shard.tar"
    rows_of_picture: Counter[str] = Counter()
    with tarfile.open(file, "w", format=tarfile.USTAR_FORMAT) as tar:
        for row in rows:
            first = row["images"][0]
            key = first.partition(".")[0]
            if rows_of_picture[first]:  # the pictures are in the tar already
                key = f"{key}-{rows_of_picture[first]}"
            else:
                for name in row["images"]:
                    _add_member(tar, name, (work / name).read_bytes())
            rows_of_picture[first] += 1
            _add_member(tar, f"{key}.json", json_line(row).encode())
    return file


def _add_member(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    """Adds a file without its time and owner, which differ between machines."""
    member = tarfile.TarInfo(name)
    member.size = len(content)
    tar.addfile(member, io.BytesIO(content))


def _pack_parquet(work: Path, place: str, rows: Sequence[Row]) -> Path:
    """A Parquet file whose columns are the keys of rows, with the pictures' bytes inside."""
    file = work / "shard.parquet"
    # pictures are compressed already
    columns = COLUMNS
    if any("no_text" in row for row in rows):  # no column of other sets, whose bytes stay as they are
        columns = columns.append(pyarrow.field("no_text", pyarrow.bool_()))
    with parquet.ParquetWriter(file, columns, compression="none") as writer:
        for start in range(0, len(rows), ROWS_IN_GROUP):
            group = [
                row
                | {"images": [{"bytes": (work / name).read_bytes(), "path": name} for name in row["images"]]}
                for row in rows[start : start + ROWS_IN_GROUP]
            ]
            writer.write_table(pyarrow.Table.from_pylist(group, columns))
    return file


def picture_address(format: Format, place: str, row: Row, number: int) -> str:
    """The name by which the picture of a row is found in its run, as training names it.

    Args:
        format: of the shard.
        place: of the shard in its run.
        row: a row about one picture.
        number: the place of the row in the shard, counted from 1.
    """
    [name] = row["images"]
    addresses = {
        "files": f"{place}/{name}",
        "webdataset": f"{place}:{name}",
        "parquet": f"{place}:{number}/images/0",
    }
    return addresses[format]


PACKERS: dict[Format, Callable[[Path, str, Sequence[Row]], Path]] = {
    "files": _pack_folder,
    "webdataset": _pack_tar,
    "parquet": _pack_parquet,
}
