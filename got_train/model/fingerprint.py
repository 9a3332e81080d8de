"""Tells the weights of two models apart."""

import torch
import xxhash
from torch import nn


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
