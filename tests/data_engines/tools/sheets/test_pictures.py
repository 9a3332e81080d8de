"""Measuring the pictures of a set."""

from pathlib import Path

import pytest
from PIL import Image

from data_engines.tools.sheets import pictures
from data_engines.tools.sheets.pictures import Picture, measure_all


def test_processes_measure_what_one_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [tmp_path / f"{number}.png" for number in range(6)]
    for number, file in enumerate(files[:4]):
        Image.new("RGB", (10 + number // 2, 20), "white").save(file)
    files[4].write_bytes(b"no picture")
    alone = list(measure_all(files))
    first = alone[0]
    assert isinstance(first, Picture) and (first.width, first.height) == (10, 20)
    assert alone[0] == alone[1] != alone[2] == alone[3]
    assert alone[4] == "image unreadable"
    monkeypatch.setattr(pictures, "WORTH_PROCESSES", 1)
    assert list(measure_all(files)) == alone
