"""A lock that a killed compiler has left no longer hangs a run."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from got_train.report import UserError
from got_train.training import compiler_locks
from got_train.training.compiler_locks import wait_for_compilers
from tests.conftest import HANG_SECONDS

DAY = 24 * 3600


@pytest.fixture
def lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TORCH_EXTENSIONS_DIR", str(tmp_path))
    monkeypatch.setattr(compiler_locks, "POLL_SECONDS", 0.05)
    lock = tmp_path / "deepspeed_shm_comm" / "lock"
    lock.parent.mkdir()
    lock.touch()
    return lock


def age(lock: Path, seconds: float) -> None:
    for path in (lock, *lock.parent.iterdir()):
        os.utime(path, (time.time() - seconds,) * 2)


@pytest.fixture
def holder(lock: Path) -> Iterator[int]:
    """A process that holds the lock as torch does."""
    code = f"import os; os.open({str(lock)!r}, os.O_CREAT); print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        process.stdout.readline()
        yield process.pid
        process.kill()


def test_a_lock_that_was_left_is_removed_and_said(lock: Path, caplog: pytest.LogCaptureFixture) -> None:
    age(lock, DAY)
    wait_for_compilers()
    assert not lock.exists()
    (message,) = [record.message for record in caplog.records]
    assert message == f"{lock} is removed: it was left 1,440 minutes ago by a process that was killed"


def test_a_lock_of_late_is_waited_for_and_then_removed(
    lock: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(compiler_locks, "QUIET_SECONDS", 1)
    wait_for_compilers()
    assert not lock.exists()
    waits, _ = [record.message for record in caplog.records]
    assert re.match(
        rf"{lock} was made \d seconds ago by a process that was killed or is not on this host", waits
    )


def test_the_clock_may_have_gone_backwards(lock: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiler_locks, "QUIET_SECONDS", 1)
    age(lock, -DAY)
    wait_for_compilers()
    assert not lock.exists()


def test_somebody_elsewhere_who_compiles_is_waited_for(lock: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiler_locks, "QUIET_SECONDS", 1.5)
    code = f"""
import time, pathlib
lock = pathlib.Path({str(lock)!r})
for number in range(8):
    time.sleep(0.5)
    (lock.parent / f"{{number}}.o").touch()
(lock.parent / "made").touch()
lock.unlink()
"""
    with subprocess.Popen([sys.executable, "-c", code]) as process:
        wait_for_compilers()
        assert (lock.parent / "made").exists()
        assert process.wait(HANG_SECONDS) == 0


def test_a_lock_that_is_held_is_left(lock: Path, holder: int) -> None:
    wait_for_compilers()
    assert lock.exists()


def test_a_holder_that_hangs_is_named(lock: Path, holder: int) -> None:
    age(lock, 3600)
    with pytest.raises(
        UserError, match=rf"^process {holder} holds {lock}, and has compiled nothing for 60 min"
    ):
        wait_for_compilers()
    assert lock.exists()


def test_a_lock_that_cannot_be_removed_is_one_line(lock: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, missing_ok: bool = False) -> None:
        raise PermissionError(13, "Permission denied")

    age(lock, DAY)
    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(UserError, match=r"remove it \(Permission denied\)$"):
        wait_for_compilers()


def test_without_a_folder_there_are_no_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_EXTENSIONS_DIR", str(tmp_path / "none"))
    wait_for_compilers()
