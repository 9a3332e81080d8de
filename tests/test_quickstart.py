"""The quickstart's data, and the whole of it with next to no training."""

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import pytest

from got_train import quickstart, quickstart_data
from got_train.cli import main
from got_train.quickstart_data import DATA_SETS, numbers_of


def test_held_out_numbers_are_never_trained_on() -> None:
    trained = {number for item in DATA_SETS if not item.is_held_out for number in numbers_of(item)}
    held_out = {number for item in DATA_SETS if item.is_held_out for number in numbers_of(item)}
    assert not trained & held_out
    assert len(trained) == 9001
    assert len(held_out) == 999
    assert {len(number) for number in held_out} == {2, 3, 4}


def test_every_length_is_drawn_as_often() -> None:
    plain = next(item for item in DATA_SETS if item.name == "plain")
    lengths = [len(number) for number in numbers_of(plain)]
    assert len({lengths.count(length) for length in (1, 2, 3, 4)}) == 1


@pytest.mark.slow
def test_everything_runs_and_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    few = tuple(dataclasses.replace(item, count=12) for item in DATA_SETS)
    monkeypatch.setattr(quickstart_data, "DATA_SETS", few)
    configs = tmp_path / "configs"
    configs.mkdir()
    for path in quickstart.STAGE_CONFIGS.iterdir():
        (configs / path.name).write_text(re.sub(r"#\d+$", "#12", path.read_text(), flags=re.MULTILINE))
    monkeypatch.setattr(quickstart, "STAGE_CONFIGS", configs)
    output = tmp_path / "out"
    with pytest.raises(SystemExit) as caught:
        main(["quickstart", "--output", str(output)])
    assert caught.value.code == 0

    summary = json.loads((output / "summary.json").read_text())
    assert set(summary) == {
        "stage1",
        "stage2",
        "stage3",
        "lora",
        "merged_equals_unmerged",
        "held_out_rows",
        "training_rows",
        "seconds_data",
        "seconds",
    }
    for stage in ("stage1", "stage2", "stage3", "lora"):
        assert set(summary[stage]) >= {"loss_first", "loss_last", "cer_before", "cer_after", "seconds"}
    assert {"box_cer", "color_cer", "region_cer"} <= set(summary["stage3"])
    assert summary["merged_equals_unmerged"] is True
    assert summary["held_out_rows"]["fractions_held_out"] == 12

    page = (output / "report.html").read_text()
    assert page.count('src="data:image/png;base64,') == 4 + 6 * 8
    assert not re.findall(r"(?:src|href)=.(?!data:)", page)
    assert "stage3, box and colour" in capsys.readouterr().out

    with pytest.raises(SystemExit) as caught:
        main(["quickstart", "--output", str(output)])
    assert caught.value.code == 2
    assert "exists: remove it or name another folder with --output" in capsys.readouterr().err
