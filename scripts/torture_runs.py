"""Runs of a small model that `torture.py` breaks.

The processes of a run are copies of one process that has everything imported. What changes a file is told by
Python's audit events; libraries that write files in C or Rust are made to announce them likewise.
"""

import errno
import json
import os
import resource
import shutil
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

# before torch
os.environ |= {
    "OMP_NUM_THREADS": "1",
    "HF_HUB_OFFLINE": "1",
    "CUDA_VISIBLE_DEVICES": "",
    "DS_ACCELERATOR": "cpu",
}

import safetensors.torch
import torch
from PIL import Image, ImageDraw

from got_train.cli import main as got_train
from got_train.manifest import digest
from got_train.model import convert
from got_train.model.tokenizer import small_tokenizer
from got_train.run_folders import runs_of
from got_train.training import callbacks
from got_train.training.callbacks import read_log

STEPS, SAVE_STEPS = 6, 2
MAX_SECONDS = 600
"""After this long a process counts as hanging."""
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
ZERO2 = Path(__file__).parents[1] / "configs" / "deepspeed" / "zero2.json"

KINDS: dict[str, dict[str, Any]] = {
    "one process": {},
    "adapters": {"lora": {"enabled": True, "rank": 2, "modules": ["decoder"], "dropout": 0.1}},
    "two processes": {},
    "ZeRO-2": {"train": {"deepspeed": str(ZERO2)}},
}
"""What is trained, by the sections that its configuration adds."""

RANKS = {"two processes": 2, "ZeRO-2": 2}
"""The number of processes of a kind that has more than one."""

MAKES = {"open", "os.mkdir", "shutil.copyfile"}
"""Events that need room on the disk."""
CHANGES = MAKES | {"os.rename", "os.remove", "os.rmdir", "os.chmod"}
"""Events that change files."""
OF_FOLDERS = {"os.remove", "os.rmdir"}
"""Events whose last argument is an open folder, or -1."""


class Lost(Exception):  # noqa: N818
    """A fault has cost something."""


@dataclass(frozen=True)
class Run:
    """A run of one kind."""

    kind: str
    data: Path
    """The folder with the rows and the tokenizer."""
    folder: Path
    """The folder of this run alone: it has `output`, and the logs of the processes."""

    @property
    def output(self) -> Path:
        """The folder that the run writes into."""
        return self.folder / "output"


@dataclass(frozen=True)
class Whole:
    """What a run comes to that nothing has happened to."""

    run: Run
    weights: str
    """Hash of the last weights."""
    losses: list[float]
    seconds: float
    changes: list[list[str]]
    """The events that change files in its folder, of each rank."""

    def save_points(self, rank: int) -> list[int]:
        """The numbers of the changes of the last save, from 1; older checkpoints are removed in it."""
        last = f"checkpoint-{STEPS}"
        changes = self.changes[rank]
        first = next(number for number, change in enumerate(changes, 1) if last in change)
        return [
            number for number, change in enumerate(changes, 1) if number >= first and "checkpoint-" in change
        ]


@dataclass(frozen=True)
class Ended:
    """A process that has ended."""

    code: int
    """Its exit code; minus the signal that killed it."""
    output: str

    @property
    def last_line(self) -> str:
        """What it said last."""
        return (self.output.splitlines() or [""])[-1]


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


def configuration(run: Run) -> dict[str, Any]:
    """The configuration of a run."""
    decoder = {"model_type": "qwen2", "shape": DECODER, "tokenizer": str(run.data / "tokenizer")}
    rows = run.data / "rows.jsonl"
    added = KINDS[run.kind]
    train = {
        **{"max_steps": STEPS, "save_steps": SAVE_STEPS, "save_total_limit": 2, "logging_steps": 1},
        **{"global_batch_size": 4, "per_device_train_batch_size": 2, "learning_rate": 1e-3},
        **{"disable_tqdm": True, "lr_scheduler_type": "cosine", "use_cpu": True},
    }
    return {
        "name": "run",
        "output_dir": str(run.output),
        "model": {"init": "random", "encoder": ENCODER, "decoder": decoder},
        "data": {"train": [str(rows)], "val": f"{rows}#4"},
        "sample": {"max_length": 64},
        **added,
        "train": train | added.get("train", {}),
    }


def warm_up(data: Path) -> None:
    """Does once what every process would do again: imports, and reading the source of transformers."""
    import gc

    import deepspeed
    from deepspeed.accelerator import get_accelerator
    from transformers.conversion_mapping import get_checkpoint_conversion_mapping

    from got_train.config_file import load_config
    from got_train.training import train

    assert deepspeed and train
    get_checkpoint_conversion_mapping("got_ocr2")
    get_accelerator().create_op_builder("ShareMemCommBuilder").load()
    with suppress(OSError):
        file = data / "warm.yaml"
        file.write_text(json.dumps(configuration(Run("adapters", data, data))))
        load_config(str(file))
    # A third of such a short run would be drawing its curves.
    callbacks.draw_curve = lambda points, label, file: file.write_text(label)
    convert.check_fits_original = lambda config, tokenizer: None  # which is larger than a test can be
    announce(safetensors.torch, "serialize_file", 1)
    announce(torch._C, "PyTorchFileWriter", 0)
    gc.collect()
    gc.freeze()


def announce(module: Any, name: str, place: int) -> None:
    """Has a library's function tell Python that it opens a file, as Python's own functions do.

    Args:
        module: the module that the function is called in.
        name: of the function.
        place: of the file among its arguments.
    """
    function = getattr(module, name)

    def announced(*args: Any, **kwargs: Any) -> Any:
        if isinstance(args[place], str | os.PathLike):
            sys.audit("open", args[place], "wb", os.O_WRONLY)
        return function(*args, **kwargs)

    setattr(module, name, announced)


@dataclass(frozen=True)
class Processes:
    """Processes that were started together, one for each rank."""

    ranks: dict[int, Path]
    """The log of each process, by its number in the system."""

    def send(self, number: signal.Signals) -> None:
        """Sends a signal to all of them, as a launcher passes it on."""
        for process in self.ranks:
            os.kill(process, number)

    def wait(self) -> Ended:
        """Waits as a launcher does: when a process fails, or all hang, the others are killed."""
        begun, left, failed = time.monotonic(), dict(self.ranks), Ended(0, "")
        hangs = False
        while left:
            for process, log in list(left.items()):
                number, status = os.waitpid(process, os.WNOHANG)
                if number == 0:
                    continue
                del left[process]
                if status and not failed.code:
                    failed = Ended(os.waitstatus_to_exitcode(status), log.read_text(errors="replace"))
            hangs = hangs or time.monotonic() - begun > MAX_SECONDS
            if (failed.code and failed.code != STOPPED) or hangs:
                Processes(left).send(signal.SIGKILL)
            time.sleep(0.01)
        if hangs:
            raise Lost(f"no end after {MAX_SECONDS} s:\n{failed.output}")
        return failed


def forked(work: Callable[[], object], log: Path, environment: dict[str, str]) -> int:
    """Starts work in a copy of this process; returns its number."""
    sys.stdout.flush()
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
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def start(
    run: Run, resume: bool = False, before: Callable[[], object] = lambda: None, rank: int = 0
) -> Processes:
    """Starts the processes of a run.

    Args:
        run: what is trained, and where.
        resume: whether it goes on with what is there.
        before: what one process does first.
        rank: that process; -1 for all.
    """
    run.folder.mkdir(exist_ok=True)
    config = run.folder / "config.yaml"
    config.write_text(json.dumps(configuration(run)))
    words = ["train", str(config), *["resume=auto"] * resume]
    number = RANKS.get(run.kind, 1)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    ranks = {}
    for own in range(number):
        first = before if rank in (own, -1) else lambda: None
        log = run.folder / f"rank{own}.log"
        launch = {"WORLD_SIZE": str(number), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
        place = launch | {"RANK": str(own), "LOCAL_RANK": str(own), "LOCAL_WORLD_SIZE": str(number)}
        ranks[forked(lambda first=first: (first(), got_train(words)), log, place if number > 1 else {})] = log
    return Processes(ranks)


def command(words: list[str], folder: Path, before: Callable[[], object] = lambda: None) -> Ended:
    """Runs another command of got-train, in a process of its own."""
    log = folder / "command.log"
    return Processes({forked(lambda: (before(), got_train(words)), log, {}): log}).wait()


def at_change(folder: Path, happens: Callable[[int, str, str], None]) -> None:
    """Has something happen just before each change of a file in a folder.

    Args:
        folder: the folder.
        happens: is told the number of the change, from 1, its event, and its file.
    """
    seen = 0

    def hook(event: str, args: tuple[Any, ...]) -> None:
        nonlocal seen
        if event not in CHANGES or not isinstance(args[0], str | os.PathLike):
            return
        if event == "open" and not (args[2] or 0) & (os.O_WRONLY | os.O_RDWR):
            return
        path = os.fspath(args[0])
        if event in OF_FOLDERS and args[-1] >= 0:  # `shutil.rmtree` removes names from open folders
            path = os.path.join(os.readlink(f"/proc/self/fd/{args[-1]}"), path)
        if not path.startswith(f"{folder}/") or (event == "os.mkdir" and os.path.isdir(path)):
            return
        seen += 1
        happens(seen, event, path)

    sys.addaudithook(hook)


def kill_self() -> NoReturn:
    """Ends this process as a full memory or a pulled plug would."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def kill_at(folder: Path, point: int) -> None:
    """Has this process killed just before a change, counted from 1, of a file in a folder."""
    at_change(folder, lambda number, *_: kill_self() if number == point else None)


def full_from(folder: Path, point: int) -> None:
    """Has the disk full from a change, counted from 1, of a file in a folder."""

    def happens(number: int, event: str, file: str) -> None:
        if number >= point and event in MAKES:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), file)

    at_change(folder, happens)


def limit_files(size: int, kills: bool) -> None:
    """Lets no file of this process become larger than some bytes: it is killed then, or refused."""
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL if kills else signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def list_changes(folder: Path, file: Path) -> None:
    """Writes each change of a file in a folder into a list."""

    def happens(number: int, event: str, changed: str) -> None:
        with open(file, "a") as changes:
            changes.write(f"{event} {os.path.relpath(changed, folder)}\n")

    at_change(folder, happens)


def whole_run(run: Run) -> Whole:
    """Runs without a fault."""
    run.folder.mkdir()
    lists = [run.folder / f"changes{number}" for number in range(RANKS.get(run.kind, 1))]

    def before() -> None:
        list_changes(run.output, lists[int(os.environ.get("RANK", 0))])

    begun = time.monotonic()
    ended = start(run, before=before, rank=-1).wait()
    seconds = time.monotonic() - begun
    if ended.code:
        raise SystemExit(f"{run.kind}: the run without a fault failed:\n{ended.output}")
    return Whole(run, *outcome(run), seconds, [file.read_text().splitlines() for file in lists])


def outcome(run: Run) -> tuple[str, list[float]]:
    """The hash of the last weights, and the losses, of the newest run folder."""
    folder = run_folder(run)
    [weights] = (folder / f"checkpoint-{STEPS}").glob("*.safetensors")
    rows = read_log(folder / "logging.jsonl")
    return digest(weights), [row["loss"] for row in rows if "loss" in row]


def run_folder(run: Run) -> Path:
    """The newest folder of a run."""
    return runs_of(run.output / "run")[0]


def in_folder(whole: Whole, folder: Path) -> Run:
    """A run of the same kind, in a folder of its own."""
    return Run(whole.run.kind, whole.run.data, folder)


def copied(whole: Whole, folder: Path) -> Run:
    """A run that has ended, in a folder of its own."""
    run = in_folder(whole, folder)
    shutil.copytree(whole.run.output, run.output)
    return run


def contents(folder: Path) -> dict[str, bytes]:
    """All files of a folder; files that another one locks are empty or not compared."""
    files = (file for file in folder.rglob("*") if file.is_file() and file.suffix != ".lock")
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}


def check_resumed(whole: Whole, run: Run) -> None:
    """Resumes a run, and compares its end with that of the whole one.

    Raises:
        Lost: if it does not end, or with other weights or losses.
    """
    ended = start(run, resume=True).wait()
    if ended.code:
        raise Lost(f"resuming ended with {ended.code}:\n{ended.output}")
    found = outcome(run)
    if found != (whole.weights, whole.losses):
        raise Lost(f"{found} in place of {whole.weights, whole.losses}")
