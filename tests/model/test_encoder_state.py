from pathlib import Path

import pytest
import torch
from transformers import GotOcr2VisionConfig

from got_train.model.convert import encoder_state, transformers_name
from got_train.model.got import group_of
from got_train.model.loading import load_got
from got_train.report import UserError
from tests.model.original_layout import NARROW, QWEN, original_tensors, small_folder
from tests.model.test_loading import saved_model


def stage1_names(tensors: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    """The encoder of an original folder under another prefix."""
    start = "model.vision_tower_high."
    return {
        prefix + name.removeprefix(start): tensor
        for name, tensor in tensors.items()
        if name.startswith(start)
    }


@pytest.mark.parametrize(
    ("prefix", "others"),
    [
        ("visual_encoder.", ["opt_model.model.decoder.final_layer_norm.bias", "opt_proj.weight"]),
        ("model.vision_tower.", ["model.decoder.final_layer_norm.bias", "model.mm_projector.weight"]),
        (
            "transformer.vision_tower_high.",
            [
                "transformer.vision_tower.vision_model.embeddings.patch_embedding.weight",
                "transformer.wte.weight",
            ],
        ),
        ("module.visual_encoder.", []),
        ("", []),
    ],
    ids=["Vary-tiny of LAVIS", "Vary-tiny", "Vary", "wrapped", "bare"],
)
def test_encoders_of_stage_1_with_their_last_convolutions(
    prefix: str, others: list[str], small: GotOcr2VisionConfig, tmp_path: Path
) -> None:
    tensors = original_tensors(small, 512, {**QWEN, **NARROW})
    state = stage1_names(tensors, prefix) | {name: torch.zeros(1) for name in others}
    torch.save({"model": state, "optimizer": {"lr": 1.0}, "epoch": 2}, tmp_path / "checkpoint_2.pth")
    loaded = encoder_state(str(tmp_path / "checkpoint_2.pth"))
    expected = {
        transformers_name(name): t for name, t in stage1_names(tensors, "model.vision_tower_high.").items()
    }
    assert set(loaded) == set(expected)
    assert all(torch.equal(loaded[name], tensor) for name, tensor in expected.items())
    assert "model.multi_modal_projector.conv_upsampler2.weight" in loaded


def test_the_encoder_of_a_whole_model(small: GotOcr2VisionConfig, tokenizer_dir: str, tmp_path: Path) -> None:
    folder = small_folder(tmp_path / "original", small)
    assert len(encoder_state(str(folder))) == 39
    ours = saved_model(tmp_path / "ours", tokenizer_dir)
    own = load_got(str(ours)).state_dict()
    loaded = encoder_state(str(ours))
    assert set(loaded) == {name for name in own if group_of(name) == "encoder"}
    assert all(torch.equal(tensor, own[name]) for name, tensor in loaded.items())


def test_a_file_without_an_encoder_says_what_it_holds(tmp_path: Path) -> None:
    names = ["opt_model.lm_head.weight", "opt_proj.weight", "opt_proj.bias"]
    torch.save({name: torch.zeros(1) for name in names}, tmp_path / "x.pth")
    with pytest.raises(
        UserError, match="no encoders: .* begin with opt_model.lm_head, opt_proj.bias, opt_proj"
    ):
        encoder_state(str(tmp_path / "x.pth"))
    two = {f"{prefix}.patch_embed.proj.weight": torch.zeros(1) for prefix in ("a", "b")}
    torch.save(two, tmp_path / "y.pth")
    with pytest.raises(UserError, match="holds 2 encoders: .* begin with a., b."):
        encoder_state(str(tmp_path / "y.pth"))
