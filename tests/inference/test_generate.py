from pathlib import Path

import numpy as np
import pytest

from got_train.config import DataConfig, DecoderConfig, EncoderConfig, ModelConfig
from got_train.data.encode import Encoding
from got_train.data.sources import RowDataset, select_rows
from got_train.inference import generate as module
from got_train.inference.generate import generate, prompt_ids
from got_train.model.got import Got, config_tokens_per_tile
from got_train.model.loading import build_model
from tests.conftest import DECODERS, ENCODER


@pytest.fixture
def model_and_rows(rows_file: Path, tokenizer_dir: str) -> tuple[Got, RowDataset]:
    shape = dict(DECODERS["qwen2"])
    config = ModelConfig(
        init="random",
        encoder=EncoderConfig(**ENCODER),  # type: ignore[arg-type]
        decoder=DecoderConfig(model_type="qwen2", shape=shape, tokenizer=tokenizer_dir),
    )
    model, tokenizer, _ = build_model(config, 128, seed=0)
    encoding = Encoding(tokenizer, DataConfig(train=[]), 32, config_tokens_per_tile(model.config))
    return model.eval(), select_rows([str(rows_file)], encoding, np.random.default_rng(0))


def test_answers_do_not_depend_on_the_batch(model_and_rows: tuple[Got, RowDataset]) -> None:
    """Prompts of different lengths, with and without pictures, are padded on the left."""
    model, rows = model_and_rows
    questions = rows.questions()
    alone = list(generate(model, rows.encoding, questions, max_new_tokens=6, batch_size=1))
    together = list(generate(model, rows.encoding, questions, max_new_tokens=6, batch_size=17))
    assert alone == together
    assert len(set(alone)) > 1


def test_the_prompt_ends_where_the_last_answer_starts(model_and_rows: tuple[Got, RowDataset]) -> None:
    _, rows = model_and_rows
    tokenizer = rows.encoding.tokenizer
    assert tokenizer.decode(prompt_ids(rows[0])).endswith("OCR: <|im_end|><|im_start|>assistant\n")
    with_history = tokenizer.decode(prompt_ids(rows[16]))
    assert "response1<|im_end|>" in with_history
    assert with_history.endswith("EEEEE<|im_end|><|im_start|>assistant\n")


def test_answers_stop_a_little_past_the_reference(
    model_and_rows: tuple[Got, RowDataset], monkeypatch: pytest.MonkeyPatch
) -> None:
    model, rows = model_and_rows
    asked = []
    monkeypatch.setattr(
        module, "_generate_batch", lambda m, e, samples, limit, d: asked.append(limit) or [""]
    )
    for flag in (True, False):
        list(generate(model, rows.encoding, rows.questions()[:1], 100, 1, stop_past_reference=flag))
    # three digits and the closing token
    assert asked == [4 + module.RUN_ON_TOKENS, 100]
