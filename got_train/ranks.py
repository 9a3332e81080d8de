"""Which process of a launch this one is: torchrun and deepspeed say so in the environment."""

import os


def is_launched() -> bool:
    """Whether a launcher started this process."""
    return "RANK" in os.environ


def rank() -> int:
    """Number of this process, from 0."""
    return int(os.environ.get("RANK", 0))


def world_size() -> int:
    """Number of processes; 1 without a launcher."""
    return int(os.environ.get("WORLD_SIZE", 1))


def say(text: str) -> None:
    """Prints once, whatever the number of processes."""
    if rank() == 0:
        print(text, flush=True)
