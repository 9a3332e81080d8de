"""Curves, facts and settings of runs, as the page shows them."""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from statistics import median
from typing import Any

from markupsafe import Markup

from got_train.board.runs import MAX_VALUE_CHARACTERS, Run, numbers
from got_train.config import GROUPS, SCORES
from got_train.pages.curves import Line, curve_html, is_drawn, number
from got_train.report import counted, shortened

MAX_COMPARED = 100
"""Most scores before and after fine-tuning."""
MAX_KIND_CHARACTERS = 100
MAX_KINDS = 24
"""Most kinds of rows whose losses are drawn."""

LOSS, HELD_OUT_LOSS = "loss", "eval_loss"

TITLES = {
    "eval_cer": "Character error rate (CER)",
    "eval_edit_distance": "Edit distance, of the longer text",
    "eval_exact_match": "Share of rows read without an error",
    "eval_repetition": "Share of answers that end in a loop",
    "eval_picture_gain": "What the pictures tell (nats a token)",
    "learning_rate": "Learning rate",
    "grad_norm": "Norm of the gradient",
    **{f"grad_norm_{group}": f"Norm of the gradient of the {group}" for group in GROUPS},
    "tokens_per_second": "Tokens a second",
    "memory(GiB)": "Peak memory (GiB)",
    "data_wait": "Share of the time spent waiting for data",
}
SECTIONS = {
    "Scores at each evaluation": (*(f"eval_{name}" for name in SCORES), "eval_picture_gain"),
    "Learning rate and gradient": ("learning_rate", "grad_norm", *(f"grad_norm_{name}" for name in GROUPS)),
    "Speed and memory": ("tokens_per_second", "memory(GiB)", "data_wait"),
}
"""Curves beside the losses, by the titles of their sections."""

LOSSES = "Losses"
FIRST = (LOSSES, next(iter(SECTIONS)))
"""The sections that come before the pictures."""

BATCH_KEYS = {
    "samples": "global_batch_size",
    "tokens": "tokens_per_batch",
    "samples a device": "per_device_train_batch_size",
}
"""Keys of `train` that say how large a batch is, by what each counts."""


def curve_sections(runs: Sequence[Run]) -> Iterator[tuple[str, list[Markup], str]]:
    """The sections of curves that the logs of runs have: title, curves, and what is left out."""
    suffixes = {
        name.removeprefix("eval_").removeprefix(LOSS)
        for run in runs
        for name in run.log.values
        if name.startswith((f"{LOSS}_", f"{HELD_OUT_LOSS}_")) or name in (LOSS, HELD_OUT_LOSS)
    }
    shown = sorted(suffixes)[: MAX_KINDS + 1]  # the whole loss, whose suffix is empty, comes first
    losses = [loss_curve(runs, suffix) for suffix in shown]
    left_out = (
        f"{len(suffixes) - len(shown):,} more kinds are not drawn." if len(suffixes) > len(shown) else ""
    )
    if losses:
        yield LOSSES, losses, left_out
    for title, names in SECTIONS.items():
        curves = [value_curve(runs, name) for name in names if any(name in run.log.values for run in runs)]
        if curves:
            yield title, curves, ""


def loss_curve(runs: Sequence[Run], suffix: str) -> Markup:
    """The losses of one kind of rows, or of all, in training and on held-out rows."""
    lines = []
    for place, run in enumerate(runs):
        several = len(runs) > 1
        names = {"training": f"{LOSS}{suffix}", "held out": f"{HELD_OUT_LOSS}{suffix}"}
        given = {label: points for label, name in names.items() if (points := points_of(run, name))}
        for label, points in given.items():
            dashed = label == "held out"
            lines.append(
                Line(
                    f"{run.letter} {label}" if several else label,
                    points,
                    color=place if several else int(dashed),
                    dashed=dashed,
                    letter=run.letter if several and label == next(iter(given)) else "",
                )
            )
    kind = shortened(suffix.removeprefix("_"), MAX_KIND_CHARACTERS)
    return curve_html(f"Loss of {kind}" if kind else "Loss", lines, may_be_log=True)


def value_curve(runs: Sequence[Run], name: str) -> Markup:
    """One number of the log; those of evaluations have dots, as few are made."""
    several, dashed = len(runs) > 1, name.startswith("eval_")
    lines = [
        Line(run.letter if several else "value", points, place, dashed, run.letter if several else "")
        for place, run in enumerate(runs)
        if (points := points_of(run, name))
    ]
    return curve_html(TITLES[name], lines)


def points_of(run: Run, name: str) -> list[tuple[int, float]]:
    """What was logged under a name."""
    return list(run.log.values.get(name, {}).items())


def facts(runs: Sequence[Run]) -> list[list[str]]:
    """What the runs were: a row for each fact, with a column for each run."""
    known: dict[str, Callable[[Run], str]] = {
        "folder": lambda run: str(run.folder),
        "state": state,
        "starts from": starts_from,
        "trains": trains,
        "parameters": lambda run: "" if run.parameters is None else f"{run.parameters:,}",
        "training rows": lambda run: rows_of(run, "training", "data.train"),
        "held-out rows": lambda run: rows_of(run, "validation", "data.val"),
        "learning rate": learning_rates,
        "batch": batch,
        "loss": lambda run: course(run, LOSS),
        "held-out loss": lambda run: course(run, HELD_OUT_LOSS),
        "CER": lambda run: course(run, "eval_cer"),
        "tokens a second, median": lambda run: summarised(run, "tokens_per_second", median),
        "peak memory (GiB)": lambda run: summarised(run, "memory(GiB)", max),
        "time of training": duration,
        "made with": made_with,
    }
    rows = [[name, *(tell(run) or "–" for run in runs)] for name, tell in known.items()]
    return [row for row in rows if set(row[1:]) != {"–"}]


def state(run: Run) -> str:
    """How far a run has come."""
    log = run.log
    if not log.max_steps:
        return "nothing was logged"
    if log.has_ended and log.step == log.max_steps:
        return f"finished after {counted(log.step, 'step')}"
    return f"{'ended early' if log.has_ended else 'not finished'}: step {log.step:,} of {log.max_steps:,}"


def starts_from(run: Run) -> str:
    """The weights that a run began with."""
    given = run.settings.get
    parts = {"": "model.path", "encoder of ": "model.init_from", "encoder ": "model.encoder.path"}
    parts["decoder "] = "model.decoder.path"
    named = [f"{what}{path}" for what, key in parts.items() if (path := given(key, "null")) != "null"]
    random = "random weights" if "model.init" in run.settings else ""
    return random if given("model.init") == "random" else ", ".join(named) or random


def trains(run: Run) -> str:
    """Which weights a run trains."""
    given = run.settings.get
    if given("lora.enabled") == "true":
        return f"adapters of rank {given('lora.rank')} in {given('lora.modules')}"
    frozen = [group for group, rate in group_rates(run).items() if rate in ("0", "0.0")]
    whole = "all weights" if "lora.enabled" in run.settings else ""
    return f"all weights but those of {', '.join(frozen)}" if frozen else whole


def learning_rates(run: Run) -> str:
    """The highest rate, and those of module groups that have their own."""
    rates = {"": run.settings.get("train.learning_rate", ""), **group_rates(run)}
    return ", ".join(f"{group} {rate}".strip() for group, rate in rates.items() if rate)


def group_rates(run: Run) -> dict[str, str]:
    """The learning rates of module groups that do not follow the run's."""
    prefix = "train.learning_rates."
    return {
        key.removeprefix(prefix): value
        for key, value in run.settings.items()
        if key.startswith(prefix) and value != "null"
    }


def rows_of(run: Run, name: str, key: str) -> str:
    """How many rows a set has, and where they come from."""
    known, named = run.rows.get(name), run.settings.get(key, "null")
    return ": ".join([*([f"{known:,}"] if known is not None else []), *([named] if named != "null" else [])])


def batch(run: Run) -> str:
    """How large a batch is."""
    given = {unit: run.settings.get(f"train.{key}", "null") for unit, key in BATCH_KEYS.items()}
    return ", ".join(f"{size} {unit}" for unit, size in given.items() if size != "null")


def course(run: Run, name: str) -> str:
    """The first, the last and the lowest of values."""
    values = [value for value in run.log.values.get(name, {}).values() if is_drawn(value)]
    if len(values) < 2:
        return "".join(map(number, values))
    return f"{number(values[0])} → {number(values[-1])}, lowest {number(min(values))}"


def summarised(run: Run, name: str, choose: Callable[[list[float]], float]) -> str:
    """One number for all that was logged under a name."""
    values = [value for value in run.log.values.get(name, {}).values() if is_drawn(value)]
    return number(choose(values)) if values else ""


def duration(run: Run) -> str:
    """The time of training: a run that goes on begins to count anew, and its parts are added."""
    times = [value for value in run.log.values.get("elapsed_time", {}).values() if is_drawn(value)]
    ends = [time for time, following in pairwise([*times, 0.0]) if following < time]
    return in_words(sum(ends)) if ends else ""


def in_words(seconds: float) -> str:
    """A time in the two units that say most.

    >>> in_words(75.2), in_words(7260), in_words(3.21)
    ('1 min 15 s', '2 h 1 min', '3.2 s')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60:,} h {minutes % 60} min"


def made_with(run: Run) -> str:
    """The versions of the packages by which a run has computed."""
    packages = run.versions.get("packages")
    versions = packages if isinstance(packages, dict) else {}
    named = [
        f"{name} {versions[name]}" for name in ("got-train", "torch", "transformers") if name in versions
    ]
    commit = run.versions.get("commit")
    return shortened(", ".join([*named, *([f"commit {commit}"] if commit else [])]), MAX_VALUE_CHARACTERS)


def differing(runs: Sequence[Run]) -> list[list[str]]:
    """The settings that not all runs have alike, a column for each run."""
    known = [run for run in runs if run.settings]
    names = dict.fromkeys(name for run in known for name in run.settings)
    rows = [[name, *(run.settings.get(name, "–") for run in runs)] for name in names]
    return [row for row in rows if len({run.settings.get(row[0], "–") for run in known}) > 1]


def comparison_rows(run: Run) -> list[list[str]]:
    """The scores before and after fine-tuning: set of rows and score, before, after."""
    rows = []
    for name, scores in run.comparison.items():
        before, after = (_scores(scores, when) for when in ("before", "after"))
        both = [score for score in before if score in after]
        rows += [[f"{name}: {score}", number(before[score]), number(after[score])] for score in both]
    return rows[:MAX_COMPARED]


def _scores(scores: Any, when: str) -> dict[str, float]:
    found = scores.get(when) if isinstance(scores, dict) else None
    return dict(numbers(found)) if isinstance(found, dict) else {}
