"""Languages, their scripts and their texts."""

from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from fontTools.ttLib import TTFont

from data_engines.engine import Reject
from data_engines.kinds.lines import engine as lines
from data_engines.tools import fonts, languages, shaping, texts
from data_engines.tools.corpora import word_spans
from data_engines.tools.languages import LOCALES, SCRIPTS, LanguageCode, letters_of, scripts_of

RNG = np.random.default_rng(0)


def test_every_language_can_be_asked_for() -> None:
    assert get_args(LanguageCode) == ("en", "zh", "mixed", *LOCALES)


def test_the_letters_of_scripts() -> None:
    assert [script.name for script in SCRIPTS if script.is_in("नमस्ते")] == ["Devanagari"]
    assert letters_of(languages.HEBREW) >= set("אבגדה") and "a" not in letters_of(languages.HEBREW)
    assert scripts_of(["en", "ar", "fa", "ru"]) == [languages.ARABIC, languages.CYRILLIC]
    for some in LOCALES.values():
        assert some.digits is None or [int(digit) for digit in some.digits] == list(range(10))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ภาษาไทย 5", ["ภา", "ษา", "ไท", "ย", "5"]),
        ("เก่าๆ", ["เก่าๆ"]),
        ("བོད་སྐད། ABC", ["བོད་", "སྐད།", "ABC"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("안녕하세요 여러분", ["안녕하세요", "여러분"]),
    ],
)
def test_words_of_languages_without_spaces_are_syllables(text: str, words: list[str]) -> None:
    assert [text[start:end] for start, end in word_spans(text)] == words


def test_english_and_chinese_are_one_and_every_other_language_is_apart(tmp_path: Path) -> None:
    source = tmp_path / "texts.txt"
    source.write_text("one\n两\nОдин\nδύο\n", encoding="utf-8")

    def read(*codes: LanguageCode) -> list[tuple[str, ...]]:
        return [some.lines for some in texts.read_languages(source, codes, None, RNG)]

    assert read() == [("one", "两", "Один", "δύο")]
    assert read("zh", "ru", "el") == [("两",), ("Один",), ("δύο",)]
    assert read("en", "zh") == read("mixed") == read()
    with pytest.raises(ValueError) as error:
        read("ko")
    assert str(error.value) == (
        f"--source {source} has no line with Korean letters, which --language ko asks for"
    )


@pytest.mark.parametrize("code", LOCALES)
def test_packages_bring_texts_of_every_language(code: LanguageCode) -> None:
    for package in ("babel", "django", "faker", "uharfbuzz"):
        pytest.importorskip(package, reason="needs the extra languages")
    [read] = texts.read_languages(None, (code,), None, np.random.default_rng(0))
    script, digits = LOCALES[code].script, LOCALES[code].digits
    assert len(read.lines) >= 250 and len(read.matter[0].pieces) >= 2000
    assert script is languages.LATIN or all(map(script.is_in, read.lines))
    assert read.characters() >= set("0123456789") | set(digits or "")
    assert digits == script.digits or not read.characters() & set(script.digits or "")
    again = texts.read_languages(None, (code,), None, np.random.default_rng(0))
    assert again == (read,)


def test_letters_without_rules_of_their_script_are_not_drawn(font: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare.ttf"
    with TTFont(font) as copy:
        for table in ("GSUB", "GPOS", "GDEF"):
            del copy[table]
        copy.save(bare)
    [whole, without], _ = fonts.read_faces([font, bare], set("aбس"))
    assert whole.characters == frozenset("aбس")
    assert without.characters == frozenset("aб")


def test_a_language_without_a_font_says_what_to_install(
    font: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "texts.txt"
    source.write_text("བོད་སྐད། 12\n", encoding="utf-8")
    monkeypatch.setattr(texts, "check_shaper", lambda code: None)
    options = lines.Options(source=source, fonts=(font,), language=("bo",))
    with pytest.raises(ValueError) as error:
        lines.load(options, RNG)
    assert str(error.value) == (
        "--fonts: none of the 1 font files has letters and rules of the Tibetan script; "
        "apt-get install fonts-noto-core, or give fonts with --fonts"
    )


@pytest.mark.parametrize(
    ("feature", "message"),
    [
        ("raqm", "this Pillow was built without raqm: pip install --force-reinstall --no-deps pillow"),
        ("fribidi", "Pillow finds no FriBiDi on this system: apt-get install libfribidi0"),
    ],
)
def test_what_lacks_for_shaping_is_one_line(
    feature: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shaping.features, "check", lambda name: name != feature)
    shaping.lacking.cache_clear()
    try:
        with pytest.raises(ValueError) as error:
            texts.read_languages(tmp_path, ("he",), None, RNG)
        assert str(error.value) == f"--language he needs a shaping engine: {message}"
    finally:
        shaping.lacking.cache_clear()


def test_without_the_package_that_checks_glyphs_nothing_is_shaped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shaping, "lacking", lambda: "the package uharfbuzz is missing")
    with pytest.raises(Reject, match=r"^U\+093F needs a shaping engine$"):
        shaping.check_shapable("हिन्दी")
    assert shaping.check_shapable("plain") == "plain"
