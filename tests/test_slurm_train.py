"""Training on a cluster goes on after the end of its time. Slurm itself is played by scripts."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import HANG_SECONDS
from tests.training.runs import losses, run, run_folder

SCRIPT = Path(__file__).parent.parent / "scripts" / "slurm_train.sh"

SLURM = {
    # a launcher for each node
    "srun": """
        for node in 1 2; do
            setsid "${@:2}" &
            echo $! >> "$SLURM/steps"
        done
        for step in $(jobs -p); do
            wait "$step" || exit 1
        done
    """,
    # the signal reaches everything that the launchers have started
    "scancel": """
        send() {
            for child in $(pgrep -P "$2"); do
                send "$1" "$child"
            done
            kill "-$1" "$2"
        }
        for step in $(cat "$SLURM/steps"); do
            send "${1#--signal=}" "$step"
        done
    """,
    "scontrol": 'if [ "$1" = show ]; then echo localhost; else echo "$@" > "$SLURM/requeued"; fi',
}
"""What the three programs of Slurm do here, on two nodes of one device each."""

TRAIN = {"global_batch_size": 4, "per_device_train_batch_size": 1, "max_steps": 40, "save_steps": 100}


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Variables of a job on two nodes."""
    for name, text in SLURM.items():
        program = tmp_path / "slurm" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/usr/bin/env bash\n{text}\n")
        program.chmod(0o755)
    return {
        **os.environ,
        "PATH": f"{tmp_path / 'slurm'}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        "SLURM": str(tmp_path / "slurm"),
        "SLURM_JOB_ID": str(os.getpid()),
        "SLURM_JOB_NUM_NODES": "2",
        "SLURM_JOB_NODELIST": "n[1-2]",
        "OMP_NUM_THREADS": "1",
    }


def test_outside_a_job_it_says_how_it_is_used() -> None:
    result = subprocess.run(["bash", SCRIPT, "config.yaml"], capture_output=True, text=True)
    assert result.returncode == 2
    assert result.stderr.startswith("usage: sbatch --nodes=N ")


def test_a_mistake_is_not_tried_again(environment: dict[str, str], tmp_path: Path) -> None:
    result = subprocess.run(
        ["bash", SCRIPT, tmp_path / "none.yaml"], env=environment, capture_output=True, text=True
    )
    assert result.returncode == 2
    assert result.stderr.startswith("got-train: error: ")
    assert not (tmp_path / "slurm" / "steps").exists()


@pytest.mark.slow
def test_a_run_of_two_nodes_is_requeued_and_goes_on(
    environment: dict[str, str], write_config: Callable[..., Path], tmp_path: Path
) -> None:
    assert run("train", write_config("whole", train=TRAIN)) == 0
    command = ["bash", SCRIPT, write_config(train=TRAIN)]
    log = tmp_path / "log"
    with open(log, "w") as file:
        job = subprocess.Popen(command, env=environment, stdout=file, stderr=file)
    end = time.monotonic() + HANG_SECONDS
    while "'loss'" not in log.read_text():
        assert job.poll() is None and time.monotonic() < end, log.read_text()
        time.sleep(0.05)
    job.send_signal(signal.SIGUSR1)  # the time is nearly over
    assert job.wait(HANG_SECONDS) == 0, log.read_text()
    assert (tmp_path / "slurm" / "requeued").read_text() == f"requeue {os.getpid()}\n"
    [saved] = run_folder(tmp_path).glob("checkpoint-*")
    assert saved.name != "checkpoint-40"
    environment["SLURM_RESTART_COUNT"] = "1"
    subprocess.run(command, env=environment, check=True, capture_output=True, timeout=HANG_SECONDS)
    assert losses(run_folder(tmp_path)) == pytest.approx(losses(run_folder(tmp_path, "whole")), rel=2e-5)
