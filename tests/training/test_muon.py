"""Muon beside AdamW: which weights each has, and that a run with both goes on as if it had not stopped."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import TrainingArguments

from got_train.config import LearningRates, LoraSettings
from got_train.config_file import load_config
from got_train.model.loading import build_model
from got_train.model.size import optimizer_bytes
from got_train.training.muon import MATRICES, MuonWithAdamW
from got_train.training.optim import optimizer_and_groups
from tests.training.runs import WriteConfig, losses, run, run_folder, weights

STEPS = {"optim": "muon", "learning_rate": 1e-2, "max_steps": 4, "save_strategy": "steps", "save_steps": 2}


def test_muon_has_the_matrices_inside_layers(write_config: WriteConfig) -> None:
    model = build_model(load_config(write_config()).model, 128, 42)[0]
    arguments = TrainingArguments(learning_rate=1e-3, weight_decay=0.1, use_cpu=True)
    made, settings = optimizer_and_groups(model, arguments, LearningRates(), LoraSettings(), muon=True)
    assert made is MuonWithAdamW
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    matrices = {names[id(p)] for group in settings["params"] if group[MATRICES] for p in group["params"]}
    others = set(names.values()) - matrices
    assert {name.rsplit(".", 2)[-2] for name in matrices if "vision_tower" in name} == {
        *("qkv", "proj", "lin1", "lin2"),
    }
    assert "model.multi_modal_projector.multimodal_projector.weight" in matrices
    for table in ("pos_embed", "rel_pos_h", "embed_tokens", "conv_upsampler1", "layer_norm1"):
        assert any(table in name for name in others), table
    bytes_kept = sum(optimizer_bytes("muon", name, p) for name, p in model.named_parameters())
    in_matrices = sum(p.numel() for name, p in model.named_parameters() if name in matrices)
    assert bytes_kept == 4 * (2 * sum(p.numel() for p in model.parameters()) - in_matrices)


def test_a_step_is_orthogonal_and_as_large_as_adamw_makes_it() -> None:
    torch.manual_seed(0)
    matrix, vector = (torch.nn.Parameter(torch.randn(shape)) for shape in ((16, 64), (64,)))
    groups = [{"params": [matrix], MATRICES: True}, {"params": [vector], MATRICES: False}]
    optimizer = MuonWithAdamW([group | {"weight_decay": 0.0} for group in groups], lr=1e-2)
    before = matrix.detach().clone()
    matrix.grad, vector.grad = torch.randn(16, 64), torch.randn(64)
    optimizer.step()
    step = (matrix.detach() - before) / 1e-2
    assert step.square().mean().sqrt() == pytest.approx(0.2, rel=0.25)
    assert torch.linalg.svdvals(step).max() < 2 * torch.linalg.svdvals(step).min()


def test_a_changed_rate_reaches_both_parts() -> None:
    weight, bias = torch.nn.Linear(4, 4).parameters()
    groups = [{"params": [weight], MATRICES: True}, {"params": [bias], MATRICES: False}]
    optimizer = MuonWithAdamW([group | {"weight_decay": 0.0} for group in groups], lr=1.0)
    optimizer.load_state_dict(optimizer.state_dict())  # as accelerate does
    for group in optimizer.param_groups:
        group["lr"] = 0.0
    before = weight.detach().clone(), bias.detach().clone()
    weight.grad, bias.grad = torch.ones(4, 4), torch.ones(4)
    optimizer.step()
    assert torch.equal(weight, before[0]) and torch.equal(bias, before[1])


def test_a_resumed_run_is_as_one_that_never_stopped(
    write_config: WriteConfig, tmp_path: Path, capsys: Any
) -> None:
    config = write_config(train=STEPS)
    assert run("train", config) == 0
    newest = run_folder(tmp_path) / "checkpoint-4"
    whole = weights(newest)
    assert losses(run_folder(tmp_path))[-1] < losses(run_folder(tmp_path))[0]
    shutil.rmtree(newest)
    assert run("train", config, "resume=auto", "train.optim=adamw_torch_fused") == 2
    assert "train.optim was muon and is adamw_torch_fused" in capsys.readouterr().err
    assert run("train", config, "resume=auto") == 0
    again = weights(newest)
    assert all(torch.equal(again[name], whole[name]) for name in whole)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["lora.enabled=true"], "train.optim=muon is for whole matrices, not adapters: leave it out, or set"),
        (
            ["train.deepspeed=configs/deepspeed/zero2.json"],
            "train.optim=muon does not work with train.deepspeed",
        ),
        (["train.optim_args=a=1"], "train.optim_args has no effect with train.optim=muon: leave it out"),
    ],
)
def test_where_it_is_not_made_for_it_is_refused(
    write_config: WriteConfig, words: list[str], message: str, capsys: Any
) -> None:
    assert run("train", write_config(train={"optim": "muon"}), *words) == 2
    assert message in capsys.readouterr().err
