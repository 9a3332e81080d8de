"""Seconds of the ways to compute attention on a CPU: of the encoder's squares, and of the decoder's rows.

    OMP_NUM_THREADS=1 python scripts/benchmark_attention.py

Each figure is the shortest of several forward and backward passes, the ways taking turns.
"""

import time
from collections.abc import Callable

import torch
from torch import Tensor, nn
from transformers.integrations.sdpa_attention import sdpa_attention_forward

from got_train.model import short_rows
from got_train.model.attention import attend_in_blocks, attend_small
from got_train.report import table

SQUARES = {
    "8 tiles of 128: windows of 8": (160, 8, 32),
    "8 tiles of 128: global": (40, 16, 32),
    "a tile of 1024: windows of 14": (300, 14, 64),
    "a tile of 512: global": (12, 32, 64),
}
"""Heads of all squares, side and width of a head."""
ROWS = {
    "8 rows of 90": (8, 3, 90, 64),
    "16 rows of 160": (16, 3, 160, 64),
    "4 rows of 300": (4, 16, 300, 64),
    "2 rows of 600": (2, 16, 600, 64),
    "a row of 1,200": (1, 16, 1200, 64),
}
"""Rows, heads, tokens and width of a head."""
TURNS = 10

Pass = Callable[[], Tensor]


def main() -> None:
    for dtype in (torch.float32, torch.bfloat16):
        lines = [[name, *_times(_squares(*shape, dtype))] for name, shape in SQUARES.items()]
        print(table([f"encoder, {str(dtype)[6:]}: ms", "blocks", "products"], lines), end="\n\n")
    short_rows.SHORT_ROW = max(tokens for _, _, tokens, _ in ROWS.values())
    with torch.autocast("cpu", torch.bfloat16):
        lines = [[name, *_times(_rows(*shape))] for name, shape in ROWS.items()]
    print(table(["decoder, bfloat16: ms", "torch's kernel", "products"], lines))


def _squares(heads: int, side: int, width: int, dtype: torch.dtype) -> list[Pass]:
    query, key, value = (_random(heads, side**2, width, dtype=dtype) for _ in range(3))
    rows, columns = (_random(heads, side**2, side, dtype=dtype) for _ in range(2))
    given = (query, key, value, rows, columns, width**-0.5)
    return [lambda: attend_in_blocks(*given), lambda: attend_small(*given)]


def _rows(batch: int, heads: int, tokens: int, width: int) -> list[Pass]:
    query, key, value = (_random(batch, heads, tokens, width, dtype=torch.bfloat16) for _ in range(3))
    given = (nn.Identity(), query, key, value, None)
    return [lambda: sdpa_attention_forward(*given)[0], lambda: short_rows.attend(*given)[0]]


def _random(*shape: int, dtype: torch.dtype) -> Tensor:
    return torch.randn(shape, dtype=dtype, requires_grad=True)


def _times(ways: list[Pass]) -> list[float]:
    """Milliseconds of each way, forward and backward."""
    best = [float("inf")] * len(ways)
    for _ in range(TURNS):
        for number, way in enumerate(ways):
            begun = time.perf_counter()
            result = way()
            result.backward(torch.ones_like(result))
            best[number] = min(best[number], 1000 * (time.perf_counter() - begun))
    return [round(milliseconds, 1) for milliseconds in best]


if __name__ == "__main__":
    main()
