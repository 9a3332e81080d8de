"""What fine-tuning has brought, and what it has cost: the model before and after, on the same rows."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import numpy as np
from peft import PeftModel

from data_engines.engines import lines
from data_engines.options import Range
from data_engines.run import generate as draw_rows
from got_train.config import Config
from got_train.data.encode import Encoding
from got_train.data.sources import RowDataset, select_rows
from got_train.evaluation.metrics import text_metrics
from got_train.model.loading import build_model
from got_train.report import table
from got_train.training.trainer import GotTrainer

FILE = "comparison.json"
METRICS = ("cer", "exact_match", "repetition")

Comparison = dict[str, dict[str, dict[str, float]]]
"""For each set of rows, for the model `before` and `after` training, its scores."""


def compare(
    trainer: GotTrainer, config: Config, encoding: Encoding, val_set: RowDataset | None
) -> Comparison:
    """Scores of the model before and after training, on validation rows and on ordinary ones.

    Every rank reads its share; what comes back is the same on all.
    """
    with _ordinary_rows(config, encoding) as ordinary:
        sets = {"ordinary OCR": ordinary} | ({} if val_set is None else {"validation": val_set})
        pairs = {
            name: {"after": trainer.read_rows(rows, config.eval.compare_rows)} for name, rows in sets.items()
        }
        with _before_training(trainer, config):
            for name, rows in sets.items():
                pairs[name]["before"] = trainer.read_rows(rows, config.eval.compare_rows)
    return {
        name: {when: text_metrics(*zip(*read[when], strict=True)) for when in ("before", "after")}
        for name, read in pairs.items()
    }


@contextmanager
def _before_training(trainer: GotTrainer, config: Config) -> Iterator[None]:
    """Puts the model as it was before the first step in the trained one's place."""
    trained = trainer.model
    if isinstance(trained, PeftModel):
        with trained.disable_adapter():
            yield
        return
    assert trained is not None
    base, _, _ = build_model(config.model, config.data.max_length, config.seed)
    try:
        trainer.model = base.to(trainer.args.device)
        yield
    finally:
        trainer.model = trained


@contextmanager
def _ordinary_rows(config: Config, encoding: Encoding) -> Iterator[RowDataset]:
    """The rows that the configuration names, or lines of text drawn for this, the same ones every time."""
    rng = np.random.default_rng(config.seed)
    with tempfile.TemporaryDirectory() if config.eval.ordinary is None else nullcontext() as folder:
        if folder is not None:
            options = lines.Options(language="en", width=640, height=256, lines=Range(1, 4))
            draw_rows("lines", options, count=config.eval.compare_rows, output=Path(folder) / "lines")
        yield select_rows([config.eval.ordinary or f"{folder}/lines"], encoding, rng)


def comparison_table(comparison: Comparison) -> str:
    """The scores for a person to read."""
    rows = [
        [name, metric, scores["before"][metric], scores["after"][metric]]
        for name, scores in comparison.items()
        for metric in METRICS
    ]
    return table(["rows", "score", "before", "after"], rows)


def write_comparison(comparison: Comparison, run_dir: Path) -> None:
    (run_dir / FILE).write_text(json.dumps(comparison, indent=2) + "\n", encoding="utf-8")
