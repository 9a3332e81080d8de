"""Ray Serve LLM, started by `scripts/serve_ray.py` on a Ray of its own, answers as `infer` does."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.documents import ROOT
from tests.serving.servers import (
    ON_CPU,
    assert_it_answers_as_infer_does,
    draw_pictures,
    free_port,
    save_small_model,
    wait_for,
)

PYTHON = os.environ.get("RAY_PYTHON")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(PYTHON is None, reason="RAY_PYTHON names no Python with ray[serve], vLLM, got-train"),
]


def test_ray_answers_as_infer_does(tmp_path: Path, tokenizer_dir: str) -> None:
    assert PYTHON is not None
    folder, pictures, port = tmp_path / "model", draw_pictures(tmp_path), free_port()
    save_small_model(folder, tokenizer_dir)
    words = [PYTHON, str(ROOT / "scripts" / "serve_ray.py"), str(folder), "--cpu", "--port", str(port)]
    environment = os.environ | ON_CPU | {"RAY_ADDRESS": "local"}
    environment.pop("PYTHONPATH", None)  # the plugin is found by what is installed
    log = open(tmp_path / "log", "wb")
    more = ["enforce_eager=true", "max_model_len=1024"]
    with subprocess.Popen([*words, *more], env=environment, cwd="/", stdout=log, stderr=log) as process:
        try:
            url = f"http://127.0.0.1:{port}"
            wait_for(f"{url}/v1/models", process)
            assert_it_answers_as_infer_does(url, folder, pictures)
        finally:
            process.terminate()
