"""Lists of SMILES: finds the column that holds them, and the molecules of the requested size."""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

from rdkit import Chem

from data_engines.options import Range
from data_engines.tools.corpora import read_text

ROWS_TRIED = 100
"""Rows by which the column is recognised where no header names it."""

_SMILES = re.compile(r"(?:\[[^\[\]\s]+\]|Br|Cl|[BCNOPSFIbcnops*]|[-=#$:/\\.()]|%?\d)+")
_ATOM = re.compile(r"\[[^\]]+\]|Br|Cl|[BCNOPSFIbcnops*]")
_HYDROGEN = re.compile(r"\[\d*H[+-]?\d*(?::\d+)?\]")


def read_smiles(
    path: Path, atoms: Range, parts: Range, canonical: bool = True
) -> tuple[tuple[str, ...], dict[str, int]]:
    """The SMILES in a list with `atoms` (without hydrogen) and `parts`, and the other rows counted by cause.

    Args:
        path: the list.
        atoms: how many a molecule may have.
        parts: how many a molecule may have that no bond joins.
        canonical: whether of the rows that are one molecule only the first is used. It takes RDKit 0.1 ms a
            row. Otherwise only the text is looked at; bonds that make no sense are found when it is drawn.

    Raises:
        ValueError: there is no such row.
    """
    rows = _read_rows(path)
    column, first = _find_column(rows)
    if column is None:
        raise ValueError(f"--source {path}: no column of SMILES found; give one molecule in each row")
    if len(rows) == first:
        raise ValueError(f"--source {path} holds no molecule; give one in each row")
    found: list[str] = []
    left_out: Counter[str] = Counter()
    for row in rows[first:]:
        smiles = row[column] if column < len(row) else ""
        cause = _find_fault(smiles, atoms, parts)
        if cause:
            left_out[cause] += 1
        else:
            found.append(smiles)
    if not found:
        causes = ", ".join(f"{cause}: {number}" for cause, number in left_out.most_common())
        raise ValueError(f"--source {path}: no row fits --atoms {atoms} --parts {parts} ({causes})")
    different: dict[str, str] = {}
    for smiles in found:
        molecule = Chem.MolFromSmiles(smiles) if canonical else None
        different.setdefault(Chem.MolToSmiles(molecule) if molecule else smiles, smiles)
    if len(different) < len(found):
        left_out["the same once more"] = len(found) - len(different)
    return tuple(different.values()), dict(left_out)


def _read_rows(path: Path) -> list[list[str]]:
    """The rows, split at commas in .csv files, at tabs in .tsv files, and at white space in other files."""
    text = read_text(path)
    delimiter = {".csv": ",", ".tsv": "\t"}.get(path.suffix.lower())
    if delimiter is None:
        rows: Iterable[list[str]] = (line.split() for line in text.splitlines())
    else:
        rows = csv.reader(text.splitlines(), delimiter=delimiter)
    try:
        return [row for row in rows if row]
    except csv.Error as error:
        raise ValueError(f"--source {path} is no table: {error}") from error


def _find_column(rows: Sequence[Sequence[str]]) -> tuple[int | None, int]:
    """The column of SMILES, by its header or content, if there is one, and the number of header rows."""
    header = rows[0] if rows else []
    for position, name in enumerate(header):
        if "smiles" in name.lower():
            return position, 1
    counts: Counter[int] = Counter()
    for row in islice(rows, ROWS_TRIED):
        for position, cell in enumerate(row):
            if _SMILES.fullmatch(cell) and Chem.MolFromSmiles(cell):
                # a short name may happen to be a SMILES too, a long one hardly: the length counts
                counts[position] += len(cell)
    return (counts.most_common(1)[0][0] if counts else None), 0


def _find_fault(smiles: str, atoms: Range, parts: Range) -> str | None:
    if not _SMILES.fullmatch(smiles):
        return "no SMILES"
    number = sum(not _HYDROGEN.fullmatch(atom) for atom in _ATOM.findall(smiles))
    if not atoms.low <= number <= atoms.high:
        return "fewer atoms than asked for" if number < atoms.low else "more atoms than asked for"
    if not parts.low <= smiles.count(".") + 1 <= parts.high:
        return "other number of parts than asked for"
    return None
