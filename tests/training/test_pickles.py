"""Loading a checkpoint runs nothing that somebody has put into it."""

import os
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from got_train.report import UserError
from got_train.training.pickles import check_only_data


class Hostile:
    """What is called when it is loaded."""

    def __reduce__(self) -> Any:
        return os.system, ("touch ran",)


def test_states_of_training_are_data(tmp_path: Path) -> None:
    state = {"python": random.getstate(), "numpy": np.random.get_state(), "cpu": torch.random.get_rng_state()}
    torch.save(state, tmp_path / "rng_state.pth")
    (tmp_path / "global_step2").mkdir()
    torch.save({"exp_avg": torch.zeros(3), "step": 2}, tmp_path / "global_step2" / "zero_optim_states.pt")
    check_only_data(tmp_path)


@pytest.mark.parametrize("name", ["optimizer.pt", "global_step2/mp_rank_00_model_states.pt"])
def test_a_function_in_a_checkpoint_is_named_and_not_called(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True)
    torch.save({"exp_avg": torch.zeros(3), "more": Hostile()}, file)
    with pytest.raises(UserError) as caught:
        check_only_data(tmp_path)
    why = "would run posix.system, which no checkpoint of got-train needs: do not use it"
    assert str(caught.value) == f"resume: loading {file} {why}"
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x80\x02cposix\nsystem\n.", b"text"])
def test_a_file_that_is_no_checkpoint_is_damaged(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "scheduler.pt").write_bytes(content)
    with pytest.raises(UserError, match=r"scheduler\.pt is damaged"):
        check_only_data(tmp_path)


def test_deepspeed_is_not_led_out_of_the_checkpoint(tmp_path: Path) -> None:
    (tmp_path / "latest").write_text("global_step2")
    check_only_data(tmp_path)
    (tmp_path / "latest").write_text("../other")
    with pytest.raises(UserError, match=r"latest names '\.\./other', which is no folder of the checkpoint"):
        check_only_data(tmp_path)
