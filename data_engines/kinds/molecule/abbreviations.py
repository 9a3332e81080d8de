"""Groups of atoms that formulas write as a short name, such as Ph and CO2Et: put in, and read again."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from rdkit import Chem
from rdkit.Chem import rdAbbreviations

MAX_COVERAGE = 0.7
"""Largest share of a molecule's atoms that short names stand for."""
LABEL = "_displayLabel"
"""RDKit's property of an atom with the text that is drawn for it; digits are set low by `<sub>`."""
_TAGS = re.compile("</?su[bp]>")
_REST = re.compile(r"R(\d*)")


class Group(NamedTuple):
    """A group of atoms at one bond."""

    name: str
    """As it is read from left to right, with the bond at its left."""
    smiles: str
    """`*` stands for the rest of the molecule."""
    mirrored: str
    """As it is written where the bond is at its right."""


GROUPS = (
    Group("NHBoc", "*NC(=O)OC(C)(C)C", "BocHN"),
    Group("Boc", "*C(=O)OC(C)(C)C", "Boc"),
    Group("Cbz", "*C(=O)OCc1ccccc1", "Cbz"),
    Group("OTs", "*OS(=O)(=O)c1ccc(C)cc1", "TsO"),
    Group("Ts", "*S(=O)(=O)c1ccc(C)cc1", "Ts"),
    Group("OTBS", "*O[Si](C)(C)C(C)(C)C", "TBSO"),
    Group("TMS", "*[Si](C)(C)C", "TMS"),
    Group("CO2tBu", "*C(=O)OC(C)(C)C", "tBuO2C"),
    Group("CO2Et", "*C(=O)OCC", "EtO2C"),
    Group("CO2Me", "*C(=O)OC", "MeO2C"),
    Group("CO2H", "*C(=O)O", "HO2C"),
    Group("COOH", "*C(=O)O", "HOOC"),
    Group("OBn", "*OCc1ccccc1", "BnO"),
    Group("Bn", "*Cc1ccccc1", "Bn"),
    Group("OPh", "*Oc1ccccc1", "PhO"),
    Group("Ph", "*c1ccccc1", "Ph"),
    Group("NHAc", "*NC(C)=O", "AcHN"),
    Group("OAc", "*OC(C)=O", "AcO"),
    Group("Ac", "*C(C)=O", "Ac"),
    Group("CHO", "*C=O", "OHC"),
    Group("SO3H", "*S(=O)(=O)O", "HO3S"),
    Group("SO2Me", "*S(C)(=O)=O", "MeO2S"),
    Group("NO2", "*[N+](=O)[O-]", "O2N"),
    Group("OCF3", "*OC(F)(F)F", "F3CO"),
    Group("CF3", "*C(F)(F)F", "F3C"),
    Group("CCl3", "*C(Cl)(Cl)Cl", "Cl3C"),
    Group("CN", "*C#N", "NC"),
    Group("NMe2", "*N(C)C", "Me2N"),
    Group("NEt2", "*N(CC)CC", "Et2N"),
    Group("NHMe", "*NC", "MeHN"),
    Group("OEt", "*OCC", "EtO"),
    Group("OMe", "*OC", "MeO"),
    Group("SMe", "*SC", "MeS"),
    Group("tBu", "*C(C)(C)C", "tBu"),
    Group("iBu", "*CC(C)C", "iBu"),
    Group("nBu", "*CCCC", "nBu"),
    Group("iPr", "*C(C)C", "iPr"),
    Group("nPr", "*CCC", "nPr"),
    Group("Et", "*CC", "Et"),
    Group("Me", "*C", "Me"),
)
"""Larger groups come first, as each atom gets into the first group that it fits.

They are written here, and not taken from RDKit's list, which calls sec-butyl iBu and NHMe NMe.
"""
NAMES = tuple(group.name for group in GROUPS)
_BY_NAME = {group.name: group for group in GROUPS}


def abbreviated(molecule: Chem.Mol, names: Sequence[str]) -> Chem.Mol:
    """The molecule with each of the named groups as one atom, whose text is the group's name.

    It stays as it is where RDKit takes atoms for a group that have a charge, isotope or radical of their own.
    """
    lines = [
        " ".join((group.name, group.smiles[1:], _lowered(group.name), _lowered(group.mirrored)))
        for group in GROUPS
        if group.name in names
    ]
    known = rdAbbreviations.ParseAbbreviations("\n".join(lines))
    short = rdAbbreviations.CondenseMolAbbreviations(molecule, known, maxCoverage=MAX_COVERAGE)
    return short if _flat(written_out(short)) == _flat(molecule) else molecule


def _flat(molecule: Chem.Mol) -> str:
    """The canonical SMILES without stereochemistry."""
    flat = Chem.Mol(molecule)
    Chem.RemoveStereochemistry(flat)
    Chem.SanitizeMol(flat)
    return str(Chem.MolToSmiles(flat))


def _lowered(name: str) -> str:
    """A name with its digits set low."""
    return re.sub(r"(\d+)", r"<sub>\1</sub>", name)


def written_out(drawn: Chem.Mol) -> Chem.Mol:
    """The molecule of a drawing with the atoms of groups in place of their names, and rests as named."""
    whole = Chem.RWMol(drawn)
    for atom in drawn.GetAtoms():
        if not atom.HasProp(LABEL):
            continue
        name = _TAGS.sub("", atom.GetProp(LABEL))
        if rest := _REST.fullmatch(name):
            whole.GetAtomWithIdx(atom.GetIdx()).SetIsotope(int(rest[1] or 0))
            continue
        group = Chem.MolFromSmiles(_BY_NAME[name].smiles)
        Chem.Kekulize(group, clearAromaticFlags=True)
        first, *others = list(group.GetAtoms())[1:]
        whole.ReplaceAtom(atom.GetIdx(), first)
        numbers = {first.GetIdx(): atom.GetIdx()} | {other.GetIdx(): whole.AddAtom(other) for other in others}
        for bond in group.GetBonds():
            begin, end = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
            if begin in numbers and end in numbers:
                whole.AddBond(numbers[begin], numbers[end], bond.GetBondType())
    return whole.GetMol()
