"""TEDS, the tree edit distance score of tables.

Source: Zhong et al., Image-based table recognition: data, model, and evaluation, ECCV 2020, for pictures of
one table. Pages may hold several; OmniDocBench (Ouyang et al., arXiv 2412.07626) pairs those as `match` does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist

from got_train.evaluation.metrics import Part
from got_train.evaluation.words import needed
from got_train.markup.tables import find_tables
from got_train.markup.tabular import Cell, Table

MAX_SIZE_RATIO = 10
"""A predicted table with more than this many times the rows and cells of the reference is a decoder's loop.
It scores 0; its tree edit distance would give it less than a tenth, after hours."""


@dataclass(frozen=True)
class Node:
    """A node of the tree: the table, a row, or a cell."""

    content: Literal["table", "row"] | Cell
    children: tuple["Node", ...] = ()


def table_parts(prediction: str, reference: str, as_published: bool = False) -> dict[str, Part]:
    """What two texts add to the scores of tables; nothing if the reference has no table.

    Args:
        prediction: the answer.
        reference: the text that it is compared with.
        as_published: as OmniDocBench's script does, take the mean over the references' tables and pass over
            tables that only the answer has. By default it is over texts, and such tables score 0.

    Returns:
        `teds` and `teds_structure` (without the texts of cells) of the tables that `match` pairs, and
        `teds_in_order` of the first with the first, the second with the second, and so on. A table of the
        reference without a partner scores 0.
    """
    predicted, wanted = find_tables(prediction), find_tables(reference)
    count = float(len(wanted) if as_published or not wanted else max(len(predicted), len(wanted)))
    matched, in_order = match(predicted, wanted), list(zip(predicted, wanted, strict=False))
    parts = {}
    for name, pairs, texts in (
        ("teds", matched, True),
        ("teds_structure", matched, False),
        ("teds_in_order", in_order, True),
    ):
        amount = sum(teds(*pair, texts) for pair in pairs)
        parts[name] = (amount, count) if as_published or not wanted else (amount / count, 1.0)
    return parts


def match(predicted: Sequence[Table], wanted: Sequence[Table]) -> list[tuple[Table, Table]]:
    """Pairs of tables with the smallest sum of normalised edit distances of their texts."""
    if min(len(predicted), len(wanted)) == 0 or max(len(predicted), len(wanted)) == 1:
        return list(zip(predicted, wanted, strict=False))
    with needed("scipy"):
        from scipy.optimize import linear_sum_assignment
    texts = [
        ["\n".join(cell.text for row in table.rows for cell in row) for table in tables]
        for tables in (predicted, wanted)
    ]
    distances = cdist(*texts, scorer=Levenshtein.normalized_distance)
    return [(predicted[i], wanted[j]) for i, j in zip(*linear_sum_assignment(distances), strict=True)]


def teds(prediction: Table, reference: Table, texts: bool = True) -> float:
    """Similarity of two tables: 1 - (tree edit distance) / (rows and cells of the larger table).

    Inserting or deleting a row or a cell costs 1. Changing a cell costs 1 if its spans differ, otherwise the
    normalised edit distance of the texts.

    Args:
        prediction: the predicted table.
        reference: the table that it is compared with.
        texts: whether texts count; otherwise only the structure does.
    """
    with needed("apted"):
        from apted import APTED, Config

    class Costs(Config):
        def rename(self, first: Node, second: Node) -> float:
            return _change(first.content, second.content, texts)

    if _content(prediction, texts) == _content(reference, texts):
        return 1.0
    if _size(prediction) > MAX_SIZE_RATIO * _size(reference):
        return 0.0
    distance = APTED(_tree(prediction), _tree(reference), Costs()).compute_edit_distance()
    return 1 - float(distance) / max(_size(prediction), _size(reference))


def _content(table: Table, texts: bool) -> list[list[tuple[int, int, str]]]:
    """Everything of a table that the score depends on."""
    return [[(cell.columns, cell.rows, cell.text if texts else "") for cell in row] for row in table.rows]


def _change(first: str | Cell, second: str | Cell, texts: bool) -> float:
    if isinstance(first, str) or isinstance(second, str):
        return float(first != second)
    if (first.columns, first.rows) != (second.columns, second.rows):
        return 1.0
    return Levenshtein.normalized_distance(first.text, second.text) if texts else 0.0


def _tree(table: Table) -> Node:
    rows = (Node("row", tuple(Node(cell) for cell in row)) for row in table.rows)
    return Node("table", tuple(rows))


def _size(table: Table) -> int:
    return len(table.rows) + sum(len(row) for row in table.rows)
