"""`swift infer` and `swift export`: what they would do, and what they refuse."""

from pathlib import Path
from typing import Any

import pytest

from got_train.cli import main
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
    (folder / "adapter_config.json").write_text("{}")
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
    words = ("--val_dataset", "a.jsonl", "--merge_lora", "--stream", "false", "--dry-run")
    assert run("swift", "infer", "--adapters", checkpoint, *words, "--result_path", "b.jsonl") == 0
    assert capsys.readouterr().out == (
        "swift: --stream false changes nothing here: answers are written as they come\n"
        f"reads a.jsonl with {checkpoint}-merged into b.jsonl\n"
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["infer", "--ckpt_dir", "{checkpoint}"],
            "swift infer does not ask for questions here: add --load_dataset_config true for the run's own "
            "validation rows, or --val_dataset; a single picture is read by "
            "`got-train infer MODEL --image PICTURE`",
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
            ["export", "--adapters", "{checkpoint}", "--merge_lora", "true", "--exist_ok", "true"],
            "--exist_ok true is not supported here: a folder that exists is never written over",
        ),
    ],
)
def test_what_is_refused(words: list[str], message: str, checkpoint: Path, capsys: Any) -> None:
    named = {"checkpoint": str(checkpoint)}
    assert run("swift", *(word.format(**named) for word in words)) == 2
    assert capsys.readouterr().err == f"got-train: error: {message.format(**named)}\n"
