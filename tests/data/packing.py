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

from got_train.config import SampleConfig
from got_train.data.check import CheckResult, check_rows
from got_train.data.record import READ_AS_IT_IS, ReadOptions
from got_train.data.samples import SampleEncoder, SampleSet
from got_train.data.sources import select_rows
from got_train.model.tokenizer import small_tokenizer
from got_train.vocabulary import TileShape

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


def samples(*specs: str, read: ReadOptions = READ_AS_IT_IS, **config: Any) -> SampleSet:
    """Samples of tiles of 8 x 8 pixels and 4 tokens; `config` is of the `sample` section."""
    rows = select_rows(list(specs), read, np.random.default_rng(0))
    return SampleSet(rows, SampleEncoder(TOKENIZER, SampleConfig(**config), TileShape(8, 1)))


def find_faults(samples: SampleSet) -> CheckResult:
    """What a check finds in all rows of a set."""
    return check_rows(samples.rows, np.arange(len(samples)), samples.encoder, 0, "checking")


def shades(data: SampleSet) -> list[list[int]]:
    """Which pictures each sample has."""
    return [[int(tile[0, 0, 0]) for tile in data[index].tiles] for index in range(len(data))]
