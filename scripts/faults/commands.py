"""Faults of the commands that write beside training: `convert`, `merge`, `infer` and `eval`."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from .causes import Fault, Wholes, check_refused
from .processes import REFUSED, Ended, Lost, full_from, kill_at, list_changes
from .runs import STEPS, command, contents, run_folder


@dataclass(frozen=True)
class Command:
    """A command of got-train, and what it writes."""

    words: tuple[str, ...]
    written: dict[str, bytes] = field(repr=False)
    """All files that it leaves in its folder, by their names, when nothing happens to it."""
    changes: tuple[str, ...] = field(repr=False)
    """The events that change files in its folder."""
    goes_on: str
    """What is said in addition when a file is there already."""

    def run(self, folder: Path, *words: str, before: Callable[[], object] = lambda: None) -> Ended:
        """Runs it in a folder."""
        named = [word.replace("FOLDER", str(folder / "output")) for word in (*self.words, *words)]
        return command(named, folder, before)


def commands(wholes: Wholes, folder: Path) -> list[Command]:
    """The commands, after each has been run once."""
    model, adapters = (
        str(run_folder(wholes[kind].run) / f"checkpoint-{STEPS}") for kind in ("one process", "adapters")
    )
    rows = str(wholes["adapters"].run.data / "rows.jsonl")
    answers = folder / "infer" / "output" / "answers.jsonl"
    read = ("infer", model, "--data", rows, "--max-new-tokens", "4", "--batch-size", "4")
    score = ("eval", str(answers), "--suite", "plain", "--output", "FOLDER/scores.json")
    asked = {
        "convert": (("convert", model, "FOLDER/converted", "--to", "original"), ""),
        "merge": (("merge", adapters, "--output", "FOLDER/merged"), ""),
        "infer": ((*read, "--output", "FOLDER/answers.jsonl"), "--resume"),
        "eval": ((*score, "--report", "FOLDER/page.html"), "--overwrite"),
    }
    return [once(words, goes_on, folder / name) for name, (words, goes_on) in asked.items()]


def once(words: tuple[str, ...], goes_on: str, folder: Path) -> Command:
    """A command after it has been run without a fault."""
    (folder / "output").mkdir(parents=True)
    changes = folder / "changes"
    ended = Command(words, {}, (), goes_on).run(
        folder, before=lambda: list_changes(folder / "output", changes)
    )
    if ended.code:
        raise SystemExit(f"{' '.join(words)}: failed without a fault:\n{ended.output}")
    return Command(words, contents(folder / "output"), tuple(changes.read_text().splitlines()), goes_on)


def kill_command(asked: Command, point: int, folder: Path) -> None:
    """A command is killed before a change of a file, and run again."""
    (folder / "output").mkdir(parents=True)
    asked.run(folder, before=lambda: kill_at(folder / "output", point))
    check_again(asked, folder)


def fill_disk_of_command(asked: Command, point: int, folder: Path) -> None:
    """The disk is full from a change of a file on; then there is room again, and the command is run again."""
    (folder / "output").mkdir(parents=True)
    ended = asked.run(folder, before=lambda: full_from(folder / "output", point))
    check_refused(ended)
    check_again(asked, folder)


def check_again(asked: Command, folder: Path) -> None:
    """Looks at what a broken command has left, and runs it again.

    Raises:
        Lost: if a file is half, or the command does not do then what it does without a fault.
    """
    left = {name for name in contents(folder / "output") if ".part" not in name}
    if asked.goes_on != "--resume":  # which goes on within a file
        check_same(asked, folder, left)
    ended = asked.run(folder)
    if ended.code == REFUSED and left:  # it says that its file or folder is there already
        check_refused(ended, "exist")
        ended = asked.run(folder, asked.goes_on) if asked.goes_on else Ended(0, "")
    if ended.code:
        raise Lost(f"the second time it ended with {ended.code}:\n{ended.output}")
    check_same(asked, folder, set(asked.written))
    shutil.rmtree(folder / "output")


def check_same(asked: Command, folder: Path, names: set[str]) -> None:
    """Raises `Lost` for files that differ from those that the command writes without a fault."""
    found = contents(folder / "output")
    for name in names:
        if found.get(name) != asked.written.get(name):
            raise Lost(f"{name} differs from what the command writes without a fault")


def every_change_of_commands(asked: list[Command]) -> list[Fault]:
    """Each command killed before each change of a file."""
    return [partial(kill_command, one, point) for one in asked for point in range(1, len(one.changes) + 1)]


def every_full_disk_of_commands(asked: list[Command]) -> list[Fault]:
    """Each command on a disk that is full from a change on."""
    return [
        partial(fill_disk_of_command, one, point) for one in asked for point in range(1, len(one.changes) + 1)
    ]
