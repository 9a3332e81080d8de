"""Every page in a real browser, narrow and wide, light and dark: nothing lies outside or over another.

The board has such a test of its own, beside its other tests.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

pytest.importorskip("math_core", reason="pip install 'got-train[render]'")
pytest.importorskip("markdown_it", reason="pip install 'got-train[render]'")

from data_engines.sheet import write_sheet  # noqa: E402
from got_train.evaluation.evaluate import evaluate  # noqa: E402
from got_train.evaluation.predictions import Prediction  # noqa: E402
from got_train.evaluation.worst import write_page  # noqa: E402
from got_train.pages.answers import Rendered, render_page  # noqa: E402
from got_train.quickstart import HELD_OUT, STAGES, report  # noqa: E402
from got_train.recipe import Results, Stage  # noqa: E402
from tests.conftest import draw, write_rows  # noqa: E402
from tests.pages.browser import DARK, looked_at  # noqa: E402

WORD = "a_very_long_word_without_any_end_" * 12
CHINESE = "这是一行很长的中文文字，没有空格。" * 12
TABLE = (
    r"\begin{tabular}{|"
    + "c|" * 14
    + "}"
    + " & ".join(f"column {number}" for number in range(14))
    + r"\\\end{tabular}"
)
FORMULA = r"\[" + " + ".join(rf"\frac{{x_{{{number}}}}}{{y}}" for number in range(60)) + r"\]"
MARKDOWN = "\n\n".join(
    [f"# {WORD}", f"**bold** {CHINESE}", f"> {WORD}", f"`{WORD}`", f"```\n{WORD}\n```", f"- {WORD}"]
    + [f"|a|b|\n|-|-|\n|{WORD}|{WORD}|"]
)
CHART = json.dumps({"title": WORD, "values": {f"series {n}": {WORD: 1, "b": 123456789} for n in range(9)}})
ANSWERS = [WORD, CHINESE, TABLE, FORMULA, MARKDOWN, CHART, "{'values': {", r"\begin{tikzpicture}" + WORD]


def answers(folder: Path) -> Path:
    pictures = (Image.new("RGB", (1200, 300), "white"), Image.new("RGB", (20, 1200), "white"))
    render_page([Rendered(text, pictures, WORD) for text in ANSWERS], folder / "page.html", title=WORD)
    return folder / "page.html"


def scores(folder: Path) -> Path:
    Image.new("RGB", (1200, 300), "white").save(folder / "1.png")
    rows = [
        {"query": WORD, "response": text, "labels": text[::-1], "images": images, "kind": f"kind {WORD[:70]}"}
        for text in (WORD, CHINESE, "a\nb")
        for images in (["1.png"], [f"{WORD[:200]}.png"])
    ]
    rows.append({"response": "a", "labels": CHINESE, "kind": "chinese"})
    write_page(evaluate(write_rows(folder / "p.jsonl", rows), suite="scene"), folder / "page.html")
    return folder / "page.html"


def quickstart(folder: Path) -> Path:
    draw(folder / "1.png", "1")
    reference, picture = r"\frac { 1 2 } { 3 4 5 6 7 8 9 0 1 2 3 }", str(folder / "1.png")
    rows = [
        Prediction(answer, reference, "[100, 200, 300, 400] OCR: ", (picture,), "x", "a:1")
        for answer in (WORD, reference, "")
    ]
    predictions = {f"{name}_{task}": rows for name, tasks in HELD_OUT.items() for task in tasks}
    figures = {"loss_first": 12.5, "loss_last": 0.01, "cer_before": 4.5, "cer_after": 0.01, "seconds": 100.5}
    summary: dict[str, Any] = {name: dict(figures) for name in STAGES}
    summary["stage3"]["region_cer"] = 0.1
    summary["merged_equals_unmerged"] = True
    log = [
        {"global_step/max_steps": f"{step}/9", "loss": 10.0 / step, "eval_loss": 11.0 / step}
        for step in range(1, 9)
    ]
    write_rows(folder / "logging.jsonl", log)
    stages = {name: Stage(folder, 100.0) for name in STAGES}
    (folder / "page.html").write_text(report(summary, Results({}, stages, predictions, 0.0)))
    return folder / "page.html"


def sheet(folder: Path) -> Path:
    Image.new("RGB", (1200, 300), "white").save(folder / "1.png")
    rows = [
        {"query": f"<image>{WORD}", "response": text, "images": ["1.png"], "kind": WORD[:90]}
        for text in (WORD, CHINESE, "short")
    ]
    rows += [{"query": "<image>OCR with format: ", "response": r"\(x\)", "images": ["1.png"]}, {"query": "x"}]
    return write_sheet(str(write_rows(folder / "rows.jsonl", rows)), folder / "page")[1]


PAGES: dict[str, Callable[[Path], Path]] = {
    "answers": answers,
    "scores": scores,
    "quickstart": quickstart,
    "sheet": sheet,
}


@pytest.mark.parametrize("name", PAGES)
def test_nothing_lies_outside_or_over_another(name: str, tmp_path: Path) -> None:
    page = PAGES[name](tmp_path).read_text(encoding="utf-8")
    for width, options in ((390, ()), (390, (DARK,)), (1280, ())):
        found = looked_at(tmp_path, page, width, *options)
        assert found.pop("width") <= width
        assert found == {"outside": [], "over": [], "faint": [], "nameless": []}, (width, options)


def test_what_is_wrong_with_a_page_would_be_seen(tmp_path: Path) -> None:
    page = (
        '<!doctype html><body style="margin: 0"><img src="data:,"><p style="width: 900px">outside</p>'
        '<p style="color: #999">faint</p><p style="margin: 0">one</p><p style="margin: -20px 0 0">two</p>'
    )
    found = looked_at(tmp_path, page, 390)
    assert found["width"] == 900
    assert found["outside"] == ["P : outside"]
    assert found["faint"] == ["P : faint"]
    assert found["nameless"] == ["IMG : "]
    assert "one | two" in found["over"]
