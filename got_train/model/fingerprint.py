"""Tells the weights of two models apart, so that adapters are not put on another base model."""

import json
from pathlib import Path

import torch
import xxhash
from torch import nn

from got_train.foreign_files import read_json
from got_train.report import UserError

BASE_FILE = "base_model.json"
"""The file of an adapter checkpoint with the fingerprint of the weights that they were trained on."""


def weights_fingerprint(model: nn.Module) -> str:
    """The XXH3 hash of a model's parameters as bfloat16, in hexadecimal digits.

    It is the same for a model in either layout, and in the types of weights of a CPU and of a GPU.
    """
    hashed = xxhash.xxh3_128()
    for name, weights in sorted(model.named_parameters()):
        hashed.update(name.encode())
        numbers = weights.detach().to("cpu", torch.bfloat16).contiguous()
        hashed.update(numbers.flatten().view(torch.uint8).numpy().data)
    return hashed.hexdigest()


def base_file(fingerprint: str) -> str:
    """The content of `BASE_FILE`."""
    return json.dumps({"weights": fingerprint}) + "\n"


def check_base(folder: Path, fingerprint: str, base: str | None) -> None:
    """Refuses other weights than those that adapters were trained on; earlier ones do not tell.

    Args:
        folder: the adapters.
        fingerprint: of the base model that was loaded, before anything is done to it.
        base: its name.

    Raises:
        UserError: if the adapters are of other weights.
    """
    file = folder / BASE_FILE
    if file.is_file() and read_json(file).get("weights") != fingerprint:
        raise UserError(
            f"the adapters of {folder} were trained on other weights than those of {base}: it is another "
            "model, or was written over since. Put the base back, or name where it is (--base, model.path)"
        )
