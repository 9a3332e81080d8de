r"""Draws answers again from their text alone, to be compared with the picture that was asked about.

Molecules are drawn by RDKit, **kern by Verovio, the dictionaries of charts as tables; all else that is marked
up is typeset by TeX: formulas, tables, TikZ and pages. An answer that these can't read is wrong, or uses
something that they don't know.
"""

import io
from collections.abc import Callable, Sequence

from PIL import Image, ImageOps

from data_engines.engine import Reject, attempt
from data_engines.tools.sheets.labels import draw_table
from got_train.markup.chart_dictionary import read_chart
from got_train.markup.forms import SMILES, Form, form_of
from got_train.pages.engraving import engrave
from got_train.tex.answers import draw_answers
from got_train.tex.errors import TexError

Target = Image.Image | Reject | None
"""The picture of an answer, or why there is none; None if the answer is plain text."""

MOLECULE_SIZE = 360
MARGIN = 12
MAX_SCORE_PIXELS = 1600
TABLE_TEXT = 18
"""Size in pixels of the text in tables."""


def draw_targets(answers: Sequence[str]) -> tuple[list[Target], list[str]]:
    """The targets of answers, and a line for each missing tool on the answers that it would have drawn."""
    targets: list[Target] = [None] * len(answers)
    missing = []
    forms = [form_of(answer) for answer in answers]
    for wanted, (what, draw) in _DRAWERS.items():
        places = [place for place, form in enumerate(forms) if form in wanted]
        if not places:
            continue
        try:
            drawn = draw([answers[place] for place in places])
        except ModuleNotFoundError as error:
            missing.append(f"{what} stand as text: the package {error.name} is missing")
        except ValueError as error:  # TeX is missing, or a package of it
            missing.append(f"{what} stand as text: {error}")
        else:
            for place, target in zip(places, drawn, strict=True):
                targets[place] = target
    return targets, missing


def _draw_molecules(answers: Sequence[str]) -> list[Image.Image | Reject]:
    from rdkit import Chem
    from rdkit.Chem import Draw
    from rdkit.rdBase import BlockLogs

    def draw(answer: str) -> Image.Image:
        match = SMILES.fullmatch(answer)
        molecule = Chem.MolFromSmiles(match[1].strip()) if match else None
        if molecule is None:
            raise Reject("RDKit reads no molecule in it")
        return Draw.MolToImage(molecule, size=(MOLECULE_SIZE, MOLECULE_SIZE)).convert("RGB")

    with BlockLogs():  # RDKit would print its complaints
        return [attempt(draw, answer) for answer in answers]


def _draw_scores(answers: Sequence[str]) -> list[Image.Image | Reject]:
    import resvg_py

    def draw(svg: bytes | str) -> Image.Image:
        if isinstance(svg, str):
            raise Reject(svg)
        png = resvg_py.svg_to_bytes(
            svg_string=svg.decode(), width=MAX_SCORE_PIXELS, background="#ffffff", skip_system_fonts=True
        )
        score = Image.open(io.BytesIO(bytes(png))).convert("RGB")
        ink = ImageOps.invert(score).getbbox()
        return ImageOps.expand(score.crop(ink), MARGIN, fill="white")

    return [attempt(draw, svg) for svg in engrave(answers)]


def _draw_chart(answer: str) -> Image.Image:
    """A table of a chart's texts, and below them its numbers, with a column for each series."""
    chart = read_chart(answer)
    if chart is None or not chart.values:
        raise Reject("no dictionary of a chart")
    if not chart.has_series and any(isinstance(value, dict) for value in chart.values.values()):
        raise Reject("values are of two kinds")
    texts = [[name, text, *[""] * (len(chart.series) - 1)] for name, text in chart.texts.items()]
    return draw_table([[str(cell) for cell in row] for row in [*texts, *chart.rows()]], TABLE_TEXT)


def _draw_latex(answers: Sequence[str]) -> list[Image.Image | Reject]:
    return [Reject(str(drawn)) if isinstance(drawn, TexError) else drawn for drawn in draw_answers(answers)]


_DRAWERS: dict[tuple[Form, ...], tuple[str, Callable[[Sequence[str]], list[Image.Image | Reject]]]] = {
    ("molecule",): ("molecules", _draw_molecules),
    ("score",): ("scores", _draw_scores),
    ("chart",): ("charts", lambda answers: [attempt(_draw_chart, answer) for answer in answers]),
    ("formula", "document"): ("formulas, tables, figures and pages", _draw_latex),
}
