"""Pictures, tars and Parquet files for tests, and their samples."""

import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
from PIL import Image
from pyarrow import parquet

from got_train.config import DataConfig
from got_train.data.encode import Encoding
from got_train.data.sources import RowDataset, select_rows
from got_train.model.tokenizer import small_tokenizer

TOKENIZER = small_tokenizer()
ROW = {"query": "<image>OCR: ", "response": "x"}


def png(shade: int, size: tuple[int, int] = (8, 8)) -> bytes:
    """A picture of one grey, by which it is known again."""
    buffer = io.BytesIO()
    Image.new("RGB", size, (shade,) * 3).save(buffer, "PNG")
    return buffer.getvalue()


def write_tar(path: Path, members: Mapping[str, Any], mode: str = "w") -> Path:
    """Members are bytes, or values that are written as JSON."""
    with tarfile.open(path, mode) as tar:  # type: ignore[call-overload]
        for name, value in members.items():
            content = value if isinstance(value, bytes) else json.dumps(value).encode()
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


def write_parquet(path: Path, rows: list[dict[str, Any]], **kwargs: Any) -> Path:
    parquet.write_table(pyarrow.Table.from_pylist(rows), path, **kwargs)
    return path


def samples(*specs: str, **data: Any) -> RowDataset:
    encoding = Encoding(TOKENIZER, DataConfig(train=[], **data), image_size=8, tokens_per_tile=4)
    return select_rows(list(specs), encoding, np.random.default_rng(0))


def shades(data: RowDataset) -> list[list[int]]:
    """Which pictures each sample has."""
    return [[int(tile[0, 0, 0]) for tile in data[index].tiles] for index in range(len(data))]
