"""Sources that the engines draw from, made on the spot: a corpus, a font and PDF files of each sort."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import matplotlib
import pytest
from matplotlib.figure import Figure
from PIL import Image

from data_engines.kinds.lines import engine as lines
from data_engines.options import Range
from data_engines.run import RunOptions
from data_engines.run import generate as generate_run

Placed = tuple[float, float, str]
"""Left and bottom as fractions of the page, and the text that begins there."""


@pytest.fixture
def font() -> Path:
    return Path(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf")


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    file = tmp_path / "corpus.txt"
    file.write_text("alpha\nBeta 2\n\ngamma ray\ndelta\nepsilon\nzeta\neta\ntheta\n")
    return file


@pytest.fixture
def small_lines(corpus: Path, font: Path) -> lines.Options:
    """Options of the fastest kind, for tests of all that is done around an engine."""
    return lines.Options(
        source=corpus, fonts=(font,), units="lines", width=96, height=64, text_height=Range(10, 12)
    )


def generate(
    kind: str, options: object, *, output: Path | str, workers: int = 1, **more: Any
) -> dict[str, Any] | None:
    """Draws a set in this process, unless there are to be more workers."""
    return generate_run(kind, options, RunOptions(output=str(output), workers=workers, **more))


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def picture(
    folder: Path, name: str = "a.png", size: tuple[int, int] = (200, 100), color: str = "white"
) -> str:
    """Name of a new picture."""
    Image.new("RGB", size, color).save(folder / name)
    return name


def row(query: str, response: str, *images: str, **more: object) -> dict[str, object]:
    return {"query": "<image>" * len(images) + query, "response": response, "images": images, **more}


@pytest.fixture
def make_pdf(tmp_path: Path) -> Callable[..., Path]:
    """Writes a PDF whose pages of 6 x 8 inches hold the texts given for them."""

    def make(pages: Sequence[Sequence[Placed]], name: str = "pages.pdf", rotation: float = 0) -> Path:
        from matplotlib.backends.backend_pdf import PdfPages

        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        with matplotlib.rc_context({"pdf.fonttype": 42}), PdfPages(file) as pdf:
            for page in pages:
                figure = Figure(figsize=(6, 8))
                for x, y, text in page:
                    figure.text(x, y, text, family="DejaVu Sans Mono", fontsize=8, rotation=rotation)
                pdf.savefig(figure)
        return file

    return make
