"""Asking a model behind an address; a server of transformers answers as the model in this process does."""

import base64
import io
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from transformers.utils.import_utils import is_serve_available

from got_train.inference import served as module
from got_train.inference.answer import Answer, Token
from got_train.inference.chat import Got
from got_train.inference.predict import predict, read_answers
from got_train.inference.questions import question
from got_train.inference.served import Served
from got_train.report import UserError
from tests.serving.servers import draw_pictures, every_question, free_port, save_small_model, wait_for


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, tokenizer_dir: str) -> Path:
    path = tmp_path_factory.mktemp("model")
    save_small_model(path, tokenizer_dir)
    return path


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    return draw_pictures(tmp_path_factory.mktemp("pictures"))


class Stub(BaseHTTPRequestHandler):
    """Answers with the query and the number of pictures, after what `failures` say."""

    asked: list[dict[str, Any]] = []
    failures: list[int] = []
    log_probs: dict[str, Any] | None = None

    def do_GET(self) -> None:
        self._send(200, {"data": [{"id": "small"}]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append(body | {"key": self.headers.get("Authorization")})
        if self.failures:
            self._send(self.failures.pop(0), {"error": "busy"})
            return
        parts = body["messages"][-1]["content"]
        said = "".join(part.get("text", "#") for part in parts)
        if "0" in said:  # a question that takes longer than those after it
            time.sleep(0.5)
        self._send(200, {"choices": [{"message": {"content": said}, "logprobs": self.log_probs}]})

    def _send(self, status: int, content: Any) -> None:
        text = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *given: Any) -> None:
        """Nothing is printed."""


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(module, "RETRY_SECONDS", (0, 0))
    Stub.asked, Stub.failures, Stub.log_probs = [], [], None
    with ThreadingHTTPServer(("127.0.0.1", 0), Stub) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_answers_come_in_order_and_questions_as_they_are(
    stub: str, folder: Path, pictures: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "cAnArY-key")
    got = Served.at(f"{stub}/v1/", str(folder))
    records = [question([picture], query=str(number)) for number, picture in enumerate(pictures)]
    assert list(got.read(records, 7, batch_size=3)) == ["#0", "#1", "#2", "#3", "#4"]
    body = Stub.asked[0]
    assert (body["model"], body["max_tokens"], body["temperature"]) == ("small", 7, 0)
    assert body["key"] == "Bearer cAnArY-key" and "generation_config" not in body
    assert body["chat_template_kwargs"] == {"multi_page": True, "num_image_tokens": 4}


def test_tiles_and_pages_are_pictures_of_one_block_whose_text_may_repeat_itself(
    stub: str, folder: Path, pictures: list[str]
) -> None:
    got = Served.at(stub, str(folder))
    cropped, pages = question([pictures[4]], crop=True), question(pictures[:2])
    tiles = len(got.encoder.sample(cropped).tiles)
    answers = list(got.read([cropped, pages], 7))
    assert tiles > 2
    assert answers == ["#" * tiles + "OCR upon the patch reference: ", "##OCR across multi pages: "]
    for body in Stub.asked:
        assert json.loads(body["generation_config"])["no_repeat_ngram_size"] == 0
        assert json.loads(body["generation_config"])["eos_token_id"] is not None


def test_what_passes_is_asked_again_and_what_does_not_is_one_line(
    stub: str, folder: Path, pictures: list[str]
) -> None:
    got, record = Served.at(stub, str(folder)), question(pictures[:1])
    Stub.failures = [503, 429]
    assert list(got.read([record], 7)) == ["#OCR: "]
    Stub.failures = [500, 500, 500]
    with pytest.raises(UserError, match=r'refuses with 500: \{"error": "busy"\}'):
        list(got.read([record], 7))
    Stub.failures = [400]
    with pytest.raises(UserError, match="refuses with 400"):
        list(got.read([record], 7))
    with pytest.raises(UserError, match="must begin with http:// or https://"):
        Served.at("localhost:8000", str(folder))


def test_probabilities_are_those_that_the_server_gives(stub: str, folder: Path, pictures: list[str]) -> None:
    got, record = Served.at(stub, str(folder)), question(pictures[:1])
    given = [("#OCR", -0.5), (": ", -0.25), ("<|im_end|>", -0.125)]
    Stub.log_probs = {"content": [{"token": text, "logprob": value} for text, value in given]}
    [answer] = got.answers([record], 7, log_probs=True)
    assert Stub.asked[-1]["logprobs"] is True
    assert answer == Answer("#OCR: ", (Token("#OCR", -0.5), Token(": ", -0.25), Token("", -0.125)))
    [answer] = got.answers([record], 7)
    assert "logprobs" not in Stub.asked[-1]
    assert answer == Answer("#OCR: ")
    for nothing in (None, {"content": None}, {"content": []}):
        Stub.log_probs = nothing
        with pytest.raises(UserError, match=r"gives no probabilities \(logprobs\), as vLLM would: leave out"):
            list(got.answers([record], 7, log_probs=True))
    Stub.log_probs = {"content": [{"token": "#OCR:\n", "logprob": -0.5}]}
    with pytest.raises(UserError, match=r"gives probabilities \(logprobs\) of another text than its answer"):
        list(got.answers([record], 7, log_probs=True))
    Stub.log_probs = {"content": [{"token": "a"}]}
    with pytest.raises(UserError, match="does not answer in OpenAI's protocol"):
        list(got.answers([record], 7, log_probs=True))
    with pytest.raises(UserError, match="--beams is of a model that is read here: leave out --server"):
        got.answers([record], 7, beams=2)


def test_no_server_is_one_line(folder: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(UserError, match=f"no answer from {url}/v1 .*is it running"):
            Served.at(url, str(folder))


def test_tiles_of_a_model_in_swifts_template_are_refused(
    stub: str, folder: Path, pictures: list[str]
) -> None:
    got = Served.at(stub, str(folder))
    object.__setattr__(got.config.sample, "template", "swift")
    with pytest.raises(UserError, match="leave out --crop, or --server"):
        list(got.read([question([pictures[4]], crop=True)], 7))


@pytest.fixture(scope="module")
def server(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """transformers' server of the small model, on a machine that has never asked a hub."""
    if not is_serve_available():
        pytest.skip("pip install 'got-train[serve]' brings the server of transformers")
    port = free_port()
    words = ["-m", "got_train", "serve", str(folder), "--port", str(port), "--engine", "transformers"]
    environment = os.environ | {"HF_HUB_CACHE": str(tmp_path_factory.mktemp("home") / "hub")}
    with subprocess.Popen(
        [sys.executable, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment
    ) as process:
        url = f"http://127.0.0.1:{port}"
        wait_for(f"{url}/v1/models", process)
        yield url
        process.terminate()


@pytest.mark.slow
def test_a_server_of_transformers_answers_as_infer_does(
    server: str, folder: Path, pictures: list[str], tmp_path: Path
) -> None:
    here, there = Got.from_pretrained(folder), Served.at(server, str(folder))
    records = every_question(pictures)
    answers = list(here.read(records, 24, 4))
    assert list(there.read(records, 24, 4)) == answers
    assert len(set(answers)) > 8
    assert "".join(there.stream(records[0], 24)) == answers[0]
    predict(there, records, tmp_path / "read.jsonl", 24, 2)
    assert read_answers(tmp_path / "read.jsonl") == answers


def test_pixels_go_out_as_they_are(stub: str, folder: Path, pictures: list[str]) -> None:
    got = Served.at(stub, str(folder))
    record = question([pictures[3]])
    list(got.read([record], 7))
    url = Stub.asked[0]["messages"][0]["content"][0]["image_url"]["url"]
    with Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))) as sent:
        assert sent.convert("RGB").tobytes() == got.encoder.sample(record).tiles[0].tobytes()
