"""PDF files written by hand: one page, what is drawn on it in PDF's own words, and what else it needs."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from data_engines.drawing import draw_and_check
from data_engines.engine import LeftOut, Reject, attempt
from data_engines.kinds.pdf import engine as pdf
from data_engines.kinds.pdf.engine import Options

HELVETICA = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
UPRIGHT = "1 0 0 1"


def line(
    text: str, y: float = 600, x: float = 72, size: float = 12, font: str = "F", matrix: str = UPRIGHT
) -> str:
    """A line of text; its font is Helvetica unless the file has another of that name."""
    return f"BT /{font} {size} Tf {matrix} {x} {y} Tm ({text}) Tj ET "


def form(content: str, extra: str = "") -> str:
    """A form, to be one of the objects of a file: what is drawn elsewhere, as a whole."""
    resources = f"/Resources << /Font << /F {HELVETICA} >> >>"
    return stream(content, f"/Type /XObject /Subtype /Form /BBox [0 0 595 842] {resources} {extra}")


def stream(content: str, extra: str = "") -> str:
    return f"<< {extra} /Length {len(content)} >>\nstream\n{content}\nendstream"


def write_page(
    file: Path,
    content: str,
    *,
    page: str = "",
    fonts: str = "",
    resources: str = "",
    objects: Sequence[str] = (),
) -> None:
    """Writes a file of one page, 595 x 842 points large.

    Args:
        file: to write.
        content: what is drawn on the page.
        page: more entries of its dictionary.
        fonts: more of them than F, as `/NAME DICTIONARY`.
        resources: more of them than fonts and the graphics state /Clear, which makes what is painted clear.
        objects: more of them, whose numbers are 5 and so on.
    """
    used = f"/Font << /F {HELVETICA} {fonts} >> /ExtGState << /Clear << /ca 0 >> >> {resources}"
    whole = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        f"/Resources << {used} >> {page} >>",
        stream(content),
        *objects,
    ]
    bodies = "".join(f"{number} 0 obj\n{body}\nendobj\n" for number, body in enumerate(whole, 1))
    file.write_text(f"%PDF-1.4\n{bodies}trailer\n<< /Root 1 0 R >>\n%%EOF\n", encoding="latin-1")


def read_file(file: Path, units: pdf.Units = "pages") -> str:
    """The text of the only page of a file, or why it is left out."""
    stock = pdf.load(Options(source=file, units=units), np.random.default_rng(0))
    spec = attempt(pdf.decide, np.random.default_rng(0), 0, stock)
    [made] = [spec] if isinstance(spec, Reject) else draw_and_check(pdf, [spec])
    if isinstance(made, Reject):
        assert isinstance(made, LeftOut)
        return str(made)
    return made.answers[0].text


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., str]:
    """Reads a page that `write_page` writes: its text, or why it is left out."""

    def read(content: str, **more: str | Sequence[str]) -> str:
        file = tmp_path / f"{len(list(tmp_path.iterdir()))}.pdf"
        write_page(file, content, **more)
        return read_file(file)

    return read
