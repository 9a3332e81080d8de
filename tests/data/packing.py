"""Pictures, tars and Parquet files for tests."""

import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow
from PIL import Image
from pyarrow import parquet


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
