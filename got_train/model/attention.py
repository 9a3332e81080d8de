"""The encoder's attention, exact forward and backward, in memory that grows linearly with the patches.

transformers writes the scores of all pairs of patches (768 MiB per tile and global layer in float32) and adds
the decomposed relative positions to them (MViTv2, arXiv 2112.01526): `scores[i, j] = scale * q_i . k_j +
rows[i, row of j] + columns[i, column of j]`. Three ways avoid that, each the fastest where it is used:

- On a GPU, the two additions become part of the dot product, `[scale * q, rows, columns] . [k, one-hot of the
  row of j, one-hot of its column]`, so that one of torch's fused kernels can compute the attention.
- On a CPU, small squares of patches have the same dot product, some squares at a time.
- On a CPU, the scores of large squares are computed in blocks, and each block is used while it is in the
  CPU's cache. There the dot product would cost more than the additions.
"""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.flop_counter import register_flop_formula
from transformers.models.got_ocr2.modeling_got_ocr2 import GotOcr2VisionEncoder, GotOcr2VisionLayer

BLOCK_SCORES = 2**20
"""Scores in a block: 4 MiB in float32. Twice or half as many are about as fast, four times as many slower."""

SMALL_SQUARE = 256
"""Most patches of a square whose weights a CPU keeps for the backward pass: they are as large as what the MLP
keeps. Those of larger squares are computed again."""


def fuse_attention(encoder: GotOcr2VisionEncoder) -> None:
    """Makes the layers of transformers' own encoder compute their attention as this module does.

    Parameters stay the same objects with the same names.
    """
    for layer in encoder.layers:
        layer.__class__ = FusedLayer


def avoid_cudnn_attention() -> None:
    """Disables cuDNN's fused attention in this process.

    torch prefers it on Hopper and Blackwell. It builds a plan for every new shape, which can take longer than
    a step (issue 3704 of FunASR: a second on a B200). Batches of rows hardly ever have the shape of another,
    and the steps of a growing answer never do.
    """
    torch.backends.cuda.enable_cudnn_sdp(False)


class FusedLayer(GotOcr2VisionLayer):
    """A layer of the encoder that projects only patches, not also the padding of the windows."""

    def forward(self, hidden_states: Tensor) -> Tensor:
        """Takes and returns `(tiles, rows, columns, width)`."""
        hidden_states = hidden_states + self._attended(self.layer_norm1(hidden_states))
        return hidden_states + self.mlp(self.layer_norm2(hidden_states))

    def _attended(self, patches: Tensor) -> Tensor:
        projected = self.attn.qkv(patches)  # (tiles, rows, columns, 3 * width)
        if self.window_size == 0:
            return self.attn.proj(self._heads_attended(projected))
        rows, columns = patches.shape[1:3]
        overhang = [-side % self.window_size for side in (rows, columns)]
        if any(overhang):
            # Patches beyond the edge are zeros, and the projection of zeros is its bias.
            padding = self.attn.qkv(patches.new_zeros(patches.shape[-1]))
            padded = padding.expand(len(patches), rows + overhang[0], columns + overhang[1], -1).clone()
            padded[:, :rows, :columns] = projected
            projected = padded
        windows, padded_shape = self.window_partition(projected, self.window_size)
        attended = self._heads_attended(windows)
        return self.attn.proj(
            self.window_unpartition(attended, self.window_size, padded_shape, (rows, columns))
        )

    def _heads_attended(self, projected: Tensor) -> Tensor:
        """Attention inside each square of patches, `(squares, side, side, 3 * width)` to `(..., width)`."""
        squares, side = projected.shape[:2]
        heads = self.attn.num_attention_heads
        by_head = projected.view(squares, side * side, 3, heads, -1).permute(2, 0, 3, 1, 4)
        query, key, value = by_head.reshape(3, squares * heads, side * side, -1).unbind(0)
        grid = query.unflatten(1, (side, side))
        rows = grid @ _by_distance(self.attn.rel_pos_h, side).mT
        columns = (grid.transpose(1, 2) @ _by_distance(self.attn.rel_pos_w, side).mT).transpose(1, 2)
        attend = _fastest(query.device.type, side * side)
        attended = attend(query, key, value, rows.flatten(1, 2), columns.flatten(1, 2), self.attn.scale)
        return attended.view(squares, heads, side, side, -1).permute(0, 2, 3, 1, 4).flatten(3)


def _by_distance(table: Tensor, side: int) -> Tensor:
    """`(side, side, width)`: for places i and j, the table's entry for the distance i - j."""
    assert len(table) == 2 * side - 1
    # `unfold` makes a window of the table for each j, with an entry for each i; `flip` puts the j in order.
    return table.unfold(0, side, 1).flip(0).permute(2, 0, 1)


def _fastest(device: str, num_patches: int) -> Callable[..., Tensor]:
    """The way to compute the attention inside squares of so many patches."""
    if device != "cpu":
        return attend_augmented
    return attend_small if num_patches <= SMALL_SQUARE else attend_in_blocks


def attend_augmented(
    query: Tensor, key: Tensor, value: Tensor, rows: Tensor, columns: Tensor, scale: float
) -> Tensor:
    """Attention with relative positions in the dot product; the arguments are those of `attend_in_blocks`."""
    # Kernels take widths that are multiples of 8.
    queries, keys = _augmented(query * scale, key, rows, columns, multiple=8)
    # Flash kernels take values only as wide as the keys.
    values = functional.pad(value, (0, keys.shape[-1] - value.shape[-1]))
    attended = functional.scaled_dot_product_attention(queries[None], keys[None], values[None], scale=1.0)
    return attended[0, ..., : value.shape[-1]]


def attend_small(
    query: Tensor, key: Tensor, value: Tensor, rows: Tensor, columns: Tensor, scale: float
) -> Tensor:
    """The same without a fused kernel, some squares after the others, for small ones."""
    queries, keys = _augmented(query * scale, key, rows, columns, multiple=1)
    at_once = max(1, BLOCK_SCORES // query.shape[1] ** 2)
    parts = zip(*(tensor.split(at_once) for tensor in (queries, keys, value)), strict=True)
    return torch.cat([(some @ keys.mT).softmax(-1) @ values for some, keys, values in parts])


def _augmented(
    query: Tensor, key: Tensor, rows: Tensor, columns: Tensor, multiple: int
) -> tuple[Tensor, Tensor]:
    """Queries with their relative positions, and keys with their places, as wide as a multiple says."""
    side = rows.shape[-1]
    padding = -(query.shape[-1] + 2 * side) % multiple
    places = torch.eye(side, dtype=key.dtype, device=key.device)
    one_hot = torch.cat([places.repeat_interleave(side, 0), places.repeat(side, 1)], dim=1)
    one_hot = functional.pad(one_hot, (0, padding))
    nothing = one_hot.new_zeros(padding).expand(*query.shape[:2], -1)
    queries = torch.cat([query, rows, columns, nothing], dim=-1)
    return queries, torch.cat([key, one_hot.expand(len(key), -1, -1)], dim=-1)


@torch.library.custom_op("got_train::attend_in_blocks", mutates_args=())
def attend_in_blocks(
    query: Tensor, key: Tensor, value: Tensor, rows: Tensor, columns: Tensor, scale: float
) -> Tensor:
    """Attention with relative positions, computed one block of scores after the other.

    Args:
        query: `(heads of all squares, patches, width)`; patches are in row-major order.
        key: of the same shape as `query`.
        value: of the same shape as `query`.
        rows: `(heads of all squares, patches, side)`: added to the scores of the keys in each row of patches.
        columns: `(heads of all squares, patches, side)`: the same for each column.
        scale: factor of the dot products.

    Returns:
        A tensor of the shape of `value`.
    """
    attended = _empty_like(value)
    for heads, some in _blocks(len(query), query.shape[1]):
        weights = _weights(query[heads, some], key[heads], rows[heads, some], columns[heads, some], scale)
        attended[heads, some] = weights @ value[heads]
    return attended


@torch.library.custom_op("got_train::attend_in_blocks_backward", mutates_args=())
def _attend_in_blocks_backward(
    gradient: Tensor, query: Tensor, key: Tensor, value: Tensor, rows: Tensor, columns: Tensor, scale: float
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    of_query, of_rows, of_columns = map(_empty_like, (query, rows, columns))
    # These are sums over blocks. In bfloat16 the blocks that are added last would be lost.
    of_key, of_value = (_empty_like(tensor, torch.float32).zero_() for tensor in (key, value))
    for heads, some in _blocks(len(query), query.shape[1]):
        weights = _weights(query[heads, some], key[heads], rows[heads, some], columns[heads, some], scale)
        of_value[heads] += weights.mT @ gradient[heads, some]
        of_weights = gradient[heads, some] @ value[heads].mT
        of_scores = torch._softmax_backward_data(of_weights, weights, -1, weights.dtype)
        of_query[heads, some] = (of_scores @ key[heads]).mul_(scale)
        of_key[heads] += (of_scores.mT @ query[heads, some]).mul_(scale)
        grid = of_scores.unflatten(-1, (rows.shape[-1], columns.shape[-1]))
        of_rows[heads, some] = grid.sum(-1)
        of_columns[heads, some] = grid.sum(-2)
    return of_query, of_key.to(key.dtype), of_value.to(value.dtype), of_rows, of_columns


def _blocks(num_heads: int, num_patches: int) -> Iterator[tuple[slice, slice]]:
    """Cuts the scores of all heads into blocks: some whole heads, or some patches of two heads.

    With a single head, torch's products of transposed matrices of bfloat16 take up to five times as long.
    """
    heads = max(2, BLOCK_SCORES // num_patches**2)
    patches = min(num_patches, max(1, BLOCK_SCORES // (heads * num_patches)))
    for first in range(0, num_heads, heads):
        for start in range(0, num_patches, patches):
            yield slice(first, first + heads), slice(start, start + patches)


def _empty_like(tensor: Tensor, dtype: torch.dtype | None = None) -> Tensor:
    """A contiguous tensor, whatever the strides of `tensor`: compilers rely on that."""
    return torch.empty(tensor.shape, dtype=dtype or tensor.dtype, device=tensor.device)


def _weights(query: Tensor, key: Tensor, rows: Tensor, columns: Tensor, scale: float) -> Tensor:
    """Softmax of the scores of a block, `(heads, patches of the block, all patches)`."""
    scores = (rows[..., :, None] + columns[..., None, :]).flatten(-2)
    return scores.baddbmm_(query, key.mT, alpha=scale).softmax(-1)


@attend_in_blocks.register_fake
def _(query: Tensor, key: Tensor, value: Tensor, *rest: Any) -> Tensor:
    return _empty_like(value)


@_attend_in_blocks_backward.register_fake
def _(gradient: Tensor, *inputs: Any) -> tuple[Tensor, ...]:
    return tuple(map(_empty_like, inputs[:5]))


def _keep(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    *tensors, ctx.scale = inputs
    ctx.save_for_backward(*tensors)


def _backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
    return *_attend_in_blocks_backward(gradient.contiguous(), *ctx.saved_tensors, ctx.scale), None


attend_in_blocks.register_autograd(_backward, setup_context=_keep)


@register_flop_formula(torch.ops.got_train.attend_in_blocks)
def _blocks_flops(query: torch.Size, *inputs: Any, **kwargs: Any) -> int:
    """Operations of the forward pass for torch's own counter: products for scores and for values."""
    heads, patches, width = query
    return 2 * 2 * heads * patches**2 * width


@register_flop_formula(torch.ops.got_train.attend_in_blocks_backward)
def _blocks_backward_flops(gradient: torch.Size, *inputs: Any, **kwargs: Any) -> int:
    """Operations of the backward pass: the scores again, and two products for each of the forward pass."""
    heads, patches, width = gradient
    return 5 * 2 * heads * patches**2 * width
