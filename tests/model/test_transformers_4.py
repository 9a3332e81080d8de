"""transformers 4 reads what is saved here; it needs an environment of its own."""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch

from got_train.inference.chat import Got
from got_train.inference.generate import prompt_ids
from got_train.inference.questions import question
from got_train.model.got import normalized
from tests.conftest import HANG_SECONDS
from tests.serving.servers import draw_pictures, save_small_model

PYTHON = os.environ.get("TRANSFORMERS_4_PYTHON")

ANSWER = """if True:
    import json, sys
    import numpy as np
    import torch
    from PIL import Image
    from transformers import AutoModelForImageTextToText, AutoProcessor, __version__

    folder, output, questions = sys.argv[1:]
    model = AutoModelForImageTextToText.from_pretrained(folder).eval()
    processor = AutoProcessor.from_pretrained(folder)
    answers, logits = [], []
    for pictures, query in json.loads(questions):
        content = [{"type": "image", "image": name} for name in pictures] + [{"type": "text", "text": query}]
        asked = [{"role": "user", "content": content}]
        text = processor.apply_chat_template(asked, add_generation_prompt=True)
        # this version's processor does not do it for a text that it is given
        text = text.replace("<imgpad>", "<imgpad>" * 4 * len(pictures))
        images = [Image.open(name).convert("RGB") for name in pictures]
        inputs = processor(images=images, text=text, return_tensors="pt", multi_page=len(images) > 1)
        rule = {} if len(images) == 1 else {"no_repeat_ngram_size": 0}
        with torch.no_grad():
            logits.append(model(**inputs).logits[0, -1].numpy())
            output_ids = model.generate(**inputs, **rule, max_new_tokens=24)
        length = inputs["input_ids"].shape[1]
        said = processor.tokenizer.decode(output_ids[0, length:], skip_special_tokens=True)
        answers.append([inputs["input_ids"][0].tolist(), said])
    np.save(output, np.stack(logits))
    print(json.dumps([__version__, model.config.text_config.rope_theta, answers]))
"""


@pytest.mark.slow
@pytest.mark.skipif(PYTHON is None, reason="TRANSFORMERS_4_PYTHON names no Python with transformers 4")
def test_transformers_4_answers_as_infer_does(tmp_path: Path, tokenizer_dir: str) -> None:
    """With the same angle of positions: without `rope_theta` it would go by 10,000 and answer otherwise."""
    assert PYTHON is not None
    folder, pictures = tmp_path / "model", draw_pictures(tmp_path)
    save_small_model(folder, tokenizer_dir, rope_theta=1e6)
    got = Got.from_pretrained(folder)
    asked = [*([picture] for picture in pictures), pictures[:3]]
    records = [question(images, ocr_type) for images in asked for ocr_type in ("ocr", "format")]
    queries = [record.turns[0].query.replace("<image>", "") for record in records]
    questions = json.dumps([[list(map(str, r.images)), q] for r, q in zip(records, queries, strict=True)])
    said = subprocess.run(
        [PYTHON, "-c", ANSWER, str(folder), str(tmp_path / "logits.npy"), questions],
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
        cwd="/",
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
    )
    assert said.returncode == 0, said.stderr
    version, theta, answers = json.loads(said.stdout.splitlines()[-1])
    assert version.startswith("4.") and theta == 1e6
    logits = np.load(tmp_path / "logits.npy")
    for record, (ids, text), theirs in zip(records, answers, logits, strict=True):
        sample = got.encoder.sample(record)
        assert ids == prompt_ids(sample).tolist()
        pixels = normalized(torch.from_numpy(sample.tiles), torch.float32)
        with torch.no_grad():
            ours = got.model(input_ids=torch.tensor([ids]), pixel_values=pixels).logits[0, -1].numpy()
        assert np.abs(ours - theirs).max() < 1e-4 * np.abs(ours).max()
        assert text == next(got.read([record], 24))
    assert len({text for _, text in answers}) > 4
