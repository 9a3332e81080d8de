"""Secrets of a configuration reach no file, no screen and no message; the run and its continuation work."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from data_engines.cli import main as draw
from got_train import cli, secrets
from got_train.config_file import load_config, to_yaml
from tests.training.runs import WriteConfig, run, run_folder

SECRET = "cAnArYsEcReT0123456789"


@pytest.fixture(autouse=True)
def unknown_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "_known", set())
    monkeypatch.setenv("HF_TOKEN", "")  # so that it is put back


def test_a_run_with_secrets_leaves_none_and_goes_on(
    tmp_path: Path, capsys: Any, write_config: WriteConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_HF_TOKEN", f"{SECRET}-env")
    config = write_config(
        train={
            "hub_token": "${oc.env:MY_HF_TOKEN}",
            "run_name": f"{SECRET}-env",
            "save_steps": 1,
            "hub_model_id": f"https://me:{SECRET}-url@host/x",
        },
        lora={"enabled": True, "rank": 2, "modules": ["connector"]},
        eval={"read_rows": 0},
    )
    assert run("train", config, "--dry-run") == 0
    assert run("train", config) == 0
    assert run("train", config, "train.max_steps=3", "resume=auto") == 0
    folder = run_folder(tmp_path)
    assert run("merge", folder / "checkpoint-3", "--output", tmp_path / "merged") == 0
    said = capsys.readouterr()
    assert SECRET not in said.out + said.err
    written = [path for place in (folder, tmp_path / "merged") for path in place.rglob("*") if path.is_file()]
    assert len(written) > 20
    assert [path for path in written if SECRET.encode() in path.read_bytes()] == []


@pytest.mark.parametrize(
    "word",
    [
        f"train.hub_token=[{SECRET},b]",
        f"train.wandb_api_key={SECRET}",
        f"wandb.api_key={SECRET}",
        f"name=hf_{SECRET}",
        f"output_dir=https://me:{SECRET}@host/x",
        f"data.train=https://me:{SECRET}@host/x",
        f"train.hub_token='{SECRET}",
        f"train.learning_rate={'x' * 70}${{oc.env:MY_TOKEN}}",
        f"train.hub_token:{SECRET}",
        f"train.hub_token : {SECRET}",
        f"train.hub_token {SECRET}",
        f"--hub_token {SECRET}",
        f"--train.hub_token:{SECRET}",
        f"train={{hub_token: '{SECRET}",
        f"{{train: {{hub_token: {SECRET}}}}}",
        f"train={{hub_token:{SECRET}}}",
        f"train=hub_token:{SECRET}",
        f"train=[hub_token, {SECRET}]",
        f"data.train=https://host/x?token={SECRET}",
        f"data.train=https://host/x?a=1&sig={SECRET}",
        f"model.path=https://host/x?X-Amz-Signature={SECRET}&a=1",
        f"model.path=me:{SECRET}@host/x",
    ],
)
def test_a_mistake_is_said_without_the_secret(
    word: str, capsys: Any, write_config: WriteConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_TOKEN", SECRET)
    assert run("train", write_config(), word, "--dry-run") == 2
    said = capsys.readouterr()
    assert "got-train: error: " in said.err and SECRET[:8] not in said.out + said.err


@pytest.mark.parametrize(
    "words",
    [
        ["train", "CONFIG", "train.hub_token", "=", SECRET],
        ["train", "CONFIG", "train.hub_token:", SECRET],
        ["train", "CONFIG", f"--hub_token:{SECRET}"],
        ["eval", "x", f"--hub-token {SECRET}"],
        ["infer", "x", "--image", f"https://host/x?sig={SECRET}"],
        ["infer", "x", "--image", f"me:{SECRET}@host/x"],
        ["swift", "sft", f"hub_token:{SECRET}"],
        ["swift", "sft", "--model", "x", "--dataset", "a", "--hub_token", SECRET],
        ["swift", "sft", "--model", "x", "--dataset", "a", f"--hub_token {SECRET}"],
    ],
)
def test_no_command_says_a_secret(words: list[str], capsys: Any, write_config: WriteConfig) -> None:
    assert run(*(str(write_config()) if word == "CONFIG" else word for word in words)) == 2
    said = capsys.readouterr()
    assert "error: " in said.err and SECRET[:8] not in said.out + said.err


def test_drawing_says_no_secret_either(capsys: Any) -> None:
    with pytest.raises(SystemExit):
        draw(["formula", f"--hub_token:{SECRET}"])
    assert draw(["rows", f"https://me:{SECRET}@host/x", "--output", "x"]) == 2
    assert SECRET not in capsys.readouterr().err


def test_a_row_that_is_bad_is_said_without_its_signature(tmp_path: Path, capsys: Any) -> None:
    names = [f"https://host/{'x' * 300}?sig={SECRET}", f"{'x' * 250}?token={SECRET}&{'x' * 50}"]
    names += [f"me:{SECRET}@host/x.png"]
    rows = [{"images": [name], "query": "OCR: ", "response": "a"} for name in names]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    assert run("check-data", tmp_path / "rows.jsonl") == 1
    said = capsys.readouterr()
    assert "rows.jsonl" in said.out and SECRET[:8] not in said.out + said.err


def test_a_secret_is_known_however_it_is_spelled() -> None:
    secret = "ab'c\\d\te\u00e9/12345"
    secrets.learn("train.hub_token", secret)
    for spelled in (secret, repr(secret), json.dumps(secret), quote(secret), f"{secret!r} is no number"):
        assert "12345" not in secrets.masked(spelled)


def test_sentences_hold_no_secrets() -> None:
    secrets.learn_words(["data.query=the token: everything", "--query", "key information"])
    assert secrets.masked("everything information") == "everything information"
    assert secrets.masked("Mail:somebody@example.org") == "Mail:somebody@example.org"


def test_programs_that_keep_the_command_line_get_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["got-train", "configs", f"--hub_token={SECRET}"])
    with pytest.raises(SystemExit):
        cli.main()
    assert sys.argv == ["got-train", "configs", f"--hub_token={secrets.MASK}"]


FAILS = """
from got_train import cli

def configs(options):
    print(os.environ["SOME_PASSWORD"])
    raise RuntimeError("no answer from " + os.environ["SOME_PASSWORD"])

cli._configs = configs
cli.main(["configs"])
"""


def test_a_traceback_has_none() -> None:
    environment = os.environ | {"SOME_PASSWORD": SECRET}
    code = f"import os{FAILS}"
    ended = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert (ended.returncode, ended.stdout) == (1, f"{secrets.MASK}\n")
    assert ended.stderr.startswith("Traceback (most recent call last):\n")
    assert ended.stderr.endswith(f"RuntimeError: no answer from {secrets.MASK}\n")


def test_huggingface_gets_its_token_by_its_own_variable(tmp_path: Path, write_config: WriteConfig) -> None:
    from got_train.arguments import training_arguments

    config = load_config(write_config(train={"push_to_hub": True, "hub_token": SECRET}))
    arguments = training_arguments(config, 1, tmp_path, has_validation=False)
    assert os.environ["HF_TOKEN"] == SECRET and arguments.hub_token is None
    assert SECRET not in to_yaml(config)


def test_names_of_columns_are_no_secrets(write_config: WriteConfig) -> None:
    config = load_config(write_config(data={"columns": {"token": "response"}}))
    assert "token: response" in to_yaml(config) and secrets.masked("response") == "response"


def test_what_a_model_has_read_is_printed_as_it_is(capsys: Any) -> None:
    text = f"https://host/x?token={SECRET} https://me:word@host hf_{SECRET}"
    with secrets.masked_output([]):
        secrets.print_answer(text)
        print(text)
    shown, said = capsys.readouterr().out.splitlines()
    assert shown == text
    assert said == "https://host/x?token=*** https://***@host ***"
