import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, OPTConfig

from got_train.config import DecoderConfig, EncoderConfig, ModelConfig, SampleConfig, Value
from got_train.model.convert import transformers_name
from got_train.model.loading import (
    build_model,
    resize_vocabulary,
    stretch_positions,
)
from got_train.model.processor import build_processor
from got_train.model.shapes import decoder_config
from got_train.report import UserError
from got_train.run_folders import newest_of_runs, resolve_checkpoint
from tests.conftest import DECODERS, ENCODER


def config(tokenizer: str | None, decoder: str = "qwen2", **model: object) -> ModelConfig:
    shape = dict(DECODERS[decoder])
    given = {"init": "random", **model}
    return ModelConfig(
        encoder=EncoderConfig(**ENCODER),
        decoder=DecoderConfig(model_type=decoder, shape=shape, tokenizer=tokenizer),
        **given,  # type: ignore[arg-type]
    )


def saved_model(folder: Path, tokenizer_dir: str, decoder: str = "qwen2", seed: int = 3) -> Path:
    model, tokenizer, _ = build_model(config(tokenizer_dir, decoder), 64, seed)
    model.save_pretrained(folder)
    build_processor(model.config, tokenizer, SampleConfig()).save_pretrained(folder)
    return folder


def test_random_weights_follow_the_seed(tokenizer_dir: str) -> None:
    first, second, other = (
        build_model(config(tokenizer_dir), 64, seed)[0].state_dict() for seed in (1, 1, 2)
    )
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not torch.equal(first["model.vision_tower.pos_embed"], other["model.vision_tower.pos_embed"])


def test_random_weights_have_fan_in_scale_and_white_paper_is_zero(tokenizer_dir: str) -> None:
    model = build_model(config(tokenizer_dir), 64, 0)[0]
    weight = model.model.vision_tower.layers[0].mlp.lin2.weight
    assert weight.std().item() == pytest.approx(64**-0.5, rel=0.1)
    from got_train.model.got import normalized

    white = normalized(torch.full((1, 32, 32, 3), 255, dtype=torch.uint8), torch.float32)
    assert model.model.vision_tower.patch_embed(white).abs().max() < 1e-5


def test_a_whole_checkpoint_comes_back(tokenizer_dir: str, tmp_path: Path) -> None:
    folder = saved_model(tmp_path / "model", tokenizer_dir)
    model, _, report = build_model(ModelConfig(path=str(folder)), 64, 0)
    original = build_model(config(tokenizer_dir), 64, 3)[0].state_dict()
    assert all(torch.equal(tensor, original[name]) for name, tensor in model.state_dict().items())
    assert [(row[0], row[3]) for row in report.rows] == [("encoder", 0), ("connector", 0), ("decoder", 0)]


def test_the_next_stage_takes_the_encoder_bit_for_bit(tokenizer_dir: str, tmp_path: Path) -> None:
    folder = saved_model(tmp_path / "stage1", tokenizer_dir, decoder="opt")
    stage1 = build_model(config(tokenizer_dir, "opt"), 64, 3)[0].state_dict()
    after = config(tokenizer_dir, "qwen2", init="pretrained", init_from=str(folder))
    model, _, report = build_model(after, 64, seed=0)
    encoder = [name for name in stage1 if "vision_tower" in name or "conv_upsampler" in name]
    assert len(encoder) > 30
    assert all(torch.equal(model.state_dict()[name], stage1[name]) for name in encoder)
    # Linear(48, 32) of the OPT stage does not fit Linear(48, 48)
    assert [row[1:] for row in report.rows][1:] == [("random", 0, 2), ("random", 0, 26)]


def test_the_next_stage_takes_a_connector_that_fits(tokenizer_dir: str, tmp_path: Path) -> None:
    folder = saved_model(tmp_path / "before", tokenizer_dir)
    after = config(tokenizer_dir, init="pretrained", init_from=str(folder))
    assert build_model(after, 64, 0)[2].rows[1] == ("connector", str(folder), 2, 0)


@pytest.mark.parametrize("window_size", [3, 0])
def test_the_next_stage_takes_the_shape_of_the_encoder(
    window_size: int, tokenizer_dir: str, tmp_path: Path
) -> None:
    before = config(tokenizer_dir, "opt")
    before.encoder.window_size = window_size
    stage1, tokenizer, _ = build_model(before, 64, 3)
    stage1.save_pretrained(tmp_path)
    build_processor(stage1.config, tokenizer, SampleConfig()).save_pretrained(tmp_path)
    after = config(tokenizer_dir, init="pretrained", init_from=str(tmp_path))
    after.encoder = EncoderConfig()
    model, _, _ = build_model(after, 64, seed=0)
    assert model.config.vision_config.to_dict() == stage1.config.vision_config.to_dict()
    pixels = torch.randn(1, 3, 32, 32)
    assert torch.equal(model.eval().encode(pixels), stage1.eval().encode(pixels))
    assert after.encoder == EncoderConfig()  # what the user wrote is left alone


def test_an_encoder_of_another_shape_is_refused(tokenizer_dir: str, tmp_path: Path) -> None:
    folder = saved_model(tmp_path / "before", tokenizer_dir)
    after = config(tokenizer_dir, init="pretrained", init_from=str(folder))
    after.encoder.mlp_dim = 32
    message = (
        r"^model.encoder.mlp_dim is 32, but the encoder of model.init_from .*before has 64: leave it out$"
    )
    with pytest.raises(UserError, match=message):
        build_model(after, 64, 0)


def test_a_missing_tensor_is_an_error(tokenizer_dir: str, tmp_path: Path) -> None:
    from safetensors.torch import load_file

    folder = saved_model(tmp_path / "model", tokenizer_dir)
    state = load_file(folder / "model.safetensors")
    del state["model.vision_tower.pos_embed"]
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(UserError, match="lacks 1 tensor: model.vision_tower.pos_embed"):
        build_model(ModelConfig(path=str(folder)), 64, 0)


def test_a_decoder_folder_with_its_tokenizer_grown_and_positions_stretched(
    tokenizer_dir: str, tmp_path: Path
) -> None:
    from got_train.model.tokenizer import load_tokenizer

    opt = OPTConfig(vocab_size=200, max_position_embeddings=100, pad_token_id=1, **DECODERS["opt"])
    torch.manual_seed(0)
    theirs = AutoModelForCausalLM.from_config(opt)
    theirs.save_pretrained(tmp_path / "opt")
    load_tokenizer(tokenizer_dir).save_pretrained(tmp_path / "opt")
    given = ModelConfig(
        encoder=EncoderConfig(**ENCODER), decoder=DecoderConfig(path=str(tmp_path / "opt"), model_type="opt")
    )
    model, tokenizer, report = build_model(given, max_length=3000, seed=0)
    state = model.state_dict()
    words = state["model.language_model.decoder.embed_tokens.weight"]
    source = theirs.state_dict()
    assert torch.equal(words[:200], source["model.decoder.embed_tokens.weight"])
    assert torch.allclose(words[200:], source["model.decoder.embed_tokens.weight"].mean(0), atol=1e-6)
    assert len(words) == len(tokenizer)
    assert state["model.language_model.decoder.embed_positions.weight"].shape == (3002, 32)
    assert report.rows[2][1:] == (str(tmp_path / "opt"), 36, 0)


def test_positions_are_interpolated_and_their_first_rows_kept() -> None:
    table = torch.tensor([[9.0], [8.0], [0.0], [1.0], [2.0]])
    assert stretch_positions(table, 7)[:, 0].tolist() == [9, 8, 0, 0.5, 1, 1.5, 2]


def test_vocabulary_rows_are_cut_or_grown_with_their_mean() -> None:
    table = torch.tensor([[1.0], [3.0]])
    assert resize_vocabulary(table, 1).tolist() == [[1.0]]
    assert resize_vocabulary(table, 4).tolist() == [[1.0], [3.0], [2.0], [2.0]]


@pytest.mark.parametrize("layout", ["transformers", "original"])
def test_sam_encoders_load_in_both_layouts(layout: str, tokenizer_dir: str, tmp_path: Path) -> None:
    tower = build_model(config(tokenizer_dir), 64, 5)[0].model.vision_tower.state_dict()
    renamed = {"projection": "proj", "layers.": "blocks.", "layer_norm1": "norm1", "layer_norm2": "norm2"}
    necks = {"conv1": "0", "layer_norm1": "1", "conv2": "2", "layer_norm2": "3"}
    if layout == "transformers":
        path = tmp_path / "sam"
        path.mkdir()
        save_file(
            {f"vision_encoder.{name}": tensor for name, tensor in tower.items()}, path / "model.safetensors"
        )
    else:
        path = tmp_path / "sam.pth"
        state = {}
        for name, tensor in tower.items():
            new = name
            for ours, theirs in (necks if name.startswith("neck") else renamed).items():
                new = new.replace(ours, theirs)
            assert transformers_name(f"model.vision_tower_high.{new}") == f"model.vision_tower.{name}"
            state[f"image_encoder.{new}"] = tensor
        torch.save(state | {"mask_decoder.x": torch.zeros(1)}, path)
    given = config(tokenizer_dir, init="pretrained")
    given.encoder.path = str(path)
    model, _, report = build_model(given, 64, 0)
    loaded = model.model.vision_tower.state_dict()
    assert all(torch.equal(loaded[name], tensor) for name, tensor in tower.items())
    # the two strided convolutions are not SAM's
    assert report.rows[0] == ("encoder", str(path), len(tower), 2)


def test_runs_resolve_to_the_best_checkpoint_where_they_choose_one(tmp_path: Path) -> None:
    run = tmp_path / "name" / "v0-1"
    for number in (2, 4, 6):
        (run / f"checkpoint-{number}").mkdir(parents=True)
        state = {"best_model_checkpoint": f"/elsewhere/v0-1/checkpoint-{min(number, 4)}"}
        (run / f"checkpoint-{number}" / "trainer_state.json").write_text(json.dumps(state))

    def choosing(asked: bool) -> None:
        (run / "checkpoint-6" / "args.yaml").write_text(f"train:\n  load_best_model_at_end: {asked}\n")

    for asked, number in ((True, 4), (False, 6)):
        choosing(asked)
        assert resolve_checkpoint(str(run)) == str(run / f"checkpoint-{number}")
        assert resolve_checkpoint(str(tmp_path / "name")) == str(run / f"checkpoint-{number}")
        assert newest_of_runs(tmp_path / "name") == run / "checkpoint-6"  # from which a run goes on
    choosing(True)
    (run / "checkpoint-4" / "trainer_state.json").unlink()
    with pytest.raises(
        UserError, match="checkpoint-4, the best checkpoint of its run, is gone: name another"
    ):
        resolve_checkpoint(str(run))


def test_runs_resolve_to_their_newest_checkpoint(tmp_path: Path) -> None:
    for name in ("v0-1/checkpoint-500", "v9-1/checkpoint-90", "v10-1/checkpoint-100", "v10-1/checkpoint-20"):
        (tmp_path / "name" / name).mkdir(parents=True)
        for file in ("config.json", "trainer_state.json"):
            (tmp_path / "name" / name / file).touch()
    (tmp_path / "name" / "v10-1" / "checkpoint-300").mkdir()  # killed while it was saved
    newest = tmp_path / "name" / "v10-1" / "checkpoint-100"
    for path in (tmp_path / "name", tmp_path / "name" / "v10-1", newest):
        assert resolve_checkpoint(str(path)) == str(newest)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="empty holds no checkpoint"):
        resolve_checkpoint(str(tmp_path / "empty"))
    with pytest.raises(UserError, match="checkpoint ./nowhere does not exist"):
        resolve_checkpoint("./nowhere")


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ({"hidden_sise": 3}, "model.decoder.shape.hidden_sise: qwen2 has none, did you mean hidden_size?"),
        (
            {"num_attention_heads": 5},
            "model.decoder.shape.hidden_size 1024 is not a multiple of "
            "model.decoder.shape.num_attention_heads 5",
        ),
        (
            {"num_key_value_heads": 5},
            "model.decoder.shape.num_attention_heads 16 is not a multiple of "
            "model.decoder.shape.num_key_value_heads 5",
        ),
        (
            {"hidden_size": 48},
            "model.decoder.shape.num_attention_heads 16: heads would be 3 wide, "
            "and rotary positions need an even width",
        ),
        (
            {"hidden_act": "foo"},
            "model.decoder.shape {'hidden_act': 'foo'}: no qwen2 can be built of it (KeyError: 'foo')",
        ),
        (
            {"hidden_size": "abc"},
            "model.decoder.shape {'hidden_size': 'abc'}: no qwen2 can be built of it "
            "(StrictDataclassFieldValidationError: Validation error for field 'hidden_size': "
            "TypeError: Field 'hidden_size' expected int, got str (value: 'abc'))",
        ),
        (
            {"num_attention_heads": 0},
            "model.decoder.shape {'num_attention_heads': 0}: no qwen2 can be built of it "
            "(ZeroDivisionError: integer division or modulo by zero)",
        ),
        (
            {"intermediate_size": 0},
            "model.decoder.shape {'intermediate_size': 0}: some weights of this qwen2 are empty, "
            "every size must be at least 1",
        ),
    ],
)
def test_shapes_that_no_decoder_has_are_refused(shape: dict[str, Value], message: str) -> None:
    given = ModelConfig(decoder=DecoderConfig(shape=shape))
    with pytest.raises(UserError) as caught:
        decoder_config(given, None, vocabulary_size=300, max_length=64)
    assert str(caught.value) == message


def test_a_random_opt_is_opt_125m() -> None:
    given = ModelConfig(decoder=DecoderConfig(model_type="opt"))
    decoder = decoder_config(given, None, vocabulary_size=300, max_length=64)
    assert (decoder.hidden_size, decoder.word_embed_proj_dim, decoder.ffn_dim) == (768, 768, 3072)
    assert (decoder.num_hidden_layers, decoder.num_attention_heads) == (12, 12)
    assert (decoder.dropout, decoder.tie_word_embeddings) == (0.0, True)


def test_heads_may_have_a_width_of_their_own() -> None:
    shape: dict[str, Value] = {"hidden_size": 50, "num_attention_heads": 4, "num_key_value_heads": 2}
    given = ModelConfig(decoder=DecoderConfig(model_type="qwen3", shape={**shape, "head_dim": 16}))
    assert decoder_config(given, None, vocabulary_size=300, max_length=64).head_dim == 16


def test_an_architecture_keeps_the_heads_that_it_has_by_default() -> None:
    given = ModelConfig(decoder=DecoderConfig(model_type="glm4_moe"))
    decoder = decoder_config(given, None, vocabulary_size=300, max_length=64)
    assert (decoder.hidden_size, decoder.num_attention_heads) == (4096, 96)
