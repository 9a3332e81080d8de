"""OmniDocBench: what is compared of a page, and scores that equal those of its own code."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from got_train.bench.benchmark import Asking
from got_train.bench.omnidocbench import OmniDocBench, page_parts
from got_train.bench.omnidocbench_pages import annotated_page, answered_page, normalized_formula
from got_train.report import UserError
from tests.bench import folders

for package in ("pylatexenc", "apted", "scipy"):
    pytest.importorskip(package, reason="needs the extra bench")


def text(words: str, category: str = "text_block", **more: Any) -> dict[str, Any]:
    return {"category_type": category, "text": words, **more}


PAGES: list[dict[str, Any]] = [
    {
        "elements": [
            text("A Study of Foxes", "title"),
            text("The first paragraph speaks of $x_1$ and of dogs."),
            {"category_type": "equation_isolated", "latex": "$$\ny = \\mathbf{a} x + b \\tag{1}\n$$"},
            text("A second paragraph comes after the formula."),
            text("Page 12", "page_number", order=None),
        ]
    },
    {
        "language": "simplified_chinese",
        "width": 3307,
        "elements": [
            text("第一段文字，"),
            text("Table 1: prices", "table_caption"),
            {
                "category_type": "table",
                "html": "<table><tr><td>Item</td><td>Cost</td></tr><tr><td>Tea</td><td>2.5</td></tr></table>",
            },
            text("继续的文字。"),
        ],
        "truncated": [(0, 3)],
    },
    {"elements": [text("Nothing of this was read.")]},
    {"elements": [{"category_type": "figure"}, text("ad", "abandon")]},
]
ANSWERS = [
    "\\title{\nA Study of Foxes\n}\n\nThe first paragraph speeks of \\(x_{1}\\) and of dogs.\n\n"
    "A second paragraph comes after the formula.\n\n\\[\ny = a x + c\n\\]\n\nPage 12",
    "第一段文字，继续文字。\n\n\\begin{tabular}{|l|l|}\nItem & Cost \\\\\nTea & 2.6 \\\\\n\\end{tabular}\n\n"
    "Table 1: prices",
    "",
    "A figure",
]


def test_pages_are_asked_for_formatted_text_and_large_ones_in_tiles(tmp_path: Path) -> None:
    bench = OmniDocBench(folders.omnidocbench(tmp_path / "页 1", PAGES), Asking())
    whole, tiles = "<image>OCR with format: ", "<image>OCR with format upon the patch reference: "
    asked = [(record.turns[0].query, record.crop) for record in bench.records]
    assert asked == [(whole, None), (tiles, True), (whole, None), (whole, None)]
    asked = [record.crop for record in OmniDocBench(tmp_path / "页 1", Asking(tiles="none")).records]
    assert asked == [None] * 4
    own = OmniDocBench(tmp_path / "页 1", Asking(query="OCR: ", tiles="all")).records[0]
    assert (own.turns[0].query, own.crop, own.kind) == ("<image>OCR: ", True, "book")


def test_scores_equal_those_of_the_official_code(tmp_path: Path) -> None:
    """Numbers of OmniDocBench 1.5 with `match_gt2pred_simple`, for these annotations and answers."""
    bench = OmniDocBench(folders.omnidocbench(tmp_path, PAGES), Asking())
    values = {name: score.value for name, score in bench.score(ANSWERS)["all"].items()}
    assert values == pytest.approx(EXPECTED)


EXPECTED = {
    "text_edit": 0.37054263565891477,
    "formula_edit": 0.375,
    "order_edit": 1 / 3,  # with the official code 7 / 9, which loses the place of an answer's first block
    "teds": 0.9444444444444444,
    "teds_structure": 1.0,
}


def test_languages_are_scored_apart(tmp_path: Path) -> None:
    groups = OmniDocBench(folders.omnidocbench(tmp_path, PAGES), Asking()).score(ANSWERS)
    assert list(groups) == ["all", "english", "simplified_chinese"]
    assert groups["english"]["formula_edit"].rows == 1 and "teds" not in groups["english"]
    assert groups["all"]["text_edit"].rows == 3  # the fourth page has no text


def test_pages_are_written_for_the_official_scorer(tmp_path: Path) -> None:
    folder = folders.omnidocbench(tmp_path / "data", PAGES)
    line = OmniDocBench(folder, Asking()).write(ANSWERS, tmp_path / "out")
    assert line.startswith(
        f"for the official scorer: python pdf_validation.py --config {tmp_path}/out/end2end.yaml"
    )
    pages = tmp_path / "out" / "markdown"
    assert sorted(path.name for path in pages.iterdir()) == [f"book_{number}.pdf_1.md" for number in range(4)]
    assert "<tr><td>Tea</td><td>2.6</td></tr>" in (pages / "book_1.pdf_1.md").read_text()
    config = yaml.safe_load((tmp_path / "out" / "end2end.yaml").read_text())["end2end_eval"]
    assert config["dataset"]["ground_truth"]["data_path"] == str(folder / "OmniDocBench.json")
    assert config["dataset"]["prediction"]["data_path"] == str(pages)
    assert config["metrics"]["table"]["metric"] == ["TEDS", "Edit_dist"]


def test_pieces_of_a_paragraph_are_joined_as_in_the_benchmark_s_markdown() -> None:
    elements = [{"anno_id": number, "order": number + 1, **text(words)} for number, words in enumerate("abc")]
    relations = [
        {"source_anno_id": one, "target_anno_id": other, "relation_type": kind}
        for one, other, kind in [(0, 1, "truncated"), (1, 2, "truncated"), (0, 2, "parent_son")]
    ]
    page = annotated_page({"layout_dets": elements, "extra": {"relation": relations}})
    assert [(part.text, part.place) for part in page.parts] == [("abbc", 1)]


def test_the_parts_of_an_answer() -> None:
    page = answered_page(
        "![](a.png)# Title\n\nText of \\(a^2\\) and $5\n\n$$x$$\n\n|a|b|\n|-|-|\n|1|2|\n\n"
        "\\section*{Next}\nline"
    )
    parts = [
        (part.kind, part.text) for part in sorted(page.parts, key=lambda part: (part.kind, part.place or 0))
    ]
    assert ("formula", "a^2") in parts and ("formula", "x") in parts
    assert [words for kind, words in parts if kind == "text"] == ["Title", "Textofa2and5", "Nextline"]
    assert [cell.text for row in page.tables[0][0].rows for cell in row] == ["a", "b", "1", "2"]


def test_a_formula_that_was_read_as_text_is_compared_as_text() -> None:
    element = {"anno_id": 0, "order": 1, "category_type": "equation_isolated", "latex": r"$$\alpha + 1$$"}
    parts = page_parts(annotated_page({"layout_dets": [element]}), answered_page("α + 1"))
    assert parts["text_edit"] == (0.0, 1.0) and parts["formula_edit"] == (0.0, 0.0)


def test_order_counts_the_texts_that_stand_elsewhere() -> None:
    elements = [
        {"anno_id": number, "order": number + 1, **text(words)}
        for number, words in enumerate(["first words", "second part", "third piece"])
    ]
    page = annotated_page({"layout_dets": elements})
    assert page_parts(page, answered_page("first words\n\nsecond part\n\nthird piece"))["order_edit"] == (
        0,
        1,
    )
    parts = page_parts(page, answered_page("third piece\n\nfirst words\n\nsecond part"))
    assert parts["order_edit"] == (pytest.approx(2 / 3), 1.0) and parts["text_edit"] == (0, 1)


def test_formulas_are_compared_without_what_does_not_show() -> None:
    assert normalized_formula(r"\[ \begin{aligned} \left( \mathrm{A} \right) \end{aligned} . \]") == "({a})"


def test_what_is_missing_or_damaged_is_named(tmp_path: Path) -> None:
    source = "https://huggingface.co/datasets/opendatalab/OmniDocBench"
    with pytest.raises(UserError) as caught:
        OmniDocBench(tmp_path, Asking())
    assert (
        str(caught.value)
        == f"{tmp_path}/OmniDocBench.json is missing: the benchmark is published at {source}"
    )
    folder = folders.omnidocbench(tmp_path / "data", PAGES)
    for number in (1, 2, 3):
        (folder / "images" / f"book_{number}.pdf_1.jpg").unlink()
    with pytest.raises(UserError) as caught:
        OmniDocBench(folder, Asking())
    assert str(caught.value) == (
        f"{folder}/images/book_1.pdf_1.jpg is missing (and 2 more files): "
        f"the benchmark is published at {source}"
    )
    for content, message in [
        ("{}", "holds no list of rows: the benchmark is published at"),
        ("version https://git-lfs.github.com/spec/v1", "is a pointer of Git LFS in place of the file"),
        ("[", "OmniDocBench.json: Expecting value: .*: the benchmark is published at"),
        ("[]", "holds no list of rows"),
        ("[{}]", "page 1 is no annotated page"),
        (
            json.dumps([{"page_info": {"image_path": "../a.jpg"}, "layout_dets": []}]),
            "leads out of the folder",
        ),
    ]:
        (folder / "OmniDocBench.json").write_text(content)
        with pytest.raises(UserError, match=message):
            OmniDocBench(folder, Asking())
