"""The one way in which a checkpoint gets into its run folder: whole, or not at all.

It is written as `checkpoint-N.part/checkpoint-N`. When the files of all processes are there they are listed
with their hashes, brought to the disk, and the folder takes its place in the run. Only then are older ones
removed. A run that is killed at any moment has its newest whole checkpoint as it was.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from torch import nn

from got_train.files import PART, flush, flush_folder, naming_refusals, permit_as_umask
from got_train.manifest import write_manifest
from got_train.model.adapters import PEFT_PREFIX
from got_train.model.weights import not_finite
from got_train.ranks import barrier, rank, world_size
from got_train.report import UserError
from got_train.run_folders import CONFIG_FILE, STEPS_FILE, checkpoint_number, checkpoints_of, renamed
from got_train.training.run_dir import package_versions


@contextmanager
def saved_whole(checkpoint: Path) -> Iterator[Path]:
    """The folder in which all processes write the files of a checkpoint, under its own name.

    Args:
        checkpoint: its place in the run folder, which has the configuration.

    Raises:
        UserError: if the system refuses to write a file.
    """
    part = checkpoint.with_name(checkpoint.name + PART)
    made = part / checkpoint.name
    with naming_refusals(checkpoint):
        if rank() == 0:
            remove_parts(checkpoint.parent)
            part.mkdir()
        barrier()
        try:
            yield made
            barrier()  # the files of all processes are written
            if rank() == 0:
                for name in (CONFIG_FILE, STEPS_FILE):
                    shutil.copyfile(checkpoint.parent / name, made / name)
                permit_as_umask(made)
                write_manifest(made, devices=world_size(), packages=package_versions())
                flush_folder(made)
                if checkpoint.exists():
                    shutil.rmtree(checkpoint)  # one that was passed over when the run was resumed
                made.replace(checkpoint)
                shutil.rmtree(part, ignore_errors=True)
                flush(checkpoint.parent)
        except BaseException:
            # So that there is room again on a full disk. Of several processes the others may still write into
            # the folder: there it stays until the next save.
            if world_size() == 1:
                shutil.rmtree(part, ignore_errors=True)
            raise
        barrier()


def remove_older(newest: Path, limit: int | None, best: str | None) -> None:
    """Removes checkpoints that are older than the newest ones of a run.

    transformers would count, and remove, all that begins like a checkpoint (`checkpoint-4-merged`), and take
    one that was renamed to a higher number for the newest.

    Args:
        newest: the checkpoint that was just saved.
        limit: how many are kept, with the best one; None for all.
        best: the best one, which is kept though it is older.
    """
    if limit is None or limit <= 0:
        return
    step, best_name = checkpoint_number(newest), Path(best or newest).name
    older = [path for path in checkpoints_of(newest.parent) if checkpoint_number(path) < step]
    older = [path for path in older if path.name != best_name and renamed(path) is None]
    kept = limit - len({newest.name, best_name})
    for checkpoint in older[max(0, kept) :]:
        shutil.rmtree(checkpoint, ignore_errors=True)


def remove_parts(run_dir: Path) -> None:
    """Removes checkpoints that a killed run has not finished."""
    for part in run_dir.glob(f"checkpoint-*{PART}"):
        if part.is_dir():
            shutil.rmtree(part)


def check_finite(model: nn.Module, step: int) -> None:
    """Refuses to save weights that are not finite.

    Raises:
        UserError: with the first tensor that is not.
    """
    name = not_finite(pair for pair in model.named_parameters() if pair[1].requires_grad)
    if name is not None:
        raise UserError(
            f"step {step}: {name.removeprefix(PEFT_PREFIX)} is not finite, so this step is not saved. "
            "Go on from the newest checkpoint with a lower train.learning_rate: see logging.jsonl for "
            "where the loss went up"
        )
