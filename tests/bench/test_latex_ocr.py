"""LaTeX-OCR in both of its published forms, and scores that equal those of pix2tex's functions."""

from pathlib import Path

import numpy as np
import pytest

from got_train.bench.benchmark import Asking
from got_train.bench.latex_ocr import LatexOcr, bare_formula, bleu, tightened
from got_train.prompts import LATEX_OCR_QUERY
from got_train.report import UserError
from tests.bench import folders
from tests.data.packing import write_parquet

FORMULAS = {3: r"\frac { a } { b }", 7: r"x ^ { 2 } + y", 12: r"\operatorname { sin } ( x )"}


def test_pix2tex_s_pictures_have_their_lines(tmp_path: Path) -> None:
    bench = LatexOcr(folders.pix2tex(tmp_path / "data", FORMULAS).parent, Asking())
    assert [(record.images[0], record.turns[0].response) for record in bench.records] == [
        (tmp_path / "data" / "test" / f"{number:07}.png", latex) for number, latex in FORMULAS.items()
    ]
    assert {record.turns[0].query for record in bench.records} == {"<image>OCR with format: "}


def test_the_hub_s_subsets_are_scored_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    folder = folders.hub_set(tmp_path / "LaTeX_OCR", {"full": ["a + b", "c"], "human_handwrite": ["d"]})
    bench = LatexOcr(folder, Asking(query=LATEX_OCR_QUERY))
    assert [(record.kind, record.turns[0].response) for record in bench.records] == [
        ("full", "a + b"),
        ("full", "c"),
        ("human_handwrite", "d"),
    ]
    assert {record.turns[0].query for record in bench.records} == {f"<image>{LATEX_OCR_QUERY}"}
    groups = bench.score([r"\( a+b \)", "e", "d"])
    assert {name: score.value for name, score in groups["full"].items()} == {
        "edit_distance": 0.5,
        "exact_match": 0.5,
        "bleu": 0.0,  # no sequence of four tokens is right
    }
    assert groups["human_handwrite"]["exact_match"].value == 1


def test_rows_that_ask_nothing_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    folder = folders.hub_set(tmp_path / "LaTeX_OCR", {"full": ["a", "b", "c"]})
    file = folder / "full" / "test-00000-of-00001.parquet"
    picture = {"bytes": (folder / "1.png").read_bytes(), "path": None}
    write_parquet(file, [{"image": image, "text": "a"} for image in (picture, None, None)])
    bench = LatexOcr(folder, Asking())
    assert len(bench.records) == 1
    assert bench.notes[0] == f"{file}: 2 rows without a picture: left out"
    old = LatexOcr(folders.pix2tex(tmp_path / "data", {3: "x", 5: " "}), Asking())
    assert len(old.records) == 1
    assert old.notes[0] == f"{tmp_path}/data/math.txt: 1 picture whose line is empty: left out"


@pytest.mark.parametrize(
    ("latex", "expected"),
    [
        (r"\frac { a } { b }", r"\frac{a}{b}"),
        (r"\operatorname { sin } x", r"\operatorname{sin}x"),
        (r"a  b", r"a b"),
        (r"\alpha x _ { 1 }", r"\alpha x_{1}"),
        (r"x \ y", r"x\ y"),
        (r"1 . 5 \text { if } n", r"1.5\text{if}n"),
    ],
)
def test_spaces_are_left_out_as_in_pix2tex_s_post_process(latex: str, expected: str) -> None:
    """The values are those of `pix2tex/utils/utils.py`, `post_process` (commit f0269de)."""
    assert tightened(latex) == expected


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (r"\( x \)", "x"),
        (r"$$x$$", "x"),
        ("```latex\n\\[x\\]\n```", "x"),
        (r"\(x\) and \(y\)", r"\(x\) and \(y\)"),
        ("$", "$"),
        ("x", "x"),
    ],
)
def test_delimiters_round_an_answer_are_left_out(answer: str, expected: str) -> None:
    assert bare_formula(answer) == expected


def test_bleu_equals_nltk_s_of_a_corpus() -> None:
    nltk = pytest.importorskip("nltk.translate.bleu_score", reason="needs the extra eval")
    pairs = [("a+b=c", "a+b=d"), (r"\frac{a}{b}+c", r"\frac{a}{b}"), ("x_{1}^{2}", "x_{1}^{2}")]
    tokens = [[list(map(str, text.replace(r"\frac", "F"))) for text in pair] for pair in pairs]
    expected = nltk.corpus_bleu([[wanted] for _, wanted in tokens], [answer for answer, _ in tokens])
    score = bleu(pairs)
    assert score.value == pytest.approx(expected) and score.low <= score.value <= score.high
    assert bleu([("", "x")]).value == 0 and np.isfinite(bleu([("", "x")]).low)


def test_formulas_are_written_one_a_line(tmp_path: Path) -> None:
    bench = LatexOcr(folders.pix2tex(tmp_path / "data", FORMULAS), Asking())
    bench.write(["\\[\nx\n\\]", "y", ""], tmp_path / "out")
    assert (tmp_path / "out" / "answers.txt").read_text() == "x\ny\n\n"
    assert (tmp_path / "out" / "references.txt").read_text().splitlines() == list(FORMULAS.values())


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"has neither math.txt nor test-\*.parquet: the benchmark is publ"):
        LatexOcr(tmp_path, Asking())
    (tmp_path / "math.txt").write_text("x\n")
    with pytest.raises(UserError, match="has no test/ with pictures such as 0000123.png"):
        LatexOcr(tmp_path, Asking())
    folders.pix2tex(tmp_path / "data", {5: "x"})
    (tmp_path / "data" / "math.txt").unlink()
    with pytest.raises(UserError, match="math.txt has no line for .*0000005.png"):
        LatexOcr(tmp_path, Asking())
    with pytest.raises(UserError, match="folder .*nothing does not exist"):
        LatexOcr(tmp_path / "nothing", Asking())
