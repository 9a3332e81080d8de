"""The fused attention against transformers' own, in one encoder and in its copy."""

import copy
from collections.abc import Callable

import pytest
import torch
from transformers import GotOcr2VisionConfig
from transformers.models.got_ocr2.modeling_got_ocr2 import GotOcr2VisionEncoder

from got_train.model import attention
from got_train.model.attention import attend_augmented, attend_in_blocks, attend_small, fuse_attention

WAYS = [attend_in_blocks, attend_small, attend_augmented]
SHAPES = {
    "one window over the edge": {"image_size": 32, "window_size": 14},
    "windows that fit": {"image_size": 48, "window_size": 6},
    "windows over both edges": {"image_size": 40, "window_size": 3},
    "wide heads": {"image_size": 32, "window_size": 5, "num_attention_heads": 1},
    "narrow heads": {"image_size": 32, "window_size": 5, "num_attention_heads": 8},
    "global alone": {"image_size": 36, "window_size": 0, "global_attn_indexes": [0, 1]},
}


def pair(**shape: object) -> tuple[GotOcr2VisionEncoder, GotOcr2VisionEncoder]:
    """transformers' encoder with weights that matter everywhere, and its fused copy."""
    given = {"num_attention_heads": 4, "global_attn_indexes": [1]} | shape
    config = GotOcr2VisionConfig(
        patch_size=4, hidden_size=32, num_hidden_layers=2, mlp_dim=48, output_channels=16, **given
    )
    torch.manual_seed(0)
    stock = GotOcr2VisionEncoder(config)
    for parameter in stock.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    fused = copy.deepcopy(stock)
    fuse_attention(fused)
    return stock, fused


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_outputs_and_gradients_are_those_of_transformers(
    shape: dict[str, object], way: Callable[..., torch.Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attention, "_fastest", lambda *_: way)
    # So few that every kind of block appears: parts of two heads, two heads whole, more of them.
    monkeypatch.setattr(attention, "BLOCK_SCORES", 2000)
    stock, fused = pair(**shape)
    size = stock.config.image_size
    tiles = torch.randn(3, 3, size, size)
    output, expected = (encoder(tiles).last_hidden_state for encoder in (fused, stock))
    assert (output - expected).abs().max() < 1e-5 * expected.abs().max()
    weights = torch.randn_like(expected)
    for result in (output, expected):
        (result * weights).sum().backward()
    for (name, mine), theirs in zip(fused.named_parameters(), stock.parameters(), strict=True):
        assert mine.grad is not None and theirs.grad is not None
        # Attention does not change with the keys' bias: its gradient is what rounding leaves.
        scale = max(float(theirs.grad.abs().max()), 1.0)
        assert (mine.grad - theirs.grad).abs().max() < 1e-5 * scale, name


def test_kernels_get_widths_that_are_multiples_of_8(monkeypatch: pytest.MonkeyPatch) -> None:
    widths = set()
    plain = torch.nn.functional.scaled_dot_product_attention

    def look(*given: torch.Tensor, scale: float) -> torch.Tensor:
        widths.update(tensor.shape[-1] for tensor in given)
        return plain(*given, scale=scale)

    monkeypatch.setattr(attention, "_fastest", lambda *_: attend_augmented)
    monkeypatch.setattr(torch.nn.functional, "scaled_dot_product_attention", look)
    _, fused = pair(image_size=40, window_size=3)
    fused(torch.randn(1, 3, 40, 40))
    # Heads are 8 wide; windows of 3 add 6 and 2 of zeros, 10 rows and columns add 20 and 4.
    assert widths == {16, 32}


def test_one_tile_does_not_depend_on_the_others() -> None:
    _, fused = pair(image_size=40, window_size=3)
    tiles = torch.randn(3, 3, 40, 40)
    with torch.no_grad():
        together = fused(tiles).last_hidden_state
        alone = torch.cat([fused(tile[None]).last_hidden_state for tile in tiles])
    assert torch.allclose(together, alone, atol=1e-5)


@pytest.mark.parametrize("way", WAYS)
def test_bfloat16_is_as_near_the_truth_as_transformers(
    way: Callable[..., torch.Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attention, "_fastest", lambda *_: way)
    stock, fused = pair(image_size=48, window_size=5)
    tiles = torch.randn(2, 3, 48, 48)
    with torch.no_grad():
        truth = stock(tiles).last_hidden_state
        with torch.autocast("cpu", torch.bfloat16):
            errors = [
                (encoder(tiles).last_hidden_state - truth).square().mean().sqrt()
                for encoder in (fused, stock)
            ]
    assert errors[0] < 1.1 * errors[1]


def block(dtype: torch.dtype) -> list[torch.Tensor]:
    torch.manual_seed(0)
    shapes = [(3, 9, 4), (3, 9, 4), (3, 9, 4), (3, 9, 3), (3, 9, 3)]
    return [torch.randn(shape, dtype=dtype, requires_grad=True) for shape in shapes]


def test_the_blocks_have_the_gradients_of_their_sums(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attention, "BLOCK_SCORES", 30)
    assert torch.autograd.gradcheck(
        lambda *given: attend_in_blocks(*given, 0.5), block(torch.float64), atol=1e-6
    )


def test_compilers_can_look_through_the_operator() -> None:
    torch.library.opcheck(attend_in_blocks, (*block(torch.float32), 0.5))


def test_names_and_parameters_stay() -> None:
    stock, fused = pair(image_size=32, window_size=3)
    assert fused.state_dict().keys() == stock.state_dict().keys()
