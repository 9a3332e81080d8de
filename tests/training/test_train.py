"""Runs through the command line on a small model: what they change, what they leave, what they equal."""

import importlib.util
import json
import math
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import Trainer, TrainingArguments

from got_train.config import LearningRates, SampleConfig
from got_train.config_file import load_config
from got_train.data.readers import open_rows
from got_train.data.samples import SampleEncoder, SampleSet
from got_train.evaluation.metrics import text_metrics
from got_train.model.adapters import prepare_for_training
from got_train.model.got import group_of
from got_train.model.loading import build_model
from got_train.model.tokenizer import small_tokenizer
from got_train.training import trainer
from got_train.training.callbacks import read_log
from got_train.vocabulary import IGNORE_INDEX, TileShape
from tests.conftest import ENCODER, write_rows
from tests.data.packing import png, write_tar
from tests.training.runs import WriteConfig, losses, run, run_folder, weights


def moved(config: Path, checkpoint: Path) -> dict[str, set[bool]]:
    """For each module group, whether its parameters differ from those before the first step."""
    before = build_model(load_config(config).model, 128, seed=42)[0].state_dict()
    result: dict[str, set[bool]] = {"encoder": set(), "connector": set(), "decoder": set()}
    for name, tensor in weights(checkpoint).items():
        result[group_of(name)].add(not torch.equal(tensor, before[name]))
    return result


def gradients(config: Path, *words: str) -> dict[str, set[bool]]:
    """For each module group, whether its parameters have gradients after a backward pass."""
    loaded = load_config(config, list(words))
    model = build_model(loaded.model, 128, 42)[0]
    prepare_for_training(model, loaded.train.learning_rates, loaded.lora)
    ids = torch.randint(0, 200, (1, 12))
    ids[0, 2:6] = model.config.image_token_id
    model(input_ids=ids, pixel_values=torch.randn(1, 3, 32, 32), labels=ids).loss.backward()
    result: dict[str, set[bool]] = {"encoder": set(), "connector": set(), "decoder": set()}
    for name, parameter in model.named_parameters():
        result[group_of(name)].add(parameter.grad is not None and bool(parameter.grad.any()))
    return result


def test_a_run_leaves_what_swift_users_know(write_config: WriteConfig, tmp_path: Path) -> None:
    assert run("train", write_config(train={"eval_strategy": "steps", "eval_steps": 2})) == 0
    folder = run_folder(tmp_path)
    assert {path.name for path in folder.iterdir()} == {
        "args.yaml",
        "versions.json",
        "logging.jsonl",
        "run.lock",
        "steps.npz",
        "readings",
        "images",
        "val_dataset.jsonl",
        "checkpoint-2",
    }
    assert {path.name for path in (folder / "checkpoint-2").iterdir()} >= {
        "model.safetensors",
        "config.json",
        "tokenizer.json",
        "processor_config.json",
        "args.yaml",
        "trainer_state.json",
        "optimizer.pt",
    }
    drawn = {path.name for path in (folder / "images").iterdir()}
    assert {"train_loss.png", "train_grad_norm.png", "eval_loss.png", "eval_cer.png"} <= drawn
    log = read_log(folder / "logging.jsonl")
    assert log[0]["global_step/max_steps"] == "1/2"
    assert {
        "loss",
        "grad_norm",
        "learning_rate",
        "epoch",
        "memory(GiB)",
        "train_speed(s/it)",
        "tokens_per_second",
        "samples_per_second",
        "elapsed_time",
        "remaining_time",
    } <= set(log[0])
    evaluated = next(row for row in log if "eval_cer" in row)
    assert {"eval_loss", "eval_edit_distance", "eval_exact_match", "eval_repetition"} <= set(evaluated)
    assert len((folder / "val_dataset.jsonl").read_text().splitlines()) == 4
    versions = json.loads((folder / "versions.json").read_text())
    assert set(versions["packages"]) >= {"torch", "transformers", "peft"}
    assert run("train", tmp_path / "run.yaml") == 0
    assert run_folder(tmp_path, number=1).is_dir()


def test_stage_two_trains_every_encoder_parameter(write_config: WriteConfig, tmp_path: Path) -> None:
    config = write_config()
    assert gradients(config) == {"encoder": {True}, "connector": {True}, "decoder": {True}}
    assert run("train", config, "train.max_steps=1", "train.save_steps=1") == 0
    assert moved(config, run_folder(tmp_path) / "checkpoint-1") == {
        "encoder": {True},
        "connector": {True},
        "decoder": {True},
    }


def test_stage_three_leaves_the_whole_encoder(write_config: WriteConfig, tmp_path: Path) -> None:
    config = write_config()
    words = ("train.learning_rates.encoder=0", "train.max_steps=1", "train.save_steps=1")
    frozen = {"encoder": {False}, "connector": {True}, "decoder": {True}}
    assert gradients(config, *words) == frozen
    assert run("train", config, *words) == 0
    assert moved(config, run_folder(tmp_path) / "checkpoint-1") == frozen


def test_stage_one_hands_its_encoder_to_stage_two(write_config: WriteConfig, tmp_path: Path) -> None:
    assert run("train", write_config("stage1", decoder="opt")) == 0
    model = {"init": "pretrained", "init_from": str(tmp_path / "output" / "stage1")}
    base = json.loads(write_config("stage2").read_text())["model"]
    del base["encoder"]  # its shape is that of stage 1
    # At a learning rate of zero what is saved is what was handed over.
    config = write_config("stage2", train={"learning_rate": 0.0})
    given = json.loads(config.read_text())
    config.write_text(json.dumps(given | {"model": base | model}))
    assert run("train", config) == 0
    before = weights(run_folder(tmp_path, "stage1") / "checkpoint-2")
    after = weights(run_folder(tmp_path, "stage2") / "checkpoint-2")
    encoder = [name for name in before if group_of(name) == "encoder"]
    assert all(torch.equal(after[name], before[name]) for name in encoder)
    resolved = load_config(run_folder(tmp_path, "stage2") / "args.yaml")
    assert resolved.model.init_from == str(run_folder(tmp_path, "stage1") / "checkpoint-2")
    assert vars(resolved.model.encoder) == ENCODER | {"path": None}


@pytest.mark.parametrize("lora", [False, True])
def test_a_resumed_run_equals_an_uninterrupted_one(
    write_config: WriteConfig, tmp_path: Path, lora: bool
) -> None:
    config = write_config(
        train={"max_steps": 6, "save_steps": 3, "lr_scheduler_type": "cosine", "warmup_steps": 2},
        lora={"enabled": lora, "dropout": 0.1},
    )
    assert run("train", config) == 0
    folder = run_folder(tmp_path)
    file = "adapter_model.safetensors" if lora else "model.safetensors"
    whole = load_file(folder / "checkpoint-6" / file)
    whole_losses = losses(folder)
    shutil.rmtree(folder / "checkpoint-6")
    (folder / "logging.jsonl").unlink()
    assert run("train", config, "resume=auto") == 0
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]
    again = load_file(folder / "checkpoint-6" / file)
    assert losses(folder) == whole_losses[3:]
    assert all(torch.equal(again[name], whole[name]) for name in whole)


def test_accumulating_one_by_one_equals_a_whole_batch(write_config: WriteConfig, tmp_path: Path) -> None:
    # Plain gradient descent: Adam would blow rounding up where a gradient is nearly zero.
    train = {"global_batch_size": 8, "max_steps": 3, "save_steps": 3, "optim": "sgd", "learning_rate": 0.1}
    for name, size in (("ones", 1), ("whole", 8)):
        assert run("train", write_config(name, train=train | {"per_device_train_batch_size": size})) == 0
    ones, whole = run_folder(tmp_path, "ones"), run_folder(tmp_path, "whole")
    assert losses(ones) == pytest.approx(losses(whole), rel=1e-6)
    first, second = weights(ones / "checkpoint-3"), weights(whole / "checkpoint-3")
    assert max(float((first[name] - second[name]).abs().max()) for name in first) < 2e-6


def kind_rows(rows_file: Path) -> dict[str, int]:
    """Leaves eight rows of three kinds and several lengths; returns the supervised tokens of each kind."""
    rows = [json.loads(line) for line in rows_file.read_text().splitlines()[:8]]
    for number, row in enumerate(rows):
        row["kind"] = ("formula", "scene", "scene", "pdf")[number % 4]
        row["response"] = str(10 ** (number % 4) + number)
    write_rows(rows_file, rows)
    tokens = dict.fromkeys(("formula", "pdf", "scene"), 0)
    encoder = SampleEncoder(small_tokenizer(), SampleConfig(), TileShape(32, 4))
    samples = SampleSet(open_rows(str(rows_file)), encoder)
    for sample in (samples[index] for index in range(len(samples))):
        tokens[sample.kind] += int((sample.labels != IGNORE_INDEX).sum())
    return tokens


@pytest.mark.parametrize("size", [8, 2])
def test_losses_of_kinds_weighted_by_their_tokens_are_the_loss(
    write_config: WriteConfig, rows_file: Path, tmp_path: Path, size: int
) -> None:
    tokens = kind_rows(rows_file)
    assert tokens == {"formula": 4, "pdf": 10, "scene": 14}
    # Every step takes all eight rows: at once, or accumulated from four batches.
    train = {
        "global_batch_size": 8,
        "per_device_train_batch_size": size,
        "max_steps": 3,
        "eval_strategy": "steps",
        "eval_steps": 3,
        "per_device_eval_batch_size": 8,
    }
    assert run("train", write_config(train=train, data={"val": [str(rows_file)]})) == 0
    log = read_log(run_folder(tmp_path) / "logging.jsonl")
    steps = [row for row in log if "loss" in row]
    assert len(steps) == 3
    evaluated = next(row for row in log if "eval_loss" in row)
    for row, name in [(row, "loss") for row in steps] + [(evaluated, "eval_loss")]:
        mean = sum(row[f"{name}_{kind}"] * number for kind, number in tokens.items()) / sum(tokens.values())
        assert mean == pytest.approx(row[name], rel=1e-5)
        assert len({row[f"{name}_{kind}"] for kind in tokens}) == 3
    drawn = {path.name for path in (run_folder(tmp_path) / "images").iterdir()}
    assert {"train_loss_scene.png", "eval_loss_formula.png"} <= drawn


def test_losses_of_kinds_are_means_over_the_steps_since_the_last_log(
    write_config: WriteConfig, rows_file: Path, tmp_path: Path
) -> None:
    kind_rows(rows_file)
    steps = {}
    for name, every in (("each", 1), ("window", 2)):
        train = {"per_device_train_batch_size": 8, "max_steps": 4, "save_steps": 4, "logging_steps": every}
        train["logging_first_step"] = False
        assert run("train", write_config(name, train=train)) == 0
        log = read_log(run_folder(tmp_path, name) / "logging.jsonl")
        steps[name] = [row["loss_pdf"] for row in log if "loss" in row]
    # All rows in every step: the mean over two steps is the mean of their means.
    each = steps["each"]
    assert steps["window"] == pytest.approx([(each[0] + each[1]) / 2, (each[2] + each[3]) / 2], rel=1e-6)


def test_a_run_of_one_kind_has_one_loss(write_config: WriteConfig, tmp_path: Path) -> None:
    assert run("train", write_config(train={"eval_strategy": "steps", "eval_steps": 2})) == 0
    rows = read_log(run_folder(tmp_path) / "logging.jsonl")
    assert {name for row in rows for name in row if "loss" in name} == {"loss", "eval_loss", "train_loss"}


def test_each_module_group_has_its_own_learning_rate(write_config: WriteConfig) -> None:
    from transformers import TrainingArguments

    from got_train.training.optim import optimizer_and_groups

    config = load_config(write_config(), ["train.learning_rates={encoder: 0, connector: 5e-3}"])
    model = build_model(config.model, 128, 42)[0]
    prepare_for_training(model, config.train.learning_rates, config.lora)
    arguments = TrainingArguments(learning_rate=1e-4, weight_decay=0.1, use_cpu=True)
    groups = optimizer_and_groups(model, arguments, config.train.learning_rates, config.lora)[1]["params"]
    assert [(group["lr"], group["weight_decay"]) for group in groups] == [
        (5e-3, 0.1),
        (5e-3, 0.0),
        (1e-4, 0.1),
        (1e-4, 0.0),
    ]
    grouped = {id(parameter) for group in groups for parameter in group["params"]}
    assert grouped == {id(parameter) for parameter in model.parameters() if parameter.requires_grad}


def test_the_matrices_that_start_at_zero_learn_faster_with_lora_plus(write_config: WriteConfig) -> None:
    from transformers import TrainingArguments

    from got_train.training.optim import optimizer_and_groups

    config = load_config(write_config(lora={"enabled": True, "loraplus_lr_ratio": 16.0}))
    model = prepare_for_training(build_model(config.model, 128, 42)[0], LearningRates(), config.lora)
    arguments = TrainingArguments(learning_rate=1e-4, weight_decay=0.1, use_cpu=True)
    groups = optimizer_and_groups(model, arguments, LearningRates(), config.lora)[1]["params"]
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    for group in groups:
        matrices = {names[id(parameter)].split(".")[-3] for parameter in group["params"]}
        assert matrices == ({"lora_B"} if group["lr"] == pytest.approx(16e-4) else {"lora_A"})
    assert len(groups) == 2


def replayed(tmp_path: Path, write_config: WriteConfig, **data: Any) -> Path:
    """The configuration of a run that goes on from a whole small model, whose own run it does first."""
    assert run("train", write_config("base")) == 0
    old = write_rows(tmp_path / "old.jsonl", [{"query": "q", "response": f"old {n}"} for n in range(3)])
    model = {"init": "pretrained", "path": str(run_folder(tmp_path, "base"))}
    lora = {"enabled": True, "rank": 2}
    return write_config(model=model, lora=lora, data={"replay": [str(old)], **data})


def test_replay_is_a_share_of_the_rows(write_config: WriteConfig, tmp_path: Path, capsys: Any) -> None:
    config = replayed(tmp_path, write_config)
    capsys.readouterr()
    assert run("train", config, "--dry-run") == 0
    out = capsys.readouterr().out
    # beside 17 rows, one fifth of all are 4.25; there are 3 old ones, which are repeated
    assert re.search(r"replay  \S*old.jsonl\s+5\n", out)
    assert "of the rows" not in out
    assert run("train", config, "data.replay_ratio=0.05", "--dry-run") == 0
    assert (
        "replay: 6% of the rows. The authors of GOT-OCR2.0 advise at least 20% rows"
        in capsys.readouterr().out
    )
    assert run("train", config, "data.replay=null", "--dry-run") == 0
    assert "replay: 0% of the rows." in capsys.readouterr().out


@pytest.mark.parametrize("lora", [True, False])
def test_the_model_before_and_after_is_compared(
    write_config: WriteConfig, tmp_path: Path, lora: bool, capsys: Any
) -> None:
    config = replayed(tmp_path, write_config)
    words = [
        f"lora.enabled={lora}",
        "eval.compare_rows=3",
        "train.learning_rate=0.05",
        "sample.max_length=400",
    ]
    assert run("train", config, *words) == 0
    comparison = json.loads((run_folder(tmp_path) / "comparison.json").read_text())
    assert set(comparison) == {"ordinary OCR", "validation"}
    for when, name in (("before", "base"), ("after", "run")):
        output = tmp_path / f"{when}.jsonl"
        words = ["--data", run_folder(tmp_path) / "val_dataset.jsonl", "--max-new-tokens", 4]
        assert run("infer", run_folder(tmp_path, name), *words, "--output", output) == 0
        rows = [json.loads(line) for line in output.read_text().splitlines()]
        picked = [rows[index] for index in np.linspace(0, len(rows), 3, endpoint=False, dtype=int)]
        expected = text_metrics([row["response"] for row in picked], [row["labels"] for row in picked])
        assert comparison["validation"][when] == pytest.approx(expected)
    assert "rows          score" in capsys.readouterr().out


def test_the_comparison_needs_none_of_the_extras(
    write_config: WriteConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find_spec = importlib.util.find_spec
    extras = ("scipy", "jieba", "pylopdf_fonts_zh_cn")
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name in extras else find_spec(name, *rest)
    )
    words = ["eval.compare_rows=2", "sample.max_length=400", "train.max_steps=1"]
    assert run("train", replayed(tmp_path, write_config), *words) == 0
    drawn = (run_folder(tmp_path) / "ordinary" / "data.jsonl").read_text().splitlines()
    texts = (run_folder(tmp_path) / "ordinary.txt").read_text()
    for row in map(json.loads, drawn):
        assert all(line in " ".join(texts.split()) for line in row["response"].splitlines())


def test_a_run_that_goes_on_elsewhere_compares_on_the_same_lines(
    write_config: WriteConfig, tmp_path: Path
) -> None:
    words = ["eval.compare_rows=2", "sample.max_length=400", "train.max_steps=1", "train.save_steps=1"]
    assert run("train", replayed(tmp_path, write_config), *words) == 0
    before = (run_folder(tmp_path) / "ordinary" / "data.jsonl").read_text()
    moved_to = tmp_path / "output" / "moved" / "v0-moved"
    moved_to.parent.mkdir()
    shutil.move(run_folder(tmp_path), moved_to)
    words = [*words[:2], "train.max_steps=2", f"resume={moved_to / 'checkpoint-1'}"]
    assert run("train", replayed(tmp_path, write_config), *words) == 0
    assert (moved_to / "ordinary" / "data.jsonl").read_text() == before
    assert json.loads((moved_to / "comparison.json").read_text())["ordinary OCR"]["after"]


def test_a_run_on_shards_leaves_validation_rows_that_are_read_again(
    write_config: WriteConfig, tmp_path: Path, capsys: Any
) -> None:
    shards = tmp_path / "data" / "shards"
    shards.mkdir(parents=True)
    row = {"query": "<image>OCR: ", "response": "x"}
    for number in range(4):
        names = [f"{number}{place}" for place in range(4)]
        members = {f"{name}.json": row for name in names} | {f"{name}.png": png(0) for name in names}
        write_tar(shards / f"{number}.tar", members)
    (tmp_path / "data" / "manifest.json").write_text('{"format": "webdataset"}')
    data = {"train": [str(tmp_path / "data")], "val": None, "val_ratio": 0.25}
    assert run("train", write_config(data=data)) == 0
    assert f"train  {tmp_path / 'data'}" in capsys.readouterr().out
    rows = run_folder(tmp_path) / "val_dataset.jsonl"
    assert run("infer", run_folder(tmp_path), "--data", rows, "--output", tmp_path / "predictions.jsonl") == 0
    images = [
        json.loads(line)["images"] for line in (tmp_path / "predictions.jsonl").read_text().splitlines()
    ]
    assert images == [json.loads(line)["images"] for line in rows.read_text().splitlines()]
    assert len(images) == 4
    assert all(image.startswith(f"{shards}/") and ".tar:" in image for (image,) in images)


def test_freezing_everything_is_refused(write_config: WriteConfig, capsys: Any) -> None:
    words = [f"train.learning_rates.{group}=0" for group in ("encoder", "connector", "decoder")]
    assert run("train", write_config(), *words) == 2
    assert "nothing to train: train.learning_rates freezes every module group" in capsys.readouterr().err


def test_a_loss_that_is_not_finite_stops_before_the_update(
    write_config: WriteConfig, tmp_path: Path, capsys: Any
) -> None:
    config = write_config(train={"learning_rate": 1e30, "max_steps": 4, "max_grad_norm": 0})
    assert run("train", config) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert "got-train: error: step 2: " in error
    assert "rows.jsonl:" in error
    assert "Lower the learning rate" in error


def test_float16_leaves_out_steps_that_overflow_but_not_for_ever(
    write_config: WriteConfig, tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    norms = iter([math.inf, *[1.0], *[math.nan] * 3])
    monkeypatch.setattr(Trainer, "_get_grad_norm", lambda *_, **__: next(norms))
    monkeypatch.setattr(trainer, "MAX_OVERFLOWS", 2)
    # A CPU cannot scale the loss: the arguments say float16 only where the norm is looked at.
    look = trainer.GotTrainer._get_grad_norm

    def look_in_float16(self: Any, *given: Any, **named: Any) -> Any:
        self.args.fp16 = True
        try:
            return look(self, *given, **named)
        finally:
            self.args.fp16 = False

    monkeypatch.setattr(trainer.GotTrainer, "_get_grad_norm", look_in_float16)
    assert run("train", write_config(train={"max_steps": 9})) == 2
    assert "step 5: gradient norm is nan; the last batch was " in capsys.readouterr().err
    assert next(norms, None) is None


def test_a_cpu_lets_nothing_through_that_is_not_finite_in_float16(
    write_config: WriteConfig, tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing scales the loss there, so that no step is left out."""
    config = write_config(train={"max_steps": 3, "save_steps": 1, "save_total_limit": 1, "fp16": True})
    norms = iter([1.0, -1.0])  # DeepSpeed has -1 for what is not finite
    monkeypatch.setattr(Trainer, "_get_grad_norm", lambda *_, **__: next(norms))
    assert run("train", config) == 2
    printed = capsys.readouterr()
    assert "train.fp16 has no effect on a CPU: it computes in float32" in printed.out
    assert "step 2: gradient norm is nan; the last batch was " in printed.err
    assert [path.name for path in run_folder(tmp_path).glob("checkpoint-*")] == ["checkpoint-1"]


def test_an_epsilon_that_is_0_in_float32_is_refused(write_config: WriteConfig, capsys: Any) -> None:
    assert run("train", write_config(), "train.adam_epsilon=1e-46") == 2
    assert "train.adam_epsilon 1e-46 is 0 in float32: give at least 1.2e-38" in capsys.readouterr().err


def test_of_several_devices_a_process_takes_one(
    write_config: WriteConfig, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = TrainingArguments.__post_init__

    def see_two(self: TrainingArguments) -> None:
        start(self)
        self._n_gpu = 2

    monkeypatch.setattr(TrainingArguments, "__post_init__", see_two)
    monkeypatch.setattr(torch.accelerator, "device_count", lambda: 2)
    assert run("train", write_config()) == 0
    told = "1 of 2 devices is used: torchrun --nproc_per_node=2 -m got_train uses all of them"
    assert told in capsys.readouterr().out


def test_bad_rows_stop_the_run_all_listed(
    write_config: WriteConfig, rows_file: Path, tmp_path: Path, capsys: Any
) -> None:
    good = rows_file.read_text().splitlines()
    missing = json.dumps({"query": "q", "response": "r", "images": ["missing.png"]})
    write_rows(rows_file, [*good, "not json", missing])
    config = write_config(data={"val_ratio": 0, "val": None})
    assert run("train", config) == 2
    error = capsys.readouterr().err
    assert (
        "2 bad training rows (not JSON: 1, image missing: 1); data.on_error=skip leaves out bad rows:"
        in error
    )
    assert f"{rows_file}:18: not JSON: " in error
    assert f"{rows_file}:19: image missing: missing.png (looked in {tmp_path}" in error
    # No run; and the good rows need not be checked again once these are mended.
    assert [path.name for path in (tmp_path / "output").iterdir()] == ["good_rows"]


def test_rows_are_checked_once_for_all_runs(
    write_config: WriteConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("train.tokens_per_batch=100", "train.global_batch_size=8", "train.max_steps=2")
    assert run("train", write_config(), *words) == 0
    monkeypatch.setattr(SampleEncoder, "sizes", None)
    assert run("train", write_config(), *words) == 0
    assert losses(run_folder(tmp_path, number=1)) == losses(run_folder(tmp_path))
    with pytest.raises(TypeError, match="not callable"):
        run("train", write_config(), *words, "sample.max_length=1000")


def test_skipped_rows_are_counted_and_kept_for_later(
    write_config: WriteConfig, rows_file: Path, tmp_path: Path, capsys: Any
) -> None:
    good = rows_file.read_text().splitlines()
    val = write_rows(tmp_path / "val.jsonl", ["{", *good])
    write_rows(rows_file, ["not json", *good])
    config = write_config(data={"on_error": "skip", "val": [str(val)]})
    assert run("train", config, f"data.train=[{rows_file}#200%]") == 0
    out = capsys.readouterr().out
    assert "training rows: left out 2 of 36 (not JSON: 1)" in out
    assert "validation rows: left out 1 of 18 (not JSON: 1)" in out
    lines = (run_folder(tmp_path) / "skipped_rows.jsonl").read_text().splitlines()
    skipped = [(row["location"], row["cause"]) for row in map(json.loads, lines)]
    assert skipped == [(f"{rows_file}:1", "not JSON"), (f"{val}:1", "not JSON")]


def test_dry_run_tells_all_and_trains_nothing(write_config: WriteConfig, tmp_path: Path, capsys: Any) -> None:
    words = ("train.global_batch_size=8", "train.learning_rates.encoder=0", "--dry-run")
    assert run("train", write_config(), *words) == 0
    out = capsys.readouterr().out
    assert "global_batch_size: 8" in out
    assert "encoder        42,656          0              -" in out
    assert "2 optimizer steps of 8 samples (4 per device x 2 accumulated x 1 device), 3 an epoch" in out
    assert run("train", write_config(), *words, "train.dataloader_drop_last=true") == 0
    assert "1 device), 2 an epoch" in capsys.readouterr().out
    assert not (tmp_path / "output").exists()


def test_wandb_offline_and_tensorboard_get_the_same_numbers(
    write_config: WriteConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_DIR", str(tmp_path))
    monkeypatch.setenv("WANDB_SILENT", "true")
    assert run("train", write_config(train={"report_to": ["wandb", "tensorboard"]})) == 0
    assert list((tmp_path / "wandb").glob("offline-run-*/run-*.wandb"))
    assert list(run_folder(tmp_path).glob("runs/**/events.out.tfevents.*"))
