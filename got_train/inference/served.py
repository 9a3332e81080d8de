"""Asks a model behind an address as if it were here: the same questions, answers and files.

Images go out as the tiles that the encoder takes, so any server of OpenAI's protocol that fills the chat
template of the model's folder sees the pixels and token ids of `infer` without a server.
"""

import base64
import io
import json
import os
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import requests
from PIL import Image

from got_train.command_options import SERVED_NAME
from got_train.config import Config
from got_train.data.record import Record
from got_train.data.samples import Sample, SampleEncoder
from got_train.inference.answer import Answer, Token
from got_train.inference.calibration import Calibration, read_calibration
from got_train.inference.reader import Reader
from got_train.model.checkpoints import run_config
from got_train.model.got import tile_shape
from got_train.model.processor import generation_config
from got_train.model.shapes import read_got_config
from got_train.model.tokenizer import load_tokenizer
from got_train.prompts import CHAT_TEMPLATES, IMAGE_TAG
from got_train.report import UserError, one_line, shortened
from got_train.run_folders import merged_beside
from got_train.vocabulary import MESSAGE_END

TIMEOUT = (30, 3600)
"""Longest waits in seconds, to connect and for an answer: a server with many questions begins late."""

RETRY_SECONDS = (1, 4, 16)
"""Waits before a question is asked again after an error that may pass."""

MAX_SAID = 300
"""Characters of a server's message that are shown."""

PASSING = (429, 500, 502, 503, 504)
"""Statuses of such errors."""


@dataclass(frozen=True)
class Served(Reader):
    """A model behind an address, which is asked as `Got` is."""

    url: str
    """Of the API: it ends with `/v1`."""
    name: str
    """The name that the server knows the model by."""
    encoder: SampleEncoder
    config: Config
    """The configuration of the run that trained the model."""
    calibration: Calibration | None = None
    """What corrects the probabilities of answers, if it lies beside the model."""

    @classmethod
    def at(cls, url: str, folder: str, image_root: str | None = None) -> "Served":
        """The model at an address.

        Args:
            url: such as `http://127.0.0.1:8000`.
            folder: the folder that is served, for its tokenizer and settings; its weights are not read.
            image_root: another folder in which relative image paths are looked up.

        Raises:
            UserError: if there is no server, or the folder holds no model.
        """
        if not url.startswith(("http://", "https://")):
            raise UserError(f"--server {url} must begin with http:// or https://")
        url = url.rstrip("/").removesuffix("/v1") + "/v1"
        if merged := merged_beside(folder):
            if not merged.is_dir():
                raise UserError(f"{folder} holds adapters: name the merged folder that is served")
            folder = str(merged)
        config = run_config(Path(folder), None, "original")
        if image_root is not None:
            config = replace(config, data=replace(config.data, image_root=image_root))
        encoder = SampleEncoder(load_tokenizer(folder), config.sample, tile_shape(read_got_config(folder)))
        return cls(url, _name_at(url), encoder, config, read_calibration(Path(folder)))

    @property
    def identity(self) -> str:
        """What tells this model from another one, for files of answers that are continued."""
        return f"{self.name} at {self.url}"

    def answers(
        self,
        records: Sequence[Record],
        max_new_tokens: int,
        batch_size: int = 1,
        beams: int = 1,
        log_probs: bool = False,
    ) -> Iterator[Answer]:
        """The answers to records, in order; `batch_size` of them are asked at the same time.

        Raises:
            RowError: for a record whose images cannot be read.
            UserError: if the server does not answer, or does not give the probabilities that are asked for;
                for beams, of which OpenAI's protocol knows nothing.
        """
        if beams > 1:
            raise UserError("--beams is of a model that is read here: leave out --server")
        more = {"logprobs": True} if log_probs else {}
        answers = self._asked(records, max_new_tokens, batch_size, more)
        return (replace(answer, calibration=self.calibration) for answer in answers)

    def _asked(
        self, records: Sequence[Record], max_new_tokens: int, batch_size: int, more: dict[str, Any]
    ) -> Iterator[Answer]:
        """Asks records, with more in the body of each question."""
        waiting: deque[Future[Answer]] = deque()
        asking = ThreadPoolExecutor(batch_size)
        try:
            for record in records:
                waiting.append(asking.submit(_answer, self.url, self._body(record, max_new_tokens) | more))
                if len(waiting) > 2 * batch_size:  # none should stand idle while another writes much
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            asking.shutdown(wait=False, cancel_futures=True)

    def stream(self, record: Record, max_new_tokens: int) -> Iterator[str]:
        """The answer to a record in pieces, as they come.

        Raises:
            RowError: for a record whose images cannot be read.
            UserError: if the server does not answer.
        """
        body = self._body(record, max_new_tokens) | {"stream": True}
        try:
            with _ask(self.url, body) as response:
                if not response.ok:
                    raise _refusal(response)
                for line in response.iter_lines():
                    if line.startswith(b"data: {"):
                        said = json.loads(line.removeprefix(b"data: "))
                        if "error" in said:
                            raise UserError(f"{self.url}: {shortened(str(said['error']), MAX_SAID)}")
                        yield "".join(choice["delta"].get("content") or "" for choice in said["choices"])
        except requests.RequestException as error:
            raise _silence(self.url, error) from None

    def _body(self, record: Record, max_new_tokens: int) -> dict[str, Any]:
        """A question in OpenAI's protocol, with what transformers' server needs beside it."""
        sample = self.encoder.sample(record)
        tiled = any(tiles > 1 for tiles in sample.tiles_per_image)
        if tiled and CHAT_TEMPLATES[self.config.sample.template].as_written:
            raise UserError(
                f"{record.location}: in ms-swift's chat template each picture of a request has a block of "
                "its own, and tiles have one together: leave out --crop, or --server"
            )
        body: dict[str, Any] = {
            "model": self.name,
            "messages": messages(record, sample),
            "max_tokens": max_new_tokens,
            "temperature": 0,
            "chat_template_kwargs": {"multi_page": True, "num_image_tokens": self.encoder.tile.num_tokens},
        }
        if sample.num_tiles > 1:  # whose text may repeat itself; vLLM's plugin knows
            ways = generation_config(self.encoder.tokenizer)
            ways.no_repeat_ngram_size = 0
            body["generation_config"] = ways.to_json_string()
        return body


def messages(record: Record, sample: Sample) -> list[dict[str, Any]]:
    """A conversation in OpenAI's protocol, up to the question that is to be answered.

    Args:
        record: the conversation.
        sample: its images as tiles.
    """
    ends = np.cumsum(sample.tiles_per_image)
    images = iter(zip(ends - sample.tiles_per_image, ends, strict=True))
    spoken: list[dict[str, Any]] = []
    if record.system is not None:
        spoken.append({"role": "system", "content": record.system})
    for turn in record.turns:
        first, *rest = turn.query.split(IMAGE_TAG)
        parts: list[dict[str, Any]] = [{"type": "text", "text": first}] if first else []
        for text in rest:
            parts += map(_picture, sample.tiles[slice(*next(images))])
            parts += [{"type": "text", "text": text}] if text else []
        spoken += [{"role": "user", "content": parts}, {"role": "assistant", "content": turn.response}]
    return spoken[:-1]


def _picture(tile: np.ndarray) -> dict[str, Any]:
    """A tile in a message, every pixel as it is."""
    buffer = io.BytesIO()
    Image.fromarray(tile).save(buffer, "PNG", compress_level=1)
    url = f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
    return {"type": "image_url", "image_url": {"url": url}}


def _name_at(url: str) -> str:
    """The name by which a server knows its model: the only one that it lists, or that of `got-train serve`.

    transformers' server lists what is in the hub's cache instead, and fails if nothing is.
    """
    try:
        response = requests.get(f"{url}/models", headers=_key(), timeout=TIMEOUT)
    except requests.RequestException as error:
        raise _silence(url, error) from None
    if response.status_code in (401, 403):
        raise _refusal(response)
    try:
        [listed] = response.json()["data"]
        return str(listed["id"])
    except (ValueError, LookupError, TypeError):
        return SERVED_NAME


def _ask(url: str, body: dict[str, Any]) -> requests.Response:
    return requests.post(
        f"{url}/chat/completions",
        json=body,
        headers=_key(),
        timeout=TIMEOUT,
        stream=body.get("stream", False),
    )


def _answer(url: str, body: dict[str, Any]) -> Answer:
    """The answer to a question, which is asked again after an error that may pass."""
    for wait in (*RETRY_SECONDS, None):
        try:
            response = _ask(url, body)
            if response.ok:
                return _read_answer(response, "logprobs" in body)
            failed = _refusal(response)
            if response.status_code not in PASSING:
                raise failed
        except requests.RequestException as error:
            failed = _silence(url, error)
        if wait is not None:
            time.sleep(wait)
    raise failed


def _read_answer(response: requests.Response, log_probs: bool) -> Answer:
    try:
        choice = response.json()["choices"][0]
        text = str(choice["message"]["content"] or "")
        given = (choice.get("logprobs") or {}).get("content") if log_probs else []
        tokens = tuple(_token(token) for token in given or [])
    except (ValueError, LookupError, TypeError, AttributeError):
        said = shortened(response.text, MAX_SAID)
        raise UserError(f"{response.url} does not answer in OpenAI's protocol: {said}") from None
    if sum(token.text.count("\n") for token in tokens) != text.count("\n") and tokens:
        raise UserError(f"{response.url} gives probabilities (logprobs) of another text than its answer")
    if log_probs and not tokens:
        raise UserError(
            f"{response.url} gives no probabilities (logprobs), as vLLM would: leave out --confidence, or "
            "--server"
        )
    return Answer(text, tokens)


def _token(given: dict[str, Any]) -> Token:
    """A token of `logprobs`; the one that ends an answer has no text."""
    text = str(given["token"])
    return Token("" if text == MESSAGE_END else text, float(given["logprob"]))


def _key() -> dict[str, str]:
    """The header with the key of a server that asks for one."""
    key = os.environ.get("OPENAI_API_KEY")
    return {"Authorization": f"Bearer {key}"} if key else {}


def _silence(url: str, error: requests.RequestException) -> UserError:
    return UserError(
        f"no answer from {url} ({one_line(error)}): is it running? `got-train serve MODEL` starts a server"
    )


def _refusal(response: requests.Response) -> UserError:
    """What a server says instead of an answer."""
    return UserError(
        f"{response.url} refuses with {response.status_code}: {shortened(response.text, MAX_SAID)}"
    )
