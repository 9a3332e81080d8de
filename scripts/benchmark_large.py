"""How long large sets take to start, and how much memory each process of a run has then.

Writes rows with small pictures in tars, and trains on them as they are (`tar`) and through a JSONL file that
names the pictures in the tars (`jsonl`): a new run, one whose rows are remembered, and one that goes on in
the middle of its epoch. Each ends with its first step. While it runs it takes 2 kB of disk a row.

    python scripts/benchmark_large.py --rows 500000 5000000
"""

import argparse
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from faults.runs import DECODER, ENCODER
from PIL import Image, ImageDraw

from got_train.data.kept_indexes import index_file
from got_train.foreign_files import read_json
from got_train.manifest import write_manifest
from got_train.model.tokenizer import small_tokenizer
from got_train.report import table
from got_train.run_folders import STATE_FILE, checkpoints_of, runs_of
from got_train.training.callbacks import read_log

SHARD_ROWS = 50_000
RESPONSE = "the quick brown fox {:09} jumps over the lazy dog"
CHECKSUM = slice(148, 156)
"""Place of the checksum in the header of a tar's member."""


def small_pictures() -> list[bytes]:
    """A handful, which all rows share out among them."""
    pictures = []
    for number in range(8):
        image, buffer = Image.new("RGB", (32, 32), "white"), io.BytesIO()
        ImageDraw.Draw(image).text((2, 8), str(number), fill="black")
        image.save(buffer, "PNG")
        pictures.append(buffer.getvalue())
    return pictures


def member_maker(size: int) -> Any:
    """A function that makes members of a tar of one size: `tarfile` would take ten times as long."""
    bare = bytearray(tarfile.TarInfo("x").tobuf(tarfile.USTAR_FORMAT))
    bare[:100], bare[CHECKSUM], bare[124:136] = bytes(100), b" " * 8, b"%011o\0" % size
    rest, bare_sum = bytes(bare), sum(bare)

    def member(name: bytes, content: bytes) -> bytes:
        assert len(content) == size
        checksum = b"%06o\0 " % (bare_sum + sum(name))
        return name + rest[len(name) : 148] + checksum + rest[156:] + content + bytes(-size % 512)

    return member


def write_rows(folder: Path, rows: int) -> None:
    """Writes `shards/*.tar` and `rows.jsonl`."""
    (folder / "shards").mkdir(parents=True)
    small_tokenizer().save_pretrained(folder / "tokenizer")
    pictures = small_pictures()
    picture_makers = [member_maker(len(picture)) for picture in pictures]
    row = {"query": "<image>OCR: ", "response": RESPONSE}
    row_maker = member_maker(len(json.dumps(row).replace("{:09}", "0" * 9)))
    with open(folder / "rows.jsonl", "w") as listed:
        for shard, first in enumerate(range(0, rows, SHARD_ROWS)):
            with open(folder / f"shards/{shard:05}.tar", "wb") as tar:
                for number in range(first, min(first + SHARD_ROWS, rows)):
                    said = row | {"response": RESPONSE.format(number)}
                    kind = number % len(pictures)
                    tar.write(row_maker(b"%09d.json" % number, json.dumps(said).encode()))
                    tar.write(picture_makers[kind](b"%09d.png" % number, pictures[kind]))
                    images = [f"shards/{shard:05}.tar:{number:09}.png"]
                    listed.write(json.dumps(said | {"images": images}) + "\n")
                tar.write(bytes(1024))


@dataclass
class Start:
    """What a start took, up to the end of its first step."""

    seconds: float = 0.0
    cpu_seconds: float = 0.0
    """Of all processes together."""
    memory_mib: dict[str, float] = field(default_factory=dict)
    """Largest memory of each role until the first step, shared pages divided among those who share them."""


@dataclass
class Process:
    """A process of a run."""

    number: int
    parent: int
    ticks: int
    """Of the processor, in hundredths of a second; of ended children too."""


def processes_below(launcher: int) -> Iterator[Process]:
    """The processes of a launch."""
    every = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            words = (entry / "stat").read_text().rpartition(")")[2].split()
            ticks = sum(map(int, words[11:15]))
            every[int(entry.name)] = Process(int(entry.name), int(words[1]), ticks)
    family = {launcher}
    for number in sorted(every):  # a child has a higher number than its parent, unless numbers began anew
        if every[number].parent in family:
            family.add(number)
            yield every[number]


def memory_mib(process: int) -> float:
    """Its proportional share of memory."""
    with suppress(OSError, StopIteration):
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("Pss:")).split()[1]) / 1024
    return 0.0


def steps_so_far(run_parent: Path) -> int:
    """How many steps the logs of all runs have."""
    logs = [log for folder in runs_of(run_parent) for log in folder.glob("logging.jsonl")]
    return sum("loss" in line for log in logs for line in read_log(log))


def watch(launcher: subprocess.Popen[bytes], run_parent: Path, before: int) -> Start:
    """Waits for one step more in the logs, and looks at the processes meanwhile."""
    start, begun = Start(), time.monotonic()
    while launcher.poll() is None:
        family = list(processes_below(launcher.pid))
        start.seconds = time.monotonic() - begun
        start.cpu_seconds = max(start.cpu_seconds, sum(process.ticks for process in family) / 100)
        for process in family:
            role = "rank" if process.parent == launcher.pid else "loader worker"
            start.memory_mib[role] = max(start.memory_mib.get(role, 0.0), memory_mib(process.number))
        if steps_so_far(run_parent) > before:
            return start
        time.sleep(0.5)
    raise SystemExit(f"the run ended with {launcher.returncode} before its first step")


def begin(folder: Path, form: str, rows: int, resume: bool) -> Start:
    """Starts a run, waits for its first step, and asks it to save and end."""
    decoder = {"model_type": "qwen2", "shape": DECODER, "tokenizer": str(folder / "tokenizer")}
    config = folder / "config.yaml"
    given = {
        "name": form,
        "output_dir": str(folder / "output"),
        "model": {"init": "random", "encoder": ENCODER, "decoder": decoder},
        "data": {"train": [str(folder / ("rows.jsonl" if form == "jsonl" else "shards/*.tar"))]},
        "sample": {"max_length": 128},
        "train": {
            **{"num_train_epochs": 1, "logging_steps": 1, "save_strategy": "no", "eval_strategy": "no"},
            **{"global_batch_size": 8, "per_device_train_batch_size": 4, "learning_rate": 1e-3},
            **{"lr_scheduler_type": "constant", "dataloader_num_workers": 2, "use_cpu": True},
        },
    }
    config.write_text(json.dumps(given))
    run_parent = folder / "output" / form
    before = steps_so_far(run_parent)
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node=2", "--standalone"]
    command += ["-m", "got_train", "train", str(config), *(["resume=auto"] if resume else [])]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "CUDA_VISIBLE_DEVICES": ""}
    with open(folder / f"{form}.log", "ab") as log:
        launcher = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        start = watch(launcher, run_parent, before)
    finally:
        for process in list(processes_below(launcher.pid)):
            if process.parent == launcher.pid:  # the launcher itself would not wait for a checkpoint
                os.kill(process.number, signal.SIGTERM)
        launcher.wait()
    return start


def move_to_the_middle(run: Path, rows: int) -> None:
    """Makes the checkpoint of a run that was just begun one of the middle of its epoch."""
    checkpoint = checkpoints_of(run)[0]
    state = read_json(checkpoint / STATE_FILE)
    state["global_step"], state["epoch"] = state["max_steps"] // 2, 0.5
    (checkpoint / STATE_FILE).write_text(json.dumps(state))
    moved = checkpoint.rename(run / f"checkpoint-{state['global_step']}")
    (moved / "manifest.json").unlink()
    write_manifest(moved)


def measure(form: str, rows: int, folder: Path) -> list[list[object]]:
    """A line for each of the three starts."""
    lines: list[list[object]] = []
    for what in ("new", "remembered", "resumed in the middle"):
        resumed = what.startswith("resumed")
        if resumed:
            move_to_the_middle(runs_of(folder / "output" / form)[0], rows)
        start = begin(folder, form, rows, resumed)
        roles = [f"{start.memory_mib.get(role, 0):,.0f}" for role in ("rank", "loader worker")]
        lines.append([form, f"{rows:,}", what, f"{start.seconds:,.0f}", f"{start.cpu_seconds:,.0f}", *roles])
        print(lines[-1], f"load {os.getloadavg()[0]:.1f}", flush=True)
    return lines


def main() -> None:
    """Measures sets of one size after the other."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, nargs="+", default=[50_000, 500_000], help="default: %(default)s")
    parser.add_argument("--forms", nargs="+", choices=["tar", "jsonl"], default=["tar", "jsonl"])
    options = parser.parse_args()
    lines = []
    for rows in options.rows:
        folder = Path(mkdtemp(prefix="large-"))
        try:
            write_rows(folder, rows)
            for form in options.forms:
                lines += measure(form, rows, folder)
        finally:
            for tar in folder.glob("shards/*.tar"):
                index = index_file(tar)
                if index is not None:
                    index.unlink(missing_ok=True)
            shutil.rmtree(folder)
    head = ["rows in", "rows", "start", "seconds", "CPU seconds", "MiB a rank", "MiB a worker"]
    print(table(head, lines))


if __name__ == "__main__":
    main()
