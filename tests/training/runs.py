"""Runs through the command line on a small model, and what they leave."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from got_train.cli import main
from got_train.model.loading import load_got
from got_train.training.callbacks import read_log

WriteConfig = Callable[..., Path]


def run(*words: object) -> int:
    """Exit code of a command."""
    with pytest.raises(SystemExit) as caught:
        main([str(word) for word in words])
    return int(caught.value.code or 0)


def run_folder(tmp_path: Path, name: str = "run", number: int = 0) -> Path:
    return next((tmp_path / "output" / name).glob(f"v{number}-*"))


def weights(checkpoint: Path) -> dict[str, torch.Tensor]:
    return load_got(str(checkpoint)).state_dict()


def losses(folder: Path) -> list[float]:
    return [row["loss"] for row in read_log(folder / "logging.jsonl") if "loss" in row]
