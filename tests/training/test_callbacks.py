import json
from pathlib import Path

import pytest

from got_train.training import callbacks


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
