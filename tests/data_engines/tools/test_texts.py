"""Which texts of packages the fonts of a script can write."""

from dataclasses import replace

from data_engines.tools.fonts import Face
from data_engines.tools.languages import LOCALES
from data_engines.tools.matter.local import LocalMatter
from data_engines.tools.texts import Texts, written_texts

LETTERS = frozenset("ཀཁ་")
TIBETAN = Face("tibetan.ttf", 0, LETTERS | frozenset("༡༢"))
DIGITS = Face("digits.ttf", 0, frozenset("12 abc"))
TEXTS = Texts(("ཀ་ཁ", "ཀ 1"), (LocalMatter(("༡༢", "12", "ཁ༡")),), 0.25, (), LOCALES["bo"].script)


def test_texts_that_no_font_of_their_script_can_write_are_left_out() -> None:
    [written], left_out = written_texts([TEXTS], [TIBETAN, DIGITS])
    # "12" has a font, but one without a letter of the script, as a picture of both texts would need
    assert (written.lines, written.pieces) == (("ཀ་ཁ",), ("༡༢", "ཁ༡"))
    assert left_out == {"text that no font can write": 2}


def test_a_font_that_has_all_leaves_nothing_out() -> None:
    whole = replace(TIBETAN, characters=TIBETAN.characters | DIGITS.characters)
    assert written_texts([TEXTS], [TIBETAN, whole]) == ((TEXTS,), {})


def test_texts_of_a_source_are_kept_as_they_are() -> None:
    own = replace(TEXTS, script=None)
    assert written_texts([own], [TIBETAN]) == ((own,), {})


def test_where_nothing_could_be_written_all_is_kept_to_be_rejected_with_the_cause() -> None:
    faces = [replace(TIBETAN, characters=LETTERS - {"་"})]
    assert written_texts([TEXTS], faces) == ((TEXTS,), {})
