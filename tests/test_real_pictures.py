"""Sets of real pictures: made of made-up packages, with every text in its place; none is trained on."""

import gzip
import importlib
import io
import json
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from got_train.data.check import trained_on
from got_train.data.good_rows import row_keys
from got_train.data.readers import open_rows
from tests.data_engines.kinds.pdf.conftest import line, write_page

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT / "scripts"))  # as where the script is run
real = importlib.import_module("real_pictures")
squares = importlib.import_module("real.squares")


def tar(file: Path, files: dict[str, bytes]) -> Path:
    with tarfile.open(file, "w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return file


def banded(size: tuple[int, int], bands: list[tuple[int, int, int, int]], format: str = "PNG") -> bytes:
    """A white picture with black boxes for lines of text."""
    picture = Image.new("L", size, 255)
    for band in bands:
        ImageDraw.Draw(picture).rectangle(band, fill=0)
    written = io.BytesIO()
    picture.save(written, format)
    return written.getvalue()


@pytest.fixture
def scanned(tmp_path: Path) -> Path:
    """Three zones: two lines, a line with a sign that ASCII lacks, and one with a band too many."""
    bands = [(20, 20, 90, 39), (20, 50, 70, 69), (20, 210, 90, 229), (20, 310, 90, 329), (20, 340, 90, 359)]
    texts = "Two\n  lines\n\n\nCaf~~\n\n\nOne"
    zones = "10 10 100 100 Text\n10 200 100 50 Text\n10 300 100 80 Text\n"
    files = {
        "test/testing/1_2.3B.tif": banded((200, 400), bands, "TIFF"),
        "test/testing/1_2.3B.txt": texts.encode(),
        "test/testing/1_2.3B.uzn": zones.encode(),
        "test/testing/other.tif": b"",
    }
    return tar(tmp_path / "tesseract_5.3.0.orig-test.tar.gz", files)


def rows_of(file: Path) -> list[dict[str, object]]:
    return [json.loads(row) for row in file.read_text(encoding="utf-8").splitlines()]


def test_zones_of_scans_are_cut_out_with_their_texts_and_lines(scanned: Path, tmp_path: Path) -> None:
    output = tmp_path / "real"
    sizes_of_sets, [note] = real.write_real([scanned], output)
    assert sizes_of_sets == {"scan-lines": 2, "scans": 2}
    assert note == "note: lines of tesseract left out of scan-squares: 2 (ink beside the words)"
    assert {row["response"] for row in rows_of(output / "scans.jsonl")} == {"Two\nlines", "One"}
    sizes: dict[object, tuple[int, int]] = {}
    for row in rows_of(output / "scan-lines.jsonl"):
        assert row["query"] == "<image>OCR: "
        name = str(row["images"][0])  # type: ignore[index]
        sizes[row["response"]] = Image.open(output / name).size
    # 4 pixels are left round a line
    assert sizes == {"Two": (78, 28), "lines": (58, 28)}


def test_the_manifest_names_source_version_and_licence(scanned: Path, tmp_path: Path) -> None:
    real.write_real([scanned], tmp_path / "real")
    said = json.loads((tmp_path / "real" / "manifest.json").read_text())
    [source] = said["sources"]
    assert said["use"] == "to test on, never to train on"
    assert (source["name"], source["version"], source["fonts"]) == ("tesseract", "5.3.0", [])
    assert source["licence"] == "Apache-2.0; the magazine pages are their publishers'"
    assert source["rows"] == {"scans": 2, "scan-lines": 2}


def test_the_same_packages_make_the_same_sets(scanned: Path, tmp_path: Path) -> None:
    for name in ("once", "again"):
        real.write_real([scanned], tmp_path / name)
    files = [path.relative_to(tmp_path / "once") for path in sorted((tmp_path / "once").rglob("*.*"))]
    assert len(files) == 7
    for file in files:
        assert (tmp_path / "once" / file).read_bytes() == (tmp_path / "again" / file).read_bytes()


def test_digits_are_those_of_the_wheel(tmp_path: Path) -> None:
    wheel = tmp_path / "scikit_learn-1.7.2-cp311-cp311-linux_x86_64.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        content = gzip.compress(f"{','.join(['16.0'] * 64)},7.0\n".encode())
        archive.writestr("sklearn/datasets/data/digits.csv.gz", content)
    assert real.write_real([wheel], tmp_path / "real") == ({"digits": 1}, [])
    [row] = rows_of(tmp_path / "real" / "digits.jsonl")
    assert row["response"] == "7"
    assert np.asarray(Image.open(tmp_path / "real" / "digits" / "00000.png")).max() == 0


def test_transcripts_beside_the_script_are_of_the_scans_in_the_package(tmp_path: Path) -> None:
    blank = {name: banded((4000, 3000), []) for name in ("linn", "typewriter")}
    files = {f"ocrmypdf/tests/resources/{name}.png": content for name, content in blank.items()}
    package = tar(tmp_path / "ocrmypdf-16.10.0.tar.gz", files)
    assert real.write_real([package], tmp_path / "real") == ({"scans": 3}, [])


@pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="needs dpkg-deb")
def test_lines_and_words_of_manuals_lie_in_their_boxes(tmp_path: Path) -> None:
    folder = tmp_path / "package" / "usr" / "share" / "developers-reference"
    folder.mkdir(parents=True)
    write_page(folder / "developers-reference.pdf", line("Plain words here", 600) + line("Another line", 400))
    (tmp_path / "package" / "DEBIAN").mkdir()
    control = "Package: a\nVersion: 12.18\nArchitecture: all\nMaintainer: A <a@b.c>\nDescription: a\n"
    (tmp_path / "package" / "DEBIAN" / "control").write_text(control)
    package = tmp_path / "developers-reference_12.18_all.deb"
    subprocess.run(["dpkg-deb", "-b", tmp_path / "package", package], check=True, capture_output=True)
    sizes, warnings = real.write_real([package], tmp_path / "real")
    assert (sizes, warnings) == ({"lines": 2, "squares": 2, "words": 2}, [])
    texts = ["Another line", "Plain words here"]
    assert sorted(str(row["response"]) for row in rows_of(tmp_path / "real" / "lines.jsonl")) == texts
    for row in rows_of(tmp_path / "real" / "lines.jsonl"):
        regions: list[dict[str, object]] = row["regions"]  # type: ignore[assignment]
        assert " ".join(str(region["text"]) for region in regions) == row["response"]
    for row in rows_of(tmp_path / "real" / "words.jsonl"):
        assert row["response"] in " ".join(texts).split()
    for row in rows_of(tmp_path / "real" / "squares.jsonl"):
        pieces: list[dict[str, object]] = row["regions"]  # type: ignore[assignment]
        assert "\n".join(str(piece["text"]) for piece in pieces) == row["response"]
        assert str(row["response"]).replace("\n", " ") in texts
    said = json.loads((tmp_path / "real" / "manifest.json").read_text())
    assert said["sources"][0]["fonts"] == ["Helvetica"]


def printed(size: int, words: list[str], gap: int = 2) -> tuple[Image.Image, list[Any]]:
    """A line of black boxes for words; each letter is half as wide as the font is high."""
    width = sum(len(word) * size // 2 for word in words) + (len(words) + 1) * gap * size // 2
    picture, boxes, left = Image.new("RGB", (width, 3 * size), (250, 240, 230)), [], gap * size // 2
    for word in words:
        right = left + len(word) * size // 2
        ImageDraw.Draw(picture).rectangle((left, size, right - 1, 2 * size - 5), fill="black")
        boxes.append((squares.Box(left, size, right, 2 * size - 4), word))
        left = right + gap * size // 2
    return picture, boxes


def test_a_line_stands_on_squares_in_pieces() -> None:
    words = ["one", "two", "three", "four", "five", "six", "seven", "eight"] * 2
    found = squares.squares_of(lambda size: printed(size, words), np.random.default_rng(3))
    assert len(found) > 1
    texts = [text for _, pieces in found for _, text in pieces]
    assert " ".join(texts).split() == words
    for picture, pieces in found:
        assert picture.size == (128, 128) and 1 <= len(pieces) <= 4
        ink = (np.asarray(picture) != (250, 240, 230)).any(axis=2)
        for row, (box, _) in enumerate(pieces):
            assert row * 32 <= box.top and box.bottom <= (row + 1) * 32 and box.right <= 124
            left, top, right, bottom = map(int, (box.left, box.top, box.right, box.bottom))
            assert ink[top:bottom, [left, right - 1]].any(axis=0).all()  # filled up to its edges
            ink[top:bottom, left:right] = False
        assert not ink.any()


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["one"], "only one word"),
        (["a" * 30, "b"], "a word wider than 118 pixels at the smallest size"),
        (["one", "....."], "a piece without letters and digits, such as leaders"),
    ],
)
def test_lines_that_cannot_stand_on_squares(words: list[str], why: str) -> None:
    with pytest.raises(squares.Reject, match=why):
        squares.squares_of(lambda size: printed(size, words), np.random.default_rng(0))


def test_words_of_scans_are_parted_at_their_widest_gaps() -> None:
    def inked(text: str) -> np.ndarray:
        return np.array([[letter != "." for letter in text]] * 3)

    found = squares.words_by_gaps(inked(".ab.c....de.f."), "abc def")
    assert [(word, box.left, box.right) for box, word in found] == [("abc", 1, 5), ("def", 9, 13)]
    for text, words in (("ab..c..de", "abc de"), ("abc", "a b")):
        with pytest.raises(squares.Reject, match="words that do not stand clearly apart"):
            squares.words_by_gaps(inked(text), words)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "manual.pdf",
            b"",
            "manual.pdf: no file of a package that real pictures are known in: developers-ref",
        ),
        ("ocrmypdf-16.10.0.tar.gz", b"x", "ocrmypdf-16.10.0.tar.gz cannot be read as a package: "),
        (
            "scikit_learn-1.7.2-cp311-a.whl",
            b"x",
            "scikit_learn-1.7.2-cp311-a.whl cannot be read as a package: ",
        ),
    ],
)
def test_what_is_no_package_is_told_in_one_line(
    name: str, content: bytes, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).write_bytes(content)
    assert real.main([str(tmp_path / name), "--output", str(tmp_path / "real")]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"real_pictures: {tmp_path}/{message}")
    assert said.count("\n") == 1
    assert not (tmp_path / "real").exists()


def test_a_version_without_the_pictures_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    package = tar(tmp_path / "ocrmypdf-17.13.0.tar.gz", {"ocrmypdf/README.md": b""})
    assert real.main([str(package), "--output", str(tmp_path / "real")]) == 2
    assert "take the version that docs/results.md names" in capsys.readouterr().err


def test_a_zone_without_its_text_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    package = tar(tmp_path / "tesseract_5.3.0.orig-test.tar.gz", {"test/testing/1_2.3B.uzn": b"1 2 3 4 Text"})
    assert real.main([str(package), "--output", str(tmp_path / "real")]) == 2
    said = capsys.readouterr().err
    assert (
        said
        == f"real_pictures: {package} is not as tesseract is published: KeyError: 'test/testing/1_2.3B.txt'\n"
    )


def test_real_rows_among_training_rows_are_told(scanned: Path, tmp_path: Path) -> None:
    real.write_real([scanned], tmp_path / "real")
    keys = row_keys(open_rows(str(tmp_path / "real" / "scans.jsonl")))
    others = row_keys(open_rows(str(tmp_path / "real" / "scan-lines.jsonl")))
    assert trained_on(others, keys) == []
    [warning] = trained_on(keys, keys)
    assert warning.startswith("warning: 2 of 2 validation rows are training rows too")


def test_no_engine_or_recipe_draws_from_packages_of_real_pictures() -> None:
    places = [
        *ROOT.glob("data_engines/**/*.py"),
        *ROOT.glob("got_train/**/*.py"),
        *ROOT.glob("configs/**/*.yaml"),
    ]
    for name in {*real.PACKAGES, "load_digits"} - {"tesseract", "scikit-learn"}:
        assert [str(place) for place in places if name in place.read_text(encoding="utf-8")] == []


def test_fonts_that_engines_find_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    [dejavu] = [file for file in real.find_font_files([]) if file.name == "DejaVuSans.ttf"][:1]
    monkeypatch.setattr(real, "find_font_files", lambda given: [dejavu])
    printed = {"DejaVuSans", "FreeSerif", "TeXGyreTermes-Regular"}
    assert real.drawn_too(printed) == ["DejaVuSans", "TeXGyreTermes-Regular"]
