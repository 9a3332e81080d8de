"""What RDKit's molecules leave open or show: stereochemistry, rings, distances, and how a drawing is read."""

from typing import Any

import numpy as np
from rdkit import Chem, rdBase
from rdkit.Chem import rdMolDescriptors

_WEDGES = {Chem.BondDir.BEGINWEDGE: 1, Chem.BondDir.BEGINDASH: 3, Chem.BondDir.EITHERDOUBLE: 2}
_ORDERS = {
    Chem.BondType.SINGLE: 1,
    Chem.BondType.DOUBLE: 2,
    Chem.BondType.TRIPLE: 3,
    Chem.BondType.DATIVE: 9,
}
"""Numbers of wedges and bonds in mol blocks."""

rdBase.DisableLog("rdApp.*")  # every molecule that can't be read would be a line on the screen


def decide_stereo(rng: np.random.Generator, molecule: Chem.Mol, centres: bool) -> None:
    """Gives every undefined double bond, and with `centres` every undefined stereocentre, a configuration."""
    bridgeheads: Any = []  # filled by the call
    rdMolDescriptors.CalcNumBridgeheadAtoms(molecule, atoms=bridgeheads)
    for element in Chem.FindPotentialStereo(molecule):
        if element.specified != Chem.StereoSpecified.Unspecified:
            continue
        first = rng.random() < 0.5
        if element.type == Chem.StereoType.Bond_Double:
            bond = molecule.GetBondWithIdx(element.centeredOn)
            # two at either end; hydrogens have numbers beyond all, and those of =NH are never drawn apart
            one, another, other, last = element.controllingAtoms
            ends = min(one, another), min(other, last)
            if max(ends) < molecule.GetNumAtoms():
                bond.SetStereoAtoms(*ends)
                bond.SetStereo(Chem.BondStereo.STEREOCIS if first else Chem.BondStereo.STEREOTRANS)
        # most configurations of bridged rings can't exist
        elif element.type == Chem.StereoType.Atom_Tetrahedral and centres:
            if element.centeredOn not in bridgeheads:
                tag = Chem.ChiralType.CHI_TETRAHEDRAL_CW if first else Chem.ChiralType.CHI_TETRAHEDRAL_CCW
                molecule.GetAtomWithIdx(element.centeredOn).SetChiralTag(tag)
    # without them the SMILES of several parts leaves double bonds undefined
    Chem.SetDoubleBondNeighborDirections(molecule)


def read_back(drawn: Chem.Mol) -> str | None:
    """The canonical SMILES of what is seen in a drawing, or None if that is no molecule.

    A mol block is written of what RDKit draws: symbols with charge, isotope and hydrogens, the points where
    they lie, lines and wedges. RDKit's own writer won't do, since it sets wedges of its own.
    """
    lines = ["", "", "", "  0  0  0     0  0            999 V3000", "M  V30 BEGIN CTAB"]
    lines += [f"M  V30 COUNTS {drawn.GetNumAtoms()} {drawn.GetNumBonds()} 0 0 0", "M  V30 BEGIN ATOM"]
    points = drawn.GetConformer().GetPositions()
    lines += [
        _atom_line(atom, x, y) for atom, (x, y, _) in zip(drawn.GetAtoms(), points.tolist(), strict=True)
    ]
    lines += ["M  V30 END ATOM", "M  V30 BEGIN BOND"]
    for number, bond in enumerate(drawn.GetBonds(), start=1):
        if bond.GetBondType() not in _ORDERS:
            return None
        ends = f"{bond.GetBeginAtomIdx() + 1} {bond.GetEndAtomIdx() + 1}"
        wedge = _WEDGES.get(bond.GetBondDir(), 0)
        lines.append(f"M  V30 {number} {_ORDERS[bond.GetBondType()]} {ends} CFG={wedge}")
    lines += ["M  V30 END BOND", "M  V30 END CTAB", "M  END"]
    molecule = Chem.MolFromMolBlock("\n".join(lines))
    return None if molecule is None else Chem.CanonSmiles(Chem.MolToSmiles(molecule))


def room_between_atoms(molecule: Chem.Mol) -> float:
    """The shortest distance between atoms that no bond joins, in lengths of a bond."""
    points = molecule.GetConformer().GetPositions()
    apart = np.linalg.norm(points[:, None] - points[None], axis=-1)
    apart[np.eye(len(points), dtype=bool) | (Chem.GetAdjacencyMatrix(molecule) > 0)] = np.inf
    return float(apart.min()) / bond_length(molecule)


def room_beside_bonds(molecule: Chem.Mol) -> float:
    """The shortest distance between an atom and a bond of others, in lengths of a bond."""
    points = molecule.GetConformer().GetPositions()
    bonds = [(bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()) for bond in molecule.GetBonds()]
    ends = np.array(bonds, dtype=int).reshape(-1, 2)
    along = points[ends[:, 1]] - points[ends[:, 0]]  # (bonds, 3)
    offsets = points - points[ends[:, 0], None]  # (bonds, atoms, 3)
    shares = np.clip((offsets @ along[..., None])[..., 0] / (along**2).sum(axis=1, keepdims=True), 0, 1)
    rooms = np.linalg.norm(offsets - shares[..., None] * along[:, None], axis=-1)
    np.put_along_axis(rooms, ends, np.inf, axis=1)
    return float(rooms.min(initial=np.inf)) / bond_length(molecule)


def bond_length(molecule: Chem.Mol) -> float:
    """The median length of its bonds in the units of the layout; the usual one where there are none."""
    points = molecule.GetConformer().GetPositions()
    ends = [(bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()) for bond in molecule.GetBonds()]
    if not ends:
        return 1.5
    return float(np.median([np.linalg.norm(points[one] - points[other]) for one, other in ends]))


def aromatic_rings(molecule: Chem.Mol) -> list[tuple[int, ...]]:
    """Atoms of the rings that get a circle; none if some aromatic bond is in no such ring."""
    rings = molecule.GetRingInfo()
    aromatic = {bond.GetIdx() for bond in molecule.GetBonds() if bond.GetIsAromatic()}
    whole = [
        (atoms, bonds)
        for atoms, bonds in zip(rings.AtomRings(), rings.BondRings(), strict=True)
        if aromatic.issuperset(bonds)
    ]
    covered = {bond for _, bonds in whole for bond in bonds}
    return [atoms for atoms, _ in whole] if covered == aromatic else []


def _atom_line(atom: Chem.Atom, x: float, y: float) -> str:
    # -1 stands for no valence at all: 0 would leave the hydrogens to the reader
    valence = atom.GetTotalValence() or -1
    radical = {0: 0, 1: 2, 2: 3}.get(atom.GetNumRadicalElectrons(), 0)
    return (
        f"M  V30 {atom.GetIdx() + 1} {atom.GetSymbol()} {x:.4f} {y:.4f} 0 {atom.GetAtomMapNum()}"
        f" CHG={atom.GetFormalCharge()} MASS={atom.GetIsotope()} RAD={radical} VAL={valence}"
    )
