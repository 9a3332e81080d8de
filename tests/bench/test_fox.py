"""Fox's files: what is asked, and scores that equal those of its own script."""

import json
from pathlib import Path

import pytest

from got_train.bench.benchmark import Asking
from got_train.bench.fox import Fox
from got_train.report import UserError
from tests.bench import folders
from tests.conftest import draw

for package in ("nltk", "jieba", "wn"):
    pytest.importorskip(package, reason="needs the extra eval")

FILES = {
    "en_page_ocr": [("en_1.png", "OCR this image: ", "The quick brown fox jumps over the lazy dog")],
    "en_box_ocr": [
        ("en_1.png", "Give the OCR results of the box (2, 20, 998, 450)", "a region of text here"),
        ("en_2.png", "Give the OCR results of the box [10, 20, 30, 40].", "another one is here now"),
    ],
    "en_line_ocr": [("en_1.png", "OCR the line (120, 340)", "a line of words to read")],
    "en_onbox_ocr": [("en_1.png", "OCR red box", "in red"), ("en_1.png", "OCR the Blue box.", "in blue")],
    "cn_page_ocr": [("cn_1.png", "OCR this image: ", "今天天气很好，我们去公园。")],
}


def test_each_task_has_the_prompt_that_got_knows(tmp_path: Path) -> None:
    bench = Fox(folders.fox(tmp_path / "focus_benchmark_test", FILES).parent, Asking())
    assert [(record.kind, record.turns[0].query) for record in bench.records] == [
        ("en_page_ocr", "<image>OCR: "),
        ("en_box_ocr", "<image>[2, 20, 998, 450] OCR: "),
        ("en_box_ocr", "<image>[10, 20, 30, 40] OCR: "),
        ("en_line_ocr", "<image>[120, 340] OCR: "),
        ("en_onbox_ocr", "<image>[red] OCR: "),
        ("en_onbox_ocr", "<image>[blue] OCR: "),
        ("cn_page_ocr", "<image>OCR: "),
    ]
    assert bench.records[4].images == (tmp_path / "focus_benchmark_test/en_pdf_png_onbox/en_1.png",)
    assert bench.notes[0].startswith(
        f"{tmp_path}/focus_benchmark_test lacks cn_box_ocr.json, cn_line_ocr.json"
    )


@pytest.mark.parametrize(
    ("box", "asked", "unit"),
    [
        ("(0.1, 0.2, 0.55, 0.9)", "[100, 200, 550, 900]", "fractions"),
        ("[20, 10, 1100, 50]", "[10, 100, 550, 500]", "pixels"),
    ],
)
def test_other_units_are_read_and_said(box: str, asked: str, unit: str, tmp_path: Path) -> None:
    question = f"Give the OCR results of the box {box}"
    folder = folders.fox(tmp_path, {"en_box_ocr": [("en_1.png", question, "a")]})
    draw(folder / "en_pdf_png" / "en_1.png", "1", (2000, 100))
    bench = Fox(folder, Asking())
    assert bench.records[0].turns[0].query == f"<image>{asked} OCR: "
    assert f"the places in en_box_ocr.json are taken for {unit}" in bench.notes


ANSWERS = {
    "en_page_ocr": ["The quick brown dog jumps over a lazy fox"],
    "en_box_ocr": ["a region of text", "another one is here now"],
    "en_line_ocr": [""],
    "en_onbox_ocr": ["in red", "blue"],
    "cn_page_ocr": ["今天天气很好我们去了公园"],
}


def test_scores_equal_those_of_fox_s_script(tmp_path: Path) -> None:
    """Numbers of `eval_tools/eval_ocr_test.py` (commit 82f720c), run on the results that are written here."""
    bench = Fox(folders.fox(tmp_path / "fox", FILES), Asking())
    answers = [answer for name in FILES for answer in ANSWERS[name]]
    groups = bench.score(answers)
    names = ("bleu", "meteor", "f1", "precision", "recall", "edit_distance")
    values = {group: [scores[name].value for name in names] for group, scores in groups.items()}
    assert values == {group: pytest.approx(expected, abs=1e-12) for group, expected in EXPECTED.items()}
    line = bench.write(answers, tmp_path / "out")
    assert line.endswith("--out_file " + str(tmp_path / "out/results/en_page_ocr.json"))
    written = json.loads((tmp_path / "out/results/en_box_ocr.json").read_text())
    assert written[0] == {
        "image": "en_1.png",
        "question": "<image>\nGive the OCR results of the box (2, 20, 998, 450)",
        "label": "a region of text here",
        "answer": "a region of text",
    }


EXPECTED = {
    "en_page_ocr": [5.705336763108155e-78, 0.7013888888888888, 8 / 9, 8 / 9, 8 / 9, 0.16279069767441862],
    "en_box_ocr": [0.834370152488211, 0.9819939024390244, 17 / 18, 0.9, 1.0, 0.11904761904761904],
    "en_line_ocr": [0.0, 0.0, 0.0, 0.0, 0.0, 1.0],
    "en_onbox_ocr": [7.45834073120031e-155, 0.6960227272727273, 5 / 6, 0.75, 1.0, 0.21428571428571427],
    "cn_page_ocr": [5.87583260478785e-78, 0.7922535211267605, 0.8, 0.75, 6 / 7, 0.23076923076923078],
}
"""BLEU, METEOR, F1, precision, recall and edit distance of each file. Of an empty answer, at which the script
stops, all is wrong."""


@pytest.mark.parametrize(
    ("name", "question", "message"),
    [
        ("en_box_ocr", "Give the OCR results", "the question has no box x1, y1, x2, y2"),
        ("en_line_ocr", "OCR the line (1, 2, 3)", "the question has no point x, y"),
        ("cn_onbox_ocr", "OCR yellow box", "the question names no colour of red, green, blue"),
    ],
)
def test_questions_that_are_not_understood_are_named(
    name: str, question: str, message: str, tmp_path: Path
) -> None:
    folder = folders.fox(tmp_path, {name: [("1.png", question, "a")]})
    with pytest.raises(UserError) as caught:
        Fox(folder, Asking())
    assert str(caught.value).startswith(f"{tmp_path}/{name}.json:1: {message}")


@pytest.mark.parametrize(
    ("box", "message"),
    [
        (
            "[20, 10, 1100.5, 50]",
            "[20, 10, 1100.5, 50] is no place in the picture: in pixels, x goes up to 200 and y up to 100, "
            "and a box is x1, y1, x2, y2 with x1 below x2 and y1 below y2",
        ),
        (
            "(0.9, 0.2, 0.5, 0.9)",
            "[0.9, 0.2, 0.5, 0.9] is no place in the picture: in fractions, x goes up to 1 and y up to 1, "
            "and a box is x1, y1, x2, y2 with x1 below x2 and y1 below y2",
        ),
        (
            "{20, 10, 20, 50}",
            "[20, 10, 20, 50] is no place in the picture: in thousandths, x goes up to 1000 and",
        ),
        (
            "(0.5001, 0.2, 0.5002, 0.9)",
            "the box [0.5001, 0.2, 0.5002, 0.9] is narrower than a thousandth of the picture",
        ),
    ],
)
def test_boxes_that_no_picture_has_are_told_in_the_numbers_of_the_file(
    box: str, message: str, tmp_path: Path
) -> None:
    question = f"Give the OCR results of the box {box}"
    folder = folders.fox(tmp_path, {"en_box_ocr": [("en_1.png", question, "a")]})
    with pytest.raises(UserError) as caught:
        Fox(folder, Asking())
    assert str(caught.value).startswith(f"{tmp_path}/en_box_ocr.json:1: {message}")


@pytest.mark.parametrize("image", ["../secret.png", "/etc/passwd"])
def test_pictures_outside_of_the_folder_are_refused(image: str, tmp_path: Path) -> None:
    turns = [{"from": "human", "value": "OCR this image: "}, {"from": "gpt", "value": "a"}]
    (tmp_path / "en_page_ocr.json").write_text(json.dumps([{"image": image, "conversations": turns}]))
    with pytest.raises(UserError) as caught:
        Fox(tmp_path, Asking())
    said = f"{tmp_path}/en_page_ocr.json:1: image {image} leads out of the folder of the benchmark"
    assert str(caught.value) == said


def test_what_is_missing_is_named_with_its_source(tmp_path: Path) -> None:
    source = "https://huggingface.co/datasets/ucaslcl/Fox_benchmark_data (focus_benchmark_test.zip, unpacked)"
    with pytest.raises(UserError) as caught:
        Fox(tmp_path, Asking())
    assert (
        str(caught.value) == f"{tmp_path}/en_page_ocr.json is missing: the benchmark is published at {source}"
    )
    folder = folders.fox(tmp_path, FILES)
    for number in (1, 2):
        (folder / "en_pdf_png" / f"en_{number}.png").unlink()
    with pytest.raises(UserError) as caught:
        Fox(folder, Asking())
    assert str(caught.value) == (
        f"{folder}/en_pdf_png/en_1.png is missing: the benchmark is published at {source}"
    )


def test_a_picture_that_did_not_arrive_whole_is_named(tmp_path: Path) -> None:
    folder = folders.fox(tmp_path, FILES)
    (folder / "en_pdf_png" / "en_2.png").write_text("version https://git-lfs.github.com/spec/v1")
    with pytest.raises(UserError, match=r"en_pdf_png/en_2.png.*: the benchmark is published at https://"):
        Fox(folder, Asking())


def test_the_swapped_folders_of_lines_are_found(tmp_path: Path) -> None:
    folder = folders.fox(tmp_path, {"en_line_ocr": [("1.png", "OCR the line (1, 2)", "a")]})
    (folder / "en_pdf_png").rename(folder / "cn_pdf_png")
    assert Fox(folder, Asking()).records[0].images == (folder / "cn_pdf_png" / "1.png",)


def test_rows_and_options_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    (tmp_path / "en_page_ocr.json").write_text('[{"image": "1.png", "conversations": []}]')
    with pytest.raises(UserError, match="a row has an image, and conversations of a question and an answer"):
        Fox(tmp_path, Asking())
    (tmp_path / "en_page_ocr.json").write_text("[{")
    with pytest.raises(UserError, match="en_page_ocr.json: "):
        Fox(tmp_path, Asking())
    with pytest.raises(UserError, match="--query: Fox's files say what is asked"):
        Fox(tmp_path, Asking(query="OCR: "))
