"""A checkpoint gets into its run whole, or not at all."""

import errno
import os
from pathlib import Path

import pytest
import torch

from got_train.foreign_files import read_json
from got_train.manifest import damage
from got_train.report import UserError
from got_train.training import saving
from got_train.training.saving import check_finite, remove_older, saved_whole


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    for name in ("args.yaml", "steps.npz"):
        (tmp_path / name).write_text(name)
    return tmp_path


def test_a_checkpoint_has_its_name_when_it_is_whole(run_dir: Path) -> None:
    left = run_dir / "checkpoint-1.part" / "checkpoint-1"
    left.mkdir(parents=True)  # of a run that was killed
    checkpoint = run_dir / "checkpoint-2"
    with saved_whole(checkpoint) as made:
        made.mkdir()
        (made / "model.safetensors").write_text("weights")
        assert not checkpoint.exists()
    assert sorted(path.name for path in run_dir.iterdir()) == ["args.yaml", "checkpoint-2", "steps.npz"]
    manifest = read_json(checkpoint / "manifest.json")
    assert sorted(manifest["files"]) == ["args.yaml", "model.safetensors", "steps.npz"]
    assert manifest["devices"] == 1 and "torch" in manifest["packages"]
    assert damage(checkpoint) is None


def test_a_checkpoint_of_before_stays_when_saving_fails(run_dir: Path) -> None:
    checkpoint = run_dir / "checkpoint-2"
    checkpoint.mkdir()
    (checkpoint / "model.safetensors").write_text("before")
    with pytest.raises(ZeroDivisionError), saved_whole(checkpoint) as made:
        made.mkdir()
        raise ZeroDivisionError
    assert (checkpoint / "model.safetensors").read_text() == "before"
    assert sorted(path.name for path in run_dir.iterdir()) == ["args.yaml", "checkpoint-2", "steps.npz"]


def test_a_full_disk_is_told_though_another_process_still_writes(
    run_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def not_empty(*place: object, **options: object) -> None:
        raise OSError(errno.ENOTEMPTY, os.strerror(errno.ENOTEMPTY))

    checkpoint = run_dir / "checkpoint-2"
    with pytest.raises(UserError, match="checkpoint-2 cannot be written: No space left on device"):
        with saved_whole(checkpoint) as made:
            made.mkdir()
            monkeypatch.setattr(os, "rmdir", not_empty)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert not checkpoint.exists()


def test_a_failed_save_leaves_the_folder_in_which_other_processes_write(
    run_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint = run_dir / "checkpoint-2"
    other = run_dir / "checkpoint-2.part" / "checkpoint-2" / "of another process"
    monkeypatch.setattr(saving, "world_size", lambda: 2)
    with pytest.raises(UserError, match="checkpoint-2 cannot be written: No space left on device"):
        with saved_whole(checkpoint) as made:
            made.mkdir()
            other.touch()
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert other.exists() and not checkpoint.exists()
    with saved_whole(checkpoint) as made:
        made.mkdir()
        assert not other.exists()
    assert sorted(path.name for path in run_dir.glob("checkpoint-*")) == ["checkpoint-2"]


@pytest.mark.parametrize(
    ("limit", "best", "left"),
    [
        (None, None, [1, 2, 3, 4]),
        (1, None, [4]),
        (2, None, [3, 4]),
        (1, 2, [2, 4]),
        (3, 1, [1, 3, 4]),
        (2, 4, [3, 4]),
    ],
)
def test_older_checkpoints_are_removed_and_nothing_else(
    limit: int | None, best: int | None, left: list[int], tmp_path: Path
) -> None:
    for number, step in ((1, 1), (2, 2), (3, 3), (4, 4), (99, 2)):  # the last is a copy
        (tmp_path / f"checkpoint-{number}").mkdir()
        (tmp_path / f"checkpoint-{number}" / "trainer_state.json").write_text(f'{{"global_step": {step}}}')
    (tmp_path / "checkpoint-1-merged").mkdir()
    (tmp_path / "checkpoint-5").mkdir()  # damaged, and passed over when the run went on
    best_checkpoint = None if best is None else str(tmp_path / f"checkpoint-{best}")
    remove_older(tmp_path / "checkpoint-4", limit, best_checkpoint)
    names = {*(f"checkpoint-{number}" for number in (*left, 5, 99)), "checkpoint-1-merged"}
    assert {path.name for path in tmp_path.iterdir()} == names


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_weights_that_are_not_finite_are_not_saved(value: float) -> None:
    model = torch.nn.Linear(2, 2)
    check_finite(model, step=3)
    with torch.no_grad():
        model.bias[1] = value
    with pytest.raises(UserError, match=r"^step 3: bias is not finite, so this step is not saved\. "):
        check_finite(model, step=3)
    model.bias.requires_grad_(False)  # frozen weights are those of the model that the run began with
    check_finite(model, step=3)
