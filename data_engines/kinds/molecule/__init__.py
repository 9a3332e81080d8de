"""Molecules: lists of SMILES, and their drawings read back."""

from data_engines.kind import Kind, Packaged

PUBCHEM = Packaged(("chemicals",), "chemical identifiers pubchem large.tsv", "MIT")
"""71,347 substances in commerce or in the literature."""
KIND = Kind(
    summary="structural formulas, from SMILES lists",
    drawn_from="PubChem's list in `chemicals`; a SMILES list",
    answer="`<smiles>`...`</smiles>`, canonical",
    prompt="format",
    needs=("rdkit",),
    sources=(PUBCHEM,),
    max_rejects=0.05,
    batch_size=20,
)
