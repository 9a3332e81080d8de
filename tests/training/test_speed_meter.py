import pytest
import torch

from got_train.training.speed import SpeedMeter

CPU = torch.device("cpu")


class Clock:
    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def train(meter: SpeedMeter, clock: Clock, steps: int, seconds: float) -> None:
    """Steps of ten tokens and two samples, which wait for their batch for a quarter of the time."""
    for _ in range(steps):
        with meter.waiting():
            clock.seconds += seconds / 4
        clock.seconds += seconds * 3 / 4
        meter.count(tokens=10, samples=2)


def test_a_window_has_its_own_speed_and_shows_a_slowdown() -> None:
    clock = Clock()
    meter = SpeedMeter(clock)
    clock.seconds += 50  # before the first step: nothing of the run
    meter.start(step=0)
    train(meter, clock, steps=4, seconds=1)
    fast = meter.figures(step=4, last_step=8, device=CPU)
    train(meter, clock, steps=2, seconds=10)
    slow = meter.figures(step=6, last_step=8, device=CPU)
    assert (fast["train_speed(s/it)"], slow["train_speed(s/it)"]) == (1, 10)
    assert (fast["tokens_per_second"], slow["tokens_per_second"]) == (10, 1)
    assert (fast["samples_per_second"], slow["samples_per_second"]) == (2, 0.2)
    assert fast["data_wait"] == slow["data_wait"] == pytest.approx(0.25)
    assert (slow["elapsed_time"], slow["remaining_time"]) == (24, 8)
    assert slow["memory(GiB)"] > 0


def test_evaluating_and_saving_are_not_training() -> None:
    clock = Clock()
    meter = SpeedMeter(clock)
    meter.start(step=10)  # a run that resumes
    meter.start(step=11)
    train(meter, clock, steps=1, seconds=2)
    with meter.paused():
        clock.seconds += 1000
    train(meter, clock, steps=1, seconds=2)
    figures = meter.figures(step=12, last_step=14, device=CPU)
    assert figures["train_speed(s/it)"] == 2
    assert figures["tokens_per_second"] == 5
    # They do take time, of which the estimate tells.
    assert (figures["elapsed_time"], figures["remaining_time"]) == (1004, 1004)
