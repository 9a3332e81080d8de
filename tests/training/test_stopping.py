"""A run that is asked to end saves, and goes on as if it had never stopped."""

import os
import platform
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from got_train.training.callbacks import RunLog, read_log
from scripts.faults.processes import free_port
from tests.conftest import HANG_SECONDS
from tests.training.runs import WriteConfig, losses, run, run_folder, weights

TRAIN = {"max_steps": 4, "save_steps": 100, "save_strategy": "steps", "lr_scheduler_type": "constant"}


@pytest.fixture
def at_step_2(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], None]], None]:
    """Has something happen while step 2 is logged."""
    write = RunLog.on_log

    def set_up(happens: Callable[[], None]) -> None:
        def on_log(self: RunLog, args: Any, state: Any, *rest: Any, **kwargs: Any) -> None:
            write(self, args, state, *rest, **kwargs)
            if state.global_step == 2:
                happens()

        monkeypatch.setattr(RunLog, "on_log", on_log)

    return set_up


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_a_signal_saves_and_the_run_goes_on_as_if_nothing_had_been(
    number: signal.Signals,
    write_config: WriteConfig,
    tmp_path: Path,
    at_step_2: Callable[[Callable[[], None]], None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: Any,
) -> None:
    handler = signal.getsignal(number)  # another test's, perhaps
    assert run("train", write_config("whole", train=TRAIN)) == 0
    config = write_config(train=TRAIN)
    at_step_2(lambda: os.kill(os.getpid(), number))
    assert run("train", config) == 75
    folder = run_folder(tmp_path)
    saved = folder / "checkpoint-3"  # step 2 was over when the signal came
    assert capsys.readouterr().err.splitlines()[-1] == (
        f"got-train: stopped: go on from {saved} with the same command and resume=auto"
    )
    assert [path.name for path in folder.glob("checkpoint-*")] == ["checkpoint-3"]
    assert signal.getsignal(number) is handler
    monkeypatch.undo()
    assert run("train", config, "resume=auto") == 0
    whole = run_folder(tmp_path, "whole")
    assert losses(folder) == losses(whole)
    before, after = weights(whole / "checkpoint-4"), weights(folder / "checkpoint-4")
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_an_epoch_that_is_broken_off_is_not_evaluated(
    write_config: WriteConfig, tmp_path: Path, at_step_2: Callable[[Callable[[], None]], None]
) -> None:
    at_step_2(lambda: os.kill(os.getpid(), signal.SIGTERM))
    config = write_config(train=TRAIN | {"eval_strategy": "epoch"})
    assert run("train", config) == 75
    lines = read_log(run_folder(tmp_path) / "logging.jsonl")
    assert [line["loss"] for line in lines if "loss" in line] and not any(
        "eval_loss" in line for line in lines
    )


def test_control_c_says_how_to_go_on(
    write_config: WriteConfig,
    tmp_path: Path,
    at_step_2: Callable[[Callable[[], None]], None],
    capsys: Any,
) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    at_step_2(interrupt)
    assert run("train", write_config(train=TRAIN | {"save_steps": 1})) == 130
    newest = run_folder(tmp_path) / "checkpoint-1"
    assert capsys.readouterr().err.splitlines()[-1] == (
        f"got-train: interrupted: go on from {newest} with the same command and resume=auto"
    )


def test_control_c_before_the_first_checkpoint(
    write_config: WriteConfig,
    tmp_path: Path,
    at_step_2: Callable[[Callable[[], None]], None],
    capsys: Any,
) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    at_step_2(interrupt)
    assert run("train", write_config(train=TRAIN)) == 130
    folder = run_folder(tmp_path)
    assert capsys.readouterr().err.splitlines()[-1] == (
        f"got-train: interrupted: {folder} has no checkpoint yet (train.save_steps): start again"
    )


def test_a_run_folder_has_one_writer(write_config: WriteConfig, tmp_path: Path, capsys: Any) -> None:
    config = write_config(train=TRAIN | {"save_steps": 2})
    assert run("train", config) == 0
    folder = run_folder(tmp_path)
    shutil.rmtree(folder / "checkpoint-4")
    hold = f"""
from got_train.training.run_dir import Path, only_writer
with only_writer(Path({str(folder)!r})):
    print(flush=True)
    input()
"""
    command = [sys.executable, "-c", hold]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writer:
        assert writer.stdout
        writer.stdout.readline()
        assert run("train", config, "resume=auto") == 2
        holder = f"process {writer.pid} on {platform.node()}"
        assert capsys.readouterr().err.splitlines()[-1] == (
            f"got-train: error: {folder} is being written by {holder}"
        )
        writer.kill()  # a killed writer holds nothing
    assert run("train", config, "resume=auto") == 0


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc whether a process listens")
def test_a_process_that_waits_for_another_to_begin_is_ended_by_a_signal(write_config: WriteConfig) -> None:
    port = free_port()
    place = {"WORLD_SIZE": "2", "RANK": "0", "LOCAL_RANK": "0", "LOCAL_WORLD_SIZE": "2"}
    environment = os.environ | place | {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    command = [sys.executable, "-m", "got_train", "train", str(write_config(train=TRAIN))]
    with subprocess.Popen(command, env=environment) as waiting:
        listed = f":{int(port):04X} "
        for _ in range(HANG_SECONDS * 10):
            tables = (Path(f"/proc/net/{name}").read_text() for name in ("tcp", "tcp6"))
            if any(listed in table for table in tables):
                break
            time.sleep(0.1)
        time.sleep(1)  # it listens, and now waits
        waiting.send_signal(signal.SIGUSR1)
        assert waiting.wait(HANG_SECONDS) == -signal.SIGUSR1
