"""Linear layers with 4-bit weights under adapters (QLoRA, arXiv 2305.14314): NormalFloat, whose scales are
quantized too."""

from types import ModuleType
from typing import Any

import torch
from torch import nn

from got_train.bitsandbytes_import import show_bitsandbytes
from got_train.packages import install_line
from got_train.report import UserError

SETTINGS: dict[str, Any] = {"quant_type": "nf4", "compress_statistics": True}


def quantize(model: nn.Module, names: list[str], compute_dtype: torch.dtype) -> None:
    """Replaces linear layers by layers with 4-bit weights that compute in `compute_dtype`."""
    bitsandbytes = _bitsandbytes()
    for name in names:
        layer = model.get_submodule(name)
        assert isinstance(layer, nn.Linear)
        replacement = bitsandbytes.nn.Linear4bit(
            layer.in_features, layer.out_features, layer.bias is not None, compute_dtype, **SETTINGS
        )
        replacement.weight = bitsandbytes.nn.Params4bit(layer.weight.data, requires_grad=False, **SETTINGS)
        replacement.bias = layer.bias
        # `to` packs the weights, also if the device stays the same.
        model.set_submodule(name, replacement.to(layer.weight.device))
    # peft reads this attribute to choose the class of its adapter layers.
    model.is_loaded_in_4bit = True  # type: ignore[assignment]


@torch.no_grad()
def round_to_4_bits(model: nn.Module, names: list[str]) -> None:
    """Rounds the weights of linear layers as `quantize` does: adapters were trained with these values."""
    functional = _bitsandbytes().functional
    for name in names:
        layer = model.get_submodule(name)
        assert isinstance(layer, nn.Linear)
        weight = layer.weight
        weight.copy_(functional.dequantize_4bit(*functional.quantize_4bit(weight.contiguous(), **SETTINGS)))


def _bitsandbytes() -> ModuleType:
    show_bitsandbytes()
    try:
        import bitsandbytes
    except ModuleNotFoundError:
        raise UserError(
            f"lora.quantization_bits needs bitsandbytes: {install_line('quantization')}"
        ) from None
    return bitsandbytes
