"""The real ms-swift reads our folders, and we read its.

It has requirements of its own: install it into another environment,

MS_SWIFT=/path/to/that/bin/swift python -m pytest tests/swift/test_interoperation.py
"""

import json
import os
import subprocess
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from got_train.cli import main
from got_train.config import DecoderConfig, EncoderConfig, ModelConfig, SampleConfig
from got_train.inference.chat import Got
from got_train.model.loading import build_model
from got_train.model.processor import build_processor
from got_train.prompts import LATEX_OCR_QUERY
from tests.conftest import DECODERS, ENCODER, HANG_SECONDS, write_rows

SWIFT = os.environ.get("MS_SWIFT")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        SWIFT is None, reason="MS_SWIFT does not name the command of an ms-swift 4 installation"
    ),
]


def run(*words: object) -> int:
    with pytest.raises(SystemExit) as caught:
        main([str(word) for word in words])
    return int(caught.value.code or 0)


def run_swift(words: str) -> None:
    assert SWIFT is not None
    result = subprocess.run([SWIFT, *words.split()], capture_output=True, text=True, timeout=HANG_SECONDS)
    assert result.returncode == 0, result.stderr[-3000:]


def responses(file: Path) -> list[str]:
    return [json.loads(line)["response"] for line in file.read_text().splitlines()]


@pytest.fixture
def model(tmp_path: Path, tokenizer_dir: str) -> Path:
    """A small model; ms-swift takes 256 tokens a picture for granted."""
    encoder = {**ENCODER, "image_size": 256, "patch_size": 4}
    shape = {**DECODERS["qwen2"], "tie_word_embeddings": False}
    config = ModelConfig(
        init="random",
        encoder=EncoderConfig(**encoder),  # type: ignore[arg-type]
        decoder=DecoderConfig(model_type="qwen2", shape=shape, tokenizer=tokenizer_dir),
    )
    built, tokenizer, _ = build_model(config, 512, seed=0)
    folder = tmp_path / "model"
    built.save_pretrained(folder)
    build_processor(built.config, tokenizer, SampleConfig()).save_pretrained(folder)
    return folder


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    """Of numbers."""
    paths = []
    for number in range(20):
        image = Image.new("RGB", (256, 256), "white")
        ImageDraw.Draw(image).text((20 + 9 * number, 100), str(number), fill="black", font_size=60)
        paths.append(tmp_path / f"{number}.png")
        image.save(paths[-1])
    return paths


@pytest.fixture
def rows(tmp_path: Path, pictures: list[Path]) -> Path:
    """A row for each picture."""
    query = f"<image>{LATEX_OCR_QUERY}"
    answers = [f"\\frac {number}" for number in range(len(pictures))]
    pairs = zip(pictures, answers, strict=True)
    return write_rows(
        tmp_path / "rows.jsonl",
        [{"query": query, "response": answer, "images": [str(path)]} for path, answer in pairs],
    )


def test_swift_reads_a_merged_folder_as_we_do(
    tmp_path: Path, model: Path, pictures: list[Path], rows: Path
) -> None:
    tune = f"--model_type got-ocr2 --model_id_or_path {model} --sft_type lora --dataset {rows} --dtype fp32"
    tune += (
        " --max_steps 3 --learning_rate 1e-2 --batch_size 2 --gradient_accumulation_steps 1 --save_steps 3"
    )
    assert run("swift", "sft", *tune.split(), "--output_dir", tmp_path / "output") == 0
    checkpoint = next((tmp_path / "output").glob("*/v0-*/checkpoint-3"))
    assert run("swift", "export", "--ckpt_dir", checkpoint, "--merge_lora", "true") == 0
    merged = Path(f"{checkpoint}-merged")
    ours = Got.from_pretrained(merged).chat(pictures, query=LATEX_OCR_QUERY, max_new_tokens=12)

    words = f"infer --model {merged} --model_type got_ocr2_hf --torch_dtype float32 --val_dataset {rows}"
    run_swift(words + f" --max_new_tokens 12 --temperature 0 --result_path {tmp_path / 'swift.jsonl'}")
    assert ours == responses(tmp_path / "swift.jsonl")
    assert len(set(ours)) > 1


@pytest.mark.parametrize("kind", ["lora --freeze_aligner false", "full"])
def test_we_read_a_checkpoint_of_swift_as_it_does(tmp_path: Path, model: Path, rows: Path, kind: str) -> None:
    words = f"sft --model {model} --model_type got_ocr2_hf --tuner_type {kind} --dataset {rows}"
    words += " --torch_dtype float32 --use_cpu true --max_steps 3 --learning_rate 1e-2 --save_steps 3"
    run_swift(words + f" --gradient_accumulation_steps 1 --output_dir {tmp_path / 'output'}")
    checkpoint = next((tmp_path / "output").glob("v0-*/checkpoint-3"))
    named = f"--{'model' if kind == 'full' else 'adapters'} {checkpoint} --val_dataset {rows}"
    named += " --max_new_tokens 12 --temperature 0 --result_path"
    run_swift(f"infer {named} {tmp_path / 'swift.jsonl'} --torch_dtype float32")
    assert run("swift", "infer", *named.split(), tmp_path / "ours.jsonl") == 0
    ours = responses(tmp_path / "ours.jsonl")
    assert ours == responses(tmp_path / "swift.jsonl")
    assert len(set(ours)) > 1
