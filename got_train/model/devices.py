"""The devices of this machine, as options name them."""

import torch

from got_train.report import UserError, counted, shortened

MAX_WHY = 200
"""Most characters of what torch says of a device."""


def check_device(name: str) -> None:
    """Refuses a `--device` that this machine lacks.

    Raises:
        UserError: if torch can keep nothing there.
    """
    try:
        device = torch.device(name)
    except RuntimeError:
        raise UserError(f"--device {name} is none: write cpu, cuda, or cuda:1 for the second GPU") from None
    if device.type == "cuda" and (device.index or 0) >= (number := torch.cuda.device_count()):
        last = f": they go up to cuda:{number - 1}" if number else ": write cpu, or leave it out"
        raise UserError(f"--device {name}: torch sees {counted(number, 'GPU')} on this machine{last}")
    try:
        torch.zeros(1, device=device).cpu()
    except (RuntimeError, AssertionError) as error:  # it is of no use, its memory is full, torch lacks it
        why = shortened(str(error).partition("\n")[0], MAX_WHY)
        raise UserError(f"--device {name} cannot be used here ({why}): write cpu, or leave it out") from error
