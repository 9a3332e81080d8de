"""Operations by formula and as torch counts them, and what a training step of a fixed model may cost."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode
from transformers import GotOcr2ForConditionalGeneration

from got_train.config import DecoderConfig, EncoderConfig, LearningRates, LoraSettings, ModelConfig
from got_train.model import loss
from got_train.model.adapters import prepare_for_training
from got_train.model.attention import attend_in_blocks
from got_train.model.flops import decoder_weights, row_flops, tile_flops, tile_tokens, training_flops
from got_train.model.got import GotModel, normalized
from got_train.model.loading import build_model
from got_train.vocabulary import IGNORE_INDEX

LENGTH, SUPERVISED = 120, 40


@pytest.fixture
def model(tokenizer_dir: str) -> GotModel:
    """Windows that fit, so that nothing is padded."""
    encoder = EncoderConfig(
        image_size=256,
        patch_size=8,
        hidden_size=64,
        num_hidden_layers=3,
        num_attention_heads=2,
        mlp_dim=128,
        window_size=8,
        global_attn_indexes=[1],
        neck_channels=32,
        output_channels=64,
    )
    shape = {
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
    }
    decoder = DecoderConfig(model_type="qwen2", shape=shape, tokenizer=tokenizer_dir)  # type: ignore[arg-type]
    return build_model(ModelConfig(init="random", encoder=encoder, decoder=decoder), 128, seed=0)[0]


def batch(model: GotModel) -> dict[str, torch.Tensor]:
    """One row: a tile of 64 tokens, then text, the end of it supervised."""
    ids = torch.arange(LENGTH)[None] % 200
    ids[0, :64] = model.config.image_token_id
    labels = ids.clone()
    labels[0, : LENGTH - SUPERVISED] = IGNORE_INDEX
    return {"input_ids": ids, "labels": labels, "tiles": torch.zeros(1, 256, 256, 3, dtype=torch.uint8)}


def test_the_encoder_by_formula_is_what_torch_counts(model: GotModel) -> None:
    stock = GotOcr2ForConditionalGeneration(model.config).model
    pixels = torch.zeros(1, 3, 256, 256)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        hidden = stock.vision_tower(pixels).last_hidden_state
        stock.multi_modal_projector.conv_upsampler2(stock.multi_modal_projector.conv_upsampler1(hidden))
    assert counter.get_total_flops() == tile_flops(model.config)


def test_the_rest_by_formula_is_what_torch_counts(model: GotModel) -> None:
    given = batch(model)
    features = torch.zeros(1, 64, 64)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model(given["input_ids"], labels=given["labels"], features=features)
    # torch does not count the attention of CPUs: two layers, scores and values, of 64 channels.
    attention = 2 * 2 * 2 * 64 * LENGTH * (LENGTH + 1) // 2
    expected = row_flops(model, LENGTH, SUPERVISED, num_tiles=1)
    # Older transformers compute the angles of positions by a product.
    assert counter.get_total_flops() + attention == pytest.approx(expected, rel=1e-3)


def test_what_a_tile_is_worth(model: GotModel) -> None:
    trained = tile_tokens(model)
    assert trained == tile_flops(model.config) / (2 * decoder_weights(model))
    for parameter in model.model.parameters():
        parameter.requires_grad_(False)
    assert tile_tokens(model) == pytest.approx(trained / 3)


def test_the_passes_of_a_training_step(model: GotModel) -> None:
    tile, row = tile_flops(model.config), row_flops(model, LENGTH, SUPERVISED, num_tiles=1)
    given = (model, LENGTH, SUPERVISED, 1)
    assert training_flops(*given, checkpointing=False, cached=False) == 3 * tile + 3 * row
    assert training_flops(*given, checkpointing=True, cached=False) == 4 * tile + 4 * row
    prepare_for_training(model, LearningRates(encoder=0), LoraSettings())
    assert training_flops(*given, checkpointing=True, cached=False) == tile + 4 * row
    assert training_flops(*given, checkpointing=False, cached=True) == 3 * row
    prepare_for_training(model, LearningRates(), LoraSettings(enabled=True))
    row = row_flops(model, LENGTH, SUPERVISED, num_tiles=1)  # with what the adapters add
    assert training_flops(*given, checkpointing=False, cached=False) == tile + 2 * row


def counted_step(model: GotOcr2ForConditionalGeneration, given: dict[str, torch.Tensor]) -> tuple[int, int]:
    """What a training step costs.

    Returns:
        Operations that torch counts, the blocks of attention not among them, and the bytes that the forward
        pass keeps for the backward pass, parameters not among them.
    """
    kept: dict[int, int] = {}
    own = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with FlopCounterMode(display=False) as counter:
        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            output = model(**given).loss
        memory = sum(kept.values())
        output.backward()
    return counter.get_total_flops(), memory


def test_a_training_step_costs_no_more_than_it_must(model: GotModel) -> None:
    """A guard against work and memory creeping in, whatever the clock of the machine says."""
    operations, memory = counted_step(model.train(), batch(model))
    forward = tile_flops(model.config) + row_flops(model, LENGTH, SUPERVISED, num_tiles=1)
    grid, width = 32, 64
    scores = 2 * width * grid**2 * grid**2  # of the global layer, computed twice
    scores += 3 * 2 * 2 * (2 * 2 * 8) * grid**2 * 8**2  # of windows: the places in queries and keys
    pixels = 2 * grid**2 * 3 * 8**2 * width  # need no gradient
    causal = 2 * 2 * 2 * 64 * LENGTH * (LENGTH + 1) // 2  # not counted on CPUs
    assert operations == pytest.approx(3 * (forward - causal) + scores - pixels, rel=0.001)
    assert memory == pytest.approx(18.2e6, rel=0.03)
    given = batch(model)
    given["pixel_values"] = normalized(given.pop("tiles"), torch.float32)
    _, stock_memory = counted_step(GotOcr2ForConditionalGeneration(model.config).train(), given)
    assert memory < 0.76 * stock_memory


def test_a_frozen_encoder_costs_its_forward_pass_and_keeps_nothing(model: GotModel) -> None:
    prepare_for_training(model, LearningRates(encoder=0), LoraSettings())
    operations, memory = counted_step(model.train(), batch(model))
    assert operations < tile_flops(model.config) + 3.1 * row_flops(model, LENGTH, SUPERVISED, num_tiles=1)
    assert memory < 2e6


def test_the_loss_holds_few_logits_at_a_time(model: GotModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loss, "CHUNK_LOGITS", 4 * model.config.text_config.vocab_size)
    largest = 0

    class Watch(torch.utils._python_dispatch.TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
            nonlocal largest
            result = func(*args, **(kwargs or {}))
            if func is torch.ops.aten.mm.default and result.shape[1] == model.config.text_config.vocab_size:
                largest = max(largest, result.numel())
            return result

    with Watch():
        model(**batch(model))
    assert largest == 4 * model.config.text_config.vocab_size


def test_attention_keeps_what_grows_with_the_patches_alone() -> None:
    kept = []
    for side in (8, 16):
        shapes = [(2, side**2, 4)] * 3 + [(2, side**2, side)] * 2
        given = [torch.randn(shape, requires_grad=True) for shape in shapes]
        attended = attend_in_blocks(*given, 0.5)
        kept.append(sum(tensor.numel() for tensor in attended.grad_fn.saved_tensors))
    assert kept == [2 * side**2 * (3 * 4 + 2 * side) for side in (8, 16)]
