"""`got-train curve`: shares of the rows, what is concluded of them, and the whole of it on small models."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from got_train.cli import main
from got_train.learning_curve import SHARES, Foretold, LearningCurve, Point, conclude, conclusion, foretell
from tests.conftest import HANG_SECONDS, write_rows
from tests.documents import ROOT


def run(*words: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(["curve", *words])
    return int(caught.value.code or 0)


def test_a_power_of_the_number_of_rows_is_found_and_drawn_on() -> None:
    counts = [25, 50, 100, 200]
    rates = 0.8 * np.array(counts) ** -0.5
    ahead = foretell(counts, rates, np.tile(rates, (10, 1)), 400, least=1e-6)
    assert (ahead.rows, ahead.cer) == (400, pytest.approx(0.8 * 400**-0.5))
    assert ahead.low == pytest.approx(ahead.cer) == ahead.high


def test_the_interval_of_what_is_foretold_comes_from_the_drawn_rows() -> None:
    counts = [25, 50, 100, 200]
    rates = np.array([0.4, 0.2, 0.1, 0.05])
    drawn = np.array([rates * factor for factor in np.linspace(0.5, 1.5, 1001)])
    ahead = foretell(counts, rates, drawn, 400, least=1e-6)
    assert (ahead.cer, ahead.low, ahead.high) == pytest.approx((0.025, 0.025 * 0.525, 0.025 * 1.475))


def test_a_rate_of_zero_stands_for_half_an_error() -> None:
    rates = np.array([0.4, 0.2, 0.0])
    same = foretell([1, 2, 4], rates, rates[None], 8, least=0.1)
    assert same == foretell([1, 2, 4], np.array([0.4, 0.2, 0.1]), rates[None], 8, least=0.1)
    assert same.cer == pytest.approx(0.05)


def test_rates_are_those_of_the_readings(tmp_path: Path) -> None:
    files = []
    for place, wrong in enumerate([8, 4, 2, 1]):
        rows = [
            {"query": "q", "labels": "abcd", "response": "abcd" if row >= wrong else "abcx"}
            for row in range(8)
        ]
        (tmp_path / str(place)).mkdir()
        files.append(write_rows(tmp_path / str(place) / "held_out.jsonl", rows))
    curve = conclude("mine", 5, [10, 20, 40, 80], files)
    assert [point.cer for point in curve.points] == [8 / 32, 4 / 32, 2 / 32, 1 / 32]
    assert [point.rows for point in curve.points] == [10, 20, 40, 80]
    assert [point.share for point in curve.points] == ["1of8", "1of4", "1of2", "all"]
    assert (curve.points[0].low, curve.points[0].high) == (0.25, 0.25)  # each row has one error
    assert curve.points[1].low < 4 / 32 < curve.points[1].high
    assert (curve.twice.rows, curve.twice.cer) == (160, pytest.approx(1 / 64))
    assert (curve.all_from_less.rows, curve.all_from_less.cer) == (80, pytest.approx(1 / 32))


def of_rates(
    before: tuple[float, float, float], known: tuple[float, float, float], twice: Any
) -> LearningCurve:
    points = [Point("all", 80, "output/run", *known)]
    return LearningCurve("mine", 5, 8, points, Foretold(80, *before), Foretold(160, *twice))


def test_the_conclusion_says_what_can_be_relied_on() -> None:
    steady = conclusion(of_rates((0.1, 0.08, 0.12), (0.1, 0.09, 0.11), (0.05, 0.04, 0.06)))
    assert steady == (
        "160 rows, twice as many, would bring the CER from 0.1000 to about 0.0500 (0.0400 to 0.0600), if the "
        "curve goes on as it has come. The smaller shares alone foretell 0.1000 (0.0800 to 0.1200) for all "
        "rows; 0.1000 came, which agrees within the intervals. Intervals are those of the held-out rows; "
        "that another seed would train another model is not in them."
    )
    bent = conclusion(of_rates((0.1, 0.09, 0.11), (0.3, 0.25, 0.35), (0.28, 0.2, 0.3)))
    assert "0.3000 came, so the curve bends: do not rely on it." in bent
    assert "The gain is not certain: longer training" in bent


def test_four_runs_are_trained_read_and_drawn_and_the_same_command_goes_on(
    write_config: Callable[..., Path], tmp_path: Path, capsys: Any
) -> None:
    each = {"num_train_epochs": 2, "max_steps": -1, "save_strategy": "epoch", "eval_strategy": "epoch"}
    config = write_config(train=each | {"learning_rates": {"encoder": 0}})
    assert run(str(config)) == 0
    out = capsys.readouterr().out
    assert "4 runs of 10 steps each; their names begin with run_" in out
    assert "4 held-out rows will give wide intervals" in out
    curve = json.loads((tmp_path / "output/run_curve/curve.json").read_text())
    assert [point["rows"] for point in curve["points"]] == [2, 4, 8, 17]
    assert curve["twice"]["rows"] == 34
    seen = set()
    for share in SHARES:
        [folder] = (tmp_path / f"output/run_{share}").iterdir()
        # as often as the run on all rows, which has five steps an epoch
        assert sorted(path.name for path in folder.glob("checkpoint-*")) == ["checkpoint-10", "checkpoint-5"]
        rows = [json.loads(line) for line in (folder / "held_out.jsonl").read_text().splitlines()]
        seen.add(tuple(row["labels"] for row in rows))
        assert len(rows) == 4
    assert len(seen) == 1  # each share reads the same rows
    assert list((tmp_path / "output/features").iterdir())  # of the frozen encoder, for all four
    page = (tmp_path / "output/run_curve/curve.html").read_text()
    assert page.count('<path class="bar') == 5
    assert (
        'aria-label="Character error rate (CER) on held-out rows. measured:' in page and "at 17 rows" in page
    )
    assert run(str(config)) == 0
    again = capsys.readouterr().out
    assert again.count("nothing is left to train") == 4
    assert json.loads((tmp_path / "output/run_curve/curve.json").read_text()) == curve
    assert run(str(config), "train.learning_rate=1e-4") == 2
    error = capsys.readouterr().err
    assert re.search(
        r"run_1of8 holds a run with other settings or rows: give this curve another name, such", error
    )


@pytest.mark.slow
def test_two_processes_share_training_and_reading(write_config: Callable[..., Path], tmp_path: Path) -> None:
    config = write_config(train={"max_steps": 1, "save_steps": 1, "use_cpu": True})
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
    result = subprocess.run(
        [*launch, "-m", "got_train", "curve", config],
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert len(json.loads((tmp_path / "output/run_curve/curve.json").read_text())["points"]) == 4
    for share in SHARES:
        [folder] = (tmp_path / f"output/run_{share}").iterdir()
        assert len((folder / "held_out.jsonl").read_text().splitlines()) == 4
        assert not list(folder.glob("held_out.jsonl.part-*"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["data.val=null", "data.val_ratio=0"],
            "curve needs held-out rows: set data.val, or data.val_ratio=0.2",
        ),
        (
            ["data.train=ROWS#15"],
            "curve needs at least 16 training rows, of which an eighth is two: these are 15",
        ),
        (["data.train_ratio=0.5"], "curve trains on shares of the rows itself: leave out data.train_ratio"),
        (["data.train_ratio=0"], "data.train_ratio 0 must be above 0 and at most 1"),
    ],
)
def test_what_gives_no_curve_is_refused(
    write_config: Callable[..., Path], rows_file: Path, words: list[str], message: str, capsys: Any
) -> None:
    words = [word.replace("ROWS", str(rows_file)) for word in words]
    assert run(str(write_config()), *words) == 2
    assert message in capsys.readouterr().err
