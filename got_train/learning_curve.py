"""`got-train curve`: how many rows does a model need? The same run on shares of the rows tells.

All runs read the same held-out rows. Where a model has begun to learn a task, its errors fall about as a
power of the number of rows (Hestness et al., arXiv 1712.00409), which is carried on to twice as many.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from got_train.arguments import argument
from got_train.config import Config
from got_train.config_conflicts import encoder_conflicts
from got_train.data.sources import ChosenRows, choose_run_rows, share_of
from got_train.evaluation.intervals import drawn_counts, interval
from got_train.evaluation.metrics import text_parts
from got_train.evaluation.predictions import read_predictions
from got_train.files import write_text
from got_train.inference.chat import Got
from got_train.inference.predict import is_complete, predict, read_questions
from got_train.pages.curves import ROWS, Line, curve_html
from got_train.pages.template import render
from got_train.ranks import rank, say
from got_train.report import UserError, counted, table
from got_train.run_folders import VAL_FILE
from got_train.training.plan import StepPlan, plan_steps, total_steps
from got_train.training.train import train

SHARES = {"1of8": 1 / 8, "1of4": 1 / 4, "1of2": 1 / 2, "all": 1.0}
"""Shares of the training rows, by what stands at the end of the names of their runs."""
FEWEST_ROWS = 16
"""Of training: of fewer, an eighth is a single row."""
FEW_HELD_OUT_ROWS = 30
"""Fewer held-out rows give intervals that say little."""
MOST_HELD_OUT_ROWS = 256
"""More are not read: evenly spread ones are taken."""
READINGS_FILE = "held_out.jsonl"
"""In the folder of a run, what it reads on the held-out rows."""


@dataclass(frozen=True)
class Point:
    """A run on a share of the rows."""

    share: str
    rows: int
    """Training rows, each counted once."""
    run: str
    """Its folder."""
    cer: float
    low: float
    high: float
    """The ends of its confidence interval over held-out rows."""


@dataclass(frozen=True)
class Foretold:
    """The character error rate (CER) that the curve leads to."""

    rows: int
    cer: float
    low: float
    high: float


@dataclass(frozen=True)
class LearningCurve:
    """Runs on shares of the rows, and where they lead."""

    name: str
    steps: int
    """Optimizer steps of each run."""
    held_out_rows: int
    points: list[Point]
    all_from_less: Foretold
    """What the smaller shares alone foretell for all rows, to be compared with what came."""
    twice: Foretold
    """What all shares foretell for twice as many rows."""


def learning_curve(config: Config) -> LearningCurve:
    """Trains on an eighth, a quarter, half and all of the rows, and writes `output_dir/NAME_curve/`.

    Every run takes as many steps as the one on all rows, so that the curve shows what rows bring and not what
    longer training brings. Features of a frozen encoder are kept from the first run on. The same call goes on
    after an interruption.

    Raises:
        UserError: also for too few rows, none held out, or runs of this name with other settings or rows.
    """
    chosen = chosen_rows(config)
    plan = plan_steps(config, len(chosen.all_training))
    steps = total_steps(config, plan)
    say(f"{len(SHARES)} runs of {counted(steps, 'step')} each; their names begin with {config.name}_")
    in_steps = with_steps(config, plan)
    runs = [train_share(in_steps, share) for share in SHARES]
    files = [read_held_out(run, config) for run in runs]
    counts = [len(share_of(chosen.train, ratio, config.seed).distinct) for ratio in SHARES.values()]
    curve = conclude(config.name, steps, counts, files)
    if rank() == 0:
        folder = Path(config.output_dir) / f"{config.name}_curve"
        write_text(folder / "curve.json", json.dumps(asdict(curve), indent=1) + "\n")
        write_text(folder / "curve.html", page(curve))
        say(f"\n{curve_table(curve)}\n\n{conclusion(curve)}\n\ndrawn in {folder / 'curve.html'}")
    return curve


def chosen_rows(config: Config) -> ChosenRows:
    """The rows of the run on all of them.

    Raises:
        UserError: if they give no curve.
    """
    if config.data.train_ratio < 1:
        raise UserError("curve trains on shares of the rows itself: leave out data.train_ratio")
    chosen = choose_run_rows(config.data, config.seed, config.train)
    number = len(chosen.train.distinct)
    if number < FEWEST_ROWS:
        raise UserError(
            f"curve needs at least {FEWEST_ROWS} training rows, of which an eighth is two: these are {number}"
        )
    if chosen.val is None:
        raise UserError("curve needs held-out rows: set data.val, or data.val_ratio=0.2")
    if len(chosen.val) < FEW_HELD_OUT_ROWS:
        say(
            f"{counted(len(chosen.val), 'held-out row')} will give wide intervals: name more with data.val, "
            "or raise data.val_ratio"
        )
    return chosen


def with_steps(config: Config, plan: StepPlan) -> Config:
    """The configuration with steps in place of epochs, of which a run on fewer rows has more.

    Args:
        config: of the run on all rows.
        plan: of the same run.
    """
    arguments = {**config.train.arguments, "max_steps": total_steps(config, plan)}
    for work in ("logging", "eval", "save"):
        if argument(config, f"{work}_strategy") == "epoch":
            arguments |= {f"{work}_strategy": "steps", f"{work}_steps": plan.steps_per_epoch}
    return replace(config, train=replace(config.train, arguments=arguments))


def train_share(config: Config, share: str) -> Path:
    """The finished run on a share of the rows; an interrupted one goes on.

    Raises:
        UserError: if the runs of this name had other settings.
    """
    cached = replace(config.train, cache_features=True)
    train_config = config.train if any(encoder_conflicts(config.lora, cached)) else cached
    name = f"{config.name}_{share}"
    run_config = replace(
        config,
        name=name,
        resume="auto",
        data=replace(config.data, train_ratio=SHARES[share]),
        train=train_config,
        eval=replace(config.eval, compare_rows=0),
    )
    say(f"\n=== {share} of the rows: {name}")
    try:
        run = train(run_config)
    except UserError as error:
        if not str(error).startswith("resume: a run continues as it began"):
            raise
        raise UserError(
            f"{Path(config.output_dir) / name} holds a run with other settings or rows: give this curve "
            f"another name, such as name={config.name}_2. {error}"
        ) from error
    assert run is not None  # it is no dry run
    return run


def read_held_out(run: Path, config: Config) -> Path:
    """The file of what a run reads on the held-out rows, which are the same for each share."""
    file = run / READINGS_FILE
    if not is_complete(file):  # begun anew, so that no answer depends on where it was interrupted
        got = Got.from_pretrained(run)
        records = read_questions(got, str(run / VAL_FILE))
        places = np.linspace(
            0, len(records), min(MOST_HELD_OUT_ROWS, len(records)), endpoint=False, dtype=int
        )
        predict(got, [records[i] for i in places], file, config.eval.max_new_tokens, config.eval.batch_size)
    return file


def conclude(name: str, steps: int, counts: Sequence[int], files: Sequence[Path]) -> LearningCurve:
    """The character error rates of the shares' readings, and where they lead.

    Args:
        name: of the run that was asked for.
        steps: of each run.
        counts: training rows of each share.
        files: readings of each share, of the same held-out rows.
    """
    parts = np.array(
        [[text_parts(row.answer, row.reference)["cer"] for row in read_predictions(file)] for file in files]
    )
    edits, lengths = parts[:, :, 0], parts[0, :, 1]  # (shares, rows), (rows)
    drawn = np.array([edits @ times / max(times @ lengths, 1.0) for times in drawn_counts(len(lengths))])
    characters = max(lengths.sum(), 1.0)
    rates, least = edits.sum(axis=1) / characters, 0.5 / characters
    points = [
        Point(share, count, str(file.parent), float(rate), *interval(drawn[:, place]))
        for place, (share, count, file, rate) in enumerate(zip(SHARES, counts, files, rates, strict=True))
    ]
    return LearningCurve(
        name,
        steps,
        len(lengths),
        points,
        foretell(counts[:-1], rates[:-1], drawn[:, :-1], counts[-1], least),
        foretell(counts, rates, drawn, 2 * counts[-1], least),
    )


def foretell(
    counts: Sequence[int], rates: np.ndarray, drawn: np.ndarray, rows: int, least: float
) -> Foretold:
    """The rate at another number of rows, by the power of the number of rows that fits best.

    Args:
        counts: rows of each run.
        rates: `(runs,)`: their character error rates.
        drawn: `(resamples, runs)`: the same over held-out rows that were drawn again and again.
        rows: the number of rows that is asked about.
        least: stands for a rate of zero, which has no logarithm: half an error.
    """
    design = np.stack([np.ones(len(counts)), np.log(counts)], axis=1)
    lines = np.linalg.lstsq(design, np.log(np.maximum([rates, *drawn], least)).T, rcond=None)[0]
    expected = np.exp([1.0, np.log(rows)] @ lines)
    return Foretold(rows, float(expected[0]), *interval(expected[1:]))


def curve_table(curve: LearningCurve) -> str:
    """The runs and their rates, as text."""
    return table(HEADER, figures(curve))


HEADER = ["share", "training rows", "CER", "95 % interval", "run"]


def figures(curve: LearningCurve) -> list[list[str]]:
    """A row for each run."""
    return [
        [
            point.share,
            f"{point.rows:,}",
            f"{point.cer:.4f}",
            f"{point.low:.4f} to {point.high:.4f}",
            point.run,
        ]
        for point in curve.points
    ]


def conclusion(curve: LearningCurve) -> str:
    """What a person may take from the curve."""
    known, before, twice = curve.points[-1], curve.all_from_less, curve.twice
    lines = [
        f"{twice.rows:,} rows, twice as many, would bring the CER from {known.cer:.4f} to about "
        f"{twice.cer:.4f} ({twice.low:.4f} to {twice.high:.4f}), if the curve goes on as it has come."
    ]
    came = before.low <= known.high and known.low <= before.high
    lines.append(
        f"The smaller shares alone foretell {before.cer:.4f} ({before.low:.4f} to {before.high:.4f}) for all "
        f"rows; {known.cer:.4f} came, "
        + ("which agrees within the intervals." if came else "so the curve bends: do not rely on it.")
    )
    if twice.high >= known.low:
        lines.append(
            "The gain is not certain: longer training, another rate or rank, or corrected labels may bring "
            "as much."
        )
    lines.append(
        "Intervals are those of the held-out rows; that another seed would train another model is not in "
        "them."
    )
    return " ".join(lines)


def page(curve: LearningCurve) -> str:
    """The curve as a page."""
    points = curve.points
    measured = Line(
        "measured",
        [(point.rows, point.cer) for point in points],
        dashed=False,
        intervals=[(point.rows, point.low, point.high) for point in points],
    )
    last, twice = points[-1], curve.twice
    ahead = Line(
        "foretold",
        [(last.rows, last.cer), (twice.rows, twice.cer)],
        color=1,
        dashed=True,
        intervals=[(twice.rows, twice.low, twice.high)],
    )
    return render(
        "learning_curve.html",
        title=f"Learning curve of {curve.name}",
        curve=curve_html("Character error rate (CER) on held-out rows", [measured, ahead], over=ROWS),
        held_out_rows=curve.held_out_rows,
        steps=curve.steps,
        header=HEADER,
        figures=figures(curve),
        conclusion=conclusion(curve),
    )
