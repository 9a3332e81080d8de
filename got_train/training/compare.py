"""The comparison at the end of fine-tuning: scores before and after, on validation and on retention rows.

Retention rows (`eval.ordinary` in a config) are rows of ordinary OCR that are not trained on: their scores
show what the model has forgotten.
"""

import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from pydoc_data.topics import topics

import numpy as np
from peft import PeftModel, get_peft_model_state_dict, set_peft_model_state_dict

from got_train.config import Config
from got_train.data.record import ReadOptions
from got_train.data.samples import SampleEncoder, SampleSet
from got_train.data.sources import select_rows
from got_train.drawn_sets import draw_set
from got_train.files import write_text
from got_train.model.adapters import adapter_state
from got_train.model.loading import build_model
from got_train.ranks import barrier, rank
from got_train.report import table
from got_train.run_folders import COMPARISON_FILE
from got_train.training.checked_rows import check_set
from got_train.training.readings import reading_scores
from got_train.training.trainer import GotTrainer

METRICS = ("cer", "exact_match", "repetition")

PROSE = re.compile(r"[A-Za-z0-9 ,.;:\'()-]{80,}")
"""A paragraph without markup that is long enough for several lines."""

Comparison = dict[str, dict[str, dict[str, float]]]
"""The scores of each set of rows: by set, then `before` or `after` training, then the name of the score."""


def retention_samples(config: Config, encoder: SampleEncoder, folder: Path) -> SampleSet:
    """The retention rows: those of `eval.ordinary`, or lines of text that are drawn into `folder`.

    The drawn lines are the same for every run. Rows are only read, and may be longer than training allows.

    Raises:
        UserError: for bad rows.
    """
    if config.eval.ordinary is None:
        drawn = (folder / "manifest.json").is_file()  # if the run is resumed
        if rank() == 0 and not drawn:
            _draw_lines(folder, config.eval.compare_rows)
        barrier()
    encoder = replace(encoder, config=replace(encoder.config, max_length=sys.maxsize))
    options = ReadOptions(image_root=config.data.image_root)
    rows = select_rows([config.eval.ordinary or str(folder)], options, np.random.default_rng(config.seed))
    return SampleSet(check_set(config, rows, encoder, "retention").rows, encoder)


def _draw_lines(folder: Path, count: int) -> None:
    """Draws images of `count` texts of one to four lines; a file beside the folder has the source texts."""
    # Texts of Python's own manual, because the default texts of `got-data` need an extra.
    paragraphs = (" ".join(text.split()) for text in "\n\n".join(topics.values()).split("\n\n"))
    texts = folder.with_suffix(".txt")
    texts.write_text("\n".join(filter(PROSE.fullmatch, paragraphs)), encoding="utf-8")
    draw_set("lines", folder, count=count, source=texts, width=640, height=256, lines="1-4", workers=1)


def compare(trainer: GotTrainer, config: Config, sets: dict[str, SampleSet]) -> Comparison:
    """The scores of the model before and after training, on named sets of rows.

    Every rank reads its share; all ranks return the same scores.
    """

    def read(samples: SampleSet) -> dict[str, float]:
        return reading_scores(trainer.read_rows(samples, config.eval.compare_rows))

    after = {name: read(samples) for name, samples in sets.items()}
    with _before_training(trainer, config):
        return {name: {"before": read(samples), "after": after[name]} for name, samples in sets.items()}


@contextmanager
def _before_training(trainer: GotTrainer, config: Config) -> Iterator[None]:
    """Replaces the trained model by the model before the first step, for the time of the context."""
    trained = trainer.model
    if isinstance(trained, PeftModel) and config.lora.adapters is not None:
        after = {name: tensor.clone() for name, tensor in get_peft_model_state_dict(trained).items()}
        try:
            set_peft_model_state_dict(trained, adapter_state(config.lora.adapters))
            yield
        finally:
            set_peft_model_state_dict(trained, after)
        return
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
    """The scores as text for a person."""
    rows = [
        [name, metric, scores["before"][metric], scores["after"][metric]]
        for name, scores in comparison.items()
        for metric in METRICS
    ]
    return table(["rows", "score", "before", "after"], rows)


def write_comparison(comparison: Comparison, run_dir: Path) -> None:
    write_text(run_dir / COMPARISON_FILE, json.dumps(comparison, indent=2) + "\n")
