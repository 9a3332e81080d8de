"""Small models, data and configurations that tests share: all made here, nothing is downloaded."""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

# Before transformers is imported: a test must not reach for the hub.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
# Before torch is: its threads cost more than they bring on models this small.
os.environ["OMP_NUM_THREADS"] = "1"

HANG_SECONDS = 600
"""After this long a test takes another process for hung.

A guard and no measure of speed: a busy machine may take minutes over what takes seconds elsewhere, such as
DeepSpeed's first compilation of its operator for CPUs. Every wait for a process is this long.
"""


@pytest.fixture(autouse=True)
def environment_as_before() -> Iterator[None]:
    """Commands set variables of their process, by which a later test would run something else."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@contextmanager
def within_seconds(seconds: float) -> Iterator[None]:
    """Fails if the block uses more processor time in this process, which a busy machine does not add to."""
    begun = time.process_time()
    yield
    assert time.process_time() - begun < seconds


ENCODER = {
    "image_size": 32,
    "patch_size": 4,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "mlp_dim": 64,
    "window_size": 3,
    "global_attn_indexes": [1],
    "neck_channels": 16,
    "output_channels": 48,
}
"""A small encoder: 4 tokens a tile, windows that need padding, output as wide as the small Qwen below."""

DECODERS: dict[str, dict[str, Any]] = {
    "opt": {
        "hidden_size": 32,
        "word_embed_proj_dim": 32,
        "ffn_dim": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
    },
    "qwen2": {
        "hidden_size": 48,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
    },
    "llama": {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
    },
}


def small_model_words(tokenizer: str, decoder: str = "qwen2") -> list[str]:
    """Overrides that make any training config small."""
    encoder = [f"model.encoder.{name}={json.dumps(value)}" for name, value in ENCODER.items()]
    shape = [f"model.decoder.shape.{name}={value}" for name, value in DECODERS[decoder].items()]
    return [*encoder, *shape, f"model.decoder.model_type={decoder}", f"model.decoder.tokenizer={tokenizer}"]


@pytest.fixture(scope="session")
def tokenizer_dir(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Folder of the small tokenizer."""
    from got_train.model.tokenizer import small_tokenizer

    folder = tmp_path_factory.mktemp("tokenizer")
    small_tokenizer().save_pretrained(folder)
    return str(folder)


def draw(path: Path, text: str, size: tuple[int, int] = (32, 32)) -> None:
    """A picture of a text."""
    image = Image.new("RGB", size, "white")
    ImageDraw.Draw(image).text((2, 8), text, fill="black")
    image.save(path)


@pytest.fixture
def rows_file(tmp_path: Path) -> Path:
    """JSONL file of 16 picture rows and one text row."""
    rows: list[dict[str, Any]] = []
    for number in range(16):
        draw(tmp_path / f"{number}.png", str(number))
        rows.append({"query": "<image>OCR: ", "response": f"{number:03}", "images": [f"{number}.png"]})
    rows.append({"query": "EEEEE", "response": "FFFFF", "history": [["query1", "response1"]]})
    return write_rows(tmp_path / "rows.jsonl", rows)


def write_rows(path: Path, rows: list[Any]) -> Path:
    """A JSONL file; a row that is a string is written as it is."""
    lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def write_config(tmp_path: Path, tokenizer_dir: str, rows_file: Path) -> Callable[..., Path]:
    """Writes a configuration of a small run; keyword arguments replace or extend its sections."""

    def write(name: str = "run", decoder: str = "qwen2", **sections: dict[str, Any]) -> Path:
        given: dict[str, Any] = {
            "name": name,
            "output_dir": str(tmp_path / "output"),
            "model": {
                "init": "random",
                "encoder": dict(ENCODER),
                "decoder": {
                    "model_type": decoder,
                    "shape": dict(DECODERS[decoder]),
                    "tokenizer": tokenizer_dir,
                },
            },
            "data": {"train": [str(rows_file)], "val": [f"{rows_file}#4"], "max_length": 128},
            "train": {
                "per_device_train_batch_size": 4,
                "max_steps": 2,
                "learning_rate": 1e-3,
                "logging_steps": 1,
                "save_steps": 2,
                "disable_tqdm": True,
                "lr_scheduler_type": "constant",
            },
            "eval": {"read_rows": 2, "max_new_tokens": 4},
        }
        for section, values in sections.items():
            given[section] = {**given.get(section, {}), **values}
        if given["model"].get("path") is not None:  # a whole checkpoint has a shape and a tokenizer
            given["model"] = sections["model"]
        path = tmp_path / f"{name}.yaml"
        path.write_text(json.dumps(given))  # JSON is YAML
        return path

    return write
