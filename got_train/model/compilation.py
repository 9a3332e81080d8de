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
from got_train.report import UserError, one_line

MAX_VARIANTS = 24
"""Most compiled versions of one function. transformers' layers share one function: it is compiled for
windows, global attention and the decoder, each for one shape and for any, with gradients and without."""


def compile_layers(model: GotModel, arguments: Mapping[str, Any]) -> None:
    """Compiles each layer of encoder and decoder in place, if the arguments ask for it; names do not change.

    The model as a whole would be compiled again for every number of tiles, rows and supervised positions, and
    with graph breaks. A layer has neither problem, and layers of the same kind share their compiled code.

    Args:
        model: with or without adapters.
        arguments: the `train` section.

    Raises:
        UserError: for a mode or a backend that torch does not know.
    """
    given = {name: arguments[name] for name in COMPILE_ARGUMENTS if arguments.get(name)}
    if not given:
        return
    torch._dynamo.config.recompile_limit = MAX_VARIANTS
    options = {option: given[name] for name, option in COMPILE_ARGUMENTS.items() if option and name in given}
    # The decoder's list of layers has another name in each architecture.
    parts = model.model.language_model.modules()
    decoder_layers = next(part for part in parts if isinstance(part, nn.ModuleList))
    for layer in [*model.model.vision_tower.layers, *decoder_layers]:
        try:
            layer.compile(**options)
        except RuntimeError as error:
            raise UserError(f"train.torch_compile: {one_line(error)}") from None


def compile_decoding(model: GotModel | PeftModel) -> None:
    """Makes `generate` use a cache of fixed size for keys and values: with it, transformers compiles on GPUs.

    transformers compiles the decoding of one token, for the first size of the cache and then for any size.
    """
    model.generation_config.cache_implementation = "static"
