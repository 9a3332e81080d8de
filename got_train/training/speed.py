"""The speed of training between two lines of the log."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch

from got_train.ranks import gather


class SpeedMeter:
    """Measures training in windows: the time since the last log, without evaluations and checkpoints."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        """Makes a meter that `start` starts.

        Args:
            clock: returns the time in seconds.
        """
        self._clock = clock
        self._run_started: float | None = None
        self._first_step = 0
        self._open_window(0)

    def start(self, step: int) -> None:
        """Starts the run after a step, which is 0 unless it resumes; later calls have no effect."""
        if self._run_started is None:
            self._first_step = step
            self._run_started = self._clock()
            self._open_window(step)

    def count(self, tokens: int, samples: int) -> None:
        """Counts a batch of this device."""
        self._tokens += tokens
        self._samples += samples

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Counts the time inside this context as waiting for batches."""
        started = self._clock()
        yield
        self._waited += self._clock() - started

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Leaves the time inside this context out of the window."""
        started = self._clock()
        yield
        self._paused += self._clock() - started

    def figures(self, step: int, last_step: int, device: torch.device) -> dict[str, float]:
        """Ends the window, opens the next one, and returns the figures, mostly with ms-swift's names.

        Args:
            step: the last step that was taken.
            last_step: the last step of the run.
            device: the device that trains.

        Returns:
            Seconds per step; tokens and samples per second over all devices; the share of time spent waiting
            for batches; peak memory so far in GiB. For the whole run, including evaluations and checkpoints:
            seconds since its start, and estimated seconds to its end.
        """
        assert self._run_started is not None
        now = self._clock()
        seconds = now - self._window_started - self._paused
        tokens, samples = (sum(counts) for counts in zip(*gather((self._tokens, self._samples)), strict=True))
        elapsed = now - self._run_started
        figures = {
            "memory(GiB)": round(peak_memory_gib(device), 2),
            "train_speed(s/it)": seconds / max(step - self._window_step, 1),
            "tokens_per_second": tokens / seconds,
            "samples_per_second": samples / seconds,
            "data_wait": self._waited / seconds,
            "elapsed_time": elapsed,
            "remaining_time": elapsed / max(step - self._first_step, 1) * (last_step - step),
        }
        self._open_window(step)
        return figures

    def _open_window(self, step: int) -> None:
        self._window_started = self._clock()
        self._window_step = step
        self._tokens = self._samples = 0
        self._waited = self._paused = 0.0


def peak_memory_gib(device: torch.device) -> float:
    """The peak memory so far in GiB: of the GPU, or of this process if there is no GPU."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**30
    if sys.platform == "win32":  # which has no `resource`
        import psutil

        return float(psutil.Process().memory_info().peak_wset) / 2**30
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**30
