"""TEDS by hand and against another implementation."""

import random

import pytest

from got_train.evaluation.teds import table_parts, teds
from got_train.markup.tables import find_tables


def table_scores(prediction: str, reference: str) -> tuple[float, float] | None:
    """TEDS and its structure of texts in whose reference the tables count once."""
    parts = table_parts(prediction, reference)
    assert {weight for _, weight in parts.values()} in ({0.0}, {1.0})
    return (parts["teds"][0], parts["teds_structure"][0]) if parts["teds"][1] else None


def test_teds_by_hand() -> None:
    pytest.importorskip("apted", reason="needs the extra eval")
    reference = r"\begin{tabular}{cc}ab & cd \\ e & f\end{tabular}"  # 2 rows and 4 cells
    assert table_scores(reference, reference) == (1.0, 1.0)
    # Half of a cell's text is wrong.
    assert table_scores(reference.replace("cd", "cx"), reference) == (pytest.approx(1 - 0.5 / 6), 1.0)
    # A row and its two cells are missing.
    assert table_scores(r"\begin{tabular}{cc}ab & cd\end{tabular}", reference) == (0.5, 0.5)
    # Two cells of a row became one that spans both: one is changed, one missing.
    wide = r"\begin{tabular}{cc}\multicolumn{2}{c}{ab} \\ e & f\end{tabular}"
    assert table_scores(wide, reference) == (pytest.approx(1 - 2 / 6), pytest.approx(1 - 2 / 6))


def test_tables_too_few_or_too_many() -> None:
    pytest.importorskip("apted", reason="needs the extra eval")
    table = r"\begin{tabular}{c}a\end{tabular}"
    assert table_scores("no table", table) == (0.0, 0.0)
    assert table_scores(table, table * 2) == (0.5, 0.5)
    assert table_scores(table * 2, table) == (0.5, 0.5)
    assert table_scores(table, "no table") is None


def tabular(*cells: str) -> str:
    return rf"\begin{{tabular}}{{cc}}{cells[0]} & {cells[1]} \\ {cells[2]} & {cells[3]}\end{{tabular}}"


PEOPLE, TOWNS, NUMBERS = (
    tabular(*("name age Bob 3".split())),
    tabular(*"town size Rome 9".split()),
    tabular(*"1234"),
)
TOWNS_IN_HTML = "<table><tr><td>town<td>size<tr><td>Rome<td>9</table>"


@pytest.mark.parametrize(
    ("answer", "reference", "matched", "in_order"),
    [
        ([TOWNS, NUMBERS], [PEOPLE, TOWNS, NUMBERS], 2 / 3, 0.2),
        ([PEOPLE, TOWNS_IN_HTML], [PEOPLE, NUMBERS, TOWNS], 2 / 3, None),
        ([PEOPLE, TOWNS, NUMBERS], [TOWNS, NUMBERS], 2 / 3, None),
        ([NUMBERS, PEOPLE, TOWNS], [PEOPLE, TOWNS, NUMBERS], 1.0, None),
        ([PEOPLE, TOWNS], [PEOPLE, TOWNS], 1.0, 1.0),
        ([], [PEOPLE, TOWNS], 0.0, 0.0),
    ],
    ids=["first is missing", "one is missing", "one too many", "other order", "all right", "none"],
)
def test_tables_of_a_page_are_matched(
    answer: list[str], reference: list[str], matched: float, in_order: float | None
) -> None:
    pytest.importorskip("apted", reason="needs the extra eval")
    pytest.importorskip("scipy", reason="needs the extra eval")
    parts = table_parts("\n\n".join(answer), "\n\n".join(reference))
    assert parts["teds"] == parts["teds_structure"] == (pytest.approx(matched), 1.0)
    if in_order is None:
        assert parts["teds_in_order"][0] < matched
    else:
        assert parts["teds_in_order"] == (pytest.approx(in_order, abs=0.1), 1.0)


def test_as_published_tables_of_the_reference_count() -> None:
    """OmniDocBench's script takes the mean over them, and leaves what else the answer has to other scores."""
    pytest.importorskip("scipy", reason="needs the extra eval")
    answer, reference = TOWNS + PEOPLE + NUMBERS, PEOPLE + TOWNS
    assert table_parts(answer, reference, as_published=True)["teds"] == (2.0, 2.0)
    assert table_parts(PEOPLE, reference, as_published=True)["teds"] == (1.0, 2.0)
    assert table_parts(PEOPLE, "none", as_published=True)["teds"] == (0.0, 0.0)


def test_loops_are_not_compared() -> None:
    pytest.importorskip("apted", reason="needs the extra eval")
    loop = r"\begin{tabular}{c}" + r"a \\" * 1000 + r"\end{tabular}"
    assert table_scores(loop, r"\begin{tabular}{c}a \\ b\end{tabular}") == (0.0, 0.0)


def random_html(rng: random.Random) -> str:
    def cell() -> str:
        text = "".join(rng.choice("abc") for _ in range(rng.randint(0, 4)))
        return f"<td colspan='{rng.choice([1, 1, 1, 2])}' rowspan='{rng.choice([1, 1, 2])}'>{text}</td>"

    rows = (f"<tr>{''.join(cell() for _ in range(rng.randint(1, 3)))}</tr>" for _ in range(rng.randint(1, 4)))
    return f"<html><body><table>{''.join(rows)}</table></body></html>"


@pytest.mark.parametrize("structure_only", [False, True], ids=["teds", "structure"])
def test_teds_is_that_of_table_recognition_metric(structure_only: bool) -> None:
    """That package counts the table itself as a node, which PubTabNet's own script does not."""
    pytest.importorskip("apted", reason="needs the extra eval")
    package = pytest.importorskip("table_recognition_metric", reason="optional, to compare with")
    other = package.TEDS(structure_only=structure_only)
    rng = random.Random(0)
    for _ in range(30):
        prediction, reference = random_html(rng), random_html(rng)
        [predicted], [wanted] = find_tables(prediction), find_tables(reference)
        size = max(len(table.rows) + sum(map(len, table.rows)) for table in (predicted, wanted))
        distance = (1 - teds(predicted, wanted, texts=not structure_only)) * size
        assert distance == pytest.approx((1 - other(prediction, reference)) * (size + 1))
