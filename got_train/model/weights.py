"""Reads checkpoints from folders, hub ids and single files, safetensors and torch, whole or in shards.

No code of a checkpoint is ever run: its Python files are not downloaded, and torch files, which are pickles,
are read with `weights_only`.
"""

import pickle
from collections.abc import Iterable
from pathlib import Path

import torch
from huggingface_hub import snapshot_download
from safetensors import SafetensorError
from safetensors.torch import load_file

from got_train.files import read_json
from got_train.report import UserError, counted, one_line

WEIGHT_FILES = (
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
)
"""Files with the weights of a folder, the preferred one first; an index names the shards."""

TORCH_SUFFIXES = (".bin", ".pt", ".pth")
MORE_THAN_WEIGHTS = (
    "holds more than weights, and reading that could run code: save its state dict alone, with torch.save"
)
WRAPPERS = ("model", "state_dict", "module")
"""Keys under which LAVIS, Lightning and DeepSpeed save the weights, beside the state of the optimizer."""


def local_folder(source: str) -> Path:
    """A model folder, or the folder into which the files of a hub id were downloaded.

    Raises:
        UserError: if there is no such folder or id.
    """
    if Path(source).is_dir():
        return Path(source)
    wanted = ["*.json", "*.txt", "*.tiktoken", "*.safetensors"]
    try:
        folder = Path(snapshot_download(source, allow_patterns=wanted))
        if not any(folder.glob("*.safetensors")):
            snapshot_download(source, allow_patterns=["*.bin"])
    except (OSError, ValueError) as error:
        raise UserError(f"no model at {source}: {str(error).splitlines()[0]}") from None
    return folder


def not_finite(tensors: Iterable[tuple[str, torch.Tensor]]) -> str | None:
    """The name of the first tensor with a value that is not finite; None if there is none."""
    for name, tensor in tensors:
        if tensor.is_floating_point() and not tensor.isfinite().all():
            return name
    return None


def read_tensors(source: str) -> dict[str, torch.Tensor]:
    """All tensors of a folder, a hub id or a single file, with the names and types that they have there.

    Raises:
        UserError: if there are no weights, or a file is broken, missing, or holds more than weights.
    """
    path = Path(source)
    if path.is_file():
        return _read_file(path)
    if path.suffix in (*TORCH_SUFFIXES, ".safetensors"):
        raise UserError(f"weights {source} do not exist")
    folder = local_folder(source)
    found = [folder / name for name in WEIGHT_FILES if (folder / name).is_file()]
    if not found:
        raise UserError(f"{source} holds no weights: none of {', '.join(WEIGHT_FILES)}")
    return _read_shards(found[0]) if found[0].suffix == ".json" else _read_file(found[0])


def _read_shards(index: Path) -> dict[str, torch.Tensor]:
    places = read_json(index).get("weight_map")
    if not isinstance(places, dict) or not all(isinstance(name, str) for name in places.values()):
        raise UserError(f"{index} has no weight_map of tensors to files")
    tensors: dict[str, torch.Tensor] = {}
    for name in sorted(set(places.values())):
        # Only the name is used: an index must not lead out of its folder.
        shard = index.parent / Path(name).name
        if not shard.is_file():
            raise UserError(f"{index} names {name}, which does not exist")
        tensors |= _read_file(shard)
    missing = sorted(set(places) - set(tensors))
    if missing or not places:
        number = counted(len(missing), "tensor")
        raise UserError(f"{index}: no shard has {number} that it names: {', '.join(missing[:4])}")
    return tensors


def _read_file(file: Path) -> dict[str, torch.Tensor]:
    if file.suffix == ".safetensors":
        try:
            return load_file(file)
        except SafetensorError as error:
            raise UserError(f"{file} cannot be read: {error}") from None
    try:
        loaded = torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise UserError(f"{file} {MORE_THAN_WEIGHTS}") from None
    except (RuntimeError, EOFError) as error:
        raise UserError(f"{file} cannot be read: {one_line(error, lines=1)}") from None
    tensors = loaded if isinstance(loaded, dict) else {}
    wrapped = [tensors[key] for key in WRAPPERS if isinstance(tensors.get(key), dict)]
    tensors = wrapped[0] if wrapped else tensors
    # Tied tensors share their memory in a torch file; safetensors files do not allow that.
    return {name: tensor.clone() for name, tensor in tensors.items() if isinstance(tensor, torch.Tensor)}
