"""Chance that many kinds need."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

Choice = TypeVar("Choice")


def one_of(rng: np.random.Generator, choices: Sequence[Choice]) -> Choice:
    """One of some things, each as likely as the others."""
    return choices[int(rng.integers(len(choices)))]
