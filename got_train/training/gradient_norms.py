"""The norms of the gradients of encoder, connector and decoder, beside the norm of all."""

import math
from collections.abc import Mapping, Sequence

import torch
from torch import nn
from torch.nn.utils import get_total_norm

from got_train.config import GROUPS, Group
from got_train.model.adapters import PEFT_PREFIX
from got_train.model.got import group_of


def trained_weights(model: nn.Module) -> dict[Group, list[nn.Parameter]]:
    """The trained parameters of each module group that has some, adapters included."""
    found: dict[Group, list[nn.Parameter]] = {group: [] for group in GROUPS}
    for name, weights in model.named_parameters():
        if weights.requires_grad:
            found[group_of(name.removeprefix(PEFT_PREFIX))].append(weights)
    return {group: weights for group, weights in found.items() if weights}


def group_norms(groups: Mapping[Group, Sequence[nn.Parameter]]) -> dict[Group, torch.Tensor]:
    """The norm of the gradients that each group has now; they are not waited for."""
    return {
        group: get_total_norm([weights.grad for weights in parameters if weights.grad is not None])
        for group, parameters in groups.items()
    }


def logged_norms(norms: Mapping[Group, torch.Tensor], whole: float) -> dict[str, float]:
    """The norms by their names in the log; none in a step that overflows.

    Args:
        norms: of each group, after gradients were scaled down to `train.max_grad_norm`.
        whole: the norm of all gradients before that.
    """
    if not math.isfinite(whole):
        return {}
    found = {f"grad_norm_{group}": float(norm) for group, norm in norms.items()}
    now = math.hypot(*found.values())
    return {name: norm * whole / now if now else 0.0 for name, norm in found.items()}
