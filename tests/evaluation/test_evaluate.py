import importlib.util
import json
import re
import sys
import unicodedata
from pathlib import Path
from typing import Any

import pytest

for package in ("nltk", "jieba", "apted", "rdkit"):
    pytest.importorskip(package, reason="needs the extra eval")
if importlib.util.find_spec("wn") is None:
    pytest.skip("needs the extra eval", allow_module_level=True)

from got_train.cli import main, parser  # noqa: E402
from got_train.evaluation import formulas  # noqa: E402
from got_train.evaluation.evaluate import evaluate, score_text, scores_of  # noqa: E402
from got_train.evaluation.metrics import text_metrics  # noqa: E402
from got_train.evaluation.suites import KIND_SUITES, SUITES, find_formulas, find_tabulars  # noqa: E402
from got_train.evaluation.worst import write_page  # noqa: E402
from got_train.packages import install_line  # noqa: E402
from got_train.report import UserError  # noqa: E402
from tests.conftest import draw, within_seconds, write_rows  # noqa: E402


def row(answer: str, reference: str, kind: str = "rows", query: str = "OCR: ", **more: Any) -> dict[str, Any]:
    return {"response": answer, "labels": reference, "kind": kind, "query": query, **more}


def values(path: Path, **options: Any) -> dict[str, dict[str, float]]:
    """Scores of each group, `kind` or `kind/language`."""
    return {
        group.kind if group.language == "all" else f"{group.kind}/{group.language}": {
            name: score.value for name, score in group.scores.items()
        }
        for group in evaluate(path, **options).groups
    }


def test_each_kind_and_language_by_its_suite(tmp_path: Path) -> None:
    rows = [
        row("ab", "ab", "pdf"),
        row("中人", "中国", "pdf"),
        row("abc", "abd", "scene"),
        row("ab", "ab", "of my own"),
    ]
    scores = values(write_rows(tmp_path / "p.jsonl", rows))
    assert list(scores) == ["pdf", "pdf/en", "pdf/zh", "scene", "of my own"]
    assert scores["pdf"]["cer"] == 1 / 4
    assert (scores["pdf/en"]["edit_distance"], scores["pdf/zh"]["edit_distance"]) == (0, 0.5)
    assert scores["scene"]["f1"] == pytest.approx(2 / 3)  # of the characters a, b, c and a, b, d
    assert scores["of my own"]["f1"] == 1


def test_suite_of_all_rows(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "p.jsonl", [row("abc", "abd", "pdf"), row("a", "a", "lines")])
    scores = values(path, suite="scene")
    assert list(scores) == ["all", "pdf", "lines"]
    assert scores["all"]["f1"] == pytest.approx((2 / 3 + 1) / 2)


@pytest.mark.parametrize(
    ("kind", "answer", "reference"),
    [
        ("page", r"Caf\'e \c{c}a", "Café ça"),
        ("page", "na\u00efve", r"na{\"\i}ve"),
        ("table", r"\begin{tabular}{l}\'{e}\\\end{tabular}", r"\begin{tabular}{l}é\\\end{tabular}"),
    ],
)
def test_accents_of_latex_are_letters(kind: str, answer: str, reference: str, tmp_path: Path) -> None:
    path = write_rows(tmp_path / "p.jsonl", [row(answer, reference, kind)])
    scores = values(path)[kind]
    assert (scores["exact_match"], scores["cer"], scores["f1"]) == (1, 0, 1)
    assert values(path, as_published=True)[kind]["exact_match"] == 0
    # a text of no LaTeX may show a backslash
    assert values(path, suite="plain")[kind]["exact_match"] == 0


def test_published_scores_compare_texts_as_they_stand(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "p.jsonl", [row("cafe\u0301 ab", "caf\u00e9 ab", "pdf")])
    assert (values(path)["pdf"]["cer"], values(path)["pdf"]["exact_match"]) == (0, 1)
    scores = values(path, as_published=True)["pdf"]
    assert scores["cer"] == pytest.approx(2 / 7)
    assert scores["exact_match"] == 0


def test_line_ends_of_windows_are_line_ends(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "p.jsonl", [row("a\nb", "a\r\nb", "pdf")])
    assert values(path)["pdf"]["exact_match"] == 1
    assert values(path, as_published=True)["pdf"]["exact_match"] == 0


def test_a_kind_may_have_any_name(tmp_path: Path) -> None:
    rows = [row("a", "a", "all"), row("b", "a", "x: y"), row("\ud800", "a\ud800", "z", images=["\ud800"])]
    path = write_rows(tmp_path / "p.jsonl", [json.dumps(one) for one in rows])
    scores = {name: group["edit_distance"] for name, group in values(path).items()}
    assert scores == {"all": 0.5, "kind all": 0, "x: y": 1, "z": 0.5}
    write_page(evaluate(path), tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    headings = re.findall(r"<h[23]>(.*?)</h[23]>", page)
    worst = "Worst 1 of 1 by edit distance"
    titles = ["kind all: suite plain", "x: y: suite plain", "z: suite plain"]
    assert headings == ["all: suite plain", *(line for title in titles for line in (title, worst))]
    assert "<del>a</del>\ufffd" in page


def test_every_kind_that_is_drawn_has_a_suite() -> None:
    from data_engines.kinds import KINDS

    assert set(KINDS) <= set(KIND_SUITES)
    assert set(KIND_SUITES.values()) == set(SUITES)


def test_scores_agree_with_those_of_training(tmp_path: Path) -> None:
    pairs = [("abxd", "abcd"), ("", "xyz"), ("same", "same"), ("." * 50, "end")]
    scores = values(write_rows(tmp_path / "p.jsonl", [row(*pair) for pair in pairs]))["rows"]
    expected = text_metrics([answer for answer, _ in pairs], [reference for _, reference in pairs])
    assert {name: scores[name] for name in expected} == pytest.approx(expected)


def test_as_published_label_and_answer_change_places(tmp_path: Path) -> None:
    # Three words said of which two are meant, of four that are meant.
    path = write_rows(tmp_path / "p.jsonl", [row("a b x", "a b c d")])
    right, published = values(path)["rows"], values(path, as_published=True)["rows"]
    assert (right["precision"], right["recall"]) == (pytest.approx(2 / 3), 0.5)
    assert (published["precision"], published["recall"]) == (0.5, pytest.approx(2 / 3))
    assert right["f1"] == published["f1"] == pytest.approx(4 / 7)
    assert right["edit_distance"] == published["edit_distance"]
    assert right["meteor"] != published["meteor"]


def test_as_published_empty_answers_do_not_count(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "p.jsonl", [row("", "a"), row("a", "a")])
    assert values(path)["rows"]["edit_distance"] == 0.5
    published = evaluate(path, as_published=True).groups[0].scores["edit_distance"]
    assert (published.value, published.rows) == (0.0, 1)


def test_parts_of_a_page_are_found_as_the_script_finds_them() -> None:
    page = "\\(a\\) b \\[c\\]\n\\[d\ne\\] \\(f\\) \\begin{tabular}{c}\ng\\end{tabular} \\begin{tabular}{c}h"
    # displays come right after the last inline one, in one line each
    assert find_formulas(page, as_published=True) == "a\nfc"
    assert find_formulas(page) == "a\nfc\nd\ne"
    assert find_tabulars(page) == "{c}\ng\n{c}h"


@pytest.mark.parametrize(
    ("text", "formulas", "published"),
    [
        (r"\(\) \(a\\) b\) \[\]c\]", r"a\\) b", "\na\\\\) b" + r"\]c"),
        (r"\(a \(b\) \)", "b", r"a \(b"),
        ("\\(a\n\\(b\\) \\[c\n\\]", "bc", "b"),
        (r"\[ a \\[2pt] b \]", r"a \\[2pt] b", r" a \\[2pt] b "),
        (r"\(" * 33_000, "", ""),
        (r"\[ " * 33_000 + "\n" + r"\(a\)", "a", "a"),
    ],
    ids=["escaped ends", "nested", "lines", "gap", "loop", "displays"],
)
def test_bounds_of_formulas(text: str, formulas: str, published: str) -> None:
    with within_seconds(2):
        assert find_formulas(text) == formulas
        assert find_formulas(text, as_published=True) == published


@pytest.mark.parametrize("kind", ["rows", "scene", "page", "music"])
def test_texts_are_compared_in_nfc(kind: str, tmp_path: Path) -> None:
    """Of four languages, letters as a file from macOS has them, and a sign with a twin."""
    text = "Café Việt Nam 한글 ガ 5 Å"
    rows = [row(text, unicodedata.normalize("NFD", text), kind), row("5 \u212b", "5 \u00c5", kind)]
    path = write_rows(tmp_path / "p.jsonl", rows)
    scores = values(path)[kind]
    assert (scores["cer"], scores["edit_distance"], scores["f1"], scores["exact_match"]) == (0, 0, 1, 1)
    assert values(path, as_published=True)[kind]["edit_distance"] > 0  # the scripts take texts as they are


def test_displays_of_pages_count_as_those_of_formulas(tmp_path: Path) -> None:
    rows = [row(r"\[a b\]", "\\[\na b\n\\]", "page"), row("x", "\\[\na b\n\\]", "page")]
    assert values(write_rows(tmp_path / "p.jsonl", rows))["page"]["formula_edit_distance"] == 0.5


def test_format_suite(tmp_path: Path) -> None:
    table = r"\begin{tabular}{cc} 1 & 2 \\ 3 & 4 \end{tabular}"
    rows = [row(r"\(a\) text", r"\(b\) text", "page"), row(table, table, "page"), row("x y", "x y", "page")]
    [group] = evaluate(write_rows(tmp_path / "p.jsonl", rows)).groups
    scores = {name: (score.value, score.rows) for name, score in group.scores.items()}
    assert scores["formula_edit_distance"] == (1.0, 1)
    assert scores["table_f1"] == scores["teds"] == scores["teds_structure"] == (1.0, 1)
    assert scores["edit_distance"] == (pytest.approx(1 / 10 / 3), 3)
    assert "formula_match" not in scores


def test_formulas_are_drawn_and_matched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def fake(pairs: list[tuple[str, str]]) -> list[formulas.FormulaScore]:
        asked.extend(pairs)
        nan = float("nan")
        return [formulas.FormulaScore(*score) for score in ((1.0,), (0.5,), (nan, "why"), (0.0, "how"))]

    monkeypatch.setattr(formulas, "formula_scores", fake)
    pairs = [
        (r"\(x^{2}\)", r"\(x^2\)"),
        (r"\(x\)", r"\(x^2\)"),
        (r"\(x\)", r"\(\nothing\)"),
        (r"\nothing", "x"),  # whose kind alone says that it is a formula
    ]
    others = [row("text", "text", "page"), row("x", "x", "page"), row("x^2", "x^2", "pdf")]
    path = write_rows(tmp_path / "p.jsonl", [*(row(*pair, "formula") for pair in pairs), *others])
    evaluation = evaluate(path)
    assert asked == pairs
    scores = evaluation.groups[0].scores
    assert (scores["formula_match"].value, scores["formula_match"].rows) == (0.5, 3)
    assert scores["formula_match_exact"].value == 1 / 3
    assert evaluation.notes == [
        f"1 formula not matched: TeX rejects the reference; {path}:3: why",
        f"1 formula scored 0: TeX rejects the answer; {path}:4: how",
    ]


def test_without_tex_the_rest_is_scored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(pairs: list[tuple[str, str]]) -> list[formulas.FormulaScore]:
        raise UserError("no pdflatex")

    monkeypatch.setattr(formulas, "formula_scores", fail)
    evaluation = evaluate(write_rows(tmp_path / "p.jsonl", [row(r"\(x\)", r"\(x\)", "formula")]))
    assert evaluation.notes == ["formulas are not drawn and matched: no pdflatex"]
    assert evaluation.groups[0].scores["formula_f1"].value == 1


CHART = {"title": "t", "source": "s", "x_title": "x", "y_title": "y", "values": {"a": 1, "b": 2}}


SIGNS = {**CHART, "values": {"Café": -1.5, "-5": 2, "2024": 3}}


def test_chart_suite(tmp_path: Path) -> None:
    rows = [row(json.dumps(CHART), json.dumps(CHART), "chart"), row("no chart", json.dumps(CHART), "chart")]
    path = write_rows(tmp_path / "p.jsonl", rows)
    assert values(path)["chart"] == {"ap_strict": 0.5, "ap_slight": 0.5, "ap_high": 0.5, "parsable": 0.5}
    # The script leaves out what it cannot read, and prints the product with the parsable share as well.
    assert values(path, as_published=True)["chart"]["ap_strict"] == 1.0


@pytest.mark.parametrize(
    "answer",
    [
        repr(SIGNS),
        f"```json\n{json.dumps(SIGNS)}\n```",
        f"```python\n{SIGNS}",
        json.dumps(SIGNS).replace("-1.5", "\N{MINUS SIGN}1.5"),
        json.dumps(SIGNS).replace("-1.5", '"\N{MINUS SIGN}1.5"'),
        json.dumps(SIGNS).replace("\\u00e9", "e\\u0301"),
        json.dumps(SIGNS).replace('"-5"', '"\N{MINUS SIGN}5"'),
        repr(SIGNS).replace("'2024'", "2024"),
    ],
    ids=["quotes", "fences", "cut off", "minus", "text", "escape", "name", "number as name"],
)
def test_charts_in_other_notations(answer: str, tmp_path: Path) -> None:
    rows = [row(answer, json.dumps(SIGNS), "chart"), row(json.dumps(SIGNS), answer, "chart")]
    scores = values(write_rows(tmp_path / "p.jsonl", rows))["chart"]
    assert scores == {"ap_strict": 1.0, "ap_slight": 1.0, "ap_high": 1.0, "parsable": 1.0}


def test_molecule_suite(tmp_path: Path) -> None:
    rows = [row("<smiles>OCC</smiles>", "<smiles>CCO</smiles>", "molecule"), row("C1", "CC", "molecule")]
    scores = values(write_rows(tmp_path / "p.jsonl", rows))["molecule"]
    assert (scores["identical"], scores["tanimoto"], scores["valid"], scores["exact_match"]) == (
        0.5,
        0.5,
        0.5,
        0,
    )


def test_pictures_without_text_are_apart(tmp_path: Path) -> None:
    rows = [
        row(" \n", "", "blank"),
        row("Invoice\n", "", "blank"),
        row("ab", "ab", "scene"),
        row("", "", "scene"),
        row("made up", "", "chart"),
    ]
    path = write_rows(tmp_path / "p.jsonl", rows)
    scores = values(path)
    assert scores["blank"] == {"answered_by_nothing": 0.5, "invented_characters": 3.5}
    assert scores["scene"]["exact_match"] == 1
    assert scores["scene without text"] == {"answered_by_nothing": 1, "invented_characters": 0}
    assert scores["chart without text"] == {"answered_by_nothing": 0, "invented_characters": 7}
    assert values(write_rows(tmp_path / "q.jsonl", rows[:4]), as_published=True)["scene"]["exact_match"] == 1


def test_regions_and_colors_are_apart(tmp_path: Path) -> None:
    rows = [
        row("a", "a", "fine-grained", "[10, 20, 30, 40] OCR: "),
        row("b", "a", "fine-grained", "[red] OCR: "),
        row("b", "b", "fine-grained", "Read the marked line."),
    ]
    scores = values(write_rows(tmp_path / "p.jsonl", rows))
    assert {name: group["edit_distance"] for name, group in scores.items()} == {
        "all": pytest.approx(1 / 3),
        "fine-grained by box": 0,
        "fine-grained by color": 1,
        "fine-grained": 0,
    }


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("table", "p.jsonl:2: the reference has no table"),
        ("chart", "p.jsonl:1: the reference is no JSON object with values"),
        ("molecule", "p.jsonl:1: the reference is no SMILES that RDKit reads: 'x'"),
    ],
)
def test_references_that_do_not_fit(kind: str, message: str, tmp_path: Path) -> None:
    table = r"\begin{tabular}{c}1\end{tabular}" if kind == "table" else "x"
    path = write_rows(tmp_path / "p.jsonl", [row("x", table, kind), row("x", "x", kind)])
    with pytest.raises(UserError, match=message):
        evaluate(path)


def test_bootstrap_by_hand() -> None:
    """Of two rows, drawn with replacement, a quarter of samples has the first twice, a quarter the second."""
    scores = scores_of(
        [{"mean": (0.0, 1.0), "ratio": (0.0, 10.0)}, {"mean": (1.0, 1.0), "ratio": (30.0, 30.0)}]
    )
    assert (scores["mean"].value, scores["mean"].low, scores["mean"].high) == (0.5, 0.0, 1.0)
    assert (scores["ratio"].value, scores["ratio"].low, scores["ratio"].high) == (30 / 40, 0.0, 1.0)


def test_bootstrap_is_near_the_normal_interval() -> None:
    """Of 400 coins, half heads, the standard error is 0.025."""
    rows = [{"heads": (float(i % 2), 1.0)} for i in range(400)]
    score = scores_of(rows)["heads"]
    assert score.low == pytest.approx(0.5 - 1.96 * 0.025, abs=0.005)
    assert score.high == pytest.approx(0.5 + 1.96 * 0.025, abs=0.005)
    assert scores_of(rows)["heads"] == score  # the seed is fixed


def test_scores_that_few_rows_count_in() -> None:
    scores = scores_of(
        [{"a": (1.0, 1.0), "b": (0.0, 0.0)}, {"a": (0.0, 1.0), "b": (1.0, 1.0)}, {"c": (0.0, 0.0)}]
    )
    assert (scores["b"].value, scores["b"].low, scores["b"].high, scores["b"].rows) == (1.0, 1.0, 1.0, 1)
    assert "c" not in scores


def run(*words: object) -> int:
    with pytest.raises(SystemExit) as caught:
        main([str(word) for word in words])
    return int(caught.value.code or 0)


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    draw(tmp_path / "1.png", "1")
    rows = [
        row("right", "right", images=["1.png"]),
        row("<script>alert(1)</script>", "<b>wrong</b>", images=["gone.png"], query="<image><i>OCR</i>: "),
    ]
    path = write_rows(tmp_path / "p.jsonl", rows)
    report, output = tmp_path / "out" / "report.html", tmp_path / "out" / "scores.json"
    assert run("eval", path, "--report", report, "--output", output) == 0
    printed = capsys.readouterr().out.split("\n")
    assert printed[:2] == ["rows: suite plain", "score          all (2 rows)"]
    assert printed[2] == "edit_distance  0.3800 [0.0000, 0.7600]"  # 19 edits of 25 characters

    scores = json.loads(output.read_text())
    assert scores["groups"][0]["rows"] == 2
    assert scores["groups"][0]["scores"]["exact_match"] == {"value": 0.5, "low": 0.0, "high": 1.0, "rows": 2}

    page = report.read_text()
    assert "<script>" not in page and "<b>" not in page and "<i>" not in page
    assert "gone.png (looked in" in page
    assert page.count('src="data:image/jpeg;base64,') == 1
    assert page.index("p.jsonl:2") < page.index("p.jsonl:1")  # the worst first


@pytest.mark.parametrize(
    ("package", "kind", "reference"),
    [
        ("nltk.translate.bleu_score", "pdf", "a"),
        ("apted", "table", r"\begin{tabular}{c}1\end{tabular}"),
        ("rdkit", "molecule", "CC"),
    ],
)
def test_missing_packages_are_said(
    package: str, kind: str, reference: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    name = package.partition(".")[0]
    with pytest.raises(UserError, match=re.escape(f"the package {name} is missing; {install_line('eval')}")):
        evaluate(write_rows(tmp_path / "p.jsonl", [row(reference, reference, kind)]))


def test_marked_differences(tmp_path: Path) -> None:
    from got_train.evaluation.worst import differences

    assert differences("a<c>", "ab>") == [("a", "a"), ("b", "<c"), (">", ">")]
    path = write_rows(tmp_path / "p.jsonl", [row("a<c>", "ab>")])
    write_page(evaluate(path), tmp_path / "page.html")
    assert "<pre>a<del>b</del><ins>&lt;c</ins>&gt;</pre>" in (tmp_path / "page.html").read_text()


def test_suites_of_the_command_line() -> None:
    options = parser().parse_args(["eval", "p.jsonl"])
    assert (options.suite, options.as_published, options.report, options.output) == (None, False, None, None)
    for suite in SUITES:
        assert parser().parse_args(["eval", "p.jsonl", "--suite", suite]).suite == suite


def test_the_name_of_a_kind_is_shortened(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_rows(tmp_path / "p.jsonl", [row("a", "a", kind="k" * 100_000)])
    with pytest.raises(SystemExit):
        main(["eval", str(path)])
    assert f"{'k' * 47} ... {'k' * 47}: suite plain" in (printed := capsys.readouterr().out)
    assert max(map(len, printed.split("\n"))) < 200


def test_kinds_do_not_control_the_terminal(tmp_path: Path) -> None:
    row = {"response": "a", "labels": "a", "images": ["1.png"], "query": "OCR: "}
    write_rows(tmp_path / "a.jsonl", [row | {"kind": kind} for kind in ("x\x1b[31m", "y\n\u202e")])
    said = score_text(evaluate(tmp_path / "a.jsonl"))
    assert "x\\x1b[31m" in said and "y\\n\\u202e" in said
    assert "\x1b" not in said and "\u202e" not in said
