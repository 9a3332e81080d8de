"""Loader workers that are killed or hang end the work in one line."""

import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from torch.utils.data import DataLoader, get_worker_info

from got_train.data import workers
from got_train.data.samples import SampleEncoder
from got_train.data.workers import Watched, naming_worker_faults
from got_train.report import UserError
from tests.training.runs import WriteConfig, run

LOWER = "train.dataloader_num_workers or sample.max_pixels"


class Rows:
    """Numbers; at one of them something happens to the process."""

    def __init__(self, happens: Any) -> None:
        self.happens = happens

    def __len__(self) -> int:
        return 8

    def __getitem__(self, index: int) -> int:
        if index == 5 and get_worker_info():
            self.happens()
        return index

    def location(self, index: int) -> str:
        return f"rows.jsonl, line {index + 1}"


def stop() -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


def read(happens: Any, seconds: float = 900, num_workers: int = 2) -> list[int]:
    rows = Watched(Rows(happens), num_workers, seconds)
    loader = DataLoader(rows, batch_size=2, num_workers=num_workers, collate_fn=list)
    with naming_worker_faults(LOWER):
        return [number for batch in loader for number in batch]


def test_rows_are_as_without_a_watch() -> None:
    assert read(lambda: None) == read(stop, num_workers=0) == list(range(8))


def test_a_killed_worker_names_its_row_and_what_to_lower() -> None:
    with pytest.raises(UserError) as caught:
        read(lambda: os.kill(os.getpid(), signal.SIGKILL))
    assert str(caught.value) == (
        "a loader worker was killed while it was at rows.jsonl, line 6: out of memory? "
        "Lower train.dataloader_num_workers or sample.max_pixels"
    )


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (
            signal.SIGBUS,
            "a loader worker was ended while it was at rows.jsonl, line 6: shared memory (/dev/shm)",
        ),
        (
            signal.SIGSEGV,
            "a loader worker crashed while it was at rows.jsonl, line 6 (Segmentation fault): leave",
        ),
    ],
)
def test_other_signals_are_other_faults(number: signal.Signals, words: str) -> None:
    def die() -> None:
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    with pytest.raises(UserError) as caught:
        read(die)
    assert str(caught.value).startswith(words)


@pytest.mark.parametrize("happens", [stop, lambda: time.sleep(600)], ids=["stopped", "hung"])
def test_a_worker_that_hangs_is_noticed(happens: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "POLL_SECONDS", 0.1)
    with pytest.raises(UserError) as caught:
        read(happens, seconds=1)
    why = "it was stopped" if happens is stop else "perhaps its file system does not answer"
    assert str(caught.value) == (
        f"a loader worker has been at rows.jsonl, line 6 for 1 seconds ({why}), and was ended; "
        "train.ddp_timeout is twice the time that a row may take"
    )


def test_many_rows_that_are_slow_together_are_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(Rows, "__getitem__", lambda self, index: time.sleep(0.4) or index)
    assert read(stop, seconds=1, num_workers=1) == list(range(8))  # 3.2 seconds


def test_another_error_stays_what_it_is() -> None:
    def fail() -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        read(fail)


def kill_at(monkeypatch: pytest.MonkeyPatch, method: str, text: str) -> None:
    """Kills the loader worker that comes to the row with a text."""
    made = getattr(SampleEncoder, method)

    def sample(self: SampleEncoder, record: Any, *rest: Any) -> Any:
        if get_worker_info() and record.turns[-1].response == text:
            os.kill(os.getpid(), signal.SIGKILL)
        return made(self, record, *rest)

    monkeypatch.setattr(SampleEncoder, method, sample)


@pytest.mark.parametrize("method", ["sizes", "sample"])
def test_a_run_whose_worker_is_killed_ends_in_one_line(
    method: str, write_config: WriteConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    train = {"dataloader_num_workers": 2, "save_strategy": "steps", "save_steps": 1, "max_steps": 20}
    config = write_config(train=train, data={"val": None})
    kill_at(monkeypatch, method, "007")
    assert run("train", config) == 2
    lines = capsys.readouterr().err.splitlines()
    said = [line for line in lines if line.startswith("got-train: error:")]
    assert len(said) == 1 and not [line for line in lines if line.startswith("Traceback")]
    where = f"{tmp_path / 'rows.jsonl'} line 8: out of memory? Lower train.dataloader_num_workers"
    assert where in said[0].replace(", line", " line").replace(":8:", " line 8:")
    assert ("resume=auto" in said[0] or "has no checkpoint yet" in said[0]) == (method == "sample")
