"""Files of strangers: nothing in a folder runs, and what cannot be read ends in one line that names it.

Each damage of `MODELS`, `ADAPTERS` and `RUNS` is tried on the commands that read such a folder. A canary file
shows whether anything ran.
"""

import json
import os
import pickle
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.conftest import draw, within_seconds
from tests.odd.test_odd_checkpoints import ADAPTER_WEIGHTS, WEIGHTS, Change, good, holding, with_keys, without
from tests.training.runs import WriteConfig, run, run_folder

__all__ = ["good"]

DEEP = '{"a":' * 20_000 + "1" + "}" * 20_000
LAUGHS = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"a{number}: &a{number} [{','.join([f'*a{number - 1}'] * 9)}]\n" for number in range(1, 9)
)
RUNS_CODE = "name: !!python/object/apply:os.system ['touch canary']\n"


class Hostile:
    """What is called when it is unpickled."""

    def __reduce__(self) -> Any:
        return os.system, ("touch canary",)


def torch_file(content: Callable[[Path], None], name: str = "pytorch_model.bin") -> Change:
    def change(folder: Path) -> None:
        for file in folder.glob("*.safetensors"):
            file.unlink()
        content(folder / name)

    return change


def hostile_pickle(file: Path) -> None:
    torch.save({"a": Hostile()}, file)


def header(content: Any, body: bytes = b"", length: int | None = None, name: str = WEIGHTS) -> Change:
    """A file of safetensors with a header that may lie."""
    text = content if isinstance(content, bytes) else json.dumps(content).encode()
    return holding(name, struct.pack("<Q", len(text) if length is None else length) + text + body)


def one_tensor(**facts: Any) -> Change:
    return header({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8], **facts}}, bytes(8))


def of_type(dtype: torch.dtype, name: str = WEIGHTS) -> Change:
    def change(folder: Path) -> None:
        state = load_file(folder / name)
        save_file({key: tensor.to(dtype) for key, tensor in state.items()}, folder / name)

    return change


def not_finite(value: float, name: str = WEIGHTS, dtype: torch.dtype = torch.float32) -> Change:
    def change(folder: Path) -> None:
        state = {key: tensor.to(dtype) for key, tensor in load_file(folder / name).items()}
        state[max(state)].view(-1)[-1] = value
        save_file(state, folder / name)

    return change


def index(shard: Any) -> Change:
    def change(folder: Path) -> None:
        state = load_file(folder / WEIGHTS)
        (folder / WEIGHTS).rename(folder / "shard.safetensors")
        content = {"weight_map": dict.fromkeys(state, shard)}
        (folder / f"{WEIGHTS}.index.json").write_text(json.dumps(content))

    return change


def instead(name: str, make: Callable[[Path], None]) -> Change:
    def change(folder: Path) -> None:
        (folder / name).unlink(missing_ok=True)
        make(folder / name)

    return change


def a_link(name: str, target: str) -> Change:
    return instead(name, lambda file: file.symlink_to(target))


def code(*names: str) -> Change:
    """Python files, and settings that ask to import them."""

    def change(folder: Path) -> None:
        (folder / "evil.py").write_text("open('canary', 'w')\nclass C: pass\n")
        kinds = ("AutoConfig", "AutoModel", "AutoModelForCausalLM", "AutoProcessor", "AutoImageProcessor")
        named = dict.fromkeys(kinds, "evil.C") | {"AutoTokenizer": ["evil.C", "evil.C"]}
        for name in names:
            content = json.loads((folder / name).read_text()) if (folder / name).exists() else {}
            content |= {"auto_map": named, "trust_remote_code": True}
            (folder / name).write_text(json.dumps(content))

    return change


def both(*changes: Change) -> Change:
    def change(folder: Path) -> None:
        for part in changes:
            part(folder)

    return change


def tokenizer(**values: Any) -> Change:
    return with_keys("tokenizer.json", **values)


def replacing(pattern: dict[str, str], content: str, kind: str = "normalizer", times: int = 1) -> Change:
    """A tokenizer with a step, or several, that replaces a part of each text."""
    step = {"type": "Replace", "pattern": pattern, "content": content}
    return tokenizer(**{kind: {"type": "Sequence", f"{kind}s": [step] * times}})


def splitting(pattern: str) -> Change:
    step = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}
    before = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    return tokenizer(pre_tokenizer={"type": "Sequence", "pretokenizers": [step, before]})


def vocabulary(token: Any, number: Any, part: str = "vocab") -> Change:
    """A tokenizer with another token in its vocabulary, or another pair in its merges."""

    def change(folder: Path) -> None:
        content = json.loads((folder / "tokenizer.json").read_text())
        if part == "vocab":
            content["model"]["vocab"][token] = number
        else:
            content["model"]["merges"] = [[token, number]]
        (folder / "tokenizer.json").write_text(json.dumps(content))

    return change


def special_ids(delta: int) -> Change:
    def change(folder: Path) -> None:
        content = json.loads((folder / "tokenizer.json").read_text())
        for token in content["added_tokens"]:
            token["id"] += delta
        (folder / "tokenizer.json").write_text(json.dumps(content))

    return change


CONFIG, TOKENIZER, SETTINGS = "config.json", "tokenizer.json", "tokenizer_config.json"

MODELS: dict[str, tuple[Change, str | None]] = {
    "config: deep": (holding(CONFIG, DEEP), "config.json is nested too deeply"),
    "config: a number of 10,000 digits": (holding(CONFIG, f'{{"x": {"9" * 10_000}}}'), "is not JSON"),
    "config: a pipe": (instead(CONFIG, os.mkfifo), "holds no checkpoint"),
    "config: a device": (a_link(CONFIG, "/dev/zero"), "holds no checkpoint"),
    "config: a null section": (with_keys(CONFIG, text_config=None), "text_config must be a section"),
    "config: a section that is a list": (with_keys(CONFIG, vision_config=[1]), "vision_config must be a se"),
    "config: a kind that is a list": (with_keys(CONFIG, model_type=["got_ocr2"]), "not got_ocr2"),
    "config: another decoder": (with_keys(CONFIG, text_config={"model_type": "bert"}), "lacks 199 t"),
    "config: less than no layers": (with_keys(CONFIG, text_config__num_hidden_layers=-1), "config.json"),
    "config: a million layers": (
        with_keys(CONFIG, vision_config__num_hidden_layers=10**6),
        "num_hidden_layers is 1000000, at most 1,000 can be read",
    ),
    "config: a huge width": (with_keys(CONFIG, text_config__hidden_size=10**9), "config.json asks for"),
    "config: beyond all widths": (with_keys(CONFIG, text_config__hidden_size=2**70), "hidden_size is 1180"),
    "config: a huge vocabulary": (with_keys(CONFIG, text_config__vocab_size=10**9), "config.json asks for"),
    "config: huge tiles": (with_keys(CONFIG, vision_config__image_size=10**6), "config.json asks for"),
    "config: heads that do not fit": (with_keys(CONFIG, text_config__num_attention_heads=7), "config.json"),
    "config: a kernel of the hub": (with_keys(CONFIG, attn_implementation="evil/kernel"), None),
    "config: quantized": (with_keys(CONFIG, quantization_config={"quant_method": "aqlm"}), "quantized weig"),
    "config: code": (code(CONFIG, SETTINGS), None),
    "weights: a pickle that runs code": (torch_file(hostile_pickle), "holds more than weights"),
    "weights: a bare pickle": (
        torch_file(lambda file: file.write_bytes(pickle.dumps(Hostile())) and None),
        "holds more than weights",
    ),
    "weights: text": (torch_file(lambda file: file.write_text("hello") and None), "pytorch_model.bin"),
    "weights: a length of 2**63": (header(b"{}", length=2**63), "model.safetensors cannot be read"),
    "weights: longer than the file": (header(b"{}", length=10**9), "model.safetensors cannot be read"),
    "weights: overlapping": (
        header(
            {
                "a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]},
                "b": {"dtype": "F32", "shape": [2], "data_offsets": [4, 12]},
            },
            bytes(12),
        ),
        "model.safetensors cannot be read",
    ),
    "weights: a shape that does not fit": (one_tensor(shape=[3]), "model.safetensors cannot be read"),
    "weights: a shape beyond all": (one_tensor(shape=[2**62, 2**62]), "model.safetensors cannot be read"),
    "weights: an unknown type": (one_tensor(dtype="X9"), "model.safetensors cannot be read"),
    "weights: a deep header": (header(b'{"a":' * 20_000), "model.safetensors cannot be read"),
    "weights: float8": (of_type(torch.float8_e4m3fn), "has type float8_e4m3fn, which is not read"),
    "weights: whole numbers": (of_type(torch.int64), "has type int64, which is not read"),
    "weights: one is no number": (not_finite(torch.nan), "is not finite: take an earlier checkpoint"),
    "weights: one is infinite": (not_finite(-torch.inf, dtype=torch.bfloat16), "is not finite: take an ear"),
    "weights: a pipe": (instead(WEIGHTS, os.mkfifo), "model.safetensors is no file"),
    "weights: a device": (a_link(WEIGHTS, "/dev/zero"), "model.safetensors is no file"),
    "shards: elsewhere": (index("../model/shard.safetensors"), "which is no file beside it"),
    "shards: absolute": (index("/etc/passwd"), "which is no file beside it"),
    "shards: a number": (index(5), "has no weight_map of tensors to files"),
    "shards: the index itself": (index(f"{WEIGHTS}.index.json"), "which does not exist"),
    "tokenizer: {}": (holding(TOKENIZER, "{}"), "the tokenizer at"),
    "tokenizer: deep": (holding(TOKENIZER, DEEP), "tokenizer.json is nested too deeply"),
    "tokenizer: a pipe": (instead(TOKENIZER, os.mkfifo), "tokenizer.json is no file"),
    "tokenizer: other ids": (special_ids(1000), None),
    "tokenizer: negative ids": (special_ids(-1000), "the tokenizer at"),
    "tokenizer: no model": (tokenizer(model=...), "the tokenizer at"),
    "tokenizer: a long text between characters": (
        replacing({"String": ""}, "x" * 15_000),
        "the growth of a text by normalizer and pre_tokenizer is 60004, at most 32 is read",
    ),
    "tokenizer: a longer text": (
        replacing({"Regex": ""}, "x" * 10**7),
        "the JSON of all but the tokens is 1",
    ),
    "tokenizer: doubles 40 times": (replacing({"String": " "}, "  ", times=40), "the growth of a text by no"),
    "tokenizer: doubles answers": (
        replacing({"String": "a"}, "aa", "decoder", times=40),
        "the growth of a text by decoder is",
    ),
    "tokenizer: a long beginning": (
        tokenizer(normalizer={"type": "Prepend", "prepend": "x" * 15_000}),
        "the growth of a text by normalizer and pre_tokenizer is 60004",
    ),
    "tokenizer: bytes of bytes": (
        tokenizer(normalizer={"type": "Sequence", "normalizers": [{"type": "ByteLevel"}] * 40}),
        "the growth of a text by normalizer and pre_tokenizer is",
    ),
    "tokenizer: spaces to a sign": (replacing({"String": " "}, "\u2581"), None),
    "tokenizer: many steps": (
        replacing({"String": "a"}, "a", times=10**5),
        "the JSON of all but the tokens is",
    ),
    "tokenizer: a pattern of copies": (
        splitting("(((a{1000}){1000}){1000})"),
        "the number of repetitions in a",
    ),
    "tokenizer: a pattern that goes back": (splitting("(a+)+$"), None),
    "tokenizer: a pattern that matches nothing": (splitting(""), None),
    "tokenizer: a huge token": (vocabulary("x" * 10**6, 256), "the tokenizer at"),
    "tokenizer: a huge added token": (
        tokenizer(added_tokens=[{"id": 300, "content": "x" * 2_000_000, "special": True}]),
        "the length of added_tokens is 2e+06",
    ),
    "tokenizer: a huge number": (vocabulary("xx", 2**32 - 1), "the tokenizer at"),
    "tokenizer: a number that is a list": (vocabulary("xx", [1]), "the tokenizer at"),
    "tokenizer: the same number twice": (vocabulary("xx", 5), "..."),
    "tokenizer: a pair of nothing": (vocabulary("", "", part="merges"), "the tokenizer at"),
    "tokenizer: a pair of numbers": (vocabulary(1, 2, part="merges"), "the tokenizer at"),
    "tokenizer: added tokens that are texts": (tokenizer(added_tokens=["a"]), "the tokenizer at"),
    "tokenizer: no vocabulary": (tokenizer(model={"type": "BPE", "vocab": {}, "merges": []}), "..."),
    "tokenizer: cuts texts": (
        tokenizer(
            truncation={"direction": "Right", "max_length": 2, "strategy": "LongestFirst", "stride": 0}
        ),
        None,
    ),
    "tokenizer: adds ids": (
        tokenizer(
            post_processor={
                "type": "TemplateProcessing",
                "single": [{"SpecialToken": {"id": "X", "type_id": 0}}],
                "pair": [],
                "special_tokens": {"X": {"id": "X", "ids": [10**9], "tokens": ["X"]}},
            }
        ),
        "has ids outside of its",
    ),
    "settings: deep": (holding(SETTINGS, DEEP), "tokenizer_config.json is nested too deeply"),
    "settings: a class that is a number": (with_keys(SETTINGS, tokenizer_class=5), "the tokenizer at"),
    "settings: code": (both(code(SETTINGS), with_keys(SETTINGS, tokenizer_class="EvilTokenizer")), "..."),
    "settings: a padding that is a number": (with_keys(SETTINGS, pad_token=5), "the tokenizer at"),
    "generation: deep": (holding("generation_config.json", DEEP), None),
    "generation: a million beams": (with_keys("generation_config.json", num_beams=10**6), None),
    "generation: code": (with_keys("generation_config.json", custom_generate="evil/code"), None),
    "processor: deep": (holding("preprocessor_config.json", DEEP), None),
    "args: deep": (holding("args.yaml", "a: " + "[" * 20_000), "args.yaml is not a YAML file"),
    "args: deep by lines": (
        holding("args.yaml", "\n".join(" " * depth + "a:" for depth in range(2_000))),
        "more than 30 sections inside each other",
    ),
    "args: code": (holding("args.yaml", RUNS_CODE), "args.yaml is not a YAML file"),
    "args: a billion laughs": (holding("args.yaml", LAUGHS), "it has more than 200,000 values"),
    "args: itself inside itself": (holding("args.yaml", "name: &a [*a]\n"), "args.yaml is not a YAML file"),
    "args: a pipe": (instead("args.yaml", os.mkfifo), None),
    "args: a huge number": (holding("args.yaml", f"name: a\ntrain: {{seed: {'9' * 6000}}}\n"), "args.yaml"),
}
"""A change to a model folder, and what the error says: `...` for either way, None if it is read as before."""


@pytest.fixture(autouse=True)
def canary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs a test in an empty folder, where nothing of a checkpoint may leave a file."""
    place = tmp_path / "here"
    place.mkdir()
    draw(tmp_path / "page.png", "a")
    monkeypatch.chdir(place)
    yield
    assert list(place.iterdir()) == []


def refused(words: str | None, folder: Path, capsys: Any, *command: object) -> None:
    """Runs a command, which ends with one line about the folder, or is successful."""
    capsys.readouterr()
    with within_seconds(60):
        code = run(*command)
    said = capsys.readouterr().err
    assert "Traceback" not in said and "weights_only=False" not in said
    if words == "...":
        return
    assert code == (2 if words else 0), said
    if words:
        [line] = [line for line in said.splitlines() if line.startswith("got-train: error: ")]
        assert words in line and str(folder.parent) in line and len(line) < 1000


@pytest.mark.parametrize("name", MODELS)
def test_a_stranger_s_model(name: str, good: Path, tmp_path: Path, capsys: Any) -> None:
    change, words = MODELS[name]
    folder = tmp_path / "model"
    shutil.copytree(good / "model", folder)
    change(folder)
    page = tmp_path / "page.png"
    refused(words, folder, capsys, "infer", folder, "--image", page, "--max-new-tokens", 2)


SELECTED = [
    *("config: deep", "config: a huge width", "config: code", "weights: a pickle that runs code"),
    *("weights: a length of 2**63", "shards: elsewhere", "tokenizer: {}", "settings: deep"),
]


@pytest.mark.parametrize("name", SELECTED)
def test_other_commands_go_through_the_same_doors(
    name: str, good: Path, tmp_path: Path, capsys: Any, write_config: WriteConfig
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(good / "model", folder)
    MODELS[name][0](folder)
    page, rows, config = tmp_path / "page.png", tmp_path / "rows.jsonl", write_config()
    commands: dict[str, list[object]] = {
        "train": ["train", config, "model=null", f"model.path={folder}", "--dry-run"],
        "init_from": ["train", config, "model.init=pretrained", f"model.init_from={folder}", "--dry-run"],
        "swift infer": ["swift", "infer", "--model", folder, "--val_dataset", rows, "--result_path", page],
        "check-data": ["check-data", rows, "--tokenizer", folder],
    }
    for command, words in commands.items():
        # not every one reads every file of the folder
        refused(MODELS[name][1] if command == "train" else "...", folder, capsys, *words)


RANK, ADAPTER_JSON = "base_model.model.model.multi_modal_projector", "adapter_config.json"

ADAPTERS: dict[str, tuple[Change, str | None]] = {
    "deep": (holding(ADAPTER_JSON, DEEP), "adapter_config.json is nested too deeply"),
    "a base that is a number": (
        both(without("args.yaml"), with_keys(ADAPTER_JSON, base_model_name_or_path=5)),
        "base_model_name_or_path must be a text, not int",
    ),
    "a base elsewhere": (
        both(without("args.yaml"), with_keys(ADAPTER_JSON, base_model_name_or_path="../../../etc")),
        "holds adapters, and their base model cannot be read",
    ),
    "ranks that the weights contradict": (
        with_keys(ADAPTER_JSON, rank_pattern={"linear_fc1": 3, "multimodal_projector": 3}),
        "it says rank 3 for model.multi_modal_projector.multimodal_projector, the weights have 2",
    ),
    "a rank and a pattern": (
        with_keys(ADAPTER_JSON, r=8, rank_pattern={"nope": 2}),
        "it says rank 8 for model.multi_modal_projector.multimodal_projector, the weights have 2",
    ),
    "an alpha that is none": (
        with_keys(ADAPTER_JSON, alpha_pattern={"x": float("nan")}),
        "alpha_pattern must",
    ),
    "rank 0": (
        with_keys(ADAPTER_JSON, r=0),
        "it says rank 0, the weights have 2",
    ),
    "a huge rank": (with_keys(ADAPTER_JSON, r=10**9), "r is not a number that adapters can have"),
    "a rank of one layer": (with_keys(ADAPTER_JSON, rank_pattern={"(a+)+$": 2}), "rank_pattern must give"),
    "unknown layers": (with_keys(ADAPTER_JSON, target_modules=["nope"]), None),
    "layers that are a number": (with_keys(ADAPTER_JSON, target_modules=5), None),
    "modules to save that are none": (with_keys(ADAPTER_JSON, modules_to_save=5), "modules_to_save must be"),
    "a module of code": (
        with_keys(ADAPTER_JSON, megatron_config={"a": 1}, megatron_core="evil"),
        "sets megatron_config, which got-train does not read",
    ),
    "layers repeated": (with_keys(ADAPTER_JSON, layer_replication=[[0, 10**6]]), "sets layer_replication"),
    "a base that would change": (with_keys(ADAPTER_JSON, init_lora_weights="pissa"), "changes the base mode"),
    "another kind": (with_keys(ADAPTER_JSON, peft_type="PROMPT_TUNING"), "PROMPT_TUNING is not read"),
    "code": (code(ADAPTER_JSON), None),
    "a pickle": (torch_file(hostile_pickle, "adapter_model.bin"), "holds more than weights"),
    "a length of 2**63": (header(b"{}", length=2**63, name=ADAPTER_WEIGHTS), "cannot be read"),
    "one is no number": (not_finite(torch.nan, ADAPTER_WEIGHTS), "is not finite: take an earlier checkpoint"),
    "float8": (of_type(torch.float8_e4m3fn, ADAPTER_WEIGHTS), "has type float8_e4m3fn"),
    "args: a billion laughs": (holding("args.yaml", LAUGHS), "it has more than 200,000 values"),
    "args: code": (holding("args.yaml", RUNS_CODE), "args.yaml is not a YAML file"),
}


@pytest.mark.parametrize("name", ADAPTERS)
def test_a_stranger_s_adapters(
    name: str, good: Path, tmp_path: Path, capsys: Any, write_config: WriteConfig
) -> None:
    change, words = ADAPTERS[name]
    folder = tmp_path / "adapters"
    shutil.copytree(good / "adapters", folder)
    change(folder)
    refused(words, folder, capsys, "merge", folder, "--output", tmp_path / "merged")
    dry = ["train", write_config(), "model=null", f"lora.adapters={folder}", "--dry-run"]
    refused("...", folder, capsys, *dry)


def test_variables_of_this_machine_do_not_get_into_what_is_written(
    good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setenv("SOMEBODY", "in the environment")
    folder = tmp_path / "adapters"
    shutil.copytree(good / "adapters", folder)
    args = (folder / "args.yaml").read_text()
    (folder / "args.yaml").write_text(args.replace("name: tuned", "name: ${oc.env:SOMEBODY}"))
    assert run("merge", folder, "--output", tmp_path / "merged") == 0
    written = b"".join(file.read_bytes() for file in (tmp_path / "merged").iterdir())
    assert b"in the environment" not in written and b"# ${oc.env:SOMEBODY}" in written


STATE = "trainer_state.json"

RUNS: dict[str, tuple[Change, str]] = {
    "state: a list": (holding(STATE, "[]"), "trainer_state.json is not a JSON object"),
    "state: deep": (holding(STATE, DEEP), "trainer_state.json is nested too deeply"),
    "state: a step that is a text": (with_keys(STATE, global_step="x"), "global_step is not what a run wri"),
    "state: a step below 0": (with_keys(STATE, global_step=-1), "global_step is not what a run writes"),
    "state: a log of numbers": (with_keys(STATE, log_history=[5]), "log_history is not what a run writes"),
    "state: no step": (with_keys(STATE, global_step=...), "it lacks global_step"),
    "state: no size of a batch": (with_keys(STATE, train_batch_size=...), "it lacks train_batch_size"),
    "state: a score that is a list": (with_keys(STATE, best_metric=[1]), "best_metric is not what a run wri"),
    "optimizer: code": (lambda folder: hostile_pickle(folder / "optimizer.pt"), "would run posix.system"),
    "optimizer: empty": (
        lambda folder: torch.save({}, folder / "optimizer.pt"),
        "the state of the optimizer",
    ),
    "random state: empty": (lambda folder: torch.save({}, folder / "rng_state.pth"), "the random state of"),
    "steps: no archive": (holding("steps.npz", "x"), "steps.npz cannot be read"),
    "weights cut": (holding(WEIGHTS, b""), "SafetensorError"),
    "manifest: elsewhere": (
        holding("manifest.json", '{"files": {"../x": {"bytes": 1, "xxh3_128": "0"}}}'),
        "manifest.json is damaged",
    ),
    "manifest: deep": (holding("manifest.json", DEEP), "manifest.json is damaged"),
}
"""A change to a checkpoint whose manifest is left out, as somebody would who does it on purpose."""


@pytest.mark.parametrize("name", RUNS)
def test_a_stranger_s_run(
    name: str, tmp_path: Path, capsys: Any, write_config: WriteConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = write_config(eval={"read_rows": 0}, train={"max_steps": 1, "save_steps": 1})
    assert run("train", config) == 0
    checkpoint = run_folder(tmp_path) / "checkpoint-1"
    (checkpoint / "manifest.json").unlink()
    change, words = RUNS[name]
    change(checkpoint)
    refused(words, checkpoint, capsys, "train", config, "train.max_steps=2", f"resume={checkpoint}")
