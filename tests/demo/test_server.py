"""What the addresses of the page answer: to people, and to those who try to read what is not theirs."""

import asyncio
import io
import json
import re
import zlib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

pytest.importorskip("starlette", reason="pip install 'got-train[demo]'")

from starlette.testclient import TestClient  # noqa: E402

from got_train.demo import web  # noqa: E402
from got_train.demo.server import FILES, STATIC  # noqa: E402
from got_train.demo.turns import BusyError, Turns  # noqa: E402
from got_train.inference.chat import Got  # noqa: E402
from got_train.inference.questions import question  # noqa: E402
from tests.conftest import within_seconds  # noqa: E402


def picture(text: str = "12", size: tuple[int, int] = (64, 32), kind: str = "png") -> bytes:
    image = Image.new("RGB", size, "white")
    ImageDraw.Draw(image).text((2, 8), text, fill="black")
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


def pdf(pages: int) -> bytes:
    images = [Image.open(io.BytesIO(picture(str(number)))) for number in range(pages)]
    file = io.BytesIO()
    images[0].save(file, "pdf", save_all=True, append_images=images[1:])
    return file.getvalue()


def add(client: TestClient, content: bytes, name: str = "a b 图.png") -> list[dict[str, Any]]:
    answer = client.post("/pictures", params={"name": name}, content=content)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["pictures"])


def ask(client: TestClient, **body: Any) -> list[dict[str, Any]]:
    answer = client.post("/ask", json=body)
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


def error_of(answer: Any, status: int = 400) -> str:
    assert answer.status_code == status, answer.text
    line = str(answer.json()["error"])
    assert "\n" not in line
    return line


def test_a_picture_is_read_as_infer_reads_it(demo_client: TestClient, got: Got, tmp_path: Path) -> None:
    content = picture()
    (shown,) = add(demo_client, content)
    assert (shown["name"], shown["width"], shown["height"]) == ("a b 图.png", 64, 32)
    preview = demo_client.get(f"/pictures/{shown['word']}")
    assert Image.open(io.BytesIO(preview.content)).size == (64, 32)
    (tmp_path / "same.png").write_bytes(content)
    same = str(tmp_path / "same.png")
    for asked, record in (
        ({}, question([same])),
        ({"format": True}, question([same], "format")),
        ({"box": [2, 4, 40, 30]}, question([same], box="2,4,40,30")),
        ({"color": "red"}, question([same], color="red")),
        ({"crop": True, "model": 1}, question([same], crop=True)),
        ({"query": "What?"}, question([same], query="What?")),
    ):
        events = ask(demo_client, pictures=[shown["word"]], **asked)
        text = next(iter(got.read([record], 24)))
        assert events[-1]["text"] == text
        assert "".join(event.get("piece", "") for event in events) == text
        assert 0 < events[-1]["tokens"] <= 24 and 0 <= events[-1]["confidence"] <= 1
        prompt = next(event["prompt"] for event in events if "prompt" in event)
        assert record.turns[-1].query.replace("<image>", "").strip() in prompt
        assert "<imgpad> x 4</img>" in prompt or asked.get("crop")


def test_pages_of_a_pdf_are_read_together(demo_client: TestClient, got: Got, tmp_path: Path) -> None:
    content = pdf(3)
    shown = add(demo_client, content, "x.pdf")
    assert [one["name"] for one in shown] == ["x.pdf:1", "x.pdf:2", "x.pdf:3"]
    events = ask(demo_client, pictures=[one["word"] for one in shown], format=True)
    (tmp_path / "x.pdf").write_bytes(content)
    record = question([f"{tmp_path}/x.pdf:{page}" for page in (1, 2, 3)], "format")
    assert events[-1]["text"] == next(iter(got.read([record], 24)))
    many = demo_client.post("/pictures", params={"name": "many.pdf"}, content=pdf(18)).json()
    assert len(many["pictures"]) == 16 and many["note"] == "many.pdf has 18 pages: the first 16 are here"


def bomb(side: int) -> bytes:
    """A PNG of a few bytes that says it has `side` x `side` pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        checked = kind + content
        return len(content).to_bytes(4, "big") + checked + zlib.crc32(checked).to_bytes(4, "big")

    head = side.to_bytes(4, "big") * 2 + bytes([1, 0, 0, 0, 0])
    rows = zlib.compress(bytes(1 + side // 8) * side)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def pdf_bomb() -> bytes:
    """A PDF with a page of 200 inches square."""
    return (
        pdf(1)
        .replace(b"/MediaBox [ 0 0 64 32 ]", b"/MediaBox [ 0 0 14400 14400 ]")
        .replace(b"/MediaBox [ 0 0 64.0 32.0 ]", b"/MediaBox [ 0 0 14400 14400 ]")
    )


BAD = {
    "empty": (b"", "the file is empty"),
    "no picture": (b"hello", "image unreadable: no picture.png is not a readable image"),
    "cut off": (picture()[:80], "image"),
    "13000 x 13000": (bomb(13_000), "has 13000 x 13000 pixels, sample.max_pixels 89478485"),
    "script": (b"<svg onload=alert(1)></svg>", "image unreadable"),
    "broken pdf": (b"%PDF-1.7 hello", "image unreadable"),
    "pdf bomb": (pdf_bomb(), "pixels"),
    "postscript": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n", "image unreadable"),
}


@pytest.mark.parametrize("name", BAD)
def test_files_that_cannot_be_read_are_one_line(demo_client: TestClient, tmp_path: Path, name: str) -> None:
    content, said = BAD[name]
    with within_seconds(30):
        line = error_of(demo_client.post("/pictures", params={"name": f"{name}.png"}, content=content))
    assert said in line and str(tmp_path) not in line and "/tmp" not in line
    assert list((tmp_path / "uploads").iterdir()) == []
    assert add(demo_client, picture())  # the server lives


def test_a_file_that_is_too_large_is_refused(
    demo_client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "MAX_UPLOAD_BYTES", 1 << 20)
    line = error_of(demo_client.post("/pictures", content=bytes((1 << 20) + 1)))
    assert line == "the file is too large: 1 MiB are taken"
    assert list((tmp_path / "uploads").iterdir()) == []


def test_old_files_are_forgotten(
    demo_client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("got_train.demo.pictures.MAX_UPLOADS", 2)
    words = [add(demo_client, picture(str(number)))[0]["word"] for number in range(4)]
    assert error_of(demo_client.post("/ask", json={"pictures": words[:1]})) == (
        "this picture is no longer here: add it again"
    )
    assert ask(demo_client, pictures=words[3:])[-1]["text"]
    assert len(list((tmp_path / "uploads").iterdir())) == 4  # each with its preview


@pytest.mark.parametrize(
    "path",
    [
        "/../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "//etc/passwd",
        "/file=/etc/passwd",
        "/gradio_api/file=/etc/passwd",
        "/static/../command_line.py",
        "/page.js/../../server.py",
        "/pictures/..%2f..%2fetc%2fpasswd",
        "/pictures/%2e%2e",
        "/pictures/../../etc/passwd.0",
        "/entries/0",
        "/next",
    ],
)
def test_no_path_of_the_server_has_an_address(demo_client: TestClient, path: str) -> None:
    answer = demo_client.get(path)
    assert answer.status_code in (400, 404)
    assert "root:" not in answer.text and "import" not in answer.text


def test_a_picture_is_never_a_path(demo_client: TestClient) -> None:
    add(demo_client, picture())
    for word in ("/etc/passwd", "../uploads", "rows.jsonl", "page.png", "", "x.0", "\0"):
        line = error_of(demo_client.post("/ask", json={"pictures": [word]}))
        assert line == "this picture is no longer here: add it again"


QUESTIONS: list[tuple[Any, str]] = [
    ([], "this is not as the page sends it"),
    ({}, "there is no picture to read: add one"),
    ({"pictures": []}, "there is no picture to read: add one"),
    ({"pictures": "x"}, "pictures of the question is not as the page sends it"),
    ({"pictures": [{}]}, "there is no picture to read: add one"),
    ({"pictures": ["W"], "box": [1, 2, 3]}, "a box is x1, y1, x2, y2 in pixels, a point x, y"),
    ({"pictures": ["W"], "box": [1, 2, 1e999, 4]}, "this is not as the page sends it"),
    ({"pictures": ["W"], "box": [1, 2, 10**400, 4]}, "a box is x1, y1, x2, y2 in pixels, a point x, y"),
    ({"pictures": ["W"], "query": "\ud800"}, "this is not as the page sends it"),
    ({"pictures": ["W"], "box": ["1", 2, 3, 4]}, "a box is x1, y1, x2, y2 in pixels, a point x, y"),
    (
        {"pictures": ["W"], "box": [1, 2, 300, 4]},
        "box [1.0, 2.0, 300.0, 4.0] must be x1,y1,x2,y2 (or a point x,y) inside the image of 64 x 32 pixels",
    ),
    ({"pictures": ["W"], "color": "mauve"}, "color 'mauve' is not known: red, green, blue are"),
    ({"pictures": ["W"], "query": "x" * 2001}, "a question has 2,000 characters at most"),
    (
        {"pictures": ["W"], "query": "a <image>"},
        "<image> cannot stand in a query: images and the chat template are put around it",
    ),
    ({"pictures": ["W"], "model": 2}, "there is no such model"),
    ({"pictures": ["W"], "model": -1}, "there is no such model"),
    ({"pictures": ["W"], "model": True}, "there is no such model"),
    (
        {"pictures": ["W", "W"], "crop": True},
        "the pages of a document are read whole: leave out box, color and crop",
    ),
]


@pytest.mark.parametrize(("body", "said"), QUESTIONS)
def test_questions_that_no_page_sends_are_one_line(demo_client: TestClient, body: Any, said: str) -> None:
    (shown,) = add(demo_client, picture())
    content = json.dumps(body, allow_nan=True).replace('"W"', json.dumps(shown["word"]))
    line = error_of(demo_client.post("/ask", content=content))
    assert line == said or (said == "this is not as the page sends it" and "box" in line)
    assert error_of(demo_client.post("/ask", content="[" * 100_000)) == "this is not as the page sends it"
    assert "too long" in error_of(demo_client.post("/ask", content=b" " * (1 << 22)))


def test_other_sites_cannot_use_the_page(demo_client: TestClient) -> None:
    for headers in (
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://[abc"},
        {"origin": "http://127.0.0.1:9999"},
    ):
        assert error_of(demo_client.post("/pictures", content=picture(), headers=headers), 403)
    assert demo_client.get("/state", headers={"host": "evil.example"}).status_code == 400
    same = {"origin": "http://127.0.0.1:7860"}
    assert demo_client.post("/pictures", content=picture(), headers=same).status_code == 200


def test_every_file_of_the_page_has_an_address(demo_client: TestClient) -> None:
    assert sorted(name for name, _ in FILES.values()) == sorted(path.name for path in STATIC.iterdir())
    for address, (name, kind) in FILES.items():
        answer = demo_client.get(address)
        assert answer.content == (STATIC / name).read_bytes()
        assert answer.headers["content-type"] == f"{kind}; charset=utf-8"  # else no browser runs a module
        for imported in re.findall(r'from "\./(.+)"', answer.text):
            assert f"/{imported}" in FILES, f"{name} imports {imported}"


def test_every_answer_lets_the_browser_run_only_the_page(demo_client: TestClient) -> None:
    for path in (*FILES, "/state", "/nothing"):
        policy = demo_client.get(path).headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; ")
    page = demo_client.get("/").text
    assert "http" not in page.replace("http-equiv", "") and "<script>" not in page  # works offline


def test_hostile_answers_are_drawn_as_text(demo_client: TestClient) -> None:
    hostile = "**a** <script>document.title='run'</script> <img src=x onerror=alert(1)> \\(\\frac{1}{2}\\)"
    for quick in (True, False):
        page = demo_client.post("/render", json={"text": hostile, "quick": quick}).text
        assert "<script" not in page and "<img" not in page and "&lt;script&gt;" in page
        assert "<mfrac>" in page and "default-src 'none'" in page
    assert error_of(demo_client.post("/render", json={"text": 1})) == "text is not as the page sends it"


def test_drawing_that_crashes_is_one_line(demo_client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("got_train.demo.rendering.answer_page", crash)
    line = error_of(demo_client.post("/render", json={"text": "x", "quick": True}))
    assert line.startswith("this answer cannot be drawn: it crashes its reader (SIGABRT)")
    monkeypatch.undo()
    assert demo_client.post("/render", json={"text": "x", "quick": True}).status_code == 200


def crash(text: str, quick: bool) -> None:
    """What a reader in C may do."""
    import os

    os.abort()


def test_differences_are_marked(demo_client: TestClient) -> None:
    body = {"first": "a <b> c", "second": "a <d> c!"}
    pieces = demo_client.post("/compare", json=body).json()["pieces"]
    assert pieces == [["a <", "a <"], ["b", "d"], ["> c", "> c"], ["", "!"]]
    assert "are not compared" in error_of(
        demo_client.post("/compare", json={"first": "x" * 20_001, "second": ""})
    )


def test_more_than_may_wait_are_refused_and_turns_come_in_order() -> None:
    async def scene() -> list[str]:
        turns, happened, go = Turns(2), [], asyncio.Event()

        async def visit(name: str) -> None:
            async with turns.turn():
                happened.append(name)
                await go.wait()

        visitors = [asyncio.create_task(visit(name)) for name in ("first", "second")]
        await asyncio.sleep(0)
        with pytest.raises(BusyError, match="2 wait already: try again in a while"):
            await visit("third")
        assert happened == ["first"]
        visitors[0].cancel()  # a visitor who leaves lets the next one in
        go.set()
        await asyncio.gather(*visitors, return_exceptions=True)
        await visit("fourth")
        return happened

    assert asyncio.run(scene()) == ["first", "second", "fourth"]


def test_a_fault_of_the_server_is_told_to_its_terminal_alone(
    demo_client: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*given: object) -> None:
        raise RuntimeError("secret /etc/path")

    monkeypatch.setattr("got_train.demo.server.answer_events", fail)
    (shown,) = add(demo_client, picture())
    events = ask(demo_client, pictures=[shown["word"]])
    assert events[-1] == {"error": "the server failed at this; the terminal that it runs in says why"}
    assert "secret /etc/path" in caplog.text
