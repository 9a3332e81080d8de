"""A run of ZeRO goes on with another number of devices."""

import json
import subprocess
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from got_train.report import UserError
from got_train.training.zero import check_can_share_out, cut_anew, optimizer_kind, part_files, pieces_of
from tests.conftest import HANG_SECONDS
from tests.training.runs import WriteConfig, losses, run, run_folder
from tests.training.test_pickles import Hostile

ROOT = Path(__file__).parents[2]
ZERO2 = str(ROOT / "configs" / "deepspeed" / "zero2.json")

TRAIN = {
    "global_batch_size": 8,
    "per_device_train_batch_size": 2,
    "max_steps": 5,
    "save_steps": 1,
    "learning_rate": 1e-3,
    "lr_scheduler_type": "constant",
}
LORA = {"enabled": True, "rank": 4, "modules": ["encoder", "decoder"], "dropout": 0.3}

DEVICES = [2, 2, 1, 2, 4]
"""The number of devices for each step of a run."""


def launch(*launches: Sequence[object], code: int = 0) -> str:
    """Output of launches, each with a number of devices, a configuration and words."""
    result = subprocess.run(
        [sys.executable, "-m", "tests.training.launches", json.dumps(launches, default=str)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS * len(launches),
    )
    assert result.returncode == code, result.stdout[-3000:] + result.stderr[-3000:]
    return result.stdout


@pytest.mark.slow
@pytest.mark.parametrize("lora", [{}, LORA], ids=["full", "adapters with dropout"])
def test_a_run_goes_on_with_any_number_of_devices(
    lora: dict[str, Any], write_config: WriteConfig, tmp_path: Path, capsys: Any
) -> None:
    alone = write_config("alone", train=TRAIN, lora=lora)
    assert run("train", alone) == 0
    config = write_config(train=TRAIN | {"deepspeed": ZERO2}, lora=lora)
    launch(
        *(
            [devices, config, f"train.max_steps={step}", "resume=auto"]
            for step, devices in enumerate(DEVICES, start=1)
        )
    )
    folder = run_folder(tmp_path)
    assert losses(folder) == pytest.approx(losses(run_folder(tmp_path, "alone")), rel=2e-5)
    saved_on = [len(part_files(folder / f"checkpoint-{step}")) for step in range(1, 6)]
    assert saved_on == DEVICES

    checkpoint = folder / "checkpoint-5"
    assert run("train", config, "train.deepspeed=null", "resume=auto", "train.max_steps=6") == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert (
        f"resume: {checkpoint} has no state of the optimizer (optimizer.pt): it was saved with Deep" in last
    )
    assert "DeepSpeed's ZeRO, and only goes on so. Set train.deepspeed as it was, or start a new run" in last
    if lora:
        return
    (checkpoint / "manifest.json").unlink()  # as in checkpoints of earlier versions
    part_files(checkpoint)[1].unlink()
    last = launch([1, config, "resume=auto", "train.max_steps=6"], code=2).splitlines()[-1]
    assert last.startswith(
        f"got-train: error: resume: {part_files(checkpoint)[0]} is damaged (ValueError: it is one of "
    )


def address(start: int, numel: int) -> SimpleNamespace:
    return SimpleNamespace(start=start, numel=numel)


def cut(sizes: dict[str, int], devices: int) -> tuple[list[dict[str, Any]], int]:
    """Where parameters that lie end to end are when they are cut; and the length of a part."""
    size = -(-sum(sizes.values()) // (2 * devices)) * 2  # DeepSpeed has an even number in each
    ends = [sum(list(sizes.values())[: number + 1]) for number in range(len(sizes))]
    layouts: list[dict[str, Any]] = [{} for _ in range(devices)]
    for part, layout in enumerate(layouts):
        for name, end in zip(sizes, ends, strict=True):
            first, last = max(part * size, end - sizes[name]), min((part + 1) * size, end)
            if first < last:
                layout[name] = address(first - part * size, last - first)
    return layouts, size


def test_parts_are_cut_anew() -> None:
    sizes = {"a": 5, "b": 1, "c": 11, "d": 2}  # c lies in up to six of eight parts
    end_to_end = torch.arange(19.0) + 1
    for before, after in [*pairwise([1, 2, 4, 2, 1, 8, 3, 8]), (2, 1), (4, 1)]:
        (saved, size), (wanted, new_size) = cut(sizes, before), cut(sizes, after)
        padded = torch.nn.functional.pad(end_to_end, (0, before * size - 19))
        pieces = pieces_of(saved), pieces_of(wanted)
        made = [cut_anew(padded.split(size), *pieces, part, new_size) for part in range(after)]
        assert torch.equal(torch.cat(made)[:19], end_to_end)
        assert not torch.cat(made)[19:].any()


def test_the_order_of_parameters_may_change() -> None:
    """As it does with round_robin_gradients, and their alignment with parameter_alignment."""
    saved = [{"a": address(0, 3), "b": address(4, 2)}, {"b": address(0, 1)}]
    wanted = [{"b": address(0, 3), "a": address(3, 3)}]
    parts = [torch.tensor([1.0, 2, 3, 0, 4, 5]), torch.tensor([6.0, 0, 0, 0, 0, 0])]
    made = cut_anew(parts, pieces_of(saved), pieces_of(wanted), 0, 8)
    assert made.tolist() == [4, 5, 6, 1, 2, 3, 0, 0]


def write_parts(checkpoint: Path, **changes: Any) -> None:
    """Two parts as DeepSpeed writes them; words change the first."""
    folder = checkpoint / "global_step3"
    folder.mkdir(parents=True)
    (checkpoint / "latest").write_text(folder.name)
    for number in range(2):
        part = {
            "base_optimizer_state": {
                "state": {0: {"step": torch.tensor(3.0), "exp_avg": torch.ones(4)}},
                "param_groups": [{"lr": 1e-3, "params": [0]}],
            },
            "single_partition_of_fp32_groups": [torch.ones(4 - number)],
            "param_slice_mappings": [{}],
            "group_paddings": [number],
            "partition_count": [2],
        } | (changes if number == 0 else {})
        torch.save(
            {"optimizer_state_dict": part}, folder / f"zero_pp_rank_{number}_mp_rank_00_optim_states.pt"
        )


STATE: dict[str, Any] = {"param_groups": [{"params": [0]}]}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"partition_count": [3]},
            r"rank_0_.*\.pt is damaged \(ValueError: it is one of \[3\] parts, and 2 are",
        ),
        ({"partition_count": 2}, r"rank_0_.*\.pt is damaged \(TypeError: "),
        ({"param_slice_mappings": [{"a": 1}]}, r"rank_0_.*\.pt is damaged \(AttributeError: "),
        ({"param_slice_mappings": []}, r"rank_0_.*\.pt is damaged \(ValueError: zip"),
        ({"single_partition_of_fp32_groups": [3]}, r"rank_0_.*\.pt is damaged \(TypeError: "),
        (
            {
                "base_optimizer_state": STATE
                | {"state": {0: {"step": torch.tensor(2.0), "exp_avg": torch.ones(4)}}}
            },
            r"^resume: what the optimizer keeps as step only goes on with 2 devices: launch as many",
        ),
        (
            {"base_optimizer_state": STATE | {"state": {0: {"absmax": torch.ones(2)}}}},
            r"rank_1_.*\.pt is damaged \(KeyError: 'step'\)",
        ),
        (
            {"base_optimizer_state": [{"exp_avg": torch.ones(4)}]},
            r"^resume: an optimizer saved with zero_optimization\.elastic_checkpoint only goes on with 2 ",
        ),
        ({"more": Hostile()}, r"rank_0_.*\.pt is damaged \(UnpicklingError\)"),
    ],
)
def test_what_cannot_be_cut_is_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    write_parts(tmp_path / "whole")
    check_can_share_out(tmp_path / "whole")
    write_parts(tmp_path / "damaged", **changes)
    with pytest.raises(UserError, match=message):
        check_can_share_out(tmp_path / "damaged")


def test_as_many_devices_take_what_cannot_be_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    write_parts(tmp_path, base_optimizer_state=[{"exp_avg": torch.ones(4)}])
    check_can_share_out(tmp_path)
    part_files(tmp_path)[1].unlink()
    with pytest.raises(UserError, match=r"it is one of \[2\] parts, and 1 are there"):
        check_can_share_out(tmp_path)


def test_parts_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    (tmp_path / "global_step3").mkdir()
    for number in (10, 2, 1):
        (tmp_path / "global_step3" / f"bf16_zero_pp_rank_{number}_mp_rank_00_optim_states.pt").touch()
    assert [file.name.split("_")[4] for file in part_files(tmp_path)] == ["1", "2", "10"]


@pytest.mark.parametrize(
    ("deepspeed", "kind"),
    [
        (None, "no DeepSpeed"),
        (ZERO2, "DeepSpeed's ZeRO"),
        ({"zero_optimization": {"stage": 1}}, "DeepSpeed's ZeRO"),
        ({"zero_optimization": {"stage": 0}}, "DeepSpeed without ZeRO"),
        ({}, "DeepSpeed without ZeRO"),
    ],
)
def test_whose_optimizer_a_run_has(deepspeed: Any, kind: str) -> None:
    assert optimizer_kind(deepspeed) == kind
