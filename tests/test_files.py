"""Files and folders are whole or not there."""

import errno
import hashlib
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from got_train import files
from got_train.files import PART, atomic_file, atomic_folder, only_writer
from got_train.foreign_files import read_json
from got_train.report import UserError

SMALL_DISK = """
import resource, signal, sys, torch
from pathlib import Path
from safetensors.torch import save_file
from tokenizers import Tokenizer, models
from got_train.files import atomic_folder
from got_train.report import UserError
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
weights = {"a": torch.zeros(100_000)}
vocabulary = {f"word{number}": number for number in range(10_000)}
writers = {
    "safetensors": lambda folder: save_file(weights, folder / "model.safetensors"),
    "torch": lambda folder: torch.save(weights, folder / "optimizer.pt"),
    "tokenizers": lambda folder: Tokenizer(models.WordLevel(vocabulary)).save(str(folder / "t.json")),
    "text": lambda folder: (folder / "args.yaml").write_text("x" * 100_000),
}
target = Path(sys.argv[1])
for name, write in writers.items():
    try:
        with atomic_folder(target) as folder:
            write(folder)
    except UserError as error:
        print(name, "|", error, "|", list(target.parent.iterdir()))
"""


FULL_ANYWHERE = """
import os, resource, signal, sys, torch
from pathlib import Path
from got_train.files import naming_refusals
from got_train.report import UserError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
file, is_zip = Path(sys.argv[1]), sys.argv[2] == "zip"
state = [torch.ones(number) for number in (10, 3000, 20)]
torch.save(state, file, _use_new_zipfile_serialization=is_zip)
size = file.stat().st_size
limits = [*range(0, size, 211), *range(size - 8, size)]
for limit in limits:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    try:
        with naming_refusals(file):
            torch.save(state, file, _use_new_zipfile_serialization=is_zip)
    except UserError as error:
        assert str(error).startswith(f"{file} cannot be written: "), error
    else:
        raise AssertionError(f"{limit} of {size} bytes were enough")
print(len(limits), "refused")
"""


def test_a_file_is_there_when_it_is_written(tmp_path: Path) -> None:
    file = tmp_path / "new" / "scores.json"
    with atomic_file(file) as part:
        part.write_text("{}")
        assert not file.exists()
    assert read_json(file) == {}
    assert list(file.parent.iterdir()) == [file]


def test_a_file_of_before_stays_when_writing_fails(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("before")
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with pytest.raises(UserError) as caught, atomic_file(file) as part:
        part.write_text("half")
        raise full
    assert str(caught.value) == f"{file} cannot be written: No space left on device"
    assert file.read_text() == "before"
    assert list(tmp_path.iterdir()) == [file]


def test_a_fault_of_ours_keeps_its_own_error(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), atomic_folder(tmp_path / "a"):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_program_left_is_no_obstacle(tmp_path: Path) -> None:
    left = tmp_path / f"model{PART}"
    left.mkdir()
    (left / "half").touch()
    (tmp_path / "model").mkdir()  # an empty folder that the user has made
    with atomic_folder(tmp_path / "model") as folder:
        (folder / "config.json").touch()
    assert [path.name for path in tmp_path.rglob("*")] == ["model", "config.json"]


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="the system limits no sizes of files")
def test_a_full_disk_is_one_line_whichever_library_writes(tmp_path: Path) -> None:
    words = [sys.executable, "-c", SMALL_DISK, str(tmp_path / "model")]
    lines = subprocess.run(words, capture_output=True, text=True, check=True).stdout.splitlines()
    assert [line.split(" | ")[0] for line in lines] == ["safetensors", "torch", "tokenizers", "text"]
    for line in lines:
        assert f"| {tmp_path / 'model'} cannot be written: " in line
        assert line.endswith("| []")


@pytest.mark.parametrize("form", ["zip", "pickle"])
def test_a_disk_that_is_full_at_any_byte_of_a_state_is_named(tmp_path: Path, form: str) -> None:
    words = [sys.executable, "-c", FULL_ANYWHERE, str(tmp_path / "optimizer.pt"), form]
    ended = subprocess.run(words, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (0, "") and ended.stdout.endswith(" refused\n"), ended


def test_a_forked_process_holds_no_lock_of_its_parent(tmp_path: Path) -> None:
    lock, what = tmp_path / "lock", tmp_path
    reading, writing = os.pipe()
    waiting, started = os.pipe()
    with only_writer(lock, what):
        worker = os.fork()
        if worker == 0:  # as a loader worker that hangs, and outlives the run
            os.write(started, b"x")
            os.read(reading, 1)
            os._exit(0)
        os.read(waiting, 1)  # the lock is let go of in the worker, which may start late
        with pytest.raises(UserError, match=rf"is being written by process {os.getpid()} on "):
            with only_writer(lock, what):
                pass
    with only_writer(lock, what):
        os.write(writing, b"x")
    os.waitpid(worker, 0)


def test_a_file_is_read_once_while_it_stays_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "source.txt"
    file.write_bytes(b"one")
    one = hashlib.sha256(b"one").hexdigest()
    assert files.digest_of(file, hashlib.sha256) == files.digest_once(file, hashlib.sha256) == one
    file.write_bytes(b"three")
    three = hashlib.sha256(b"three").hexdigest()
    assert files.digest_once(file, hashlib.sha256) == three
    monkeypatch.setattr(files, "digest_of", None)  # the next one would fail if it read the file
    assert files.digest_once(file, hashlib.sha256) == three


def test_what_can_be_made_again_is_kept_where_there_is_room(tmp_path: Path) -> None:
    files.keep_in_cache(tmp_path / "cache/index", lambda file: file.write(b"index"))
    assert (tmp_path / "cache/index").read_bytes() == b"index"
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["index"]
    (tmp_path / "full").write_text("a file, where a folder should be")
    files.keep_in_cache(tmp_path / "full/index", lambda file: file.write(b"index"))
    assert (tmp_path / "full").read_text() == "a file, where a folder should be"
