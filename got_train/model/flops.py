"""Floating-point operations of the model by formula: a multiplication with its addition counts as two.

Counted is what any implementation of a forward pass must compute: relative positions are included; padding,
repeated computation, norms and other elementwise operations are not. A backward pass takes twice as many
operations, half of them for activations and half for weights.
"""

from torch import nn
from transformers import GotOcr2Config

from got_train.model.got import GotModel, encoder_channels, group_of, tile_shape


def tile_flops(config: GotOcr2Config) -> int:
    """Operations of the encoder's forward pass over one tile."""
    vision = config.vision_config
    side = vision.image_size // vision.patch_size
    patches, width, neck = side**2, vision.hidden_size, vision.output_channels
    total = patches * width * 3 * vision.patch_size**2
    for layer in range(vision.num_hidden_layers):
        is_global = vision.window_size == 0 or layer in vision.global_attn_indexes
        reach = side if is_global else vision.window_size
        projections = 4 * width**2 + 2 * width * vision.mlp_dim
        # Scores and weighted values, and each query with the relative positions of both directions.
        attention = 2 * reach**2 * width + 2 * reach * width
        total += patches * (projections + attention)
    total += patches * (width * neck + 9 * neck**2)
    total += patches // 4 * 9 * neck * 2 * neck + patches // 16 * 9 * 2 * neck * encoder_channels(config)
    return 2 * total


def row_flops(model: GotModel, length: float, num_supervised: float, num_tiles: float) -> float:
    """Operations of the forward pass of connector, decoder and head over one row.

    Args:
        model: a model with any decoder.
        length: length of the row in tokens, including image tokens.
        num_supervised: number of positions that have a label.
        num_tiles: number of tiles of all images of the row.
    """
    text = model.config.text_config
    connector = model.model.multi_modal_projector.multimodal_projector
    connected = num_tiles * tile_shape(model.config).num_tokens * connector.weight.numel()
    attention = text.num_hidden_layers * length * (length + 1) * text.hidden_size
    body = length * decoder_weights(model)
    head = num_supervised * model.lm_head.weight.numel()
    return 2 * (connected + body + attention + head)


def training_flops(
    model: GotModel, length: float, num_supervised: float, num_tiles: float, checkpointing: bool, cached: bool
) -> float:
    """Operations of a row in a training step, what gradient checkpointing computes again included.

    A backward pass takes one pass for the gradients of what goes into products, and one for those of weights
    that are trained.

    Args:
        model: prepared for training, without its adapters around it.
        length: see `row_flops`.
        num_supervised: see `row_flops`.
        num_tiles: see `row_flops`.
        checkpointing: whether layers are computed again in the backward pass.
        cached: whether features are read rather than computed.
    """
    trains = {
        group_of(name)
        for name, weights in model.named_parameters()
        if weights.requires_grad and ".lora_" not in name
    }
    again = 1 if checkpointing else 0
    encoder = (2 + ("encoder" in trains) + again) if model.trains_encoder else 1
    decoder = 2 + ("decoder" in trains) + again
    tiles = 0 if cached else num_tiles * encoder * tile_flops(model.config)
    return tiles + decoder * row_flops(model, length, num_supervised, num_tiles)


def decoder_weights(model: GotModel) -> int:
    """Number of weights that each position is multiplied with in the decoder, without its head."""
    layers = [module for module in model.model.language_model.modules() if isinstance(module, nn.Linear)]
    return sum(layer.weight.numel() for layer in layers)


def tile_tokens(model: GotModel) -> float:
    """The number of tokens whose training costs the decoder as much as a tile costs the encoder."""
    passes = 3 if model.trains_encoder else 1
    return passes * tile_flops(model.config) / (3 * 2 * decoder_weights(model))
