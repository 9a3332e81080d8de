"""Which fonts are found and what they hold."""

from pathlib import Path

import numpy as np
import pytest
from fontTools.ttLib import TTFont

from data_engines.engine import Reject
from data_engines.tools import fonts


@pytest.fixture
def capitals(font: Path, tmp_path: Path) -> Path:
    """A font in which small letters look like capitals."""
    file = tmp_path / "capitals.ttf"
    with TTFont(font) as copy:
        for table in copy["cmap"].tables:
            table.cmap.update({code: table.cmap[code - 32] for code in range(97, 123) if code in table.cmap})
        copy.save(file)
    return file


def test_a_face_holds_the_characters_of_the_corpus_it_has(font: Path) -> None:
    faces, left_out = fonts.read_faces([font], {"a", "é", "字"})
    assert faces == (fonts.Face(str(font), 0, frozenset({"a", "é"})),)
    assert left_out == {}


def test_fonts_of_last_resort_symbol_fonts_and_broken_files_are_left_out(font: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.ttf"
    broken.write_bytes(b"no font")
    given = [font.with_name("LastResortHE-Regular.ttf"), broken]
    # without the one table fontTools can't read it, without the other one Pillow can't
    for table in (b"maxp", b"hhea"):
        given.append(tmp_path / f"{table.decode()}.ttf")
        given[-1].write_bytes(font.read_bytes().replace(table, b"none", 1))
    faces, left_out = fonts.read_faces(given, {"a"})
    assert faces == ()
    assert left_out == {"font without any character of the text": 1, "unreadable font": 3}


def test_folders_are_searched_at_any_depth(font: Path, tmp_path: Path) -> None:
    copy = tmp_path / "deep" / "er" / "Some.TTF"
    copy.parent.mkdir(parents=True)
    copy.write_bytes(font.read_bytes())
    assert fonts.find_font_files([tmp_path]) == [copy]


def test_without_system_fonts_there_are_dejavu_and_noto(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "SYSTEM_FOLDERS", {})
    names = {file.name for file in fonts.find_font_files([])}
    assert {
        "DejaVuSans.ttf",
        "DejaVuSerif-Bold.ttf",
        "NotoSansSC-Regular.otf",
        "NotoSerifSC-Regular.otf",
    } <= names
    assert {name[:6] for name in names} == {"DejaVu", "NotoSa", "NotoSe"}


def test_few_faces_stay_open_however_many_sizes_are_drawn(font: Path) -> None:
    fonts.open_font.cache_clear()
    for size in range(10, 410):
        fonts.open_font(str(font), 0, size)
    assert fonts.open_font.cache_info().currsize == fonts.MAX_OPEN_FACES <= 128


def test_a_face_has_all_characters_or_there_is_none(font: Path) -> None:
    faces, _ = fonts.read_faces([font, font.with_name("cmr10.ttf")], set("abЖ"))
    rng = np.random.default_rng(0)
    assert {fonts.choose_face(rng, faces, "a b").path for _ in range(20)} == {face.path for face in faces}
    assert {fonts.choose_face(rng, faces, "aЖ").path for _ in range(20)} == {str(font)}
    with pytest.raises(Reject, match=r"^no font has U\+4E2D$"):
        fonts.choose_face(rng, faces, "中a")


def test_fonts_of_capitals_are_left_out(font: Path, capitals: Path) -> None:
    faces, left_out = fonts.read_faces([font, capitals], set("gypsum"))
    assert [face.path for face in faces] == [str(font)]
    assert left_out == {"font of capitals only": 1}
    # without letters that would show it, as in Chinese, any font will do
    faces, left_out = fonts.read_faces([font, capitals], set("SUM"))
    assert len(faces) == 2 and left_out == {}
