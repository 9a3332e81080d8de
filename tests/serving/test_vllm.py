"""vLLM, with this package's plugin, answers as `infer` does; it needs an environment of its own."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.serving.servers import (
    ON_CPU,
    assert_it_answers_as_infer_does,
    draw_pictures,
    free_port,
    save_small_model,
    wait_for,
)

PYTHON = os.environ.get("VLLM_PYTHON")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(PYTHON is None, reason="VLLM_PYTHON names no Python with vLLM and got-train"),
]

RULE = """if True:
    import torch
    from transformers import NoRepeatNGramLogitsProcessor
    from got_train.serving.vllm_no_repeat import NoRepeat

    torch.manual_seed(0)
    for size in (1, 2, 3):
        theirs, ours = NoRepeatNGramLogitsProcessor(size), NoRepeat(size)
        prompt, answer = torch.randint(0, 5, (9,)).tolist(), []
        for _ in range(40):
            logits = torch.randn(5)
            wanted = theirs(torch.tensor([prompt + answer]), logits[None].clone())[0]
            assert torch.equal(ours(prompt, answer, logits.clone()), wanted), (size, prompt, answer)
            answer.append(int(torch.randint(0, 5, ())))
    print("equal")
"""


def test_the_rule_against_repetitions_is_that_of_transformers() -> None:
    assert PYTHON is not None
    said = subprocess.run([PYTHON, "-c", RULE], capture_output=True, text=True, cwd="/")
    assert said.stdout.splitlines()[-1:] == ["equal"], said.stderr


def test_vllm_answers_as_infer_does(tmp_path: Path, tokenizer_dir: str) -> None:
    assert PYTHON is not None
    folder, pictures, port = tmp_path / "model", draw_pictures(tmp_path), free_port()
    save_small_model(folder, tokenizer_dir)
    words = [PYTHON, "-m", "got_train", "serve", str(folder), "--port", str(port), "--engine", "vllm"]
    environment = os.environ | ON_CPU
    environment.pop("PYTHONPATH", None)  # the plugin is found by what is installed
    log = open(tmp_path / "log", "wb")
    more = "--engine-options=--enforce-eager --max-model-len 1024"
    with subprocess.Popen([*words, more], env=environment, cwd="/", stdout=log, stderr=log) as process:
        try:
            url = f"http://127.0.0.1:{port}"
            wait_for(f"{url}/health", process)
            assert_it_answers_as_infer_does(url, folder, pictures)
        finally:
            process.terminate()
