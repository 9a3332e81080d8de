"""Ending a run early, so that it can go on: SIGTERM and SIGUSR1, which Slurm and spot machines send first."""

import os
import signal
from pathlib import Path
from types import FrameType
from typing import Any

from transformers import TrainerCallback, TrainerState

from got_train.ranks import any_rank, is_launched
from got_train.run_folders import newest_checkpoint
from got_train.stop_signals import SIGNALS


class StopSignals(TrainerCallback):
    """Saves at the end of the step in which a signal came, and ends the run at it on all ranks."""

    def __init__(self) -> None:
        self.received: signal.Signals | None = None
        self.launcher = os.getppid() if is_launched() else None
        self.has_stopped = False
        """Whether a run has ended before its last step."""
        self._before: dict[int, Any] = {}

    def on_train_begin(self, args: Any, state: TrainerState, control: Any, **kwargs: Any) -> None:
        """From here on a signal does not end the run at once."""
        self._before = {number: signal.signal(number, self._receive) for number in SIGNALS}

    def on_step_end(self, args: Any, state: TrainerState, control: Any, **kwargs: Any) -> None:
        """Asks for a checkpoint and the end, if any rank has received a signal or lost its launcher.

        Without a launcher it would train beside the run that is launched in its place.
        """
        is_left = self.launcher is not None and os.getppid() != self.launcher
        if any_rank(self.received is not None or is_left, args.device):
            self.has_stopped = state.global_step < state.max_steps
            control.should_save = control.should_training_stop = True

    def on_epoch_end(self, args: Any, state: TrainerState, control: Any, **kwargs: Any) -> None:
        """Does not take an epoch that is broken off for one that has ended: to evaluate may take too long."""
        if self.has_stopped and state.epoch is not None and not float(state.epoch).is_integer():
            control.should_evaluate = control.should_save = False

    def on_train_end(self, args: Any, state: TrainerState, control: Any, **kwargs: Any) -> None:
        """A signal ends the run at once again."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _receive(self, number: int, frame: FrameType | None) -> None:
        self.received = signal.Signals(number)


def how_to_go_on(run_dir: Path) -> str:
    """What a run that has ended early has saved, and how it goes on."""
    newest = newest_checkpoint(run_dir)
    if newest is None:
        return f"{run_dir} has no checkpoint yet (train.save_steps): start again"
    return f"go on from {newest} with the same command and resume=auto"
