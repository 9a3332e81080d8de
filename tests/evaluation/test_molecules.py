import pytest

pytest.importorskip("rdkit", reason="needs the extra eval")

from got_train.evaluation.molecules import MoleculeScore, molecule_score  # noqa: E402


def test_one_molecule_in_two_spellings() -> None:
    right = MoleculeScore(valid=True, identical=True, tanimoto=1.0)
    assert molecule_score("<smiles>OCC</smiles>", "<smiles>CCO</smiles>") == right
    assert molecule_score("C1=CC=CC=C1", " <smiles>c1ccccc1</smiles>\n") == right


def test_tanimoto_by_hand() -> None:
    """Ethane has the environments CH3 and CH3-C; so has propane, and CH2, C-CH2-C: 1 in common of 5.

    The second of ethane is its whole, C-C, which propane's ends, bonded to a CH2, do not have.
    """
    score = molecule_score("CC", "CCC")
    assert score is not None
    assert (score.valid, score.identical) == (True, False)
    assert score.tanimoto == pytest.approx(1 / 5)


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "<smiles></smiles>",
        "C1CC",
        "no molecule",
        "<smiles>CC(",
        "CC\nCCN",
        "<smiles>CC ethane</smiles>",
        "C\ud800",
        "c1ccc(cc1)" * 2000,  # "Too many rings open at once"
        "C" * 100_000,  # RDKit would end the process
    ],
)
def test_invalid_answers(answer: str) -> None:
    assert molecule_score(answer, "CC") == MoleculeScore(valid=False, identical=False, tanimoto=0.0)


def test_reference_that_is_no_molecule() -> None:
    assert molecule_score("CC", "C1CC") is None
    assert molecule_score("CC", "CC ethane") is None
