"""Which checkpoint a run goes on from, and when it may not."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from got_train.training.callbacks import read_log
from tests.conftest import write_rows
from tests.training.runs import WriteConfig, losses, run, run_folder

TRAIN = {"max_steps": 4, "save_steps": 2, "lr_scheduler_type": "linear"}


@pytest.fixture
def config(write_config: WriteConfig) -> Path:
    """Of a run that has ended, with checkpoints at its steps 2 and 4."""
    path = write_config(train=TRAIN)
    assert run("train", path) == 0
    return path


def test_a_checkpoint_that_was_not_saved_to_its_end_is_left_out(
    config: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = run_folder(tmp_path)
    whole, expected = load_file(folder / "checkpoint-4" / "model.safetensors"), losses(folder)
    for name in ("trainer_state.json", "optimizer.pt"):  # killed between the weights and these
        (folder / "checkpoint-4" / name).unlink()
    assert run("train", config, "resume=auto") == 0
    assert f"{folder / 'checkpoint-4'} is incomplete (no trainer_state.json)" in caplog.text
    again = load_file(folder / "checkpoint-4" / "model.safetensors")
    assert all(torch.equal(again[name], whole[name]) for name in whole)
    # The steps that were done twice stand in the log once.
    assert losses(folder) == expected
    assert [row["step"] for row in read_log(folder / "logging.jsonl") if "loss" in row] == [1, 2, 3, 4]


def test_a_log_that_was_cut_off_is_gone_on_with(config: Path, tmp_path: Path) -> None:
    folder = run_folder(tmp_path)
    expected = losses(folder)
    shutil.rmtree(folder / "checkpoint-4")
    log = folder / "logging.jsonl"
    log.write_text(log.read_text()[:-30])
    assert run("train", config, "resume=auto") == 0
    assert losses(folder) == expected


def test_a_run_that_has_ended_trains_no_more(config: Path, tmp_path: Path, capsys: Any) -> None:
    folder = run_folder(tmp_path)
    before = sorted(path.name for path in folder.iterdir()), (folder / "logging.jsonl").read_text()
    assert run("train", config, "resume=auto") == 0
    out = capsys.readouterr().out
    assert f"nothing is left to train: {folder / 'checkpoint-4'} is the end of this run" in out
    assert before == (sorted(path.name for path in folder.iterdir()), (folder / "logging.jsonl").read_text())
    assert run("train", config, "resume=auto", "train.max_steps=5", "train.save_steps=5") == 0
    assert (folder / "checkpoint-5").is_dir()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["train.learning_rate=5"], "train.learning_rate was 0.001 and is 5: change it back, or start a new"),
        (["train.learning_rates.encoder=0"], "train.learning_rates.encoder was None and is 0"),
        (["train.optim=sgd"], "train.optim was None and is sgd"),
        (
            ["lora.enabled=true", "lora.rank=4"],
            "enabled was False and is True, lora.rank was 8 and is 4",
        ),
        (["model.decoder.shape.hidden_size=64"], "model.decoder.shape.hidden_size was 48 and is 64"),
        (["train.deepspeed.zero_optimization.stage=2"], "has no state of the optimizer (global_step*)"),
    ],
)
def test_a_run_goes_on_as_it_began(config: Path, words: list[str], message: str, capsys: Any) -> None:
    assert run("train", config, "resume=auto", "train.max_steps=6", *words) == 2
    assert message in capsys.readouterr().err


def test_weights_alone_are_no_run_to_go_on_with(
    write_config: WriteConfig, tmp_path: Path, capsys: Any
) -> None:
    config = write_config(train=TRAIN | {"save_only_model": True})
    assert run("train", config) == 0
    assert run("train", config, "resume=auto", "train.max_steps=6") == 2
    checkpoint = run_folder(tmp_path) / "checkpoint-4"
    assert capsys.readouterr().err.splitlines()[-1] == (
        f"got-train: error: resume: {checkpoint} has no state of the optimizer (optimizer.pt): it was saved "
        "with train.save_only_model, or with another train.deepspeed. Start a new run from its weights, with "
        "model.path"
    )


def test_checkpoints_of_other_programs_are_refused(config: Path, tmp_path: Path, capsys: Any) -> None:
    checkpoint = run_folder(tmp_path) / "checkpoint-2"
    (checkpoint / "args.yaml").unlink()
    assert run("train", config, f"resume={checkpoint}") == 2
    assert f"{checkpoint} is not of got-train (it has no args.yaml)" in capsys.readouterr().err


def test_adapters_go_on_above_the_base_that_they_began_with(
    write_config: WriteConfig, tmp_path: Path, capsys: Any
) -> None:
    base = write_config("base", train={"max_steps": 1, "save_steps": 1})
    assert run("train", base) == 0
    model = {"init": "pretrained", "path": str(tmp_path / "output" / "base")}
    config = write_config("tuned", model=model, train=TRAIN, lora={"enabled": True}, eval={"compare_rows": 0})
    assert run("train", config) == 0
    assert run("train", base, "train.seed=1") == 0
    assert run("train", config, "resume=auto", "train.max_steps=6") == 2
    first, second = (run_folder(tmp_path, "base", number) / "checkpoint-1" for number in (0, 1))
    assert f"model.path was {first} and is {second}: change it back" in capsys.readouterr().err
    assert run("train", config, "resume=auto", "train.max_steps=6", f"model.path={first}") == 0


def test_paths_mean_the_same_from_anywhere(
    write_config: WriteConfig, tmp_path: Path, tokenizer_dir: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(tokenizer_dir, tmp_path / "tokenizer")
    config = write_config(lora={"enabled": True})
    monkeypatch.chdir(tmp_path)
    assert run("train", config, "model.decoder.tokenizer=./tokenizer") == 0
    monkeypatch.chdir("/")
    assert run("merge", run_folder(tmp_path)) == 0


def test_kinds_of_any_name_have_curves(write_config: WriteConfig, rows_file: Path, tmp_path: Path) -> None:
    rows = [json.loads(line) for line in rows_file.read_text().splitlines()]
    kinds = ["k" * 300, r"x$\foo$", "nul\0", "a/b"]
    write_rows(rows_file, [row | {"kind": kinds[number % 4]} for number, row in enumerate(rows)])
    assert run("train", write_config()) == 0
    drawn = {path.name for path in (run_folder(tmp_path) / "images").glob("train_loss_*")}
    assert drawn == {
        f"train_loss_{'k' * 89}.png",
        "train_loss_x__foo_.png",
        "train_loss_nul_.png",
        "train_loss_a_per_b.png",
    }
