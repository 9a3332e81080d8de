"""olmOCR-bench: what is read and written; the tests themselves stand in tests/page_tests."""

from pathlib import Path
from typing import Any

import pytest

from got_train.bench.benchmark import Asking
from got_train.bench.olmocr import OlmOcr
from got_train.report import UserError
from tests.bench import folders

pytest.importorskip("fuzzysearch", reason="needs the extra bench")

FILES = {
    "multi_column.jsonl": [
        {"pdf": "multi_column/a.pdf", "page": 1, "id": "a1", "type": "present", "text": "hello"},
        {"pdf": "multi_column/a.pdf", "page": 2, "id": "a2", "type": "absent", "text": "footer"},
    ],
    "table_tests.jsonl": [
        {"pdf": "tables/b.pdf", "page": 1, "id": "b1", "type": "table", "cell": "1", "left": "a"},
        {"pdf": "tables/b.pdf", "page": 1, "id": "b2", "type": "table", "cell": "1", "left": "c"},
        {"pdf": "tables/b.pdf", "page": 1, "id": "b3", "type": "baseline", "max_length": 0},
    ],
}
ANSWERS = ["We say hello.", "A footer.", r"\begin{tabular}{ll} a & 1 \\ \end{tabular}", "Second page"]
"""Of the pages of a.pdf, then of b.pdf."""


def test_the_score_is_the_mean_of_the_files_shares(tmp_path: Path) -> None:
    bench = OlmOcr(folders.olmocr(tmp_path / "bench_data", FILES).parent, Asking())
    assert [record.turns[0].query for record in bench.records] == ["<image>OCR with format: "] * 4
    groups = bench.score(ANSWERS)
    values = {group: scores["passed"].value for group, scores in groups.items()}
    assert values == {
        "overall": pytest.approx((0.5 + 1 / 3 + 1) / 3),
        "multi_column.jsonl": 0.5,
        "table_tests.jsonl": pytest.approx(1 / 3),
        "baseline": 1.0,  # of a.pdf: the other has its own
        "type absent": 0.0,
        "type baseline": 0.5,
        "type present": 1.0,
        "type table": 0.5,
    }
    assert groups["overall"]["passed"].rows == 6
    assert "lacks arxiv_math.jsonl, headers_footers.jsonl" in bench.notes[0]  # there are no formulas


def test_pages_are_written_by_the_names_that_the_official_scorer_looks_for(tmp_path: Path) -> None:
    bench = OlmOcr(folders.olmocr(tmp_path / "bench_data", FILES), Asking())
    line = bench.write(ANSWERS, tmp_path / "out")
    names = sorted(
        str(path.relative_to(tmp_path / "out" / "markdown")) for path in tmp_path.glob("out/**/*.md")
    )
    assert names == [
        "multi_column/a_pg1_repeat1.md",
        "multi_column/a_pg2_repeat1.md",
        "tables/b_pg1_repeat1.md",
        "tables/b_pg2_repeat1.md",
    ]
    table = (tmp_path / "out" / "markdown" / "tables" / "b_pg1_repeat1.md").read_text()
    assert table == "<table><tr><td>a</td><td>1</td></tr></table>"
    assert f"olmocr.bench.benchmark --dir {tmp_path / 'bench_data'} --candidate got-train" in line


@pytest.mark.parametrize(
    ("test", "message"),
    [
        ({"pdf": "a.pdf", "page": 1, "type": "presence", "text": "a"}, "type presence is not known"),
        (
            {"pdf": "a.pdf", "page": 1, "type": "order", "before": "a"},
            "a test of type order needs the text after",
        ),
        ({"pdf": "../a.pdf", "page": 1, "type": "baseline"}, "pdf ../a.pdf leads out of the folder pdfs"),
        ({"pdf": "a.pdf", "type": "baseline"}, "a test has a pdf, a page and a type"),
        ({"pdf": "a.pdf", "page": 3, "type": "baseline"}, "a.pdf has no page 3"),
        (
            {"pdf": "a.pdf", "page": 1, "type": "baseline", "max_length": "1"},
            "max_length 1 is not a whole number",
        ),
        ({"pdf": "a.pdf", "page": 1, "type": "table", "cell": "a", "up": 2}, "up 2 is not a text"),
        (
            {"pdf": "a.pdf", "page": 1, "type": "format", "text": "a", "format": "loud"},
            "format loud is none of heading, bold, italic",
        ),
    ],
)
def test_what_is_no_test_is_named(test: dict[str, Any], message: str, tmp_path: Path) -> None:
    folder = folders.olmocr(tmp_path, {"x.jsonl": [test]})
    with pytest.raises(UserError) as caught:
        OlmOcr(folder, Asking())
    assert message in str(caught.value)


def test_a_missing_page_is_named_with_its_source(tmp_path: Path) -> None:
    folder = folders.olmocr(tmp_path, FILES)
    (folder / "pdfs" / "tables" / "b.pdf").unlink()
    with pytest.raises(UserError) as caught:
        OlmOcr(folder, Asking())
    assert str(caught.value) == (
        f"{folder}/pdfs/tables/b.pdf is missing: the benchmark is published at "
        "https://huggingface.co/datasets/allenai/olmOCR-bench (folder bench_data)"
    )
