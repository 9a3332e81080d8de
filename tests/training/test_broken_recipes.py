"""Four ways to break the recipe: a run says at its start, or after its first losses, what is wrong.

The reference is measured: three runs of the same small model on the same rows, at a rate of 0.003.
"""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from got_train.config_file import load_config
from got_train.data import samples
from got_train.training import train
from got_train.training.plan import plan_steps, total_steps
from got_train.training.reference_curve import learning_settings
from tests.training.runs import WriteConfig, run, run_folder

LOSSES = [
    *([1, 5.48, 5.85], [2, 3.61, 5.36], [3, 3.29, 4.68], [4, 3.05, 3.95], [5, 3.36, 3.7], [6, 2.53, 3.54]),
    *([7, 2.13, 2.78], [8, 1.86, 2.5], [9, 2.31, 2.68], [10, 1.58, 2.61], [11, 1.54, 2.14], [12, 1.7, 1.91]),
    *([13, 1.54, 1.6], [14, 1.47, 1.56], [15, 1.57, 1.98], [16, 1.25, 1.42]),
]
"""The lowest and the highest loss at each step, with `train.seed` 42, 7 and 8."""


@pytest.fixture
def recipe(write_config: WriteConfig, tmp_path: Path) -> Path:
    """The configuration of these runs, with their curve."""
    config = write_config(
        train={"max_steps": 16, "learning_rate": 3e-3, "save_strategy": "no"},
        data={"val": None, "val_ratio": 0},
        eval={"read_rows": 0, "reference_curve": str(tmp_path / "curve.json")},
    )
    loaded = load_config(config)
    plan = plan_steps(loaded, 17)
    settings = learning_settings(loaded, total_steps(loaded, plan), plan.step_rows)
    curve = {"settings": settings, "seeds": [42, 7, 8], "loss": LOSSES}
    (tmp_path / "curve.json").write_text(json.dumps(curve))
    return config


def said_of_curve(capsys: Any) -> list[str]:
    """What a run has said of its reference curve."""
    return [line for line in capsys.readouterr().out.splitlines() if "curve.json" in line]


def test_a_recipe_that_is_not_broken(recipe: Path, capsys: Any) -> None:
    assert run("train", recipe, "train.seed=9") == 0
    assert said_of_curve(capsys) == []


def test_an_encoder_frozen_in_stage_two(recipe: Path, tmp_path: Path, capsys: Any) -> None:
    assert run("train", recipe, "train.learning_rates.encoder=0", "--dry-run") == 0
    assert said_of_curve(capsys)[-1] == (
        f"reference curve {tmp_path / 'curve.json'}: settings that differ: train.learning_rates.encoder=0 "
        "(there null)"
    )


def test_a_learning_rate_too_high(recipe: Path, tmp_path: Path, capsys: Any) -> None:
    file = tmp_path / "curve.json"
    assert run("train", recipe, "train.learning_rate=0.03", "--dry-run") == 0
    assert said_of_curve(capsys)[-1] == (
        f"reference curve {file}: settings that differ: train.learning_rate=0.03 (there 0.003)"
    )
    # So small a model bears ten times the rate for as few steps, and not a hundred times.
    assert run("train", recipe, "train.learning_rate=0.3") == 0
    start, off = said_of_curve(capsys)
    assert start.endswith(": settings that differ: train.learning_rate=0.3 (there 0.003)")
    assert re.fullmatch(
        r"step \d+: the loss is too high: [\d.]+, where good runs had [\d.]+ to [\d.]+ "
        rf"\({re.escape(str(file))}\)\. Settings that differ: train\.learning_rate=0\.3 \(there 0\.003\)",
        off,
    )


@pytest.mark.parametrize(
    ("shifted", "fault"),
    [
        (
            lambda labels: np.append(labels[1:], -100),
            "at place 16 the label is 15 and the token 259: labels must not be shifted, the model does that",
        ),
        (lambda labels: labels[1:], "20 labels for 21 tokens"),
    ],
)
def test_shifted_labels(
    shifted: Any, fault: str, recipe: Path, rows_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    encode = samples.encode

    def encode_and_shift(*words: Any) -> tuple[np.ndarray, np.ndarray]:
        ids, labels = encode(*words)
        return ids, shifted(labels)

    monkeypatch.setattr(samples, "encode", encode_and_shift)
    monkeypatch.setattr(train, "build_model", None)  # it is found before any weights are loaded
    assert run("train", recipe) == 2
    said = capsys.readouterr().err
    assert "17 bad training rows (wrong labels: 17); data.on_error=skip leaves out bad rows:\n" in said
    assert f"{rows_file}:1: wrong labels: {fault} (the same cause in all 17 rows" in said


def test_a_wrong_template(recipe: Path, tmp_path: Path, capsys: Any) -> None:
    words = ["train.max_steps=1", "train.save_strategy=steps", "train.save_steps=1", "eval.compare_rows=0"]
    assert run("train", recipe, *words, "sample.template=swift") == 0
    assert said_of_curve(capsys)[0].endswith(
        "settings that differ: sample.template=swift (there original), train.max_steps=1 (there 16)"
    )
    checkpoint = run_folder(tmp_path) / "checkpoint-1"
    whole = ["model=null", f"model.path={checkpoint}", "eval.reference_curve=null", "name=next", *words]
    line = (
        f"\n\nsample.template is original, but {checkpoint} was trained with swift. To keep to it, set "
        "sample.template=swift\n\n"
    )
    assert run("train", recipe, *whole, "--dry-run") == 0
    assert line in capsys.readouterr().out
    assert run("train", recipe, *whole, "--dry-run", "sample.template=swift") == 0
    assert "was trained with" not in capsys.readouterr().out
    (checkpoint / "args.yaml").unlink()  # as in a folder that another program copied
    assert run("train", recipe, *whole, "--dry-run") == 0
    assert line in capsys.readouterr().out


def test_a_wrong_template_of_adapters(recipe: Path, tmp_path: Path, capsys: Any) -> None:
    words = ["train.max_steps=1", "train.save_strategy=steps", "train.save_steps=1", "eval.compare_rows=0"]
    words.append("eval.reference_curve=null")
    assert run("train", recipe, *words, "lora.enabled=true", "sample.template=swift") == 0
    adapters = run_folder(tmp_path) / "checkpoint-1"
    capsys.readouterr()
    on = ["lora.enabled=true", f"lora.adapters={adapters}", "name=next", "--dry-run"]
    assert run("train", recipe, *words, *on) == 0
    assert (
        f"\n\nsample.template is original, but {adapters} was trained with swift. To keep to it, set "
        "sample.template=swift\n\n"
    ) in capsys.readouterr().out
