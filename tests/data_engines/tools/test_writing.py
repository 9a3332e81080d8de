"""Which texts can be written, and by which faces."""

from pathlib import Path

import numpy as np
import pytest
from fontTools.ttLib import TTFont

from data_engines.engine import Reject
from data_engines.options import Range
from data_engines.tools.fonts import read_faces
from data_engines.tools.writing import choose_face, choose_text, leave_out_capitals


@pytest.fixture
def capitals(font: Path, tmp_path: Path) -> Path:
    """A font in which small letters look like capitals."""
    file = tmp_path / "capitals.ttf"
    with TTFont(font) as copy:
        for table in copy["cmap"].tables:
            table.cmap.update({code: table.cmap[code - 32] for code in range(97, 123) if code in table.cmap})
        copy.save(file)
    return file


def test_a_text_is_a_run_of_words_or_a_reject() -> None:
    rng = np.random.default_rng(0)
    drawn = {choose_text(rng, ["one two three"], Range(2, 2)) for _ in range(20)}
    assert drawn == {"one two", "two three"}
    with pytest.raises(Reject, match=r"^U\+05E9 needs a shaping engine$"):
        choose_text(rng, ["שלום"], Range(1, 1))


def test_a_face_has_all_characters_or_there_is_none(font: Path) -> None:
    faces, _ = read_faces([font, font.with_name("cmr10.ttf")], set("abЖ"))
    rng = np.random.default_rng(0)
    assert {choose_face(rng, faces, "a b").path for _ in range(20)} == {face.path for face in faces}
    assert {choose_face(rng, faces, "aЖ").path for _ in range(20)} == {str(font)}
    with pytest.raises(Reject, match=r"^no font has U\+4E2D$"):
        choose_face(rng, faces, "中a")


def test_fonts_of_capitals_are_left_out(font: Path, capitals: Path) -> None:
    faces, left_out = leave_out_capitals(*read_faces([font, capitals], set("gypsum")))
    assert [face.path for face in faces] == [str(font)]
    assert left_out == {"font of capitals only": 1}
    # without letters that would show it, as in Chinese, any font will do
    faces, left_out = leave_out_capitals(*read_faces([font, capitals], set("SUM")))
    assert len(faces) == 2 and left_out == {}
