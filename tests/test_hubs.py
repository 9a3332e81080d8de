"""Ids of ModelScope, through its own package, from a small server on this machine."""

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from got_train import hubs
from got_train.cli import main
from got_train.data.hub import find_hub_set
from got_train.hubs import hub_model, split_hub
from got_train.report import UserError
from got_train.run_folders import resolve_checkpoint
from tests.conftest import draw, write_rows
from tests.data.conftest import cache as cache
from tests.data.packing import png, samples, write_parquet
from tests.swift.conftest import model_dir as model_dir

MODEL, SET = "models/stepfun-ai/GOT-OCR2_0", "datasets/AI-ModelScope/LaTeX_OCR"


@pytest.fixture
def modelscope(model_dir: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A ModelScope with a model and a set of few rows; the list gets every file that is downloaded."""
    package = pytest.importorskip("modelscope_hub", reason="the extra modelscope is not installed")
    rows = [{"image": {"bytes": png(n), "path": None}, "text": f"x _ {n}"} for n in range(1, 13)]
    for file, some in {"small/train": rows[:2], "full/train": rows[:8], "full/validation": rows[8:]}.items():
        (tmp_path / "set" / file).parent.mkdir(parents=True, exist_ok=True)
        write_parquet(tmp_path / "set" / f"{file}.parquet", some)
    (tmp_path / "set" / "README.md").write_text(
        "---\nconfigs:\n- {config_name: small, data_files: small/train.parquet}\n"
        "- {config_name: full, data_files: [{split: train, path: full/train.parquet}, "
        "{split: validation, path: full/validation.parquet}]}\n---\n"
    )
    folders = {MODEL: Path(model_dir), SET: tmp_path / "set"}
    sent: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            name, _, what = url.path.removeprefix("/api/v1/").partition("/repo")
            asked = {key: values[0] for key, values in parse_qs(url.query).items()}
            folder = folders.get(name)
            if folder is None or what not in ("", "/files", "/tree"):
                self.answer(404, json.dumps({"Code": 404, "Message": f"{name} is not there"}).encode())
            elif what:
                files = [entry(path, folder) for path in sorted(folder.rglob("*")) if path.is_file()]
                first = int(asked.get("PageNumber", 1)) == 1
                data = {"Files": files if first else [], "TotalCount": len(files)}
                self.answer(200, json.dumps({"Code": 200, "Success": True, "Data": data}).encode())
            else:
                sent.append(asked["FilePath"])
                self.answer(200, (folder / asked["FilePath"]).read_bytes())

        def answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("MODELSCOPE_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("MODELSCOPE_CACHE", str(tmp_path / "modelscope"))
    monkeypatch.setenv("MODELSCOPE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("USE_HF", raising=False)
    package.set_default_config(package.HubConfig())  # it reads the environment only once
    hubs.modelscope_folder.cache_clear()
    yield sent
    hubs.modelscope_folder.cache_clear()
    server.shutdown()


def entry(path: Path, folder: Path) -> dict[str, Any]:
    content = path.read_bytes()
    facts = {"Path": path.relative_to(folder).as_posix(), "Name": path.name, "Type": "blob"}
    return facts | {"Size": len(content), "Sha256": hashlib.sha256(content).hexdigest()}


@pytest.mark.parametrize(
    ("name", "use_hf", "expected"),
    [
        ("MS::a/b", None, (True, "a/b")),
        ("ms::a/b", "1", (True, "a/b")),
        ("HF::a/b", "0", (False, "a/b")),
        ("a/b", None, (False, "a/b")),
        ("a/b", "0", (True, "a/b")),
        ("a/b", "False", (True, "a/b")),
        ("a/b", "true", (False, "a/b")),
    ],
)
def test_a_prefix_or_the_environment_chooses_the_hub(
    name: str, use_hf: str | None, expected: tuple[bool, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("USE_HF", raising=False)
    if use_hf is not None:
        monkeypatch.setenv("USE_HF", use_hf)
    assert split_hub(name) == expected


def test_sets_have_their_own_ids_on_each_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USE_HF", "0")
    for name in ("latex-ocr-print", "linxy/LaTeX_OCR:full", "MS::AI-ModelScope/LaTeX_OCR:full"):
        assert str(find_hub_set(name)) == "MS::AI-ModelScope/LaTeX_OCR:full"
    assert str(find_hub_set("HF::AI-ModelScope/LaTeX_OCR:full")) == "linxy/LaTeX_OCR:full"


def test_mistakes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="^MS::got: after the prefix comes an id, as in MS::stepfun-ai/GOT"):
        resolve_checkpoint("MS::got")
    assert hub_model(str(tmp_path)) == str(tmp_path)
    monkeypatch.setenv("USE_HF", "maybe")
    with pytest.raises(UserError, match=r"^USE_HF=maybe: allowed are 1 \(Hugging Face\) and 0 "):
        split_hub("a/b")


def test_without_the_package_a_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "modelscope_hub", None)
    hubs.modelscope_folder.cache_clear()
    with pytest.raises(UserError) as caught:
        resolve_checkpoint("MS::stepfun-ai/GOT-OCR2_0")
    assert str(caught.value) == (
        "model stepfun-ai/GOT-OCR2_0 is to come from ModelScope, which needs modelscope-hub: "
        "pip install -e '.[modelscope]'"
    )


def test_a_model_is_downloaded_once_and_without_its_code(
    modelscope: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = resolve_checkpoint("MS::stepfun-ai/GOT-OCR2_0")
    assert (Path(folder) / "config.json").is_file()
    assert not [name for name in modelscope if name.endswith((".py", ".md"))]
    number = len(modelscope)
    hubs.modelscope_folder.cache_clear()
    monkeypatch.setenv("USE_HF", "0")
    assert resolve_checkpoint("stepfun-ai/GOT-OCR2_0") == folder
    assert len(modelscope) == number
    assert resolve_checkpoint("HF::stepfun-ai/GOT-OCR2_0") == "stepfun-ai/GOT-OCR2_0"
    with pytest.raises(UserError, match="^no model some/model on ModelScope: ") as caught:
        resolve_checkpoint("MS::some/model")
    assert "\n" not in str(caught.value)


@pytest.mark.usefixtures("cache")
def test_a_set_is_read(modelscope: list[str]) -> None:
    data = samples("MS::AI-ModelScope/LaTeX_OCR:small#1")
    assert len(data) == 1
    record = data.rows.record(0)
    assert record.turns[0].query == "<image>Using LaTeX to perform OCR on the image."
    assert record.location.startswith("MS::AI-ModelScope/LaTeX_OCR:small:")


@pytest.mark.parametrize(
    "words",
    [
        "swift sft --use_hf false --model stepfun-ai/GOT-OCR2_0 --dataset rows.jsonl --use_cpu --bf16 false",
        "train run.yaml model.path=MS::stepfun-ai/GOT-OCR2_0",
    ],
)
def test_training_starts_from_a_model_of_modelscope(
    words: str, modelscope: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("USE_HF", "1")  # so that it is put back
    draw(tmp_path / "1.png", "1")
    write_rows(tmp_path / "rows.jsonl", [{"query": "OCR: ", "response": "1", "images": ["1.png"]}] * 4)
    (tmp_path / "run.yaml").write_text(
        "name: run\ndata: {train: [rows.jsonl], val_ratio: 0}\n"
        "train: {max_steps: 1, use_cpu: true, bf16: false, per_device_train_batch_size: 1}\n"
    )
    with pytest.raises(SystemExit) as caught:
        main([*words.split(), "--dry-run"])
    assert caught.value.code == 0, capsys.readouterr()
    assert "model.safetensors" in modelscope


@pytest.mark.parametrize("name", ["\u6a21\u578b/x", "o/mod\u00e8le", "o/a b", "o/"])
def test_what_no_hub_calls_a_model_is_a_path_that_does_not_exist(name: str) -> None:
    with pytest.raises(UserError) as caught:
        resolve_checkpoint(name)
    assert str(caught.value) == f"checkpoint {name} does not exist"
    assert find_hub_set(name) is None
