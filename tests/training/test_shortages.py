"""What a machine has too little of is one line that says what to lower."""

import errno
import os
import resource
import shutil
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from got_train.data import check
from got_train.data.samples import SampleEncoder
from got_train.model import merge
from got_train.model.got import GotModel
from got_train.shortages import shortage
from got_train.training import run_dir, trainer
from got_train.training.callbacks import RunLog
from tests.training.runs import WriteConfig, run, run_folder

DEVICE = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total of 24 GiB")
HOST = RuntimeError("[enforce fail at alloc_cpu.cpp:121] . DefaultCPUAllocator: can't allocate memory: you")
TRAINING = trainer.LOWER_FOR_TRAINING


def said(capsys: Any) -> str:
    """The only line of an error."""
    lines = capsys.readouterr().err.splitlines()
    assert not [line for line in lines if line.startswith("Traceback")]
    [line] = [line for line in lines if line.startswith(("got-train: error: ", "got-train: stopped: "))]
    return line.removeprefix("got-train: error: ")


def failing(
    monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, error: Exception, training: bool | None = None
) -> None:
    """Has a function fail; of a model only while it trains, or only while it does not."""
    work = getattr(owner, name)

    def fail(*arguments: Any, **words: Any) -> Any:
        if training is None or arguments[0].training == training:
            raise error
        return work(*arguments, **words)

    monkeypatch.setattr(owner, name, fail)


@pytest.mark.parametrize(
    ("error", "what"),
    [
        (DEVICE, "the device is out of memory"),
        (HOST, "there is not enough memory"),
        (MemoryError(), "there is not enough memory"),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling"), "the device is out of memory"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "there is not enough memory"),
    ],
)
def test_a_batch_that_does_not_fit_is_named(
    error: Exception, what: str, write_config: WriteConfig, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    failing(monkeypatch, GotModel, "forward", error, training=True)
    assert run("train", write_config(data={"val": None})) == 2
    line = said(capsys)
    assert line.startswith(what) and line.endswith(f"did not fit; {TRAINING}")
    assert "the batch of step 1 (4 x " in line and " tokens, " in line and " tiles)" in line


def test_a_batch_of_validation_rows(
    write_config: WriteConfig, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    failing(monkeypatch, GotModel, "forward", DEVICE, training=False)
    train = {"eval_strategy": "steps", "eval_on_start": True, "per_device_eval_batch_size": 2}
    assert run("train", write_config(train=train)) == 2
    line = said(capsys)
    assert line.startswith("the device is out of memory: the batch of step 0 (2 x ")
    assert line.endswith("did not fit; lower train.per_device_eval_batch_size (2)")


def test_a_batch_of_questions(
    write_config: WriteConfig, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    failing(monkeypatch, GotModel, "generate", DEVICE)
    train = {"eval_strategy": "steps", "eval_on_start": True}
    assert run("train", write_config(train=train)) == 2
    line = said(capsys)
    assert line.startswith("the device is out of memory: a batch of questions (2 x ")
    assert line.endswith(" tiles) with answers of up to 4 tokens did not fit; lower eval.batch_size")


def test_infer_and_merge(
    write_config: WriteConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    lora = {"enabled": True, "modules": ["decoder"], "rank": 2}
    assert run("train", write_config(data={"val": None})) == 0
    base = run_folder(tmp_path) / "checkpoint-2"
    words = write_config("lora", model={"path": str(base)}, lora=lora, data={"val": None})
    assert run("train", words) == 0
    failing(monkeypatch, GotModel, "generate", DEVICE)
    capsys.readouterr()
    output = tmp_path / "answers.jsonl"
    assert run("infer", base, "--data", tmp_path / "rows.jsonl", "--output", output) == 2
    assert said(capsys).endswith("did not fit; lower --batch-size or --max-new-tokens")
    assert run("infer", base, "--image", tmp_path / "1.png", "--beams", 3) == 2
    line = said(capsys)
    assert (
        " tile) with 3 beams of answers of up to 4,096 tokens did not fit; lower --beams, --batch-s" in line
    )
    failing(monkeypatch, merge, "probe_logits", HOST)
    adapters = run_folder(tmp_path, "lora") / "checkpoint-2"
    assert run("merge", adapters) == 2
    assert said(capsys).startswith(f"there is not enough memory: merging {adapters} did not fit; ")
    assert list(adapters.parent.glob("*merged*")) == []


def test_memory_that_really_ends(write_config: WriteConfig, tmp_path: Path, capfd: Any) -> None:
    """A copy of this process that may take 300 MB more than it has; its batch takes several GB."""
    train = {"per_device_train_batch_size": 4096, "max_steps": 2}
    data = {"train": [f"{tmp_path / 'rows.jsonl'}#4096"], "val": None}
    config = write_config(train=train, data=data)
    process = os.fork()
    if not process:
        code = 1
        try:
            used = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
            resource.setrlimit(resource.RLIMIT_AS, (used + 300 * 2**20, resource.RLIM_INFINITY))
            code = run("train", config)
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 2
    assert said(capfd).startswith("there is not enough memory: the batch of step 1 (4096 x ")


FILES, SHARED = "too many open files: raise the limit", "shared memory (/dev/shm) is full"
PEER = "another process of this launch has ended, or has not answered"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.EMFILE, "Too many open files"), FILES),
        ("received 0 items of ancdata", FILES),
        ("unable to open shared memory object </torch_1_2> in read-write mode: Too many open files", FILES),
        ("unable to write to file </torch_1_2_3>: No space left on device (28)", SHARED),
        ("unable to allocate shared memory(shm) for file </torch_1>: Success (0)", SHARED),
        ("can't start new thread", "the system allows no more processes or threads"),
        ("[../gloo/transport/tcp/pair.cc:534] Connection closed by peer [127.0.0.1]:5", PEER),
        ("Timed out waiting 20000ms for recv operation to complete", PEER),
    ],
)
def test_what_has_run_out(error: Exception | str, words: str) -> None:
    reason = shortage(RuntimeError(error) if isinstance(error, str) else error)
    assert reason is not None and reason.startswith(words)


def test_other_errors_are_faults_of_ours() -> None:
    errors = (KeyError("x"), RuntimeError("shape"), OSError(2, "No such file"))
    assert [shortage(error) for error in errors] == [None] * 3


def test_too_many_open_files_in_a_run(
    write_config: WriteConfig, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    failing(monkeypatch, SampleEncoder, "sizes", OSError(errno.EMFILE, "Too many open files"))
    assert run("train", write_config()) == 2
    assert said(capsys) == "too many open files: raise the limit with `ulimit -n 65536` before the command"


def at_step_1(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], Any]) -> None:
    write = RunLog.on_log

    def on_log(self: RunLog, args: Any, state: Any, *rest: Any, **kwargs: Any) -> None:
        write(self, args, state, *rest, **kwargs)
        if state.global_step == 1:
            happens()

    monkeypatch.setattr(RunLog, "on_log", on_log)


def test_a_run_folder_that_is_deleted(
    write_config: WriteConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    at_step_1(monkeypatch, lambda: shutil.rmtree(run_folder(tmp_path)))
    assert run("train", write_config(data={"val": None})) == 2
    assert said(capsys).endswith(" is gone, with the checkpoints of this run: start again")


def test_a_machine_without_git(
    write_config: WriteConfig, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert run_dir._commit() is None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_a_signal_while_rows_are_checked_loses_none(
    number: signal.Signals, write_config: WriteConfig, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    handler = signal.getsignal(number)  # another test's, perhaps
    monkeypatch.setattr(check, "KEEP_SECONDS", -1)
    sizes = SampleEncoder.sizes
    asked: list[str] = []
    sent: list[int] = []

    def stop_at(self: SampleEncoder, record: Any) -> Any:
        asked.append(record.location)
        if len(asked) == 9 and not sent:
            sent.append(number)
            os.kill(os.getpid(), number)
        return sizes(self, record)

    monkeypatch.setattr(SampleEncoder, "sizes", stop_at)
    monkeypatch.setattr(check, "BATCH_ROWS", 4)
    config = write_config(data={"val": None})
    assert run("train", config) == 75
    assert f"stopped: by {number.name}; the same command with resume=auto goes on" in said(capsys)
    assert signal.getsignal(number) is handler
    asked.clear()
    assert run("train", config, "resume=auto") == 0
    assert len(asked) == 17 - 7  # the last row that came before the signal waited to be written
    assert threading.active_count() < 10
