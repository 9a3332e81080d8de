import json
import unicodedata
from pathlib import Path
from typing import Any

import pytest
import tiktoken
import torch
from safetensors.torch import load_file, save_file
from tiktoken.load import load_tiktoken_bpe
from transformers import AutoModelForImageTextToText, AutoProcessor, GotOcr2VisionConfig

from got_train.cli import main
from got_train.config import ModelConfig
from got_train.model import original
from got_train.model.convert import convert, current_name, original_name, transformers_name
from got_train.model.loading import build_model, load_got
from got_train.model.original import DECODER_FIELDS, ENCODER, ENCODER_FIELDS
from got_train.model.tokenizer import QWEN_PATTERN, vocabulary_file
from got_train.report import UserError
from got_train.vocabulary import SPECIAL_TOKENS
from tests.model.original_layout import (
    NARROW,
    QWEN,
    Reference,
    differences,
    original_tensors,
    small_folder,
    write_original,
)
from tests.model.test_loading import saved_model

PAGE = (
    "Invoice no. 2024-1138, \u00a3 1,234.50\r\n\t| a | b |\n"
    "\\frac{\\partial f}{\\partial x_{12}} = \\sqrt[3]{x}  \u2264 \u221e\n"
    "\u901a\u7528\u5149\u5b66\u5b57\u7b26\u8bc6\u522b\u7406\u8bba\uff0c2024\u5e74\u3002 e\u0301t\u00e9 "
    "\U0001f469\u200d\U0001f52c\U0001f600 \u0939\u093f\u0928\u094d\u0926\u0940 \u0661\u0662\u0663\n"
    "<|im_start|>user\n<img><imgpad><imgpad></img>\nOCR: <|im_end|><ref>x</ref><|extra_7|> "
    "don't I'LL   \n\n end"
)
"""English, Chinese, formulas, an emoji of three, letters with marks of their own, digits, special tokens."""


def tiktoken_ids(text: str) -> list[int]:
    """As the authors' tokenizer does it: normalised, then byte-pair encoding by tiktoken itself."""
    ranks = load_tiktoken_bpe(str(vocabulary_file("qwen")))
    specials = {token: len(ranks) + number for number, token in enumerate(SPECIAL_TOKENS)}
    encoding = tiktoken.Encoding("Qwen", pat_str=QWEN_PATTERN, mergeable_ranks=ranks, special_tokens=specials)
    return encoding.encode(unicodedata.normalize("NFC", text), allowed_special="all")


@pytest.mark.parametrize(
    "shape", [pytest.param(NARROW, id="narrow"), pytest.param({}, id="full width", marks=pytest.mark.slow)]
)
def test_there_and_back_bit_for_bit_with_equal_logits(
    shape: dict[str, int],
    shallow: GotOcr2VisionConfig,
    scratch: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    decoder = {**QWEN, **shape}
    monkeypatch.setattr(original, "ENCODER_CHANNELS", decoder["hidden_size"])
    tensors = original_tensors(shallow, 151860, decoder)
    for name in tensors:
        if "vision_tower" not in name:  # both types, and each keeps its own
            tensors[name] = tensors[name].to(torch.bfloat16)
    # As the released checkpoint: tied, and stored apart all the same.
    tensors["lm_head.weight"] = tensors["model.embed_tokens.weight"].clone()
    source, hub, back = scratch / "original", scratch / "run" / "checkpoint-1", scratch / "back"
    write_original(source, tensors, **shape)
    assert convert(str(source), str(hub), "transformers") == len(tensors)
    (hub / "trainer_state.json").touch()  # as a run would have left it
    with pytest.raises(SystemExit, match="0"):
        main(["convert", str(hub.parent), str(back), "--to", "original"])
    written, code = capsys.readouterr().out.splitlines()[-2:]
    assert written == f"68 tensors written to {back}, in the original layout"
    assert code.startswith(
        "The authors' Python files are not written: to load the folder with trust_remote_code"
    )

    again = load_file(back / "model.safetensors")
    assert {name: tensor.dtype for name, tensor in again.items()} == {
        name: tensor.dtype for name, tensor in tensors.items()
    }
    assert all(torch.equal(again[name], tensor) for name, tensor in tensors.items())
    assert (back / "qwen.tiktoken").read_bytes() == (source / "qwen.tiktoken").read_bytes()
    before, after = (json.loads((folder / "config.json").read_text()) for folder in (source, back))
    kept = set(before) - {"sliding_window", "image_token_len"}
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}

    reference = Reference.build(tensors, shallow, **shape)
    stock = AutoModelForImageTextToText.from_pretrained(hub, dtype=torch.float32).eval()
    assert type(stock).__name__ == "GotOcr2ForConditionalGeneration"
    assert max(differences(stock, reference)) < 1e-4
    assert (stock.generation_config.eos_token_id, stock.generation_config.pad_token_id) == (151645, 151643)
    ours, tokenizer, report = build_model(ModelConfig(path=str(source)), 64, seed=0)
    assert all(torch.equal(tensor, stock.state_dict()[name]) for name, tensor in ours.state_dict().items())
    assert [row[1:] for row in report.rows] == [(str(source), count, 0) for count in (39, 2, 26)]

    processor = AutoProcessor.from_pretrained(hub)
    assert processor.image_processor.size == {"height": 256, "width": 256}
    ids = tiktoken_ids(PAGE)
    assert tokenizer.encode(PAGE) == processor.tokenizer.encode(PAGE) == ids
    assert tokenizer.decode(ids) == unicodedata.normalize("NFC", PAGE)


def write_small(folder: Path, vision: GotOcr2VisionConfig, **fields: Any) -> dict[str, torch.Tensor]:
    """The layout at its full width with 512 tokens: too few for its tokenizer, enough for its weights."""
    tensors = original_tensors(vision, 512)
    write_original(folder, tensors, **fields)
    return tensors


def test_the_original_layout_loads_as_it_is_at_full_width(
    shallow: GotOcr2VisionConfig, scratch: Path
) -> None:
    tensors = write_small(scratch / "model", shallow)
    reference = Reference.build(tensors, shallow)
    assert max(differences(load_got(str(scratch / "model")).eval(), reference)) < 1e-4


def rewrite(folder: Path, **changed: torch.Tensor | None) -> None:
    """Replaces tensors of a folder, or takes them away."""
    tensors = {**load_file(folder / "model.safetensors"), **changed}
    kept = {name: tensor for name, tensor in tensors.items() if tensor is not None}
    save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})


def test_a_head_of_its_own_is_kept(small: GotOcr2VisionConfig, tmp_path: Path) -> None:
    folder = small_folder(tmp_path / "model", small, tie_word_embeddings=False)
    head = torch.randn(512, 64)
    rewrite(folder, **{"lm_head.weight": head})
    model = load_got(str(folder))
    assert torch.equal(model.lm_head.weight, head)
    assert not torch.equal(model.get_input_embeddings().weight, head)


@pytest.mark.parametrize(
    ("tensors", "fields", "message"),
    [
        (
            {"lm_head.weight": torch.zeros(512, 64)},
            {},
            "tie_word_embeddings is true, but lm_head.weight is not the embedding",
        ),
        ({}, {"tie_word_embeddings": False}, "lacks 1 tensor: lm_head.weight"),
        (
            {"model.norm.weight": None},
            {},
            "lacks 1 tensor: model.language_model.norm.weight",
        ),
        ({"model.vision_tower.x": torch.zeros(1)}, {}, "has 1 unknown tensor, not of GOT"),
        ({}, {"intermediate_size": 99}, r"has shape \(\d+, \d+\), config.json asks for \(\d+, \d+\)"),
    ],
)
def test_weights_that_are_not_what_the_config_says(
    tensors: dict[str, torch.Tensor | None],
    fields: dict[str, Any],
    message: str,
    small: GotOcr2VisionConfig,
    tmp_path: Path,
) -> None:
    folder = small_folder(tmp_path / "model", small, **fields)
    rewrite(folder, **tensors)
    with pytest.raises(UserError, match=message):
        load_got(str(folder))


def test_every_name_goes_there_and_back(small: GotOcr2VisionConfig) -> None:
    names = [*original_tensors(small, 512, {**QWEN, **NARROW}), "lm_head.weight"]
    ours = [transformers_name(name) for name in names]
    assert [original_name(name) for name in ours] == names
    assert len(set(ours)) == len(names) == 68
    assert [current_name(name) for name in ours] == ours


@pytest.mark.parametrize(
    ("saved", "current"),
    [
        (
            "language_model.model.layers.0.mlp.up_proj.weight",
            "model.language_model.layers.0.mlp.up_proj.weight",
        ),
        ("language_model.lm_head.weight", "lm_head.weight"),
        ("model.language_model.model.norm.weight", "model.language_model.norm.weight"),
        ("vision_tower.pos_embed", "model.vision_tower.pos_embed"),
        (
            "multi_modal_projector.conv_upsampler1.weight",
            "model.multi_modal_projector.conv_upsampler1.weight",
        ),
    ],
)
def test_names_of_every_release_of_transformers(saved: str, current: str) -> None:
    assert current_name(saved) == current


def test_transformers_defaults_are_the_authors_encoder() -> None:
    assert {name: getattr(ENCODER, name) for name in (*ENCODER_FIELDS, "output_channels")} == {
        "image_size": 1024,
        "patch_size": 16,
        "hidden_size": 768,
        "num_hidden_layers": 12,
        "num_attention_heads": 12,
        "mlp_dim": 3072,
        "window_size": 14,
        "global_attn_indexes": (2, 5, 8, 11),
        "output_channels": 256,
    }


def test_fields_of_both_layouts_are_those_that_were_compared() -> None:
    """A release of transformers that gives Qwen2 another field fails here."""
    assert " ".join(sorted(DECODER_FIELDS)) == (
        "attention_dropout bos_token_id eos_token_id hidden_act hidden_size initializer_range "
        "intermediate_size max_position_embeddings max_window_layers num_attention_heads num_hidden_layers "
        "num_key_value_heads pad_token_id rms_norm_eps sliding_window tie_word_embeddings use_cache "
        "use_sliding_window vocab_size"
    )


def test_what_the_original_layout_cannot_hold(tokenizer_dir: str, tmp_path: Path) -> None:
    folder = saved_model(tmp_path / "opt", tokenizer_dir, decoder="opt")
    with pytest.raises(UserError) as caught:
        convert(str(folder), str(tmp_path / "out"), "original")
    reasons = str(caught.value).removeprefix("the original layout cannot hold this model: ").split("; ")
    assert reasons[:4] == [
        "its decoder is opt, not qwen2",
        "its decoder is 32 wide, not 1024",
        "its encoder's output is 48 wide, not 1024",
        "the image_size of its encoder is 32, not 1024",
    ]
    assert reasons[-1] == "its tokenizer (272 tokens) is not GOT's"
    assert not (tmp_path / "out").exists()


def test_folders_that_cannot_be_converted(
    small: GotOcr2VisionConfig, tokenizer_dir: str, tmp_path: Path
) -> None:
    folder = str(small_folder(tmp_path / "model", small))
    adapters, run, other = tmp_path / "adapters", tmp_path / "run", tmp_path / "other"
    for made in (adapters, run / "checkpoint-2", other):
        made.mkdir(parents=True)
    (adapters / "adapter_config.json").write_text("{}")
    (other / "config.json").write_text('{"model_type": "qwen2"}')
    out = str(tmp_path / "out")
    for source, target, to, message in [
        (folder, out, "original", "model is in the original layout already"),
        (folder, folder, "transformers", "model exists: remove it or name another folder"),
        (str(adapters), out, "original", "holds adapters: merge first, with got-train merge"),
        (str(run), out, "original", "holds no config.json: it is not a model folder"),
        (str(other), out, "original", r"holds a qwen2 model, not got_ocr2 \(transformers\) or GOT"),
        (folder, out, "transformers", "im_patch_token 511 is not the tokenizer's <imgpad>"),
        ("./nowhere", out, "original", "no model at ./nowhere"),
    ]:
        with pytest.raises(UserError, match=message):
            convert(source, target, to)  # type: ignore[arg-type]
    assert not (tmp_path / "out").exists()


def test_weights_that_are_not_finite_are_not_read(small: GotOcr2VisionConfig, tmp_path: Path) -> None:
    folder = small_folder(tmp_path / "original", small)
    norm = load_file(folder / "model.safetensors")["model.norm.weight"]
    norm[1] = torch.nan
    rewrite(folder, **{"model.norm.weight": norm})
    with pytest.raises(
        UserError, match=r"original: model\.language_model\.norm\.weight is not finite: take an"
    ):
        load_got(str(folder))


def test_torch_files_in_either_layout(small: GotOcr2VisionConfig, tokenizer_dir: str, tmp_path: Path) -> None:
    for folder in (small_folder(tmp_path / "original", small), saved_model(tmp_path / "ours", tokenizer_dir)):
        before = load_got(str(folder)).state_dict()
        torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
        (folder / "model.safetensors").unlink()
        after = load_got(str(folder)).state_dict()
        assert all(torch.equal(after[name], tensor) for name, tensor in before.items())


def test_a_target_does_not_control_the_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("got_train.model.convert.convert", lambda *given: 2)
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(SystemExit) as ended:
        main(["convert", str(tmp_path), "a\x1b[31m\n", "--to", "transformers"])
    assert ended.value.code == 0
    said = "2 tensors written to a\\x1b[31m\\n, in the transformers layout\n"
    assert capsys.readouterr().out == said
