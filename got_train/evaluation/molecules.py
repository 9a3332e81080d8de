"""Scores of molecules."""

from dataclasses import dataclass
from typing import Any

from got_train.evaluation.words import missing_package
from got_train.markup.forms import SMILES_END, SMILES_START

LONGEST = 5000
"""Characters of a SMILES. More are a decoder's loop, and RDKit ends the process on a chain of 20,000."""
RADIUS = 2
BITS = 2048
"""Of Morgan fingerprints: the usual size, as ECFP4."""


@dataclass(frozen=True)
class MoleculeScore:
    """How near an answer is to a molecule."""

    valid: bool
    """Whether RDKit reads the answer, as a SMILES and nothing else, and can write it again."""
    identical: bool
    """Whether it has the same canonical SMILES."""
    tanimoto: float
    """Overlap of the Morgan fingerprints; 0 of an answer that is not valid."""


def molecule_score(prediction: str, reference: str) -> MoleculeScore | None:
    """The score of a SMILES, with or without GOT's tags.

    Returns:
        None if the reference is no molecule.

    Raises:
        UserError: if RDKit is missing.
    """
    try:
        from rdkit import DataStructs
        from rdkit.Chem.rdFingerprintGenerator import GetMorganGenerator
    except ImportError:
        raise missing_package("rdkit") from None
    predicted, wanted = _read(prediction), _read(reference)
    if wanted is None:
        return None
    if predicted is None:
        return MoleculeScore(valid=False, identical=False, tanimoto=0.0)
    generator = GetMorganGenerator(radius=RADIUS, fpSize=BITS)
    prints = [generator.GetFingerprint(molecule) for molecule, _ in (predicted, wanted)]
    return MoleculeScore(
        valid=True,
        identical=predicted[1] == wanted[1],
        tanimoto=float(DataStructs.TanimotoSimilarity(*prints)),
    )


def _read(text: str) -> tuple[Any, str] | None:
    """The molecule of a SMILES and its canonical SMILES; None if there is no such molecule."""
    from rdkit.Chem import MolFromSmiles, MolToSmiles
    from rdkit.rdBase import BlockLogs

    smiles = text.strip().removeprefix(SMILES_START).removesuffix(SMILES_END).strip()
    if len(smiles.split()) != 1 or len(smiles) > LONGEST:
        return None  # RDKit would take what follows white space for a name
    with BlockLogs():  # what is wrong with a SMILES; that it is wrong is in the score
        try:
            molecule = MolFromSmiles(smiles)
            return None if molecule is None else (molecule, MolToSmiles(molecule))
        except ValueError:  # half of a surrogate pair, or more rings open at once than a SMILES can number
            return None
