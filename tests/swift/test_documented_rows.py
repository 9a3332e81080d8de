"""Rows as ms-swift's documentation has them become the token ids and labels that ms-swift makes of them."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from transformers import AutoConfig

from got_train.config import EncoderConfig, SampleConfig
from got_train.data.encode import encode, spans
from got_train.data.record import Record
from got_train.data.records import parse_row
from got_train.model.got import got_config
from got_train.model.processor import build_processor
from got_train.model.tokenizer import load_tokenizer
from tests.conftest import DECODERS, HANG_SECONDS, draw

SWIFT = os.environ.get("MS_SWIFT")

FILE = Path(__file__).with_name("documented_rows.jsonl")
"""Lines with a row, and its text and supervised text as ms-swift 4.6.0 has them, one `<imgpad>` an image."""
CASES = [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]


def record(row: dict[str, Any]) -> Record:
    return parse_row(row, "x:1")


def test_there_are_sixty_rows() -> None:
    assert len(CASES) >= 60


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["row"])[:60])
def test_text_and_supervised_text_are_swifts(case: dict[str, Any]) -> None:
    pieces = list(spans(record(case["row"]), "swift"))
    assert "".join(text for text, _ in pieces) == case["text"]
    assert "".join(text for text, supervised in pieces if supervised) == case["supervised"]


@pytest.mark.slow
@pytest.mark.skipif(SWIFT is None, reason="MS_SWIFT does not name the command of an ms-swift 4 installation")
def test_token_ids_and_labels_are_swifts(tmp_path: Path) -> None:
    tokenizer = load_tokenizer("qwen")
    decoder = AutoConfig.for_model("qwen2", **(DECODERS["qwen2"] | {"vocab_size": len(tokenizer)}))
    config = got_config(EncoderConfig(image_size=256, patch_size=4), decoder, tokenizer)
    config.architectures = ["GotOcr2ForConditionalGeneration"]
    config.save_pretrained(tmp_path / "model")
    build_processor(config, tokenizer, SampleConfig()).save_pretrained(tmp_path / "model")
    for name in ("a.png", "b.png", "c.png"):
        draw(tmp_path / name, name)
    files = []
    for number, case in enumerate(CASES):
        files.append(tmp_path / f"{number}.jsonl")
        row = json.dumps(case["row"])
        for name in ("a.png", "b.png", "c.png"):
            row = row.replace(json.dumps(name), json.dumps(str(tmp_path / name)))
        files[-1].write_text(row)
    assert SWIFT is not None
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    words = [Path(SWIFT).with_name("python"), FILE.with_name("swift_ids.py"), tmp_path / "model", *files]
    found = subprocess.run(words, capture_output=True, text=True, timeout=HANG_SECONDS, env=environment)
    assert found.returncode == 0, found.stderr[-3000:]
    theirs = [json.loads(line) for line in found.stdout.splitlines() if line.startswith("[[")]
    for case, (ids, labels) in zip(CASES, theirs, strict=True):
        row = record(case["row"])
        ours = encode(row, [1] * len(row.images), tokenizer, SampleConfig("swift"), tokens_per_tile=256)
        assert np.array_equal(ours[0], ids), case["row"]
        assert np.array_equal(ours[1], labels), case["row"]
