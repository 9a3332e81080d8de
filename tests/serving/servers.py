"""A small model and pictures for what asks a server, and the wait for one."""

import socket
import subprocess
import time
from pathlib import Path

import pytest
import requests

from got_train.config import Config, DecoderConfig, EncoderConfig, ModelConfig, SampleConfig
from got_train.data.record import Record
from got_train.inference.chat import Got
from got_train.inference.questions import question
from got_train.inference.served import Served
from got_train.model.loading import build_model
from got_train.model.merge import save_model_folder
from tests.conftest import ENCODER, HANG_SECONDS, draw

SHAPE = {
    "hidden_size": 128,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "tie_word_embeddings": False,
}
"""Heads of 64, which vLLM has kernels for on a CPU; tied, the model would repeat its last token."""

ON_CPU = {"VLLM_CPU_OMP_THREADS_BIND": "nobind", "VLLM_CPU_KVCACHE_SPACE": "1"}
"""Variables with which vLLM is content with few cores and little memory."""


def save_small_model(path: Path, tokenizer_dir: str, **more: float) -> None:
    """A folder that says different things of different pictures; `more` is of the decoder's shape."""
    config = ModelConfig(
        init="random",
        encoder=EncoderConfig(**{**ENCODER, "output_channels": 128}),  # type: ignore[arg-type]
        decoder=DecoderConfig(model_type="qwen2", shape={**SHAPE, **more}, tokenizer=tokenizer_dir),
    )
    model, tokenizer, _ = build_model(config, 1024, seed=0)
    save_model_folder(model, tokenizer, Config(name="small", sample=SampleConfig()), path)


def draw_pictures(folder: Path) -> list[str]:
    """Pictures of numbers, of several widths."""
    paths = [folder / f"{number}.png" for number in range(5)]
    for number, path in enumerate(paths):
        draw(path, str(number) * 3, size=(64 + 32 * number, 64))
    return list(map(str, paths))


def every_question(pictures: list[str]) -> list[Record]:
    """A question of each task."""
    return [
        *(question([picture], ocr_type) for picture in pictures for ocr_type in ("ocr", "format")),
        question([pictures[1]], box="3,4,40,50"),
        question([pictures[2]], color="red"),
        question([pictures[2]], query="What does it say?"),
        question(pictures[:3], "format"),
        *(question([picture], crop=True) for picture in pictures[3:]),
    ]


def free_port() -> int:
    """A port at which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    """Returns when the server at an address answers."""
    for _ in range(HANG_SECONDS):
        assert process.poll() is None
        try:
            if requests.get(url, timeout=HANG_SECONDS).ok:
                return
        except requests.ConnectionError:
            pass
        time.sleep(1)
    raise AssertionError(f"no server at {url}")


def assert_it_answers_as_infer_does(url: str, folder: Path, pictures: list[str]) -> None:
    """Of a server with vLLM: texts, and the probabilities of answers and of their lines."""
    here, there = Got.from_pretrained(folder), Served.at(url, str(folder))
    records = every_question(pictures)
    # an answer that is cut inside a character ends otherwise: vLLM leaves out the half
    answers = [answer.rstrip("\ufffd") for answer in here.read(records, 24, 4)]
    assert [answer.rstrip("\ufffd") for answer in there.read(records, 24, 4)] == answers
    assert len(set(answers)) > 8
    pairs = zip(*(got.answers(records, 24, 4, log_probs=True) for got in (here, there)), strict=True)
    for ours, theirs in pairs:
        assert theirs.confidence == pytest.approx(ours.confidence, rel=1e-3)
        assert theirs.line_confidences == pytest.approx(ours.line_confidences, rel=1e-3)
