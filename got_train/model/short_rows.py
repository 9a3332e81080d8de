"""The decoder's attention over short rows in training on a CPU.

In bfloat16, torch's own kernel for CPUs takes two to four times as long for the forward and backward pass
over rows of up to 300 tokens as plain products do; over 1,200 tokens it is the faster one.
"""

from typing import Any

import torch
from torch import Tensor, nn
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedModel
from transformers.integrations.sdpa_attention import repeat_kv, sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

NAME = "short_rows"
SHORT_ROW = 300
"""Most tokens of a short row."""


def attend_short_rows(decoder: PreTrainedModel) -> None:
    """Makes a decoder attend by plain products where that is faster, and by torch's kernels elsewhere."""
    AttentionInterface.register(NAME, attend)
    AttentionMaskInterface.register(NAME, sdpa_mask)
    decoder.set_attn_implementation(NAME)


def attend(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    **kwargs: Any,
) -> tuple[Tensor, None]:
    """Causal attention as transformers' layers call it.

    Args:
        module: the layer's attention.
        query: `(batch, heads, length, width)`.
        key: `(batch, heads of keys, length of keys, width)`.
        value: of the same shape as `key`.
        attention_mask: none in training, as rows are padded on the right.
        dropout: share of the weights that are dropped.
        scaling: factor of the scores; by default one over the root of the width.
        kwargs: for torch's kernels.

    Returns:
        `(batch, length, heads, width)`, and no weights.
    """
    length = query.shape[2]
    trains = torch.is_grad_enabled() and torch.is_autocast_enabled("cpu") and not dropout
    if not trains or attention_mask is not None or length > SHORT_ROW or key.shape[2] != length:
        return sdpa_attention_forward(module, query, key, value, attention_mask, dropout, scaling, **kwargs)
    groups = query.shape[1] // key.shape[1]
    key, value = repeat_kv(key, groups), repeat_kv(value, groups)
    scores = query @ key.mT * (query.shape[-1] ** -0.5 if scaling is None else scaling)
    future = torch.full((length, length), float("-inf"), dtype=scores.dtype, device=scores.device).triu(1)
    return ((scores + future).softmax(-1) @ value).transpose(1, 2), None
