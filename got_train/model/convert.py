"""The weight-name map: SAM ViT-B in its two layouts to the names of this model's encoder."""

import re
from pathlib import Path

import torch
from safetensors.torch import load_file
from transformers.utils import cached_file

from got_train.report import UserError

ORIGINAL_SAM_NAMES: tuple[tuple[str, str], ...] = (
    (r"patch_embed\.proj\.", "patch_embed.projection."),
    (r"blocks\.(\d+)\.norm([12])\.", r"layers.\1.layer_norm\2."),
    (r"blocks\.(\d+)\.", r"layers.\1."),
    (r"neck\.0\.", "neck.conv1."),
    (r"neck\.1\.", "neck.layer_norm1."),
    (r"neck\.2\.", "neck.conv2."),
    (r"neck\.3\.", "neck.layer_norm2."),
)
"""Names of the authors' SAM, below `image_encoder.`, to transformers' names, below `vision_encoder.`."""


def encoder_state(path: str) -> dict[str, torch.Tensor]:
    """Encoder weights of a SAM checkpoint under this model's names, without the two strided convolutions.

    Args:
        path: a transformers folder or hub id (`facebook/sam-vit-base`), or the original `.pth`.

    Raises:
        UserError: if the file is missing or holds no SAM image encoder.
    """
    tensors = _read(path)
    state = {}
    for name, tensor in tensors.items():
        if name.startswith("vision_encoder."):
            state[f"model.vision_tower.{name.removeprefix('vision_encoder.')}"] = tensor
        elif name.startswith("image_encoder."):
            state[f"model.vision_tower.{transformers_name(name.removeprefix('image_encoder.'))}"] = tensor
    if not state:
        raise UserError(
            f"{path} holds no SAM image encoder: no tensor named vision_encoder.* or image_encoder.*"
        )
    return state


def transformers_name(name: str) -> str:
    """The transformers name of an original SAM encoder tensor.

    >>> transformers_name("blocks.3.norm1.weight")
    'layers.3.layer_norm1.weight'
    """
    for pattern, replacement in ORIGINAL_SAM_NAMES:
        if re.match(pattern, name):
            return re.sub(pattern, replacement, name, count=1)
    return name


def _read(path: str) -> dict[str, torch.Tensor]:
    file = Path(path)
    if file.suffix == ".pth":
        if not file.is_file():
            raise UserError(f"encoder weights {path} do not exist")
        # Weights only: a pickle could run code.
        return dict(torch.load(file, map_location="cpu", weights_only=True))
    try:
        found = cached_file(path, "model.safetensors")
    except OSError as error:
        raise UserError(f"no model.safetensors at {path}: {str(error).splitlines()[0]}") from None
    return load_file(str(found))
