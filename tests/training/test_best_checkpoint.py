"""Which checkpoint the folder of a run stands for, through the commands that take one."""

import json
from pathlib import Path
from typing import Any

import torch

from got_train.config_file import load_config
from tests.training.runs import WriteConfig, run, run_folder, weights

BEST = {
    "max_steps": 4,
    "save_steps": 2,
    "eval_strategy": "steps",
    "eval_steps": 2,
    "load_best_model_at_end": True,
    # Nothing is read rightly: the first of two checkpoints is the best.
    "metric_for_best_model": "exact_match",
}


def test_a_run_that_chooses_its_best_checkpoint_stands_for_it(
    write_config: WriteConfig, tmp_path: Path, capsys: Any
) -> None:
    assert run("train", write_config(train=BEST, lora={"enabled": True})) == 0
    folder = run_folder(tmp_path)
    assert capsys.readouterr().out.splitlines()[-1] == (
        f"run folder: {folder} (stands for checkpoint-2, the best by exact_match; the last is checkpoint-4)"
    )
    moved = folder.rename(folder.with_name("v3-moved"))
    assert run("merge", tmp_path / "output" / "run") == 0
    assert (moved / "checkpoint-2-merged").is_dir()
    # The next stage takes its encoder, too; going on is from the last.
    after = write_config("after", model={"init": "pretrained", "path": str(moved / "checkpoint-2-merged")})
    assert run("train", after, "--dry-run") == 0
    assert run("train", write_config(train=BEST, lora={"enabled": True}), "resume=auto") == 0
    assert f"nothing is left to train: {moved / 'checkpoint-4'} is the end" in capsys.readouterr().out


def test_the_best_checkpoint_is_handed_over(write_config: WriteConfig, tmp_path: Path, caplog: Any) -> None:
    assert run("train", write_config("first", train=BEST)) == 0
    assert "missing keys" not in caplog.text  # the head is the embedding, which is saved once
    config = json.loads(write_config("second", train={"learning_rate": 0.0}).read_text())
    del config["model"]["encoder"]
    config["model"] |= {"init": "pretrained", "init_from": str(tmp_path / "output" / "first")}
    (tmp_path / "second.yaml").write_text(json.dumps(config))
    assert run("train", tmp_path / "second.yaml") == 0
    best = run_folder(tmp_path, "first") / "checkpoint-2"
    second = run_folder(tmp_path, "second")
    assert load_config(second / "args.yaml").model.init_from == str(best)
    name = "model.vision_tower.patch_embed.projection.weight"
    assert torch.equal(weights(second / "checkpoint-2")[name], weights(best)[name])


def test_a_run_without_a_choice_stands_for_its_last(
    write_config: WriteConfig, tmp_path: Path, capsys: Any
) -> None:
    assert run("train", write_config()) == 0
    line = f"run folder: {run_folder(tmp_path)} (stands for checkpoint-2, its last)"
    assert capsys.readouterr().out.splitlines()[-1] == line
    assert run("train", write_config(train={"save_strategy": "no"})) == 0
    folder = run_folder(tmp_path, number=1)
    line = f"run folder: {folder} (no checkpoint was saved: train.save_strategy says when)"
    assert capsys.readouterr().out.splitlines()[-1] == line
