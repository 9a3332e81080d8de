"""The step plan: the rows of each optimizer step, and their batches on each device.

The rows of a step depend only on the seed, the epoch and the number of the step. The loss of a step is that
of all its tokens: how rows are put into batches changes not the result but the time of a step.
`LengthBalance` puts rows of similar length together, which needs little padding, and gives every batch about
the same work.
"""

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from torch.utils.data import Sampler

from got_train.arguments import accumulation_steps, argument
from got_train.config import Config
from got_train.ranks import world_size


@dataclass(frozen=True)
class LengthBalance:
    """Splits the rows of a step into batches of about the same work."""

    sizes: np.ndarray
    """int32, `(rows, 2)`: tokens and tiles of each row."""
    tile_tokens: float
    """Number of tokens in the decoder that are as much work as one tile in the encoder."""

    def cost(self, rows: np.ndarray) -> float:
        """The work of a batch in tokens: its padded rows, and its tiles as tokens."""
        lengths, tiles = self.sizes[rows].T
        return float(len(rows) * lengths.max() + tiles.sum() * self.tile_tokens)

    def batches_within(self, rows: np.ndarray, budget: float) -> list[np.ndarray]:
        """Cuts rows, sorted from the longest, into batches of at most `budget` tokens of work.

        A single row may be over the budget.
        """
        lengths, tiles = self.sizes[rows].T
        order = np.lexsort((rows, tiles, lengths))[::-1]
        # As lists, because numbers of numpy are slow one by one, and a start looks at all rows of the run.
        longest, extra = lengths[order].tolist(), (tiles[order] * self.tile_tokens).tolist()
        cuts, first, spent = [], 0, 0.0
        for place, more in enumerate(extra):
            spent += more
            if place > first and (place - first + 1) * longest[first] + spent > budget:
                cuts.append(place)
                first, spent = place, more
        return np.split(rows[order], cuts)

    def split_rows(self, rows: np.ndarray, count: int) -> list[np.ndarray]:
        """Exactly `count` batches, sorted from the costliest, whose largest cost is as small as possible."""
        assert count <= len(rows)
        low, high = 0.0, self.cost(rows)
        while high - low > 1:
            middle = (low + high) / 2
            fits = len(self.batches_within(rows, middle)) <= count
            low, high = (low, middle) if fits else (middle, high)
        batches = self.batches_within(rows, high)
        while len(batches) < count:
            largest = max((batch for batch in batches if len(batch) > 1), key=self.cost)
            batches = [batch for batch in batches if batch is not largest]
            batches += np.array_split(largest, 2)
        return sorted(batches, key=self.cost, reverse=True)


@dataclass(frozen=True)
class StepPlan:
    """The steps of a run."""

    num_rows: int
    step_rows: int
    """Rows of a step, over all devices."""
    world_size: int
    seed: int
    balance: LengthBalance | None = None
    """How rows are split into batches; None splits them in their order, the same number in each batch."""
    accumulation: int = 1
    """Batches of a step on each device."""
    drop_last: bool = False
    """Whether an epoch leaves out the rows of an incomplete last step; otherwise rows from the start of the
    epoch complete that step."""
    shuffled: bool = True
    """Whether each epoch has its own random order of rows; otherwise rows keep their order."""

    @cached_property
    def steps_per_epoch(self) -> int:
        """Optimizer steps of an epoch."""
        whole, rest = divmod(self.num_rows, self.step_rows)
        return max(1, whole if self.drop_last else whole + bool(rest))

    def steps(self, epoch: int) -> np.ndarray:
        """int64, `(steps, step_rows)`: the rows of each step of an epoch."""
        order = np.arange(self.num_rows)
        if self.shuffled:
            np.random.default_rng([self.seed, epoch]).shuffle(order)
        return np.resize(order, (self.steps_per_epoch, self.step_rows))

    def batches(self, rows: np.ndarray) -> list[np.ndarray]:
        """The batches of a step: the first batch of each device, then the second of each, and so on."""
        count = self.accumulation * self.world_size
        if self.balance is None:
            return np.split(rows, count)
        return self.balance.split_rows(rows, count)

    def least_accumulation(self, budget: float, num_epochs: float) -> int:
        """The smallest number of batches per device with which no batch of any step is over the budget.

        Args:
            budget: largest cost of a batch in tokens.
            num_epochs: number of epochs of the run.
        """
        assert self.balance is not None
        most = max(
            len(self.balance.batches_within(rows, budget))
            for epoch in range(max(1, math.ceil(num_epochs)))
            for rows in self.steps(epoch)
        )
        return math.ceil(min(most, self.step_rows) / self.world_size)


@dataclass(frozen=True, eq=False)
class StepBatches(Sampler[list[int]]):
    """Batch sampler: the batches of one device in an epoch."""

    plan: StepPlan
    rank: int
    epoch: Callable[[], int]
    """Returns the epoch; called whenever an epoch starts or is resumed."""
    steps_done: Callable[[], int] = lambda: 0
    """Returns how many steps of the epoch are done already; called when `epoch` is."""

    def __len__(self) -> int:
        return self.plan.steps_per_epoch * self.plan.accumulation

    def __iter__(self) -> Iterator[list[int]]:
        # transformers takes as many batches and throws them away: to make them would take milliseconds each.
        done = self.steps_done()
        yield from itertools.repeat([], done * self.plan.accumulation)
        for rows in self.plan.steps(self.epoch())[done:]:
            for batch in self.plan.batches(rows)[self.rank :: self.plan.world_size]:
                yield batch.tolist()


def plan_steps(config: Config, num_rows: int, devices: int | None = None) -> StepPlan:
    """The steps of a run, with rows split in their order.

    Args:
        config: of the run.
        num_rows: rows of an epoch.
        devices: number of devices; default: that of the launch.

    Raises:
        UserError: if `train.global_batch_size` cannot be divided evenly.
    """
    devices = devices or world_size()
    accumulation = accumulation_steps(config, devices)
    size = argument(config, "per_device_train_batch_size")
    data_seed = argument(config, "data_seed")
    return StepPlan(
        num_rows=num_rows,
        step_rows=config.train.global_batch_size or size * accumulation * devices,
        world_size=devices,
        seed=config.seed if data_seed is None else data_seed,
        accumulation=accumulation,
        drop_last=argument(config, "dataloader_drop_last"),
        shuffled=argument(config, "train_sampling_strategy") == "random",
    )


def balance_steps(plan: StepPlan, config: Config, sizes: np.ndarray, tile_tokens: float) -> StepPlan:
    """The plan with the rows of each step in balanced batches of at most `train.tokens_per_batch`.

    Args:
        plan: the plan from `plan_steps`.
        config: the configuration of the run.
        sizes: int32, `(rows, 2)`: tokens and tiles of each training row.
        tile_tokens: see `LengthBalance`.
    """
    budget = config.train.tokens_per_batch
    assert budget is not None
    plan = replace(plan, balance=LengthBalance(sizes, tile_tokens))
    epochs = total_steps(config, plan) / plan.steps_per_epoch
    return replace(plan, accumulation=plan.least_accumulation(budget, epochs))


def total_steps(config: Config, plan: StepPlan) -> int:
    """Optimizer steps of the run."""
    max_steps: int = argument(config, "max_steps")
    if max_steps > 0:
        return max_steps
    return math.ceil(plan.steps_per_epoch * argument(config, "num_train_epochs"))
