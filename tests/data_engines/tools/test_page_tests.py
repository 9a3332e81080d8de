"""Tests of pages by construction: what they say, and that only damage makes an answer fail them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from data_engines.engine import Answer, Drawing, Region
from data_engines.formats import Format
from data_engines.kinds import KINDS
from data_engines.kinds.pdf.engine import Options
from data_engines.tools.page_tests import TRIALS, choose_tests, find_stretches
from got_train.data.readers import open_rows
from got_train.evaluation.evaluate import evaluate
from got_train.markup.tables import find_tables
from got_train.markup.written_tables import WRITERS, Notation
from got_train.page_tests.runner import share_passed
from got_train.prompts import Task
from tests.conftest import write_rows
from tests.data_engines.conftest import files_of, generate

pytest.importorskip("fuzzysearch", reason="needs the extra engines")

LEFT = "The lighthouse keeper climbs the stairs every evening."
RIGHT = "Ships that pass the harbour at night see the lamp."
HAN = "敏捷的棕色狐狸跳过懒惰的狗然后在门廊上睡觉。"
TABLE = r"""\begin{tabular}{lrr}
\hline
Port & Depth & Ships \\
\hline
North & 12.5 & 310 \\
South & 8.25 & 97 \\
\hline
\end{tabular}"""
TEXT = rf"""\section*{{1. Of lamps}}

{LEFT} It burns \(a^{{2}}+b^{{2}}=c\) litres.

{HAN}

{TABLE}

\[\sum_{{i}}x_{{i}}\leq n \tag{{3}}\]

{RIGHT}"""


def page(text: str = TEXT, unanswered: tuple[str, ...] = ("Notes of a keeper", "57")) -> Drawing:
    """A page of two columns, the second of which has one paragraph only."""
    regions = (Region((0, 80, 40, 100), f"{LEFT} It burns"), Region((50, 0, 90, 20), RIGHT))
    picture = Image.new("RGB", (100, 100), "white")
    return Drawing((picture,), (Answer(Task(format=True), text),), regions, unanswered=unanswered)


def chosen(drawing: Drawing, *types: str, seed: int = 0) -> list[dict[str, Any]]:
    return choose_tests(np.random.default_rng(seed), drawing, types)


def test_texts_are_those_of_one_sentence_each() -> None:
    stretches = find_stretches(TEXT, page())
    assert [(found.text, found.line, found.rows) for found in stretches] == [
        (LEFT, 2, (80, 100)),
        (HAN, 4, None),
        (RIGHT, 17, (0, 20)),
    ]


@pytest.mark.parametrize(
    ("sentence", "text"),
    [
        (f"{LEFT[:-1]} and lights the lamp for all of the ships.", f"{LEFT[:-1]} and lights the lamp for"),
        (f"，{HAN[:-1]}电话：{'9' * 60}。", f"{HAN[:-1]}电话："),
        (f"{HAN[:-1] * 3}。", (HAN * 3).replace("。", "")[:40]),
        ("too short", None),
    ],
)
def test_a_long_sentence_is_cut_between_words(sentence: str, text: str | None) -> None:
    assert [found.text for found in find_stretches(sentence, page())] == ([text] if text else [])


def test_what_the_tests_of_a_page_say() -> None:
    present, absent, order, table, math = (chosen(page(), name) for name in TRIALS)
    assert sorted(test["text"] for test in present) == sorted([LEFT, RIGHT, HAN])
    assert absent == [
        {"type": "absent", "max_diffs": 0, "text": "Notes of a keeper"},
        {"type": "absent", "max_diffs": 0, "text": "57", "first_n": 100, "last_n": 100},
    ]
    # first where the reader goes up again, from one column to the next
    assert order[0] == {"type": "order", "max_diffs": 2, "before": LEFT, "after": RIGHT}
    assert len(order) == 3
    assert table == [
        {"type": "table", "max_diffs": 0, "cell": "12.5", "up": "Depth", "left": "North"},
        {"type": "table", "max_diffs": 0, "cell": "310", "up": "Ships"},
        {"type": "table", "max_diffs": 0, "cell": "Ships", "down": "310", "left": "Depth"},
    ]
    assert sorted(test["math"] for test in math) == [r"\sum_{i}x_{i}\leq n", "a^{2}+b^{2}=c"]


@pytest.mark.parametrize("notation", WRITERS)
def test_cells_are_tested_in_every_notation(notation: Notation) -> None:
    written = TEXT.replace(TABLE, WRITERS[notation](find_tables(TABLE)[0]))
    tests = chosen(page(written), "table")
    assert [test["cell"] for test in tests] == ["12.5", "310", "Ships"]
    assert share_passed(written, tests) == share_passed(TEXT, tests) == 1
    assert share_passed(written.replace("310", "97"), tests) == 1 / 3  # the one that does not speak of it


DAMAGE: list[tuple[str, Callable[[str], str]]] = [
    ("present", lambda text: text.replace("lighthouse", "lighthorse")),
    ("present", lambda text: text.replace(RIGHT, "")),
    ("absent", lambda text: f"Notes of a keeper 57\n\n{text}"),
    ("order", lambda text: f"{RIGHT}\n\n{text.replace(RIGHT, '')}"),
    ("table", lambda text: text.replace(r"& 310", "& 97").replace(r"8.25 & 97", "8.25 & 310")),
    (
        "table",
        lambda text: text.replace("12.5 & 310", "310 & 12.5").replace("Depth & Ships", "Ships & Depth"),
    ),
    ("math", lambda text: text.replace("x_{i}", "x_{j}")),
]


@pytest.mark.parametrize(("name", "damage"), DAMAGE)
def test_the_answer_passes_and_a_damaged_one_fails(name: str, damage: Callable[[str], str]) -> None:
    tests = [test for seed in range(4) for test in chosen(page(), name, seed=seed)]
    assert share_passed(TEXT, tests) == 1
    assert share_passed(damage(TEXT), tests) < 1


@pytest.mark.parametrize(
    ("name", "drawing"),
    [
        ("present", page(f"{LEFT}\n\n{RIGHT}\n\n{LEFT}")),
        ("absent", page(f"{LEFT}\n\nNotes of a keeper: 57 lamps")),
        ("order", page(f"{LEFT}\n\n{RIGHT}\n\n{LEFT}\n\n{RIGHT}")),
        ("table", page("\n\n".join([r"\begin{tabular}{ll} a & b \\ \end{tabular}"] * 2))),
        ("math", page(r"\(a+b=c\) and \(a+b=c\), and \(x\)")),
    ],
)
def test_what_stands_twice_is_not_tested(name: str, drawing: Drawing) -> None:
    tests = chosen(drawing, name)
    assert [test.get("text") for test in tests] == ([RIGHT] if name == "present" else [])


def test_no_table_is_tested_where_the_benchmark_finds_none() -> None:
    assert chosen(page(f"{TABLE}\n\n\\(a<b\\)"), "table") != []
    assert chosen(page(f"\\(a<b\\)\n\n{TABLE}"), "table") == []


def test_types_of_kinds_are_those_that_can_be_written() -> None:
    named = {name: kind.tests for name, kind in KINDS.items() if kind.tests}
    assert list(named) == ["pdf", "formula", "table", "page", "multi-crop"]
    assert {name for tests in named.values() for name in tests} == set(TRIALS)


# Sets with tests

LINES = (
    "The lighthouse keeper climbs the stairs at six",
    "Ships that pass the harbour see his lamp",
    "Nobody knows how old the building really is",
    "Its walls were painted white in the last war",
    "On clear days you can look as far as the islands",
    "Fishermen sell what they have caught at noon",
)


@pytest.fixture
def options(make_pdf: Callable[..., Path]) -> Options:
    placed = [(0.1, 0.9 - 0.05 * number, line) for number, line in enumerate(LINES)]
    return Options(source=make_pdf([placed, placed[::-1]]), units="pages")


def draw_set(options: Options, output: Path, **more: Any) -> dict[str, Any] | None:
    return generate("pdf", options, output=output, count=2, seed=2, shard_size=1, **{"tests": True} | more)


@pytest.mark.parametrize("format", ["files", "webdataset", "parquet"])
def test_tests_name_pictures_as_training_does(tmp_path: Path, options: Options, format: Format) -> None:
    manifest = draw_set(options, tmp_path / "set", format=format)
    assert manifest is not None and manifest["tests_of_type"] == {"order": 6, "present": 6}
    tests = [json.loads(line) for line in (tmp_path / "set/tests.jsonl").read_text().splitlines()]
    assert list(tests[0]) == ["pdf", "page", "id", "type", "max_diffs", "text"]
    assert [test["id"] for test in tests[5:7]] == ["pdf_000000_6", "pdf_000001_1"]
    rows = open_rows(str(tmp_path / "set"))
    answers = {
        str(Path(str(record.images[0])).relative_to(tmp_path / "set")): record.turns[0].response
        for record in rows.records()
    }
    assert {test["pdf"] for test in tests} == set(answers)
    for name, answer in answers.items():
        assert share_passed(answer, [test for test in tests if test["pdf"] == name]) == 1


def test_pictures_and_rows_are_those_of_a_set_without_tests(tmp_path: Path, options: Options) -> None:
    for name, tests in (("with", True), ("without", False)):
        draw_set(options, tmp_path / name, tests=tests)
    with_tests, without = files_of(tmp_path / "with"), files_of(tmp_path / "without")
    assert set(with_tests) - set(without) == {
        "tests.jsonl",
        *(f"shards/0000{number}.tests.jsonl" for number in range(2)),
    }
    same = [name for name in without if not name.endswith(".json")]
    assert [with_tests[name] for name in same] == [without[name] for name in same]
    assert "tests" not in json.loads(without["manifest.json"])


def test_workers_and_kills_do_not_change_a_byte(tmp_path: Path, options: Options) -> None:
    draw_set(options, tmp_path / "one")
    for number in (1, 0):  # two parts of a run, the second of which ends it
        draw_set(options, tmp_path / "cut", shard=f"{number}/2", workers=2)
    assert files_of(tmp_path / "cut") == files_of(tmp_path / "one")
    manifest = json.loads((tmp_path / "cut/manifest.json").read_text())
    plan = {key: value for key, value in manifest.items() if key not in ("rows", "rejects", "tests_of_type")}
    (tmp_path / "cut/plan.json").write_text(json.dumps(plan))
    for name in ("manifest.json", "tests.jsonl", "shards/00001.json"):
        (tmp_path / "cut" / name).unlink()
    (tmp_path / "cut/shards/00001.tests.jsonl").write_text("half a te")
    draw_set(options, tmp_path / "cut")
    assert files_of(tmp_path / "cut") == files_of(tmp_path / "one")
    with pytest.raises(ValueError, match="holds a run with other versions, tests; choose another --output"):
        draw_set(options, tmp_path / "cut", tests=False)


def test_a_drawn_set_is_evaluated_by_its_tests(tmp_path: Path, options: Options) -> None:
    pytest.importorskip("nltk", reason="needs the extra eval")
    draw_set(options, tmp_path / "set", format="webdataset")
    answers = [
        {
            "response": record.turns[0].response.replace("the", "tbe"),
            "labels": record.turns[0].response,
            "query": "OCR: ",
            "images": [str(record.images[0])],
            "kind": "pdf",
        }
        for record in open_rows(str(tmp_path / "set")).records()
    ]
    file = write_rows(tmp_path / "answers.jsonl", answers)
    [group] = evaluate(file, tests=tmp_path / "set/tests.jsonl").groups
    names = (
        "passed",
        "passed_present",
        "passed_order",
    )  # two characters may be misread where order is tested
    assert [group.scores[name].value for name in names] == [0.5, 0, 1]
