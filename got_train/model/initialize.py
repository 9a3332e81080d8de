"""Random weights that train."""

import torch
from torch import nn

from got_train.model.got import GotModel
from got_train.vocabulary import IMAGE_MEAN, IMAGE_STD

INK_GAIN = 5.0
"""How much larger the first projection starts than its fan-in asks for."""
PATCH_POSITION_STD = 1.0
"""Large enough to be seen beside ink: a character counts by where it stands."""


@torch.no_grad()
def initialize(model: GotModel) -> None:
    """Draws every parameter anew, from torch's global generator.

    Matrices and convolutions get a standard deviation of fan_in ** -0.5. The defaults of transformers' vision
    configuration (1e-10 and zeros) never start to learn; 0.02 throughout barely does in narrow models.
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
    """White pixels embed to zero, and ink well above the rest.

    Most of a page is paper: left as it is, its constant share of every patch drowns the ink. Small models
    that read digits without it had, with it, learnt nothing in the same time.
    """
    white = (1.0 - torch.tensor(IMAGE_MEAN)) / torch.tensor(IMAGE_STD)
    projection.weight.mul_(INK_GAIN)
    assert projection.bias is not None
    projection.bias.copy_(-(projection.weight.sum(dim=(2, 3)) @ white))
