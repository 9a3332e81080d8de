"""Nothing of a checkpoint runs: what its pickles name is looked at before anybody loads them.

transformers and DeepSpeed save optimizers and random states as pickles. A pickle may name any function, and
loading it calls the function. torch loads some files without (`weights_only`); DeepSpeed does not.
"""

import pickle
import re
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import torch
from torch.serialization import get_unsafe_globals_in_checkpoint, safe_globals

from got_train.report import UserError

DATA = {
    *{"numpy.ndarray", "numpy.dtype", "numpy._core.multiarray._reconstruct"},
    *{"numpy.core.multiarray._reconstruct", "numpy.dtypes.UInt32DType"},
    "deepspeed.runtime.zero.config.ZeroStageEnum",
    "deepspeed.runtime.fp16.loss_scaler.LossScaler",
    "deepspeed.runtime.fp16.loss_scaler.DynamicLossScaler",
    "deepspeed.utils.tensor_fragment.fragment_address",
}
"""What random states, and optimizers of DeepSpeed, are made of beside tensors and Python's plain values."""


def check_only_data(checkpoint: Path) -> None:
    """Refuses a checkpoint whose loading would call anything but constructors of data.

    Raises:
        UserError: with the file, and what it would call; or if a file cannot be read.
    """
    latest = checkpoint / "latest"
    if latest.is_file() and not re.fullmatch(r"global_step\d+", text := latest.read_text(errors="replace")):
        raise UserError(f"resume: {latest} names {text!r}, which is no folder of the checkpoint")
    for file in sorted(path for path in checkpoint.rglob("*") if path.suffix in (".pt", ".pth")):
        try:
            named = set(get_unsafe_globals_in_checkpoint(file))
        except (RuntimeError, ValueError, EOFError, OSError, pickle.UnpicklingError) as error:
            raise UserError(f"resume: {file} is damaged ({type(error).__name__})") from error
        if named - DATA:
            raise UserError(
                f"resume: loading {file} would run {', '.join(sorted(named - DATA))}, which no checkpoint of "
                "got-train needs: do not use it"
            )


def load_data(file: Path) -> Any:
    """What stands in a file of torch. Nothing runs; tensors stay on the disk until they are used.

    Raises:
        UserError: if the file is damaged, or would run something.
    """
    try:
        with safe_globals([resolve_name(name) for name in DATA if name.startswith("deepspeed.")]):
            return torch.load(file, map_location="cpu", mmap=True, weights_only=True)
    except (RuntimeError, ValueError, EOFError, OSError, pickle.UnpicklingError) as error:
        raise UserError(f"resume: {file} is damaged ({type(error).__name__})") from error
