"""`got-train serve`: which folder is served, and by which command."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from got_train import cli
from got_train.model.processor import CHAT_TEMPLATE_FILE
from got_train.report import UserError
from got_train.run_folders import merged_folder
from got_train.serving import serve as module
from got_train.serving.serve import check_engine, command, servable, serve
from tests.serving.servers import save_small_model
from tests.training.runs import WriteConfig, run


@pytest.fixture
def folder(tmp_path: Path, tokenizer_dir: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    save_small_model(tmp_path / "model", tokenizer_dir)
    return tmp_path / "model"


def test_the_commands_answer_as_infer_does(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    where = ["--host", "127.0.0.1", "--port", "8000", "--dtype"]
    words = command("transformers", folder, "127.0.0.1", 8000, "cpu")
    assert words[1:] == [
        *("-m", "transformers.cli.transformers", "serve", "got", *where, "float32", "--device", "cpu"),
        *("--chat-template-kwargs", '{"multi_page": true, "num_image_tokens": 4}'),
    ]
    monkeypatch.setattr(module, "version", lambda package: "1")
    words = command("vllm", folder, "127.0.0.1", 8000, "cuda:1")
    assert words[1:] == [
        *("-m", "vllm.entrypoints.cli.main", "serve", "got", *where, "bfloat16"),
        *("--mm-processor-kwargs", '{"num_image_tokens": 4}'),
        *("--override-generation-config", '{"temperature": 0}'),
    ]


def test_it_becomes_the_server(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    started: list[Any] = []
    monkeypatch.chdir(folder.parent)  # so that it is put back
    monkeypatch.setattr(os, "execve", lambda *given: started.append(given))
    monkeypatch.setattr(module, "check_engine", lambda engine: None)
    monkeypatch.setattr(module, "check_device", lambda device: None)
    serve(folder.name, "0.0.0.0", 81, "cuda:1", "vllm", None, ["--max-model-len", "4096"])
    [(program, words, environment)] = started
    assert (program, words[-2:]) == (sys.executable, ["--max-model-len", "4096"])
    assert Path("got").resolve() == folder
    assert environment["CUDA_VISIBLE_DEVICES"] == "1"
    assert "whoever reaches 0.0.0.0:81 can ask it" in capsys.readouterr().out


def test_a_folder_without_a_chat_template_is_completed_once(folder: Path) -> None:
    assert servable(str(folder)) == folder
    template = (folder / CHAT_TEMPLATE_FILE).read_text()
    (folder / CHAT_TEMPLATE_FILE).unlink()
    (folder / "generation_config.json").write_text("{}")
    made = servable(str(folder))
    assert made != folder and servable(str(folder)) == made
    assert (made / "model.safetensors").resolve() == folder / "model.safetensors"
    assert (made / CHAT_TEMPLATE_FILE).read_text() == template
    assert json.loads((made / "generation_config.json").read_text())["no_repeat_ngram_size"] == 20


def test_adapters_are_merged_and_stage_1_is_refused(
    folder: Path, tmp_path: Path, write_config: WriteConfig, capsys: Any
) -> None:
    lora = write_config("lora", model={"init": "pretrained", "path": str(folder)}, lora={"enabled": True})
    assert run("train", lora) == 0
    checkpoint = next((tmp_path / "output" / "lora").glob("v0-*")) / "checkpoint-2"
    assert servable(str(checkpoint)) == merged_folder(str(checkpoint))
    assert servable(str(checkpoint)) == merged_folder(str(checkpoint))
    assert run("train", write_config("one", decoder="opt")) == 0
    checkpoint = next((tmp_path / "output" / "one").glob("v0-*")) / "checkpoint-2"
    with pytest.raises(UserError, match=r"has a decoder \(opt\) or a connector that servers do not know"):
        servable(str(checkpoint))
    assert run("serve", tmp_path / "nope") == 2
    assert "nope does not exist" in capsys.readouterr().err


def test_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    monkeypatch.setattr(module, "is_serve_available", lambda: False)
    with pytest.raises(UserError, match="pip install vllm"):
        check_engine("vllm")
    with pytest.raises(UserError, match=r"pip install -e '.*\[serve\]', or pip install vllm"):
        check_engine("transformers")


def test_a_vllm_that_would_not_find_the_plugin_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "find_spec", lambda name: "vllm")
    check_engine("vllm")
    for missing in module.PLUGIN_GROUPS:
        monkeypatch.setattr(module, "entry_points", lambda group, name, gone=missing: group != gone)
        with pytest.raises(UserError, match="would not find the plugin of got-train"):
            check_engine("vllm")


def test_the_command_line(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    called: list[Any] = []
    monkeypatch.setattr(module, "serve", lambda *given: called.append(given))
    words = [
        "serve",
        str(folder),
        "--port",
        "81",
        "--engine",
        "vllm",
        "--engine-options=--max-model-len 4096",
    ]
    with pytest.raises(SystemExit) as caught:
        cli.main(words)
    assert caught.value.code == 0
    assert called == [(str(folder), "127.0.0.1", 81, None, "vllm", None, ["--max-model-len", "4096"])]
