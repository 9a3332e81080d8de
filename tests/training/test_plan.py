from dataclasses import replace

import numpy as np
import pytest
from torch.utils.data import DataLoader

from got_train.training.plan import LengthBalance, StepBatches, StepPlan


def stage_two_sizes(rows: int = 4096) -> np.ndarray:
    """Tokens and tiles as stage 2 has them: many formulas and lines, some pages, one tile each."""
    rng = np.random.default_rng(0)
    short = 256 + rng.lognormal(4.3, 0.6, size=rows)
    pages = 256 + rng.lognormal(6.6, 0.5, size=rows)
    lengths = np.where(rng.random(rows) < 0.75, short, pages).clip(280, 6000)
    return np.stack([lengths, np.ones(rows)], axis=1).astype(np.int32)


PLAN = StepPlan(num_rows=10, step_rows=4, world_size=2, seed=1, accumulation=2)


def test_rows_of_a_step_follow_from_seed_and_epoch() -> None:
    steps = [rows.tolist() for rows in PLAN.steps(0)]
    assert steps == [rows.tolist() for rows in PLAN.steps(0)]
    assert steps != [rows.tolist() for rows in PLAN.steps(1)]
    assert steps != [rows.tolist() for rows in replace(PLAN, seed=2).steps(0)]
    # Nor do they depend on who computes them.
    assert steps == [rows.tolist() for rows in replace(PLAN, world_size=1, accumulation=1).steps(0)]


def test_rows_can_come_as_they_stand() -> None:
    plan = replace(PLAN, shuffled=False)
    assert [rows.tolist() for rows in plan.steps(5)] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 0, 1]]


def test_an_epoch_takes_every_row_and_fills_its_last_step_up_from_its_start() -> None:
    taken = np.concatenate(list(PLAN.steps(0))).tolist()
    assert len(taken) == 12 and sorted(taken[:10]) == list(range(10)) and taken[10:] == taken[:2]
    without = np.concatenate(list(replace(PLAN, drop_last=True).steps(0))).tolist()
    assert without == taken[:8]


def test_fewer_rows_than_a_step_has_are_repeated() -> None:
    (rows,) = replace(PLAN, num_rows=3, drop_last=True).steps(0)
    assert len(rows) == 4 and set(rows) == {0, 1, 2}


def test_ranks_take_the_batches_of_a_step_in_turn() -> None:
    loaders = [list(StepBatches(PLAN, rank, lambda: 3)) for rank in (0, 1)]
    assert [len(loader) for loader in loaders] == [6, 6] == [len(StepBatches(PLAN, 0, lambda: 3))] * 2
    for step, rows in enumerate(PLAN.steps(3)):
        turns = [
            loaders[0][2 * step],
            loaders[1][2 * step],
            loaders[0][2 * step + 1],
            loaders[1][2 * step + 1],
        ]
        assert sum(turns, []) == rows.tolist()


def test_the_epoch_is_asked_for_whenever_one_starts() -> None:
    epochs = iter([0, 1])
    batches = StepBatches(PLAN, 0, lambda: next(epochs))
    first, second = (
        [batch.tolist() for batch in DataLoader(range(10), batch_sampler=batches)]
        for _ in range(2)  # type: ignore[arg-type]
    )
    assert first != second


def test_steps_that_are_done_are_not_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    batches = StepPlan.batches
    monkeypatch.setattr(StepPlan, "batches", lambda plan, rows: made.append(1) or batches(plan, rows))
    whole = list(StepBatches(PLAN, 1, lambda: 3))
    made.clear()
    resumed = list(StepBatches(PLAN, 1, lambda: 3, lambda: 2))
    assert len(made) == 1
    assert resumed == [[], [], [], [], *whole[4:]]


@pytest.mark.parametrize("world_size", [1, 8])
@pytest.mark.parametrize("budget", [8192, 16384])
def test_batches_of_like_length_are_within_the_budget(world_size: int, budget: int) -> None:
    sizes = stage_two_sizes()
    plan = StepPlan(len(sizes), 128, world_size, seed=0, balance=LengthBalance(sizes, tile_tokens=1528))
    plan = replace(plan, accumulation=plan.least_accumulation(budget, num_epochs=2))
    padded = idle = work = 0.0
    for rows in plan.steps(1):
        batches = plan.batches(rows)
        assert len(batches) == plan.accumulation * world_size
        assert sorted(np.concatenate(batches)) == sorted(rows)
        costs = [plan.balance.cost(batch) for batch in batches]  # type: ignore[union-attr]
        assert max(costs) <= budget
        padded += sum(len(batch) * sizes[batch, 0].max() for batch in batches)
        slowest = [max(costs[turn : turn + world_size]) for turn in range(0, len(costs), world_size)]
        idle += sum(slowest) * world_size - sum(costs)
        work += sum(costs)
    used = sum(sizes[rows, 0].sum() for rows in plan.steps(1))
    assert 1 - used / padded < (0.05 if budget == 8192 else 0.07)  # padding
    assert idle / work < (0.1 if world_size > 1 else 1e-9)  # ranks that wait for the slowest


def test_one_batch_less_would_go_over_the_budget() -> None:
    sizes = stage_two_sizes(512)
    balance = LengthBalance(sizes, tile_tokens=0)
    plan = StepPlan(len(sizes), 128, 1, seed=0, balance=balance)
    least = plan.least_accumulation(8192, num_epochs=1)
    dearest = [
        max(map(balance.cost, replace(plan, accumulation=count).batches(rows)))
        for count in (least, least - 1)
        for rows in plan.steps(0)
    ]
    assert max(dearest[: len(dearest) // 2]) <= 8192 < max(dearest[len(dearest) // 2 :])


def test_a_row_longer_than_the_budget_is_a_batch_of_its_own() -> None:
    sizes = np.array([[10, 0], [90, 0], [10, 0], [12, 0]], dtype=np.int32)
    batches = LengthBalance(sizes, 0).batches_within(np.arange(4), budget=36)
    assert [batch.tolist() for batch in batches] == [[1], [3, 2, 0]]


def test_tiles_are_work_too() -> None:
    sizes = np.array([[20, 1], [20, 0], [20, 3], [20, 0]], dtype=np.int32)
    batches = LengthBalance(sizes, tile_tokens=100).split_rows(np.arange(4), 2)
    assert [sorted(batch.tolist()) for batch in batches] == [[2], [0, 1, 3]]
