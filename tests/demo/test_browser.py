"""The pages as people use them: the commands, a real browser, mouse and keys."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
import requests

pytest.importorskip("starlette", reason="pip install 'got-train[demo]'")
pytest.importorskip("markdown_it", reason="pip install 'got-train[render]'")
pytest.importorskip("math_core", reason="pip install 'got-train[render]'")

from got_train import check_data  # noqa: E402
from got_train.cli import main  # noqa: E402
from got_train.inference.chat import Got  # noqa: E402
from got_train.inference.questions import question  # noqa: E402
from tests.conftest import HANG_SECONDS, draw  # noqa: E402
from tests.demo.browser import Browser  # noqa: E402
from tests.pages.test_answers import SCRIPT  # noqa: E402

ROOT = Path(__file__).parent.parent.parent
Start = Callable[..., tuple[str, "subprocess.Popen[str]"]]
SIZES = ((1280, 900), (390, 844))


def free_port() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return str(free.getsockname()[1])


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    found = Browser(tmp_path / "profile")
    yield found
    found.close()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a command that serves a page; gives its address and the process."""
    running: list[subprocess.Popen[str]] = []

    def begin(*words: object) -> tuple[str, "subprocess.Popen[str]"]:
        port = free_port()
        process = subprocess.Popen(
            [sys.executable, "-m", "got_train", *map(str, words), "--port", port],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        running.append(process)
        url = f"http://127.0.0.1:{port}/"
        for _ in range(HANG_SECONDS):
            assert process.poll() is None, process.communicate()[0]
            try:
                if requests.get(f"{url}state", timeout=HANG_SECONDS).ok:
                    return url, process
            except requests.ConnectionError:
                time.sleep(1)
        raise AssertionError("no page")

    yield begin
    for process in running:
        process.kill()
        process.communicate()


def looks_right(browser: Browser, url: str) -> None:
    """At both widths nothing is wider than the window, and the dark page is dark."""
    for width, height in SIZES:
        for dark in (False, True):
            browser.open(url, width, height, dark)
            assert browser.run("document.documentElement.scrollWidth") == width
            color = browser.run("getComputedStyle(document.body).backgroundColor")
            assert (max(map(int, re.findall(r"\d+", color)[:3])) < 60) == dark
            assert browser.run("document.documentElement.lang") == "en"
            unnamed = "[...document.querySelectorAll('img')].filter((image) => !image.alt).length"
            assert browser.run(unnamed) == 0


def test_trying_two_models(
    browser: Browser, start: Start, small_model: Path, got: Got, tmp_path: Path
) -> None:
    draw(tmp_path / "a 图.png", "123", size=(200, 100))
    url, process = start("demo", small_model, small_model, "--max-new-tokens", 16)
    browser.open(url)
    browser.choose_files("#files", tmp_path / "a 图.png")
    browser.wait("document.querySelector('#picture').naturalWidth === 200")
    assert browser.text("#caption") == "a 图.png: 200 x 100 pixels"
    left, top = browser.run("(r => [r.x, r.y])(document.querySelector('#picture').getBoundingClientRect())")
    browser.drag((left + 21, top + 11), (left + 101, top + 61))
    corners = str(browser.run("document.querySelector('#corners').value"))
    assert re.fullmatch(r"(19|20|21),(9|10|11),(99|100|101),(59|60|61)", corners)
    browser.click("#read")
    browser.wait("!document.querySelector('#compared').hidden")
    record = question([tmp_path / "a 图.png"], box=corners)
    said = next(iter(got.read([record], 16)))
    assert [browser.text(f"article:nth-of-type({number}) .plain") for number in (1, 2)] == [said, said]
    assert browser.text("#differences") == "both answers are equal"
    assert re.fullmatch(
        r"\d+ tokens in [\d.]+ s \(the first after [\d.]+ s\), [\d.]+ tokens a second, \d+ % sure",
        browser.text(".status"),
    )
    assert record.turns[-1].query.removeprefix("<image>") in browser.text(".prompt")
    browser.wait("document.querySelector('article iframe').contentDocument.querySelector('.answer')")
    (tmp_path / "0 bytes.png").write_bytes(b"")
    browser.choose_files("#files", tmp_path / "0 bytes.png")
    browser.wait("!document.querySelector('#message').hidden")
    assert browser.text("#message") == "0 bytes.png: the file is empty"
    asked = [address for address in browser.requests if address.startswith("http")]
    assert asked and all(address.startswith(url) for address in asked)  # and so it works offline
    looks_right(browser, url)
    process.send_signal(signal.SIGINT)
    printed, _ = process.communicate(timeout=HANG_SECONDS)
    assert process.returncode == 130
    assert printed.splitlines() == [
        f"the page is at {url[:-1]} (Ctrl-C ends it)",
        "got-train: interrupted",
    ]


def rows_of(path: Path) -> list[tuple[str, str]]:
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n")[:-1]]
    return [(row["query"], row["response"]) for row in rows]


def test_correcting_by_keys_alone(browser: Browser, start: Start, tmp_path: Path, tokenizer_dir: str) -> None:
    photos = tmp_path / "my 照片"
    photos.mkdir()
    for number in range(3):
        draw(photos / f"{number}.png", str(number), size=(64, 32))
    url, process = start("label", photos, "--format")
    browser.open(url)
    name = "document.querySelector('#caption').textContent"
    assert browser.run("document.activeElement.id") == "text"  # without a model one begins to type
    browser.type(f"{SCRIPT} \\(\\frac{{1}}{{2}}\\)")
    look = "document.querySelector('#look').contentDocument"
    browser.wait(f"{look}.querySelector('mfrac')")  # while one types
    assert browser.run("document.title") == "GOT: correcting"
    assert (
        browser.run(f"{look}.title") == "answer"
        and browser.run(f"{look}.querySelectorAll('script').length") == 0
    )
    browser.press("Enter", ctrl=True)
    browser.wait(f"{name}.startsWith('1.png')")
    browser.press("Escape")
    browser.press("s")
    browser.wait(f"{name}.startsWith('2.png')")
    browser.press("Escape")
    browser.press("n")
    browser.wait(f"{name}.startsWith('1.png')")
    browser.press("Escape")
    browser.press("b")
    browser.wait(f"{name}.startsWith('2.png')")
    assert browser.text("#sure") == "accepted as a picture without text; accept again to replace it"
    browser.type("two")
    browser.press("Enter", ctrl=True)
    browser.wait(f"{name}.startsWith('1.png')")
    assert browser.text("#progress") == "2 of 3 done"
    process.kill()  # as a crash: what was accepted is on the disk
    process.wait(HANG_SECONDS)
    output = tmp_path / "rows.jsonl"
    assert [response for _, response in rows_of(output)] == [f"{SCRIPT} \\(\\frac{{1}}{{2}}\\)", "two"]
    url, process = start("label", photos, "--format")
    looks_right(browser, url)
    browser.wait(f"{name}.startsWith('1.png')")
    browser.press("Escape")
    browser.press("e")
    browser.type("one")
    browser.press("Escape")
    browser.press("Enter")
    browser.wait("document.querySelector('#editor').hidden")
    assert browser.text("#progress").startswith("3 of 3 done: that is all.")
    process.send_signal(signal.SIGTERM)
    printed, _ = process.communicate(timeout=HANG_SECONDS)
    assert "3 pictures, 2 done; rows go to rows.jsonl" in printed
    assert printed.endswith(
        "got-train: stopped: by SIGTERM; the same command goes on after the last accepted row\n"
    )
    assert rows_of(output)[-1] == ("<image>OCR with format: ", "one")
    assert check_data.check_files([str(output)], [], None, None, 1024, tokenizer_dir)


def test_a_page_whose_address_is_taken(start: Start, tmp_path: Path) -> None:
    draw(tmp_path / "1.png", "1")
    url, _ = start("label", "1.png")
    port = url.strip("/").rpartition(":")[2]
    words = [sys.executable, "-m", "got_train", "label", "1.png", "--output"]
    run = partial(
        subprocess.run,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
    )
    second = run([*words, "other.jsonl", "--port", port])
    assert second.returncode == 2
    taken = f"the page cannot be at 127.0.0.1:{port} (Address already in use): give another --port"
    assert second.stderr == f"got-train: error: {taken}\n"
    third = run([*words, "rows.jsonl", "--port", free_port()])
    assert third.returncode == 2
    assert "got-train: error: rows.jsonl is being written by process" in third.stderr


def test_a_server_that_ends_without_its_signal_was_interrupted_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The signal that the server raises again after it has ended was lost on a busy machine."""
    draw(tmp_path / "1.png", "1")
    monkeypatch.setattr("uvicorn.Server.run", lambda server, sockets: None)
    with pytest.raises(SystemExit) as caught:
        main(["label", str(tmp_path / "1.png"), "--output", str(tmp_path / "r.jsonl"), "--port", free_port()])
    assert caught.value.code == 130
    assert "got-train: interrupted" in capsys.readouterr().err
