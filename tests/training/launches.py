"""Several launches on the CPU, forked from one process that has everything imported.

    python -m tests.training.launches '[[DEVICES, CONFIG, key=value, ...], ...]'

It ends at the first launch that fails, with its exit code, and prints what the failed process has printed.
"""

import json
import os
import shutil
import sys
from pathlib import Path
from tempfile import mkdtemp

os.environ |= {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "", "DS_ACCELERATOR": "cpu"}  # before torch

import deepspeed  # noqa: F401

import got_train.training.train  # noqa: F401
from got_train.cli import main
from scripts.faults.processes import Processes, forked, free_port


def launch(logs: Path, devices: int, config: str, *words: str) -> None:
    """One launch of so many processes."""
    port, ranks = free_port(), {}
    for rank in range(devices):
        place = {"WORLD_SIZE": devices, "RANK": rank, "LOCAL_RANK": rank, "LOCAL_WORLD_SIZE": devices}
        given = {name: str(value) for name, value in place.items()}
        address = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
        log = logs / str(rank)
        ranks[forked(lambda: main(["train", config, *words]), log, given | address)] = log
    ended = Processes(ranks).wait()
    if ended.code:
        print(ended.output, end="")
        sys.exit(ended.code)


if __name__ == "__main__":
    # no TemporaryDirectory, which the first process that ends would remove
    folder = Path(mkdtemp())
    for devices, config, *words in json.loads(sys.argv[1]):
        launch(folder, devices, config, *words)
    shutil.rmtree(folder)
