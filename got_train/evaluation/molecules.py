"""Scores of molecules."""

from dataclasses import dataclass
from typing import Any

from got_train.evaluation.words import needed
from got_train.markup.fences import unfenced
from got_train.markup.forms import SMILES_END, SMILES_START

MAX_CHARACTERS = 5000
"""Longest SMILES that is read. A longer one is a decoder's loop, and a chain of 20,000 makes RDKit crash."""
RADIUS = 2
BITS = 2048
"""Radius and size of Morgan fingerprints, the usual ones (ECFP4)."""


@dataclass(frozen=True)
class MoleculeScore:
    """The similarity of an answer and a molecule."""

    identical: bool
    """Whether answer and molecule have the same canonical SMILES."""
    tanimoto: float
    """Tanimoto similarity of the Morgan fingerprints; 0 if the answer is not valid."""
    valid: bool
    """Whether the whole answer is a SMILES that RDKit can read and write again."""


def molecule_score(prediction: str, reference: str) -> MoleculeScore | None:
    """The score of a SMILES, with or without GOT's tags.

    Returns:
        The score; None if the reference is not a molecule.

    Raises:
        UserError: if RDKit is not installed.
    """
    with needed("rdkit"):
        from rdkit import DataStructs
        from rdkit.Chem.rdFingerprintGenerator import GetMorganGenerator
    predicted, wanted = _read(prediction), _read(reference)
    if wanted is None:
        return None
    if predicted is None:
        return MoleculeScore(identical=False, tanimoto=0.0, valid=False)
    generator = GetMorganGenerator(radius=RADIUS, fpSize=BITS)
    prints = [generator.GetFingerprint(molecule) for molecule, _ in (predicted, wanted)]
    similarity = float(DataStructs.TanimotoSimilarity(*prints))
    return MoleculeScore(identical=predicted[1] == wanted[1], tanimoto=similarity, valid=True)


def _read(text: str) -> tuple[Any, str] | None:
    """The molecule of a SMILES and its canonical SMILES; None if there is no such molecule."""
    from rdkit.Chem import MolFromSmiles, MolToSmiles
    from rdkit.rdBase import BlockLogs

    smiles = unfenced(text).strip().removeprefix(SMILES_START).removesuffix(SMILES_END).strip()
    if len(smiles.split()) != 1 or len(smiles) > MAX_CHARACTERS:
        return None  # RDKit would take the text after white space for a name
    with BlockLogs():  # suppresses RDKit's messages about a bad SMILES
        try:
            molecule = MolFromSmiles(smiles)
            return None if molecule is None else (molecule, MolToSmiles(molecule))
        except ValueError:  # half of a surrogate pair, or more rings open at once than a SMILES can number
            return None
