"""Attention over short rows by plain products, against torch's own kernels."""

import copy
from typing import Any

import pytest
import torch
from transformers import AutoModel, OPTConfig, PreTrainedModel, Qwen2Config

from got_train.model import short_rows
from got_train.model.short_rows import attend_short_rows

SHARED = {"vocab_size": 50, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}
DECODERS = {
    "opt": OPTConfig(**SHARED, ffn_dim=48, word_embed_proj_dim=32, dropout=0.0),
    "qwen2": Qwen2Config(**SHARED, intermediate_size=48, num_key_value_heads=2),
}


def pair(kind: str) -> tuple[PreTrainedModel, PreTrainedModel]:
    """A decoder as transformers makes it, and one that attends to short rows by plain products."""
    torch.manual_seed(0)
    stock = AutoModel.from_config(DECODERS[kind]).train()
    mine = copy.deepcopy(stock)
    attend_short_rows(mine)
    return mine, stock


def gradients(model: PreTrainedModel, dtype: torch.dtype) -> list[torch.Tensor]:
    """Hidden states of two rows, and the gradients of all weights."""
    ids = torch.arange(40).view(2, 20)
    with torch.autocast("cpu", dtype, enabled=dtype != torch.float32):
        hidden = model(input_ids=ids, use_cache=False).last_hidden_state
    hidden.float().square().sum().backward()
    return [hidden, *(weights.grad for weights in model.parameters() if weights.grad is not None)]


@pytest.mark.parametrize("kind", DECODERS)
def test_products_are_as_near_the_truth_as_the_kernel(kind: str) -> None:
    mine, stock = pair(kind)
    truth = gradients(copy.deepcopy(stock), torch.float32)
    for found, kernels, exact in zip(
        gradients(mine, torch.bfloat16), gradients(stock, torch.bfloat16), truth, strict=True
    ):
        scale = exact.square().mean().sqrt() + 1e-6
        errors = [(given.float() - exact).square().mean().sqrt() / scale for given in (found, kernels)]
        assert errors[0] < 1.3 * errors[1] + 1e-3


@pytest.mark.parametrize("kind", DECODERS)
def test_only_training_on_short_rows_leaves_the_kernel(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    mine, stock = pair(kind)
    calls = []
    kernel = short_rows.sdpa_attention_forward

    def counted(*args: Any, **kwargs: Any) -> Any:
        calls.append(args[1].shape[2])
        return kernel(*args, **kwargs)

    monkeypatch.setattr(short_rows, "sdpa_attention_forward", counted)
    gradients(mine, torch.bfloat16)
    assert calls == []
    assert torch.equal(gradients(mine, torch.float32)[0], gradients(stock, torch.float32)[0])
    assert calls == [20, 20]
    monkeypatch.setattr(short_rows, "SHORT_ROW", 19)
    gradients(mine, torch.bfloat16)
    assert calls == [20] * 4


def test_it_is_saved_in_no_checkpoint() -> None:
    mine, stock = pair("qwen2")
    assert mine.config.to_dict() == stock.config.to_dict()
