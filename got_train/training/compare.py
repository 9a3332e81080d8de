"""What fine-tuning has brought, and what it has cost: the model before and after, on the same rows."""

import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from pydoc_data.topics import topics

import numpy as np
from peft import PeftModel

from got_train.config import Config
from got_train.data.records import ReadOptions
from got_train.data.samples import SampleEncoder, SampleSet
from got_train.data.sources import select_rows
from got_train.drawn_sets import draw_set
from got_train.evaluation.metrics import text_metrics
from got_train.model.loading import build_model
from got_train.ranks import barrier, rank
from got_train.report import table
from got_train.training.rows import check_set
from got_train.training.trainer import GotTrainer

FILE = "comparison.json"
METRICS = ("cer", "exact_match", "repetition")

PROSE = re.compile(r"[A-Za-z0-9 ,.;:\'()-]{80,}")
"""Paragraphs without markup, long enough for several lines."""

Comparison = dict[str, dict[str, dict[str, float]]]
"""For each set of rows, for the model `before` and `after` training, its scores."""


def ordinary_samples(config: Config, encoder: SampleEncoder, folder: Path) -> SampleSet:
    """The rows that the configuration names, or lines of text drawn into `folder`, the same ones every time.

    They are only read, so they may be longer than training takes.

    Raises:
        UserError: for bad rows.
    """
    if config.eval.ordinary is None:
        drawn = (folder / "manifest.json").is_file()  # by the run that goes on
        if rank() == 0 and not drawn:
            _draw_lines(folder, config.eval.compare_rows)
        barrier()
    encoder = replace(encoder, config=replace(encoder.config, max_length=sys.maxsize))
    options = ReadOptions(image_root=config.data.image_root)
    rows = select_rows([config.eval.ordinary or str(folder)], options, np.random.default_rng(config.seed))
    rows, _, _ = check_set(config, rows, encoder, "ordinary")
    return SampleSet(rows, encoder)


def _draw_lines(folder: Path, count: int) -> None:
    """Images of `count` texts of one to four lines, and beside the folder the texts they are drawn from."""
    # Python's own handbook, because the texts that `got-data` draws by itself come with an extra.
    paragraphs = (" ".join(text.split()) for text in "\n\n".join(topics.values()).split("\n\n"))
    texts = folder.with_suffix(".txt")
    texts.write_text("\n".join(filter(PROSE.fullmatch, paragraphs)), encoding="utf-8")
    draw_set("lines", folder, count=count, source=texts, width=640, height=256, lines="1-4", workers=1)


def compare(trainer: GotTrainer, config: Config, sets: dict[str, SampleSet]) -> Comparison:
    """Scores of the model before and after training, on named sets of rows.

    Every rank reads its share; what comes back is the same on all.
    """
    pairs = {
        name: {"after": trainer.read_rows(samples, config.eval.compare_rows)}
        for name, samples in sets.items()
    }
    with _before_training(trainer, config):
        for name, samples in sets.items():
            pairs[name]["before"] = trainer.read_rows(samples, config.eval.compare_rows)
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
    base, _, _ = build_model(config.model, config.sample.max_length, config.seed)
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
