"""Preference training: the formula by hand, a run that unlearns a loop, going on, and what is refused."""

import json
import math
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file

from got_train.config import DecoderConfig, EncoderConfig, ModelConfig
from got_train.model.loading import build_model
from got_train.training.callbacks import read_log
from got_train.training.preference import pair_losses
from got_train.vocabulary import IGNORE_INDEX
from tests.conftest import DECODERS, ENCODER, draw, write_rows
from tests.training.runs import WriteConfig, run, run_folder

LORA = {"enabled": True, "dropout": 0.0}
LOOP = "0, " * 8


@pytest.fixture
def pairs_file(tmp_path: Path) -> Path:
    rows = []
    for number in range(8):
        draw(tmp_path / f"{number}.png", str(number))
        rows.append(
            {
                "query": "<image>OCR: ",
                "response": f"{number:03}",
                "rejected_response": f"{number}{LOOP}",
                "images": [f"{number}.png"],
            }
        )
    return write_rows(tmp_path / "pairs.jsonl", rows)


def settings(pairs_file: Path, **train: Any) -> dict[str, Any]:
    return {
        "data": {"train": [str(pairs_file)], "val": [f"{pairs_file}#4"]},
        "train": {"preference_beta": 0.1, "learning_rate": 0.001, "eval_strategy": "steps", **train},
        "lora": LORA,
    }


def test_the_loss_of_a_pair_is_that_of_the_formula() -> None:
    # log probabilities: better -2 and -5, worse -1 and -3; of the reference -3 and -5, -2 and -6
    losses, margins = pair_losses(torch.tensor([2.0, 5, 1, 3]), torch.tensor([3.0, 5, 2, 6]), beta=0.5)
    assert margins.tolist() == [0.5 * ((-2 + 3) - (-1 + 2)), 0.5 * ((-5 + 5) - (-3 + 6))] == [0.0, -1.5]
    assert losses.tolist() == pytest.approx([math.log(2), math.log(1 + math.exp(1.5))])


def test_rows_have_losses_with_gradients_below_adapters(tokenizer_dir: str) -> None:
    config = ModelConfig(
        init="random",
        encoder=EncoderConfig(**ENCODER),
        decoder=DecoderConfig(model_type="qwen2", shape=dict(DECODERS["qwen2"]), tokenizer=tokenizer_dir),
    )
    base = build_model(config, max_length=64, seed=0)[0]
    model = get_peft_model(base, LoraConfig(target_modules="all-linear", exclude_modules=".*vision.*"))
    torch.manual_seed(0)
    ids = torch.randint(20, 60, (4, 9))
    labels = ids.clone()
    labels[:, :3] = IGNORE_INDEX
    weights = torch.tensor([1.0, -2.0, 3.0, 0.5])
    output = model(input_ids=ids, labels=labels)
    (output.sample_losses * weights).sum().backward()
    trained = {name: part for name, part in model.named_parameters() if part.grad is not None}
    found = {name: part.grad.clone() for name, part in trained.items()}
    assert any(gradient.abs().max() > 0 for gradient in found.values())
    model.zero_grad()
    log_probabilities = base(input_ids=ids).logits[:, :-1].log_softmax(-1)
    each = -log_probabilities.gather(2, ids[:, 1:, None]).squeeze(2)[:, 2:].sum(1)
    assert torch.allclose(each, output.sample_losses, rtol=1e-5)
    (each * weights).sum().backward()
    for name, part in trained.items():
        assert torch.allclose(found[name], part.grad, atol=1e-5), name


def test_a_run_learns_to_prefer_the_truth_to_the_loop(
    write_config: WriteConfig, pairs_file: Path, tmp_path: Path
) -> None:
    config = write_config(**settings(pairs_file, max_steps=12, eval_steps=6, save_steps=12))
    assert run("train", config) == 0
    log = read_log(run_folder(tmp_path) / "logging.jsonl")
    steps = [row for row in log if "loss" in row]
    first, last = steps[0], steps[-1]
    # adapters begin at zero: the model is its own reference
    assert first["loss"] == pytest.approx(math.log(2), abs=1e-6)
    assert (first["reward_margin"], first["preferred"]) == (
        pytest.approx(0, abs=1e-5),
        pytest.approx(0, abs=1),
    )
    assert last["loss"] < 0.2 and last["reward_margin"] > 1.5 and last["preferred"] == 1
    evaluated = [row for row in log if "eval_loss" in row]
    assert [row["eval_preferred"] for row in evaluated] == [1, 1]
    assert evaluated[1]["eval_reward_margin"] > evaluated[0]["eval_reward_margin"] > 0
    assert evaluated[1]["eval_loss"] < evaluated[0]["eval_loss"] < math.log(2)
    assert all(math.isfinite(row["eval_picture_gain"]) for row in evaluated)


def test_batches_and_stored_features_change_nothing(
    write_config: WriteConfig, pairs_file: Path, tmp_path: Path
) -> None:
    ways: dict[str, dict[str, Any]] = {
        "whole": {"per_device_train_batch_size": 4},
        "split": {"per_device_train_batch_size": 1},
        "kept": {"per_device_train_batch_size": 2, "cache_features": True},
        "balanced": {"per_device_train_batch_size": 4, "tokens_per_batch": 150},
    }
    found = {}
    for name, way in ways.items():
        given = settings(pairs_file, max_steps=4, global_batch_size=4, eval_steps=4, **way)
        assert run("train", write_config(name, **given)) == 0
        log = read_log(run_folder(tmp_path, name) / "logging.jsonl")
        found[name] = [row["loss"] for row in log if "loss" in row]
    for losses in found.values():
        assert losses == pytest.approx(found["whole"], rel=1e-4)


def test_a_resumed_run_is_as_one_that_never_stopped(
    write_config: WriteConfig, pairs_file: Path, tmp_path: Path, capsys: Any
) -> None:
    config = write_config(**settings(pairs_file, max_steps=4, eval_steps=2))
    assert run("train", config) == 0
    newest = run_folder(tmp_path) / "checkpoint-4"
    whole = load_file(newest / "adapter_model.safetensors")
    shutil.rmtree(newest)
    assert run("train", config, "resume=auto", "train.preference_beta=0.5") == 2
    assert "train.preference_beta was 0.1 and is 0.5" in capsys.readouterr().err
    assert run("train", config, "resume=auto") == 0
    again = load_file(newest / "adapter_model.safetensors")
    assert all(torch.equal(again[name], whole[name]) for name in whole)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["lora.enabled=false"],
            "train.preference_beta compares the model with what it was, which only adapters leave in memory: "
            "set lora.enabled=true",
        ),
        (
            ["lora.dropout=0.05"],
            "train.preference_beta compares probabilities, which lora.dropout would make random: set "
            "lora.dropout=0",
        ),
    ],
)
def test_settings_without_a_reference_are_refused(
    words: list[str], message: str, write_config: WriteConfig, pairs_file: Path, capsys: Any
) -> None:
    assert run("train", write_config(**settings(pairs_file)), *words) == 2
    assert capsys.readouterr().err.splitlines()[-1] == f"got-train: error: {words[0]}: {message}"


def test_rows_that_are_no_pairs_are_named(write_config: WriteConfig, pairs_file: Path, capsys: Any) -> None:
    good = [json.loads(line) for line in pairs_file.read_text().splitlines()]
    alone = {key: value for key, value in good[0].items() if key != "rejected_response"}
    same, token = good[1] | {"rejected_response": "001"}, good[2] | {"rejected_response": "a<|im_end|>"}
    write_rows(pairs_file, [*good[3:], alone, same, token])
    config = write_config(**settings(pairs_file))
    assert run("train", config, f"data.val=[{pairs_file}#2]", "--dry-run") == 2
    err = capsys.readouterr().err
    for line in (
        "pairs.jsonl:6: missing key: no rejected_response, and train.preference_beta compares two answers",
        "pairs.jsonl:7: same answers: rejected_response is what response is: there is nothing to prefer",
        "pairs.jsonl:8: reserved token: <|im_end|> cannot stand in a text",
    ):
        assert line in err
    write_rows(pairs_file, good)
    assert run("train", config, "train.preference_beta=null", "--dry-run") == 2
    assert (
        "pairs.jsonl:1: unsupported key: rejected_response is not read: only train.preference_beta compares "
        "answers; keep the better one as response"
    ) in capsys.readouterr().err
