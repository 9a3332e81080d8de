import json
from pathlib import Path
from typing import Any

import pytest

from got_train.training import callbacks
from tests.training.runs import WriteConfig, run, run_folder


def test_curves_are_what_was_logged_and_not_the_summary(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [
        {"global_step/max_steps": "0/3", "eval_loss": 9.0, "epoch": 0.0},
        {"global_step/max_steps": "1/3", "loss": 3.0, "memory(GiB)": 0.5, "train_speed(s/it)": 1.0},
        {"global_step/max_steps": "2/3", "loss": 2.0, "memory(GiB)": 0.6, "train_speed(s/it)": 1.1},
        {"global_step/max_steps": "3/3", "eval_loss": 1.5, "epoch": 1.0},
        {"global_step/max_steps": "3/3", "train_loss": 2.5, "train_runtime": 7.0},
    ]
    log = tmp_path / "logging.jsonl"
    log.write_text("\n".join(map(json.dumps, rows)))
    drawn = {}
    monkeypatch.setattr(
        callbacks, "draw_curve", lambda points, label, file: drawn.update({file.name: points})
    )
    callbacks.draw_curves(log, tmp_path / "images")
    assert drawn == {
        "eval_loss.png": [(0, 9.0), (3, 1.5)],
        "train_loss.png": [(1, 3.0), (2, 2.0)],
        "train_memory_GiB.png": [(1, 0.5), (2, 0.6)],
        "train_speed_s_per_it.png": [(1, 1.0), (2, 1.1)],
    }


def test_smoothing_starts_at_the_first_value_and_lags() -> None:
    assert callbacks.smoothed([4.0]) == [4.0]
    values = callbacks.smoothed([0.0, 1.0])
    assert values == pytest.approx([0.0, 0.1 / 0.19])


def test_a_curve_is_a_picture(tmp_path: Path) -> None:
    callbacks.draw_curve([(1, 3.0), (2, 2.0)], "train_loss", tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    "error",
    [MemoryError(), ImportError("libfreetype.so.6: cannot open shared object file"), OSError(28, "x")],
)
def test_a_run_ends_well_without_its_curves(
    error: Exception, write_config: WriteConfig, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Any
) -> None:
    def fail(*arguments: Any) -> None:
        raise error

    monkeypatch.setattr(callbacks, "draw_curve", fail)
    assert run("train", write_config(data={"val": None})) == 0
    printed = capsys.readouterr().out
    folder = run_folder(tmp_path)
    assert f"the curves were not drawn into {folder / 'images'}: {type(error).__name__}" in printed
    assert f"run folder: {folder} (stands for checkpoint-2, its last)" in printed
