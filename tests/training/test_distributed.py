"""Two processes on the CPU, started as users start them, equal one process with the same global batch."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from got_train.cli import main
from got_train.training.callbacks import read_log

ZERO2 = Path(__file__).parents[2] / "configs" / "deepspeed" / "zero2.json"

TRAIN = {
    "global_batch_size": 8,
    "per_device_train_batch_size": 2,
    "max_steps": 2,  # a third would go over the end of the 17 rows, where ranks repeat some
    "save_steps": 2,
    "learning_rate": 1e-3,
    "eval_strategy": "steps",
    "eval_steps": 2,
}


def logged(tmp_path: Path, name: str) -> tuple[list[float], dict[str, float]]:
    rows = read_log(next((tmp_path / "output" / name).glob("v0-*")) / "logging.jsonl")
    losses = [row["loss"] for row in rows if "loss" in row]
    evaluated = next(row for row in rows if "eval_loss" in row)
    return losses, {key: evaluated[key] for key in ("eval_loss", "eval_cer")}


@pytest.fixture
def alone(write_config: Callable[..., Path], tmp_path: Path) -> tuple[list[float], dict[str, float]]:
    """What one process logs."""
    with pytest.raises(SystemExit) as caught:
        main(["train", str(write_config("alone", train=TRAIN))])
    assert caught.value.code == 0
    return logged(tmp_path, "alone")


@pytest.mark.slow
@pytest.mark.parametrize("launcher", ["torchrun", "zero2"])
def test_two_ranks_equal_one(
    launcher: str,
    alone: tuple[list[float], dict[str, float]],
    write_config: Callable[..., Path],
    tmp_path: Path,
) -> None:
    train = TRAIN | ({"deepspeed": str(ZERO2)} if launcher == "zero2" else {})
    config = write_config(launcher, train=train)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
    result = subprocess.run(
        [*command, "-m", "got_train", "train", str(config)],
        env={**os.environ, "DS_ACCELERATOR": "cpu", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert result.returncode == 0, result.stderr[-3000:]
    assert "2 optimizer steps of 8 samples (2 per device x 2 accumulated x 2 devices)" in result.stdout
    losses, evaluated = logged(tmp_path, launcher)
    assert losses == pytest.approx(alone[0], rel=2e-5)
    assert evaluated == pytest.approx(alone[1], rel=2e-5)
    runs = list((tmp_path / "output" / launcher).iterdir())
    assert len(runs) == 1
    assert json.loads((runs[0] / "checkpoint-2" / "trainer_state.json").read_text())["global_step"] == 2
