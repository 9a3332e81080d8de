"""The rows of a run: all of them are checked before the first step, and every rank does its share."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from got_train.arguments import argument
from got_train.config import Config
from got_train.data.check import CheckResult, check_rows
from got_train.data.errors import RowError
from got_train.data.good_rows import GoodRows, sample_fingerprint
from got_train.data.rows import Rows
from got_train.data.samples import SampleEncoder
from got_train.data.sources import ChosenRows
from got_train.ranks import gather, rank, say, world_size
from got_train.report import UserError


@dataclass(frozen=True)
class CheckedRows:
    """The rows of a run that can be used, and what is known of them."""

    train: Rows
    sizes: np.ndarray | None
    """int32, `(training rows, 2)`: tokens and tiles of each; None where nothing was checked."""
    val: Rows | None
    kinds: set[str]
    skipped: list[RowError]
    """Bad rows that were left out."""

    @classmethod
    def unchecked(cls, chosen: ChosenRows) -> "CheckedRows":
        """The rows of a dry run."""
        return cls(chosen.all_training, None, chosen.val, set(), [])


def check_run_rows(config: Config, chosen: ChosenRows, encoder: SampleEncoder) -> CheckedRows:
    """Checks training and validation rows.

    Raises:
        UserError: with `data.on_error: raise`, listing every bad row; or if no row of a set is left.
    """
    train, result, sizes = check_set(config, chosen.all_training, encoder, "training")
    val, kinds, skipped = None, result.kinds, result.errors()
    if chosen.val is not None:
        val, result, _ = check_set(config, chosen.val, encoder, "validation")
        kinds, skipped = kinds | result.kinds, skipped + result.errors()
    return CheckedRows(train, sizes, val, kinds, skipped)


def check_set(
    config: Config, rows: Rows, encoder: SampleEncoder, name: str
) -> tuple[Rows, CheckResult, np.ndarray]:
    """The good rows of one set, the result of its check, and the sizes of the good rows.

    Raises:
        UserError: as `check_run_rows`.
    """
    workers = argument(config, "dataloader_num_workers")
    known = GoodRows(Path(config.output_dir) / "good_rows" / sample_fingerprint(encoder))
    mine = rows.distinct[rank() :: world_size()]
    result = CheckResult.joined(
        gather(check_rows(rows, mine, encoder, workers, f"checking {name} rows", known))
    )
    sizes = result.sizes[rows.distinct_number]
    if not result.bad:
        return rows, result, sizes
    if config.data.on_error == "raise":
        head = f"{len(result.bad)} bad {name} rows ({result.summary()}); data.on_error=skip leaves them out:"
        raise UserError("\n".join([head, *result.lines()]))
    good = np.flatnonzero(~rows.repeats(np.array(sorted(result.bad))))
    if len(good) == 0:
        raise UserError(f"no {name} row is left: {result.summary()}; the first: {result.lines()[0]}")
    say(f"{name} rows: left out {len(rows) - len(good)} of {len(rows)} ({result.summary()})")
    return rows.subset(good), result, sizes[good]


def write_rows(run_dir: Path, rows: CheckedRows) -> None:
    """Leaves the validation rows and what was left out in the run's folder."""
    if rows.val is not None:
        lines = "".join(rows.val.portable_row(index) + "\n" for index in range(len(rows.val)))
        (run_dir / "val_dataset.jsonl").write_text(lines, encoding="utf-8")
    if rows.skipped:
        faults = ({"where": bad.where, "cause": bad.cause, "detail": bad.detail} for bad in rows.skipped)
        text = "".join(json.dumps(fault, ensure_ascii=False) + "\n" for fault in faults)
        (run_dir / "skipped_rows.jsonl").write_text(text, encoding="utf-8")
