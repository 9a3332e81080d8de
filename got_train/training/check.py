"""The check of all rows before the first step, to which every rank does its share."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch.distributed as dist

from got_train.config import Config
from got_train.data.check import CheckResult, check_rows
from got_train.data.good_rows import GoodRows, encoding_fingerprint
from got_train.data.records import RowError
from got_train.data.sources import RowDataset
from got_train.ranks import rank, say, world_size
from got_train.report import UserError


@dataclass(frozen=True)
class CheckedData:
    """The rows that can be used, sized, and what the check has found out about all."""

    train: RowDataset
    val: RowDataset | None
    kinds: set[str]
    skipped: list[RowError]
    """Bad rows that were left out."""


def check_data(config: Config, train_set: RowDataset, val_set: RowDataset | None) -> CheckedData:
    """Checks training and validation rows.

    Raises:
        UserError: with `data.on_error: raise`, listing every bad row; or if no row of a set is left.
    """
    train_set, result = check_set(config, train_set, "training")
    kinds, skipped = result.kinds, result.errors()
    if val_set is not None:
        val_set, result = check_set(config, val_set, "validation")
        kinds, skipped = kinds | result.kinds, skipped + result.errors()
    return CheckedData(train_set, val_set, kinds, skipped)


def check_set(config: Config, rows: RowDataset, name: str) -> tuple[RowDataset, CheckResult]:
    """The good rows of one set, and the result of its check.

    Raises:
        UserError: as `check_data`.
    """
    workers = int(config.train.arguments.get("dataloader_num_workers", 0))
    known = GoodRows(Path(config.output_dir) / "good_rows" / encoding_fingerprint(rows.encoding))
    mine = rows.distinct[rank() :: world_size()]
    result = check_rows(rows, mine, workers, f"checking {name} rows", known)
    if world_size() > 1:
        results: list[Any] = [None] * world_size()
        dist.all_gather_object(results, result)
        result = CheckResult.joined(results)
    rows = rows.sized(result.sizes)
    if not result.bad:
        return rows, result
    if config.data.on_error == "raise":
        head = f"{len(result.bad)} bad {name} rows ({result.summary()}); data.on_error=skip leaves them out:"
        raise UserError("\n".join([head, *result.lines()]))
    good = rows.without(np.array(sorted(result.bad)))
    if len(good) == 0:
        raise UserError(f"no {name} row is left: {result.summary()}; the first: {result.lines()[0]}")
    say(f"{name} rows: left out {len(rows) - len(good)} of {len(rows)} ({result.summary()})")
    return good, result


def write_rows(run_dir: Path, data: CheckedData) -> None:
    """Leaves the validation rows and what was left out in the run's folder."""
    if data.val is not None:
        lines = "".join(data.val.portable_row(index) + "\n" for index in range(len(data.val)))
        (run_dir / "val_dataset.jsonl").write_text(lines, encoding="utf-8")
    if data.skipped:
        rows = ({"where": bad.where, "cause": bad.cause, "detail": bad.detail} for bad in data.skipped)
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (run_dir / "skipped_rows.jsonl").write_text(text, encoding="utf-8")
