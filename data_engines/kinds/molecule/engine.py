"""Structural formulas of molecules, drawn by RDKit; the answer is `<smiles>...</smiles>`.

The tag is that of mathpix-markdown, with which GOT's own training answers were made and its answers are
shown. Inside it is RDKit's canonical SMILES with stereochemistry, so that each molecule has one answer: the
order in which a list names the atoms can't be seen in a picture.

A formula always shows how the ends of a double bond lie. If a SMILES leaves that open, chance decides it
before the molecule is drawn. For stereocentres that are left open, `--stereo` says how often chance decides.
Groups may be written by their short names, such as Ph and CO2Et: the answer has all of their atoms. Ends may
be R or R1, for which it has `*` or `[1*]`. The check reads the molecule back from the coordinates, bonds,
wedges and names of the drawing, and compares it with the answer.
"""

import dataclasses
import io
import math
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL import Image
from rdkit import Chem
from rdkit.Chem import rdCoordGen, rdDepictor
from rdkit.Chem.Draw import rdMolDraw2D
from rdkit.Geometry import Point2D

from data_engines.engine import Answer, Drawing, Reject, Source, Stock, one_by_one
from data_engines.kinds.molecule import PUBCHEM
from data_engines.kinds.molecule.abbreviations import NAMES, abbreviated, written_out
from data_engines.kinds.molecule.hand import (
    Hand,
    Written,
    bonds_of,
    choose_hand,
    draw_rules,
    read_bonds,
    unsettle,
    write_by_hand,
)
from data_engines.kinds.molecule.parts import read_parts
from data_engines.kinds.molecule.rests import name_rests, with_rests
from data_engines.kinds.molecule.room import labels_touch, spread_parts, they_touch
from data_engines.kinds.molecule.smiles import read_smiles
from data_engines.kinds.molecule.structure import Skeleton, aromatic_rings, decide_stereo, read_back
from data_engines.kinds.molecule.style import MoleculeStyle, choose_hand_style, choose_style
from data_engines.options import EngineOptions, Range, fraction, option
from data_engines.tools.packages import packaged, packaged_files
from got_train.prompts import Task

MIN_BOND_PIXELS = 14
"""Length of a bond in pixels; symbols of atoms can't be read between shorter bonds."""
MIN_SIDE_PIXELS = 128
"""Sides of a picture in pixels; small molecules get more paper around them."""
MIN_ATOM_DISTANCE = 0.4
"""Distance in bond lengths; atoms that lie closer together hide one another."""
MIN_BOND_DISTANCE = 0.15
"""Distance in bond lengths; a bond that passes an atom more closely seems to end there."""
ROOM_FOR_METHYL = 1.2
"""Distance between atoms in bond lengths from which there is room to write out CH3."""

PART_GAP = 2.0
"""Distance in bond lengths between the atoms of parts that no bond joins: symbols reach into it from both."""


@dataclass(frozen=True)
class Options(EngineOptions):
    source: Path | None = option(
        "a list with a SMILES in each row (.csv, .tsv, .smi, .txt); without it, the package chemicals", None
    )
    atoms: Range = option("atoms of a molecule, without hydrogen", Range(3, 50), lowest=1, highest=200)
    parts: Range = option(
        "parts of a molecule that no bond joins, such as the ions of a salt", Range(1, 2), lowest=1
    )
    stereo: float = fraction("fraction of molecules whose undefined stereocentres get a configuration", 0.4)
    color: float = fraction("fraction of pictures with coloured atoms", 0.3)
    circles: float = fraction(
        "fraction of pictures with circles in aromatic rings instead of double bonds", 0.1
    )
    abbreviations: float = fraction(
        "fraction of pictures with short names of groups, such as Ph, CO2Et", 0.25
    )
    rests: float = fraction("fraction of molecules with R, R1, R2 or R3 at some ends", 0.05)
    bond: Range = option(
        "length of a bond in pixels; shorter where --size requires it",
        Range(24, 52),
        lowest=MIN_BOND_PIXELS,
        highest=100,
    )
    size: int = option("longest side of a molecule in pixels", 800, lowest=100, highest=4000)
    hand: float = fraction("fraction of the pictures that are drawn by hand", 0.0)


@dataclass(frozen=True, kw_only=True)
class MoleculeStock(Stock[Options]):
    smiles: tuple[str, ...]
    """The different SMILES of the source, shuffled."""


@dataclass(frozen=True)
class Spec:
    """All that is decided about one picture."""

    smiles: str
    layout: Literal["depictor", "coordgen"]
    mirrored: bool
    angle: float
    """Radians by which the layout is turned."""
    bond: int
    size: int
    margins: tuple[int, int, int, int]
    """Pixels of paper at the left, top, right and bottom."""
    style: MoleculeStyle
    abbreviations: tuple[str, ...]
    """Names of groups that are written instead of their atoms."""
    hand: Hand | None = None
    """None where the picture is printed."""


@dataclass(frozen=True, kw_only=True)
class MoleculeDrawing(Drawing):
    molecule: Chem.Mol
    """The molecule as it was laid out for the drawing."""
    written: Written | None = None
    """What the pen drew; None where the picture is printed."""


def load(options: Options, rng: np.random.Generator) -> MoleculeStock:
    instead = "give a list of SMILES with --source"
    path = options.source or packaged_files("chemicals", f"Identifiers/{PUBCHEM.what}", instead)[0]
    # no molecule of the package's list comes twice
    smiles, left_out = read_smiles(path, options.atoms, options.parts, canonical=options.source is not None)
    return MoleculeStock(
        sources=(Source(path, str(path)),) if options.source else packaged(PUBCHEM),
        left_out=left_out,
        versions={"rdkit": version("rdkit")},
        options=options,
        smiles=tuple(smiles[place] for place in rng.permutation(len(smiles))),
    )


def decide(rng: np.random.Generator, index: int, stock: MoleculeStock) -> Spec:
    options = stock.options
    molecule = Chem.MolFromSmiles(stock.smiles[index % len(stock.smiles)])
    if molecule is None:
        raise Reject("no molecule has this SMILES")
    decide_stereo(rng, molecule, centres=bool(rng.random() < options.stereo))
    angle = (0.0, math.radians(30 * rng.integers(12)), rng.uniform(0, 2 * math.pi))[rng.integers(3)]
    spec = Spec(
        smiles=Chem.CanonSmiles(Chem.MolToSmiles(molecule)),
        layout="coordgen" if rng.random() < 0.3 else "depictor",
        mirrored=bool(rng.random() < 0.5),
        angle=float(angle),
        bond=options.bond.choose(rng),
        size=options.size,
        margins=tuple(int(margin) for margin in rng.integers(8, 49, size=4)),  # type: ignore[arg-type]
        style=choose_style(rng, options.color, options.circles),
        # chosen last, as are rests, so that pictures without them are what they were before there were any
        abbreviations=_choose_names(rng) if rng.random() < options.abbreviations else (),
    )
    if rng.random() < options.rests:
        changed = with_rests(rng, Chem.MolFromSmiles(spec.smiles))
        # two ends of a double bond that were alike may have become different
        decide_stereo(rng, changed, centres=False)
        spec = dataclasses.replace(spec, smiles=Chem.CanonSmiles(Chem.MolToSmiles(changed)))
    # without --hand no chance is spent
    if options.hand and rng.random() < options.hand:
        return dataclasses.replace(spec, hand=choose_hand(rng), style=choose_hand_style(rng, spec.style))
    return spec


@one_by_one
def draw(spec: Spec) -> MoleculeDrawing:
    molecule = Chem.MolFromSmiles(spec.smiles)
    name_rests(molecule)
    if spec.abbreviations:
        molecule = abbreviated(molecule, spec.abbreviations)
    _lay_out(molecule, spec)
    # hydrogens at stereocentres are drawn, unless they would crowd atoms or bonds
    drawn = _prepare(molecule, hydrogens=True)
    skeleton = Skeleton.of(drawn)
    if crowded := _crowded(skeleton):
        drawn = _prepare(molecule, hydrogens=False)
        skeleton = Skeleton.of(drawn)
        crowded = _crowded(skeleton)
    if crowded:
        raise Reject(crowded)
    bare = Skeleton.of(molecule)
    bond, extent = bare.bond_length, np.ptp(bare.points, axis=0).max()
    scale = min(spec.bond / bond, spec.size / max(extent, bond))
    if scale * bond < MIN_BOND_PIXELS:
        raise Reject("bonds too short to read")
    without_circles = dataclasses.replace(spec.style, circles=False)
    if labels_touch(_as_svg(Chem.Mol(drawn), skeleton, scale, without_circles)[0]):
        raise Reject("symbols touch one another or a bond")
    answer = Answer(Task(format=True), f"<smiles>{spec.smiles}</smiles>")
    if spec.hand is None:
        picture = _on_paper(_draw(Chem.Mol(drawn), skeleton, scale, spec.style), spec)
        return MoleculeDrawing((picture,), (answer,), molecule=drawn)
    pixels = scale * skeleton.bond_length
    svg, atoms = _as_svg(Chem.Mol(drawn), skeleton, scale, spec.style)
    written = write_by_hand(read_parts(svg), atoms, _letter_pixels(spec.style, pixels), spec.hand)
    picture = _on_paper(written.ink, spec, pixels)
    return MoleculeDrawing((picture,), (answer,), molecule=drawn, written=written)


def check(spec: Spec, drawing: MoleculeDrawing) -> Drawing:
    """The drawing, if its coordinates, bonds and wedges read as the molecule of the answer.

    By hand its lines, as the pen drew them, must be those of the molecule, and symbols keep off all else.
    """
    if read_back(written_out(drawing.molecule)) != spec.smiles:
        raise Reject("the drawing is read as another molecule")
    if written := drawing.written:
        meant = Chem.Mol(drawing.molecule)
        if spec.style.circles:
            for ring in aromatic_rings(meant):
                _open_ring(meant, ring)
        if read_bonds(written) != bonds_of(meant):
            raise Reject("the pen drew other bonds")
        if they_touch(written.symbols, [(set(line.atoms), line.points) for line in written.lines]):
            raise Reject("symbols touch one another or a bond")
    return drawing


def _crowded(skeleton: Skeleton) -> str | None:
    """What is too close to be told apart, or None."""
    if skeleton.room_between_atoms() < MIN_ATOM_DISTANCE:
        return "atoms lie on one another"
    if skeleton.room_beside_bonds() < MIN_BOND_DISTANCE:
        return "an atom lies on a bond"
    return None


def _prepare(molecule: Chem.Mol, hydrogens: bool) -> Chem.Mol:
    """The molecule with the double bonds, wedges and hydrogens that RDKit draws."""
    drawn = rdMolDraw2D.PrepareMolForDrawing(molecule, kekulize=True, addChiralHs=hydrogens)
    for atom in drawn.GetAtoms():
        if not atom.GetDegree():
            atom.SetNumRadicalElectrons(0)  # ions of metals, which nobody draws with a dot
    return drawn


def _choose_names(rng: np.random.Generator) -> tuple[str, ...]:
    """Most of the names, as each writer uses some and not others."""
    return tuple(name for name in NAMES if rng.random() < 0.7)


def _lay_out(molecule: Chem.Mol, spec: Spec) -> None:
    """Places the atoms."""
    if spec.layout == "coordgen":
        rdCoordGen.AddCoords(molecule)
    else:
        rdDepictor.Compute2DCoords(molecule)
    conformer = molecule.GetConformer()
    points = conformer.GetPositions()
    sine, cosine = math.sin(spec.angle), math.cos(spec.angle)
    # wedges are set later, for the final layout, as a mirrored layout needs other wedges
    turn = np.array([[cosine, sine], [-sine, cosine]]) * (-1 if spec.mirrored else 1, 1)
    points[:, :2] = points[:, :2] @ turn
    parts = Chem.GetMolFrags(molecule)
    if len(parts) > 1 or spec.hand:
        bond = Skeleton.of(molecule).bond_length
        spread_parts(points, parts, PART_GAP * bond)
        if spec.hand:
            unsettle(points, bond, spec.hand)
    conformer.SetPositions(points)


def _as_svg(
    drawn: Chem.Mol, skeleton: Skeleton, scale: float, style: MoleculeStyle
) -> tuple[str, np.ndarray]:
    """The molecule as `_draw` draws it, as lines and outlines that say of which atom or bond they are.

    Returns:
        The SVG, and the places of the atoms in it in pixels, (atoms, 2).
    """
    drawer = rdMolDraw2D.MolDraw2DSVG(-1, -1)
    _draw_with(drawer, drawn, skeleton, scale, style)
    places = [drawer.GetDrawCoords(atom) for atom in range(drawn.GetNumAtoms())]
    return str(drawer.GetDrawingText()), np.array([(place.x, place.y) for place in places])


def _draw(drawn: Chem.Mol, skeleton: Skeleton, scale: float, style: MoleculeStyle) -> Image.Image:
    """The molecule at `scale` pixels per unit of its layout; bonds of rings with a circle become single."""
    # -1: RDKit makes the canvas as large as the molecule needs
    drawer = rdMolDraw2D.MolDraw2DCairo(-1, -1)
    _draw_with(drawer, drawn, skeleton, scale, style)
    return Image.open(io.BytesIO(drawer.GetDrawingText())).convert("RGB")


def _draw_with(
    drawer: rdMolDraw2D.MolDraw2D, drawn: Chem.Mol, skeleton: Skeleton, scale: float, style: MoleculeStyle
) -> None:
    ink = _set_options(drawer, skeleton, scale, style)
    centres = [_open_ring(drawn, atoms) for atoms in aromatic_rings(drawn)] if style.circles else []
    drawer.DrawMolecule(drawn)
    drawer.SetFillPolys(False)
    drawer.SetColour(ink)
    drawer.SetLineWidth(drawer.drawOptions().bondLineWidth)
    for x, y, radius in centres:
        drawer.DrawEllipse(Point2D(x - radius, y - radius), Point2D(x + radius, y + radius))
    drawer.FinishDrawing()


def _set_options(
    drawer: rdMolDraw2D.MolDraw2D, skeleton: Skeleton, scale: float, style: MoleculeStyle
) -> tuple[float, float, float]:
    """Tells RDKit how to draw; returns the colour of the ink."""
    bond = scale * skeleton.bond_length
    options: Any = drawer.drawOptions()
    options.prepareMolsBeforeDrawing = False
    options.includeMetadata = False  # metadata would put the answer into the picture's file
    options.scalingFactor = scale
    options.fixedScale = -1
    options.padding = 0.01
    options.bondLineWidth = max(1.0, style.line_width * bond)
    options.scaleBondWidth = False
    options.multipleBondOffset = style.line_gap
    options.fixedFontSize = _letter_pixels(style, bond)
    options.additionalAtomLabelPadding = style.label_gap
    options.explicitMethyl = style.explicit_methyl and skeleton.room_between_atoms() > ROOM_FOR_METHYL
    if style.font:
        options.fontFile = style.font
    red, green, blue = style.ink
    ink = red / 255, green / 255, blue / 255
    if style.palette == "cdk":
        options.useCDKAtomPalette()
    elif style.palette == "avalon":
        options.useAvalonAtomPalette()
    elif style.palette == "ink":
        options.setAtomPalette({-1: ink})
    options.setBackgroundColour(tuple(level / 255 for level in style.paper))
    return ink


def _letter_pixels(style: MoleculeStyle, bond: float) -> int:
    """Size in pixels of the letters of symbols, for bonds of `bond` pixels."""
    return max(8, round(style.font_size * bond))


def _open_ring(drawn: Chem.Mol, atoms: tuple[int, ...]) -> tuple[float, float, float]:
    """Makes a ring's bonds single lines; returns x, y and radius of the circle inside the ring."""
    for one, other in zip(atoms, (*atoms[1:], atoms[0]), strict=True):
        drawn.GetBondBetweenAtoms(one, other).SetBondType(Chem.BondType.SINGLE)
    corners = drawn.GetConformer().GetPositions()[list(atoms), :2]
    x, y = corners.mean(axis=0)
    middles = (corners + np.roll(corners, 1, axis=0)) / 2
    return float(x), float(y), 0.68 * float(np.linalg.norm(middles - (x, y), axis=1).min())


def _on_paper(ink: Image.Image, spec: Spec, bond: float = 0) -> Image.Image:
    """A drawing with paper round it; by hand, `ink` is a mask, and bonds are `bond` pixels long."""
    left, top, right, bottom = spec.margins
    width, height = left + ink.width + right, top + ink.height + bottom
    size = max(width, MIN_SIDE_PIXELS), max(height, MIN_SIDE_PIXELS)
    picture = Image.new("RGB", size, spec.style.paper)
    place = left + (size[0] - width) // 2, top + (size[1] - height) // 2
    if spec.hand:
        draw_rules(picture, spec.hand, bond)
        picture.paste(spec.style.ink, place, ink)
    else:
        picture.paste(ink, place)
    return picture
