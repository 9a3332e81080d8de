"""Words and fonts that training never shows."""

from pathlib import Path

import numpy as np
import pytest

from data_engines.tools.fonts import Face
from data_engines.tools.parts import (
    faces_of_part,
    families_left_out,
    is_left_out,
    key_of,
    lines_of_new_words,
    without_left_out,
)
from got_train.packages import matplotlib_fonts


def test_a_word_is_left_out_by_its_letters_alone() -> None:
    assert [key_of(word) for word in ("Don't!", "(HOUSE),", "--", "x2")] == ["don't", "house", "", "x2"]
    words = [f"word{number}" for number in range(4000)]
    assert sum(map(is_left_out, words)) == pytest.approx(200, abs=40)
    for word in filter(is_left_out, words):
        assert is_left_out(word.upper()) and is_left_out(f"({word}),") and is_left_out(f'"{word}!"')
    assert not any(map(is_left_out, ["", "a", "of", "12", "..."]))  # too short to be left out


def test_texts_of_training_lose_words_and_new_ones_have_no_others() -> None:
    words = [f"word{number}" for number in range(400)]
    lines = [" ".join(words[start : start + 10]) for start in range(0, 400, 10)]
    kept = [word for line in lines for word in without_left_out(line).split()]
    new = [
        word
        for line in lines_of_new_words([*lines, *lines], np.random.default_rng(0))
        for word in line.split()
    ]
    assert sorted(kept + new) == sorted(words)
    assert all(map(is_left_out, new)) and not any(map(is_left_out, kept))
    again = lines_of_new_words(lines, np.random.default_rng(1))
    assert sorted(" ".join(again).split()) == sorted(new) and " ".join(again).split() != new
    assert without_left_out(new[0]) == ""


def test_an_eighth_of_the_families_is_left_out() -> None:
    names = [f"Family {number}" for number in range(17)]
    left_out = families_left_out(names)
    assert len(left_out) == 3 and families_left_out(reversed(names)) == left_out
    assert len(families_left_out(names[:2])) == 1


def faces(*names: str) -> list[Face]:
    folder = Path(matplotlib_fonts())
    return [Face(str(folder / f"{name}.ttf"), 0, frozenset("abc")) for name in names]


def test_all_faces_of_a_family_go_together() -> None:
    found = faces("DejaVuSans", "DejaVuSans-Bold", "DejaVuSerif", "DejaVuSerif-Bold")
    lines = [["abc"] * 10]
    training, new = (faces_of_part(found, lines, part) for part in ("training", "new-fonts"))
    assert len(training) == len(new) == 2 and not set(training) & set(new)
    assert len({Path(face.path).stem.partition("-")[0] for face in new}) == 1
    assert faces_of_part(found, lines, "new-words") == training
    assert faces_of_part(found, lines, "all") == tuple(found)


def test_families_that_cannot_write_the_texts_do_not_count() -> None:
    others = [Face(face.path, 0, frozenset("xyz")) for face in faces("DejaVuSerif")]
    found = [*faces("DejaVuSans"), *others]
    with pytest.raises(ValueError, match="needs fonts of two families or more") as caught:
        faces_of_part(found, [["abc"] * 10], "new-fonts")
    assert "has fonts only of the family DejaVu Sans; give more fonts with --fonts" in str(caught.value)
    assert faces_of_part(found, [["abc"] * 10], "new-words") == tuple(found)
