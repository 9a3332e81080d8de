"""Memory by formula: numbers reckoned by hand, and what torch's tracker finds on tensors without memory."""

import importlib.util
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode, unset_fake_temporarily
from torch.nn import functional
from transformers import GotOcr2Config

from got_train.config import Config, DecoderConfig, EncoderConfig, LearningRates, LoraSettings, ModelConfig
from got_train.model import attention
from got_train.model.adapters import prepare_for_training
from got_train.model.got import GotModel, got_config
from got_train.model.memory import (
    BYTES_OF_4_BITS,
    Batch,
    Setting,
    adapter_inputs,
    casts,
    decoder_layer,
    encoder_layer,
    inference,
    loss,
    moments,
    states,
)
from got_train.model.shapes import decoder_config
from got_train.model.size import ModelSize, base_of, model_size, optimizer_bytes

SCRIPT = Path(__file__).parents[2] / "scripts" / "measure_memory.py"
spec = importlib.util.spec_from_file_location("measure_memory", SCRIPT)
assert spec is not None and spec.loader is not None
measure_memory = importlib.util.module_from_spec(spec)
spec.loader.exec_module(measure_memory)

VOCABULARY = 151_860
LENGTH = 1_000
TEXT = LENGTH - 256
BF16 = Setting(compute=2)


class Tokenizer:
    def convert_tokens_to_ids(self, token: str) -> int:
        return VOCABULARY - 1


def full_width(layers: int = 2, kind: str = "qwen2") -> GotOcr2Config:
    """The recipe's model with few layers, the last of the encoder's being global."""
    encoder = EncoderConfig(num_hidden_layers=layers, global_attn_indexes=[layers - 1])
    decoder = DecoderConfig(model_type=kind, shape={"num_hidden_layers": layers})
    model = ModelConfig(init="random", encoder=encoder, decoder=decoder)
    text = decoder_config(model, None, VOCABULARY, 8192)
    return got_config(encoder, text, Tokenizer())  # type: ignore[arg-type]


def run(**sections: Any) -> Config:
    config = Config(name="run")
    config.lora = sections.get("lora", config.lora)
    config.train.learning_rates = sections.get("rates", config.train.learning_rates)
    return config


def without_weights(shape: GotOcr2Config, config: Config) -> nn.Module:
    with unset_fake_temporarily(), torch.device("meta"):
        return prepare_for_training(GotModel(shape), config.train.learning_rates, config.lora)


def sized(shape: GotOcr2Config, **sections: Any) -> ModelSize:
    config = run(**sections)
    return model_size(without_weights(shape, config), config)


def test_a_layer_of_the_encoder_by_hand() -> None:
    shape = full_width()
    # 4,096 patches of width 768, in 25 windows of 14 x 14, which are 4,900: two norms in float32; in bfloat16
    # the MLP's activation, the inputs of four products, two tables of positions, three projections and a copy
    # of the queries; four tensors of heads 96 wide, and a sum for each query and head.
    windows = 2 * 4096 * 768 * 4 + 4096 * 3072 * 2 + (3 * 4096 * 768 + 4096 * 3072) * 2
    windows += 2 * 4900 * 768 * 2 + 4 * 4900 * 768 * 2 + 4 * 4900 * 12 * 96 * 2 + 4 * 4900 * 12
    assert encoder_layer(shape, 0, 1, BF16, trained=True) == windows == 184_923_840
    # All patches together: heads 64 + 128 wide, and one projection.
    whole = 2 * 4096 * 768 * 4 + 4096 * 3072 * 2 + (3 * 4096 * 768 + 4096 * 3072) * 2
    whole += 4 * 4096 * 768 * 2 + 4 * 4096 * 12 * 192 * 2 + 4 * 4096 * 12
    assert encoder_layer(shape, 1, 1, BF16, trained=True) == whole
    # On a CPU blocks need the projections and what the positions add, 2 x 12 heads x 64.
    cpu = replace(BF16, gpu=False)
    whole = 2 * 4096 * 768 * 4 + 4096 * 3072 * 2 + (3 * 4096 * 768 + 4096 * 3072) * 2
    whole += (2 + 2 + 3) * 4096 * 768 * 2 + 2 * 4096 * 12 * 64 * 2
    assert encoder_layer(shape, 1, 1, cpu, trained=True) == whole


def test_a_layer_of_the_decoder_by_hand() -> None:
    size, batch = sized(full_width()), Batch(1, LENGTH, 1, TEXT)
    # A token: two norms with what comes in and what is scaled, in float32; five casts of the input, queries,
    # keys, values and result, 16 sums, and four tensors of the MLP.
    token = 2 * (4096 + 4096) + 5 * 2048 + 4 * 2048 + 16 * 4 + 4 * 2816 * 2
    assert decoder_layer(size, batch, BF16) == LENGTH * token == LENGTH * 57_408
    frozen = sized(full_width(), lora=LoraSettings(enabled=True))
    token = 2 * 4096 + 4 * 2048 + 16 * 4 + 3 * 2816 * 2
    assert decoder_layer(frozen, batch, BF16) == LENGTH * token
    # Six adapters take 1,024 numbers of a token and one 2,816, each cast to 2 bytes with a mask of 1.
    assert frozen.adapted_in_decoder == 2 * (6 * 1024 + 2816)
    assert adapter_inputs(6 * 1024 + 2816, BF16) == 3 * 8960


def test_the_loss_and_the_states_by_hand() -> None:
    size, batch = sized(full_width()), Batch(1, LENGTH, 1, TEXT)
    head = VOCABULARY * 1024
    chunk, hidden = 441 * VOCABULARY, 2 * TEXT * 1024 * 4
    # The softmax in float32 and the logits' gradient in bfloat16; the head's gradient and a product.
    assert loss(size, batch, BF16) == 2 * head + 6 * chunk + 6 * head + hidden
    # Logits in bfloat16, and in float32, and their logarithms.
    adapted = sized(full_width(), lora=LoraSettings(enabled=True))
    assert loss(adapted, batch, BF16) == 2 * head + 10 * chunk + hidden
    alone = states(size, BF16)
    assert alone == {
        "weights": 4 * size.total,
        "gradients": 4 * size.total,
        "optimizer": 8 * size.total,
        "buckets": 0,
    }
    assert states(size, replace(BF16, devices=8))["buckets"] == 4 * size.total
    zero2 = states(size, replace(BF16, devices=8, weight=2, zero=2, bucket=200_000_000))
    assert zero2["weights"] == 2 * size.total
    assert zero2["gradients"] == 2 * size.total / 8
    assert zero2["optimizer"] == 12 * size.total / 8
    assert zero2["buckets"] == 400_000_000
    assert casts(size, replace(BF16, weight=2, zero=2)) == (0, 0)


def test_an_evaluation_by_hand() -> None:
    size, batch = sized(full_width()), Batch(2, LENGTH, 0, 2 * TEXT)  # rows of text alone
    assert "evaluation" not in moments(size, batch, BF16)
    read = moments(size, batch, replace(BF16, loss_rows=1, read_rows=64))["evaluation"]
    # Keys and values of 2 layers in float32, 32 tokens past the reference; the weights of all products.
    assert read["workspace"] == 2 * 2 * 1024 * 64 * 1032 * 4
    short = replace(BF16, read_rows=64, read_tokens=100)
    assert moments(size, batch, short)["evaluation"]["workspace"] == 2 * 2 * 1024 * 64 * (256 + 100) * 4
    products = size.products_in_decoder + size.products_in_encoder
    assert read["casts"] == 2 * (products + VOCABULARY * 1024)
    computed = moments(size, batch, replace(BF16, loss_rows=64))["evaluation"]
    assert computed["workspace"] == 64 * LENGTH * (3 * 2816 * 2 + 6 * 1024 * 4)
    assert "gradients" not in computed


def test_weights_in_4_bits() -> None:
    lora = LoraSettings(enabled=True, quantization_bits=None)
    whole = sized(full_width(), lora=lora)
    config = run(lora=replace(lora, quantization_bits=4))
    packed = model_size(without_weights(full_width(), run(lora=lora)), config)
    layer = 4 * 1024**2 + 3 * 1024 * 2816
    assert packed.quantized == 2 * layer + 1024**2  # the connector too
    assert whole.quantized == 0
    saved = states(whole, BF16)["weights"] - states(packed, BF16)["weights"]
    assert saved == pytest.approx(packed.quantized * (4 - BYTES_OF_4_BITS))
    assert BYTES_OF_4_BITS == pytest.approx(0.5159, abs=1e-4)


def test_what_optimizers_keep() -> None:
    matrix, vector = torch.zeros(64, 64), torch.zeros(64)
    assert optimizer_bytes("adamw_torch_fused", "x", matrix) == 8 * 4096
    assert optimizer_bytes("adamw_8bit", "x", matrix) == 2 * (4096 + 16 * 4)
    assert optimizer_bytes("paged_adamw_8bit", "embed_tokens.weight", matrix) == 8 * 4096
    assert optimizer_bytes("adamw_bnb_8bit", "x", vector) == 8 * 64
    assert optimizer_bytes("lion_8bit", "x", matrix) == 4096 + 16 * 4
    assert optimizer_bytes("sgd", "x", matrix) == 0


def test_reading_by_hand() -> None:
    size = sized(full_width())
    parts = inference(size, rows=8, length=4352)
    assert parts["weights"] == 2 * size.total
    assert parts["keys and values"] == (2 + 1) * 2 * 1024 * 4352 * 8 * 2  # 2 layers, and the one that grows
    assert parts["logits"] == 8 * VOCABULARY * 6


def fused(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    *args: Any,
    scale: float | None = None,
    **given: Any,
) -> torch.Tensor:
    """torch's kernel for GPUs in place of the one for CPUs."""
    if torch.is_autocast_enabled("cpu"):
        query, key, value = (tensor.to(torch.bfloat16) for tensor in (query, key, value))
    is_causal = given.get("is_causal", False)
    flash = torch.ops.aten._scaled_dot_product_flash_attention
    return flash(query, key, value, 0.0, is_causal, scale=scale)[0]


@contextmanager
def without_memory(gpu: bool, supervised: int) -> Iterator[None]:
    """Tensors without memory, and what the model would do on a GPU.

    A fake tensor on a fake CUDA device would do, but autograd asks a build of torch without CUDA for it.
    """
    places = torch.zeros(supervised, 1, dtype=torch.int64)
    with ExitStack() as stack:
        stack.enter_context(FakeTensorMode(allow_non_fake_inputs=True))
        stack.enter_context(mock.patch.object(torch.Tensor, "nonzero", lambda tensor: places.clone()))
        if gpu:
            stack.enter_context(mock.patch.object(functional, "scaled_dot_product_attention", fused))
            on_gpus = attention.attend_augmented
            stack.enter_context(mock.patch.object(attention, "_fastest", lambda *_: on_gpus))
        yield


def give_fake_weights(model: nn.Module) -> None:
    """Replaces weights of the meta device by fake ones on the CPU, tied ones once."""
    made: dict[int, tuple[nn.Parameter, nn.Parameter]] = {}
    for module in model.modules():
        for name, weights in list(module._parameters.items()):
            if weights is not None:
                if id(weights) not in made:
                    fake = torch.empty(weights.shape, dtype=weights.dtype, device="cpu")
                    made[id(weights)] = (nn.Parameter(fake, weights.requires_grad), weights)
                module._parameters[name] = made[id(weights)][0]
        for name, buffer in list(module._buffers.items()):
            if buffer is not None:
                module._buffers[name] = torch.empty(buffer.shape, dtype=buffer.dtype, device="cpu")


def tracked_peak(model: nn.Module, batch: Batch, setting: Setting) -> float:
    """The most bytes of tensors in a forward and a backward pass."""
    base = base_of(model)
    side, tile = base.config.vision_config.image_size, (batch.rows, batch.length)
    with without_memory(setting.gpu, batch.supervised):
        give_fake_weights(model)
        model.train()
        if setting.checkpointing:
            model.gradient_checkpointing_enable()
        ids = torch.zeros(tile, dtype=torch.int64)
        tiles = torch.zeros(batch.tiles, side, side, 3, dtype=torch.uint8)
        tracker = measure_memory.Tracker()
        tracker.track_external(model)
        with tracker:
            with torch.autocast("cpu", torch.bfloat16, enabled=setting.compute == 2):
                found = model(input_ids=ids, labels=ids, tiles=tiles).loss
            found.backward()
        return float(tracker.peak)


def reckoned(size: ModelSize, batch: Batch, setting: Setting) -> float:
    """The most bytes by formula in a forward and a backward pass, without the optimizer."""
    passes = {
        name: parts for name, parts in moments(size, batch, setting).items() if name != "optimizer step"
    }
    return max(sum(parts.values()) for parts in passes.values()) - size.optimizer


CASES: dict[str, tuple[dict[str, Any], Setting]] = {
    "all weights": ({}, BF16),
    "checkpointing": ({}, replace(BF16, checkpointing=True)),
    "frozen encoder": ({"rates": LearningRates(encoder=0)}, BF16),
    "adapters": ({"lora": LoraSettings(enabled=True, dropout=0.0)}, BF16),
    "adapters, checkpointing": (
        {"lora": LoraSettings(enabled=True, dropout=0.0)},
        replace(BF16, checkpointing=True),
    ),
    "float32 on a CPU": ({}, Setting(compute=4, gpu=False)),
}


@pytest.mark.parametrize("case", CASES)
def test_the_formula_is_what_the_tracker_finds(case: str) -> None:
    sections, setting = CASES[case]
    shape, config, batch = full_width(), run(**sections), Batch(1, LENGTH, 1, TEXT)
    size = model_size(without_weights(shape, config), config)
    model = without_weights(shape, config)
    found = tracked_peak(model, batch, setting)
    assert reckoned(size, batch, setting) == pytest.approx(found, rel=0.1)


def test_short_rows_on_a_cpu_keep_the_weights_of_their_attention() -> None:
    shape, config = full_width(), run(rates=LearningRates(encoder=0))
    setting, batch = replace(BF16, gpu=False), Batch(16, 300, 1, 16 * 40)
    size = model_size(without_weights(shape, config), config)
    long = replace(batch, length=301)
    # For each head a number for each pair of tokens, and no sum for each token.
    weights = 2 * (16 * 300**2 * 16) - 4 * 16 * 300 * 16
    assert decoder_layer(size, batch, setting) - decoder_layer(size, long, setting) * 300 // 301 == weights
    found = tracked_peak(without_weights(shape, config), batch, setting)
    assert reckoned(size, batch, setting) == pytest.approx(found, rel=0.1)


def test_opt_is_reckoned_too() -> None:
    shape, config, batch = full_width(kind="opt"), run(), Batch(2, LENGTH, 2, 2 * TEXT)
    size = model_size(without_weights(shape, config), config)
    assert not size.gated and size.inner == 3072
    found = tracked_peak(without_weights(shape, config), batch, BF16)
    assert reckoned(size, batch, BF16) == pytest.approx(found, rel=0.1)


@pytest.mark.parametrize("options", [[], ["--bf16", "--checkpointing"]])
def test_the_formula_is_what_real_steps_take(options: list[str]) -> None:
    words = measure_memory.options(["small", *options, "--child", "tensors"])
    found = measure_memory.measure(words)
    assert found["formula"] == pytest.approx(found["measured"], rel=0.15)
