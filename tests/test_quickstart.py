"""The quickstart's data, and the whole of it with next to no training."""

import dataclasses
import itertools
import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from got_train import quickstart, quickstart_data
from got_train.cli import main
from got_train.inference import predict
from got_train.model import merge as got_merge
from got_train.quickstart_data import DATA_SETS, numbers_of
from got_train.training import callbacks, saving
from got_train.training.trainer import GotTrainer
from tests.conftest import HANG_SECONDS


def test_held_out_numbers_are_never_trained_on() -> None:
    trained = {number for item in DATA_SETS if not item.is_held_out for number in numbers_of(item)}
    held_out = {number for item in DATA_SETS if item.is_held_out for number in numbers_of(item)}
    assert not trained & held_out
    assert len(trained) == 9001
    assert len(held_out) == 999
    assert {len(number) for number in held_out} == {2, 3, 4}


def test_every_length_is_drawn_as_often() -> None:
    plain = next(item for item in DATA_SETS if item.name == "plain")
    lengths = [len(number) for number in numbers_of(plain)]
    assert len({lengths.count(length) for length in (1, 2, 3, 4)}) == 1


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Next to no data and training: 12 pictures a set, three steps a stage, each saved."""
    few = tuple(dataclasses.replace(item, count=12) for item in DATA_SETS)
    monkeypatch.setattr(quickstart_data, "DATA_SETS", few)
    configs = tmp_path / "configs"
    configs.mkdir()
    shutil.copytree(quickstart.STAGE_CONFIGS / "curves", configs / "curves")
    for path in quickstart.STAGE_CONFIGS.glob("*.yaml"):
        text = re.sub(r"#\d+$", "#12", path.read_text(), flags=re.MULTILINE)
        text = text.replace("save_steps: 200", "save_steps: 1").replace("batch_size: 48", "batch_size: 4")
        (configs / path.name).write_text(text)
    monkeypatch.setattr(quickstart, "STAGE_CONFIGS", configs)


@pytest.mark.slow
def test_everything_runs_and_is_reported(tmp_path: Path, small: None, capsys: Any) -> None:
    output = tmp_path / "out"
    with pytest.raises(SystemExit) as caught:
        main(["quickstart", "--output", str(output)])
    assert caught.value.code == 0

    summary = json.loads((output / "summary.json").read_text())
    assert set(summary) == {
        "stage1",
        "stage2",
        "stage3",
        "lora",
        "merged_equals_unmerged",
        "held_out_rows",
        "training_rows",
        "seconds_data",
        "seconds",
    }
    for stage in ("stage1", "stage2", "stage3", "lora"):
        assert set(summary[stage]) >= {"loss_first", "loss_last", "cer_before", "cer_after", "seconds"}
    assert {"box_cer", "color_cer", "region_cer"} <= set(summary["stage3"])
    assert summary["merged_equals_unmerged"] is True
    assert summary["held_out_rows"]["fractions_held_out"] == 12

    page = (output / "report.html").read_text()
    assert page.count('src="data:image/png;base64,') == 6 * 8
    assert page.count('<figure class="curve">') == 4
    assert not re.findall(r"(?:src|href)=.(?!data:|#)", page)
    assert "stage3, box and colour" in capsys.readouterr().out

    with pytest.raises(SystemExit) as caught:
        main(["quickstart", "--output", str(output)])
    assert caught.value.code == 2
    assert "exists: remove it or name another folder with --output" in capsys.readouterr().err


def die(*_: Any, **__: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_at(calls: int, function: Callable[..., Any], after: bool = False) -> Callable[..., Any]:
    """A function that kills this process at one of its calls, before or after its work."""
    counted = itertools.count(1)

    def called(*arguments: Any, **words: Any) -> Any:
        last = next(counted) == calls
        if last and not after:
            die()
        result = function(*arguments, **words)
        if last:
            die()
        return result

    return called


KILLS: dict[str, tuple[Any, str, int, bool]] = {
    "after the second set": (quickstart_data, "draw_set", 2, True),
    "while bars are drawn": (quickstart_data, "_draw_bar", 5, False),
    "before the first checkpoint of stage 1": (GotTrainer, "training_step", 1, False),
    "in step 3 of stage 1": (GotTrainer, "training_step", 3, False),
    "while a checkpoint of stage 1 is written": (saving, "write_manifest", 1, False),
    "before the curves of stage 1": (callbacks, "draw_curve", 1, False),
    "in stage 2": (GotTrainer, "training_step", 2, False),
    "in the fine-tune": (GotTrainer, "training_step", 6, False),
    "while the merged model is written": (got_merge, "model_card", 1, False),
    "in the first file of predictions": (predict, "prediction_row", 30, False),
    "in a later file of predictions": (predict, "prediction_row", 60, False),
    "before the report": (quickstart, "report", 1, False),
}
"""Where the quickstart is killed, one after the other: a function, at which call, whether after its work."""


def scores(output: Path) -> dict[str, Any]:
    """What a quickstart has found out; the seconds are those of the last process."""
    summary = json.loads((output / "summary.json").read_text())
    timeless = {name: value for name, value in summary.items() if not name.startswith("seconds")}
    for stage in quickstart.STAGES:
        del timeless[stage]["seconds"]
    return timeless


@pytest.mark.slow
def test_killed_anywhere_the_same_command_goes_on(tmp_path: Path, small: None) -> None:
    """The processes are copies of this one, which has everything imported."""

    def forked(output: Path, *kill: Any) -> int:
        process = os.fork()
        if process:
            return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        code = 1
        try:
            if kill:
                place, name, calls, after = kill
                setattr(place, name, die_at(calls, getattr(place, name), after))
            quickstart.quickstart(output)
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)

    assert forked(tmp_path / "whole") == 0
    output = tmp_path / "killed"
    for moment, kill in KILLS.items():
        print(f"killed {moment}", flush=True)
        assert forked(output, *kill) == -signal.SIGKILL, moment
    assert forked(output) == 0
    assert scores(output) == scores(tmp_path / "whole")
    for file in (tmp_path / "whole" / "predictions").iterdir():
        rows = [json.loads(line) for line in (output / "predictions" / file.name).read_text().splitlines()]
        whole = [json.loads(line) for line in file.read_text().splitlines()]
        assert [row["response"] for row in rows] == [row["response"] for row in whole]
    left = [path.name for path in output.rglob("*.part")]
    assert left == []


def test_a_folder_of_something_else_is_refused(tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(SystemExit) as caught:
        main(["quickstart", "--output", str(tmp_path)])
    assert caught.value.code == 2
    assert "exists: remove it or name another folder with --output" in capsys.readouterr().err


@pytest.mark.slow
def test_a_second_quickstart_is_refused_and_what_it_draws_ends_with_it(tmp_path: Path) -> None:
    output = tmp_path / "out"
    command = [sys.executable, "-m", "got_train", "quickstart", "--output", str(output)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as first:
        for _ in range(HANG_SECONDS * 10):
            if list(output.glob("data/*/shards/*.json")):
                break
            time.sleep(0.1)
        second = subprocess.run(command, capture_output=True, text=True, timeout=HANG_SECONDS)
        holder = f"process {first.pid} on {platform.node()}"
        assert second.returncode == 2 and f"{output} is being written by {holder}" in second.stderr
        drawing = [child.pid for child in psutil.Process(first.pid).children(recursive=True)]
        assert drawing
        first.kill()
    for _ in range(HANG_SECONDS * 10):
        if not any(psutil.pid_exists(number) for number in drawing):
            break
        time.sleep(0.1)
    assert not any(psutil.pid_exists(number) for number in drawing)
