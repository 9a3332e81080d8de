"""Hostile files are read, or refused in one line, within limits of memory and time."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow
import pytest
from PIL import Image, ImageOps

from got_train.config import SampleConfig
from got_train.data.arrow import ArrowRows
from got_train.data.decoding import upright_rgb
from got_train.data.encode import check_length, encode
from got_train.data.errors import RowError
from got_train.data.images import lazy_image, open_image
from got_train.data.record import Record
from got_train.data.records import parse_row
from got_train.model.tokenizer import max_token_bytes, qwen_tokenizer, small_tokenizer, vocabulary_file
from got_train.processes import KeptProcess, LimitError
from got_train.report import UserError, readable
from tests.conftest import HANG_SECONDS
from tests.data.hostile import PDFS, PICTURES

MAX_MEMORY = 2 * 10**9

OPEN = """
import json, resource, sys, time
from pathlib import Path
from got_train.config import MAX_PIXELS
from got_train.data import images
from got_train.data.errors import ImageError

folder, images.READ_SECONDS = Path(sys.argv[1]), int(sys.argv[2])
found = {}
for name in json.loads(sys.argv[3]):
    begun = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    try:
        image = images.open_image(images.find_image(name, [folder]), MAX_PIXELS)
        found[name] = f"{image.mode} {image.width} x {image.height}"
    except ImageError as error:
        found[name] = f"{error.cause}: {error}"
images._READER._stop()
used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
print(json.dumps({"found": found, "memory": [each.ru_maxrss * 1024 for each in used]}))
"""


def read_all(folder: Path, names: list[str], seconds: int) -> dict[str, str]:
    """What comes of images that a process opens, which no process that it starts takes much memory for."""
    command = [sys.executable, "-c", OPEN, str(folder), str(seconds), json.dumps(names)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=HANG_SECONDS)
    assert run.returncode == 0, run.stderr
    said = json.loads(run.stdout)
    assert max(said["memory"]) < MAX_MEMORY
    for name, line in said["found"].items():
        assert line.isprintable() and (line.startswith("RGB ") or name.partition(":")[0] in line)
    found: dict[str, str] = said["found"]
    return found


def test_hostile_pictures(tmp_path: Path) -> None:
    for name, made in PICTURES.items():
        (tmp_path / name).write_bytes(made())
    found = read_all(tmp_path, list(PICTURES), seconds=4)
    assert found["alpha.png"] == "RGB 9400 x 9400"
    assert found["chunks.png"] == "RGB 9 x 9"
    for name in ("large.png", "a.ico", "a.icns", "a.gif", "screen.gif", "a.jpg", "large.tiff"):
        assert found[name].startswith("image too large: "), found[name]
    for name in ("a.qoi", "scans.jpg"):
        assert found[name].endswith("takes longer than 4 seconds"), found[name]
    for name in ("a.eps", "eps.png"):
        assert "is PostScript" in found[name]
    for name in ("iptc.png", "a.svg", "a.heic", "empty.png", "nothing.jpg"):
        assert found[name].startswith("image unreadable: "), found[name]


def test_hostile_pdfs(tmp_path: Path) -> None:
    for name, made in PDFS.items():
        (tmp_path / f"{name}.pdf").write_bytes(made())
    found = read_all(tmp_path, [f"{name}.pdf:1" for name in PDFS], seconds=4)
    found = {name.removesuffix(".pdf:1"): line for name, line in found.items()}
    assert found["huge page"].startswith("image too large: ")
    for name in ("billion laughs", "packed twice"):
        assert "takes longer than" in found[name] or "of memory" in found[name], found[name]
    for name in ("no pages", "cut off", "no PDF"):
        assert found[name].startswith("image "), found[name]
    assert found["deep forms"] == "RGB 275 x 275"


def test_a_row_waits_for_no_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "zero.png").symlink_to("/dev/zero")
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(tmp_path / "socket.png"))
    names = ["pipe.png", "folder.png", "zero.png", "socket.png"]
    found = read_all(tmp_path, names, seconds=4)
    server.close()
    for name in names:
        assert found[name].startswith("image missing: "), found[name]


def test_bands_have_the_pixels_of_the_whole() -> None:
    random = np.random.default_rng(0)
    noise = random.integers(0, 256, (1500, 900, 4), np.uint8)
    whole = {mode: Image.fromarray(noise).convert(mode) for mode in ("RGBA", "LA", "L", "CMYK", "1")}
    whole["P"] = Image.fromarray(noise).convert("RGB").quantize(64)
    whole["P"].info["transparency"] = bytes(range(64))
    for mode, picture in whole.items():
        expected = picture.convert("RGB")
        if picture.has_transparency_data:
            layer = picture.convert("RGBA")
            expected = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")
        assert upright_rgb(picture).tobytes() == expected.tobytes(), mode
    numbers = random.integers(0, 65536, (1500, 900)).astype(np.uint16)
    shades = (numbers.astype(np.float32) * np.float32(255 / 65535)).astype(np.uint8)
    assert (np.asarray(upright_rgb(Image.fromarray(numbers)))[..., 0] == shades).all()


@pytest.mark.parametrize("ending", ["bmp", "tiff", "png", "jpg"])
def test_the_other_process_gives_the_same_pixels(
    ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (300, 500, 3), np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 6  # rotate by 90 degrees
    Image.fromarray(noise).save(tmp_path / f"a.{ending}", exif=exif)
    expected = ImageOps.exif_transpose(Image.open(tmp_path / f"a.{ending}"))
    monkeypatch.setattr("got_train.data.images._HERE_PIXELS", 1)
    assert open_image(tmp_path / f"a.{ending}", 10**6).tobytes() == expected.tobytes()
    smaller = lazy_image(tmp_path / f"a.{ending}", 10**6).decode(150, 250)
    assert smaller.size == ((150, 250) if ending == "jpg" else expected.size)


def take_memory(number: int) -> int:
    return len(bytearray(number))


def test_a_kept_process_is_limited_and_replaced() -> None:
    kept = KeptProcess()
    assert kept.call(take_memory, 1000, max_memory=1 << 26, seconds=60) == 1000
    first = kept.call(os.getpid, max_memory=1 << 26, seconds=60)
    with pytest.raises(LimitError, match=r"^needs more than 0\.1 GB of memory$"):
        kept.call(take_memory, 1 << 28, max_memory=1 << 26, seconds=60)
    assert kept.call(os.getpid, max_memory=1 << 26, seconds=60) == first
    with pytest.raises(LimitError, match=r"^crashes its reader \(SIGABRT\)"):
        kept.call(os.abort, max_memory=1 << 26, seconds=60)
    with pytest.raises(ZeroDivisionError):
        kept.call(divmod, 1, 0, max_memory=1 << 26, seconds=60)
    second = kept.call(os.getpid, max_memory=1 << 26, seconds=60)
    assert second not in (first, os.getpid())
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, b"%d" % kept.call(os.getpid, max_memory=1 << 26, seconds=60))
        os._exit(0)
    assert int(os.read(reading, 99)) not in (first, second, child)
    os.waitpid(child, 0)
    assert kept.call(os.getpid, max_memory=1 << 26, seconds=60) == second


@pytest.mark.parametrize("content", [b"", b"hello", b"\xff\xff\xff\xff\xff\xff\xff\x7f" + bytes(100)])
def test_an_arrow_file_that_is_none_is_one_line(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "a.arrow"
    file.write_bytes(content)
    with pytest.raises(UserError, match=r"a\.arrow is not a whole Arrow file of datasets: "):
        ArrowRows(file, [file])
    table = pyarrow.table({"query": ["x" * 1000] * 9})
    with pyarrow.ipc.new_stream(str(file), table.schema) as stream:
        stream.write_table(table)
    file.write_bytes(file.read_bytes()[:-5000])
    with pytest.raises(UserError, match=r"a\.arrow is not a whole Arrow file of datasets: "):
        ArrowRows(file, [file])


def row(**texts: str) -> Record:
    return parse_row({"query": "OCR: ", "response": "x"} | texts, "x:1")


@pytest.mark.parametrize("key", ["query", "response", "system"])
@pytest.mark.parametrize("text", ["a", "\u0301\u0323", "[1,", "<image", "\u1112\u1161\u11ab"])
def test_long_texts_are_refused_by_their_bytes(key: str, text: str) -> None:
    tokenizer = small_tokenizer()
    assert max_token_bytes(tokenizer) == 80  # the system text, which is one token there
    with pytest.raises(RowError, match="too long: at least .* tokens, sample.max_length is 8192"):
        check_length(row(**{key: text * 1_000_000}), tokenizer, SampleConfig(), 1)


def test_no_text_is_refused_that_fits() -> None:
    tokenizer = qwen_tokenizer(vocabulary_file("qwen"))
    assert max_token_bytes(tokenizer) == 128
    texts = {" " * 128 * 50, "\u1112\u1161\u11ab" * 300, "e\u0301" * 900, "a" * 3000}
    for text in texts:
        record = row(query=f"{text}?")
        ids, _ = encode(record, [], tokenizer, SampleConfig(max_length=10**6), 1)
        check_length(record, tokenizer, SampleConfig(max_length=len(ids)), 1)
    spaced = {"query": "<image>" + " " * 9000 + "<image>OCR: ", "response": "x", "images": ["a", "b"]}
    check_length(parse_row(spaced, "x:1"), tokenizer, SampleConfig(max_length=100), 1)


def test_what_messages_quote_neither_floods_nor_controls_the_terminal() -> None:
    error = RowError("a.jsonl:1", "wrong type", "\x1b[31m\u202e" + "x" * 10**6)
    assert str(error).startswith(r"a.jsonl:1: wrong type: \x1b[31m\u202exxx")
    assert str(error).endswith("xxx") and len(str(error)) < 1100
    assert readable("\x1b]0;title\x07\nsecond" + "y" * 10**6).startswith("\\x1b]0;title\\x07\nsecond")
