"""Short names of groups: what they stand for, where they are put in, and how a drawing with them is read."""

import numpy as np
import pytest

Chem = pytest.importorskip("rdkit.Chem")

from rdkit.Chem import rdDepictor  # noqa: E402 (below the check that it is installed)
from rdkit.Chem.Draw import rdMolDraw2D  # noqa: E402
from rdkit.Chem.rdMolDescriptors import CalcMolFormula  # noqa: E402

from data_engines.kinds.molecule.abbreviations import GROUPS, NAMES, abbreviated, written_out  # noqa: E402
from data_engines.kinds.molecule.rests import name_rests, with_rests  # noqa: E402
from data_engines.kinds.molecule.structure import read_back  # noqa: E402


def labels(smiles: str, names: tuple[str, ...] = NAMES) -> list[str]:
    molecule = abbreviated(Chem.MolFromSmiles(smiles), names)
    return sorted(atom.GetProp("atomLabel") for atom in molecule.GetAtoms() if atom.HasProp("atomLabel"))


def drawn(smiles: str) -> Chem.Mol:
    molecule = abbreviated(Chem.MolFromSmiles(smiles), NAMES)
    rdDepictor.Compute2DCoords(molecule)
    return rdMolDraw2D.PrepareMolForDrawing(molecule)


@pytest.mark.parametrize(
    ("name", "formula"),
    [("Boc", "C5H9O2"), ("Cbz", "C8H7O2"), ("Ts", "C7H7O2S"), ("OTBS", "C6H15OSi"), ("TMS", "C3H9Si")],
)
def test_names_stand_for_the_groups_that_chemists_mean(name: str, formula: str) -> None:
    """Formulas of the groups as catalogues of protecting groups give them."""
    [group] = [group for group in GROUPS if group.name == name]
    assert CalcMolFormula(Chem.MolFromSmiles(group.smiles)).replace("*", "") == formula


def test_each_group_is_found_in_a_molecule_of_its_own_and_read_again() -> None:
    for group in GROUPS:
        smiles = Chem.CanonSmiles(group.smiles.replace("*", "c9ccncc9", 1))
        assert labels(smiles, (group.name,)) == [group.name]
        molecule = abbreviated(Chem.MolFromSmiles(smiles), (group.name,))
        rdDepictor.Compute2DCoords(molecule)
        drawing = rdMolDraw2D.PrepareMolForDrawing(molecule)
        assert drawing.GetNumAtoms() == 7
        assert read_back(written_out(drawing)) == smiles


def test_the_larger_group_gets_the_name() -> None:
    assert labels("COC(=O)c1ccc(OC)nc1") == ["CO2Me", "OMe"]
    assert labels("COC(=O)c1ccc(OC)nc1", ("OMe",)) == ["OMe", "OMe"]
    assert labels("CC[C@@H](C)c1ccncc1") == ["Et", "Me"]  # sec-butyl is not iBu


@pytest.mark.parametrize("smiles", ["O=C([O-])c1ccncc1.[Na+]", "[13CH3]c1ccncc1", "[CH2-]c1ccncc1"])
def test_what_has_a_charge_or_an_isotope_gets_no_name(smiles: str) -> None:
    assert labels(smiles) == []
    assert read_back(written_out(drawn(smiles))) == Chem.CanonSmiles(smiles)


def test_stereochemistry_beside_a_name_is_read_from_the_drawing() -> None:
    smiles = Chem.CanonSmiles("COC(=O)[C@H](Cc1ccccc1)NC(=O)OC(C)(C)C")
    drawing = drawn(smiles)
    assert drawing.GetNumAtoms() == 4
    assert read_back(written_out(drawing)) == smiles
    for bond in drawing.GetBonds():
        if bond.GetBondDir() in (Chem.BondDir.BEGINWEDGE, Chem.BondDir.BEGINDASH):
            wedge = bond.GetBondDir() == Chem.BondDir.BEGINWEDGE
            bond.SetBondDir(Chem.BondDir.BEGINDASH if wedge else Chem.BondDir.BEGINWEDGE)
    assert read_back(written_out(drawing)) == smiles.replace("@", "@@")


def test_another_name_is_another_molecule() -> None:
    drawing = drawn("COc1ccncc1")
    [atom] = [atom for atom in drawing.GetAtoms() if atom.HasProp("_displayLabel")]
    atom.SetProp("_displayLabel", "OEt")
    assert read_back(written_out(drawing)) == "CCOc1ccncc1"


def test_some_ends_become_rests_that_are_read_by_their_names() -> None:
    molecule = Chem.MolFromSmiles("C[C@H](O)c1ccc(F)cc1Cl")
    made = set()
    for seed in range(40):
        changed = with_rests(np.random.default_rng(seed), molecule)
        smiles = Chem.CanonSmiles(Chem.MolToSmiles(changed))
        made.add(smiles)
        redrawn = Chem.MolFromSmiles(smiles)
        name_rests(redrawn)
        rdDepictor.Compute2DCoords(redrawn)
        drawing = rdMolDraw2D.PrepareMolForDrawing(redrawn)
        names = [atom.GetProp("_displayLabel") for atom in drawing.GetAtoms() if not atom.GetAtomicNum()]
        assert sorted(names) in (
            ["R"],
            ["R<sup>1</sup>", "R<sup>2</sup>"],
            [f"R<sup>{n}</sup>" for n in (1, 2, 3)],
        )
        assert read_back(written_out(drawing)) == smiles
        for atom in drawing.GetAtoms():
            if not atom.GetAtomicNum():
                atom.SetProp("_displayLabel", "R<sup>7</sup>")
        assert "[7*]" in read_back(written_out(drawing))
    assert len(made) > 10 and {smiles.count("*") for smiles in made} == {1, 2, 3}


def test_small_molecules_get_no_rests() -> None:
    molecule = Chem.MolFromSmiles("CCO")
    assert with_rests(np.random.default_rng(0), molecule) is molecule
