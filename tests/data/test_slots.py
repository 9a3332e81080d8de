"""Where the characters of regions stand on image tokens."""

from typing import Any

import numpy as np
import pytest

from got_train.data.errors import RowError
from got_train.data.records import parse_row
from got_train.data.slots import Region, place_characters
from got_train.vocabulary import BLANK, SLOTS, TileShape

TILE = TileShape(image_size=64, patch_size=8)  # 2 x 2 tokens, so 12 slots a row


def placed(*regions: Region, answer: str | None = None, size: tuple[int, int] = (64, 64)) -> list[str] | None:
    """The rows of slots as texts, with a dot for an empty slot."""
    said = "".join(region.text for region in regions) if answer is None else answer
    slots = place_characters(regions, said, size, TILE)
    if slots is None:
        return None
    assert slots.shape == (2, 2 * SLOTS) and slots.dtype == np.int16
    letters = {BLANK: "."}
    return ["".join(letters.get(value) or bytes([value]).decode("latin-1") for value in row) for row in slots]


def test_characters_stand_where_their_box_says() -> None:
    # a slot is 64 / 12 pixels wide, and a digit as wide as any other
    assert placed(Region("123", (0, 4, 16, 20))) == ["123.........", "............"]
    assert placed(Region("123", (32, 40, 64, 56))) == ["............", ".......1.2.3"]
    # in a picture of twice the size, with twice the box, it is the same
    assert placed(Region("123", (64, 80, 128, 112)), size=(128, 128)) == ["............", ".......1.2.3"]


def test_narrow_letters_take_less_room() -> None:
    assert placed(Region("WiI", (0, 0, 64, 20))) == ["...W....i.I.", "............"]


def test_texts_of_a_row_stand_from_left_to_right_in_any_order_of_regions() -> None:
    right, left = Region("b", (40, 0, 50, 20)), Region("a", (10, 0, 20, 20))
    assert placed(right, left) == ["..a.....b...", "............"]
    assert placed(left, right, answer="a\nb") == ["..a.....b...", "............"]


def test_crowded_characters_move_on_and_equal_ones_keep_a_slot_between() -> None:
    assert placed(Region("abcdef", (0, 0, 10, 20))) == ["abcdef......", "............"]
    assert placed(Region("abcdef", (54, 0, 64, 20))) == ["......abcdef", "............"]
    assert placed(Region("aab", (0, 0, 8, 20))) == ["a.ab........", "............"]
    assert placed(Region("aaaaaa", (30, 0, 64, 20))) == [".a.a.a.a.a.a", "............"]


def test_letters_of_several_bytes_take_a_slot_for_each() -> None:
    assert placed(Region("é1", (0, 0, 20, 20))) == ["Ã©1.........", "............"]


def test_no_slots_where_they_would_not_say_the_answer() -> None:
    line = Region("123", (0, 4, 16, 20))
    assert placed(line, answer="1 2\n3") is not None  # spaces do not count
    for regions, answer in (
        ((line,), "1234"),  # the picture has more
        ((Region("abcdefghijklm", (0, 0, 64, 20)),), None),  # too many for a row
        ((Region("aaaaaaa", (0, 0, 64, 20)),), None),
        ((Region("1\n2", (0, 0, 16, 20)),), None),  # two lines in one box
        ((Region("1", (0, -20, 16, 64)),), None),  # higher than two rows of tokens
    ):
        assert placed(*regions, answer=answer) is None


def row(regions: Any) -> dict[str, Any]:
    return {"query": "<image>OCR: ", "response": "1", "images": ["a.png"], "regions": regions}


def test_regions_are_read_where_they_are_asked_for() -> None:
    given = [{"text": "1", "box": [0, 1, 2.5, 3], "color": "red"}]
    assert parse_row(row(given), "a:1", with_regions=True).regions == (Region("1", (0, 1, 2.5, 3)),)
    assert parse_row(row("anything"), "a:1").regions == ()
    assert parse_row(row(None), "a:1", with_regions=True).regions == ()


@pytest.mark.parametrize(
    ("regions", "detail"),
    [
        ({}, "regions is a list, not dict"),
        (["a"], "not 'a'"),
        ([{"text": "1"}], "not {'text': '1'}"),
        ([{"text": "1", "box": [0, 1, 2]}], "not {'text': '1', 'box': [0, 1, 2]}"),
        ([{"text": 1, "box": [0, 1, 2, 3]}], "not {'text': 1, 'box': [0, 1, 2, 3]}"),
        ([{"text": "1", "box": [0, 1, 2, float("nan")]}], "not {'text': '1', 'box': [0, 1, 2, nan]}"),
        ([{"text": "1", "box": [0, 1, 2, True]}], "not {'text': '1', 'box': [0, 1, 2, True]}"),
    ],
)
def test_regions_that_cannot_be_read_are_named(regions: Any, detail: str) -> None:
    with pytest.raises(RowError, match="a:1: wrong type: ") as caught:
        parse_row(row(regions), "a:1", with_regions=True)
    assert str(caught.value).endswith(detail)
