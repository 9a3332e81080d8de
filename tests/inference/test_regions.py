"""Text with boxes in pixels, and drawn over the picture."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from got_train.inference.answer_page import write_answer_page
from got_train.inference.questions import question
from got_train.inference.regions import OUTLINE, boxes_to_draw, draw_boxes, region_values
from got_train.pages import answers
from got_train.pages.answers import render_answer

ANSWER = "<ref>12</ref><box>(100,200),(500,400)</box>\n<ref>3\n4</ref><box>(0,500),(1000,1000)</box>\n<ref>5"


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "a.png"
    Image.new("RGB", (400, 100), "white").save(path)
    return path


def test_boxes_in_pixels_and_what_could_not_be_read(picture: Path) -> None:
    asked = question([picture], "format", with_boxes=True)
    assert region_values(asked, ANSWER, 10**6) == {
        "regions": [
            {"box": (40.0, 20.0, 200.0, 40.0), "text": "12", "format": True},
            {"box": (0.0, 50.0, 400.0, 100.0), "text": "3\n4", "format": True},
        ],
        "broken_regions": 1,
    }
    tiled = question([picture], crop=True, with_boxes=True)
    assert region_values(tiled, ANSWER, 10**6)["regions"][0]["box"] == (40.0, 20.0, 200.0, 40.0)


def test_other_questions_have_no_regions(picture: Path) -> None:
    for other in (question([picture]), question([picture], query="Where is the text?")):
        assert region_values(other, ANSWER, 10**6) == {}
        assert boxes_to_draw(other, ANSWER) == ()


def test_boxes_are_drawn_where_they_stand(picture: Path) -> None:
    drawn = Image.open(picture).resize((800, 200))  # as a page shows it
    draw_boxes(drawn, boxes_to_draw(question([picture], with_boxes=True), ANSWER)[:1])
    red = (np.asarray(drawn) == np.array(OUTLINE)).all(axis=-1)
    assert red[40, 80:401].all() and red[80, 80:401].all()  # upper and lower edge
    assert red[40:81, 80].all() and red[40:81, 400].all()
    assert not red[41:80, 81:400].any() and not red[81:].any()
    assert (np.asarray(drawn)[28:40, 80:92] < 255).any()  # the number


def test_the_page_of_answers_shows_texts_and_boxes(
    picture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = []
    monkeypatch.setattr(answers, "input_html", lambda image: shown.append(image) or "")
    write_answer_page([(question([picture], with_boxes=True), ANSWER)], tmp_path / "page.html", 10**6)
    assert (np.asarray(shown[0])[20, 40:201] == np.array(OUTLINE)).all()
    page = (tmp_path / "page.html").read_text()
    assert "OCR with boxes:" in page and "100, 200, 500, 400" in page
    assert "1 piece of the answer can&#39;t be read" in page


def test_texts_of_boxes_are_escaped() -> None:
    body = render_answer("<ref><b>x</b></ref><box>(1,2),(3,4)</box>")
    assert body == (
        '<table class="boxes"><tr><td>1</td><td class="plain">&lt;b&gt;x&lt;/b&gt;</td>'
        "<td>1, 2, 3, 4</td></tr></table>"
    )
