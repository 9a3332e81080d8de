"""Tries the loggers of `train.report_to`, which would fail when the run's folder is there."""

import inspect
import os

from transformers import TrainingArguments
from transformers.integrations import get_reporting_integration_callbacks

from got_train.ranks import rank
from got_train.report import UserError, one_line

WITHOUT_ACCOUNT = ("offline", "disabled", "dryrun")
"""Values of WANDB_MODE for which nobody has to be logged in."""


def check_loggers(arguments: TrainingArguments) -> None:
    """Looks whether the packages of loggers are installed, and whether wandb knows its user.

    Raises:
        UserError: for the first logger that would fail.
    """
    if rank() != 0:
        return
    for name in arguments.report_to:
        for callback in get_reporting_integration_callbacks([name]):
            try:
                callback()
            except (ImportError, RuntimeError) as error:
                raise UserError(f"train.report_to {name}: {one_line(error)}") from error
    if "wandb" in arguments.report_to and os.environ.get("WANDB_MODE") not in WITHOUT_ACCOUNT:
        import wandb

        asks = "prompt" not in inspect.signature(wandb.login).parameters  # as of earlier versions
        if not asks and not wandb.login(prompt=False):
            raise UserError(
                "train.report_to wandb: nobody is logged in: run `wandb login`, or set WANDB_API_KEY, or "
                "WANDB_MODE=offline"
            )
