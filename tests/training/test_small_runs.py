"""What runs say of themselves that are short, learn nothing, stop early, or are only tried."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from got_train.training import train
from got_train.training.callbacks import read_log
from tests.conftest import write_rows
from tests.training.runs import WriteConfig, losses, run, run_folder


def test_a_short_run_says_what_to_set_and_has_a_curve(
    write_config: WriteConfig, tmp_path: Path, capsys: Any
) -> None:
    train = {"max_steps": -1, "num_train_epochs": 1, "logging_steps": 500, "eval_strategy": "steps"}
    config = write_config(train=train, data={"val": None, "val_ratio": 0.01})
    assert run("train", config) == 0
    out = capsys.readouterr().out
    assert (
        "4 optimizer steps: little can be learnt. For 50, set train.num_train_epochs=13, or "
        "train.global_batch_size=1\n"
    ) in out
    assert "1 validation row: scores will be rough. For more, data.val_ratio=0.5\n" in out
    assert "no evaluation in 4 steps: set train.eval_steps=1\n" in out
    assert len(losses(run_folder(tmp_path))) == 1
    assert (run_folder(tmp_path) / "images" / "train_loss.png").is_file()
    assert run("train", config, "data.val_ratio=0", "train.max_steps=3", "--dry-run") == 0
    out = capsys.readouterr().out
    assert "3 optimizer steps: little can be learnt. For 50, set train.max_steps=50\n" in out
    assert "no validation rows: train.eval_strategy has no effect. Set data.val_ratio=0.5\n" in out


@pytest.mark.parametrize("lora", [False, True])
def test_a_run_that_changes_no_weight_says_so(write_config: WriteConfig, lora: bool, capsys: Any) -> None:
    config = write_config(train={"learning_rate": 0.0}, lora={"enabled": lora})
    assert run("train", config) == 0
    groups = "connector, decoder" if lora else "encoder, connector, decoder"
    assert (
        f"nothing was learnt: the trained weights of {groups} are what they were before. Look at "
        "learning_rate in logging.jsonl, and raise train.learning_rate\n"
    ) in capsys.readouterr().out
    assert run("train", config, "train.learning_rate=0.001") == 0
    assert "nothing was learnt" not in capsys.readouterr().out


EARLY = {
    "max_steps": 6,
    "save_steps": 1,
    "eval_strategy": "steps",
    "eval_steps": 1,
    # Nothing is read rightly, so that no evaluation is better than the first.
    "metric_for_best_model": "exact_match",
    "load_best_model_at_end": True,
}


def test_a_run_stops_early_and_has_ended_then(write_config: WriteConfig, tmp_path: Path, capsys: Any) -> None:
    config = write_config(train=EARLY, eval={"early_stopping_patience": 2})
    assert run("train", config) == 0
    folder = run_folder(tmp_path)
    whole = read_log(folder / "logging.jsonl")
    assert whole[-1]["step"] == 3
    assert capsys.readouterr().out.splitlines()[-2:] == [
        "stopped early, after step 3 of 6: 2 evaluations in a row without a better exact_match "
        "(eval.early_stopping_patience)",
        f"run folder: {folder} (stands for checkpoint-1, the best by exact_match; the last is checkpoint-3)",
    ]
    assert run("train", config, "resume=auto") == 0
    assert f"nothing is left to train: {folder / 'checkpoint-3'} is the end" in capsys.readouterr().out
    # Going on from the step before counts on from there.
    shutil.rmtree(folder / "checkpoint-3")
    assert run("train", config, f"resume={folder / 'checkpoint-2'}") == 0
    assert read_log(folder / "logging.jsonl")[-1]["step"] == 3
    assert run("train", config, "resume=auto", "eval.early_stopping_patience=3") == 2
    assert "eval.early_stopping_patience was 2 and is 3" in capsys.readouterr().err


def test_early_stopping_needs_something_to_go_by(write_config: WriteConfig, capsys: Any) -> None:
    config = write_config(eval={"early_stopping_patience": 2})
    assert run("train", config) == 2
    assert (
        capsys.readouterr()
        .err.splitlines()[-1]
        .endswith(
            "eval.early_stopping_patience needs train.eval_strategy, epoch or steps, and "
            "train.load_best_model_at_end=true (or train.metric_for_best_model)"
        )
    )
    config = write_config(
        eval={"early_stopping_patience": 2}, train=EARLY, data={"val": None, "val_ratio": 0}
    )
    assert run("train", config) == 2
    assert capsys.readouterr().err.splitlines()[-1] == (
        "got-train: error: eval.early_stopping_patience needs validation rows: set data.val, or "
        "data.val_ratio=0.1"
    )


def test_a_dry_run_checks_rows(
    write_config: WriteConfig, rows_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    good = rows_file.read_text().splitlines()
    write_rows(rows_file, [*good, "not json"])
    assert run("train", write_config(), "--dry-run") == 2
    assert "1 bad training row (not JSON: 1)" in capsys.readouterr().err
    assert run("train", write_config(), "--dry-run", "data.on_error=skip") == 0
    said = capsys.readouterr().out
    assert "training rows: left out 1 of 18 (not JSON: 1)" in said
    assert re.search(rf"^train +{re.escape(str(rows_file))} +17$", said, re.MULTILINE)
    config = write_config(data={"replay": [str(rows_file)], "replay_ratio": 0.5, "on_error": "skip"})
    assert run("train", config, "--dry-run") == 0
    said = capsys.readouterr().out
    assert "training rows: left out 2 of 36 (not JSON: 2)" in said
    assert re.findall(r"^(train|replay) .* (\d+)$", said, re.MULTILINE) == [("train", "17"), ("replay", "17")]
    write_rows(rows_file, good)
    assert run("train", write_config(), "--dry-run") == 0
    assert "rows were checked" not in capsys.readouterr().out
    monkeypatch.setattr(train, "DRY_RUN_ROWS", 5)
    assert run("train", write_config(), "--dry-run") == 0
    checked = "rows: 5 of 17 training rows were checked; got-train check-data CONFIG key=value checks all"
    assert capsys.readouterr().out.splitlines()[-3] == checked  # the memory comes last
    assert not (tmp_path / "output").exists()


def test_a_warmup_that_never_ends_is_said(write_config: WriteConfig, capsys: Any) -> None:
    words = [write_config(train={"lr_scheduler_type": "linear", "warmup_steps": 2}), "--dry-run"]
    assert run("train", *words) == 0
    assert (
        "train.warmup_steps is 2 of 2 steps: the learning rate never reaches its value. Set "
        "train.warmup_steps=0, or 0.1 for a tenth of the steps\n"
    ) in capsys.readouterr().out
    for steps in ("train.warmup_steps=1", "train.warmup_steps=0.5", "train.max_steps=3"):
        assert run("train", *words, steps) == 0
        assert "never reaches" not in capsys.readouterr().out


def test_a_dry_run_looks_at_loggers(
    request: pytest.FixtureRequest,
    write_config: WriteConfig,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Any,
) -> None:
    wandb = pytest.importorskip("wandb")
    request.addfinalizer(wandb.teardown)  # it remembers its settings for the whole process
    monkeypatch.setenv("HOME", str(tmp_path))  # nobody is logged in there
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    for words in (["--dry-run"], []):
        assert run("train", write_config(), "train.report_to=wandb", *words) == 2
        assert capsys.readouterr().err.splitlines()[-1] == (
            "got-train: error: train.report_to wandb: nobody is logged in: run `wandb login`, or set "
            "WANDB_API_KEY, or WANDB_MODE=offline"
        )
    monkeypatch.setenv("WANDB_MODE", "offline")
    assert run("train", write_config(), "train.report_to=wandb", "--dry-run") == 0
    monkeypatch.setattr("transformers.integrations.integration_utils.is_wandb_available", lambda: False)
    assert run("train", write_config(), "train.report_to=wandb", "--dry-run") == 2
    assert "train.report_to wandb: RuntimeError: WandbCallback requires" in capsys.readouterr().err
    assert not (tmp_path / "output").exists()


def test_a_dry_run_says_what_a_resume_would_do(
    write_config: WriteConfig, rows_file: Path, tmp_path: Path, capsys: Any
) -> None:
    config = write_config(train={"max_steps": 4})
    assert run("train", config, "--dry-run", "resume=auto") == 0
    folder = tmp_path / "output" / "run"
    assert f"resume: {folder} has no checkpoint, a new run starts\n" in capsys.readouterr().out
    assert run("train", config) == 0
    checkpoint = run_folder(tmp_path) / "checkpoint-4"
    capsys.readouterr()
    assert run("train", config, "--dry-run", "resume=auto") == 0
    assert f"nothing is left to train: {checkpoint} is the end of this run\n" in capsys.readouterr().out
    assert run("train", config, "--dry-run", "resume=auto", "train.max_steps=6") == 0
    assert f"resume: after step 4 of 6, from {checkpoint}\n" in capsys.readouterr().out
    before = json.dumps(sorted(map(str, tmp_path.rglob("*"))))
    rows_file.write_text(rows_file.read_text().replace("EEEEE", "E"))
    assert run("train", config, "--dry-run", "resume=auto", "train.max_steps=6") == 2
    assert "its rows have changed (1 new, 1 gone;" in capsys.readouterr().err
    assert json.dumps(sorted(map(str, tmp_path.rglob("*")))) == before


@pytest.mark.parametrize(
    ("word", "message"),
    [
        pytest.param(
            "output_dir=/proc/nope",
            "output_dir: /proc/nope/run cannot be made: /proc: ",
            marks=pytest.mark.skipif(not Path("/proc").is_dir(), reason="there is no /proc"),
        ),
        ("output_dir={file}/runs", r"output_dir: \S+/runs/run cannot be made: {file}: not a folder"),
        ("data.image_root=nowhere", "data.image_root nowhere is not a folder"),
        ("data.val_run=./nowhere", "checkpoint ./nowhere does not exist"),
        ("data.val_run={folder}", "holds no checkpoint"),
    ],
)
def test_a_dry_run_looks_at_paths(
    write_config: WriteConfig, rows_file: Path, word: str, message: str, capsys: Any
) -> None:
    names = {"file": str(rows_file), "folder": str(rows_file.parent)}
    config = write_config(data={"val": None})
    assert run("train", config, "--dry-run", word.format(**names)) == 2
    assert re.search(message.format(**names), capsys.readouterr().err)
    config = write_config(eval={"ordinary": "nowhere.jsonl"})
    assert run("train", config, "--dry-run") == 2
    assert "data file nowhere.jsonl does not exist" in capsys.readouterr().err
