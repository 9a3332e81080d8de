"""Checks all rows of a run before its first step; every rank checks its share."""

import json
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from got_train.arguments import argument
from got_train.config import Config
from got_train.data.check import CheckResult, check_rows, trained_on
from got_train.data.errors import RowError
from got_train.data.good_files import GoodFiles
from got_train.data.good_rows import NO_KEY, GoodRows, sample_fingerprint
from got_train.data.rows import Rows
from got_train.data.samples import SampleEncoder
from got_train.data.sources import ChosenRows
from got_train.files import write_text
from got_train.ranks import barrier, gather, rank, say, world_size
from got_train.report import UserError, counted
from got_train.run_folders import VAL_FILE
from got_train.secrets import masked


@dataclass(frozen=True)
class CheckedSet:
    """The good rows of one set, and the bad rows that were left out."""

    rows: Rows
    sizes: np.ndarray | None
    """int32, `(rows, 2)`: tokens and tiles of each row; None if only a part was checked."""
    keys: np.ndarray | None
    """uint64, `(rows,)`: the `content_key` of each row; None if only a part was checked."""
    kinds: set[str]
    skipped: list[RowError]
    """Bad rows that were left out."""
    seen: np.ndarray
    """int32, `(rows that were checked and are good, 2)`: tokens and tiles of each."""


@dataclass(frozen=True)
class CheckedRows:
    """The good rows of a run."""

    train: CheckedSet
    val: CheckedSet | None

    @property
    def sets(self) -> list[CheckedSet]:
        """Those that there are."""
        return [self.train] if self.val is None else [self.train, self.val]


def check_run_rows(
    config: Config, chosen: ChosenRows, encoder: SampleEncoder, most: int | None = None
) -> CheckedRows:
    """Checks training and validation rows.

    Args:
        config: of the run.
        chosen: its rows.
        encoder: makes its samples.
        most: number of rows of each set to check, and nothing is kept of it, for a dry run; default: all.

    Raises:
        UserError: for bad rows, all of them listed, with `data.on_error: raise`; or if a set has no good row.
    """
    train = check_set(config, chosen.all_training, encoder, "training", most)
    val = None if chosen.val is None else check_set(config, chosen.val, encoder, "validation", most)
    if val is not None and val.keys is not None and train.keys is not None:
        for line in trained_on(train.keys, val.keys):
            say(line)
    return CheckedRows(train, val)


def check_set(
    config: Config, rows: Rows, encoder: SampleEncoder, name: str, most: int | None = None
) -> CheckedSet:
    """The good rows of one set.

    Of more than `most` rows evenly spread ones are checked, and all are given back.

    Raises:
        UserError: for the same reasons as `check_run_rows`.
    """
    whole = most is None or len(rows) <= most
    part = rows if most is None or whole else rows.spread(most)
    result = _check(config, part, encoder, name, remember=most is None)
    for line in result.doubts.lines():
        say(f"{name} rows: {line}")
    if result.bad and config.data.on_error == "raise":
        bad = counted(len(result.bad), f"bad {name} row")
        head = f"{bad} ({result.summary()}); data.on_error=skip leaves out bad rows:"
        raise UserError("\n".join([head, *result.lines()]))
    seen = result.sizes[result.sizes[:, 0] > 0]
    if not whole:
        if result.bad:
            counts = f"{len(result.bad):,} bad of {len(part):,} that were checked"
            say(f"{name} rows: {counts} ({result.summary()})")
        return CheckedSet(rows, None, None, result.kinds, result.errors(), seen)
    numbers = rows.distinct_numbers()
    sizes, keys = result.sizes[numbers], result.keys[numbers]
    if not result.bad:
        return CheckedSet(rows, sizes, keys, result.kinds, [], seen)
    good = np.flatnonzero(~rows.repeats(np.array(sorted(result.bad))))
    if len(good) == 0:
        raise UserError(f"no {name} row is left: {result.summary()}; the first: {result.lines()[0]}")
    say(f"{name} rows: left out {len(rows) - len(good):,} of {len(rows):,} ({result.summary()})")
    return CheckedSet(rows.subset(good), sizes[good], keys[good], result.kinds, result.errors(), seen)


def row_seconds(config: Config) -> float:
    """Longest time that a loader worker may take over a row: before the other ranks stop to wait for it."""
    return float(argument(config, "ddp_timeout")) / 2


def _check(config: Config, rows: Rows, encoder: SampleEncoder, name: str, remember: bool) -> CheckResult:
    """What is known of the distinct rows, which the ranks share out."""
    workers, seconds = argument(config, "dataloader_num_workers"), row_seconds(config)
    description = f"checking {name} rows"
    if not remember:
        mine = rows.distinct[rank() :: world_size()]
        checked = check_rows(rows, mine, encoder, workers, description, row_seconds=seconds)
        return CheckResult.joined(gather(checked))
    folder = Path(config.output_dir) / "good_rows" / sample_fingerprint(encoder)
    files = GoodFiles(folder, rows)
    known = files.known(rows.distinct)
    is_new = known.keys == NO_KEY
    new = rows.distinct[is_new]
    mine = new[rank() :: world_size()]
    good_rows = GoodRows(folder) if len(mine) else None
    checked = check_rows(rows, mine, encoder, workers, description, good_rows, seconds)
    result = CheckResult.joined(gather(checked))
    if rank() == 0:
        files.add(new, result)
    barrier()  # or a rank might look at what is remembered for the next set before it is written
    known.sizes[is_new], known.keys[is_new] = result.sizes, result.keys
    counts = Counter(rows.checked(rows.distinct))
    kinds = known.kinds | result.kinds
    return replace(result, sizes=known.sizes, keys=known.keys, kinds=kinds, checked=counts)


def write_rows(run_dir: Path, rows: CheckedRows) -> None:
    """Writes the validation rows and the faults of skipped rows into the run's folder."""
    if rows.val is not None:
        val = rows.val.rows
        lines = "".join(val.portable_row(index) + "\n" for index in range(len(val)))
        write_text(run_dir / VAL_FILE, lines)
    skipped = [bad for part in rows.sets for bad in part.skipped]
    if skipped:
        faults = ({"location": bad.location, "cause": bad.cause, "detail": bad.detail} for bad in skipped)
        text = "".join(json.dumps(fault, ensure_ascii=False) + "\n" for fault in faults)
        write_text(run_dir / "skipped_rows.jsonl", masked(text))
