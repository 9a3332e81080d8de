"""Which fonts are found and what they hold."""

from pathlib import Path

import pytest

from data_engines.tools import fonts


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
