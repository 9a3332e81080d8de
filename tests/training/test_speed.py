"""What makes training faster changes nothing that is learnt."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch._dynamo.utils import counters

from got_train.model.got import GotModel
from got_train.training.callbacks import read_log
from tests.conftest import draw, write_rows
from tests.training.runs import WriteConfig, losses, run, run_folder, weights

SGD = {"optim": "sgd", "learning_rate": 0.1}
"""Plain gradient descent: Adam would blow rounding up where a gradient is nearly zero."""
FROZEN = {"learning_rates": {"encoder": 0}}


def lengthen(rows_file: Path) -> None:
    """Gives the rows very different lengths."""
    rows = [json.loads(line) for line in rows_file.read_text().splitlines()]
    write_rows(rows_file, [row | {"response": "7" * (1 + 4 * place)} for place, row in enumerate(rows)])


def largest_difference(first: Path, second: Path) -> float:
    one, other = weights(first), weights(second)
    return max(float((one[name] - other[name]).abs().max()) for name in one)


def test_sharing_out_by_length_learns_the_same(
    write_config: WriteConfig, rows_file: Path, tmp_path: Path, capsys: Any
) -> None:
    lengthen(rows_file)
    train = SGD | {"global_batch_size": 8, "max_steps": 5, "save_steps": 5}
    assert run("train", write_config("plain", train=train | {"per_device_train_batch_size": 8})) == 0
    capsys.readouterr()
    assert run("train", write_config("shared", train=train | {"tokens_per_batch": 400})) == 0
    out = capsys.readouterr().out
    batches = re.search(r"5 optimizer steps of 8 samples \(each in (\d) x 1 batches of about the same", out)
    assert batches and 2 < int(batches[1]) < 8
    plain, shared = run_folder(tmp_path, "plain"), run_folder(tmp_path, "shared")
    assert losses(shared) == pytest.approx(losses(plain), rel=1e-5)
    assert largest_difference(plain / "checkpoint-5", shared / "checkpoint-5") < 2e-5


def test_kept_features_learn_the_same_and_spare_the_encoder(
    write_config: WriteConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded: list[int] = []
    encode = GotModel.encode

    def count(self: GotModel, pixel_values: torch.Tensor) -> torch.Tensor:
        encoded.append(len(pixel_values))
        return encode(self, pixel_values)

    monkeypatch.setattr(GotModel, "encode", count)
    # 17 rows, 16 of them with a picture: three epochs of 17 steps.
    train = SGD | FROZEN | {"per_device_train_batch_size": 1, "max_steps": 51, "save_steps": 51}
    assert run("train", write_config("plain", train=train)) == 0
    assert sum(encoded) == 3 * 16
    encoded.clear()
    assert run("train", write_config("kept", train=train | {"cache_features": True})) == 0
    assert sum(encoded) == 16
    plain, kept = run_folder(tmp_path, "plain"), run_folder(tmp_path, "kept")
    assert losses(kept) == losses(plain)
    assert largest_difference(plain / "checkpoint-51", kept / "checkpoint-51") == 0
    # The next run finds them, but for the picture that has changed since.
    encoded.clear()
    draw(tmp_path / "3.png", "x")
    assert run("train", write_config("again", train=train | {"cache_features": True})) == 0
    assert sum(encoded) == 1


def test_another_encoder_has_features_of_its_own(write_config: WriteConfig, tmp_path: Path) -> None:
    for seed in (1, 2, 1):
        train = FROZEN | {"cache_features": True, "seed": seed}
        assert run("train", write_config(train=train)) == 0
    folders = list((tmp_path / "output" / "features").iterdir())
    assert len(folders) == 2 and all(list(folder.glob("*.safetensors")) for folder in folders)


def test_validation_is_the_same_beside_kept_features(write_config: WriteConfig, tmp_path: Path) -> None:
    train = FROZEN | {"eval_strategy": "steps", "eval_steps": 1, "max_steps": 4}
    for name, words in (("plain", {}), ("kept", {"cache_features": True})):
        assert run("train", write_config(name, train=train | words)) == 0
    read = [
        [row for row in read_log(run_folder(tmp_path, name) / "logging.jsonl") if "eval_loss" in row]
        for name in ("plain", "kept")
    ]
    assert len(read[0]) == 4
    for plain, kept in zip(*read, strict=True):
        assert kept["eval_loss"] == pytest.approx(plain["eval_loss"], rel=1e-6)
        assert kept["eval_cer"] == plain["eval_cer"]


@pytest.mark.parametrize("workers", [0, 2])
def test_a_resumed_run_goes_on_in_the_middle_of_a_later_epoch(
    write_config: WriteConfig, rows_file: Path, tmp_path: Path, workers: int
) -> None:
    lengthen(rows_file)
    train = FROZEN | {
        "global_batch_size": 4,
        "tokens_per_batch": 100,
        "cache_features": True,
        "max_steps": 9,
        "save_steps": 7,  # an epoch has 5 steps
        "dataloader_num_workers": workers,
    }
    config = write_config(train=train, lora={"enabled": True, "dropout": 0.1})
    assert run("train", config) == 0
    folder = run_folder(tmp_path)
    whole, file = losses(folder), folder / "checkpoint-9" / "adapter_model.safetensors"
    expected = load_file(file)
    shutil.rmtree(folder / "checkpoint-9")
    (folder / "logging.jsonl").unlink()
    assert run("train", config, "resume=auto") == 0
    assert losses(folder) == whole[7:]
    again = load_file(file)
    assert all(torch.equal(again[name], expected[name]) for name in expected)


def test_a_batch_that_mixes_kept_features_and_new_tiles_learns_the_same(
    write_config: WriteConfig, tmp_path: Path
) -> None:
    # Four rows a batch: after a resume the first features are kept and the others are not.
    train = FROZEN | {
        "per_device_train_batch_size": 4,
        "max_steps": 5,
        "save_steps": 3,
        "cache_features": True,
    }
    config = write_config(train=train, lora={"enabled": True, "dropout": 0.3})
    assert run("train", config) == 0
    folder = run_folder(tmp_path)
    file = folder / "checkpoint-5" / "adapter_model.safetensors"
    expected = load_file(file)
    shutil.rmtree(folder / "checkpoint-5")
    for shard in list((tmp_path / "output" / "features").glob("*/*.safetensors"))[1:]:
        shard.unlink()
    assert run("train", config, "resume=auto") == 0
    assert all(torch.equal(tensor, expected[name]) for name, tensor in load_file(file).items())


@pytest.mark.parametrize("lora", [False, True])
@pytest.mark.parametrize("checkpointing", [False, True])
def test_compiled_layers_learn_the_same_without_a_break(
    write_config: WriteConfig, rows_file: Path, tmp_path: Path, lora: bool, checkpointing: bool
) -> None:
    lengthen(rows_file)
    train = SGD | {
        "global_batch_size": 4,
        "per_device_train_batch_size": 2,
        "max_steps": 4,
        "save_steps": 4,
        "eval_strategy": "steps",
        "eval_steps": 2,
        "gradient_checkpointing": checkpointing,
    }
    sections = {"lora": {"enabled": lora, "dropout": 0.0}}
    assert run("train", write_config("plain", train=train, **sections)) == 0
    torch._dynamo.reset()
    counters.clear()
    compiled = train | {"torch_compile": True, "torch_compile_backend": "aot_eager"}
    assert run("train", write_config("compiled", train=compiled, **sections)) == 0
    assert not counters["graph_break"]
    # Three kinds of layers, each for some shape, for any, for one row or tile alone, and without gradients.
    assert 3 < counters["stats"]["unique_graphs"] <= 18
    folders = [run_folder(tmp_path, name) for name in ("plain", "compiled")]
    assert losses(folders[1]) == pytest.approx(losses(folders[0]), rel=1e-5)
    file = "adapter_model.safetensors" if lora else "model.safetensors"
    plain, again = (load_file(folder / "checkpoint-4" / file) for folder in folders)
    assert plain.keys() == again.keys()
    assert all(torch.allclose(again[name], plain[name], atol=2e-5) for name in plain)


def test_the_log_tells_how_long_training_waited_for_data(write_config: WriteConfig, tmp_path: Path) -> None:
    assert run("train", write_config()) == 0
    log = [row for row in read_log(run_folder(tmp_path) / "logging.jsonl") if "loss" in row]
    assert all(0 < row["data_wait"] < 1 for row in log)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["train.cache_features=true"], "but the encoder is trained: freeze it"),
        (["train.tokens_per_batch=100"], "tokens_per_batch needs train.global_batch_size"),
        (["train.cache_gib=0"], "train.cache_gib 0 must be above 0"),
        (["train.tokens_per_batch=0", "train.global_batch_size=4"], "tokens_per_batch 0 must be at least 1"),
        (
            ["train.train_sampling_strategy=group_by_length"],
            "train.tokens_per_batch shares those of a step out by length",
        ),
        (
            ["train.cache_features=true", "lora.enabled=true", "lora.modules=[encoder]"],
            "but the encoder is trained: freeze it",
        ),
    ],
)
def test_what_does_not_fit_together_is_refused(
    write_config: WriteConfig, words: list[str], message: str, capsys: Any
) -> None:
    assert run("train", write_config(), *words) == 2
    assert message in capsys.readouterr().err
