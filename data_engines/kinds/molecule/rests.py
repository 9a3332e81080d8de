"""Rests: atoms of a molecule in whose place anything may stand, drawn as R, R1, R2.

The answer has `*` for R and `[1*]` for R1, as RDKit and MolScribe write them (Qian et al., arXiv:2205.14311).
"""

import numpy as np
from rdkit import Chem

from data_engines.kinds.molecule.abbreviations import LABEL

MAX_RESTS = 3
MIN_ATOMS = 5
"""Atoms of a molecule that gets rests, so that something is left."""


def with_rests(rng: np.random.Generator, molecule: Chem.Mol) -> Chem.Mol:
    """The molecule with some of its ends replaced by rests; one alone is R, several are R1, R2, ..."""
    ends = [atom.GetIdx() for atom in molecule.GetAtoms() if _is_end(atom)]
    if not ends or molecule.GetNumAtoms() < MIN_ATOMS:
        return molecule
    count = int(rng.integers(1, min(MAX_RESTS, len(ends)) + 1))
    changed = Chem.RWMol(molecule)
    for number, end in enumerate(sorted(rng.choice(ends, size=count, replace=False).tolist()), start=1):
        rest = Chem.Atom(0)
        rest.SetIsotope(number if count > 1 else 0)
        changed.ReplaceAtom(end, rest)
    made = changed.GetMol()
    Chem.SanitizeMol(made)
    Chem.AssignStereochemistry(made, cleanIt=True, force=True)
    return made


def _is_end(atom: Chem.Atom) -> bool:
    plain = not (atom.GetFormalCharge() or atom.GetIsotope() or atom.GetNumRadicalElectrons())
    bonds = atom.GetBonds()
    return plain and len(bonds) == 1 and bonds[0].GetBondType() == Chem.BondType.SINGLE


def name_rests(molecule: Chem.Mol) -> None:
    """Sets the texts that are drawn for rests."""
    for atom in molecule.GetAtoms():
        if not atom.GetAtomicNum():
            number = atom.GetIsotope()
            atom.SetProp(LABEL, f"R<sup>{number}</sup>" if number else "R")
