"""Degraded drawings: what moves, what must stay, and what chance decides."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageChops, ImageDraw

from data_engines.engine import Answer, Drawing, PixelBox, Region
from data_engines.tools.degrade import families
from data_engines.tools.degrade.families import degrade
from data_engines.tools.degrade.legibility import legible
from got_train.prompts import Task

BOXES: list[PixelBox] = [(45, 55, 380, 95), (45, 135, 380, 175), (45, 215, 380, 255)]
"""Round the lines of the page."""


@pytest.fixture
def drawing(page: Image.Image) -> Drawing:
    """A page of three texts, the second of which is asked about."""
    return Drawing(
        pictures=(page.convert("RGB"),),
        answers=(Answer(Task(), "all"), Answer(Task(), "second", box=BOXES[1])),
        regions=tuple(Region(box, f"text {i}") for i, box in enumerate(BOXES)),
    )


def degraded(drawing: Drawing, strength: float, seed: int) -> Drawing:
    return degrade(drawing, strength, np.random.default_rng(seed))


def test_strength_0_is_the_very_drawing(drawing: Drawing) -> None:
    rng = np.random.default_rng(0)
    assert degrade(drawing, 0, rng) is drawing
    assert rng.bit_generator.state == np.random.default_rng(0).bit_generator.state


def test_the_result_depends_on_drawing_strength_and_chance_alone(drawing: Drawing) -> None:
    for seed in range(6):
        assert degraded(drawing, 0.7, seed) == degraded(drawing, 0.7, seed)
    assert len({degraded(drawing, 0.7, seed).pictures[0].tobytes() for seed in range(8)}) == 8


def test_boxes_move_with_their_ink(drawing: Drawing) -> None:
    moved = 0
    for seed in range(24):
        result = degraded(drawing, 1.0, seed)
        assert [region.text for region in result.regions] == ["text 0", "text 1", "text 2"]
        assert result.answers == (
            Answer(Task(), "all"),
            replace(drawing.answers[1], box=result.regions[1].box),
        )
        moved += result.regions != drawing.regions
        width, height = result.pictures[0].size
        levels = np.asarray(result.pictures[0].convert("L"), dtype=float)
        for region in result.regions:
            left, top, right, bottom = (round(side) for side in region.box)
            assert 0 <= left < right <= width and 0 <= top < bottom <= height
            # ink varies more along a text than the paper between the texts does
            inside = levels[top:bottom, left:right]
            between = levels[bottom + 5 : bottom + 25, left:right]
            assert inside.std() > 1.2 * between.std()
    assert 12 < moved < 24


def test_all_families_are_drawn_and_most_pictures_get_little(
    drawing: Drawing, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = Counter[str]()
    for name in ("_scan", "_photograph", "_screen", "_fax"):
        monkeypatch.setattr(
            families, name, lambda picture, *rest, name=name: (drawn.update([name]), (picture, None))[1]
        )
    for seed in range(400):
        degraded(drawing, 0.5, seed)
    assert 0.6 < drawn["_scan"] / 400 < 0.8
    assert drawn["_photograph"] > drawn["_screen"] + drawn["_fax"] > 20
    severities = np.array([0.2 + 0.8 * np.random.default_rng(seed).beta(1, 2) for seed in range(400)])
    assert np.median(severities) < 0.5 < (severities > 0.5).mean() + 0.2


def test_only_the_families_that_are_asked_for_are_drawn(drawing: Drawing) -> None:
    def chosen(asked: tuple[families.Family, ...], copied: bool) -> Counter[families.Family | None]:
        rng = np.random.default_rng(0)
        return Counter(families._choose_family(rng, 0.5, asked, copied) for _ in range(1000))

    assert chosen(("fax",), True) == {"fax": 1000} and chosen(("fax",), False) == {None: 1000}
    some = chosen(("photograph", "screen"), True)
    # 0.55 and 0.2 of what is no scan
    assert set(some) == {"photograph", "screen"} and 690 < some["photograph"] < 780
    assert set(chosen(families.FAMILIES, False)) == {"scan", "photograph", "screen"}
    seals = replace(drawing, regions=())
    assert degrade(seals, 1.0, np.random.default_rng(0), ("fax",)).pictures[0] == seals.pictures[0]


def test_what_is_illegible_is_drawn_again_weaker_or_left(
    drawing: Drawing, monkeypatch: pytest.MonkeyPatch
) -> None:
    strengths = []

    def choose(picture: Image.Image, strength: float, *rest: object) -> families.Seen:
        strengths.append(strength)
        return Image.new("L", picture.size, 255 if strength > limit else 254), None

    monkeypatch.setattr(families, "_draw_family", choose)
    monkeypatch.setattr(families, "legible", lambda before, after, move: after.getpixel((0, 0)) == 254)
    limit = 0.2
    assert degraded(drawing, 0.8, 0).pictures[0].getpixel((0, 0)) == (254, 254, 254)
    assert strengths == pytest.approx([0.8, 0.2])
    limit = 0.0
    assert degraded(drawing, 0.8, 0) == drawing
    assert strengths[2:] == pytest.approx([0.8, 0.2, 0.05])


def test_every_text_is_legible(drawing: Drawing) -> None:
    # where no move is, the check can be asked again from outside
    for seed in range(30):
        result = degraded(drawing, 1.0, seed)
        if result.regions == drawing.regions:
            assert legible(drawing.pictures[0], result.pictures[0], None)


def test_marks_and_copies_are_for_texts_alone(drawing: Drawing, monkeypatch: pytest.MonkeyPatch) -> None:
    marked = Counter[bool]()

    def choose(picture: Image.Image, strength: float, only_texts: bool, *rest: object) -> families.Seen:
        marked[only_texts] += 1
        return picture, None

    monkeypatch.setattr(families, "_draw_family", choose)
    by_color = Answer(Task(color="red"), "x")
    for given, expected in (
        (drawing, True),
        (replace(drawing, regions=()), False),
        (replace(drawing, photograph=True), False),
        (replace(drawing, answers=(by_color,)), False),
    ):
        marked.clear()
        degraded(given, 1.0, 0)
        assert marked == {expected: 1}
    assert families._marks(False) == [families.bleed_through]


def test_copies_are_of_grey_texts_alone(page: Image.Image, monkeypatch: pytest.MonkeyPatch) -> None:
    copied = []
    monkeypatch.setattr(
        families, "_fax", lambda picture, dice: (copied.append(picture.mode), (picture, None))[1]
    )
    for picture, only_texts in ((page, False), (page.convert("RGB"), True)):
        for seed in range(30):
            families._draw_family(picture, 1.0, only_texts, np.random.default_rng(seed), families.FAMILIES)
        assert copied == []
    for seed in range(30):
        families._draw_family(page, 1.0, True, np.random.default_rng(seed), families.FAMILIES)
    assert set(copied) == {"L"}


def test_effects_are_more_and_stronger_the_higher_the_strength(drawing: Drawing) -> None:
    picture = drawing.pictures[0]
    untouched, amounts = [], []
    for strength in (0.1, 0.4, 1.0):
        results = [degraded(drawing, strength, seed).pictures[0] for seed in range(40)]
        likes = [result for result in results if result.size == picture.size]
        differences = [np.asarray(ImageChops.difference(like, picture)).mean() for like in likes]
        untouched.append(sum(difference == 0 for difference in differences))
        amounts.append(np.mean(differences))
    assert untouched[0] > 10 > untouched[1] > untouched[2]
    assert amounts[0] < amounts[1] / 1.5 < amounts[2] / 2.5


def test_every_picture_has_its_own_chance(drawing: Drawing) -> None:
    several = replace(drawing, pictures=drawing.pictures * 3, regions=(), answers=drawing.answers[:1])
    result = degraded(several, 0.8, 3)
    assert len({picture.tobytes() for picture in result.pictures}) == 3
    assert {picture.mode for picture in result.pictures} == {"RGB"}
    assert [answer.text for answer in result.answers] == ["all"]


def test_colours_of_frames_stay_what_they_are() -> None:
    picture = Image.new("RGB", (160, 120), "white")
    ImageDraw.Draw(picture).rectangle((30, 30, 129, 89), outline=(255, 0, 0), width=10)
    given = Drawing((picture,), (Answer(Task(color="red"), "x", box=(60, 30, 100, 40)),))
    for seed in range(30):
        result = degraded(given, 1.0, seed)
        left, top, right, bottom = (round(side) for side in result.answers[0].box or ())
        middle = np.asarray(result.pictures[0], dtype=int)[(top + bottom) // 2, left + 5 : right - 5]
        red, green, blue = middle.mean(axis=0)
        assert red - max(green, blue) > 45
