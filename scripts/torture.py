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
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

os.environ |= {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "CUDA_VISIBLE_DEVICES": ""}  # before torch

from PIL import Image, ImageDraw

from got_train.config_file import load_config
from got_train.manifest import digest
from got_train.model.tokenizer import small_tokenizer
from got_train.ranks import rank
from got_train.report import StoppedError, UserError, table
from got_train.run_folders import runs_of
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

KINDS: dict[str, dict[str, Any]] = {
    "full": {},
    "adapters": {"lora": {"enabled": True, "rank": 2, "modules": ["decoder"], "dropout": 0.1}},
    "two processes": {},
}
"""What is trained, by the sections that its configuration adds."""


class Lost(Exception):  # noqa: N818
    """A fault has cost something."""


@dataclass(frozen=True)
class Run:
    """A run of one kind."""

    kind: str
    folder: Path
    """The folder with the data."""
    output: Path


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


def train_once(run: Run, resume: bool) -> None:
    """Trains in this process."""
    decoder = {"model_type": "qwen2", "shape": DECODER, "tokenizer": str(run.folder / "tokenizer")}
    rows = run.folder / "rows.jsonl"
    given = {
        "name": run.kind,
        "output_dir": str(run.output),
        "model": {"init": "random", "encoder": ENCODER, "decoder": decoder},
        "data": {"train": [str(rows)], "val": f"{rows}#4"},
        "sample": {"max_length": 64},
        "train": {
            **{"max_steps": STEPS, "save_steps": SAVE_STEPS, "save_total_limit": 2, "logging_steps": 1},
            **{"global_batch_size": 4, "per_device_train_batch_size": 2, "learning_rate": 1e-3},
            **{"disable_tqdm": True, "lr_scheduler_type": "cosine"},
        },
        **KINDS[run.kind],
    }
    file = run.folder / f"{os.getpid()}.yaml"
    file.write_text(json.dumps(given))
    train(load_config(str(file), ["resume=auto"] if resume else []))


@dataclass(frozen=True)
class Processes:
    """The processes of a run, one for each rank."""

    ranks: dict[int, Path]
    """The log of each process, by its number in the system."""

    def send(self, number: signal.Signals) -> None:
        """Sends a signal to all of them, as a launcher passes it on."""
        for process in self.ranks:
            os.kill(process, number)

    def wait(self) -> Ended:
        """Waits as a launcher does: when a process fails, or all hang, the others are killed."""
        begun, left, failed = time.monotonic(), dict(self.ranks), Ended(0, "")
        while left:
            for process, log in list(left.items()):
                number, status = os.waitpid(process, os.WNOHANG)
                if number == 0:
                    continue
                del left[process]
                if status and not failed.code:
                    failed = Ended(os.waitstatus_to_exitcode(status), log.read_text(errors="replace"))
            if (failed.code and failed.code != STOPPED) or time.monotonic() - begun > MAX_SECONDS:
                Processes(left).send(signal.SIGKILL)
            time.sleep(0.01)
        return failed


def forked(work: Callable[[], None], log: Path, environment: dict[str, str]) -> int:
    """Starts work in a copy of this process, which has everything imported; returns its number."""
    process = os.fork()
    if process:
        return process
    code = FAULT
    try:
        with open(log, "w") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        os.environ |= environment
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


def start(run: Run, resume: bool = False, before: Callable[[], Any] = lambda: None) -> Processes:
    """Starts the processes of a run.

    Args:
        run: what is trained, and where.
        resume: whether it goes on with what is there.
        before: what each process does first.
    """

    def work() -> None:
        before()
        train_once(run, resume)

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    launch = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    ranks = {}
    for number in ("0", "1") if run.kind == "two processes" else ("0",):
        log = run.folder / f"rank{number}.log"
        place = launch | {"RANK": number, "LOCAL_RANK": number} if run.kind == "two processes" else {}
        ranks[forked(work, log, place)] = log
    return Processes(ranks)


def at_write(output: Path, number: int, happens: Callable[[], None], count: Path | None = None) -> None:
    """Has something happen just before the given change of a file in a folder.

    Args:
        output: the folder.
        number: of the change, from 1.
        happens: what happens then.
        count: file into which the first process writes the number of changes so far.
    """
    seen = 0

    def hook(event: str, args: tuple[Any, ...]) -> None:
        nonlocal seen
        if event not in WRITES or not str(args[0]).startswith(f"{output}/"):
            return
        if event == "open" and not (args[2] or 0) & (os.O_WRONLY | os.O_RDWR):
            return
        seen += 1
        if count is not None and rank() == 0:
            count.write_text(str(seen))
        if seen == number:
            happens()

    sys.addaudithook(hook)


def kill_self() -> None:
    """Ends this process as a full memory or a pulled plug would."""
    os.kill(os.getpid(), signal.SIGKILL)


def whole_run(run: Run) -> Whole:
    """Runs without a fault."""
    facts = run.folder / "facts.json"

    begun = time.monotonic()
    ended = start(run, before=lambda: at_write(run.output, 0, kill_self, facts)).wait()
    seconds = time.monotonic() - begun
    if ended.code:
        raise SystemExit(f"the run without a fault failed:\n{ended.output}")
    weights, losses = outcome(run)
    return Whole(weights, losses, seconds, int(facts.read_text()))


def outcome(run: Run) -> tuple[str, list[float]]:
    """The hash of the last weights, and the losses, of the newest run folder."""
    folder = runs_of(run.output / run.kind)[0]
    [weights] = (folder / f"checkpoint-{STEPS}").glob("*.safetensors")
    rows = read_log(folder / "logging.jsonl")
    return digest(weights), [row["loss"] for row in rows if "loss" in row]


def kill_at_a_write(rng: random.Random, whole: Whole, run: Run) -> str:
    """Killed just before a file is changed."""
    number = rng.randint(1, whole.writes)
    start(run, before=lambda: at_write(run.output, number, kill_self)).wait()
    return f"before change {number} of {whole.writes}"


def kill_at_a_moment(rng: random.Random, whole: Whole, run: Run) -> str:
    """One process is killed at any moment."""
    seconds = rng.uniform(0, whole.seconds)
    processes = start(run)
    time.sleep(seconds)
    os.kill(rng.choice(list(processes.ranks)), signal.SIGKILL)
    processes.wait()
    return f"after {seconds:.2f} s"


def terminate(rng: random.Random, whole: Whole, run: Run) -> str:
    """Asked to end at any moment."""
    seconds, number = rng.uniform(0, whole.seconds), rng.choice([signal.SIGTERM, signal.SIGUSR1])
    processes = start(run)
    time.sleep(seconds)
    processes.send(number)
    ended = processes.wait()
    if ended.code not in (0, STOPPED, -number):
        raise Lost(f"{number.name} after {seconds:.2f} s ended with {ended.code}:\n{ended.output}")
    return f"{number.name} after {seconds:.2f} s"


def fill_disk(rng: random.Random, whole: Whole, run: Run) -> str:
    """No file may become larger than some size, as on a disk that is nearly full."""
    size = int(10 ** rng.uniform(4.5, 6))  # the log of the process itself fits

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    ended = start(run, before=limit).wait()
    if ended.code and not (ended.code == REFUSED and "cannot be written" in ended.output.splitlines()[-1]):
        raise Lost(f"files of at most {size} bytes ended with {ended.code}:\n{ended.output}")
    return f"files of at most {size} bytes"


def damage_newest(rng: random.Random, whole: Whole, run: Run) -> str:
    """A file of the newest checkpoint is damaged."""
    start(run).wait()
    newest = runs_of(run.output / run.kind)[0] / f"checkpoint-{STEPS}"
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
    how = rng.choice(list(damages))
    damaged = damages[how]
    if damaged is None:
        file.unlink()
    else:
        file.write_bytes(damaged)
    return f"{file.name}: {how}"


FAULTS = {
    "killed before a file is changed": kill_at_a_write,
    "a process killed at any moment": kill_at_a_moment,
    "SIGTERM or SIGUSR1 at any moment": terminate,
    "disk full": fill_disk,
    "a file of the newest checkpoint damaged": damage_newest,
}


def cause(fault: str, whole: Whole, run: Run, rng: random.Random) -> str | None:
    """Causes one fault and resumes; returns what was lost, None if nothing was."""
    shutil.rmtree(run.output, ignore_errors=True)
    what = ""
    try:
        what = FAULTS[fault](rng, whole, run)
        ended = start(run, resume=True).wait()
        if ended.code:
            raise Lost(f"resuming ended with {ended.code}:\n{ended.output}")
        found = outcome(run)
        if found != (whole.weights, whole.losses):
            raise Lost(f"{found} in place of {whole}")
    except Lost as error:
        return f"{run.kind}, {fault}, {what}: {error}"
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
    wholes = {kind: whole_run(Run(kind, folder, folder / f"whole {kind}")) for kind in KINDS}
    caused: Counter[str] = Counter()
    lost: list[tuple[str, str]] = []
    begun = time.monotonic()
    for number in range(options.faults):
        fault, kind = list(FAULTS)[number % len(FAULTS)], rng.choice(list(KINDS))
        loss = cause(fault, wholes[kind], Run(kind, folder, folder / "output"), rng)
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
