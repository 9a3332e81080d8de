"""What the options of several commands are made of: types for argparse, and words of their help."""

import argparse
import math
from pathlib import Path
from typing import Literal

from got_train.report import UserError

Engine = Literal["vllm", "transformers"]
"""Programs that serve a model."""

SERVED_NAME = "got"
"""The name by which requests name a model, whichever is served."""

BASE_HELP = "base model of adapters (default: the one that they were trained on)"

OVERWRITE = "write over existing files"


def positive(word: str) -> int:
    """A whole number that must be 1 or more."""
    number = int(word)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{word} must be 1 or more")
    return number


def above_0(text: str) -> float:
    """A number above 0."""
    try:
        number = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is not above 0 and finite")
    return number


def share(text: str) -> float:
    """A number above 0 and at most 1."""
    if (number := above_0(text)) > 1:
        raise argparse.ArgumentTypeError(f"{text} is above 1")
    return number


def check_folder(option: str, folder: str | None) -> None:
    """Refuses an option that names no folder."""
    if folder is not None and not Path(folder).is_dir():
        raise UserError(f"{option} {folder} is not a folder")
