"""Cross-entropy of the language model's head, without the logits of a whole batch in memory."""

from typing import Any

import torch
from torch import Tensor

CHUNK_LOGITS = 2**26
"""Most logits in memory at once: 256 MiB in float32, 441 positions of GOT's vocabulary."""


def head_loss(hidden: Tensor, head: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """The sum of the cross-entropies of all positions, and the cross-entropy of each.

    Those of each have a gradient only if the head has none, as below adapters.

    The logits of 8,192 positions over 151,860 tokens would take 5 GB. Here only the logits of a few hundred
    positions exist at a time. Their gradients are computed in the forward pass, so that the backward pass
    need not compute the logits again.

    Args:
        hidden: `(positions, width)`.
        head: `(vocabulary, width)`.
        targets: int64, `(positions,)`.

    Returns:
        float32, `()` and `(positions,)`.
    """
    device = hidden.device.type
    autocast = torch.is_autocast_enabled(device)
    dtype = torch.get_autocast_dtype(device) if autocast else hidden.dtype
    if not torch.is_grad_enabled():  # autograd.Function cannot see no_grad, so detach here
        hidden, head = hidden.detach(), head.detach()
    loss, losses = _HeadLoss.apply(hidden, head, targets, dtype)
    return loss, losses


class _HeadLoss(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, hidden: Tensor, head: Tensor, targets: Tensor, dtype: torch.dtype
    ) -> tuple[Tensor, Tensor]:
        hidden_gradient = torch.empty_like(hidden) if ctx.needs_input_grad[0] else None
        head_gradient: Tensor | None = None
        losses = torch.empty(len(targets), dtype=torch.float32, device=hidden.device)
        weight = head.to(dtype)
        size = max(1, CHUNK_LOGITS // len(head))
        for start in range(0, len(targets), size):
            rows = slice(start, start + size)
            states, answers = hidden[rows].to(dtype), targets[rows, None]
            log_probabilities = torch.log_softmax(states @ weight.T, 1, dtype=torch.float32)
            losses[rows] = -log_probabilities.gather(1, answers).squeeze(1)
            if not any(ctx.needs_input_grad):
                continue
            # The gradient of the logits is softmax - one-hot; it takes the memory of the logarithms.
            gradient = log_probabilities.exp_()
            gradient.scatter_add_(1, answers, gradient.new_full(answers.shape, -1.0))
            gradient = gradient.to(dtype)
            if hidden_gradient is not None:
                hidden_gradient[rows] = gradient @ weight
            if ctx.needs_input_grad[1]:
                head_gradient = _plus_product(head_gradient, gradient.T, states)
            # Otherwise they would be there beside those of the next positions: 0.4 GB of GOT's.
            del log_probabilities, gradient
        if ctx.needs_input_grad[1]:
            head_gradient = torch.zeros_like(head) if head_gradient is None else head_gradient.to(head.dtype)
        ctx.save_for_backward(hidden_gradient, head_gradient)
        if ctx.needs_input_grad[1]:
            # The head's gradient is that of the sum: it cannot be divided among the positions afterwards.
            ctx.mark_non_differentiable(losses)
        ctx.set_materialize_grads(False)
        return losses.sum(), losses

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        summed, each = gradients
        hidden, head = ctx.saved_tensors
        if each is not None:
            scale = each[:, None] if summed is None else summed + each[:, None]
            return hidden.mul_(scale), None, None, None
        # In place, because the head's gradient is as large as the head.
        hidden, head = (kept if kept is None else kept.mul_(summed) for kept in (hidden, head))
        return hidden, head, None, None


def _plus_product(total: Tensor | None, left: Tensor, right: Tensor) -> Tensor:
    """`total + left @ right` in float32, computed in place, because `total` is as large as the head."""
    if total is None:
        return (left @ right).float()
    return total.addmm_(left, right) if total.dtype == left.dtype else total.add_(left @ right)
