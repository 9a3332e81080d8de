"""Odd checkpoints: each is read as it is meant, or refused in words that name what is wrong.

`MODELS` are changes to a good model folder that every way of reading one refuses alike: `infer`, `eval` of a
run, `train`'s `model.path`. `ADAPTERS` are changes to good adapters and their base model, for `infer` and
`merge`. `PLACES` are paths, for all of them. A change is a function of the folder.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from got_train.config import Config, DecoderConfig, EncoderConfig, LoraSettings, ModelConfig
from got_train.config_file import to_yaml
from got_train.model.adapters import prepare_for_training
from got_train.model.checkpoints import load_checkpoint
from got_train.model.convert import convert
from got_train.model.loading import build_model, model_tokenizer
from got_train.model.merge import merge, save_model_folder
from got_train.model.shapes import model_tile_shape
from got_train.report import UserError
from got_train.run_folders import resolve_checkpoint, whole_checkpoint
from got_train.training.summary import template_advice
from tests.conftest import DECODERS, ENCODER

Change = Callable[[Path], None]

WEIGHTS = "model.safetensors"
ADAPTER_WEIGHTS = "adapter_model.safetensors"
NECK = "model.vision_tower.neck.conv1.weight"


@pytest.fixture(scope="module")
def good(tokenizer_dir: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder as `merge` writes it, and adapters of it as a checkpoint has them."""
    root = tmp_path_factory.mktemp("good")
    decoder = DecoderConfig(model_type="qwen2", shape=dict(DECODERS["qwen2"]), tokenizer=tokenizer_dir)
    section = ModelConfig(init="random", encoder=EncoderConfig(**ENCODER), decoder=decoder)
    model, tokenizer, _ = build_model(section, 64, seed=3)
    save_model_folder(model, tokenizer, Config(name="base", model=section), root / "model")
    lora = LoraSettings(enabled=True, rank=2, modules=["connector"])
    config = Config(name="tuned", model=ModelConfig(path=str(root / "model")), lora=lora)
    tuned = prepare_for_training(model, config.train.learning_rates, lora)
    tuned.save_pretrained(root / "adapters")
    (root / "adapters" / "args.yaml").write_text(to_yaml(config))
    return root


def without(*names: str) -> Change:
    def change(folder: Path) -> None:
        for name in names:
            (folder / name).unlink()

    return change


def holding(name: str, content: str | bytes) -> Change:
    def change(folder: Path) -> None:
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)

    return change


def cut(name: str) -> Change:
    def change(folder: Path) -> None:
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[: len(content) // 2])

    return change


def a_folder_called(name: str) -> Change:
    def change(folder: Path) -> None:
        (folder / name).unlink()
        (folder / name).mkdir()

    return change


def with_keys(name: str, **values: Any) -> Change:
    """A JSON file with other values; those of a section are `section__key`, and `...` leaves one out."""

    def change(folder: Path) -> None:
        content = json.loads((folder / name).read_text())
        for key, value in values.items():
            *sections, last = key.split("__")
            place = content
            for section in sections:
                place = place[section]
            if value is ...:
                del place[last]
            else:
                place[last] = value
        (folder / name).write_text(json.dumps(content))

    return change


def with_layers(number: int) -> Change:
    kinds = ["full_attention"] * number
    return with_keys("config.json", text_config__num_hidden_layers=number, text_config__layer_types=kinds)


def with_tensors(file: str, **tensors: torch.Tensor | None) -> Change:
    """Weights with other tensors; None leaves one out."""

    def change(folder: Path) -> None:
        state = load_file(folder / file)
        names = {name.replace(".", "_"): name for name in state}
        for short, tensor in tensors.items():
            name = names.get(short, short)
            state.pop(name, None)
            if tensor is not None:
                state[name] = tensor
        save_file(state, folder / file, metadata={"format": "pt"})

    return change


def in_shards(lost: bool = False, named: bool = True) -> Change:
    """The weights in two files and an index; one of them may be lost, or its name in the index be wrong."""

    def change(folder: Path) -> None:
        state = load_file(folder / WEIGHTS)
        (folder / WEIGHTS).unlink()
        places = {name: f"model-{1 + (name < 'model.m')}-of-2.safetensors" for name in state}
        for shard in set(places.values()):
            part = {name: tensor for name, tensor in state.items() if places[name] == shard}
            save_file(part, folder / shard, metadata={"format": "pt"})
        if lost:
            (folder / "model-1-of-2.safetensors").unlink()
        index = {"metadata": {}, "weight_map": places} if named else {"weight_map": []}
        (folder / f"{WEIGHTS}.index.json").write_text(json.dumps(index))

    return change


def as_torch_file(content: Callable[[dict[str, torch.Tensor]], Any]) -> Change:
    def change(folder: Path) -> None:
        state = load_file(folder / WEIGHTS)
        (folder / WEIGHTS).unlink()
        torch.save(content(state), folder / "pytorch_model.bin")

    return change


def under_names_of_the_hub(folder: Path) -> None:
    """As `stepfun-ai/GOT-OCR-2.0-hf` has them."""
    state = load_file(folder / WEIGHTS)
    renamed = {
        name.replace("model.language_model.", "language_model.model.").removeprefix("model."): tensor
        for name, tensor in state.items()
    }
    save_file(renamed, folder / WEIGHTS, metadata={"format": "pt"})


def nothing(folder: Path) -> None:
    pass


MODELS: list[tuple[str, Change, str | None]] = [
    ("a good one", nothing, None),
    ("without a model card and a processor", without("processor_config.json"), None),
    ("without generation_config.json", without("generation_config.json"), None),
    ("in shards", in_shards(), None),
    ("under the names of the hub", under_names_of_the_hub, None),
    ("in a torch file", as_torch_file(dict), None),
    # config.json
    ("config.json is missing", without("config.json"), "holds no checkpoint: no config.json, no checkpoint-"),
    ("config.json is empty", holding("config.json", ""), "config.json is not JSON: Expecting value"),
    ("config.json is cut off", cut("config.json"), "config.json is not JSON: "),
    ("config.json is a list", holding("config.json", "[]"), "config.json is not a JSON object"),
    (
        "config.json is no UTF-8",
        holding("config.json", b"\xff\xfe{\0}\0"),
        "config.json is not UTF-8 (invalid start",
    ),
    ("config.json is a folder", a_folder_called("config.json"), "holds no checkpoint: no config.json"),
    ("config.json of BERT", with_keys("config.json", model_type="bert"), "holds a bert model, not got_ocr2"),
    ("no model_type", with_keys("config.json", model_type=...), "holds a None model, not got_ocr2 (transfor"),
    (
        "an encoder that is a number",
        with_keys("config.json", vision_config=5),
        "vision_config must be a section",
    ),
    (
        "a width that is a text",
        with_keys("config.json", text_config__hidden_size="48"),
        "does not describe a",
    ),
    ("a width of 0", with_keys("config.json", vision_config__hidden_size=0), "does not describe a GOT model"),
    ("no heads", with_keys("config.json", text_config__num_attention_heads=0), "does not describe a GOT mod"),
    ("a decoder of no kind", with_keys("config.json", text_config__model_type="q"), "does not describe a GO"),
    # What config.json says against the weights
    ("wider", with_keys("config.json", vision_config__mlp_dim=128), "has shape (64,), config.json asks for"),
    ("deeper", with_layers(3), "lacks 12 tensors: model.language_model.layers.2.input_layernorm.weight, "),
    ("less deep", with_layers(1), "has 12 unknown tensors, not of GOT: model.language_model.layers.1.input_"),
    (
        "layers that disagree",
        with_keys("config.json", text_config__num_hidden_layers=3),
        "does not describe a GOT",
    ),
    # Weights
    ("no weights", without(WEIGHTS), "{folder} holds no weights: none of model.safetensors, "),
    ("empty weights", holding(WEIGHTS, b""), "model.safetensors cannot be read: Safetensor"),
    ("weights cut off", cut(WEIGHTS), "model.safetensors cannot be read: SafetensorError: "),
    (
        "a page instead of weights",
        holding(WEIGHTS, "<!doctype html>" * 9),
        "cannot be read: SafetensorError: ",
    ),
    (
        "a pointer of Git LFS",
        holding(WEIGHTS, "version https://git-lfs.github.com/spec/v1\n"),
        "SafetensorErr",
    ),
    ("weights that are a folder", a_folder_called(WEIGHTS), "model.safetensors is no file"),
    (
        "a tensor missing",
        with_tensors(WEIGHTS, model_vision_tower_neck_conv1_weight=None),
        f"1 tensor: {NECK}",
    ),
    (
        "a tensor too many",
        with_tensors(WEIGHTS, extra=torch.ones(1)),
        "has 1 unknown tensor, not of GOT: extra",
    ),
    (
        "a tensor of another shape",
        with_tensors(WEIGHTS, model_vision_tower_neck_conv1_weight=torch.ones(2, 3)),
        f"{NECK} has shape (2, 3), config.json asks for (16, 32, 1, 1)",
    ),
    ("a shard is missing", in_shards(lost=True), "names model-1-of-2.safetensors, which does not"),
    ("an index without places", in_shards(named=False), "has no weight_map of tensors to files"),
    ("a torch file with more than weights", as_torch_file(lambda state: Path), "model.bin holds more than w"),
    ("an empty torch file", as_torch_file(lambda state: {}), "lacks "),
    # Tokenizer
    ("no tokenizer", without("tokenizer.json"), "no tokenizer at {folder}: it has no tokenizer.json"),
    ("an empty tokenizer", holding("tokenizer.json", ""), "tokenizer.json is not JSON: "),
    ("a tokenizer cut off", cut("tokenizer.json"), "tokenizer.json is not JSON: "),
    ("a tokenizer that is a list", holding("tokenizer.json", "[]"), "tokenizer.json is not a JSON object"),
    (
        "settings of the tokenizer cut off",
        cut("tokenizer_config.json"),
        "tokenizer_config.json is not JSON: ",
    ),
    ("another image token", with_keys("config.json", image_token_index=7), "has the tokenizer of another mo"),
]
"""What is changed in a model folder, and what the error says; None if it is read as before."""


def copied(good: Path, kind: str, change: Change, tmp_path: Path) -> Path:
    folder = tmp_path / kind
    shutil.copytree(good / kind, folder)
    change(folder)
    return folder


def refusal(read: Callable[[], object]) -> str:
    with pytest.raises(UserError) as caught:
        read()
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(("change", "words"), [case[1:] for case in MODELS], ids=[case[0] for case in MODELS])
def test_a_model_folder(change: Change, words: str | None, good: Path, tmp_path: Path) -> None:
    folder = copied(good, "model", change, tmp_path)

    def train() -> Any:
        section = ModelConfig(path=str(folder))
        model_tile_shape(section)
        return build_model(section, 64, 0, model_tokenizer(section))[0]

    if words is not None:
        expected = words.format(folder=folder)
        assert expected in refusal(lambda: load_checkpoint(str(folder)))
        assert expected in refusal(train)
        return
    before = load_file(good / "model" / WEIGHTS)
    for model in (load_checkpoint(str(folder))[0], train()):
        state = model.state_dict()
        assert all(torch.equal(state[name], before[name]) for name in before)


ADAPTERS: list[tuple[str, Change, str | None]] = [
    ("good ones", nothing, None),
    ("of another program", without("args.yaml"), None),
    ("no weights", without(ADAPTER_WEIGHTS), "lacks the weights of its adapters, adapter_model.safetensors"),
    ("empty weights", holding(ADAPTER_WEIGHTS, b""), "safetensors cannot be read: SafetensorError"),
    ("weights cut off", cut(ADAPTER_WEIGHTS), "safetensors cannot be read: SafetensorError"),
    ("adapter_config.json is empty", holding("adapter_config.json", ""), "adapter_config.json is not JSON"),
    ("adapter_config.json is a list", holding("adapter_config.json", "[]"), "is not a JSON object"),
    ("adapter_config.json is cut off", cut("adapter_config.json"), "adapter_config.json is not JSON"),
    ("adapters of no kind", with_keys("adapter_config.json", peft_type="FOO"), "FOO is not read: LORA is"),
    ("another rank", with_keys("adapter_config.json", r=8), "it says rank 8, the weights have 2"),
    (
        "a rank that is a text",
        with_keys("adapter_config.json", r="two"),
        "r is not a number that adapters can",
    ),
    (
        "half of an adapter",
        with_tensors(
            ADAPTER_WEIGHTS,
            base_model_model_model_multi_modal_projector_multimodal_projector_lora_B_weight=None,
        ),
        "lacks 1 tensor of adapters: ",
    ),
    (
        "adapters of another model",
        with_tensors(ADAPTER_WEIGHTS, **{"base_model.model.model.other.lora_A.weight": torch.ones(2, 4)}),
        "do not fit their base model: ",
    ),
    ("args.yaml is empty", holding("args.yaml", ""), "args.yaml: name must be set"),
    ("args.yaml is a list", holding("args.yaml", "- a\n"), "args.yaml must hold sections such as `model:`"),
    ("args.yaml is cut off", holding("args.yaml", "name: 'a\n"), "args.yaml is not a YAML file: "),
    (
        "args.yaml is cut off between two lines",  # what is left means the recipe's own size, at random
        holding("args.yaml", "name: a\noutput_dir: b\n"),
        "do not fit their base model: it has no linear layer ",
    ),
    ("args.yaml of another program", holding("args.yaml", "name: a\nlr: 1\n"), "lr is not a config key"),
    (
        "the base model is gone",
        holding("args.yaml", "name: a\nmodel: {path: ./gone}\n"),
        "./gone does not exist",
    ),
]


@pytest.mark.parametrize(
    ("change", "words"), [case[1:] for case in ADAPTERS], ids=[case[0] for case in ADAPTERS]
)
def test_a_checkpoint_of_adapters(change: Change, words: str | None, good: Path, tmp_path: Path) -> None:
    folder = copied(good, "adapters", change, tmp_path)
    if words is not None:
        assert words in refusal(lambda: load_checkpoint(str(folder)))
        assert words in refusal(lambda: merge(str(folder)))
        assert not Path(f"{folder}-merged").exists()
        return
    base = None if (folder / "args.yaml").exists() else str(good / "model")
    merged, difference = merge(str(folder), base=base)
    assert difference < 1e-3 and load_checkpoint(str(merged))[2].model.path == str(good / "model")


def test_settings_of_earlier_versions_are_read(good: Path, tmp_path: Path) -> None:
    old = f"name: a\nmodel: {{path: {good / 'model'}}}\ndata: {{frame: swift, max_length: 99}}\n"
    folder = copied(good, "adapters", holding("args.yaml", old), tmp_path)
    config = load_checkpoint(str(folder))[2]
    assert (config.sample.template, config.sample.max_length) == ("swift", 99)


def test_another_chat_template_than_the_model_s_own_is_said(good: Path, tmp_path: Path) -> None:
    folder = copied(good, "model", holding("args.yaml", "name: a\nsample: {template: swift}\n"), tmp_path)
    config = Config(name="next", model=ModelConfig(path=str(folder)))
    assert template_advice(config) == [
        f"sample.template is original, but {folder} was trained with swift. To keep to it, set "
        "sample.template=swift"
    ]
    config.sample.template = "swift"
    assert template_advice(config) == []


def files(*names: str) -> Change:
    def change(folder: Path) -> None:
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text("{}")

    return change


def chosen(args: str, state: str = '{"best_model_checkpoint": "/x/checkpoint-1"}') -> Change:
    """A run of two checkpoints, the newest of which has these files."""

    def change(folder: Path) -> None:
        files("checkpoint-1/config.json", "checkpoint-1/trainer_state.json", "checkpoint-2/config.json")(
            folder
        )
        (folder / "checkpoint-2" / "args.yaml").write_text(args)
        (folder / "checkpoint-2" / "trainer_state.json").write_text(state)

    return change


CHOOSES = "train: {load_best_model_at_end: true}\n"

PLACES: list[tuple[str, Change, str, str]] = [
    ("an empty folder", nothing, "", "{folder} holds no checkpoint: no config.json, no checkpoint-N, no run"),
    ("a path that is not there", nothing, "none", "checkpoint {folder}/none does not exist"),
    ("a file of weights", files("a.safetensors"), "a.safetensors", "is a file: name the folder that it is i"),
    ("a config", files("run.yaml"), "run.yaml", "run.yaml is a file: name the folder that it is in"),
    ("a checkpoint that was cut off", files("checkpoint-1/config.json"), "", "{folder} holds no checkpoint"),
    ("a file called as a checkpoint", files("checkpoint-1"), "", "{folder} holds no checkpoint"),
    ("a run that has not saved", files("v0-1/args.yaml"), "", "{folder} holds no checkpoint"),
    ("a part of a download", files("model.safetensors.part"), "", "{folder} holds no checkpoint"),
    ("the best checkpoint", chosen(CHOOSES), "", "={folder}/checkpoint-1"),
    ("the newest", chosen("train: {}\n"), "", "={folder}/checkpoint-2"),
    (
        "a best that points nowhere",
        chosen(CHOOSES, '{"best_model_checkpoint": "/x/checkpoint-9"}'),
        "",
        "is gone",
    ),
    ("no best yet", chosen(CHOOSES, '{"best_model_checkpoint": null}'), "", "={folder}/checkpoint-2"),
    ("a damaged state of the trainer", chosen(CHOOSES, "{"), "", "trainer_state.json is not JSON"),
    ("a damaged args.yaml", chosen("a: 'b\n"), "", "args.yaml is not the configuration of a run"),
    ("an empty args.yaml", chosen(""), "", "args.yaml is not the configuration of a run"),
    ("an args.yaml without train", chosen("name: a\n"), "", "args.yaml is not the configuration of a run"),
    ("adapters where a model is wanted", files("adapter_config.json"), "", "holds adapters, not a whole mod"),
]
"""A folder, what of it is named, and what the error says, or after `=` what it stands for."""


@pytest.mark.parametrize(
    ("change", "named", "words"), [case[1:] for case in PLACES], ids=[case[0] for case in PLACES]
)
def test_a_place(change: Change, named: str, words: str, tmp_path: Path) -> None:
    change(tmp_path)
    path, expected = str(tmp_path / named).rstrip("/"), words.format(folder=tmp_path)
    if expected.startswith("="):
        assert resolve_checkpoint(path) == whole_checkpoint("model.path", path) == expected[1:]
    else:
        assert expected in refusal(lambda: whole_checkpoint("model.path", path))


CONVERTED: list[tuple[str, Change, str]] = [
    ("no config.json", without("config.json"), "holds no config.json: it is not a model folder"),
    ("no weights", without(WEIGHTS), "holds no weights: none of model.safetensors, "),
    ("weights cut off", cut(WEIGHTS), "model.safetensors cannot be read: "),
    ("a shard is missing", in_shards(lost=True), "names model-1-of-2.safetensors, which does not exist"),
    ("an index without places", in_shards(named=False), "index.json has no weight_map of tensors to files"),
    ("a tensor too many", with_tensors(WEIGHTS, extra=torch.ones(1)), "has 1 unknown tensor, not of GOT: ex"),
    ("config.json is damaged", with_keys("config.json", vision_config=5), "vision_config must be a section"),
    ("no tokenizer", without("tokenizer.json"), "no tokenizer at {folder}: it has no tokenizer.json"),
    ("a good one in its own layout", nothing, "is in the transformers layout already"),
]


@pytest.mark.parametrize(
    ("change", "words"), [case[1:] for case in CONVERTED], ids=[case[0] for case in CONVERTED]
)
def test_a_folder_to_convert(
    change: Change, words: str, good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("got_train.model.convert.check_fits_original", lambda config, tokenizer: None)
    folder, target = copied(good, "model", change, tmp_path), tmp_path / "target"
    to = "transformers" if change is nothing else "original"
    assert words.format(folder=folder) in refusal(lambda: convert(str(folder), str(target), to))
    assert not target.exists()


def test_a_converted_folder_keeps_the_settings_of_its_run(
    good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("got_train.model.convert.check_fits_original", lambda config, tokenizer: None)
    convert(str(good / "model"), str(tmp_path / "original"), "original")
    assert (tmp_path / "original" / "args.yaml").read_text() == (good / "model" / "args.yaml").read_text()


DECODERS_TO_START_FROM: list[tuple[str, Change, str]] = [
    ("no config.json", without("config.json"), "config.json does not exist"),
    ("config.json is a list", holding("config.json", "[]"), "config.json is not a JSON object"),
    ("weights cut off", cut(WEIGHTS), "cannot be read: SafetensorError"),
    ("a tensor missing", with_tensors(WEIGHTS, model_norm_weight=None), "{folder} lacks 1 tensor: model.nor"),
    ("wider", with_keys("config.json", intermediate_size=128), "config.json asks for "),
]


@pytest.mark.parametrize(
    ("change", "words"),
    [case[1:] for case in DECODERS_TO_START_FROM],
    ids=[case[0] for case in DECODERS_TO_START_FROM],
)
def test_a_decoder_to_start_from(change: Change, words: str, tokenizer_dir: str, tmp_path: Path) -> None:
    from transformers import Qwen2Config, Qwen2ForCausalLM

    folder = tmp_path / "decoder"
    Qwen2ForCausalLM(Qwen2Config(vocab_size=300, **DECODERS["qwen2"])).save_pretrained(folder)
    change(folder)
    section = ModelConfig(
        encoder=EncoderConfig(**ENCODER), decoder=DecoderConfig(path=str(folder), tokenizer=tokenizer_dir)
    )
    assert words.format(folder=folder) in refusal(lambda: build_model(section, 64, 0))
