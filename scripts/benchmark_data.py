"""Models and rows of the benchmarks: the same for every candidate, drawn from fixed seeds."""

import json
import os
import platform
import subprocess
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

SMALL_ENCODER = {
    "hidden_size": 192,
    "num_hidden_layers": 4,
    "num_attention_heads": 3,
    "mlp_dim": 768,
    "global_attn_indexes": [1, 3],
    "output_channels": 128,
}
SMALL_DECODERS: dict[str, dict[str, int]] = {
    "qwen2": {
        "hidden_size": 128,
        "intermediate_size": 352,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
    },
    "opt": {
        "hidden_size": 128,
        "word_embed_proj_dim": 128,
        "ffn_dim": 512,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
    },
}
SIZES = ("small", "full")
"""Small: 22 million parameters, most of them GOT's vocabulary; tiles of 1024 pixels in both."""


def rows_of(work: str, folder: Path) -> Path:
    """Formulas are short, as in LaTeX-OCR; texts are of many lengths."""
    return folder / ("formulas.jsonl" if work.startswith("lora") or work == "inference" else "texts.jsonl")


def decoder_of(work: str) -> str:
    """Architecture of the decoder."""
    return "opt" if work == "stage1" else "qwen2"


def freezes_encoder(work: str) -> bool:
    """Whether the encoder is not trained."""
    return work.startswith("lora") or work == "stage3"


def model_section(size: str, decoder: str) -> dict[str, Any]:
    """The `model` section of a configuration; encoders are as wide as stock transformers can have them."""
    encoder: dict[str, Any] = SMALL_ENCODER if size == "small" else {}
    if size == "full" and decoder == "opt":
        encoder = {"output_channels": 768}
    shape: dict[str, int] = SMALL_DECODERS[decoder] if size == "small" else {}
    return {
        "init": "random",
        "encoder": dict(encoder),
        "decoder": {"model_type": decoder, "tokenizer": "qwen", "shape": dict(shape)},
    }


def prepare(folder: Path, size: str, rows: int) -> None:
    """Writes `qwen2/` and `opt/`, whole models; `formulas.jsonl` and `texts.jsonl` with their pictures.

    Args:
        folder: to write to.
        size: of the models.
        rows: of each file.
    """
    from got_train.config import SampleConfig
    from got_train.config_file import load_config
    from got_train.model.loading import build_model
    from got_train.model.processor import build_processor, save_processor

    for decoder in ("qwen2", "opt"):
        config = {"name": "x", "data": {"train": ["x"]}, "model": model_section(size, decoder)}
        (folder / "config.yaml").write_text(json.dumps(config))
        model, tokenizer, _ = build_model(load_config(folder / "config.yaml").model, 4096, seed=0)
        model.save_pretrained(folder / decoder)
        save_processor(build_processor(model.config, tokenizer, SampleConfig()), folder / decoder)
    _draw_rows(folder, "formulas", rows, words=(8, 14))
    _draw_rows(folder, "texts", rows, words=(20, 160))


def write_facts(work: str, folder: Path) -> None:
    """Tokens and useful operations of a mean sample, the same for all candidates."""
    import numpy as np

    from got_train.config import SampleConfig
    from got_train.data.record import ReadOptions
    from got_train.data.samples import SampleEncoder
    from got_train.data.sources import select_rows
    from got_train.model.flops import row_flops, tile_flops
    from got_train.model.loading import load_got
    from got_train.model.tokenizer import load_tokenizer
    from got_train.vocabulary import IGNORE_INDEX, TileShape

    source = str(folder / decoder_of(work))
    model = load_got(source)
    encoder = SampleEncoder(load_tokenizer(source), SampleConfig(), TileShape())
    rows = select_rows([str(rows_of(work, folder))], ReadOptions(), np.random.default_rng(0))
    # Passes through the encoder and the decoder; a backward pass costs two forward passes. Adapters need
    # gradients of activations, and hardly any of weights.
    tile_passes = 0 if work == "lora_later_epochs" else 1 if freezes_encoder(work) else 3
    row_passes = 2 if work.startswith("lora") else 3
    if work in ("encoder", "inference"):
        tile_passes, row_passes = 1, 0
    tokens = flops = 0
    for record in rows.records():
        input_ids, labels = encoder.ids_and_labels(record, (1,))
        tokens += len(input_ids)
        supervised = int((labels != IGNORE_INDEX).sum())
        flops += row_passes * row_flops(model, len(input_ids), supervised, num_tiles=1)
        flops += tile_passes * tile_flops(model.config)
    facts = {"tokens_per_sample": tokens / len(rows), "tflop_per_sample": flops / len(rows) / 1e12}
    (folder / f"facts-{work}.json").write_text(json.dumps(facts))


def _draw_rows(folder: Path, name: str, count: int, words: tuple[int, int]) -> None:
    import numpy as np
    from PIL import Image, ImageDraw, ImageFont

    from data_engines.tools.corpora import docstring_prose
    from got_train.vocabulary import TILE_SIZE

    rng = np.random.default_rng(0)
    corpus = " ".join(docstring_prose("numpy")).split()
    font = ImageFont.load_default(size=22)
    rows = []
    for number in range(count):
        length = int(rng.integers(*words))
        first = int(rng.integers(len(corpus) - length))
        lines = [" ".join(corpus[first + at : first + min(at + 8, length)]) for at in range(0, length, 8)]
        image = Image.new("RGB", (TILE_SIZE, TILE_SIZE), "white")
        ImageDraw.Draw(image).multiline_text((40, 40), "\n".join(lines), fill="black", font=font)
        path = folder / f"{name}-{number}.png"
        image.save(path)
        rows.append({"query": "<image>OCR: ", "response": "\n".join(lines), "images": [str(path)]})
    write_rows(folder / f"{name}.jsonl", rows)


def write_rows(path: Path, rows: list[dict[str, Any]]) -> Path:
    """A JSONL file."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def machine(device: str, dtype: str) -> str:
    """What a result was measured with."""
    import torch

    name = torch.cuda.get_device_name() if device == "cuda" else f"{os.cpu_count()} cores {_processor()}"
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    packages = " ".join(f"{package} {version(package)}" for package in ("torch", "transformers", "peft"))
    return f"{date.today()}, {commit}, {name}, {dtype}, Python {platform.python_version()}, {packages}"


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    flags = next((line for line in lines if line.startswith("flags")), "")
    known = [flag for flag in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if flag in flags]
    return f"{names[0] if names else platform.processor()} ({', '.join(known)})"
