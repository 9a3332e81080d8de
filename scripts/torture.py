"""Breaks training runs on purpose and counts what is lost.

Every fault is caused in a run of a small model; then the same command is given with `resume=auto`. A run is
lost if that does not end with the weights and losses, bit by bit, of a run that nothing has happened to.

    python scripts/torture.py --faults 1000
"""

import argparse
import json
import os
import random
import resource
import shutil
import signal
import socket
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

os.environ |= {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "CUDA_VISIBLE_DEVICES": ""}  # before torch

from PIL import Image, ImageDraw

from got_train.config_file import load_config
from got_train.manifest import digest
from got_train.model.tokenizer import small_tokenizer
from got_train.report import StoppedError, UserError, table
from got_train.training.callbacks import read_log
from got_train.training.train import train

STEPS, SAVE_STEPS = 6, 2
MAX_SECONDS = 600
"""After this long a run counts as hanging."""
STOPPED, REFUSED, FAULT = 75, 2, 1
"""Exit codes: saved after a signal, one line for the user, a traceback."""

ENCODER = {
    **{"image_size": 32, "patch_size": 4, "hidden_size": 32, "num_hidden_layers": 1, "mlp_dim": 64},
    **{"num_attention_heads": 2, "window_size": 3, "global_attn_indexes": [0], "neck_channels": 16},
    "output_channels": 32,
}
DECODER = {
    **{"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1},
    **{"num_attention_heads": 2, "num_key_value_heads": 2},
}
WRITES = {
    *{"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.chmod"},
    *{"shutil.copyfile", "shutil.rmtree"},
}
"""Events of Python by which a run changes files."""

RUNS: dict[str, dict[str, Any]] = {
    "full": {},
    "lora": {"lora": {"enabled": True, "rank": 2, "modules": ["decoder"], "dropout": 0.1}},
}
"""What is trained, by the sections that its configuration adds."""


@dataclass(frozen=True)
class Ended:
    """A process that has ended."""

    code: int
    """Its exit code; minus the signal that killed it."""
    output: str


@dataclass(frozen=True)
class Whole:
    """A run that nothing has happened to."""

    weights: str
    """Hash of the last weights."""
    losses: list[float]
    seconds: float
    writes: int
    """Number of events that change files in its folder."""


def write_data(folder: Path) -> None:
    """Draws the rows, and saves the tokenizer."""
    small_tokenizer().save_pretrained(folder / "tokenizer")
    lines = []
    for number in range(12):
        image = Image.new("RGB", (32, 32), "white")
        ImageDraw.Draw(image).text((2, 8), str(number), fill="black")
        image.save(folder / f"{number}.png")
        row = {"query": "<image>OCR: ", "response": f"{number:03}", "images": [f"{number}.png"]}
        lines.append(json.dumps(row) + "\n")
    (folder / "rows.jsonl").write_text("".join(lines))


def train_once(folder: Path, output: Path, kind: str, resume: bool) -> None:
    """Trains in this process."""
    decoder = {"model_type": "qwen2", "shape": DECODER, "tokenizer": str(folder / "tokenizer")}
    given = {
        "name": kind,
        "output_dir": str(output),
        "model": {"init": "random", "encoder": ENCODER, "decoder": decoder},
        "data": {"train": [str(folder / "rows.jsonl")], "val": f"{folder / 'rows.jsonl'}#4"},
        "sample": {"max_length": 64},
        "train": {
            **{"max_steps": STEPS, "save_steps": SAVE_STEPS, "save_total_limit": 2, "logging_steps": 1},
            **{"global_batch_size": 4, "per_device_train_batch_size": 2, "learning_rate": 1e-3},
            **{"disable_tqdm": True, "lr_scheduler_type": "cosine"},
        },
        **RUNS[kind],
    }
    file = output / f"{kind}.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(given))
    train(load_config(str(file), ["resume=auto"] if resume else []))


def forked(work: Callable[[], None], log: Path, environment: dict[str, str] | None = None) -> int:
    """Starts work in a copy of this process, which has everything imported; returns its number."""
    process = os.fork()
    if process:
        return process
    code = FAULT
    try:
        with open(log, "w") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        os.environ |= environment or {}
        work()
        code = 0
    except StoppedError:
        code = STOPPED
    except UserError as error:
        print(f"error: {error}", flush=True)
        code = REFUSED
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    os._exit(code)


def wait_for(process: int, log: Path) -> Ended:
    """Waits for a process; one that hangs is killed, which its code tells."""
    begun = time.monotonic()
    while (ended := os.waitpid(process, os.WNOHANG))[0] == 0:
        if time.monotonic() - begun > MAX_SECONDS:
            os.kill(process, signal.SIGKILL)
        time.sleep(0.01)
    return Ended(os.waitstatus_to_exitcode(ended[1]), log.read_text(errors="replace"))


def at_write(output: Path, number: int, happens: Callable[[], None]) -> list[int]:
    """Has something happen just before the given change of a file in a folder.

    Returns:
        A list with the number of changes so far.
    """
    count = [0]

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if event not in WRITES or not str(args[0]).startswith(str(output)):
            return
        if event == "open" and not (args[2] or 0) & (os.O_WRONLY | os.O_RDWR):
            return
        count[0] += 1
        if count[0] == number:
            happens()

    sys.addaudithook(hook)
    return count


def kill_self() -> None:
    """Ends this process as a full memory or a pulled plug would."""
    os.kill(os.getpid(), signal.SIGKILL)


def whole_run(folder: Path, output: Path, kind: str) -> Whole:
    """Runs without a fault."""

    def work() -> None:
        count = at_write(output, 0, kill_self)
        begun = time.monotonic()
        train_once(folder, output, kind, resume=False)
        (output / "facts.json").write_text(json.dumps([time.monotonic() - begun, count[0]]))

    log = folder / "whole.log"
    ended = wait_for(forked(work, log), log)
    if ended.code:
        raise SystemExit(f"the run without a fault failed:\n{ended.output}")
    weights, losses = outcome(output, kind)
    seconds, writes = json.loads((output / "facts.json").read_text())
    return Whole(weights, losses, seconds, writes)


def outcome(output: Path, kind: str) -> tuple[str, list[float]]:
    """The hash of the last weights, and the losses, of the newest run."""
    run = max((output / kind).glob("v*"), key=lambda path: int(path.name[1:].split("-")[0]))
    [weights] = (run / f"checkpoint-{STEPS}").glob("*.safetensors")
    rows = read_log(run / "logging.jsonl")
    return digest(weights), [row["loss"] for row in rows if "loss" in row]


def kill_at_a_write(rng: random.Random, whole: Whole, start: Callable[..., int], output: Path) -> str:
    """Killed just before a file is changed."""
    number = rng.randint(1, whole.writes)
    process = start(lambda: at_write(output, number, kill_self))
    wait_for(process, output.parent / "run.log")
    return f"before change {number} of {whole.writes}"


def kill_at_a_moment(rng: random.Random, whole: Whole, start: Callable[..., int], output: Path) -> str:
    """Killed at any moment."""
    seconds = rng.uniform(0, whole.seconds)
    process = start()
    time.sleep(seconds)
    os.kill(process, signal.SIGKILL)
    wait_for(process, output.parent / "run.log")
    return f"after {seconds:.2f} s"


def terminate(rng: random.Random, whole: Whole, start: Callable[..., int], output: Path) -> str:
    """Asked to end by SIGTERM or SIGUSR1 at any moment."""
    seconds, number = rng.uniform(0, whole.seconds), rng.choice([signal.SIGTERM, signal.SIGUSR1])
    process = start()
    time.sleep(seconds)
    os.kill(process, number)
    ended = wait_for(process, output.parent / "run.log")
    if ended.code not in (0, STOPPED, -number):
        raise AssertionError(f"{number.name} after {seconds:.2f} s ended with {ended.code}:\n{ended.output}")
    return f"{number.name} after {seconds:.2f} s"


def fill_disk(rng: random.Random, whole: Whole, start: Callable[..., int], output: Path) -> str:
    """No file may become larger than some size, as on a disk that is nearly full."""
    size = int(10 ** rng.uniform(4.5, 6))  # the log of the process itself fits

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    ended = wait_for(start(limit), output.parent / "run.log")
    refused = ended.code == REFUSED and ended.output.splitlines()[-1].startswith("error: ")
    if ended.code != 0 and not refused:
        raise AssertionError(f"files of at most {size} bytes ended with {ended.code}:\n{ended.output}")
    return f"files of at most {size} bytes"


def damage_newest(rng: random.Random, whole: Whole, start: Callable[..., int], output: Path) -> str:
    """A file of the newest checkpoint is damaged after the run was killed."""
    wait_for(start(), output.parent / "run.log")
    [run] = (path for path in output.glob("*/v*") if path.is_dir())
    newest = run / f"checkpoint-{STEPS}"
    file = rng.choice(sorted(path for path in newest.rglob("*") if path.is_file()))
    content = file.read_bytes()
    place = rng.randrange(len(content))
    flipped = bytes([content[place] ^ 1 << rng.randrange(8)])
    damages: dict[str, bytes | None] = {
        "missing": None,
        "empty": b"",
        "half": content[: len(content) // 2],
        "zeroed": bytes(len(content)),
        "one bit": content[:place] + flipped + content[place + 1 :],
    }
    how = rng.choice(sorted(damages))
    damaged = damages[how]
    if damaged is None:
        file.unlink()
    else:
        file.write_bytes(damaged)
    return f"{file.name}: {how}"


def kill_a_rank(rng: random.Random, whole: Whole, start: Callable[..., int], output: Path) -> str:
    """One of two processes is killed; the launcher then kills the other."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    launch = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    ranks = [
        start(environment=launch | {"RANK": str(n), "LOCAL_RANK": str(n)}, log=f"rank{n}.log") for n in (0, 1)
    ]
    number, seconds = rng.randrange(2), rng.uniform(0, 2 * whole.seconds)
    time.sleep(seconds)
    for process in (ranks[number], ranks[1 - number]):
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
    return f"rank {number} after {seconds:.2f} s"


FAULTS = {
    "killed before a file is changed": kill_at_a_write,
    "killed at any moment": kill_at_a_moment,
    "SIGTERM, SIGUSR1": terminate,
    "disk full": fill_disk,
    "a file of the newest checkpoint damaged": damage_newest,
    "one of two processes killed": kill_a_rank,
}


def cause(fault: str, kind: str, whole: Whole, folder: Path, rng: random.Random) -> str | None:
    """Causes one fault and resumes; returns what was lost, None if nothing was."""
    output = folder / "output"
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir()

    def start(
        before: Callable[[], Any] = lambda: None,
        environment: dict[str, str] | None = None,
        log: str = "run.log",
    ) -> int:
        def work() -> None:
            before()
            train_once(folder, output, kind, resume=False)

        return forked(work, folder / log, environment)

    what = ""
    try:
        what = FAULTS[fault](rng, whole, start, output)
        log = folder / "resumed.log"
        ended = wait_for(forked(partial(train_once, folder, output, kind, resume=True), log), log)
        if ended.code:
            raise AssertionError(f"resuming ended with {ended.code}:\n{ended.output}")
        weights, losses = outcome(output, kind)
        if (weights, losses) != (whole.weights, whole.losses):
            raise AssertionError(f"the resumed run differs: losses {losses} in place of {whole.losses}")
    except (AssertionError, OSError, ValueError) as error:
        return f"{kind}, {fault}, {what}: {error}"
    return None


def main() -> None:
    """Causes faults of every kind in turn."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--faults", type=int, default=60, help="number of faults (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the choice of faults (default: %(default)s)")
    options = parser.parse_args()
    rng, folder = random.Random(options.seed), Path(mkdtemp(prefix="torture-"))
    write_data(folder)
    wholes = {kind: whole_run(folder, folder / f"whole-{kind}", kind) for kind in RUNS}
    caused: Counter[str] = Counter()
    lost: list[tuple[str, str]] = []
    begun = time.monotonic()
    for number in range(options.faults):
        fault, kind = list(FAULTS)[number % len(FAULTS)], rng.choice(list(RUNS))
        loss = cause(fault, kind, wholes[kind], folder, rng)
        caused[fault] += 1
        if loss is not None:
            lost.append((fault, loss))
            print(f"LOST {loss}", flush=True)
    losses = Counter(fault for fault, _ in lost)
    print(table(["fault", "caused", "lost"], [[fault, caused[fault], losses[fault]] for fault in FAULTS]))
    print(f"{options.faults} faults, {len(lost)} lost, {time.monotonic() - begun:.0f} s, seed {options.seed}")
    shutil.rmtree(folder)
    sys.exit(1 if lost else 0)


if __name__ == "__main__":
    main()
