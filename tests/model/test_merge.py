"""Checkpoints of other programs: what is known of them, and adapters under other names of the layers."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from got_train.config import Config, DecoderConfig, EncoderConfig, ModelConfig
from got_train.model.adapters import linear_layers
from got_train.model.checkpoints import load_checkpoint
from got_train.model.convert import original_name
from got_train.model.got import GotModel
from got_train.model.loading import build_model, load_got
from got_train.model.merge import merge, merge_message, probe_logits, save_model_folder
from got_train.report import UserError
from tests.conftest import DECODERS, ENCODER


@pytest.fixture(scope="session")
def base(tokenizer_dir: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A plain model folder that says nothing of its training."""
    decoder = DecoderConfig(shape=dict(DECODERS["qwen2"]), tokenizer=tokenizer_dir)
    model = ModelConfig(init="random", encoder=EncoderConfig(**ENCODER), decoder=decoder)  # type: ignore[arg-type]
    built, tokenizer, _ = build_model(model, max_length=128, seed=0)
    folder = tmp_path_factory.mktemp("models") / "base"
    save_model_folder(built, tokenizer, Config(name="base"), folder)
    (folder / "args.yaml").unlink()
    return str(folder)


def earlier_name(name: str) -> str:
    """What transformers 4.49 called a layer."""
    return name.removeprefix("model.").replace("language_model.", "language_model.model.")


def write_adapters(base: str, folder: Path, renamed: Callable[[str], str] = str) -> GotModel | PeftModel:
    """Adapters on all linear layers as ms-swift leaves them, their layers renamed; and the adapted model."""
    model = load_got(base)
    layers = linear_layers(model, ["encoder", "connector", "decoder"])
    adapted = get_peft_model(model, LoraConfig(r=2, target_modules=layers)).eval()
    torch.manual_seed(0)
    for name, parameter in adapted.named_parameters():
        if ".lora_B." in name:
            torch.nn.init.normal_(parameter)
    adapted.save_pretrained(folder)
    file = folder / "adapter_model.safetensors"
    prefix = "base_model.model."
    state = {prefix + renamed(name.removeprefix(prefix)): tensor for name, tensor in load_file(file).items()}
    save_file(state, file)
    config = json.loads((folder / "adapter_config.json").read_text())
    config |= {"target_modules": f"^({'|'.join(map(renamed, layers))})$", "base_model_name_or_path": base}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    (folder / "args.json").write_text(json.dumps({"model": "organisation/base"}))
    return adapted


@pytest.mark.parametrize("renamed", [str, original_name, earlier_name], ids=["own", "original", "earlier"])
def test_adapters_of_swift_work_as_they_did_in_training(
    base: str, tmp_path: Path, renamed: Callable[[str], str]
) -> None:
    expected = probe_logits(write_adapters(base, tmp_path / "adapters", renamed))
    model, _, config = load_checkpoint(str(tmp_path / "adapters"))
    torch.testing.assert_close(probe_logits(model.eval()), expected, rtol=1e-4, atol=1e-4)
    assert not torch.allclose(probe_logits(load_got(base).eval()), expected, atol=1e-2)
    assert (config.sample.template, config.model.path) == ("swift", base)

    folder, _ = merge(str(tmp_path / "adapters"))
    merged, _, config = load_checkpoint(str(folder))
    torch.testing.assert_close(probe_logits(merged.eval()), expected, rtol=1e-3, atol=1e-4)
    assert config.sample.template == "swift"  # kept by the merged folder too


@pytest.mark.parametrize(
    ("files", "template"),
    [
        ({}, "original"),
        ({"args.json": {"model": "organisation/base"}}, "swift"),
        ({"sft_args.json": {"model_id_or_path": "organisation/base"}}, "swift"),
        ({"args.json": {"learning_rate": 1}}, "original"),
    ],
)
def test_the_chat_template_of_a_model_that_another_program_wrote(
    files: dict[str, object], template: str, base: str, tmp_path: Path
) -> None:
    for file in Path(base).iterdir():
        (tmp_path / file.name).symlink_to(file)
    for name, content in files.items():
        (tmp_path / name).write_text(json.dumps(content))
    assert load_checkpoint(str(tmp_path))[2].sample.template == template
    assert load_checkpoint(str(tmp_path), template="swift")[2].sample.template == "swift"


def test_the_base_model_may_be_named(base: str, tmp_path: Path) -> None:
    """A folder of another computer stands for the id that swift was given; `base` for either."""
    expected = probe_logits(write_adapters(base, tmp_path))
    file = tmp_path / "adapter_config.json"
    config = json.loads(file.read_text())
    file.write_text(json.dumps(config | {"base_model_name_or_path": "/elsewhere/base"}))
    with pytest.raises(
        UserError, match="holds adapters, and their base model cannot be read: no model at org"
    ):
        load_checkpoint(str(tmp_path))
    with pytest.raises(UserError, match="; name another with --base$"):
        load_checkpoint(str(tmp_path))
    with pytest.raises(UserError, match="base is a whole model, which needs no base model: leave out a/b"):
        load_checkpoint(base, "a/b")
    logits = probe_logits(load_checkpoint(str(tmp_path), base)[0].eval())
    torch.testing.assert_close(logits, expected, rtol=1e-4, atol=1e-4)
    (tmp_path / "args.json").unlink()
    file.write_text(json.dumps(config | {"base_model_name_or_path": None}))
    with pytest.raises(UserError, match="does not name their base model: name it with --base"):
        load_checkpoint(str(tmp_path))


@pytest.mark.parametrize("renamed", [str, original_name])
def test_adapters_of_another_model_are_refused(
    base: str, tmp_path: Path, renamed: Callable[[str], str]
) -> None:
    write_adapters(base, tmp_path, lambda name: renamed(name).replace("layers.1.", "layers.7."))
    missing = r"it has no linear layer model\.language_model\.layers\.7\.mlp\.down_proj of which \(2, 64\)"
    with pytest.raises(UserError, match=f"do not fit their base model: {missing} could be an adapter"):
        load_checkpoint(str(tmp_path))


def test_a_merge_on_a_full_disk_leaves_nothing(
    base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_adapters(base, tmp_path / "adapters")

    def fill_up(self: GotModel, folder: Path, **kwargs: Any) -> None:
        (folder / "model.safetensors").touch()
        raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")

    with monkeypatch.context() as full, pytest.raises(UserError) as caught:
        full.setattr(GotModel, "save_pretrained", fill_up)
        merge(str(tmp_path / "adapters"))
    merged = tmp_path / "adapters-merged"
    assert str(caught.value) == f"{merged} cannot be written: No space left on device"
    assert [path.name for path in tmp_path.iterdir()] == ["adapters"]
    merge(str(tmp_path / "adapters"))


def test_weights_that_are_not_finite_are_not_merged(base: str, tmp_path: Path) -> None:
    write_adapters(base, tmp_path / "adapters")
    file = tmp_path / "adapters" / "adapter_model.safetensors"
    state = load_file(file)
    name = next(name for name in state if "language_model.layers.0.mlp.up_proj.lora_B" in name)
    state[name][0] = 3e38  # which is finite, and its product with the other matrix is not
    state[name.replace("lora_B", "lora_A")] *= 1e3
    save_file(state, file)
    with pytest.raises(UserError, match=r"mlp\.up_proj\.weight is not finite after the merge: not written$"):
        merge(str(tmp_path / "adapters"))
    assert not (tmp_path / "adapters-merged").exists()


def test_adapters_without_weights_are_refused(base: str, tmp_path: Path) -> None:
    write_adapters(base, tmp_path)
    (tmp_path / "adapter_model.safetensors").unlink()
    with pytest.raises(UserError, match="lacks the weights of its adapters, adapter_model.safetensors"):
        load_checkpoint(str(tmp_path))


def test_a_folder_does_not_control_the_terminal() -> None:
    said = merge_message(Path("a\x1b[31m\n"), 0.25)
    assert said == "merged into a\\x1b[31m\\n (logits before and after differ by 0.25 of the largest)"
