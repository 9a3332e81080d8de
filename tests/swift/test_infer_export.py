"""`swift infer` and `swift export`: what they would do, and what they refuse."""

from pathlib import Path
from typing import Any

import pytest

from got_train.cli import main
from got_train.inference.chat import Got
from tests.conftest import draw, write_rows


def run(*words: object) -> int:
    with pytest.raises(SystemExit) as caught:
        main([str(word) for word in words])
    return int(caught.value.code or 0)


@pytest.fixture
def checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An adapter checkpoint in a run that kept validation rows."""
    folder = tmp_path / "output" / "got-ocr2" / "v0-1" / "checkpoint-7"
    folder.mkdir(parents=True)
    for name in ("adapter_config.json", "trainer_state.json"):
        (folder / name).write_text("{}")
    draw(tmp_path / "1.png", "1")
    row = {"query": "<image>OCR: ", "response": "1", "images": [str(tmp_path / "1.png")]}
    write_rows(folder.parent / "val_dataset.jsonl", [row])
    monkeypatch.delenv("NPROC_PER_NODE", raising=False)
    return folder


def test_what_infer_would_read(checkpoint: Path, capsys: Any) -> None:
    words = ("--load_dataset_config", "true", "--show_dataset_sample", "5", "--dry-run")
    assert run("swift", "infer", "--ckpt_dir", checkpoint.parent, *words) == 0
    kept = checkpoint.parent / "val_dataset.jsonl"
    out = capsys.readouterr().out
    assert out.startswith(f"reads {kept}#5 with {checkpoint} into {checkpoint}/infer_result/")
    words = ("--val_dataset", kept, "--merge_lora", "--stream", "false", "--dry-run")
    assert run("swift", "infer", "--adapters", checkpoint, *words, "--result_path", "b.jsonl") == 0
    assert capsys.readouterr().out == (
        "swift: --stream false changes nothing here: answers are written one by one\n"
        f"reads {kept} with {checkpoint}-merged into b.jsonl\n"
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["infer", "--ckpt_dir", "{checkpoint}"],
            "swift infer does not ask for questions here: add --load_dataset_config true for the run's own "
            "validation rows, or --val_dataset; a single image is read by "
            "`got-train infer MODEL --image IMAGE`",
        ),
        (["infer", "--load_data_args", "true"], "--adapters must be given: a checkpoint"),
        (["infer", "--ckpt_dir", "./nowhere"], "checkpoint ./nowhere does not exist"),
        (
            ["infer", "--adapters", "{checkpoint}", "--infer_backend", "vllm"],
            "--infer_backend vllm is not supported here: the model is run by PyTorch",
        ),
        (
            ["infer", "--adapters", "{checkpoint}", "--metric", "acc"],
            "--metric acc is not supported here: score the answers with `got-train eval`",
        ),
        (
            ["infer", "--ckpt_dir", "{checkpoint}", "--temperature", "0.7"],
            "--temperature 0.7 is not supported here: reading is greedy",
        ),
        (
            ["infer", "--ckpt_dir", "{checkpoint}", "--load_data_args", "true"],
            "--ckpt_dir {checkpoint} is swift 2's and --load_data_args true is swift 4's: "
            "spell all options as one of them",
        ),
        (["export", "--ckpt_dir", "{checkpoint}"], "swift export only merges here: add --merge_lora true"),
        (
            ["export", "--ckpt_dir", "{checkpoint}", "--quant_bits", "4"],
            "--quant_bits 4 is not supported here: swift export only merges here",
        ),
        (
            [
                "infer",
                "--ckpt_dir",
                "{checkpoint}",
                "--val_dataset",
                "a.jsonl#2",
                "--val_dataset_sample",
                "1",
            ],
            "--val_dataset a.jsonl#2 and --val_dataset_sample 1 both choose rows: give one of them",
        ),
        (
            ["infer", "--adapters", "{checkpoint}", "--load_data_args", "true", "--max_new_tokens", "0"],
            "--max_new_tokens 0 must be at least 1",
        ),
        (
            ["infer", "--adapters", "{checkpoint}", "--load_data_args", "true", "--max_batch_size", "0"],
            "--max_batch_size 0 must be at least 1",
        ),
        (
            ["infer", "--adapters", "organisation/adapters", "--val_dataset", "a.jsonl"],
            "organisation/adapters is no folder: fetch it with `hf download`, and name the folder",
        ),
        (
            ["infer", "--adapters", "{checkpoint}", "--load_data_args", "--torch_dtype", "float16"],
            "--torch_dtype float16 is not supported here: a GPU reads in bfloat16, a CPU in float32",
        ),
        (
            ["export", "--adapters", "{checkpoint}", "--merge_lora", "true", "--dataset", "a.jsonl"],
            "--dataset a.jsonl is not supported here: swift export only merges here",
        ),
        (
            ["export", "--adapters", "{checkpoint}", "--merge_lora", "true", "--quant_method", "bnb"],
            "--quant_method bnb is not supported here: swift export only merges here",
        ),
        (
            ["export", "--adapters", "{checkpoint}", "--merge_lora", "true", "--output_dir", "{run}"],
            "{run} exists: remove it or name another folder with --output_dir",
        ),
        (
            ["export", "--adapters", "{checkpoint}", "--merge_lora", "true", "--exist_ok", "true"],
            "--exist_ok true is not supported here: a folder that exists is never written over",
        ),
    ],
)
def test_what_is_refused(words: list[str], message: str, checkpoint: Path, capsys: Any) -> None:
    named = {"checkpoint": str(checkpoint), "run": str(checkpoint.parent)}
    assert run("swift", *(word.format(**named) for word in words)) == 2
    assert capsys.readouterr().err == f"got-train: error: {message.format(**named)}\n"


def test_export_of_swift_2_has_no_other_folder(checkpoint: Path, capsys: Any) -> None:
    merged = Path(f"{checkpoint}-merged")
    merged.mkdir()
    assert run("swift", "export", "--ckpt_dir", checkpoint, "--merge_lora", "true") == 2
    assert capsys.readouterr().err == f"got-train: error: {merged} exists: remove it\n"


def test_the_base_model_of_adapters_may_be_named(checkpoint: Path, model_dir: str, capsys: Any) -> None:
    words = ("--load_dataset_config", "true", "--model_id_or_path", "./nowhere")
    assert run("swift", "infer", "--ckpt_dir", checkpoint, *words) == 2
    missing = f"{checkpoint} holds adapters, and their base model cannot be read: checkpoint ./nowhere does"
    assert missing in capsys.readouterr().err
    words = ("--model", "./nowhere", "--merge_lora", "true")
    assert run("swift", "export", "--adapters", checkpoint, *words) == 2
    assert missing in capsys.readouterr().err
    words = ("--model", "./nowhere", "--val_dataset", "a.jsonl")
    assert run("swift", "infer", "--adapters", model_dir, *words) == 2
    assert f"{model_dir} is a whole model, and so is ./nowhere: give one of them\n" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["export", "infer"])
def test_a_model_without_adapters_is_not_merged(command: str, model_dir: str, capsys: Any) -> None:
    words = ["--model", model_dir, "--merge_lora", "true", "--dry-run"]
    assert run("swift", command, *words, *["--val_dataset", "a.jsonl"] * (command == "infer")) == 2
    message = f"{model_dir} has no adapters: it is a plain model already"
    assert capsys.readouterr().err == f"got-train: error: {message}\n"


def test_rows_that_do_not_exist_are_missed_before_a_model_is_loaded(model_dir: str, capsys: Any) -> None:
    assert run("swift", "infer", "--model", model_dir, "--val_dataset", "no.jsonl#2", "--dry-run") == 2
    assert capsys.readouterr().err == "got-train: error: data file no.jsonl does not exist\n"


@pytest.mark.parametrize(("given", "expected"), [("", None), ("--system Brief", "Brief")])
def test_infer_takes_a_system_text(
    given: str,
    expected: str | None,
    checkpoint: Path,
    model_dir: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[Got] = []
    monkeypatch.setattr("got_train.inference.predict.predict", lambda got, *others, **ways: asked.append(got))
    kept = checkpoint.parent / "val_dataset.jsonl"
    assert run("swift", "infer", "--model", model_dir, "--val_dataset", kept, *given.split()) == 0
    assert asked[0].encoder.config.system == expected


def test_a_model_that_says_nothing_is_asked_in_swifts_template(
    checkpoint: Path, model_dir: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Got] = []
    monkeypatch.setattr("got_train.inference.predict.predict", lambda got, *others, **ways: asked.append(got))
    monkeypatch.setenv("ROOT_IMAGE_DIR", str(checkpoint))
    kept = checkpoint.parent / "val_dataset.jsonl"
    assert run("swift", "infer", "--model", model_dir, "--val_dataset", kept) == 0
    assert asked[0].config.sample.template == "swift"
    assert asked[0].config.data.image_root == str(checkpoint)
    assert Got.from_pretrained(model_dir).encoder.config.template == "original"


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("merge-lora", "swift merge-lora is not offered: use `got-train swift export --merge_lora true`"),
        ("eval", "swift eval is not offered: use `got-train eval`, which scores a file of answers"),
        ("rlhf", "swift rlhf is not offered: sft, infer and export are"),
    ],
)
def test_other_commands_of_swift(command: str, message: str, capsys: Any) -> None:
    assert run("swift", command, "--model", "m") == 2
    assert capsys.readouterr().err == f"got-train: error: {message}\n"


def test_help_is_in_the_documents(capsys: Any) -> None:
    assert run("swift", "sft", "--help") == 0
    assert capsys.readouterr().out.startswith("docs/swift.md lists the options of swift sft")
