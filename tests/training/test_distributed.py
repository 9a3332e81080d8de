"""Two processes on the CPU, started as users start them, equal one process with the same global batch."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from safetensors import safe_open

from got_train.cli import main
from got_train.report import UserError
from got_train.training.callbacks import read_log
from got_train.training.run_dir import only_writer
from tests.conftest import HANG_SECONDS, write_rows
from tests.training.runs import run

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

LAUNCHERS: dict[str, dict[str, Any]] = {
    "torchrun": {},
    "zero2": {"deepspeed": str(ZERO2)},
    "by_length": {"tokens_per_batch": 250},
}
"""What is told besides, by the name of the run."""


TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]

ENVIRONMENT = {**os.environ, "DS_ACCELERATOR": "cpu", "OMP_NUM_THREADS": "1"}
"""More threads than cores would spin while the threads they wait for have none."""

Logged = list[dict[str, float]]


@pytest.fixture(autouse=True)
def kinds(rows_file: Path) -> None:
    """Makes the rows of two kinds: what is told of each must not depend on the ranks either."""
    rows = [json.loads(line) for line in rows_file.read_text().splitlines()]
    write_rows(rows_file, [row | {"kind": ("even", "odd")[number % 2]} for number, row in enumerate(rows)])


def logged(tmp_path: Path, name: str) -> Logged:
    """Of each step the losses and what has been seen, of the evaluation the losses and the error rate."""
    rows = read_log(next((tmp_path / "output" / name).glob("v0-*")) / "logging.jsonl")
    last_step = 0
    for row in (row for row in rows if "loss" in row):
        seconds = row["train_speed(s/it)"] * (row["step"] - last_step)
        last_step = row["step"]
        row["samples"], row["tokens"] = (
            row[f"{seen}_per_second"] * seconds for seen in ("samples", "tokens")
        )
    names = {"loss", "loss_even", "loss_odd", "eval_loss", "eval_loss_even", "eval_loss_odd", "eval_cer"}
    names |= {"samples", "tokens"}
    return [
        {key: row[key] for key in names & set(row)} for row in rows if "loss" in row or "eval_loss" in row
    ]


def gradient_norms(tmp_path: Path, name: str) -> list[dict[str, float]]:
    """Of each step the norms of module groups."""
    rows = read_log(next((tmp_path / "output" / name).glob("v0-*")) / "logging.jsonl")
    steps = [row for row in rows if "loss" in row]
    return [{key: row[key] for key in row if key.startswith("grad_norm_")} for row in steps]


@pytest.fixture
def alone(write_config: Callable[..., Path], tmp_path: Path) -> Logged:
    """What one process logs."""
    with pytest.raises(SystemExit) as caught:
        main(["train", str(write_config("alone", train=TRAIN))])
    assert caught.value.code == 0
    return logged(tmp_path, "alone")


def on_two_ranks(config: Path, *overrides: str) -> str:
    """What a run by torchrun prints."""
    result = subprocess.run(
        [*TORCHRUN, "-m", "got_train", "train", str(config), *overrides],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
    )
    assert result.returncode == 0, result.stderr[-3000:]
    return result.stdout


@pytest.mark.slow
@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_two_ranks_equal_one(
    launcher: str,
    alone: Logged,
    write_config: Callable[..., Path],
    tmp_path: Path,
) -> None:
    train = TRAIN | LAUNCHERS[launcher]
    config = write_config(launcher, train=train)
    output = on_two_ranks(config)
    batches = "2 per device x 2 accumulated x 2 devices"
    if launcher == "by_length":
        batches = "each in 2 x 2 batches of about the same work, of at most 250 tokens"
    assert f"2 optimizer steps of 8 samples ({batches})" in output
    together = logged(tmp_path, launcher)
    assert [len(row) for row in together] == [5, 5, 4]
    for row, expected in zip(together, alone, strict=True):
        assert row == pytest.approx(expected, rel=2e-5)
    runs = list((tmp_path / "output" / launcher).iterdir())
    assert len(runs) == 1
    norms, others = (gradient_norms(tmp_path, name) for name in (launcher, "alone"))
    if launcher == "zero2":
        assert norms == [{}, {}]  # DeepSpeed has used up the gradients
    else:
        assert all(row == pytest.approx(other, rel=2e-5) for row, other in zip(norms, others, strict=True))
    evaluated = [row for row in read_log(runs[0] / "logging.jsonl") if "eval_loss" in row]
    assert ["eval_picture_gain" in row for row in evaluated] == [True]
    readings = [
        next((tmp_path / "output" / name).glob("v0-*/readings/step-2.jsonl")).read_text()
        for name in (launcher, "alone")
    ]
    assert readings[0] == readings[1]
    assert json.loads((runs[0] / "checkpoint-2" / "trainer_state.json").read_text())["global_step"] == 2


@pytest.mark.slow
@pytest.mark.parametrize("first", [1, 2])
def test_a_run_goes_on_with_another_number_of_devices(
    first: int, write_config: Callable[..., Path], tmp_path: Path
) -> None:
    sections = {
        "train": TRAIN | {"max_steps": 4, "lr_scheduler_type": "constant"},
        "lora": {"enabled": True, "rank": 4, "modules": ["encoder", "decoder"], "dropout": 0.3},
    }
    assert run("train", write_config("whole", **sections)) == 0
    config = write_config("moved", **sections)
    if first == 1:
        assert run("train", config, "train.max_steps=2") == 0
        on_two_ranks(config, "resume=auto")
    else:
        on_two_ranks(config, "train.max_steps=2")
        assert run("train", config, "resume=auto") == 0
    for row, expected in zip(logged(tmp_path, "moved"), logged(tmp_path, "whole"), strict=True):
        assert row == pytest.approx(expected, rel=2e-5)


@pytest.mark.slow
def test_ranks_end_when_their_launcher_is_killed(write_config: Callable[..., Path], tmp_path: Path) -> None:
    config, log = write_config(train=TRAIN | {"max_steps": 100_000, "save_steps": 100_000}), tmp_path / "log"
    command = [*TORCHRUN, "-m", "got_train", "train", str(config)]
    with open(log, "w") as file:
        launcher = subprocess.Popen(command, env=ENVIRONMENT, stdout=file, stderr=file)
    end = time.monotonic() + HANG_SECONDS
    while "'loss'" not in log.read_text():
        assert launcher.poll() is None and time.monotonic() < end, log.read_text()
        time.sleep(0.05)
    launcher.kill()
    launcher.wait()
    folder = next((tmp_path / "output" / "run").glob("v0-*"))
    while time.monotonic() < end:
        try:
            with only_writer(folder):  # a rank that lives has its lock
                break
        except UserError:
            time.sleep(0.05)
    else:
        pytest.fail(f"the ranks still train:\n{log.read_text()}")
    assert list(folder.glob("checkpoint-*/manifest.json"))


@pytest.mark.slow
def test_ranks_share_the_features_that_they_keep(write_config: Callable[..., Path], tmp_path: Path) -> None:
    # Three steps an epoch; from the second on each rank has rows that the other one has encoded.
    train = TRAIN | {"max_steps": 8, "learning_rates": {"encoder": 0}}
    with pytest.raises(SystemExit):
        main(["train", str(write_config("alone", train=train))])
    on_two_ranks(write_config("kept", train=train | {"cache_features": True}))
    expected, together = logged(tmp_path, "alone"), logged(tmp_path, "kept")
    assert len(together) == len(expected) == 12
    for row, other in zip(together, expected, strict=True):
        assert row == pytest.approx(other, rel=1e-4)
    keys = []
    for shard in (tmp_path / "output" / "features").glob("*/*.safetensors"):
        with safe_open(shard, framework="pt") as file:
            keys.append(set(file.keys()))
    assert len(set().union(*keys)) == 16 and all(len(own) < 16 for own in keys)
