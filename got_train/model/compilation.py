"""Compiles single layers for training and the decoding of one token for generation.

Code whose shapes differ from batch to batch stays eager.
"""

from collections.abc import Mapping
from typing import Any

import torch._dynamo
from peft import PeftModel
from torch import nn

from got_train.arguments import COMPILE_ARGUMENTS
from got_train.model.got import GotModel

MAX_VARIANTS = 24
"""Ways one piece of code is compiled. transformers runs all layers through the same piece, and there are
windows, global attention and the decoder, each for one shape or for any, with gradients and without."""


def compile_layers(model: GotModel, arguments: Mapping[str, Any]) -> None:
    """Compiles each layer of encoder and decoder, in place and under its name, if it is asked for.

    The model as a whole would be compiled anew for every number of tiles, rows and supervised positions, and
    not in one piece. A layer has no such cases, and layers that are alike share what was compiled.

    Args:
        model: with or without adapters.
        arguments: the `train` section.
    """
    given = {name: arguments[name] for name in COMPILE_ARGUMENTS if arguments.get(name)}
    if not given:
        return
    torch._dynamo.config.recompile_limit = MAX_VARIANTS
    options = {option: given[name] for name, option in COMPILE_ARGUMENTS.items() if option and name in given}
    for layer in [*model.model.vision_tower.layers, *_decoder_layers(model)]:
        layer.compile(**options)


def compile_decoding(model: GotModel | PeftModel) -> None:
    """Has `generate` keep keys and values in a cache of fixed size, for which transformers compiles on GPUs.

    It compiles the step from one token to the next, for the first size of the cache and then for any.
    """
    model.generation_config.cache_implementation = "static"


def _decoder_layers(model: GotModel) -> nn.ModuleList:
    """The stack of layers, wherever the decoder's architecture keeps it."""
    return next(
        module for module in model.model.language_model.modules() if isinstance(module, nn.ModuleList)
    )
