"""The engine `molecule`: the picture shows the very molecule of the answer, however it is drawn."""

import dataclasses
import importlib.util
import itertools
import math
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

Chem = pytest.importorskip("rdkit.Chem")

from rdkit.Chem import rdCoordGen, rdDepictor  # noqa: E402 (below the check that it is installed)
from rdkit.Chem.Draw import rdMolDraw2D  # noqa: E402

from data_engines.drawing import draw_and_check  # noqa: E402
from data_engines.engine import Drawing, Reject  # noqa: E402
from data_engines.kinds.molecule import engine as molecule  # noqa: E402
from data_engines.kinds.molecule.engine import MoleculeDrawing, Options, Spec  # noqa: E402
from data_engines.kinds.molecule.room import labels_touch  # noqa: E402
from data_engines.kinds.molecule.structure import Skeleton, read_back  # noqa: E402
from data_engines.options import Range  # noqa: E402
from got_train.prompts import Task  # noqa: E402

MOLECULES = """\
CC(=O)Oc1ccccc1C(=O)O aspirin
CN1C=NC2=C1C(=O)N(C(=O)N2C)C caffeine
C[C@H](N)C(=O)O alanine
OC(=O)C=CC(O)=O butenedioic acid
[Na+].[O-]C(=O)c1ccccc1 sodium benzoate
[13CH3][N+](C)(C)CCO labelled choline
C1=CC=C2C=CC=CC2=C1 naphthalene
CC1CCC2C(C1)CCC1(C)C2CCC1O a steroid
CC1(C)N([O])C(C)(C)CCC1 nitroxide
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    file = tmp_path / "list.smi"
    file.write_text(MOLECULES)
    return file


def draw_specs(options: Options, count: int = 60) -> list[Spec]:
    stock = molecule.load(options, np.random.default_rng(0))
    return [molecule.decide(np.random.default_rng([3, i]), i, stock) for i in range(count)]


def drawn(smiles: str) -> Chem.Mol:
    """A molecule as RDKit draws it."""
    laid_out = Chem.MolFromSmiles(smiles)
    rdDepictor.Compute2DCoords(laid_out)
    return rdMolDraw2D.PrepareMolForDrawing(laid_out)


def test_every_molecule_is_drawn_and_its_canonical_smiles_is_the_answer(source: Path) -> None:
    specs = draw_specs(Options(source=source, stereo=0.0))
    drawings = draw_and_check(molecule, specs)
    answers = set()
    for spec, drawing in zip(specs, drawings, strict=True):
        assert isinstance(drawing, Drawing), drawing
        [answer], [picture] = drawing.answers, drawing.pictures
        assert (answer.task, picture.mode) == (Task(format=True), "RGB")
        assert answer.text == f"<smiles>{spec.smiles}</smiles>"
        assert spec.smiles == Chem.CanonSmiles(spec.smiles)
        answers.add(spec.smiles)
    assert {"CC(=O)Oc1ccccc1C(=O)O", "C[C@H](N)C(=O)O", "C[N+](C)([13CH3])CCO"} < answers
    assert len(answers) == 10  # nine, one of which in two forms


def test_an_open_double_bond_gets_both_forms_and_never_stays_open(tmp_path: Path) -> None:
    (tmp_path / "list.smi").write_text("OC(=O)C=CC(O)=O\n")
    specs = draw_specs(Options(source=tmp_path / "list.smi", stereo=0.0, rests=0.0), 30)
    assert {spec.smiles for spec in specs} == {"O=C(O)/C=C/C(=O)O", r"O=C(O)/C=C\C(=O)O"}


@pytest.mark.parametrize(
    "smiles",
    ["C1CCCC=CCC1", "C1CCCCCC=CCCCCC1", "CC1=CCCCCCCCCCC(=O)O1", "CC1=C(C)CCCCCCCC1", "C1CCCCC=NCCCCC1"],
)
def test_open_double_bonds_of_rings_are_cis(smiles: str, tmp_path: Path) -> None:
    (tmp_path / "list.smi").write_text(f"{smiles}\n")
    specs = draw_specs(Options(source=tmp_path / "list.smi", stereo=0.0, rests=0.0), 12)
    assert len({spec.smiles for spec in specs}) == 1
    for drawing in draw_and_check(molecule, specs):
        assert isinstance(drawing, Drawing), drawing
    found = Chem.MolFromSmiles(specs[0].smiles)
    for bond in found.GetBonds():
        if bond.GetStereo() != Chem.BondStereo.STEREONONE:
            ring = next(set(ring) for ring in found.GetRingInfo().AtomRings())
            inside = sum(atom in ring for atom in bond.GetStereoAtoms())
            # of neighbours in the ring, both are on one side; one outside of it is on the other
            same = bond.GetStereo() in (Chem.BondStereo.STEREOZ, Chem.BondStereo.STEREOCIS)
            assert same == (inside != 1)


def test_a_list_is_used_up_before_any_of_it_comes_again(source: Path) -> None:
    specs = draw_specs(Options(source=source, stereo=0.0), 18)
    names = [Chem.MolToSmiles(Chem.MolFromSmiles(spec.smiles), isomericSmiles=False) for spec in specs]
    assert len(set(names[:9])) == len(set(names[9:])) == 9


SALTS = """\
[NH4+].[O-]S(=O)(=O)c1ccccc1
[NH3+]CC[NH3+].[Cl-].[Cl-]
[OH3+].[OH3+].[O-]S(=O)(=O)[O-]
O.O.Cl.NCCO
CC(C)(C)OO.OCC(O)CO
"""


def test_symbols_of_different_parts_stand_apart(tmp_path: Path) -> None:
    (tmp_path / "salts.smi").write_text(SALTS)
    options = Options(source=tmp_path / "salts.smi", atoms=Range(1, 50), parts=Range(1, 9))
    drawings = draw_and_check(molecule, draw_specs(options, 60))
    for drawing in drawings:
        assert isinstance(drawing, MoleculeDrawing) or "touch" in str(drawing)
        if isinstance(drawing, MoleculeDrawing):
            points = drawing.molecule.GetConformer().GetPositions()
            parts = [list(part) for part in Chem.GetMolFrags(drawing.molecule)]
            for one, other in itertools.combinations(parts, 2):
                apart = np.linalg.norm(points[one][:, None] - points[other][None], axis=-1).min()
                assert apart > 1.9 * Skeleton.of(drawing.molecule).bond_length
    assert sum(isinstance(drawing, Reject) for drawing in drawings) <= 2


def test_symbols_that_touch_are_found() -> None:
    glyph = "<path class='atom-{}' d='M {},10.0 L {},20.0' fill='#000'/>"
    bond = "<path class='bond-0 atom-2 atom-3' d='M 0.0,15.0 L {},15.0' style='x'/>"
    apart = glyph.format(0, 10.0, 20.0) + glyph.format(1, 24.0, 30.0)
    assert not labels_touch(apart)
    assert labels_touch(glyph.format(0, 10.0, 20.0) + glyph.format(1, 20.5, 30.0))
    # the letters of one symbol may
    assert not labels_touch(glyph.format(0, 10.0, 20.0) + glyph.format(0, 20.5, 30.0))
    assert labels_touch(apart + bond.format(12.0)) and not labels_touch(apart + bond.format(8.0))


def test_symbols_are_found_in_what_rdkit_draws(source: Path) -> None:
    [spec] = draw_specs(Options(source=source), 1)
    crowded = drawn("OC(O)(O)O")
    svg, _ = molecule._as_svg(
        crowded, Skeleton.of(crowded), 30, dataclasses.replace(spec.style, font_size=0.5)
    )
    assert not labels_touch(svg)
    points = crowded.GetConformer().GetPositions()
    points[2] = points[0] + 0.5
    crowded.GetConformer().SetPositions(points)
    svg, _ = molecule._as_svg(
        crowded, Skeleton.of(crowded), 30, dataclasses.replace(spec.style, font_size=0.5)
    )
    assert labels_touch(svg)


def test_stereocentres_are_decided_as_often_as_asked(tmp_path: Path) -> None:
    (tmp_path / "list.smi").write_text("CC(O)CC\n")
    open_centre = Options(source=tmp_path / "list.smi", stereo=0.0, rests=0.0)
    decided = dataclasses.replace(open_centre, stereo=1.0)
    assert {spec.smiles for spec in draw_specs(open_centre, 20)} == {"CCC(C)O"}
    assert {spec.smiles for spec in draw_specs(decided, 20)} == {"CC[C@H](C)O", "CC[C@@H](C)O"}


@pytest.mark.parametrize(
    "smiles",
    [
        "CC[C@H](C)O",
        r"C/C=C\C(=O)O",
        "C[C@@H]1CC[C@H](O)CC1",
        "[13CH3][C@H]([NH3+])C(=O)[O-].[Na+]",
        "c1ccc2[nH]ccc2c1",
        "O=[N+]([O-])c1ccccc1",
        "[2H]C(Cl)(Cl)Cl",
        "CC1(C)CCCC(C)(C)N1[O]",
        "C[SiH2]C",
    ],
)
def test_a_drawing_is_read_back_as_what_was_drawn(smiles: str) -> None:
    canonical = Chem.CanonSmiles(smiles)
    assert read_back(drawn(canonical)) == canonical


def test_reading_back_sees_wedges_coordinates_and_charges_not_what_rdkit_remembers() -> None:
    turned = drawn("CC[C@H](C)O")
    for bond in turned.GetBonds():
        other = {
            Chem.BondDir.BEGINWEDGE: Chem.BondDir.BEGINDASH,
            Chem.BondDir.BEGINDASH: Chem.BondDir.BEGINWEDGE,
        }
        bond.SetBondDir(other.get(bond.GetBondDir(), bond.GetBondDir()))
    assert read_back(turned) == "CC[C@@H](C)O"
    mirrored = drawn("CC[C@H](C)O")
    mirrored.GetConformer().SetPositions(mirrored.GetConformer().GetPositions() * (-1, 1, 1))
    assert read_back(mirrored) == "CC[C@@H](C)O"
    bent = drawn("C/C=C/C")
    points = bent.GetConformer().GetPositions()
    points[3] = 2 * points[2] - points[3] + (points[2] - points[1])
    bent.GetConformer().SetPositions(points)
    assert read_back(bent) == r"C/C=C\C"
    charged = drawn("CC(=O)[O-]")
    charged.GetAtomWithIdx(3).SetFormalCharge(0)
    assert read_back(charged) != "CC(=O)[O-]"


def test_a_drawing_read_as_another_molecule_is_rejected(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    [spec] = draw_specs(Options(source=source), 1)
    monkeypatch.setattr(molecule, "read_back", lambda drawn: "CCO")
    [result] = draw_and_check(molecule, [spec])
    assert isinstance(result, Reject)
    assert str(result) == "the drawing is read as another molecule"


def test_molecules_too_large_for_the_picture_are_rejected(tmp_path: Path) -> None:
    (tmp_path / "list.smi").write_text("C" * 45 + "\n")
    [result] = draw_and_check(molecule, draw_specs(Options(source=tmp_path / "list.smi", size=200), 1))
    assert str(result) == "bonds too short to read"


def test_a_bond_through_an_atom_that_it_does_not_join_is_rejected(source: Path) -> None:
    [spec] = draw_specs(Options(source=source), 1)
    cage = Chem.CanonSmiles("COC(=O)C12C3C4C1C1C2C3C41C(=O)O")
    layouts: list[Literal["depictor", "coordgen"]] = ["depictor", "coordgen"]
    results = draw_and_check(
        molecule, [dataclasses.replace(spec, smiles=cage, layout=layout) for layout in layouts]
    )
    assert "an atom lies on a bond" in map(str, results)


def test_the_room_beside_a_bond_is_that_of_the_nearest_other_atom() -> None:
    butane = drawn("CCCC")
    butane.GetConformer().SetPositions(
        np.array([[0, 0, 0], [2, 0, 0], [2, 2, 0], [0.5, 0.5, 0]], dtype=float)
    )
    assert Skeleton.of(butane).room_beside_bonds() == pytest.approx(0.25)  # the last atom to the first bond
    assert Skeleton.of(drawn("C")).room_beside_bonds() == math.inf


def test_nothing_touches_the_edge_and_every_picture_has_ink(source: Path) -> None:
    specs = draw_specs(Options(source=source))
    for spec, drawing in zip(specs, draw_and_check(molecule, specs), strict=True):
        assert isinstance(drawing, Drawing)
        pixels = np.asarray(drawing.pictures[0])
        ink = (pixels != np.array(spec.style.paper)).any(axis=-1)
        assert ink.any()
        assert not ink[:6].any() and not ink[-6:].any() and not ink[:, :6].any() and not ink[:, -6:].any()


def test_style_changes_the_picture_and_never_the_answer(source: Path) -> None:
    [spec] = draw_specs(Options(source=source, stereo=0.0), 1)
    spec = dataclasses.replace(spec, smiles="CC(=O)Oc1ccccc1C(=O)O")
    plain = dataclasses.replace(spec.style, palette="ink", circles=False, explicit_methyl=False)
    changes = [{"palette": "default"}, {"circles": True}, {"explicit_methyl": True}, {"line_width": 0.2}]
    specs = [
        dataclasses.replace(spec, style=dataclasses.replace(plain, **change)) for change in [{}, *changes]
    ]
    drawings = [drawing for drawing in draw_and_check(molecule, specs) if isinstance(drawing, Drawing)]
    assert len(drawings) == 5
    assert len({drawing.answers for drawing in drawings}) == 1
    assert len({drawing.pictures[0].tobytes() for drawing in drawings}) == 5


def test_a_sample_depends_on_its_own_chance_only(source: Path) -> None:
    options = Options(source=source)
    forwards, backwards = draw_specs(options, 12), draw_specs(options, 12)
    assert forwards == backwards
    pictures = [drawing.pictures[0].tobytes() for drawing in draw_and_check(molecule, forwards)]  # type: ignore[union-attr]
    again = [drawing.pictures[0].tobytes() for drawing in draw_and_check(molecule, forwards[::-1])]  # type: ignore[union-attr]
    assert pictures == again[::-1]
    assert len(set(pictures)) == 12


def test_without_a_source_the_molecules_are_those_of_the_package_chemicals() -> None:
    if importlib.util.find_spec("chemicals") is None:
        pytest.skip("chemicals is not installed")
    stock = molecule.load(Options(atoms=Range(6, 6), parts=Range(1, 1)), np.random.default_rng(0))
    assert "CC(=C(C)Cl)Cl" in stock.smiles
    [source] = stock.sources
    assert source.name.startswith("chemicals ")
    assert source.name.endswith(": chemical identifiers pubchem large.tsv")
    assert source.licence == "MIT"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"atoms": Range(0, 5)}, "--atoms 0-5: give LOW-HIGH, both from 1 to 200"),
        ({"bond": Range(5, 40)}, "--bond 5-40: give LOW-HIGH, both from 14 to 100"),
        ({"stereo": 1.5}, "--stereo 1.5: give a fraction from 0 to 1"),
        ({"size": 20}, "--size 20: give 100 to 4000"),
    ],
)
def test_options_out_of_bounds_are_named(options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Options(**options)


def test_hydrogens_at_stereocentres_are_left_out_where_they_would_hide_one_another(source: Path) -> None:
    ring = (
        r"CO[C@H]1/C=C/O[C@@]2(C)Oc3c(C)c(O)c4c(O)c(cc(O)c4c3C2=O)NC(=O)/C(C)=C\C=C\[C@H](C)"
        "[C@H](O)[C@@H](C)[C@@H](O)[C@@H](C)[C@H](OC(C)=O)[C@@H]1C"
    )
    [spec] = draw_specs(Options(source=source), 1)
    spec = dataclasses.replace(spec, smiles=Chem.CanonSmiles(ring), layout="coordgen", size=800)
    laid_out = Chem.MolFromSmiles(spec.smiles)
    rdCoordGen.AddCoords(laid_out)
    with_hydrogens = Skeleton.of(rdMolDraw2D.PrepareMolForDrawing(laid_out))
    assert with_hydrogens.room_between_atoms() < molecule.MIN_ATOM_DISTANCE
    [drawing] = draw_and_check(molecule, [spec])
    assert isinstance(drawing, Drawing), drawing
