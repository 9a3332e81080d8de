"""Models go onto the hubs whole, with a card, and nothing there is lost; the hubs are a server here."""

import json
import os
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from got_train import hubs
from got_train.config import Config, LoraSettings, ModelConfig
from got_train.config_file import to_yaml
from got_train.manifest import MANIFEST_FILE, write_manifest
from got_train.push import card_of, files_of, without_local_base
from got_train.push import push as push_model
from got_train.report import UserError
from tests.conftest import HANG_SECONDS
from tests.hub_server import TOKEN, Hub, hub_server

HUBS = [
    "got/reader",
    pytest.param(
        "MS::got/reader",
        marks=pytest.mark.skipif(
            find_spec("modelscope_hub") is None, reason="the extra modelscope is missing"
        ),
    ),
]
SENT = [
    *("README.md", "args.yaml", "chat_template.jinja", "config.json", "model.safetensors", "tokenizer.json"),
    "trainer_state.json",
]
LEFT = ["global_step2", "optimizer.pt", "rng_state_0.pth", "scheduler.pt", "steps.npz"]


def weights(text: str) -> bytes:
    """A file of safetensors that holds a text."""
    data = 1000 * text
    head = json.dumps({"w": {"dtype": "U8", "shape": [len(data)], "data_offsets": [0, len(data)]}})
    return struct.pack("<Q", len(head)) + head.encode() + data.encode()


@pytest.fixture
def hub() -> Iterator[Hub]:
    with hub_server() as server:
        yield server


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """A checkpoint of a run, in a folder with a space and a Chinese name."""
    folder = tmp_path / "my 模型" / "checkpoint-2"
    (folder / "global_step2").mkdir(parents=True)
    for name in {*SENT, *LEFT} - {"README.md", "global_step2"}:
        (folder / name).write_text("{}")
    (folder / "model.safetensors").write_bytes(weights("w"))
    (folder / "args.yaml").write_text(to_yaml(Config(name="invoices")))
    write_manifest(folder)
    return folder


def push(hub: Hub, *words: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "got_train", "push", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
        env=os.environ | hub.environment | environment,
    )


@pytest.mark.slow
@pytest.mark.parametrize("repo", HUBS)
def test_a_checkpoint_is_sent_without_the_state_of_its_training(
    repo: str, hub: Hub, checkpoint: Path, tmp_path: Path
) -> None:
    home = {"MODELSCOPE_HOME": str(tmp_path / "home"), "MODELSCOPE_CACHE": str(tmp_path / "cache")}
    before = sorted(checkpoint.iterdir())
    said = push(hub, checkpoint.parent, repo, **home)
    assert said.returncode == 0, said.stderr
    name = repo.removeprefix("MS::")
    assert sorted(hub.files[name]) == SENT
    assert hub.files[name]["model.safetensors"] == weights("w")
    assert b"# invoices" in hub.files[name]["README.md"]
    made = hub.made[name]
    assert made.get("visibility") == "private" or made.get("Visibility") == 1
    assert said.stdout.splitlines()[:2] == [
        f"{checkpoint}: 7 files, 0.0 MB",
        f"left out, as no part of the model: {', '.join(LEFT)}",
    ]
    address = repo if repo.startswith("MS") else f"{hub.url}/{name}"
    assert said.stdout.splitlines()[-1] == f"sent to {address} (private)"
    assert said.stderr == ""
    assert sorted(checkpoint.iterdir()) == before
    assert hub.tokens == {f"Bearer {TOKEN}"} and TOKEN not in said.stdout + said.stderr

    hub.files[name]["README.md"] = b"by hand"
    again = push(hub, checkpoint, repo, **home)
    assert (again.returncode, hub.files[name]["README.md"]) == (2, b"by hand")
    assert (
        f"{repo} has README.md, args.yaml, chat_template.jinja and 4 more already: name anot" in again.stderr
    )
    assert again.stderr.count("\n") == 1
    replaced = push(hub, checkpoint, repo, "--overwrite", **home)
    assert replaced.returncode == 0 and b"# invoices" in hub.files[name]["README.md"]
    assert "(whoever could read the repository can)" in replaced.stdout

    hub.files[name]["model-00001-of-00002.safetensors"] = b""
    mixed = push(hub, checkpoint, repo, "--overwrite", **home)
    assert (
        mixed.returncode == 2
        and "has other weights, which programs might read instead (model-0" in mixed.stderr
    )


@pytest.mark.slow
@pytest.mark.parametrize("repo", HUBS)
def test_what_a_hub_refuses_is_one_line_without_the_token(
    repo: str, hub: Hub, checkpoint: Path, tmp_path: Path
) -> None:
    hub.refuses = True
    home = {"MODELSCOPE_HOME": str(tmp_path / "home"), "MODELSCOPE_CACHE": str(tmp_path / "cache")}
    said = push(hub, checkpoint, repo, "--public", **home)
    assert said.returncode == 2
    [line] = said.stderr.splitlines()
    assert " refuses: " in line and TOKEN not in line
    assert hub.files == {}


def test_a_public_repository_is_asked_for(hub: Hub, checkpoint: Path) -> None:
    said = push(hub, checkpoint, "got/reader", "--public")
    assert said.returncode == 0, said.stderr
    assert hub.made["got/reader"]["visibility"] == "public"
    assert said.stdout.splitlines()[-1] == f"sent to {hub.url}/got/reader (public)"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["{folder}", "reader"],
            "reader names no repository: it is OWNER/NAME, or MS::OWNER/NAME on ModelScope",
        ),
        (
            ["{folder}", "got/r\u00e9ader"],
            "got/r\u00e9ader names no repository: it is OWNER/NAME, or MS::OWNER/NAME on ModelScope, in "
            "letters without accents, digits, - _ and .",
        ),
        (["{folder}/none", "got/reader"], "checkpoint {folder}/none does not exist"),
        (
            ["stepfun-ai/GOT-OCR-2.0-hf", "got/reader"],
            "stepfun-ai/GOT-OCR-2.0-hf is on a hub already: name a fol",
        ),
    ],
)
def test_mistakes_are_found_before_a_hub_is_asked(
    words: list[str], message: str, hub: Hub, checkpoint: Path
) -> None:
    said = push(hub, *(word.format(folder=checkpoint) for word in words))
    assert said.returncode == 2 and said.stderr.startswith(
        f"got-train: error: {message.format(folder=checkpoint)}"
    )
    assert hub.tokens == set()


@pytest.mark.parametrize("repo", HUBS)
def test_a_hub_that_is_not_there_is_said_at_once(
    repo: str, hub: Hub, checkpoint: Path, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        address = f"http://127.0.0.1:{closed.getsockname()[1]}"
    gone = {"HF_ENDPOINT": address, "MODELSCOPE_ENDPOINT": address, "MODELSCOPE_HOME": str(tmp_path)}
    said = push(hub, checkpoint, repo, **gone)
    name = "ModelScope" if repo.startswith("MS") else "Hugging Face"
    assert (said.returncode, said.stderr) == (
        2,
        f"got-train: error: {name} was not reached: nothing answers at {address}; look at the network or its "
        "proxy\n",
    )


def test_a_silent_network_is_waited_for_only_shortly(monkeypatch: pytest.MonkeyPatch) -> None:
    done = threading.Event()
    monkeypatch.setattr(hubs, "REACH_SECONDS", 0.1)
    monkeypatch.setattr(hubs.requests, "head", lambda *given, **more: done.wait(HANG_SECONDS))
    with pytest.raises(UserError, match="ModelScope was not reached"):
        hubs.check_reached("ModelScope", "https://example.invalid")
    done.set()


def test_without_a_network_by_choice_nothing_is_sent(hub: Hub, checkpoint: Path) -> None:
    said = push(hub, checkpoint, "got/reader", HF_HUB_OFFLINE="1")
    assert said.returncode == 2
    assert said.stderr == (
        "got-train: error: HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE is set, and nothing can be sent: unset it\n"
    )


def test_weights_that_are_not_what_was_saved_are_not_sent(hub: Hub, checkpoint: Path) -> None:
    (checkpoint / "model.safetensors").write_bytes(weights("W"))
    said = push(hub, checkpoint, "got/reader")
    assert said.returncode == 2 and "is damaged: model.safetensors is not what was saved" in said.stderr
    assert hub.files == {}


def test_weights_that_did_not_arrive_whole_are_not_sent(checkpoint: Path) -> None:
    (checkpoint / MANIFEST_FILE).unlink(missing_ok=True)
    (checkpoint / "model.safetensors").write_bytes(b"")
    with pytest.raises(UserError, match="model.safetensors cannot be read"):
        push_model(str(checkpoint), "got/reader", public=False, overwrite=False)


def test_a_folder_without_weights_of_safetensors_is_refused(checkpoint: Path) -> None:
    (checkpoint / "model.safetensors").rename(checkpoint / "model.bin")
    with pytest.raises(UserError, match="has no weights in files of safetensors: `got-train convert "):
        files_of(checkpoint)


@pytest.mark.parametrize(
    ("base", "named"),
    [("/home/me/base", False), ("stepfun-ai/GOT-OCR-2.0-hf", True), ("model", False)],
)
def test_cards_name_a_base_only_by_an_id(base: str, named: bool, checkpoint: Path) -> None:
    """Hugging Face refuses a card with a path in its head, and the whole push with it."""
    (checkpoint / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": base}))
    config = Config(name="invoices", model=ModelConfig(path=base), lora=LoraSettings(enabled=True))
    (checkpoint / "args.yaml").write_text(to_yaml(config))
    card, local = without_local_base(card_of(checkpoint))
    head = card.split("---\n")[1]
    assert ("base_model" in head) == named
    assert local == (None if named else base)
    assert "library_name: peft" in head and f"- Base model: `{base}`" in card


def test_a_card_of_ones_own_is_sent_as_it_is(checkpoint: Path) -> None:
    (checkpoint / "README.md").write_text("# Meins\n\nbase_model: none\n")
    assert without_local_base(card_of(checkpoint)) == ("# Meins\n\nbase_model: none\n", None)
