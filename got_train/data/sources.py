"""Chooses the rows of data files that a run uses."""

import functools
import math
import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from got_train.arguments import check_deepspeed
from got_train.config import Config, DataConfig, TrainConfig
from got_train.data.good_rows import NO_KEY, question_key, row_keys
from got_train.data.readers import Source, find_sources, matches, open_rows, open_sources
from got_train.data.record import ReadOptions
from got_train.data.rows import Rows
from got_train.report import UserError, counted, shortened
from got_train.run_folders import (
    VAL_FILE,
    resolve_checkpoint,
)

MAX_CHOSEN = 100_000_000
"""Most rows that a specification may ask for, by repeating them: their numbers take 8 bytes each."""


@dataclass(frozen=True)
class DatasetSpec:
    """All rows of `path`, N rows (`path#N`) or P % of the rows (`path#P%`); `find_sources` reads `path`."""

    sources: tuple[Source, ...]
    number: str = ""
    """`5000` rows, `80%` of them, or nothing for all."""

    @classmethod
    def parse(cls, text: str) -> "DatasetSpec":
        """Reads a specification; a path that exists stands for itself, even with a `#` in it.

        Raises:
            UserError: if there is no such data, a file is of an unknown kind, or the number is not valid.
        """
        path, mark, number = text.rpartition("#")
        if not mark or matches(text):
            return cls(tuple(find_sources(text)))
        sources = tuple(find_sources(path))
        if not re.fullmatch(r"\d+(\.\d+)?%|\d+", number) or float(number.rstrip("%")) == 0:
            raise UserError(f"{text}: after # comes a number of rows such as #5000, or a share such as #80%")
        if len(number) > len(str(MAX_CHOSEN)) or float(number.rstrip("%")) > MAX_CHOSEN:
            raise UserError(
                f"{path}#{shortened(number, 40)}: at most {MAX_CHOSEN:,} rows are chosen of a set"
            )
        return cls(sources, number)

    def count(self, available: int) -> int:
        """How many of `available` rows the specification asks for."""
        if self.number.endswith("%"):
            return max(1, round(available * float(self.number.rstrip("%")) / 100))
        return int(self.number or available)


def choose_rows(available: int, count: int, rng: np.random.Generator) -> np.ndarray:
    """The indexes of `count` rows out of `available`.

    Fewer rows than available are drawn without replacement, as for ms-swift's `#N`, and stay in the order of
    the file. More rows are whole repeats of all of them, and a random rest.
    """
    repeats, rest = divmod(count, available)
    whole = np.tile(np.arange(available), repeats)
    part = np.sort(rng.choice(available, size=rest, replace=False))
    return np.concatenate([whole, part])


@dataclass(frozen=True)
class ChosenRows:
    """The rows of a run."""

    train: Rows
    replay: Rows | None
    """Rows that are mixed into `train`, so that the model does not forget what it has learnt before."""
    val: Rows | None

    @property
    def all_training(self) -> Rows:
        """All rows that are trained on: `train`, then `replay`."""
        return self.train if self.replay is None else self.train.joined(self.replay)

    def kept(self, training: Rows, val: Rows | None) -> "ChosenRows":
        """Those that are left of `all_training` and of `val`, whose bad rows were taken out."""
        first = len(self.train.files)
        is_replay = training.picks[:, 0] >= first
        replay = Rows(training.files[first:], training.picks[is_replay] - [first, 0])
        train = Rows(training.files[:first], training.picks[~is_replay])
        return ChosenRows(train, None if self.replay is None else replay, val)


def look_at_inputs(config: Config) -> None:
    """Looks whether the files and folders of a run can be read, which takes no time and needs no torch.

    Raises:
        UserError: for the first that does not.
    """
    data, model = config.data, config.model
    ordinary = [] if config.eval.ordinary is None else [config.eval.ordinary]
    sets = {"data.train": data.train, "data.val": data.val, "data.replay": data.replay}
    for key, specs in (sets | {"eval.ordinary": ordinary}).items():
        for spec in specs or []:
            try:
                DatasetSpec.parse(spec)
            except UserError as error:
                raise UserError(f"{key}: {error}") from None
    if data.image_root is not None and not Path(data.image_root).is_dir():
        raise UserError(f"data.image_root {data.image_root} is not a folder")
    for path in (model.path, model.init_from) if model.init == "pretrained" else ():
        if path is not None:
            resolve_checkpoint(path)
    if data.val_run is not None:
        try:
            kept_rows(data.val_run)
        except UserError as error:
            raise UserError(f"data.val_run: {str(error).removeprefix('data.val_run ')}") from None
    check_deepspeed(config.train.arguments.get("deepspeed"))
    if config.resume not in (None, "auto") and not Path(config.resume).is_dir():
        raise UserError(
            f"resume: {config.resume} does not exist: give auto, a run folder, or its checkpoint-N"
        )


def choose_run_rows(config: DataConfig, seed: int, training: TrainConfig | None = None) -> ChosenRows:
    """Training and validation rows of a run; validation rows are never split off `replay`.

    Args:
        config: names the sets.
        seed: of the choice.
        training: says what is read of rows besides questions, answers and pictures; default: nothing.

    Raises:
        UserError: for a file that does not exist, or a set that is empty.
    """
    for spec in (*config.train, *(config.val or []), *(config.replay or [])):
        DatasetSpec.parse(spec)  # a misspelt path should not wait until large files are indexed
    rng = np.random.default_rng(seed)
    more = ReadOptions(
        compared=training is not None and training.preference_beta is not None,
        with_regions=training is not None and bool(training.auxiliary_losses.weights),
    )
    options = replace(more, columns=config.columns, query=config.query, image_root=config.image_root)
    train = select_rows(config.train, options, rng, config.weights)
    val, replay = None, None
    if config.val_run is not None:
        val = open_rows(str(kept_rows(config.val_run)), more)
        train = _without(train, val, "training")
    elif config.val is not None:
        val = select_rows(config.val, options, rng)
    elif config.val_ratio > 0:
        train, val = _split(train, config.val_ratio, rng)
    if config.train_ratio < 1:
        train = share_of(train, config.train_ratio, seed)
    if config.replay:
        available = select_rows(config.replay, options, rng)
        if val is not None and config.val_run is not None:
            available = _without(available, val, "replay")
        count = math.ceil(len(train) * config.replay_ratio / (1 - config.replay_ratio))
        replay = available.subset(choose_rows(len(available), count, rng))
    chosen = ChosenRows(train, replay, val)
    check_all_columns(chosen.all_training if val is None else chosen.all_training.joined(val))
    return chosen


def check_all_columns(rows: Rows) -> None:
    """Refuses columns to rename that no row has: they are misspelt, or those of other files.

    Raises:
        UserError: names them.
    """
    if unused := rows.unused_columns():
        names = ", ".join(f"{name} ({name}={ours})" for name, ours in unused.items())
        files = ", ".join(dict.fromkeys(opened.source for opened in rows.files))
        raise UserError(f"data.columns (--columns): no row of {files} has the key {names}: leave it out")


def select_rows(
    specs: list[str], options: ReadOptions, rng: np.random.Generator, weights: list[float] | None = None
) -> Rows:
    """The chosen rows of several sets, one after the other.

    Args:
        specs: what `DatasetSpec.parse` reads.
        options: how rows are read.
        rng: the generator that chooses rows.
        weights: shares of the sets in an epoch; the number of rows of an epoch stays the same. By default an
            epoch has all chosen rows of each set.

    Raises:
        UserError: for a file that does not exist, or a set that is empty.
    """
    if not specs:
        raise UserError("no data: name at least one file, such as data.train=a.jsonl")
    parsed = [DatasetSpec.parse(text) for text in specs]
    sets = [open_sources(spec.sources, options, text) for text, spec in zip(specs, parsed, strict=True)]
    for text, rows in zip(specs, sets, strict=True):
        if len(rows) == 0:
            raise UserError(f"data file {text} has no rows")
    counts = [spec.count(len(rows)) for spec, rows in zip(parsed, sets, strict=True)]
    if weights is not None:
        total = sum(counts)
        counts = [round(total * weight / sum(weights)) for weight in weights]
    chosen = [
        rows.subset(choose_rows(len(rows), count, rng)) for rows, count in zip(sets, counts, strict=True)
    ]
    return functools.reduce(Rows.joined, chosen)


def kept_rows(run: str) -> Path:
    """The file of validation rows that a run, or the run of a checkpoint, has kept.

    Raises:
        UserError: if there is none.
    """
    file = Path(resolve_checkpoint(run)).parent / VAL_FILE
    if not file.is_file():
        raise UserError(f"data.val_run {run}: {file} does not exist, the run kept no validation rows")
    return file


def _without(rows: Rows, val: Rows, name: str) -> Rows:
    """The rows that are not validation rows, nor ask the same of the same images with another answer.

    Raises:
        UserError: if none is left, or a validation row cannot be read, and so not be told from the others.
    """
    apart = row_keys(val, question_key)
    bad = np.flatnonzero(apart == NO_KEY)
    if len(bad) > 0:
        raise UserError(
            f"data.val_run: {counted(len(bad), 'validation row')} cannot be read, the first is "
            f"{val.location(int(bad[0]))}: put its images back where it names them"
        )
    kept = np.flatnonzero(~np.isin(row_keys(rows, question_key), apart))
    if len(kept) == 0:
        raise UserError(f"data.val_run: each of the {name} rows is one of its validation rows")
    return rows.subset(kept)


def share_of(train: Rows, ratio: float, seed: int) -> Rows:
    """A share of the distinct rows with all their repeats; a smaller share is a part of each larger one."""
    order = np.random.default_rng(seed).permutation(train.distinct)
    chosen = order[: max(1, round(len(order) * ratio))]
    return train.subset(np.flatnonzero(train.repeats(chosen)))


def _split(train: Rows, ratio: float, rng: np.random.Generator) -> tuple[Rows, Rows]:
    """Splits rows off for validation; all repeats of a chosen row leave the training rows."""
    distinct = train.distinct
    count = max(1, int(len(distinct) * ratio))
    if count >= len(distinct):
        raise UserError(
            f"{counted(len(distinct), 'row')} cannot be split into training and validation: give data.val, "
            "or set data.val_ratio=0"
        )
    chosen = np.sort(rng.choice(distinct, size=count, replace=False))
    return train.subset(np.flatnonzero(~train.repeats(chosen))), train.subset(chosen)
