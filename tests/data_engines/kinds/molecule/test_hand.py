"""Molecules by hand: what the pen drew is read back, and the answer is that of the print."""

import dataclasses
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

Chem = pytest.importorskip("rdkit.Chem")

from data_engines.drawing import draw_and_check  # noqa: E402 (below the check that it is installed)
from data_engines.engine import Reject  # noqa: E402
from data_engines.kinds.molecule import engine as molecule  # noqa: E402
from data_engines.kinds.molecule.engine import MoleculeDrawing, Options, Spec  # noqa: E402
from data_engines.kinds.molecule.hand import Written, bonds_of, read_bonds  # noqa: E402
from data_engines.kinds.molecule.parts import read_parts  # noqa: E402
from data_engines.tools.boxes import Box  # noqa: E402

ALANINE = "C[C@H](N)C(=O)O"
MOLECULES = f"{ALANINE}\nC[C@@H](O)C#N\nCC(=O)Oc1ccccc1C(=O)O\nCCI\n[NH4+].[Cl-]\n"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    file = tmp_path / "list.smi"
    file.write_text(MOLECULES)
    return file


def draw_specs(source: Path, hand: float, count: int = 30) -> list[Spec]:
    options = Options(source=source, rests=0.0, abbreviations=0.0, stereo=0.0, hand=hand)
    stock = molecule.load(options, np.random.default_rng(0))
    return [molecule.decide(np.random.default_rng([3, i]), i, stock) for i in range(count)]


def written_by_hand(source: Path, smiles: str = ALANINE) -> tuple[Spec, MoleculeDrawing, Written]:
    spec = next(spec for spec in draw_specs(source, 1.0) if spec.smiles == Chem.CanonSmiles(smiles))
    [drawing] = molecule.draw([spec])
    assert isinstance(drawing, MoleculeDrawing) and drawing.written
    return spec, drawing, drawing.written


def test_without_a_hand_no_chance_is_spent_and_with_one_the_answers_stay(source: Path) -> None:
    printed, by_hand, some = (draw_specs(source, share) for share in (0.0, 1.0, 0.5))
    assert all(spec.hand is None for spec in printed) and all(spec.hand for spec in by_hand)
    assert 5 < sum(spec.hand is None for spec in some) < 25
    for one, other in zip(printed, by_hand, strict=True):
        assert dataclasses.replace(other, hand=None, style=one.style) == one
    drawings = draw_and_check(molecule, by_hand)
    assert all(isinstance(drawing, MoleculeDrawing) for drawing in drawings), drawings
    for spec, drawing in zip(by_hand, drawings, strict=True):
        assert isinstance(drawing, MoleculeDrawing)
        assert drawing.answers[0].text == f"<smiles>{spec.smiles}</smiles>"
    again = draw_and_check(molecule, by_hand[::-1])[::-1]
    pictures = [[drawing.pictures[0].tobytes() for drawing in some] for some in (drawings, again)]  # type: ignore[union-attr]
    assert pictures[0] == pictures[1]
    assert len(set(pictures[0])) == 30


def test_the_bonds_that_the_pen_drew_are_read(source: Path) -> None:
    _, drawing, written = written_by_hand(source)
    found = read_bonds(written)
    assert found == bonds_of(drawing.molecule)
    shapes: Counter[str] = Counter()
    for (_, shape, _), lines in found.items():
        shapes[shape] += lines
    # N, C and C at the centre, O, and =O; one of them a wedge
    assert shapes["plain"] == 5 and shapes["wedge"] + shapes["hash"] == 1


def test_a_line_that_leads_elsewhere_is_rejected(source: Path) -> None:
    spec, drawing, written = written_by_hand(source)
    plain = next(place for place, line in enumerate(written.lines) if line.shape == "plain")
    lines = list(written.lines)
    first, last = lines[plain].atoms
    other = next(atom for atom in range(len(written.atoms)) if atom not in (first, last))
    lines[plain] = dataclasses.replace(lines[plain], points=written.atoms[[first, other]])
    strayed = dataclasses.replace(drawing, written=dataclasses.replace(written, lines=tuple(lines)))
    with pytest.raises(Reject, match="the pen drew other bonds"):
        molecule.check(spec, strayed)
    lost = dataclasses.replace(drawing, written=dataclasses.replace(written, lines=written.lines[1:]))
    with pytest.raises(Reject, match="the pen drew other bonds"):
        molecule.check(spec, lost)


def test_a_wedge_of_the_other_shape_or_from_the_other_atom_is_rejected(source: Path) -> None:
    spec, drawing, written = written_by_hand(source)
    place = next(place for place, line in enumerate(written.lines) if line.shape != "plain")
    wedge = written.lines[place]
    shape = {"wedge": "hash", "hash": "wedge"}[wedge.shape]
    for change in ({"shape": shape}, {"points": wedge.points[::-1]}):
        lines = [*written.lines[:place], dataclasses.replace(wedge, **change), *written.lines[place + 1 :]]
        other = dataclasses.replace(drawing, written=dataclasses.replace(written, lines=tuple(lines)))
        with pytest.raises(Reject, match="the pen drew other bonds"):
            molecule.check(spec, other)


def test_symbols_that_strayed_onto_one_another_are_rejected(source: Path) -> None:
    spec, drawing, written = written_by_hand(source)
    symbols = written.symbols | {99: [Box(*next(iter(written.symbols.values()))[0])]}
    with pytest.raises(Reject, match="symbols touch"):
        molecule.check(
            spec, dataclasses.replace(drawing, written=dataclasses.replace(written, symbols=symbols))
        )


def test_parts_are_lines_letters_and_circles() -> None:
    parts = read_parts(
        "<path class='bond-0 atom-1 atom-0' d='M 1.0,2.0 L 3.0,4.0' style='fill:none;stroke:#000' />"
        "<path class='bond-1 atom-1 atom-2' d='M 0,0 L 4,1 L 4,-1 Z' style='fill:#000000' />"
        "<path d='M 0,0 L 1,1 L 2,2' style='fill:none' />"
        "<path class='atom-2' d='M 0.0 0.0\nL 2.0 0.0\nQ 4.0 0.0, 4.0 4.0\nL 0.0 0.0\n"
        "M 1 1\nL 2 1\nL 1 1\n' fill='#000'/>"
        "<ellipse cx='10.0' cy='20.0' rx='5.0' ry='5.0'  style='fill:none' />"
    )
    assert [(part.atoms, part.filled, len(part.contours)) for part in parts] == [
        ((1, 0), False, 1),
        ((1, 2), True, 1),
        ((2,), True, 2),
        ((), False, 1),
    ]
    assert parts[0].contours[0].tolist() == [[1, 2], [3, 4]]
    assert parts[1].contours[0].tolist() == [[0, 0], [4, 1], [4, -1]]
    assert parts[2].contours[0].max(axis=0).tolist() == [4, 4]
    assert parts[3].contours[0].min(axis=0) == pytest.approx([5, 15])
