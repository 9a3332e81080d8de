"""Scores of molecules."""

from dataclasses import dataclass
from typing import Any

from got_train.evaluation.words import missing

OPENING, CLOSING = "<smiles>", "</smiles>"
RADIUS = 2
BITS = 2048
"""Of Morgan fingerprints: the usual size, as ECFP4."""


@dataclass(frozen=True)
class MoleculeScore:
    """How near an answer is to a molecule."""

    valid: bool
    """Whether RDKit reads the answer."""
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
        from rdkit.Chem import MolToSmiles
        from rdkit.Chem.rdFingerprintGenerator import GetMorganGenerator
    except ImportError:
        raise missing("rdkit") from None
    meant, said = _read(reference), _read(prediction)
    if meant is None:
        return None
    if said is None:
        return MoleculeScore(valid=False, identical=False, tanimoto=0.0)
    generator = GetMorganGenerator(radius=RADIUS, fpSize=BITS)
    prints = [generator.GetFingerprint(molecule) for molecule in (said, meant)]
    return MoleculeScore(
        valid=True,
        identical=MolToSmiles(said) == MolToSmiles(meant),
        tanimoto=float(DataStructs.TanimotoSimilarity(*prints)),
    )


def _read(text: str) -> Any:
    """The molecule of a SMILES; None if RDKit refuses it, and for an empty text."""
    from rdkit.Chem import MolFromSmiles
    from rdkit.rdBase import BlockLogs

    smiles = text.strip().removeprefix(OPENING).removesuffix(CLOSING).strip()
    if not smiles:
        return None
    with BlockLogs():  # what is wrong with a SMILES; that it is wrong is in the score
        return MolFromSmiles(smiles)
