"""Molecules, scores and LaTeX as pictures inside a page: an `<img>` runs no script that may be in its SVG."""

import time
from collections.abc import Sequence

from markupsafe import Markup
from PIL import Image

from got_train.packages import install_line
from got_train.pages.engraving import engrave
from got_train.pages.latex_html import Notes, source_html
from got_train.pages.template import encode_picture, picture_html
from got_train.tex.answers import DPI, draw_answers

MAX_SMILES = 400
"""Characters. Coordinates of larger molecules take seconds; with 2000 characters they take a minute."""
BOND_PIXELS = 44
MAX_MOLECULE_PIXELS = 700
"""Width of a drawing."""
MAX_TEX = 20_000
"""Characters of one drawing."""
TEX_BATCH = 50
"""Drawings of one run of TeX."""
TEX_SECONDS = 300
"""No batch is begun later than this, since a drawing may be an endless loop."""


def input_html(image: Image.Image) -> Markup:
    """A picture that was read, as PNG, or as JPEG where that is smaller."""
    coded = {kind: encode_picture(image, kind) for kind in ("png", "jpeg")}
    kind = min(coded, key=lambda kind: len(coded[kind]))
    return picture_html(coded[kind], kind, "picture that was read")


def not_drawn(source: str, reason: str) -> Markup:
    """The source in place of a drawing, and why."""
    return Markup('<pre class="source">{}</pre><p class="reason">{}</p>').format(source, reason)


def molecule_html(smiles: str, notes: Notes) -> Markup:
    """A molecule drawn by RDKit."""
    smiles = smiles.strip()
    if len(smiles) > MAX_SMILES:
        return not_drawn(smiles, "too long to be drawn")
    try:
        from rdkit import Chem
        from rdkit.Chem.Draw import rdMolDraw2D
        from rdkit.rdBase import BlockLogs
    except ModuleNotFoundError:
        notes.missing[f"molecules stand as SMILES: {install_line('render')}"] = None
        return source_html(smiles)
    with BlockLogs():  # its complaints would be lines on the screen
        # RDKit would take what follows white space for a name
        molecule = Chem.MolFromSmiles(smiles) if len(smiles.split()) == 1 else None
        if molecule is None or molecule.GetNumAtoms() == 0:
            return not_drawn(smiles, "RDKit reads no molecule in it")
        drawer = rdMolDraw2D.MolDraw2DSVG(-1, -1)  # as large as the molecule is
        look = drawer.drawOptions()
        look.fixedBondLength = BOND_PIXELS  # type: ignore[assignment]  # a slip of its stubs
        rdMolDraw2D.PrepareAndDrawMolecule(drawer, molecule)
        drawer.FinishDrawing()
    width = min(drawer.Width(), MAX_MOLECULE_PIXELS)
    return picture_html(drawer.GetDrawingText().encode(), "svg+xml", smiles, width)


def scores_html(scores: Sequence[str], notes: Notes) -> list[Markup]:
    """Scores engraved by Verovio, in a process of its own; as text, with the reason, where it fails."""
    try:
        drawn = engrave(scores) if scores else []
    except ModuleNotFoundError:
        notes.missing[f"scores stand as **kern: {install_line('render')}"] = None
        return [Markup('<pre class="source">{}</pre>').format(kern) for kern in scores]
    return [
        picture_html(svg, "svg+xml", "score") if isinstance(svg, bytes) else not_drawn(kern, svg)
        for kern, svg in zip(scores, drawn, strict=True)
    ]


def tex_html(sources: Sequence[str], notes: Notes) -> list[Markup]:
    """Formulas and drawings set by TeX, many in one run; their source where there is no TeX or it fails."""
    end = time.monotonic() + TEX_SECONDS
    parts = []
    for start in range(0, len(sources), TEX_BATCH):
        batch = sources[start : start + TEX_BATCH]
        if time.monotonic() < end:
            parts += _draw_batch(batch, notes)
        else:
            parts += [not_drawn(source, "no time left") for source in batch]
    return parts


def _draw_batch(sources: Sequence[str], notes: Notes) -> list[Markup]:
    try:
        drawn = iter(draw_answers([source for source in sources if len(source) <= MAX_TEX]))
    except ValueError as error:  # no TeX, or one without a package
        notes.missing[f"formulas, tables, figures and pages stand as text: {error}"] = None
        return [source_html(source) for source in sources]
    parts = []
    for source in sources:
        picture = next(drawn) if len(source) <= MAX_TEX else "too long to be drawn"
        if isinstance(picture, Image.Image):
            width = round(picture.width * 96 / DPI)
            parts.append(picture_html(encode_picture(picture, "png"), "png", source, width))
        elif source.startswith(r"\("):
            parts.append(source_html(source))
        else:
            parts.append(not_drawn(source, str(picture)))
    return parts
