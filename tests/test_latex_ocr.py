"""The LaTeX-OCR run from its config and from ms-swift's command line, to a merged folder that others read."""

import json
from pathlib import Path
from typing import Any

import datasets
import pytest
import torch
from PIL import Image, ImageDraw
from transformers import AutoModelForImageTextToText, AutoProcessor

from got_train.cli import main
from got_train.config import DecoderConfig, EncoderConfig, ModelConfig, SampleConfig
from got_train.data import hub
from got_train.data.hub import HubSet
from got_train.model.loading import build_model
from got_train.model.processor import build_processor
from got_train.prompts import LATEX_OCR_QUERY
from got_train.training.callbacks import read_log
from tests.conftest import DECODERS, ENCODER
from tests.data.packing import write_parquet

CARD = """---
configs:
- config_name: full
  data_files:
  - {split: train, path: train.parquet}
  - {split: validation, path: validation.parquet}
  - {split: test, path: test.parquet}
---
"""
PROMPT = (
    "<|im_start|>system\n        You should follow the instructions carefully and explain your answers in "
    "detail.<|im_end|>\n<|im_start|>user\n<img>{pads}</img>\nUsing LaTeX to perform OCR on the image."
    "<|im_end|>\n<|im_start|>assistant\n"
)
"""As ms-swift writes it, for a tile of 4 tokens."""


def run(*words: object) -> int:
    with pytest.raises(SystemExit) as caught:
        main([str(word) for word in words])
    return int(caught.value.code or 0)


def formulas(folder: Path, name: str, numbers: range) -> list[Path]:
    """Rows as those of linxy/LaTeX_OCR: pictures of fractions, and their LaTeX."""
    pictures, rows = [], []
    for number in numbers:
        image = Image.new("RGB", (32, 32), "white")
        draw = ImageDraw.Draw(image)
        draw.text((8, 1), str(number % 7), fill="black")
        draw.line((4, 15, 28, 15), fill="black")
        draw.text((8, 17), str(number % 5), fill="black")
        pictures.append(folder / f"{name}{number}.png")
        image.save(pictures[-1])
        text = f"\\frac {{ {number % 7} }} {{ {number % 5} }}"
        rows.append({"image": {"bytes": pictures[-1].read_bytes(), "path": None}, "text": text})
    write_parquet(folder / f"{name}.parquet", rows)
    return pictures


@pytest.fixture
def latex_ocr(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Makes the known name stand for a small local set; the pictures of its test split."""
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    datasets.disable_progress_bars()
    folder = tmp_path / "LaTeX_OCR"
    folder.mkdir()
    formulas(folder, "train", range(40))
    formulas(folder, "validation", range(40, 48))
    held_out = formulas(folder, "test", range(100, 120))
    (folder / "README.md").write_text(CARD)
    name = "latex-ocr-print"
    monkeypatch.setitem(hub.KNOWN_SETS, name, HubSet(str(folder), ("full",), hub.KNOWN_SETS[name].splits))
    monkeypatch.setitem(hub.QUERIES, str(folder), LATEX_OCR_QUERY)
    return held_out


@pytest.fixture
def base(tmp_path: Path, tokenizer_dir: str) -> Path:
    """A small GOT to start from."""
    shape = {**DECODERS["qwen2"], "tie_word_embeddings": False}
    config = ModelConfig(
        init="random",
        encoder=EncoderConfig(**ENCODER),  # type: ignore[arg-type]
        decoder=DecoderConfig(model_type="qwen2", shape=shape, tokenizer=tokenizer_dir),
    )
    model, tokenizer, _ = build_model(config, 128, seed=0)
    model.save_pretrained(tmp_path / "base")
    build_processor(model.config, tokenizer, SampleConfig()).save_pretrained(tmp_path / "base")
    return tmp_path / "base"


def newest(folder: Path) -> Path:
    return sorted(folder.glob("v*"))[-1]


@pytest.mark.slow
def test_the_run_is_the_same_from_swift_s_command_line(
    latex_ocr: list[Path], base: Path, tmp_path: Path, capsys: Any
) -> None:
    config = Path(__file__).parent.parent / "configs" / "latex_ocr_lora.yaml"
    same = {"per_device_train_batch_size": 8, "max_steps": 12, "learning_rate": 5e-3, "logging_steps": 1}
    words = [f"train.{name}={value}" for name, value in {**same, "global_batch_size": 8}.items()]
    words += [
        "train.bf16=false",
        "train.save_steps=12",
        "train.eval_steps=12",
        "train.dataloader_num_workers=0",
    ]
    words += [f"model.path={base}", "data.train=latex-ocr-print#40", f"output_dir={tmp_path}/yaml"]
    assert run("train", config, *words) == 0

    swift = f"--model_type got-ocr2 --model_id_or_path {base} --sft_type lora".split()
    swift += ["--dataset", "latex-ocr-print#40"]
    swift += "--batch_size 8 --gradient_accumulation_steps 1 --max_steps 12 --learning_rate 5e-3".split()
    swift += "--dtype fp32 --save_steps 12 --eval_steps 12 --logging_steps 1".split()
    swift += f"--dataloader_num_workers 0 --output_dir {tmp_path}/swift".split()
    capsys.readouterr()
    assert run("swift", "sft", *swift) == 0
    assert "latex-ocr-print#40" in capsys.readouterr().out
    runs = [newest(next((tmp_path / name).iterdir())) for name in ("yaml", "swift")]
    curves = [[row["loss"] for row in read_log(folder / "logging.jsonl") if "loss" in row] for folder in runs]
    assert curves[0] == pytest.approx(curves[1], rel=1e-5)
    assert len(curves[0]) == 12 and curves[0][-1] < 0.5 * curves[0][0]

    assert run("merge", runs[1]) == 0
    merged = runs[1] / "checkpoint-12-merged"
    texts = []
    for number, model in enumerate((runs[0], runs[1], merged)):
        output = tmp_path / f"{number}.jsonl"
        asked = ["--image", *latex_ocr, "--query", LATEX_OCR_QUERY, "--max-new-tokens", 24]
        assert run("infer", model, *asked, "--output", output) == 0
        texts.append([json.loads(line)["response"] for line in output.read_text().splitlines()])
    texts.append(read_by_transformers(merged, latex_ocr))
    assert texts[0] == texts[1] == texts[2] == texts[3]
    assert len(texts[0]) == 20 and len(set(texts[0])) > 1


def read_by_transformers(folder: Path, pictures: list[Path]) -> list[str]:
    """What stock transformers reads with the same prompt."""
    model = AutoModelForImageTextToText.from_pretrained(folder)
    processor = AutoProcessor.from_pretrained(folder)
    texts = []
    for picture in pictures:
        pixels = processor.image_processor(Image.open(picture), return_tensors="pt")["pixel_values"]
        ids = processor.tokenizer(PROMPT.format(pads="<imgpad>" * 4), return_tensors="pt").input_ids
        output = model.generate(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            pixel_values=pixels,
            do_sample=False,
            max_new_tokens=24,
            no_repeat_ngram_size=20,
        )
        texts.append(processor.tokenizer.decode(output[0, ids.shape[1] :], skip_special_tokens=True))
    return texts
