"""TEDS, the tree edit distance score of tables.

Source: Zhong et al., Image-based table recognition: data, model, and evaluation, ECCV 2020.
"""

from dataclasses import dataclass
from typing import Literal

from rapidfuzz.distance import Levenshtein

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


def table_scores(prediction: str, reference: str) -> tuple[float, float] | None:
    """TEDS and structure-only TEDS of two texts: means over their tables, which are paired in order.

    A table that only one of the texts has scores 0.

    Returns:
        The two scores; None if the reference has no table.
    """
    predicted, wanted = find_tables(prediction), find_tables(reference)
    if not wanted:
        return None
    pairs = list(zip(predicted, wanted, strict=False))
    count = max(len(predicted), len(wanted))
    return sum(teds(*pair) for pair in pairs) / count, sum(teds(*pair, False) for pair in pairs) / count


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
