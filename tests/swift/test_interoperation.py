"""The real ms-swift reads our folders. It has requirements of its own: install it into another environment,

MS_SWIFT=/path/to/that/bin/swift python -m pytest tests/swift/test_interoperation.py
"""

import json
import os
import subprocess
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from got_train.cli import main
from got_train.config import DecoderConfig, EncoderConfig, ModelConfig
from got_train.inference.got import Got
from got_train.model.loading import build_model
from got_train.model.processor import build_processor
from got_train.prompts import LATEX_OCR_QUERY
from tests.conftest import DECODERS, ENCODER, write_rows

SWIFT = os.environ.get("MS_SWIFT")


def run(*words: object) -> int:
    with pytest.raises(SystemExit) as caught:
        main([str(word) for word in words])
    return int(caught.value.code or 0)


@pytest.mark.slow
@pytest.mark.skipif(SWIFT is None, reason="MS_SWIFT does not name the command of an ms-swift 4 installation")
def test_swift_reads_a_merged_folder_as_we_do(tmp_path: Path, tokenizer_dir: str) -> None:
    assert SWIFT is not None
    # ms-swift takes 256 tokens a picture for granted
    encoder = {**ENCODER, "image_size": 256, "patch_size": 4}
    shape = {**DECODERS["qwen2"], "tie_word_embeddings": False}
    config = ModelConfig(
        init="random",
        encoder=EncoderConfig(**encoder),  # type: ignore[arg-type]
        decoder=DecoderConfig(model_type="qwen2", shape=shape, tokenizer=tokenizer_dir),
    )
    model, tokenizer, _ = build_model(config, 512, seed=0)
    folder = tmp_path / "model"
    model.save_pretrained(folder)
    build_processor(model.config, tokenizer).save_pretrained(folder)
    pictures = []
    for number in range(20):
        image = Image.new("RGB", (256, 256), "white")
        ImageDraw.Draw(image).text((20 + 9 * number, 100), str(number), fill="black", font_size=60)
        pictures.append(tmp_path / f"{number}.png")
        image.save(pictures[-1])
    query = f"<image>{LATEX_OCR_QUERY}"
    rows = [
        {"query": query, "response": f"\\frac {n}", "images": [str(path)]} for n, path in enumerate(pictures)
    ]
    file = write_rows(tmp_path / "rows.jsonl", rows)

    tune = f"--model_type got-ocr2 --model_id_or_path {folder} --sft_type lora --dataset {file} --dtype fp32"
    tune += (
        " --max_steps 3 --learning_rate 1e-2 --batch_size 2 --gradient_accumulation_steps 1 --save_steps 3"
    )
    assert run("swift", "sft", *tune.split(), "--output_dir", tmp_path / "output") == 0
    checkpoint = next((tmp_path / "output").glob("*/v0-*/checkpoint-3"))
    assert run("swift", "export", "--ckpt_dir", checkpoint, "--merge_lora", "true") == 0
    merged = Path(f"{checkpoint}-merged")
    ours = Got.from_pretrained(merged).chat(pictures, query=LATEX_OCR_QUERY, max_new_tokens=12)

    words = f"infer --model {merged} --model_type got_ocr2_hf --torch_dtype float32 --val_dataset {file}"
    words += f" --max_new_tokens 12 --temperature 0 --result_path {tmp_path / 'swift.jsonl'}"
    result = subprocess.run([SWIFT, *words.split()], capture_output=True, text=True, timeout=600)
    assert result.returncode == 0, result.stderr[-3000:]
    theirs = [json.loads(line)["response"] for line in (tmp_path / "swift.jsonl").read_text().splitlines()]
    assert ours == theirs
    assert len(set(ours)) > 1
