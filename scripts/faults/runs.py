"""Runs of a small model that `torture.py` breaks: what is trained, and what the runs come to."""

import gc
import json
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

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

from .processes import Ended, Lost, Processes, announce, forked, free_port, list_changes

STEPS, SAVE_STEPS = 6, 2

ENCODER = {
    **{"image_size": 32, "patch_size": 4, "hidden_size": 32, "num_hidden_layers": 1, "mlp_dim": 64},
    **{"num_attention_heads": 2, "window_size": 3, "global_attn_indexes": [0], "neck_channels": 16},
    "output_channels": 32,
}
DECODER = {
    **{"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1},
    **{"num_attention_heads": 2, "num_key_value_heads": 2},
}
ZERO2 = Path(__file__).parents[2] / "configs" / "deepspeed" / "zero2.json"

KINDS: dict[str, dict[str, Any]] = {
    "one process": {},
    "adapters": {"lora": {"enabled": True, "rank": 2, "modules": ["decoder"], "dropout": 0.1}},
    "two processes": {},
    "ZeRO-2": {"train": {"deepspeed": str(ZERO2)}},
}
"""What is trained, by the sections that its configuration adds."""

RANKS = {"two processes": 2, "ZeRO-2": 2}
"""The number of processes of a kind that has more than one."""


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
    weights: str = field(repr=False)
    """Hash of the last weights."""
    losses: list[float] = field(repr=False)
    seconds: float = field(repr=False)
    changes: list[list[str]] = field(repr=False)
    """The events that change files in its folder, of each rank."""

    def save_points(self, rank: int) -> list[int]:
        """The numbers of the changes of the last save, from 1; older checkpoints are removed in it."""
        last = f"checkpoint-{STEPS}"
        changes = self.changes[rank]
        first = next(number for number, change in enumerate(changes, 1) if last in change)
        return [
            number for number, change in enumerate(changes, 1) if number >= first and "checkpoint-" in change
        ]


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
    import deepspeed
    from deepspeed.accelerator import get_accelerator
    from transformers.conversion_mapping import get_checkpoint_conversion_mapping

    from got_train.config_file import load_config
    from got_train.training import train

    assert deepspeed and train
    get_checkpoint_conversion_mapping("got_ocr2")
    get_accelerator().create_op_builder("ShareMemCommBuilder").load()
    file = data / "warm.yaml"
    file.write_text(json.dumps(configuration(Run("adapters", data, data))))
    load_config(file)
    # A third of such a short run would be drawing its curves.
    callbacks.draw_curve = lambda points, label, file: file.write_text(label)
    convert.check_fits_original = lambda config, tokenizer: None  # which is larger than a test can be
    announce(safetensors.torch, "serialize_file", 1)
    announce(torch._C, "PyTorchFileWriter", 0)
    gc.collect()
    gc.freeze()


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
    port, ranks = free_port(), {}
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
