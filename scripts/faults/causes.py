"""The faults that `torture.py` causes in runs: each is a function that raises `Lost` if something is lost."""

import io
import os
import random
import re
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import cycle
from pathlib import Path

import numpy as np
import safetensors.torch
import torch

from got_train.run_folders import checkpoint_number

from .processes import REFUSED, STOPPED, Ended, Lost, full_from, kill_at, limit_files
from .runs import RANKS, STEPS, Whole, check_resumed, contents, copied, in_folder, run_folder, start

Fault = partial[None]
"""Causes a fault in a new folder, which is its last argument."""

Wholes = Mapping[str, Whole]
"""The run of each kind that nothing has happened to."""

WAYS = ("missing", "empty", "half", "zeroed", "one bit", "other shapes")
"""How a file is damaged."""

NO_ROOM = "cannot be written|No space left on device|File too large"
"""What a line says about a full disk."""

LONGER = 1.2
"""Moments are chosen in this part of a run's time: it may take longer than the run that was measured."""


def kill_before(whole: Whole, rank: int, point: int, folder: Path) -> None:
    """Killed just before a file is changed."""
    run = in_folder(whole, folder)
    start(run, before=lambda: kill_at(run.output, point), rank=rank).wait()
    check_resumed(whole, run)


def kill_within(whole: Whole, rank: int, size: int, folder: Path) -> None:
    """Killed in the middle of writing a file."""
    run = in_folder(whole, folder)
    start(run, before=lambda: limit_files(size, kills=True), rank=rank).wait()
    check_resumed(whole, run)


def kill_at_moment(whole: Whole, rank: int, seconds: float, folder: Path) -> None:
    """Killed at any moment."""
    run = in_folder(whole, folder)
    processes = start(run)
    time.sleep(seconds)
    os.kill(list(processes.ranks)[rank], signal.SIGKILL)
    processes.wait()
    check_resumed(whole, run)


def kill_twice(whole: Whole, rank: int, points: tuple[int, int], folder: Path) -> None:
    """Killed, and killed again while it resumes."""
    run = in_folder(whole, folder)
    for number, point in enumerate(points):
        start(run, resume=number > 0, before=partial(kill_at, run.output, point), rank=rank).wait()
    check_resumed(whole, run)


def terminate(whole: Whole, number: signal.Signals, seconds: float, folder: Path) -> None:
    """Asked to end at any moment."""
    run = in_folder(whole, folder)
    processes = start(run)
    time.sleep(seconds)
    processes.send(number)
    ended = processes.wait()
    if ended.code not in (0, STOPPED, -number):
        raise Lost(f"ended with {ended.code}:\n{ended.output}")
    check_resumed(whole, run)


def fill_disk(whole: Whole, rank: int, point: int, folder: Path) -> None:
    """From some change of a file on, nothing can be written."""
    run = in_folder(whole, folder)
    check_refused(start(run, before=lambda: full_from(run.output, point), rank=rank).wait())
    check_resumed(whole, run)


def limit_disk(whole: Whole, rank: int, size: int, folder: Path) -> None:
    """No file may become larger than some size, whichever library writes it."""
    run = in_folder(whole, folder)
    check_refused(start(run, before=lambda: limit_files(size, kills=False), rank=rank).wait())
    check_resumed(whole, run)


def damage_newest(whole: Whole, name: str, how: str, folder: Path) -> None:
    """A file of the newest checkpoint is damaged."""
    run = copied(whole, folder)
    damage(run_folder(run) / f"checkpoint-{STEPS}" / name, how)
    check_resumed(whole, run)


def damage_all(whole: Whole, choices: list[tuple[str, str]], folder: Path) -> None:
    """A file of each checkpoint is damaged: then nothing is trained, written over or removed."""
    run = copied(whole, folder)
    checkpoints = sorted(run_folder(run).glob("checkpoint-*"))
    for checkpoint, (name, how) in zip(checkpoints, choices, strict=True):
        # DeepSpeed has the step in the name of a folder
        damage(checkpoint / name.replace(f"step{STEPS}", f"step{checkpoint_number(checkpoint)}"), how)
    before = contents(run.output)
    ended = start(run, resume=True).wait()
    if ended.code != REFUSED:
        raise Lost(f"ended with {ended.code}:\n{ended.output}")
    check_refused(ended, "is whole")
    if contents(run.output) != before:
        raise Lost("the run was changed")


def check_refused(ended: Ended, words: str = NO_ROOM) -> None:
    """Raises `Lost` for an end that is neither good nor one line with some of these words, a pattern."""
    lines = [line for line in ended.output.splitlines() if line.startswith("got-train: error: ")]
    if ended.code and not (ended.code == REFUSED and len(lines) == 1 and re.search(words, lines[0])):
        raise Lost(f"ended with {ended.code}:\n{ended.output}")


def damage(file: Path, how: str) -> None:
    """Damages a file."""
    content = file.read_bytes()
    if how == "missing":
        file.unlink()
        return
    place = random.Random(file.name).randrange(len(content))
    flipped = bytes([content[place] ^ 1 << place % 8])
    damages: dict[str, Callable[[], bytes]] = {
        "empty": lambda: b"",
        "half": lambda: content[: len(content) // 2],
        "zeroed": lambda: bytes(len(content)),
        "one bit": lambda: content[:place] + flipped + content[place + 1 :],
        "other shapes": lambda: with_other_shapes(file, content),
    }
    file.write_bytes(damages[how]())


def with_other_shapes(file: Path, content: bytes) -> bytes:
    """A file of tensors with more elements along their first axes."""

    def longer(tensor: torch.Tensor) -> torch.Tensor:
        return torch.cat([tensor, tensor[:1]]) if tensor.dim() else tensor

    made = io.BytesIO()
    if file.suffix == ".safetensors":
        tensors = safetensors.torch.load(content)
        return safetensors.torch.save({name: longer(tensor) for name, tensor in tensors.items()})
    if file.suffix == ".npz":
        np.savez(made, **{name: np.append(array, array) for name, array in np.load(file).items()})
        return made.getvalue()
    state = torch.load(file, weights_only=True)
    for values in state["state"].values():
        values |= {name: longer(value) for name, value in values.items()}
    torch.save(state, made)
    return made.getvalue()


def damages_of(whole: Whole) -> list[tuple[str, str]]:
    """Every file of a checkpoint in every way; of another kind than one process, each file in one way."""
    checkpoint = run_folder(whole.run) / f"checkpoint-{STEPS}"
    files = sorted(file for file in checkpoint.rglob("*") if file.is_file())
    if whole.run.kind != "one process":
        pairs = list(zip(files, cycle(WAYS[:-1]), strict=False))
    else:
        pairs = [(file, how) for file in files for how in WAYS]
    has_shapes = (".safetensors", ".npz")
    return [
        (str(file.relative_to(checkpoint)), how)
        for file, how in pairs
        if how != "other shapes" or file.suffix in has_shapes or file.name == "optimizer.pt"
    ]


def ranks_of(whole: Whole) -> range:
    """The numbers of a run's processes."""
    return range(RANKS.get(whole.run.kind, 1))


def every_change_of_a_save(wholes: Wholes) -> list[Fault]:
    """Each process killed before each change of a file in a save."""
    return [
        partial(kill_before, whole, rank, point)
        for whole in wholes.values()
        for rank in ranks_of(whole)
        for point in whole.save_points(rank)
    ]


def every_damage(wholes: Wholes) -> list[Fault]:
    """See `damages_of`."""
    return [partial(damage_newest, whole, *pair) for whole in wholes.values() for pair in damages_of(whole)]


Draw = Callable[[random.Random, Whole, int], Fault]
"""Draws a fault in a process of a run, which has a number."""


def any_change(rng: random.Random, whole: Whole, rank: int) -> Fault:
    """A process killed before any change of a file, outside saves too."""
    return partial(kill_before, whole, rank, rng.randint(1, len(whole.changes[rank])))


def any_byte(rng: random.Random, whole: Whole, rank: int) -> Fault:
    """A process killed in the middle of a file."""
    return partial(kill_within, whole, rank, any_size(rng))


def any_moment(rng: random.Random, whole: Whole, rank: int) -> Fault:
    """A process killed at any moment."""
    return partial(kill_at_moment, whole, rank, rng.uniform(0, LONGER * whole.seconds))


def any_two_changes(rng: random.Random, whole: Whole, rank: int) -> Fault:
    """A process killed before any change of a file, and again when it resumes."""
    number = len(whole.changes[rank])
    return partial(kill_twice, whole, rank, (rng.randint(1, number), rng.randint(1, number)))


def any_signal(rng: random.Random, whole: Whole, rank: int) -> Fault:
    """All processes asked to end at any moment."""
    number = rng.choice([signal.SIGTERM, signal.SIGUSR1])
    return partial(terminate, whole, number, rng.uniform(0, LONGER * whole.seconds))


def any_full_disk(rng: random.Random, whole: Whole, rank: int) -> Fault:
    """A disk that is full from any change of a file on, or that has room for small files only."""
    if rng.random() < 0.3:
        return partial(limit_disk, whole, rank, any_size(rng))
    return partial(fill_disk, whole, rank, rng.randint(1, len(whole.changes[rank])))


def any_two_damages(rng: random.Random, whole: Whole, rank: int) -> Fault:
    """Damage in both checkpoints; without a manifest nobody can tell what is damaged."""
    pairs = [pair for pair in damages_of(whole) if pair[0] != "manifest.json"]
    return partial(damage_all, whole, [rng.choice(pairs), rng.choice(pairs)])


def any_size(rng: random.Random) -> int:
    """A size in bytes: the log of the process itself fits, most files of a checkpoint do not."""
    return int(10 ** rng.uniform(4.5, 5.5))


def in_turn(draw: Draw) -> Callable[[Wholes, random.Random], Iterator[Fault]]:
    """Draws faults without end, in processes of all kinds of runs in turn."""

    def drawn(wholes: Wholes, rng: random.Random) -> Iterator[Fault]:
        for whole in cycle(wholes.values()):
            yield draw(rng, whole, rng.choice(ranks_of(whole)))

    return drawn


LISTED: dict[str, Callable[[Wholes], list[Fault]]] = {
    "killed before a change of a save, each of them": every_change_of_a_save,
    "a file of the newest checkpoint damaged, each of them": every_damage,
}
"""Faults that are all caused."""

DRAWN: dict[str, Callable[[Wholes, random.Random], Iterator[Fault]]] = {
    "killed before any change of a file": in_turn(any_change),
    "killed within a file": in_turn(any_byte),
    "killed at any moment": in_turn(any_moment),
    "killed, and again while it resumes": in_turn(any_two_changes),
    "SIGTERM or SIGUSR1 at any moment": in_turn(any_signal),
    "disk full": in_turn(any_full_disk),
    "both checkpoints damaged": in_turn(any_two_damages),
}
"""Faults of which there are too many."""
