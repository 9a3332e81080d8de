from typing import Any

import pytest
import torch
from torch.nn import functional
from transformers import AutoModelForImageTextToText

from got_train.config import DecoderConfig, EncoderConfig, ModelConfig
from got_train.model.got import GotModel, group_of
from got_train.model.loading import build_model
from got_train.vocabulary import IMAGE_MEAN, IMAGE_STD
from tests.conftest import DECODERS, ENCODER


def small(decoder: str, tokenizer_dir: str, seed: int = 0) -> GotModel:
    config = ModelConfig(
        init="random",
        encoder=EncoderConfig(**ENCODER),
        decoder=DecoderConfig(model_type=decoder, shape=dict(DECODERS[decoder]), tokenizer=tokenizer_dir),
    )
    return build_model(config, max_length=64, seed=seed)[0].eval()


def inputs(model: GotModel) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    ids = torch.randint(0, 200, (2, 12), generator=generator)
    ids[:, 2:6] = model.config.image_token_id
    return {"input_ids": ids, "pixel_values": torch.randn(2, 3, 32, 32, generator=generator)}


@pytest.mark.parametrize("decoder", ["opt", "qwen2", "llama"])
def test_every_decoder_trains_saves_loads_and_generates(
    decoder: str, tokenizer_dir: str, tmp_path: Any
) -> None:
    model = small(decoder, tokenizer_dir)
    batch = inputs(model)
    labels = batch["input_ids"].clone()
    labels[:, :8] = -100
    model(**batch, labels=labels).loss.backward()
    assert all(parameter.grad is not None for parameter in model.parameters())
    model.save_pretrained(tmp_path)
    again = GotModel.from_pretrained(tmp_path).eval()
    with torch.no_grad():
        assert torch.equal(again(**batch).logits, model(**batch).logits)
    assert again.generate(**batch, max_new_tokens=3, do_sample=False).shape == (2, 15)
    tied = model.config.tie_word_embeddings
    assert (again.lm_head.weight is again.get_input_embeddings().weight) == tied


def test_a_stock_checkpoint_loads_without_this_package(tokenizer_dir: str, tmp_path: Any) -> None:
    model = small("qwen2", tokenizer_dir)
    assert model.is_stock
    model.save_pretrained(tmp_path)
    stock = AutoModelForImageTextToText.from_pretrained(tmp_path).eval()
    assert type(stock).__module__.startswith("transformers.")
    assert stock.config.architectures == ["GotOcr2ForConditionalGeneration"]
    batch = inputs(model)
    with torch.no_grad():
        assert torch.equal(stock(**batch).logits, model(**batch).logits)


def test_the_encoder_keeps_its_width_whatever_the_decoder(tokenizer_dir: str) -> None:
    model = small("opt", tokenizer_dir)
    projector = model.model.multi_modal_projector
    assert projector.conv_upsampler2.out_channels == 48
    assert projector.multimodal_projector.weight.shape == (32, 48)
    assert not model.is_stock


def test_loss_is_the_sum_over_supervised_tokens_by_their_number(tokenizer_dir: str) -> None:
    model = small("qwen2", tokenizer_dir)
    batch = inputs(model)
    labels = batch["input_ids"].clone()
    labels[0, :7] = -100
    labels[1, :10] = -100
    with torch.no_grad():
        logits = model(**batch).logits
        expected = functional.cross_entropy(
            logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten(), reduction="sum"
        )
        assert model(**batch, labels=labels).loss.item() == pytest.approx(expected.item() / 7, rel=1e-6)
        total = model(**batch, labels=labels, num_items_in_batch=70).loss
        assert total.item() == pytest.approx(expected.item() / 70, rel=1e-6)


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_a_training_batch_equals_transformers_own_way(tokenizer_dir: str, precision: torch.dtype) -> None:
    """Logits everywhere, cross-entropy over them: the same loss, the same gradients, and those of each
    row."""
    model = small("qwen2", tokenizer_dir)
    batch = inputs(model)
    labels = batch["input_ids"].clone()
    labels[0, :7] = -100
    labels[1, :10] = -100
    with torch.autocast("cpu", precision, enabled=precision != torch.float32):
        output = model(**batch, labels=labels, num_items_in_batch=7)
    output.loss.backward()
    gradients = [parameter.grad for parameter in model.parameters()]
    model.zero_grad(set_to_none=True)
    with torch.autocast("cpu", precision, enabled=precision != torch.float32):
        logits = super(GotModel, model).forward(**batch).logits[:, :-1]
    tokens = functional.cross_entropy(logits.float().mT, labels[:, 1:], reduction="none")
    (tokens.sum() / 7).backward()
    tolerance = 1e-5 if precision == torch.float32 else 2e-2
    assert output.loss.item() == pytest.approx(tokens.sum().item() / 7, rel=tolerance)
    for parameter, mine in zip(model.parameters(), gradients, strict=True):
        assert mine is not None and parameter.grad is not None
        assert (mine - parameter.grad).abs().max() <= tolerance * max(1.0, float(parameter.grad.abs().max()))
    assert output.sample_losses.tolist() == pytest.approx(tokens.sum(1).tolist(), rel=tolerance)
    assert output.sample_tokens.tolist() == [5, 2]
    assert not output.sample_losses.requires_grad


def test_tiles_are_pictures_that_the_model_normalises(tokenizer_dir: str) -> None:
    model = small("qwen2", tokenizer_dir)
    ids = inputs(model)["input_ids"]
    tiles = torch.randint(0, 256, (2, 32, 32, 3), dtype=torch.uint8)
    pixels = ((tiles.double() / 255 - torch.tensor(IMAGE_MEAN)) / torch.tensor(IMAGE_STD)).float()
    expected = model(input_ids=ids, labels=ids, pixel_values=pixels.permute(0, 3, 1, 2)).loss
    assert model(input_ids=ids, labels=ids, tiles=tiles).loss.item() == pytest.approx(
        expected.item(), rel=1e-5
    )


@pytest.mark.parametrize("known", [[0, 1], [0], [1]])
def test_features_stand_for_the_tiles_that_they_were_made_of(tokenizer_dir: str, known: list[int]) -> None:
    model = small("qwen2", tokenizer_dir)
    batch = inputs(model)
    ids, pixels = batch["input_ids"], batch["pixel_values"]
    output = model(**batch, labels=ids)
    assert output.encoded.shape == (2, 4, 48) and not output.encoded.requires_grad
    new = [row for row in range(2) if row not in known]
    again = model(
        input_ids=ids,
        labels=ids,
        features=output.encoded[known],
        pixel_values=pixels[new] if new else None,
        tile_order=torch.tensor([*known, *new]).argsort() if new else None,
    )
    assert again.sample_losses.tolist() == pytest.approx(output.sample_losses.tolist(), rel=1e-6)
    assert (again.encoded is None) == (not new)


def test_a_cpu_encodes_tiles_one_by_one_where_no_graph_is_kept(tokenizer_dir: str) -> None:
    model = small("qwen2", tokenizer_dir)
    pixels = torch.randn(3, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    seen: list[int] = []
    model.model.vision_tower.register_forward_hook(lambda encoder, given, made: seen.append(len(given[0])))
    together = model.encode(pixels)
    with torch.no_grad():
        apart = model.encode(pixels)
    assert seen == [3, 1, 1, 1]
    assert together.requires_grad and not apart.requires_grad
    torch.testing.assert_close(apart, together.detach(), rtol=1e-5, atol=1e-6)


def test_padding_on_the_right_needs_no_mask(tokenizer_dir: str) -> None:
    for decoder in DECODERS:
        model = small(decoder, tokenizer_dir)
        ids = inputs(model)["input_ids"]
        ids[1, 9:] = model.config.text_config.pad_token_id
        labels = ids.clone()
        labels[1, 9:] = -100
        mask = (labels != -100).long()
        pixels = inputs(model)["pixel_values"]
        bare = model(input_ids=ids, pixel_values=pixels, labels=labels).loss
        masked = model(input_ids=ids, pixel_values=pixels, labels=labels, attention_mask=mask).loss
        assert bare.item() == pytest.approx(masked.item(), rel=1e-6)


def test_text_only_rows_beside_pictures(tokenizer_dir: str) -> None:
    model = small("qwen2", tokenizer_dir)
    batch = inputs(model)
    mixed = {"input_ids": batch["input_ids"].clone(), "pixel_values": batch["pixel_values"][:1]}
    mixed["input_ids"][1, 2:6] = 7
    with torch.no_grad():
        logits = model(**mixed).logits
        picture = model(input_ids=mixed["input_ids"][:1], pixel_values=mixed["pixel_values"]).logits
        text = model(input_ids=mixed["input_ids"][1:]).logits
    assert torch.allclose(logits[:1], picture, atol=1e-5)
    assert torch.allclose(logits[1:], text, atol=1e-5)


def test_a_rank_without_pictures_brings_gradients_of_zero_for_the_encoder(
    tokenizer_dir: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = small("qwen2", tokenizer_dir).train()
    ids = torch.arange(1, 9)[None]
    alone = model(input_ids=ids, labels=ids).loss
    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
    among_ranks = model(input_ids=ids, labels=ids).loss
    assert among_ranks.item() == alone.item()
    among_ranks.backward()
    encoder = [parameter for name, parameter in model.named_parameters() if group_of(name) == "encoder"]
    assert all(parameter.grad is not None and not parameter.grad.any() for parameter in encoder)


def test_the_strided_convolutions_belong_to_the_encoder() -> None:
    assert group_of("model.multi_modal_projector.conv_upsampler2.weight") == "encoder"
    assert group_of("model.vision_tower.pos_embed") == "encoder"
    assert group_of("model.multi_modal_projector.multimodal_projector.bias") == "connector"
    assert group_of("lm_head.weight") == group_of("model.language_model.norm.weight") == "decoder"


def test_full_size_counts() -> None:
    from got_train.model.got import got_config
    from got_train.model.shapes import decoder_config
    from got_train.model.tokenizer import load_tokenizer

    tokenizer = load_tokenizer("qwen")
    config = ModelConfig(init="random")
    with torch.device("meta"):
        model = GotModel(
            got_config(config.encoder, decoder_config(config, None, len(tokenizer), 8192), tokenizer)
        )
    counts = dict.fromkeys(("encoder", "connector", "decoder"), 0)
    for name, parameter in model.named_parameters():
        counts[group_of(name)] += parameter.numel()
    assert counts == {"encoder": 95_569_152, "connector": 1_049_600, "decoder": 463_909_888}
    assert model.config.image_seq_length == 256


def test_generation_asks_for_the_logits_of_one_position(
    tokenizer_dir: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = small("qwen2", tokenizer_dir)
    lengths = []
    model.lm_head.register_forward_hook(lambda head, given, logits: lengths.append(logits.shape[1]))
    model.generate(**inputs(model), max_new_tokens=3, do_sample=False)
    assert lengths == [1, 1, 1]
