"""What the formulas need to know of a model, counted on a model without weights (torch's meta device)."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from peft import PeftModel
from torch import nn
from transformers import GotOcr2Config, PreTrainedTokenizerFast

from got_train.arguments import argument
from got_train.config import MUON, Config
from got_train.model.adapters import PEFT_PREFIX, linear_layers, prepare_for_training
from got_train.model.got import GotModel, group_of, is_hidden_matrix
from got_train.model.loading import shape_of_model

STATES = {"sgd": 0, "adafactor": 0, "adagrad": 1, "rmsprop": 1, "lion": 1}
"""Numbers that optimizers keep of each weight, by what their names begin with; every other one keeps 2, as
Adam does. Adafactor's rows and columns are small."""

MIN_8BIT_SIZE = 4096
"""Numbers from which on bitsandbytes keeps states of a tensor in 8 bits (`Optimizer8bit`)."""

BLOCK = 256
"""Numbers of an 8-bit state that share a scale in float32."""


@dataclass(frozen=True)
class ModelSize:
    """Counts are of numbers, not bytes, except `optimizer`."""

    config: GotOcr2Config
    total: int
    quantized: int
    """Weights in 4 bits."""
    trained: int
    optimizer: int
    """Bytes that the optimizer keeps, of one device without ZeRO."""
    trains_encoder: bool
    """Whether the encoder's own weights are trained."""
    encoder_has_gradients: bool
    """Whether anything is trained in the encoder, adapters included."""
    trains_decoder: bool
    trains_head: bool
    decoder_share: float
    """Share of the trained weights that are not in the encoder."""
    products_in_encoder: int
    """Weights of its products."""
    products_in_decoder: int
    """The same of decoder and connector, without the head and what is in 4 bits."""
    adapted_in_encoder: int
    """Numbers of a tile that go into adapters of the encoder."""
    adapted_in_decoder: int
    """Numbers of a token that go into adapters of the decoder."""
    vocabulary: int
    width: int
    inner: int
    layers: int
    heads: int
    queries: int
    keys: int
    gated: bool
    """Whether the decoder's MLPs multiply two products, as Qwen's and Llama's; OPT's do not."""


def meta_model(config: Config, tokenizer: PreTrainedTokenizerFast) -> nn.Module:
    """The model of a run without weights, prepared for training; nothing is in 4 bits."""
    shape = shape_of_model(config.model, config.sample.max_length, tokenizer)
    lora = replace(config.lora, quantization_bits=None, adapters=None)
    with torch.device("meta"):
        return prepare_for_training(GotModel(shape), config.train.learning_rates, lora)


def base_of(model: nn.Module) -> GotModel:
    """The model below adapters, or itself."""
    base = model.get_base_model() if isinstance(model, PeftModel) else model
    assert isinstance(base, GotModel)
    return base


def model_size(model: nn.Module, config: Config) -> ModelSize:
    """Counts the weights of a model from `meta_model`."""
    base = base_of(model)
    named = [(_own_name(name), weights) for name, weights in model.named_parameters()]
    trained = [(name, weights) for name, weights in named if weights.requires_grad]
    groups = [group_of(name) for name, _ in trained]
    own = {group for (name, _), group in zip(trained, groups, strict=True) if ".lora_" not in name}
    text = base.config.text_config
    linear = list(_products(base))
    below = linear_layers(base, config.lora.modules) if config.lora.quantization_bits else []
    quantized = {_own_name(name) for name in below}
    head = base.lm_head.weight
    in_encoder = sum(weights.numel() for name, weights in trained if group_of(name) == "encoder")
    num_trained = sum(weights.numel() for _, weights in trained)
    heads = text.num_attention_heads
    head_width = getattr(text, "head_dim", None) or text.hidden_size // heads
    return ModelSize(
        config=base.config,
        total=sum(weights.numel() for _, weights in named),
        quantized=sum(weights.numel() for name, weights in linear if name in quantized),
        trained=num_trained,
        optimizer=sum(optimizer_bytes(argument(config, "optim"), name, weights) for name, weights in trained),
        trains_encoder="encoder" in own,
        encoder_has_gradients="encoder" in groups,
        trains_decoder="decoder" in own,
        trains_head=head.requires_grad,
        decoder_share=1 - in_encoder / num_trained,
        products_in_encoder=sum(
            weights.numel() for name, weights in linear if group_of(f"{name}.weight") == "encoder"
        ),
        products_in_decoder=sum(
            weights.numel()
            for name, weights in linear
            if group_of(f"{name}.weight") != "encoder" and name not in quantized and weights is not head
        ),
        adapted_in_encoder=sum(_adapted(trained, "encoder")) * _patches(base.config),
        adapted_in_decoder=sum(_adapted(trained, "decoder")),
        vocabulary=len(head),
        width=text.hidden_size,
        inner=getattr(text, "intermediate_size", None) or getattr(text, "ffn_dim", 4 * text.hidden_size),
        layers=text.num_hidden_layers,
        heads=heads,
        queries=heads * head_width,
        keys=(getattr(text, "num_key_value_heads", None) or heads) * head_width,
        gated=any(name.endswith("gate_proj") for name, _ in base.named_modules()),
    )


def optimizer_bytes(optimizer: str, name: str, weights: torch.Tensor) -> int:
    """What an optimizer keeps of a tensor.

    >>> [optimizer_bytes(name, "x", torch.zeros(64, 64)) for name in ("adamw_torch", "adamw_8bit", "muon")]
    [32768, 8320, 16384]
    """
    kind = optimizer.removeprefix("paged_").split("_")[0]
    states, numbers = STATES.get(kind, 2), weights.numel()
    if kind == MUON and is_hidden_matrix(name, weights):
        states = 1
    # transformers keeps those of embeddings in 32 bits.
    if "8bit" not in optimizer or numbers < MIN_8BIT_SIZE or "embed_" in name:
        return 4 * states * numbers
    return states * (numbers + 4 * -(-numbers // BLOCK))


def _own_name(name: str) -> str:
    return name.removeprefix(PEFT_PREFIX).replace(".base_layer", "")


def _products(model: nn.Module) -> Iterator[tuple[str, torch.Tensor]]:
    """Names and weights of the linear and convolutional layers, adapters left out."""
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear | nn.Conv2d) and ".lora_" not in name:
            yield _own_name(name), module.weight


def _adapted(trained: list[tuple[str, nn.Parameter]], group: str) -> Iterator[int]:
    """Widths of the inputs of adapters in a module group."""
    for name, weights in trained:
        if ".lora_A." in name and group_of(name) == group:
            yield weights.shape[1]


def _patches(config: GotOcr2Config) -> int:
    vision = config.vision_config
    return int(vision.image_size // vision.patch_size) ** 2
