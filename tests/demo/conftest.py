"""A small model, and pages that it is asked on without a browser."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("starlette", reason="pip install 'got-train[demo]'")
pytest.importorskip("httpx", reason="pip install 'got-train[serve]'")

from starlette.testclient import TestClient  # noqa: E402

from got_train.demo.corrections import Corrections  # noqa: E402
from got_train.demo.labelling import Labelling, find_entries  # noqa: E402
from got_train.demo.pictures import Uploads  # noqa: E402
from got_train.demo.readings import Readings  # noqa: E402
from got_train.demo.server import Site, build  # noqa: E402
from got_train.inference.chat import Got  # noqa: E402
from tests.serving.servers import save_small_model  # noqa: E402

HOST = "127.0.0.1"


@pytest.fixture(scope="session")
def small_model(tmp_path_factory: pytest.TempPathFactory, tokenizer_dir: str) -> Path:
    """Folder of a model that says different things of different pictures."""
    folder = tmp_path_factory.mktemp("demo") / "small model"
    save_small_model(folder, tokenizer_dir)
    return folder


@pytest.fixture(scope="session")
def got(small_model: Path) -> Got:
    return Got.from_pretrained(small_model)


@contextmanager
def client_of(site: Site) -> Iterator[TestClient]:
    with TestClient(
        build(site, HOST), base_url=f"http://{HOST}:7860", raise_server_exceptions=False
    ) as client:
        yield client


@pytest.fixture
def demo_client(got: Got, tmp_path: Path) -> Iterator[TestClient]:
    """The page to try two models, which are the same one."""
    folder = tmp_path / "uploads"
    folder.mkdir()
    uploads = Uploads(folder, got.encoder.config.max_pixels)
    with client_of(Site(["first", "second"], [got, got], 24, uploads)) as client:
        yield client


Labeller = Callable[..., Any]


@pytest.fixture
def label_client(got: Got) -> Labeller:
    """The page to correct: of photos and an output, with or without a model, as a context."""

    @contextmanager
    def open_page(photos: Path, output: Path, with_model: bool = False) -> Iterator[TestClient]:
        entries = find_entries([str(photos)], "ocr")
        readings = Readings(output.with_suffix(".readings.jsonl"), "small") if with_model else None
        if readings is not None:
            readings.fill(entries)
        with Corrections.opened(output) as corrections:
            labelling = Labelling(entries, corrections, got.encoder.config.max_pixels)
            models = [got] if with_model else []
            site = Site(["small"] * with_model, models, 24, labelling=labelling, readings=readings)
            with client_of(site) as client:
                yield client

    return open_page
