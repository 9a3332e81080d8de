"""Which checkpoint a run goes on from, and when it may not."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from got_train.data.samples import SampleSet
from got_train.report import UserError
from got_train.run_folders import training_state
from got_train.training.callbacks import read_log
from got_train.training.plan import StepPlan
from tests.conftest import draw, write_rows
from tests.training.runs import WriteConfig, losses, run, run_folder

TRAIN = {"max_steps": 4, "save_steps": 2, "lr_scheduler_type": "constant"}


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
    assert (
        f"{folder / 'checkpoint-4'} is passed over: it is incomplete (no trainer_state.json)" in caplog.text
    )
    again = load_file(folder / "checkpoint-4" / "model.safetensors")
    assert all(torch.equal(again[name], whole[name]) for name in whole)
    # The steps that were done twice stand in the log once.
    assert losses(folder) == expected
    assert [row["step"] for row in read_log(folder / "logging.jsonl") if "loss" in row] == [1, 2, 3, 4]


def test_a_damaged_checkpoint_is_passed_over_or_refused(
    config: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: Any
) -> None:
    newest = run_folder(tmp_path) / "checkpoint-4"
    whole = load_file(newest / "model.safetensors")
    file = newest / "optimizer.pt"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    assert run("train", config, f"resume={newest}") == 2
    assert capsys.readouterr().err.splitlines()[-1] == (
        f"got-train: error: resume: {newest} is damaged: optimizer.pt is not what was saved. "
        "Name an older checkpoint of the run, or set resume=auto"
    )
    assert run("train", config, "resume=auto") == 0
    assert f"{newest} is passed over: optimizer.pt is not what was saved" in caplog.text
    again = load_file(newest / "model.safetensors")
    assert all(torch.equal(again[name], whole[name]) for name in whole)


def test_a_run_without_a_whole_checkpoint_is_not_begun_anew(
    config: Path, tmp_path: Path, capsys: Any
) -> None:
    folder = run_folder(tmp_path)
    left = sorted(folder.glob("checkpoint-*"), reverse=True)
    for checkpoint in left:
        (checkpoint / "optimizer.pt").unlink()
    assert run("train", config, "resume=auto") == 2
    faults = ", ".join(f"{folder.name}/{path.name}: optimizer.pt is missing" for path in left)
    assert capsys.readouterr().err.splitlines()[-1] == (
        f"got-train: error: resume: no checkpoint of {folder.parent} is whole ({faults}): put one back, or "
        "begin anew with resume=null"
    )
    assert list(folder.parent.iterdir()) == [folder]
    assert run("train", config, "resume=null") == 0


@pytest.mark.parametrize(
    "name", ["model.safetensors", "optimizer.pt", "scheduler.pt", "rng_state.pth", "trainer_state.json"]
)
def test_damage_that_no_manifest_tells_of_is_one_line(
    name: str, config: Path, tmp_path: Path, capsys: Any
) -> None:
    newest = run_folder(tmp_path) / "checkpoint-4"
    (newest / "manifest.json").unlink()
    content = (newest / name).read_bytes()
    if name == "trainer_state.json":
        damaged = content.replace(b'"eval_steps"', b'"eval_stepss"')  # which transformers does not take
    elif name == "model.safetensors":  # a header that does not cover the file
        damaged = content + b"0000"
    else:
        damaged = b"\x80\x02}q\x00."  # a pickle of an empty dictionary
    (newest / name).write_bytes(damaged)
    assert run("train", config, "resume=auto", "train.max_steps=5", "train.save_steps=5") == 2
    *_, line = capsys.readouterr().err.splitlines()
    assert line.startswith("got-train: error: resume: ") and str(newest) in line


@pytest.mark.parametrize("entry", [5, {"loss": 1.0}, {"loss": 1.0, "step": "2"}, {"loss": [1], "step": 2}])
def test_the_log_of_a_stranger_is_refused(entry: Any, tmp_path: Path) -> None:
    (tmp_path / "trainer_state.json").write_text(json.dumps({"global_step": 2, "log_history": [entry]}))
    with pytest.raises(UserError, match="is damaged: log_history is not what a run writes$"):
        training_state(tmp_path)


def test_a_state_without_callbacks_is_gone_on_with(config: Path, tmp_path: Path) -> None:
    folder = run_folder(tmp_path)
    newest = folder / "checkpoint-4"
    expected = load_file(newest / "model.safetensors")
    shutil.rmtree(newest)
    before = folder / "checkpoint-2"
    state = json.loads((before / "trainer_state.json").read_text())
    assert "TrainerControl" in state["stateful_callbacks"]
    (before / "trainer_state.json").write_text(json.dumps(state | {"stateful_callbacks": {}}))
    (before / "manifest.json").unlink()
    assert run("train", config, "resume=auto") == 0
    again = load_file(newest / "model.safetensors")
    assert all(torch.equal(again[name], expected[name]) for name in expected)


def test_every_number_of_a_stranger_s_state_is_checked(config: Path, tmp_path: Path) -> None:
    state = json.loads((run_folder(tmp_path) / "checkpoint-4" / "trainer_state.json").read_text())
    numbers = [
        name
        for name, value in state.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    ]
    assert {"train_batch_size", "epoch", "save_steps"} <= set(numbers)
    for name in numbers:
        (tmp_path / "trainer_state.json").write_text(json.dumps(state | {name: {"a": 1}}))
        with pytest.raises(UserError, match=f"is damaged: {name} is not what a run writes$"):
            training_state(tmp_path)


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
    "words",
    [
        ["train.per_device_train_batch_size=2"],
        ["train.per_device_train_batch_size=1", "train.dataloader_num_workers=2"],
        ["train.tokens_per_batch=64"],
    ],
)
def test_a_resumed_epoch_reads_what_is_left_of_it(
    words: list[str], write_config: WriteConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_config(data={"val": None, "val_ratio": 0}, eval={"read_rows": 0, "compare_rows": 0})
    written = json.loads(path.read_text())
    del written["train"]["per_device_train_batch_size"]
    path.write_text(json.dumps(written))
    given = ["train.global_batch_size=2", "train.max_steps=8", *words]
    read, sample, split = tmp_path / "read", SampleSet.__getitem__, StepPlan.batches

    def watched(samples: SampleSet, index: int) -> Any:
        with open(read, "a") as file:  # of loader workers too
            file.write(f"{index}\n")
        return sample(samples, index)

    monkeypatch.setattr(SampleSet, "__getitem__", watched)
    splits: list[int] = []
    monkeypatch.setattr(StepPlan, "batches", lambda plan, rows: splits.append(1) or split(plan, rows))
    assert run("train", path, *given, "train.save_steps=6") == 0
    expected = losses(run_folder(tmp_path))
    whole = read.read_text().split()[:16]
    for later in run_folder(tmp_path).glob("checkpoint-8"):
        shutil.rmtree(later)
    read.unlink()
    splits.clear()
    assert run("train", path, *given, "train.save_steps=6", "resume=auto") == 0
    again = read.read_text().split()
    # of 9 steps 6 were done: those that are left are read, ahead too, and no other
    assert 4 <= len(again) <= 6 and len(splits) <= 3
    assert not set(again[:4]) & set(whole[:12]) and losses(run_folder(tmp_path)) == expected


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["train.learning_rate=5"], "train.learning_rate was 0.001 and is 5: change it back, or start a new"),
        (["train.learning_rates.encoder=0"], "train.learning_rates.encoder was None and is 0"),
        (["train.optim=sgd"], "train.optim was adamw_torch_fused and is sgd"),
        (
            ["lora.enabled=true", "lora.rank=4"],
            "enabled was False and is True, lora.rank was 8 and is 4",
        ),
        (["model.decoder.shape.hidden_size=64"], "model.decoder.shape.hidden_size was 48 and is 64"),
        (["sample.template=swift"], "sample.template was original and is swift"),
        (["sample.crop=true"], "sample.crop was False and is True"),
        (["sample.max_tiles=2"], "sample.max_tiles was 12 and is 2"),
        (["train.max_grad_norm=5"], "train.max_grad_norm was 1.0 and is 5"),
        (["train.adam_beta2=0.9"], "train.adam_beta2 was 0.999 and is 0.9"),
        (["train.bf16=true"], "train.bf16 was False and is True"),
        (["train.seed=1"], "train.seed was 42 and is 1"),
        (["train.data_seed=1"], "train.data_seed was None and is 1"),
        (["train.dataloader_drop_last=true"], "train.dataloader_drop_last was False and is True"),
        (
            ["train.lr_scheduler_type=constant_with_warmup", "train.warmup_steps=3"],
            "train.warmup_steps was 0 and is 3",
        ),
        (["train.lr_scheduler_type=cosine"], "train.lr_scheduler_type was constant and is cosine"),
        (["train.deepspeed.zero_optimization.stage=2"], "has no state of the optimizer (global_step*)"),
        (
            ["train.deepspeed.zero_optimization.stage=2"],
            "saved with no DeepSpeed, and only goes on so. Set train",
        ),
    ],
)
def test_a_run_goes_on_as_it_began(config: Path, words: list[str], message: str, capsys: Any) -> None:
    assert run("train", config, "resume=auto", "train.max_steps=6", *words) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "was", "now"),
    [
        (["train.per_device_train_batch_size=2"], "4 samples", 2),
        (["train.gradient_accumulation_steps=2"], "4 samples", 8),
        (["train.global_batch_size=8"], "4 samples", 8),
    ],
)
def test_a_step_keeps_its_number_of_samples(
    config: Path, words: list[str], was: str, now: int, capsys: Any
) -> None:
    assert run("train", config, "resume=auto", "train.max_steps=6", *words) == 2
    assert capsys.readouterr().err.splitlines()[-1] == (
        f"got-train: error: resume: a run continues as it began, but a step had {was} and has {now}: set "
        "train.global_batch_size=4, which means the same for all batch sizes and devices"
    )


def test_what_changes_nothing_may_change(config: Path, rows_file: Path, tmp_path: Path) -> None:
    expected = load_file(run_folder(tmp_path) / "checkpoint-4" / "model.safetensors")
    folder = run_folder(tmp_path).rename(tmp_path / "moved")
    shutil.rmtree(folder / "checkpoint-4")
    renamed = rows_file.rename(rows_file.with_name("renamed.jsonl"))
    words = [
        f"resume={folder / 'checkpoint-2'}",
        f"data.train={renamed}",
        f"data.val={renamed}#4",
        "train.global_batch_size=4",
        "train.per_device_train_batch_size=2",
        "train.gradient_checkpointing=true",
        "train.save_steps=1",
        "train.optim=adamw_torch_fused",  # as by default
        "sample.max_pixels=1000000",
    ]
    assert run("train", config, *words) == 0
    again = load_file(folder / "checkpoint-4" / "model.safetensors")
    assert max(float((again[name] - expected[name]).abs().max()) for name in expected) < 1e-4
    assert (folder / "checkpoint-3").is_dir()


@pytest.fixture
def split(write_config: WriteConfig) -> Path:
    """Of a run that has ended, with validation rows of its own that were split off."""
    config = write_config("split", train=TRAIN, data={"val": None, "val_ratio": 0.2})
    assert run("train", config) == 0
    return config


def test_rows_that_were_added_do_not_move_others(
    split: Path, rows_file: Path, tmp_path: Path, capsys: Any
) -> None:
    folder = run_folder(tmp_path, "split")
    kept = (folder / "val_dataset.jsonl").read_text()
    rows = rows_file.read_text().splitlines()
    more = [json.dumps({"query": "q", "response": f"new {number}"}) for number in range(10)]
    write_rows(rows_file, [*rows, *more])
    assert run("train", split, "resume=auto", "train.max_steps=6") == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith(
        "got-train: error: resume: a run continues as it began, but its rows have changed (10 new, 0 gone; "
        f"training had 14 and has 22, validation had 3 and has 5; the first other row is {rows_file}:"
    )
    words = f"resume=null model=null model.path={folder / 'checkpoint-4'} data.val_run={folder}"
    advice = "start a new run from its weights that keeps its validation rows apart"
    assert error.endswith(f"Give the rows of before, or {advice}: {words}")
    assert (folder / "val_dataset.jsonl").read_text() == kept
    assert run("train", split, "resume=auto", *words.split(), "eval.compare_rows=0") == 0
    assert re.search(r"train +\S+rows.jsonl +24\n", out := capsys.readouterr().out)
    assert re.search(rf"val +{folder / 'checkpoint-4'} +3\n", out)
    assert (run_folder(tmp_path, "split", 1) / "val_dataset.jsonl").read_text() == kept


def test_validation_rows_that_are_gone_cannot_be_kept_apart(
    split: Path, rows_file: Path, tmp_path: Path, capsys: Any
) -> None:
    folder = run_folder(tmp_path, "split")
    for picture in tmp_path.glob("*.png"):
        picture.unlink()
    words = [f"data.val_run={folder}", "data.on_error=skip"]
    assert run("train", split, *words) == 2
    assert capsys.readouterr().err.splitlines()[-1] == (
        f"got-train: error: data.val_run: 3 validation rows cannot be read, the first is {folder}/"
        "val_dataset.jsonl:1: put its images back where it names them"
    )


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda rows: [rows[0].replace("000", "an edit"), *rows[1:]], "1 new, 1 gone"),
        (lambda rows: rows[:-2], "0 new, 2 gone"),
        (lambda rows: rows[::-1], "drawn or ordered otherwise"),
    ],
)
def test_other_rows_are_refused(
    split: Path, rows_file: Path, change: Callable[[list[str]], list[str]], what: str, capsys: Any
) -> None:
    write_rows(rows_file, change(rows_file.read_text().splitlines()))
    assert run("train", split, "resume=auto") == 2
    assert f"but its rows have changed ({what}; " in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", [["data.val_ratio=0.4"], ["data.query=x", "data.columns.query=other"], ["data.val_ratio=0"]]
)
def test_another_choice_of_rows_is_refused(split: Path, words: list[str], capsys: Any) -> None:
    assert run("train", split, "resume=auto", *words) == 2
    assert "but its rows have changed (" in capsys.readouterr().err


def test_a_picture_that_was_replaced_is_another_row(split: Path, tmp_path: Path, capsys: Any) -> None:
    draw(tmp_path / "3.png", "another", (64, 64))
    assert run("train", split, "resume=auto") == 2
    assert "(1 new, 1 gone; " in capsys.readouterr().err


@pytest.mark.parametrize("schedule", ["cosine", "linear", "polynomial"])
def test_a_schedule_cannot_become_longer(
    write_config: WriteConfig, tmp_path: Path, schedule: str, capsys: Any
) -> None:
    config = write_config(train=TRAIN | {"lr_scheduler_type": schedule})
    assert run("train", config) == 0
    assert run("train", config, "resume=auto", "train.max_steps=6") == 2
    checkpoint = run_folder(tmp_path) / "checkpoint-4"
    assert capsys.readouterr().err.splitlines()[-1] == (
        f"got-train: error: resume: the {schedule} schedule was made for 4 steps and cannot become one of 6: "
        "the 4 steps so far would have had other learning rates. Set train.max_steps=4, or start a new run "
        f"from its weights: resume=null model=null model.path={checkpoint}"
    )
    shutil.rmtree(checkpoint)
    assert run("train", config, f"resume={run_folder(tmp_path) / 'checkpoint-2'}", "train.max_steps=3") == 2


def test_a_longer_schedule_that_has_not_begun_to_fall_is_that_of_a_run_planned_so(
    write_config: WriteConfig, tmp_path: Path
) -> None:
    train = TRAIN | {"lr_scheduler_type": "cosine", "warmup_steps": 3}
    rates = {}
    for name, first in (("grown", 4), ("planned", 8)):
        config = write_config(name, train=train | {"max_steps": first})
        assert run("train", config) == 0
        folder = run_folder(tmp_path, name)
        if name == "grown":
            shutil.rmtree(folder / "checkpoint-4")
        words = [f"resume={folder / 'checkpoint-2'}", "train.max_steps=8", "train.save_steps=8"]
        assert name == "planned" or run("train", config, *words) == 0
        log = read_log(folder / "logging.jsonl")
        rates[name] = [row["learning_rate"] for row in log if "loss" in row]
    assert rates["grown"] == rates["planned"] and len(rates["grown"]) == 8


def test_runs_of_earlier_versions_say_that_rows_are_not_compared(
    config: Path, tmp_path: Path, capsys: Any
) -> None:
    folder = run_folder(tmp_path)
    for name in ("steps.npz", "checkpoint-4/steps.npz", "checkpoint-4/manifest.json"):
        (folder / name).unlink()
    assert run("train", config, "resume=auto", "train.max_steps=5") == 0
    assert (
        "steps.npz does not exist, as in runs of earlier versions: the rows cannot" in capsys.readouterr().out
    )


def test_weights_alone_are_no_run_to_go_on_with(
    write_config: WriteConfig, tmp_path: Path, capsys: Any
) -> None:
    config = write_config(train=TRAIN | {"save_only_model": True})
    assert run("train", config) == 0
    assert run("train", config, "resume=auto", "train.max_steps=6") == 2
    checkpoint = run_folder(tmp_path) / "checkpoint-4"
    assert capsys.readouterr().err.splitlines()[-1] == (
        f"got-train: error: resume: {checkpoint} has no state of the optimizer (optimizer.pt): it was saved "
        "with train.save_only_model, or with another train.deepspeed. Start a new run from its weights: "
        f"resume=null model=null model.path={checkpoint}"
    )


def test_checkpoints_of_other_programs_are_refused(config: Path, tmp_path: Path, capsys: Any) -> None:
    checkpoint = run_folder(tmp_path) / "checkpoint-2"
    for name in ("args.yaml", "manifest.json"):
        (checkpoint / name).unlink()
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


def test_a_run_folder_stands_for_its_newest_checkpoint(config: Path, tmp_path: Path, capsys: Any) -> None:
    folder = run_folder(tmp_path)
    for name in (folder, folder.parent):
        assert run("train", config, f"resume={name}") == 0
        assert f"nothing is left to train: {folder / 'checkpoint-4'} is the end" in capsys.readouterr().out
    for word in ("nix", "true"):
        assert run("train", config, f"resume={word}") == 2
        assert (
            capsys.readouterr()
            .err.splitlines()[-1]
            .endswith("does not exist: give auto, a run folder, or its checkpoint-N")
        )


def test_later_checkpoints_are_not_written_over(config: Path, tmp_path: Path, capsys: Any) -> None:
    folder = run_folder(tmp_path)
    before = (folder / "checkpoint-4" / "optimizer.pt").read_bytes()
    assert run("train", config, f"resume={folder / 'checkpoint-2'}") == 2
    assert capsys.readouterr().err.splitlines()[-1] == (
        f"got-train: error: resume: {folder} has later checkpoints, which would be written over: move "
        "checkpoint-4 away, or start a new run from its weights: "
        f"resume=null model=null model.path={folder / 'checkpoint-2'}"
    )
    assert (folder / "checkpoint-4" / "optimizer.pt").read_bytes() == before


def test_a_checkpoint_under_another_number_is_passed_over(
    config: Path, tmp_path: Path, caplog: Any, capsys: Any
) -> None:
    folder = run_folder(tmp_path)
    copy = folder / "checkpoint-99"
    shutil.copytree(folder / "checkpoint-2", copy)
    why = "it is the checkpoint of step 2, renamed or copied"
    assert run("train", config, f"resume={copy}", "train.max_steps=6") == 2
    assert f"resume: {copy} is damaged: {why}. Name an older" in capsys.readouterr().err
    assert run("train", config, "resume=auto", "train.max_steps=6", "train.save_total_limit=1") == 0
    assert f"{copy} is passed over: {why}" in caplog.text
    assert f"run folder: {folder} (stands for checkpoint-6, its last)" in capsys.readouterr().out
    assert sorted(path.name for path in folder.glob("checkpoint-*")) == ["checkpoint-6", "checkpoint-99"]


def test_a_checkpoint_alone_knows_its_rows(
    config: Path, rows_file: Path, tmp_path: Path, capsys: Any
) -> None:
    alone = tmp_path / "elsewhere" / "checkpoint-2"
    shutil.copytree(run_folder(tmp_path) / "checkpoint-2", alone)
    rows = [*rows_file.read_text().splitlines(), json.dumps({"query": "one", "response": "more"})]
    write_rows(rows_file, rows)
    assert run("train", config, f"resume={alone}") == 2
    assert "but its rows have changed (1 new, 0 gone" in capsys.readouterr().err
    write_rows(rows_file, rows[:-1])
    assert run("train", config, f"resume={alone}", "train.per_device_train_batch_size=2") == 2
    assert "but a step had 4 samples and has 2" in capsys.readouterr().err
    assert run("train", config, f"resume={alone}") == 0


def test_a_project_that_was_moved_goes_on(
    write_config: WriteConfig, tmp_path: Path, tokenizer_dir: str
) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    shutil.copytree(tokenizer_dir, old / "tokenizer")
    base = write_config("base", train=TRAIN)
    words = [f"output_dir={old}", f"model.decoder.tokenizer={old / 'tokenizer'}"]
    assert run("train", base, *words) == 0
    lora = {"enabled": True, "rank": 2, "modules": ["decoder"]}
    tuned = write_config("tuned", train=TRAIN, lora=lora, model={"path": str(old / "base")})
    assert run("train", tuned, f"output_dir={old}") == 0
    for name in ("base", "tuned"):
        [last] = (old / name).glob("v0-*/checkpoint-4")
        if name == "tuned":
            shutil.rmtree(last)
    old.rename(new)
    words = [f"output_dir={new}", f"model.decoder.tokenizer={new / 'tokenizer'}", "resume=auto"]
    assert run("train", base, *words) == 0
    assert run("train", tuned, f"output_dir={new}", f"model.path={new / 'base'}", "resume=auto") == 0
    assert list(new.glob("tuned/v0-*/checkpoint-4/adapter_model.safetensors"))


def test_the_best_checkpoint_must_be_there(write_config: WriteConfig, tmp_path: Path, capsys: Any) -> None:
    best = {"load_best_model_at_end": True, "eval_strategy": "steps", "eval_steps": 2, "learning_rate": 3.0}
    config = write_config(train=TRAIN | best, eval={"read_rows": 0})
    assert run("train", config) == 0
    folder = run_folder(tmp_path)
    state = json.loads((folder / "checkpoint-4" / "trainer_state.json").read_text())
    assert state["best_model_checkpoint"] == str(folder / "checkpoint-2")  # the rate is far too high
    shutil.rmtree(folder / "checkpoint-2")
    assert run("train", config, "resume=auto") == 2
    assert capsys.readouterr().err.splitlines()[-1] == (
        f"got-train: error: resume: {folder / 'checkpoint-2'}, the best checkpoint so far, is gone: put it "
        "back, or set train.load_best_model_at_end=false"
    )


CHOOSES = ["train.load_best_model_at_end=true", "train.eval_strategy=steps", "train.eval_steps=2"]


def test_choosing_a_best_checkpoint_can_begin_and_end_later(
    config: Path, tmp_path: Path, capsys: Any
) -> None:
    goes_on = ["train", config, "resume=auto"]
    assert run(*goes_on, *CHOOSES, "train.max_steps=6") == 0
    state = training_state(run_folder(tmp_path) / "checkpoint-6")
    assert state["best_model_checkpoint"] == str(run_folder(tmp_path) / "checkpoint-6")
    assert run(*goes_on, *CHOOSES, "train.max_steps=8", "eval.loss_rows=2") == 2
    assert "as it began, but eval.loss_rows was 512 and is 2: change it back" in capsys.readouterr().err
    metric = "train.metric_for_best_model"
    assert run(*goes_on, *CHOOSES, "train.max_steps=8", f"{metric}=cer") == 2
    assert f"but {metric} was loss and is cer: change it back" in capsys.readouterr().err
    assert run(*goes_on, *CHOOSES, "train.max_steps=8", f"{metric}=eval_loss") == 0  # which is its default
    assert run(*goes_on, "train.max_steps=10") == 0
