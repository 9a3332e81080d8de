"""What the pictures tell: which rows exchange them, exact numbers, the log, and a run that is not changed."""

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from got_train.config import DecoderConfig, EncoderConfig, ModelConfig
from got_train.model.got import GotModel
from got_train.model.loading import build_model
from got_train.training import trainer
from got_train.training.callbacks import read_log
from got_train.training.picture_gain import RowGain, exchange, picture_gain, row_gains
from got_train.vocabulary import IGNORE_INDEX
from tests.conftest import DECODERS, ENCODER
from tests.training.runs import WriteConfig, run, run_folder

PADS = 4
"""Image tokens of a tile of the small model."""


def test_rows_with_as_many_tiles_take_each_others_pictures() -> None:
    counts = [1, 2, 1, 0, 1, 2, 3, 0]
    tiles = torch.arange(10)[:, None]  # rows begin at tiles 0, 1, 3, 4, 4, 5, 7
    order, differs = exchange(counts, tiles)
    assert order.tolist() == [3, 5, 6, 4, 0, 1, 2, 7, 8, 9]
    assert differs == [True, True, True, False, True, True, False, False]


def test_the_same_picture_does_not_count() -> None:
    page, other = [7, 8], [9, 8]
    # Three questions about one page, then one about another.
    order, differs = exchange([2] * 4, torch.tensor([page, page, page, other]).view(8, 1))
    assert order.tolist() == [6, 7, 6, 7, 6, 7, 2, 3] and all(differs)
    # Two rows, repeated to complete the last batch: half of the rows further on is the row itself.
    order, differs = exchange([1] * 4, torch.tensor([[1], [2], [1], [2]]))
    assert order.tolist() == [3, 0, 1, 2] and all(differs)
    assert exchange([2, 2], torch.tensor([page, page]).view(4, 1))[1] == [False, False]
    assert exchange([2], torch.tensor([page]).view(2, 1))[1] == [False]


def test_a_gain_is_a_mean_over_the_tokens_that_count() -> None:
    assert picture_gain([(2.0, 4), (0.0, 0), (-0.5, 2)]) == 0.25
    assert picture_gain([(0.0, 0)]) is None
    assert picture_gain([]) is None


def small(tokenizer_dir: str) -> GotModel:
    config = ModelConfig(
        init="random",
        encoder=EncoderConfig(**ENCODER),
        decoder=DecoderConfig(model_type="qwen2", shape=dict(DECODERS["qwen2"]), tokenizer=tokenizer_dir),
    )
    return build_model(config, max_length=64, seed=0)[0]


def batch_of(model: GotModel, tiles: torch.Tensor, counts: list[int], answers: list[int]) -> dict[str, Any]:
    """Rows of pictures, a word and an answer of two tokens."""
    length = 3 + PADS * max(counts)
    ids, labels = torch.full((len(counts), length), 5), torch.full((len(counts), length), IGNORE_INDEX)
    for row, (count, answer) in enumerate(zip(counts, answers, strict=True)):
        pads = PADS * count
        ids[row, :pads] = model.config.image_token_id
        ids[row, pads + 1 : pads + 3] = labels[row, pads + 1 : pads + 3] = answer
    return {"input_ids": ids, "labels": labels, "tiles": tiles}


def gains_of(model: GotModel, batch: dict[str, Any]) -> list[RowGain]:
    model.eval()
    with torch.no_grad():
        return row_gains(model, batch, model(**batch), model.config.image_token_id)


def random_tiles(count: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randint(0, 256, (count, 32, 32, 3), generator=generator, dtype=torch.uint8)


def test_a_gain_is_the_loss_with_other_pictures_less_that_with_the_own(tokenizer_dir: str) -> None:
    model, tiles = small(tokenizer_dir), random_tiles(8)
    counts, answers = [1, 2, 0, 1, 2, 2], [11, 12, 13, 14, 15, 16]
    batch = batch_of(model, tiles, counts, answers)
    found = gains_of(model, batch)
    with torch.no_grad():
        own = model(**batch)
        # The rows with one tile change theirs, and of those with two each takes the next one's.
        other = model(**batch | {"tiles": tiles[[3, 4, 5, 0, 6, 7, 1, 2]]})
    rises = (other.sample_losses.double() - own.sample_losses.double()).tolist()
    assert found == [(0.0, 0) if row == 2 else (rise, 2) for row, rise in enumerate(rises)]
    assert all(rise != 0 for row, rise in enumerate(rises) if row != 2)


def test_a_model_that_ignores_pictures_gains_exactly_nothing(tokenizer_dir: str) -> None:
    model = small(tokenizer_dir)
    model.model.multi_modal_projector.multimodal_projector.weight.data.zero_()
    found = gains_of(model, batch_of(model, random_tiles(6), [1, 2, 1, 2], [11, 12, 13, 14]))
    assert found == [(0.0, 2)] * 4
    assert picture_gain(found) == 0.0


def test_a_model_that_reads_pictures_gains(tokenizer_dir: str) -> None:
    model = small(tokenizer_dir).train()
    tiles = torch.zeros(4, 32, 32, 3, dtype=torch.uint8)
    tiles[2:] = 255  # dark pictures and bright ones
    batch = batch_of(model, tiles, [1] * 4, [11, 11, 12, 12])
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for _ in range(40):
        optimizer.zero_grad()
        model(**batch).loss.backward()
        optimizer.step()
    found = gains_of(model, batch)
    assert [tokens for _, tokens in found] == [2] * 4
    gain = picture_gain(found)
    # The first of two tokens is known from the picture alone: ln 2 at least.
    assert gain is not None and gain > np.log(2) / 2


def test_batches_without_pictures_tell_nothing(tokenizer_dir: str) -> None:
    model = small(tokenizer_dir)
    batch = batch_of(model, random_tiles(0), [0, 0], [11, 12])
    del batch["tiles"]
    assert gains_of(model, batch) == [(0.0, 0)] * 2


def states(checkpoint: Path) -> list[np.ndarray]:
    """The random states in a checkpoint."""
    found = torch.load(checkpoint / "rng_state.pth", weights_only=False)
    return [np.asarray(found["cpu"]), np.asarray(found["numpy"][1]), np.asarray(found["python"][1])]


@pytest.mark.parametrize("lora", [False, True])
def test_a_run_logs_it_and_learns_the_same_without(
    lora: bool, write_config: WriteConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train = {
        "max_steps": 3,
        "save_steps": 3,
        "eval_strategy": "steps",
        "eval_steps": 1,
        "per_device_train_batch_size": 2,
        "global_batch_size": 4,
        "max_grad_norm": 0.01,  # much smaller than the norms, which are those before
    }
    adapters = {"enabled": lora, "rank": 4, "modules": ["decoder"], "dropout": 0.2}
    random.seed(1)
    np.random.seed(1)
    assert run("train", write_config("with", train=train, lora=adapters)) == 0
    monkeypatch.setattr(trainer, "row_gains", lambda *given: [(0.0, 0)] * len(given[1]["labels"]))
    random.seed(1)
    np.random.seed(1)
    assert run("train", write_config("without", train=train, lora=adapters)) == 0
    folders = [run_folder(tmp_path, name) for name in ("with", "without")]
    logs = [read_log(folder / "logging.jsonl") for folder in folders]

    evaluated = [row for row in logs[0] if "eval_loss" in row]
    assert len(evaluated) == 3 and all(np.isfinite(row["eval_picture_gain"]) for row in evaluated)
    assert not any("eval_picture_gain" in row for row in logs[1])
    drawn = {path.name for path in (folders[0] / "images").iterdir()}
    assert {"eval_picture_gain.png", "train_grad_norm_decoder.png"} <= drawn
    groups = {"grad_norm_decoder"} | (set() if lora else {"grad_norm_encoder", "grad_norm_connector"})
    for row in (row for row in logs[0] if "loss" in row):
        assert {name for name in row if name.startswith("grad_norm_")} == groups
        assert np.hypot.reduce([row[name] for name in groups]) == pytest.approx(row["grad_norm"], rel=1e-6)
        assert row["grad_norm"] > 0.01

    learnt = [
        [(row["loss"], row["grad_norm"]) if "loss" in row else row.get("eval_loss") for row in log]
        for log in logs
    ]
    assert learnt[0] == learnt[1]
    file = "adapter_model.safetensors" if lora else "model.safetensors"
    first, second = (load_file(folder / "checkpoint-3" / file) for folder in folders)
    assert all(torch.equal(first[name], second[name]) for name in first)
    for one, other in zip(*(states(folder / "checkpoint-3") for folder in folders), strict=True):
        assert np.array_equal(one, other)
