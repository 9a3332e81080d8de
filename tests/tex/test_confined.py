"""Answers that TeX sets read no files of this machine, whichever of its programs would open them."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from got_train.tex import confined
from got_train.tex.answers import draw_answers

RED = (255, 0, 0)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Landlock is of Linux")

SOURCES = {
    "a picture": r"\begin{figure}\includegraphics{PLACE.png}\end{figure}",
    "a picture in a text": r"**a** \includegraphics[width=9cm]{PLACE.png}",
    "a picture of TikZ": r"\begin{tikzpicture}\node{\pgfimage[width=3cm]{PLACE}};\end{tikzpicture}",
    "a picture of the driver": r"\frac{a}{\special{pdf:image width 99pt height 99pt (PLACE.png)}b}",
    "a page of the driver": r"\begin{tikzpicture}\node{\special{pdf:epdf (PLACE.png)}x};\end{tikzpicture}",
    "PostScript": r"\begin{tikzpicture}\node{\special{psfile=PLACE.eps}x};\end{tikzpicture}",
    "HTML": r"\begin{tikzpicture}\node{\special{html:<img src='PLACE.png'>}x};\end{tikzpicture}",
    "a name made of parts": r"\frac{a}{\csname special\endcsname{pdf:image width 99pt (PLACE.png)}b}",
    "a file": r"\begin{tikzpicture}\node{\csname @@input\endcsname PLACE.txt };\end{tikzpicture}",
    "a file of LaTeX": r"\begin{tikzpicture}\node{\csname input\endcsname{PLACE.txt}};\end{tikzpicture}",
    "points of a file": r"\begin{tikzpicture}\draw plot file {PLACE.txt};\end{tikzpicture}",
}


@pytest.mark.skipif(not shutil.which("xelatex"), reason="xelatex is not installed")
def test_local_files_do_not_get_into_drawings(tmp_path: Path) -> None:
    place = tmp_path / "canary"
    Image.new("RGB", (300, 300), RED).save(f"{place}.png")
    Image.new("RGB", (300, 300), RED).save(f"{place}.eps")
    Path(f"{place}.txt").write_text("1 1\n2 2\n")
    fine = r"\begin{tikzpicture}\node[draw, fill=blue!20, opacity=.5]{x};\end{tikzpicture}"
    drawn = draw_answers([*(source.replace("PLACE", str(place)) for source in SOURCES.values()), fine])
    assert isinstance(drawn[-1], Image.Image)
    for name, picture in zip(SOURCES, drawn, strict=False):
        if isinstance(picture, Image.Image):
            colors = {color for _, color in picture.getcolors(1 << 24) or []}
            assert RED not in colors, name


def confined_python(folder: Path, code: str) -> str:
    command = [sys.executable, "-I", "-S", confined.__file__, str(folder), sys.prefix, sys.base_prefix]
    readable = [
        "/usr/lib",
        "/lib",
        "/lib64",
        "/usr/bin",
        "/etc/ld.so.cache",
        "--",
        sys.executable,
        "-c",
        code,
    ]
    done = subprocess.run([*command, *readable], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_a_program_reads_and_writes_what_was_named(tmp_path: Path) -> None:
    folder, secret = tmp_path / "folder", tmp_path / "secret"
    folder.mkdir()
    secret.write_text("canary")
    (folder / "link").symlink_to(secret)
    assert confined_python(folder, f"open({str(folder / 'x')!r}, 'w').write('a'); print('done')") == "done\n"
    for code in (
        f"print(open({str(secret)!r}).read())",
        f"print(open({str(folder / 'link')!r}).read())",
        f"print(open({str(tmp_path / 'new')!r}, 'w'))",
        "import subprocess; print(subprocess.run(['/bin/cat', '/etc/passwd']))",
    ):
        said = confined_python(folder, code)
        assert "canary" not in said and "root:" not in said
        assert "ermission" in said
