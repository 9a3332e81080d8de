"""Facts about RDKit's molecules: stereochemistry, rings, distances, and the molecule read from a drawing."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from rdkit import Chem, rdBase
from rdkit.Chem import rdMolDescriptors

rdBase.DisableLog("rdApp.*")  # RDKit would print a line for every molecule that it can't read


def decide_stereo(rng: np.random.Generator, molecule: Chem.Mol, centres: bool) -> None:
    """Gives each undefined double bond, and with `centres` each undefined stereocentre, a configuration.

    Double bonds in rings are cis.
    """
    bridgeheads: Any = []  # an output argument of the call
    rdMolDescriptors.CalcNumBridgeheadAtoms(molecule, atoms=bridgeheads)
    rings = sorted(molecule.GetRingInfo().AtomRings(), key=len)
    for element in Chem.FindPotentialStereo(molecule):
        if element.specified != Chem.StereoSpecified.Unspecified:
            continue
        first = rng.random() < 0.5
        if element.type == Chem.StereoType.Bond_Double:
            bond = molecule.GetBondWithIdx(element.centeredOn)
            one_end, other_end = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
            # two atoms at either end; hydrogens have numbers beyond all atoms, and that of =NH is never drawn
            one, another, other, last = element.controllingAtoms
            ends = min(one, another), min(other, last)
            ring = next((ring for ring in rings if {one_end, other_end} <= set(ring)), None)
            if ring:
                # a ring stays on one side of its double bonds
                ends, first = _next_in_ring(ring, one_end, other_end), True
            if max(ends) < molecule.GetNumAtoms():
                bond.SetStereoAtoms(*ends)
                bond.SetStereo(Chem.BondStereo.STEREOCIS if first else Chem.BondStereo.STEREOTRANS)
        # bridgeheads are skipped, as most of their configurations can't exist
        elif element.type == Chem.StereoType.Atom_Tetrahedral and centres:
            if element.centeredOn not in bridgeheads:
                tag = Chem.ChiralType.CHI_TETRAHEDRAL_CW if first else Chem.ChiralType.CHI_TETRAHEDRAL_CCW
                molecule.GetAtomWithIdx(element.centeredOn).SetChiralTag(tag)
    # without directions, the SMILES of a molecule of several parts would leave double bonds undefined
    Chem.SetDoubleBondNeighborDirections(molecule)


def _next_in_ring(ring: tuple[int, ...], one: int, other: int) -> tuple[int, int]:
    """The atoms of a ring next to two neighbours in it, in their order."""
    (before,), (after,) = (
        {ring[place - 1], ring[(place + 1) % len(ring)]} - {one, other}
        for place in (ring.index(one), ring.index(other))
    )
    return before, after


def read_back(drawn: Chem.Mol) -> str | None:
    """The canonical SMILES of what a drawing shows, or None if that is no molecule.

    The drawing is written as a mol block and read again: symbols with charge, isotope and hydrogens, points,
    lines and wedges. RDKit is kept from setting new wedges and from writing what it knows to be aromatic.
    """
    lines_only = Chem.Mol(drawn)
    Chem.Kekulize(lines_only, clearAromaticFlags=True)
    block = Chem.MolToV3KMolBlock(lines_only, includeStereo=False, kekulize=False)
    molecule = Chem.MolFromMolBlock(block)
    return None if molecule is None else Chem.CanonSmiles(Chem.MolToSmiles(molecule))


@dataclass(frozen=True)
class Skeleton:
    """Where the atoms and bonds of a molecule lie; read once, as it is measured several times."""

    points: np.ndarray
    """Coordinates of the atoms, (atoms, 3)."""
    joined: np.ndarray
    """Whether a bond joins two atoms, (atoms, atoms)."""
    ends: np.ndarray
    """The numbers of the two atoms of each bond, (bonds, 2)."""
    bond_length: float
    """The median length of the bonds in units of the layout; RDKit's usual length if there is no bond."""

    @classmethod
    def of(cls, molecule: Chem.Mol) -> "Skeleton":
        points, joined = molecule.GetConformer().GetPositions(), Chem.GetAdjacencyMatrix(molecule) > 0
        ends = np.argwhere(np.triu(joined))
        one, other = points[ends.T]
        length = float(np.median(np.linalg.norm(one - other, axis=-1))) if len(ends) else 1.5
        return cls(points, joined, ends, length)

    def room_between_atoms(self) -> float:
        """The shortest distance between atoms that no bond joins, in bond lengths."""
        apart = np.linalg.norm(self.points[:, None] - self.points[None], axis=-1)
        apart[np.eye(len(self.points), dtype=bool) | self.joined] = np.inf
        return float(apart.min()) / self.bond_length

    def room_beside_bonds(self) -> float:
        """The shortest distance between an atom and a bond of two other atoms, in bond lengths."""
        points, ends = self.points, self.ends
        along = points[ends[:, 1]] - points[ends[:, 0]]  # (bonds, 3)
        offsets = points - points[ends[:, 0], None]  # (bonds, atoms, 3)
        shares = np.clip((offsets @ along[..., None])[..., 0] / (along**2).sum(axis=1, keepdims=True), 0, 1)
        rooms = np.linalg.norm(offsets - shares[..., None] * along[:, None], axis=-1)
        np.put_along_axis(rooms, ends, np.inf, axis=1)
        return float(rooms.min(initial=np.inf)) / self.bond_length


def aromatic_rings(molecule: Chem.Mol) -> list[tuple[int, ...]]:
    """The atoms of each ring that gets a circle; no rings if an aromatic bond lies outside all of them."""
    rings = molecule.GetRingInfo()
    aromatic = {bond.GetIdx() for bond in molecule.GetBonds() if bond.GetIsAromatic()}
    whole = [
        (atoms, bonds)
        for atoms, bonds in zip(rings.AtomRings(), rings.BondRings(), strict=True)
        if aromatic.issuperset(bonds)
    ]
    covered = {bond for _, bonds in whole for bond in bonds}
    return [atoms for atoms, _ in whole] if covered == aromatic else []
