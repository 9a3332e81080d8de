"""Reads checkpoints from folders, hub ids and single files, safetensors and torch, whole or in shards.

All weights of models and adapters come in here. No code of a checkpoint is ever run: its Python files are not
downloaded, and torch files, which are pickles, are read with `weights_only`. A file of a run's checkpoint is
compared with what was saved.
"""

import pickle
from collections.abc import Iterable
from pathlib import Path

import torch
from huggingface_hub import snapshot_download
from safetensors.torch import load_file

from got_train.foreign_files import read_json, reading
from got_train.hubs import try_hub
from got_train.manifest import check_file
from got_train.report import UserError, counted

WEIGHT_FILES = (
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
)
"""Files with the weights of a folder, the preferred one first; an index names the shards."""

TORCH_SUFFIXES = (".bin", ".pt", ".pth")
NUMBERS = (torch.bfloat16, torch.float16, torch.float32, torch.float64)
"""Types of weights. Others, such as float8, need factors that stand elsewhere."""

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
    try_hub()
    try:
        folder = Path(snapshot_download(source, allow_patterns=wanted))
        if not any(folder.glob("*.safetensors")):
            snapshot_download(source, allow_patterns=["*.bin"])
    except (OSError, ValueError) as error:
        raise UserError(f"no model at {source}: {str(error).splitlines()[0]}") from None
    return folder


def not_finite(tensors: Iterable[tuple[str, torch.Tensor]]) -> str | None:
    """The name of the first tensor with a value that is not finite; None if there is none.

    The least and the largest value tell, NaN among others is both: they are found ten times as fast as
    `isfinite` looks at all, at 17 GB of bfloat16 in a second.
    """
    for name, tensor in tensors:
        if tensor.is_floating_point() and tensor.numel() and not all(map(torch.isfinite, tensor.aminmax())):
            return name
    return None


def read_tensors(source: str) -> dict[str, torch.Tensor]:
    """All tensors of a folder, a hub id or a single file, with the names and types that they have there.

    Raises:
        UserError: if there are no weights, or a file is broken, missing, or holds more than weights.
    """
    path = Path(source)
    if path.is_file():
        return read_file(path)
    if path.suffix in (*TORCH_SUFFIXES, ".safetensors"):
        raise UserError(f"weights {source} do not exist")
    folder = local_folder(source)
    found = [folder / name for name in WEIGHT_FILES if (folder / name).exists()]
    if not found:
        raise UserError(f"{source} holds no weights: none of {', '.join(WEIGHT_FILES)}")
    return _read_shards(found[0]) if found[0].suffix == ".json" else read_file(found[0])


def shards_of(index: Path) -> dict[str, Path]:
    """The file of each tensor that an index names, all of them beside it.

    Raises:
        UserError: if the index is damaged, or names a file elsewhere or one that does not exist.
    """
    places = read_json(index).get("weight_map")
    if not isinstance(places, dict) or not all(isinstance(name, str) for name in places.values()):
        raise UserError(f"{index} has no weight_map of tensors to files")
    if not places:
        raise UserError(f"{index} names no tensors")
    for name in sorted(set(places.values())):
        if Path(name).name != name or "\0" in name:
            raise UserError(f"{index} names {name!r}, which is no file beside it")
        if Path(name).suffix not in (*TORCH_SUFFIXES, ".safetensors") or not (index.parent / name).is_file():
            raise UserError(f"{index} names {name}, which does not exist")
    return {tensor: index.parent / name for tensor, name in places.items()}


def _read_shards(index: Path) -> dict[str, torch.Tensor]:
    places = shards_of(index)
    tensors: dict[str, torch.Tensor] = {}
    for shard in sorted(set(places.values())):
        tensors |= read_file(shard)
    missing = sorted(set(places) - set(tensors))
    if missing:
        number = counted(len(missing), "tensor")
        raise UserError(f"{index}: no shard has {number} that it names: {', '.join(missing[:4])}")
    return tensors


def read_file(file: Path) -> dict[str, torch.Tensor]:
    """The tensors of one file of safetensors or torch.

    Raises:
        UserError: if it is broken, is not what was saved with its checkpoint, or holds more than weights.
    """
    if not file.is_file():
        raise UserError(f"{file} {'is no file' if file.exists() else 'does not exist'}")
    check_file(file)
    if file.suffix == ".safetensors":
        with reading(file):
            return load_file(file)
    with reading(file):
        try:
            loaded = torch.load(file, map_location="cpu", weights_only=True)
        except pickle.UnpicklingError:
            raise UserError(f"{file} {MORE_THAN_WEIGHTS}") from None
    tensors = loaded if isinstance(loaded, dict) else {}
    wrapped = [tensors[key] for key in WRAPPERS if isinstance(tensors.get(key), dict)]
    tensors = wrapped[0] if wrapped else tensors
    found = {name: tensor for name, tensor in tensors.items() if isinstance(tensor, torch.Tensor)}
    odd = [name for name, tensor in found.items() if not isinstance(name, str) or not _is_plain(tensor)]
    if odd:
        raise UserError(f"{file}: {odd[0]} is no plain tensor")
    # Tied tensors share their memory in a torch file; safetensors files do not allow that.
    return {name: tensor.clone() for name, tensor in found.items()}


def _is_plain(tensor: torch.Tensor) -> bool:
    """Whether a tensor has numbers, each in a place of its own: one number can stand for a huge tensor."""
    if tensor.layout != torch.strided or tensor.device.type != "cpu":
        return False
    return tensor.nbytes <= tensor.untyped_storage().nbytes()


def check_numbers(source: str | Path, tensors: dict[str, torch.Tensor]) -> None:
    """Refuses weights of types that stand for no numbers by themselves, and values that are not finite.

    A model with such values answers `!!!` to everything, without an error. All weights that are read for a
    model pass here.

    Raises:
        UserError: with the first such tensor.
    """
    for name, tensor in tensors.items():
        if tensor.dtype not in NUMBERS:
            kind = str(tensor.dtype).removeprefix("torch.")
            allowed = ", ".join(str(dtype).removeprefix("torch.") for dtype in NUMBERS)
            raise UserError(f"{source}: {name} has type {kind}, which is not read: {allowed} are")
    bad = not_finite(tensors.items())
    if bad is not None:
        raise UserError(f"{source}: {bad} is not finite: take an earlier checkpoint, or another model")
