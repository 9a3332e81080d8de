"""`swift sft` from the command line: what it prints, starts and writes."""

import json
import os
import re
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from got_train.cli import main
from got_train.config_file import load_config


def run(*words: object) -> int:
    with pytest.raises(SystemExit) as caught:
        main([str(word) for word in words])
    return int(caught.value.code or 0)


@pytest.fixture
def workplace(tmp_path: Path, rows_file: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with `train.jsonl` and `val.jsonl`."""
    for name in ("train.jsonl", "val.jsonl"):
        (tmp_path / name).write_text(rows_file.read_text())
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NPROC_PER_NODE", raising=False)
    return tmp_path


def test_swift_2_freezes_only_in_full_training(workplace: Path, model_dir: str, capsys: Any) -> None:
    words = ["--model_type", "got-ocr2", "--model_id_or_path", model_dir, "--freeze_vit", "true"]
    words += ["--target_modules", "ALL", "--dataset", "train.jsonl", "--dry-run", "--sft_type"]
    remark = "swift: --freeze_vit true changes nothing here: swift 2 reads it only for full training\n"
    assert run("swift", "sft", *words, "lora") == 0
    assert remark in capsys.readouterr().out
    assert run("swift", "sft", *words[:6], *words[8:], "full") == 0
    assert remark not in capsys.readouterr().out


def test_all_files_of_a_run_lie_in_the_folder_that_was_named(workplace: Path, model_dir: str) -> None:
    words = ["--model", model_dir, "--dataset", "train.jsonl", "--output_dir", "runs/print", "--max_steps"]
    words += ["1", "--use_cpu", "--predict_with_generate", "false", "--dataloader_num_workers", "0"]
    before = set(workplace.iterdir())
    assert run("swift", "sft", *words) == 0
    assert set(workplace.iterdir()) - before == {workplace / "runs"}
    assert [path.name for path in (workplace / "runs").iterdir()] == ["print"]
    assert {path.name.split("-")[0] for path in (workplace / "runs" / "print").iterdir()} == {
        "v0",
        "good_rows",
    }
    assert run("swift", "sft", *words, "--dry-run") == 0


def test_a_dry_run_prints_a_config_that_train_takes(workplace: Path, model_dir: str, capsys: Any) -> None:
    words = ["--model_type", "got-ocr2", "--model_id_or_path", model_dir, "--sft_type", "lora"]
    words += ["--dataset", "train.jsonl#50", "--lazy_tokenize", "true", "--dry-run"]
    assert run("swift", "sft", *words) == 0
    out = capsys.readouterr().out
    assert out.startswith(
        "swift: --lazy_tokenize true changes nothing here: rows are encoded as they are read"
    )
    head = "# the config of this command line of swift 2; `got-train train` takes it as a file\n"
    text = out.split(head)[1].split("\n\n")[0]
    (workplace / "saved.yaml").write_text(text)
    config = load_config(workplace / "saved.yaml")
    assert config.data.train == ["train.jsonl#50"]
    assert config.train.arguments["gradient_accumulation_steps"] == 16
    assert re.search(r"optimizer steps? of 16 samples", out)
    assert not (workplace / "output").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["--resume_from_checkpoint", "nix"],
            "resume: nix does not exist: give auto, a run folder, or its checkpoint-N (as options: resume is "
            "--resume_from_checkpoint)",
        ),
        (
            ["--early_stop_interval", "2", "--split_dataset_ratio", "0"],
            "eval.early_stopping_patience needs validation rows: set data.val, or data.val_ratio=0.1 (as "
            "options: data.val is --val_dataset, data.val_ratio is --split_dataset_ratio, "
            "eval.early_stopping_patience is --early_stop_interval)",
        ),
        (
            ["--val_dataset", "nix.jsonl"],
            "data.val: data file nix.jsonl does not exist (as options: data.val is --val_dataset)",
        ),
    ],
)
def test_errors_name_the_options(
    workplace: Path, model_dir: str, words: list[str], message: str, capsys: Any
) -> None:
    assert run("swift", "sft", "--model", model_dir, "--dataset", "train.jsonl", "--dry-run", *words) == 2
    said = capsys.readouterr()
    assert said.err.splitlines()[-1] == f"got-train: error: {message}"
    assert (
        "swift: hints name keys of the config, such as data.val, data.val_ratio, train.max_steps, "
        "train.eval_steps (as options: train.max_steps is --max_steps, train.eval_steps is --eval_steps, "
        "data.val is --val_dataset, data.val_ratio is --split_dataset_ratio)\n"
    ) in said.out


@pytest.mark.slow
def test_nproc_per_node_goes_through_torchrun(
    workplace: Path, model_dir: str, monkeypatch: pytest.MonkeyPatch, capfd: Any
) -> None:
    """torchrun takes the words that replace this process; its child trains, and starts nothing."""
    from torch.distributed import run as torchrun

    def start(program: str, words: list[str]) -> None:
        assert words[:3] == [program, "-m", "torch.distributed.run"]
        torchrun.main(words[3:])
        sys.exit(0)

    monkeypatch.setattr(os, "execv", start)
    monkeypatch.setenv("NPROC_PER_NODE", "1")
    with socket.socket() as free:
        free.bind(("", 0))
        monkeypatch.setenv("MASTER_PORT", str(free.getsockname()[1]))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    words = ["--model", model_dir, "--dataset", "train.jsonl", "--val_dataset", "val.jsonl", "--dry-run"]
    assert run("swift", "sft", *words) == 0
    out = capfd.readouterr().out
    assert out.startswith(f"swift: starts {sys.executable} -m torch.distributed.run --nproc_per_node 1 ")
    assert out.count("# the config of this command line of swift 4") == 1
    assert "16 samples (1 per device x 16 accumulated x 1 device)" in out


def test_sft_infer_and_export(workplace: Path, model_dir: str, capsys: Any) -> None:
    """The way of the announcement: train, read the run's own validation rows, merge, read again."""
    words = ["--model_type", "got-ocr2", "--model_id_or_path", model_dir, "--sft_type", "lora"]
    words += "--dataset train.jsonl --dataset_test_ratio 0.2 --max_steps 2 --eval_steps 2".split()
    words += "--dtype fp32 --disable_tqdm true --dataloader_num_workers 0".split()
    assert run("swift", "sft", *words) == 0
    [run_dir] = (workplace / "output" / "got-ocr2").glob("v0-*")
    checkpoint = run_dir / "checkpoint-2"
    assert (run_dir / "images" / "train_loss.png").is_file()
    assert list(run_dir.glob("runs/**/events.out.tfevents.*"))
    assert json.loads((checkpoint / "trainer_state.json").read_text())["best_global_step"] == 2

    read = [
        "swift",
        "infer",
        "--ckpt_dir",
        checkpoint,
        "--load_dataset_config",
        "true",
        "--max_new_tokens",
        "4",
    ]
    assert run(*read) == 0
    [result] = (checkpoint / "infer_result").glob("*.jsonl")
    rows = [json.loads(line) for line in result.read_text().splitlines()]
    kept = [json.loads(line) for line in (run_dir / "val_dataset.jsonl").read_text().splitlines()]
    assert [row["labels"] for row in rows] == [row["response"] for row in kept]
    assert len(rows) == 3  # int(17 * 0.2)

    capsys.readouterr()
    assert run("swift", "export", "--ckpt_dir", checkpoint, "--merge_lora", "true", "--dry-run") == 0
    assert capsys.readouterr().out == f"merges {checkpoint} into {checkpoint}-merged\n"
    assert run("swift", "export", "--ckpt_dir", checkpoint, "--merge_lora", "true") == 0
    assert Path(f"{checkpoint}-merged", "model.safetensors").is_file()
    capsys.readouterr()
    merged = ["swift", "infer", "--adapters", checkpoint, "--merge_lora", "true", "--load_data_args", "true"]
    assert (
        run(*merged, "--max_new_tokens", "4", "--max_batch_size", "3", "--result_path", "a/again.jsonl") == 0
    )
    out = capsys.readouterr().out
    assert out.startswith(f"{checkpoint}-merged exists already\n")
    assert out.endswith("3 rows written to a/again.jsonl\n")
    again = [json.loads(line) for line in Path("a/again.jsonl").read_text().splitlines()]
    assert [row["response"] for row in again] == [row["response"] for row in rows]
