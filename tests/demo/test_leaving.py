"""A model stops when the visitor who asked it has gone, over real connections."""

import json
import socket
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

pytest.importorskip("uvicorn", reason="pip install 'got-train[demo]'")

import uvicorn  # noqa: E402

from got_train.data.record import Record  # noqa: E402
from got_train.demo.pictures import Uploads  # noqa: E402
from got_train.demo.server import Site, build  # noqa: E402
from got_train.inference.chat import Got  # noqa: E402
from tests.conftest import HANG_SECONDS, draw  # noqa: E402
from tests.demo.conftest import HOST  # noqa: E402

NOTICED_SECONDS = 30
"""How long a server may take to see that a connection was closed; a quiet machine needs milliseconds."""


@dataclass
class Endless:
    """Says one piece at a time, when the test lets it, and never ends by itself."""

    encoder: Any
    piece: str
    said: int = 0
    may_say: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    stopped: threading.Event = field(default_factory=threading.Event)

    def stream(self, record: Record, max_new_tokens: int, log_probs: bool) -> Generator[str]:
        yield "begun"
        try:
            while self.may_say.acquire(timeout=HANG_SECONDS):
                self.said += 1
                yield self.piece
        finally:
            self.stopped.set()


@contextmanager
def serving(site: Site) -> Iterator[str]:
    """The address of a site, served by a thread."""
    with socket.create_server((HOST, 0)) as address:
        server = uvicorn.Server(uvicorn.Config(build(site, HOST), log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [address]})
        thread.start()
        try:
            yield f"http://{HOST}:{address.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(HANG_SECONDS)


@pytest.mark.parametrize("piece", ["word ", ""], ids=["words", "one long word"])
def test_a_model_stops_when_its_visitor_has_gone(piece: str, got: Got, tmp_path: Path) -> None:
    """A word comes when its last token is known: until then a model says empty pieces."""
    model = Endless(got.encoder, piece)
    (tmp_path / "uploads").mkdir()
    draw(tmp_path / "1.png", "12", size=(64, 32))
    with serving(Site(["m"], [model], 24, Uploads(tmp_path / "uploads", 10**6))) as url:  # type: ignore[list-item]
        added = requests.post(f"{url}/pictures", (tmp_path / "1.png").read_bytes())
        word = added.json()["pictures"][0]["word"]
        with requests.post(f"{url}/ask", json={"pictures": [word]}, stream=True) as answer:
            lines = answer.iter_lines()
            while json.loads(next(lines)).get("piece") != "begun":
                pass
        for _ in range(3):
            model.may_say.release()
            if model.stopped.wait(NOTICED_SECONDS):
                break
        assert model.stopped.is_set() and model.said <= 2
