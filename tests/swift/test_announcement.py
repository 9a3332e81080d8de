"""The commands with which the model was announced: swift 2's spelling, and ids of ModelScope.

A small server stands in for ModelScope; added are only words that make a run small.
"""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import HANG_SECONDS, draw, write_rows
from tests.documents import ROOT
from tests.swift.conftest import model_dir as model_dir
from tests.test_hubs import modelscope as modelscope

SFT = "--model_type got-ocr2 --model_id_or_path stepfun-ai/GOT-OCR2_0 --sft_type lora".split()
SMALL = "--max_steps 2 --dtype fp32 --logging_steps 1 --gradient_accumulation_steps 1".split()
SMALL += ["--max_new_tokens", "4"]


def swift(folder: Path, *words: str, **environment: str) -> str:
    """Runs `swift` as a user does, in a process of its own; returns what it printed."""
    result = subprocess.run(
        [sys.executable, "-m", "got_train", "swift", *words],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "USE_HF": "0", "CUDA_VISIBLE_DEVICES": ""} | environment,
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def free_port() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return str(free.getsockname()[1])


def newest_checkpoint(folder: Path) -> str:
    [checkpoint] = folder.glob("output/got-ocr2/v*/checkpoint-2")
    return str(checkpoint.relative_to(folder))


@pytest.mark.slow
@pytest.mark.usefixtures("modelscope")
def test_latex_ocr_is_trained_on_and_its_validation_rows_are_read(tmp_path: Path) -> None:
    out = swift(tmp_path, "sft", *SFT, "--dataset", "latex-ocr-print#10", *SMALL, CUDA_VISIBLE_DEVICES="0")
    assert "2 optimizer steps" in out
    checkpoint = newest_checkpoint(tmp_path)
    run = tmp_path / checkpoint / ".."
    assert (run / "images" / "train_loss.png").is_file()
    assert "latex-ocr-print#10" in (tmp_path / checkpoint / "args.yaml").read_text()
    kept = [json.loads(line)["text"] for line in (run / "val_dataset.jsonl").read_text().splitlines()]
    for number, merged in enumerate(([], ["--merge_lora", "true"]), start=1):
        words = ["--ckpt_dir", checkpoint, "--load_dataset_config", "true", *merged, "--max_new_tokens", "4"]
        swift(tmp_path, "infer", *words)
        files = sorted((tmp_path / checkpoint / "infer_result").glob("*.jsonl"))
        assert len(files) == number
        assert [json.loads(line)["labels"] for line in files[-1].read_text().splitlines()] == kept
    assert (tmp_path / f"{checkpoint}-merged" / "model.safetensors").is_file()


@pytest.mark.slow
@pytest.mark.usefixtures("modelscope")
def test_rows_of_ones_own_train_on_several_devices(tmp_path: Path) -> None:
    for name in ("image_path", "image_path1", "image_path2"):
        draw(tmp_path / f"{name}.png", name)
    rows = [
        {"query": "<image>55555", "response": "66666", "images": ["image_path.png"]},
        {
            "query": "<image><image>eeeee",
            "response": "fffff",
            "history": [],
            "images": ["image_path1.png", "image_path2.png"],
        },
        {
            "query": "EEEEE",
            "response": "FFFFF",
            "history": [["query1", "response1"], ["query2", "response2"]],
        },
    ]
    write_rows(tmp_path / "train.jsonl", rows * 2)
    write_rows(tmp_path / "val.jsonl", rows)
    words = [*SFT, "--dataset", "train.jsonl", "--val_dataset", "val.jsonl", *SMALL]
    words += ["--deepspeed", "default-zero2", "--batch_size", "1"]
    out = swift(tmp_path, "sft", *words, NPROC_PER_NODE="2", MASTER_PORT=free_port())
    assert "2 optimizer steps of 2 samples (1 per device x 1 accumulated x 2 devices)" in out
    assert (tmp_path / newest_checkpoint(tmp_path) / "adapter_model.safetensors").is_file()
