"""Rows of Parquet files, with pictures inside or as paths."""

from pathlib import Path

import datasets
import numpy as np
import pyarrow
import pytest
from pyarrow import parquet

from got_train.data.errors import ImageError, RowError
from got_train.data.images import find_image, open_image
from got_train.data.readers import open_rows
from got_train.data.record import ReadOptions
from got_train.report import UserError
from tests.data.packing import ROW, find_faults, png, samples, shades, write_parquet

pytestmark = pytest.mark.usefixtures("cache")


def test_parquet_rows_with_pictures_inside_lists_of_them_and_paths(tmp_path: Path) -> None:
    (tmp_path / "beside.png").write_bytes(png(3))
    inside = [{"bytes": png(shade), "path": None} for shade in (1, 2)]
    said = [{"role": "user", "content": "OCR: "}, {"role": "assistant", "content": "x"}]
    table = {
        "one.parquet": [{"question": "OCR: ", "text": "x", "image": image} for image in inside],
        "many.parquet": [ROW | {"images": images} for images in ([inside[1], inside[0]], inside[:1], [])],
        "path.parquet": [{"messages": said, "images": ["beside.png"], "kind": "scene"}],
        "struct.parquet": [ROW | {"image": {"bytes": None, "path": "beside.png"}}],
    }
    table["many.parquet"][2]["query"] = "without"
    found = {}
    for name, rows in table.items():
        found[name] = shades(samples(str(write_parquet(tmp_path / name, rows))))
    assert found == {
        "one.parquet": [[1], [2]],
        "many.parquet": [[2, 1], [1], []],
        "path.parquet": [[3]],
        "struct.parquet": [[3]],
    }
    rows = open_rows(str(tmp_path / "path.parquet"))
    assert rows.record(0).kind == "scene"
    assert rows.record(0).location == f"{tmp_path / 'path.parquet'}:1"


@pytest.mark.parametrize("kind", [pyarrow.binary(), pyarrow.large_binary()])
def test_parquet_pictures_as_bytes_alone_or_beside_other_fields(
    tmp_path: Path, kind: pyarrow.DataType
) -> None:
    pictures = [png(1), png(2)]
    structs = [{"bytes": picture, "path": None, "w": 8} for picture in pictures]
    struct = pyarrow.struct({"bytes": kind, "path": pyarrow.string(), "w": pyarrow.int64()})
    columns = {
        "image": pyarrow.array(pictures, kind),
        "images": pyarrow.array([pictures, pictures[:1]], pyarrow.list_(kind)),
        "picture": pyarrow.array(structs, struct),
    }
    found = {}
    for name, column in columns.items():
        path = tmp_path / f"{name}.parquet"
        said = {"query": ["OCR: "] * 2, "response": ["x"] * 2}
        parquet.write_table(pyarrow.table(said | {name: column}), path)
        found[name] = shades(samples(str(path), read=ReadOptions({"picture": "images"})))
    assert found == {"image": [[1], [2]], "images": [[1, 2], [1]], "picture": [[1], [2]]}
    address = f"{tmp_path}/images.parquet:1/images/1"
    assert open_image(find_image(address, [tmp_path]), 100).getpixel((0, 0)) == (2, 2, 2)


def test_parquet_pictures_that_are_not_understood_are_bad_rows(tmp_path: Path) -> None:
    said = {"query": "OCR: ", "response": "x"}
    for name, image in {
        "data": {"data": png(1)},
        "url": {"bytes": None, "path": None, "url": "http://a/b.png"},
        "numbers": {"bytes": list(png(1)), "path": None},
    }.items():
        data = samples(str(write_parquet(tmp_path / f"{name}.parquet", [said | {"image": image}])))
        with pytest.raises(RowError, match=r"parquet:1: wrong type: images must be a path or a list of"):
            data.rows.record(0)
    lists = pyarrow.array([[png(1)]], pyarrow.list_view(pyarrow.binary()))
    table = pyarrow.table({"query": ["OCR: "], "response": ["x"], "image": lists})
    parquet.write_table(table, tmp_path / "view.parquet")
    data = samples(str(tmp_path / "view.parquet"))
    with pytest.raises(RowError, match=r"parquet:1: wrong type: images must be a path or a list of"):
        data.rows.record(0)


def test_cells_that_python_cannot_read_make_bad_rows(tmp_path: Path) -> None:
    said = pyarrow.array([b"\xff", b"x"], pyarrow.binary()).view(pyarrow.string())
    days = pyarrow.array([0, 2**62], pyarrow.timestamp("us"))
    table = pyarrow.table({"query": ["OCR: "] * 2, "response": said, "day": days})
    parquet.write_table(table, tmp_path / "a.parquet")
    bad = find_faults(samples(str(tmp_path / "a.parquet"))).bad
    path = tmp_path / "a.parquet"
    assert [str(error) for error in bad.values()] == [
        f"{path}:1: wrong type: response cannot be read: 'utf-8' codec can't decode byte 0xff in position 0: "
        "invalid start byte",
        f"{path}:2: wrong type: day cannot be read: date value out of range",
    ]


def test_parquet_written_by_datasets_is_read_in_any_order(tmp_path: Path) -> None:
    number = 250
    data = datasets.Dataset.from_dict(
        {
            "query": ["OCR: "] * number,
            "response": [str(index) for index in range(number)],
            "image": [{"bytes": png(index), "path": f"{index}.png"} for index in range(number)],
            "history": [[["before", "answer"]] if index % 2 else None for index in range(number)],
            "crop": [None] * number,
            "thumbnail": [b"bytes that nobody reads"] * number,
        },
        features=datasets.Features(
            query=datasets.Value("string"),
            response=datasets.Value("string"),
            image=datasets.Image(),
            history=datasets.List(datasets.List(datasets.Value("string"))),
            crop=datasets.Value("bool"),
            thumbnail=datasets.Value("binary"),
        ),
    )
    data.to_parquet(str(tmp_path / "a.parquet"), batch_size=100)
    rows = samples(str(tmp_path / "a.parquet"))
    order = np.random.default_rng(0).permutation(number)[:40]
    for index in order:
        assert rows.rows.record(index).turns[-1].response == str(index)
        assert len(rows.rows.record(index).turns) == 1 + index % 2
        assert rows[index].tiles[0, 0, 0, 0] == index
    assert str(rows.rows.row(0)["thumbnail"]) == f"{tmp_path}/a.parquet:1/thumbnail"


def test_a_changed_parquet_file_is_copied_anew(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    for response in ("before", "after, and longer"):
        write_parquet(path, [ROW | {"query": "q", "response": response}])
        assert open_rows(str(path)).record(0).turns[0].response == response


def test_bad_parquet_files_end_in_one_clear_line(tmp_path: Path) -> None:
    write_parquet(tmp_path / "latex_ocr.parquet", [{"image": {"bytes": png(1), "path": None}, "text": "x"}])
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(UserError, match="has no column query .* its columns are image, text"):
        open_rows(str(tmp_path / "latex_ocr.parquet"))
    with pytest.raises(UserError, match="broken.parquet is not a whole Parquet file"):
        open_rows(str(tmp_path / "broken.parquet"))
    whole = write_parquet(tmp_path / "flipped.parquet", [ROW]).read_bytes()
    footer = len(whole) - 8 - int.from_bytes(whole[-8:-4], "little")
    (tmp_path / "flipped.parquet").write_bytes(whole[:footer] + b"\xff" + whole[footer + 1 :])
    with pytest.raises(UserError, match="flipped.parquet is not a whole Parquet file: OSError: Couldn't"):
        open_rows(str(tmp_path / "flipped.parquet"))
    schema = pyarrow.schema({"query": pyarrow.string(), "response": pyarrow.string()})
    parquet.write_table(schema.empty_table(), tmp_path / "empty.parquet")
    with pytest.raises(UserError, match="empty.parquet has no rows"):
        samples(str(tmp_path / "empty.parquet"))


def test_bad_rows_of_a_parquet_file_name_file_and_row(tmp_path: Path) -> None:
    images = [png(1), b"no picture", None]
    rows = [ROW | {"image": {"bytes": image, "path": None}} for image in images]
    path = write_parquet(tmp_path / "a.parquet", [*rows, {"query": None, "response": "x"}])
    bad = find_faults(samples(str(path))).bad
    assert [str(error).split(": ", 2)[:2] for error in bad.values()] == [
        [f"{path}:2", "image unreadable"],
        [f"{path}:3", "tag mismatch"],
        [f"{path}:4", "missing key"],
    ]
    assert f"{path}:2/image is not a readable image" in str(bad[1])


DAMAGED = [
    b"{",
    b"\xff",
    b"3",
    b'{"info": null}',
    b'{"info": {"features": {"query": {"names": 5, "_type": "ClassLabel"}}}}',
]


@pytest.mark.parametrize("said", DAMAGED)
def test_what_datasets_says_of_columns_may_be_damaged(tmp_path: Path, said: bytes) -> None:
    table = pyarrow.table({"query": ["OCR: "], "response": ["x"]})
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "README.md").touch()
    for path in (tmp_path / "a.parquet", tmp_path / "set" / "train.parquet"):
        parquet.write_table(table.replace_schema_metadata({b"huggingface": said}), path)
    assert open_rows(str(tmp_path / "a.parquet")).record(0).turns[0].response == "x"
    if said != b'{"info": {"features": {"query": {"names": 5, "_type": "ClassLabel"}}}}':
        with pytest.raises(UserError, match="set is neither a data file nor a data set of the hub"):
            open_rows(str(tmp_path / "set"))


def test_parquet_that_unpacks_to_gigabytes_is_one_line(tmp_path: Path) -> None:
    def repeated(size: int, number: int) -> pyarrow.Array:
        values = pyarrow.array(["x" * size], pyarrow.large_string())
        return pyarrow.DictionaryArray.from_arrays(np.zeros(number, np.int32), values)

    rows, cells = repeated(2000, 600_000), repeated(1 << 22, 1000)
    for name, column, stored, why in (
        ("rows", rows, True, "unpacks to more than 1,073,741,824 bytes"),
        ("plain", rows, False, "unpacks to more than 1,073,741,824 bytes"),  # without Arrow's own types
        ("cells", cells, True, "needs more than 1.0 GB of memory"),
    ):
        path = tmp_path / f"{name}.parquet"
        parquet.write_table(pyarrow.table({"query": column}), path, compression="zstd", store_schema=stored)
        assert path.stat().st_size < 1_000_000
        with pytest.raises(UserError, match=rf"{path.name} {why}"):
            open_rows(str(path))
    assert not list((tmp_path / "cache").rglob("*.arrow"))


def test_odd_columns_of_parquet(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    said = {"query": ["OCR: "], "response": ["x"]}
    parquet.write_table(pyarrow.table(said | {f"c{number}": ["x"] for number in range(20_000)}), path)
    with pytest.raises(UserError, match=r"a.parquet has 20,002 columns, at most 1,000 are read: leave some"):
        open_rows(str(path))
    columns = [pyarrow.array(["x"])] * 3
    parquet.write_table(pyarrow.Table.from_arrays(columns, ["query", "response", "response"]), path)
    with pytest.raises(UserError, match=r"a.parquet has the column response twice: rename or remove one"):
        open_rows(str(path))
    texts = {name: pyarrow.array(values).dictionary_encode() for name, values in said.items()}
    parquet.write_table(pyarrow.table(texts), path)  # as pandas writes categories
    assert open_rows(str(path)).record(0).turns[0].response == "x"


def test_a_compressed_arrow_file_makes_the_row_bad(tmp_path: Path) -> None:
    table = pyarrow.table({"image": [bytes(1 << 28)]})
    options = pyarrow.ipc.IpcWriteOptions(compression="zstd")
    with pyarrow.ipc.new_stream(str(tmp_path / "a.arrow"), table.schema, options=options) as stream:
        stream.write_table(table)
    with pytest.raises(ImageError, match=r"a\.arrow is not a whole Arrow file of datasets: ArrowMemoryError"):
        find_image("a.arrow:1/image", [tmp_path])
