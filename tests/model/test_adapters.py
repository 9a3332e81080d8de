import copy
import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from transformers import TrainingArguments

from got_train.bitsandbytes_import import show_bitsandbytes
from got_train.config import DecoderConfig, EncoderConfig, LearningRates, LoraSettings, ModelConfig
from got_train.model.adapters import add_adapters, linear_layers, module_table, prepare_for_training
from got_train.model.got import GotModel, group_of
from got_train.model.loading import build_model
from got_train.model.quantize import round_to_4_bits
from got_train.report import UserError
from got_train.training.optim import optimizer_and_groups
from tests.conftest import DECODERS, ENCODER


@pytest.fixture
def model(tokenizer_dir: str) -> GotModel:
    config = ModelConfig(
        init="random",
        encoder=EncoderConfig(**ENCODER),  # type: ignore[arg-type]
        decoder=DecoderConfig(model_type="qwen2", shape=dict(DECODERS["qwen2"]), tokenizer=tokenizer_dir),
    )
    return build_model(config, 128, seed=0)[0]


def test_adapters_go_to_the_linear_layers_of_their_groups(model: GotModel) -> None:
    decoder = linear_layers(model, ["decoder"])
    assert len(decoder) == 2 * 7  # q, k, v, o, gate, up, down; not the head
    assert linear_layers(model, ["connector"]) == ["model.multi_modal_projector.multimodal_projector"]
    assert len(linear_layers(model, ["encoder"])) == 2 * 4  # qkv, proj, lin1, lin2


def test_only_adapters_train(model: GotModel) -> None:
    trained = prepare_for_training(model, LearningRates(), LoraSettings(enabled=True, rank=2))
    names = [name for name, parameter in trained.named_parameters() if parameter.requires_grad]
    assert len(names) == 2 * 15
    assert all(".lora_A." in name or ".lora_B." in name for name in names)


@pytest.mark.parametrize("kind", ["use_dora", "use_rslora"])
def test_kinds_of_adapters(model: GotModel, kind: str) -> None:
    settings = LoraSettings(enabled=True, rank=4, alpha=32, **{kind: True})  # type: ignore[arg-type]
    trained = prepare_for_training(model, LearningRates(), settings)
    layer = trained.get_submodule("base_model.model.model.language_model.layers.0.self_attn.q_proj")
    assert bool(layer.lora_magnitude_vector) == (kind == "use_dora")
    assert layer.scaling["default"] == (32 / 2 if kind == "use_rslora" else 32 / 4)


def test_weights_below_adapters_in_4_bits(model: GotModel) -> None:
    show_bitsandbytes()  # commands that ran in this process before have hidden it
    bitsandbytes = pytest.importorskip("bitsandbytes", reason="the extra quantization is not installed")
    torch.manual_seed(0)
    rounded = copy.deepcopy(model)
    names = linear_layers(model, ["decoder", "connector"])
    round_to_4_bits(rounded, names)
    before = model.get_submodule(names[0]).weight.clone()
    error = (rounded.get_submodule(names[0]).weight - before).abs().mean() / before.abs().mean()
    assert 0.05 < error < 0.25  # these tensors are too small for the second quantization to be exact
    lora = LoraSettings(enabled=True, quantization_bits=4, dropout=0.0)
    # Evaluation on CPUs with bf16 instructions would take a kernel for widths of whole 32s, which these are
    # not.
    trained = prepare_for_training(model, LearningRates(), lora).train()
    layer = trained.get_submodule(f"base_model.model.{names[0]}")
    assert isinstance(layer.base_layer, bitsandbytes.nn.Linear4bit)
    assert layer.base_layer.weight.dtype == torch.uint8
    ids = torch.arange(1, 13)[None]
    ids[0, 2:6] = model.config.image_token_id
    given = {"input_ids": ids, "pixel_values": torch.randn(1, 3, 32, 32)}
    # What merge and infer load is what was trained on.
    difference = (trained(**given).logits - rounded.eval()(**given).logits).abs().max()
    assert difference < 1e-5
    trained(**given, labels=ids).loss.backward()
    grads = [parameter.grad for name, parameter in trained.named_parameters() if ".lora_B." in name]
    assert len(grads) == 15 and all(grad is not None and bool(grad.any()) for grad in grads)


def test_the_table_shows_what_trains_and_how_fast(model: GotModel) -> None:
    rates = LearningRates(encoder=0, connector=5e-3)
    prepare_for_training(model, rates, LoraSettings())
    assert module_table(model, rates, 1e-4) == (
        "module     parameters  trainable  learning rate\n"
        "encoder        42,656          0              -\n"
        "connector       2,352      2,352          0.005\n"
        "decoder        50,448     50,448         0.0001\n"
        "total          95,456     52,800              -"
    )


@pytest.mark.parametrize(("encoder", "convolutions"), [(0, 2e-5), (2e-5, 0)])
def test_convolutions_can_train_apart_from_the_encoder(
    model: GotModel, encoder: float, convolutions: float
) -> None:
    rates = LearningRates(encoder=encoder, connector=0, decoder=0, convolutions=convolutions)
    prepare_for_training(model, rates, LoraSettings())
    trained = {name for name, weights in model.named_parameters() if weights.requires_grad}
    expected = {
        name
        for name, _ in model.named_parameters()
        if group_of(name) == "encoder" and ("conv_upsampler" in name) == (encoder == 0)
    }
    assert trained == expected and expected
    arguments = TrainingArguments(learning_rate=1e-4, weight_decay=0.0)
    _, settings = optimizer_and_groups(model, arguments, rates, LoraSettings())
    assert {group["lr"] for group in settings["params"]} == {2e-5}
    assert "\nconvolutions " in module_table(model, rates, 1e-4)


@pytest.mark.parametrize("lora", [False, True])
def test_a_frozen_encoder_keeps_no_graph_even_with_gradient_checkpointing(
    model: GotModel, lora: bool
) -> None:
    rates = LearningRates(encoder=None if lora else 0)
    trained = prepare_for_training(model, rates, LoraSettings(enabled=lora)).train()
    trained.gradient_checkpointing_enable()
    trained.enable_input_require_grads()
    outputs = []
    model.model.vision_tower.neck.register_forward_hook(lambda module, given, output: outputs.append(output))
    ids = torch.arange(1, 13)[None]
    ids[0, 2:6] = model.config.image_token_id
    trained(input_ids=ids, pixel_values=torch.randn(1, 3, 32, 32), labels=ids).loss.backward()
    assert [output.requires_grad for output in outputs] == [False]
    assert any(parameter.grad is not None for parameter in trained.parameters())


def test_adapters_in_a_frozen_group_are_refused(model: GotModel) -> None:
    with pytest.raises(UserError, match="disagree: connector has rate 0"):
        prepare_for_training(model, LearningRates(connector=0), LoraSettings(enabled=True))


def test_alphas_and_ranks_of_layers_go_with_their_layers_in_the_original_layout(
    model: GotModel, tmp_path: Path
) -> None:
    """ms-swift trains that layout without conversion, and its patterns have the names of its layers."""
    own = ["model.multi_modal_projector.multimodal_projector", "model.language_model.layers.0.mlp.up_proj"]
    theirs = ["model.mm_projector_vary", "model.layers.0.mlp.up_proj"]
    weights = {}
    for layer, name, rank in zip(own, theirs, (3, 2), strict=True):
        linear = model.get_submodule(layer)
        weights[f"base_model.model.{name}.lora_A.weight"] = torch.ones(rank, linear.in_features)
        weights[f"base_model.model.{name}.lora_B.weight"] = torch.ones(linear.out_features, rank)
    save_file(weights, tmp_path / "adapter_model.safetensors")
    said = {"peft_type": "LORA", "r": 2, "lora_alpha": 4, "target_modules": theirs}
    said |= {"rank_pattern": {"mm_projector_vary": 3}, "alpha_pattern": {"mm_projector_vary": 6 * 3}}
    (tmp_path / "adapter_config.json").write_text(json.dumps(said))
    adapted = add_adapters(model, str(tmp_path))
    scales = [adapted.base_model.model.get_submodule(layer).scaling["default"] for layer in own]
    assert scales == [6, 2]
