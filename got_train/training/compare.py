"""What fine-tuning has brought, and what it has cost: the model before and after, on the same rows."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch.distributed as dist
from peft import PeftModel

from got_train.config import Config
from got_train.data.encode import Encoding
from got_train.data.sources import RowDataset, select_rows
from got_train.evaluation.metrics import text_metrics
from got_train.model.loading import build_model
from got_train.ranks import rank
from got_train.report import table
from got_train.training.trainer import GotTrainer

FILE = "comparison.json"
METRICS = ("cer", "exact_match", "repetition")

Comparison = dict[str, dict[str, dict[str, float]]]
"""For each set of rows, for the model `before` and `after` training, its scores."""


def ordinary_rows(config: Config, encoding: Encoding, folder: Path) -> RowDataset:
    """The rows that the configuration names, or lines of text drawn into `folder`, the same ones every time.

    They are only read, so they may be longer than training takes.
    """
    if config.eval.ordinary is None:
        drawn = (folder / "manifest.json").is_file()  # by the run that goes on
        if rank() == 0 and not drawn:
            _draw_lines(folder, config.eval.compare_rows)
        if dist.is_initialized():
            dist.barrier()
    data = replace(encoding.config, max_length=sys.maxsize, columns={}, query=None)
    rng = np.random.default_rng(config.seed)
    return select_rows([config.eval.ordinary or str(folder)], replace(encoding, config=data), rng)


def _draw_lines(folder: Path, count: int) -> None:
    """Pictures of `count` texts of one to four lines, and beside the folder the texts they are drawn from."""
    # Not at the top: a run that compares nothing should not wait for what draws.
    from data_engines.kinds.lines import engine as lines
    from data_engines.options import Range
    from data_engines.run import generate
    from data_engines.tools.corpora import docstring_prose
    from got_train.packages import package_folder

    # Of numpy alone: the engine's own texts are of packages that training can do without.
    texts = folder.with_suffix(".txt")
    texts.write_text("\n".join(docstring_prose(package_folder("numpy"))), encoding="utf-8")
    options = lines.Options(source=texts, language="en", width=640, height=256, lines=Range(1, 4))
    generate("lines", options, count=count, output=folder)


def compare(
    trainer: GotTrainer, config: Config, ordinary: RowDataset, val_set: RowDataset | None
) -> Comparison:
    """Scores of the model before and after training, on validation rows and on ordinary ones.

    Every rank reads its share; what comes back is the same on all.
    """
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
