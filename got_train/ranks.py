"""The processes of a launch. torchrun and deepspeed tell each process its rank in environment variables.

torch is imported inside the functions that need it: many commands run as one process without torch.
"""

import os
import sys
from datetime import timedelta
from typing import Any

from got_train.report import printable
from got_train.stop_signals import killed_by_signals


def is_launched() -> bool:
    """Whether a launcher started this process."""
    return "RANK" in os.environ


def rank() -> int:
    """The number of this process, from 0."""
    return int(os.environ.get("RANK", 0))


def world_size() -> int:
    """The number of processes; 1 without a launcher."""
    return int(os.environ.get("WORLD_SIZE", 1))


def say(text: str) -> None:
    """Prints once, whatever the number of processes."""
    if rank() == 0:
        print("\n".join(map(printable, text.split("\n"))), flush=True)


def open_process_group(backend: str | None, timeout: timedelta) -> None:
    """Connects the processes of a launch; one process alone needs no group.

    Args:
        backend: name of torch's backend; by default that of the accelerator: nccl for GPUs, gloo for CPUs.
        timeout: longest time that a process waits for the others.
    """
    import torch
    import torch.distributed as dist

    if not is_launched() or dist.is_initialized():
        return
    accelerator = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    if accelerator is not None:
        torch.accelerator.set_device_index(int(os.environ.get("LOCAL_RANK", 0)))
    device = "cpu" if accelerator is None else accelerator.type
    with killed_by_signals():
        dist.init_process_group(backend or dist.get_default_backend_for_device(device), timeout=timeout)


def has_process_group() -> bool:
    """Whether `open_process_group` has connected this process with others."""
    distributed = sys.modules.get("torch.distributed")
    return distributed is not None and distributed.is_initialized()


def gather(value: Any) -> list[Any]:
    """The values of all processes, ordered by rank; every process gets the whole list."""
    if not has_process_group():
        return [value]
    import torch.distributed as dist

    values: list[Any] = [None] * world_size()
    dist.all_gather_object(values, value)
    return values


def any_rank(flag: bool, device: Any) -> bool:
    """Whether the flag of any process is set; `device` is the one that this process trains on."""
    if not has_process_group():
        return flag
    import torch
    import torch.distributed as dist

    flags = torch.tensor(flag, dtype=torch.uint8, device=device)
    dist.all_reduce(flags, dist.ReduceOp.MAX)
    return bool(flags)


def barrier() -> None:
    """Waits until all processes have come to this call."""
    if has_process_group():
        import torch.distributed as dist

        dist.barrier()
