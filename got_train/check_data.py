"""`got-train check-data`: every bad row of data files, or of the rows that a config trains on."""

import functools
import os
from collections.abc import Mapping, Sequence

import numpy as np

from got_train.config import Config, SampleConfig
from got_train.data.check import check_rows, trained_on
from got_train.data.doubts import DoubtCounts
from got_train.data.record import ReadOptions
from got_train.data.rows import Rows
from got_train.data.samples import SampleEncoder
from got_train.data.sources import check_all_columns, select_rows
from got_train.model.tokenizer import load_tokenizer
from got_train.report import table
from got_train.training.train import prepare
from got_train.vocabulary import TileShape

ROWS_WORTH_WORKERS = 1000
"""Below this many rows, starting processes costs more than it saves."""


def check_config(config: Config) -> bool:
    """Checks the training and validation rows of a config, exactly as `got-train train CONFIG` would.

    Returns:
        Whether all rows are good.

    Raises:
        UserError: for what `got-train train` would refuse.
    """
    prepared = prepare(config)
    chosen = prepared.chosen
    sets = {"data.train": chosen.train, "data.replay": chosen.replay, "data.val": chosen.val}
    return _check({name: rows for name, rows in sets.items() if rows is not None}, prepared.encoder)


def check_files(
    files: Sequence[str],
    columns: Sequence[str],
    query: str | None,
    image_root: str | None,
    max_length: int,
    tokenizer: str,
) -> bool:
    """Checks all rows of data files.

    Args:
        files: what `data.train` takes.
        columns: keys to rename, each as `THEIRS=OURS`.
        query: the query of rows that have none of their own.
        image_root: another folder in which relative image paths are looked up.
        max_length: longest row in tokens.
        tokenizer: folder or hub id that counts tokens.

    Returns:
        Whether all rows are good.

    Raises:
        UserError: for a file that cannot be read.
    """
    options = ReadOptions(dict(pair.split("=") for pair in columns), query, image_root)
    encoder = SampleEncoder(load_tokenizer(tokenizer), SampleConfig(max_length=max_length), TileShape())
    rng = np.random.default_rng(0)
    sets = {file: select_rows([file], options, rng) for file in files}
    check_all_columns(functools.reduce(Rows.joined, sets.values()))
    return _check(sets, encoder)


def _check(sets: Mapping[str, Rows], encoder: SampleEncoder) -> bool:
    """Prints a line for each bad row and for each cause of doubt, and a table of the sets."""
    counts, results = [], {}
    for name, rows in sets.items():
        workers = (os.cpu_count() or 1) if len(rows) > ROWS_WORTH_WORKERS else 0
        results[name] = result = check_rows(rows, rows.distinct, encoder, workers, description=name)
        for line in result.lines():
            print(line)
        counts.append((name, len(rows.distinct), len(result.bad), result.summary() or "-"))
    for line in DoubtCounts.joined([result.doubts for result in results.values()]).lines():
        print(line)
    if "data.val" in results:
        val = results.pop("data.val").keys
        for line in trained_on(np.concatenate([result.keys for result in results.values()]), val):
            print(line)
    print(table(["rows of", "rows", "bad", "causes"], counts))
    return not any(bad for _, _, bad, _ in counts)
