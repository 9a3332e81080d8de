"""Random weights from which training converges."""

import torch
from torch import nn

from got_train.model.got import GotModel
from got_train.vocabulary import IMAGE_MEAN, IMAGE_STD

INK_GAIN = 5.0
"""Factor of the first projection's standard deviation, relative to fan_in ** -0.5."""
PATCH_POSITION_STD = 1.0
"""Standard deviation of position embeddings, large enough beside embedded ink for places to be seen."""


@torch.no_grad()
def initialize(model: GotModel) -> None:
    """Draws every parameter from torch's global generator.

    Matrices and convolutions get a standard deviation of fan_in ** -0.5. With the defaults of transformers'
    vision configuration (1e-10 and zeros) a model does not learn; with 0.02 everywhere narrow models hardly
    do.
    """
    for module in model.modules():
        if isinstance(module, nn.Linear | nn.Conv2d):
            fan_in = module.weight[0].numel()
            module.weight.normal_(0.0, fan_in**-0.5)
            if module.bias is not None:
                module.bias.zero_()
        elif isinstance(module, nn.Embedding):
            module.weight.normal_(0.0, module.weight.shape[1] ** -0.5)
        elif isinstance(module, nn.LayerNorm):
            module.weight.fill_(1.0)
            module.bias.zero_()
    _start_from_white_paper(model.model.vision_tower.patch_embed.projection)
    for name, parameter in model.named_parameters():
        if name.endswith("pos_embed"):
            parameter.normal_(0.0, PATCH_POSITION_STD)
        elif name.endswith("embed_positions.weight"):
            parameter.normal_(0.0, 0.02)


def _start_from_white_paper(projection: nn.Conv2d) -> None:
    """Makes the embedding of white pixels zero, and that of ink large.

    Most of a page is white: otherwise the constant part of every patch hides the ink. Small models that
    learnt to read digits with this start learnt nothing without it in the same time.
    """
    white = (1.0 - torch.tensor(IMAGE_MEAN)) / torch.tensor(IMAGE_STD)
    projection.weight.mul_(INK_GAIN)
    assert projection.bias is not None
    projection.bias.copy_(-(projection.weight.sum(dim=(2, 3)) @ white))
