"""Auxiliary losses: what is summed, a run that learns by them, resuming, and the stage after."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image, ImageDraw

from got_train.config import DecoderConfig, EncoderConfig, ModelConfig
from got_train.model.got import GotModel
from got_train.model.loading import build_model
from got_train.training.auxiliary import mean_parts
from got_train.training.callbacks import read_log
from got_train.vocabulary import BLANK, SLOTS
from tests.conftest import DECODERS, ENCODER, write_rows
from tests.training.runs import WriteConfig, run, run_folder, weights

LOSSES = {"slots": 0.5, "ctc": 0.25, "written": 1.0}


@pytest.fixture
def regions_file(tmp_path: Path) -> Path:
    """Sixteen pictures of a number with its box, and two rows without."""
    rows: list[dict[str, Any]] = []
    for number in range(16):
        image = Image.new("RGB", (32, 32), "white")
        ImageDraw.Draw(image).text((2, 2), f"{number:02}", fill="black")
        image.save(tmp_path / f"{number}.png")
        row = {"query": "<image>OCR: ", "response": f"{number:02}", "images": [f"{number}.png"]}
        rows.append(row | {"regions": [{"text": f"{number:02}", "box": [2, 2, 14, 13]}]})
    rows.append({**row, "query": "<image>What is it? ", "response": "a number"})
    rows.append({"query": "EEEEE", "response": "FFFFF"})
    return write_rows(tmp_path / "regions.jsonl", rows)


def settings(regions_file: Path, losses: dict[str, Any] = LOSSES, **train: Any) -> dict[str, Any]:
    return {
        "data": {"train": [str(regions_file)], "val": [f"{regions_file}#4"]},
        "train": {"auxiliary_losses": losses, "learning_rate": 0.003, "eval_strategy": "steps", **train},
    }


def model_and_batch(tokenizer_dir: str) -> tuple[GotModel, dict[str, torch.Tensor]]:
    config = ModelConfig(
        init="random",
        encoder=EncoderConfig(**ENCODER),
        decoder=DecoderConfig(model_type="opt", shape=dict(DECODERS["opt"]), tokenizer=tokenizer_dir),
    )
    model = build_model(config, max_length=64, seed=0, with_alphabet=True)[0]
    generator = torch.Generator().manual_seed(0)
    ids = torch.randint(0, 200, (3, 12), generator=generator)
    ids[:2, 2:6] = model.config.image_token_id  # the last row has no picture
    labels = ids.clone()
    labels[:, :7] = -100
    slots = torch.full((1, 4 * SLOTS), BLANK)
    slots[0, :3] = torch.tensor([7, 8, 7])
    return model, {
        "input_ids": ids,
        "labels": labels,
        "tiles": torch.randint(0, 256, (2, 32, 32, 3), generator=generator, dtype=torch.uint8),
        "slots": slots,
        "slot_rows": torch.tensor([1]),
        "slot_tiles": torch.tensor([1]),
    }


def test_the_loss_is_that_of_answers_and_the_weighted_others(tokenizer_dir: str) -> None:
    model, batch = model_and_batch(tokenizer_dir)
    plain = {name: value for name, value in batch.items() if not name.startswith("slot")}
    model.auxiliary_weights = dict(LOSSES)
    answers = model(**plain).loss
    output = model(**batch)
    assert list(output.auxiliary) == ["slots", "ctc", "written"]
    expected = answers + sum(LOSSES[name] * part for name, part in output.auxiliary.items())
    assert output.loss.item() == pytest.approx(expected.item(), rel=1e-5)
    output.loss.backward()
    assert all(part.grad is not None for part in model.parameters())
    # a step's tokens divide the sums of all its batches
    assert model(**batch, num_items_in_batch=30).auxiliary["ctc"] * 30 == pytest.approx(
        output.auxiliary["ctc"].item() * 15, rel=1e-5
    )
    model.auxiliary_weights = {"ctc": 2.0}
    output = model(**batch)
    assert list(output.auxiliary) == ["ctc"]
    assert output.loss.item() == pytest.approx((answers + 2 * output.auxiliary["ctc"]).item(), rel=1e-5)
    model.eval()
    output = model(**batch)
    assert output.auxiliary is None and output.loss.item() == pytest.approx(answers.item(), rel=1e-5)


def test_means_are_over_steps_and_sums_over_their_batches() -> None:
    parts = [(3, {"ctc": 1.0}), (3, {"ctc": 2.0, "slots": 1.0}), (5, {"ctc": 0.5})]
    assert mean_parts(parts) == {"auxiliary_ctc": 1.75, "auxiliary_slots": 0.5}
    assert mean_parts([]) == {}


def test_tokens_learn_to_say_what_pictures_show(
    write_config: WriteConfig, regions_file: Path, tmp_path: Path, tokenizer_dir: str
) -> None:
    given = settings(regions_file, max_steps=40, eval_steps=20, save_steps=40, logging_steps=10)
    assert run("train", write_config(**given)) == 0
    steps = [row for row in read_log(run_folder(tmp_path) / "logging.jsonl") if "loss" in row]
    for name in LOSSES:
        assert steps[-1][f"auxiliary_{name}"] < 0.8 * steps[0][f"auxiliary_{name}"]
    # the stage after takes the alphabet if it needs one, and else leaves it
    checkpoint = run_folder(tmp_path) / "checkpoint-40"
    assert "alphabet.vectors" in weights(checkpoint)
    for with_alphabet in (True, False):
        config = ModelConfig(path=str(checkpoint))
        again = build_model(config, max_length=64, seed=1, with_alphabet=with_alphabet)[0]
        assert (again.alphabet is not None) == with_alphabet
        again.save_pretrained(tmp_path / "again")
        assert ("alphabet.vectors" in weights(tmp_path / "again")) == with_alphabet
        assert again.is_stock != with_alphabet
        shutil.rmtree(tmp_path / "again")
        next_stage = ModelConfig(
            init_from=str(checkpoint),
            decoder=DecoderConfig(shape=dict(DECODERS["qwen2"]), tokenizer=tokenizer_dir),
        )
        new, _, report = build_model(next_stage, max_length=64, seed=1, with_alphabet=with_alphabet)
        assert (new.alphabet is not None) == with_alphabet and report.left_over == {}
        if with_alphabet:
            assert torch.equal(new.state_dict()["alphabet.vectors"], weights(checkpoint)["alphabet.vectors"])


def test_batches_change_nothing(write_config: WriteConfig, regions_file: Path, tmp_path: Path) -> None:
    found = {}
    for name, size in (("whole", 6), ("split", 2)):
        # noise on written tokens follows from the batch
        losses = {"slots": 0.5, "ctc": 0.25}
        way = settings(regions_file, losses, max_steps=4, eval_steps=4, global_batch_size=6)
        way["train"]["per_device_train_batch_size"] = size
        assert run("train", write_config(name, **way)) == 0
        log = read_log(run_folder(tmp_path, name) / "logging.jsonl")
        names = ("loss", "auxiliary_slots", "auxiliary_ctc")
        found[name] = [row[key] for row in log if "loss" in row for key in names]
    assert len(found["whole"]) == 12 and found["split"] == pytest.approx(found["whole"], rel=1e-4)


def test_a_resumed_run_is_as_one_that_never_stopped(
    write_config: WriteConfig, regions_file: Path, tmp_path: Path, capsys: Any
) -> None:
    config = write_config(**settings(regions_file, max_steps=4, eval_steps=4, save_steps=2))
    assert run("train", config) == 0
    newest = run_folder(tmp_path) / "checkpoint-4"
    whole = weights(newest)
    shutil.rmtree(newest)
    assert run("train", config, "resume=auto", "train.auxiliary_losses.ctc=1") == 2
    assert "train.auxiliary_losses.ctc was 0.25 and is 1" in capsys.readouterr().err
    assert run("train", config, "resume=auto") == 0
    again = weights(newest)
    assert all(torch.equal(again[name], whole[name]) for name in whole)


def test_adapters_are_refused(write_config: WriteConfig, regions_file: Path, capsys: Any) -> None:
    assert run("train", write_config(**settings(regions_file)), "lora.enabled=true") == 2
    assert capsys.readouterr().err.splitlines()[-1] == (
        "got-train: error: lora.enabled=true: train.auxiliary_losses train all weights of the encoder and "
        "the connector, which adapters leave as they are: leave them out, or set lora.enabled=false"
    )


def test_broken_regions_stop_only_runs_that_read_them(
    write_config: WriteConfig, regions_file: Path, capsys: Any
) -> None:
    rows = [json.loads(line) for line in regions_file.read_text().splitlines()]
    write_rows(regions_file, [*rows, rows[0] | {"regions": [{"text": "00"}]}])
    config = write_config(**settings(regions_file))
    assert run("train", config, "--dry-run") == 2
    assert "regions.jsonl:19: wrong type: a region is" in capsys.readouterr().err
    plain = [f"train.auxiliary_losses.{name}=0" for name in LOSSES]
    assert run("train", config, *plain, "--dry-run") == 0
