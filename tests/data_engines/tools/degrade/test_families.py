"""Degraded drawings: what moves, what must stay, and what chance decides."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageChops, ImageDraw

from data_engines.engine import Answer, Drawing, PixelBox, Region
from data_engines.tools import degrade as degrading
from data_engines.tools.degrade import degrade
from data_engines.tools.fonts import open_font
from got_train.prompts import Task

BOXES: list[PixelBox] = [(20, 15, 180, 40), (60, 70, 90, 130), (150, 110, 195, 148)]


def drawing(num_pictures: int = 1) -> Drawing:
    """Black rectangles on white, each a region; the second one is asked about."""
    picture = Image.new("RGB", (200, 150), "white")
    for left, top, right, bottom in BOXES:
        ImageDraw.Draw(picture).rectangle((left, top, right - 1, bottom - 1), "black")
    return Drawing(
        pictures=(picture,) * num_pictures,
        answers=(Answer(Task(), "all"), Answer(Task(), "second", box=BOXES[1])),
        regions=tuple(Region(box, f"text {i}") for i, box in enumerate(BOXES)),
    )


def degraded(strength: float, seed: int, given: Drawing | None = None) -> Drawing:
    return degrade(given or drawing(), strength, np.random.default_rng(seed))


def is_turned(result: Drawing) -> bool:
    return result.pictures[0].size != (200, 150)


def test_strength_0_is_the_very_drawing() -> None:
    given = drawing()
    rng = np.random.default_rng(0)
    assert degrade(given, 0, rng) is given
    assert rng.bit_generator.state == np.random.default_rng(0).bit_generator.state


def test_the_result_depends_on_drawing_strength_and_chance_alone() -> None:
    for seed in range(8):
        assert degraded(0.7, seed) == degraded(0.7, seed)
    assert len({degraded(0.7, seed).pictures[0].tobytes() for seed in range(8)}) == 8


def test_boxes_move_with_their_ink() -> None:
    turned = 0
    for seed in range(40):
        result = degraded(1.0, seed)
        if not is_turned(result):
            assert result.regions == drawing().regions
            continue
        turned += 1
        assert [region.text for region in result.regions] == ["text 0", "text 1", "text 2"]
        assert result.answers[0].box is None
        assert result.answers[1] == Answer(Task(), "second", box=result.regions[1].box)
        # the turn alone, so that no blur or shadow hides where the ink ends
        rng = np.random.default_rng(seed)
        rng.random()
        move = degrading._choose_move(rng, (200, 150), 1.0)
        dark = np.asarray(move.picture(drawing().pictures[0], (255, 255, 255)).convert("L")) < 128
        for region, box in zip(result.regions, BOXES, strict=True):
            assert region.box == move.box(box)
            left, top, right, bottom = (round(side) for side in region.box)
            rows, columns = np.nonzero(dark[top - 1 : bottom + 1, left - 1 : right + 1])
            found = columns.min() - 1, rows.min() - 1, columns.max(), rows.max()
            assert np.abs(np.subtract(found, (0, 0, right - left, bottom - top))).max() <= 2
            dark[top - 1 : bottom + 1, left - 1 : right + 1] = False
        assert not dark.any()
    assert 20 < turned < 40


def test_nothing_is_lost_at_the_borders() -> None:
    # a frame along the very edge: all of it must still be there, on paper all round
    picture = Image.new("RGB", (160, 120), "white")
    ImageDraw.Draw(picture).rectangle((0, 0, 159, 119), outline="black", width=4)
    area = 160 * 120 - 152 * 112
    for seed in range(60):
        rng = np.random.default_rng(seed)
        move = degrading._choose_move(rng, picture.size, 1.0)
        turned = move.picture(picture, (255, 255, 255))
        missing_light = 255 * turned.width * turned.height - int(np.asarray(turned.convert("L")).sum())
        # half a pixel of the frame's outer edge, where it blends with nothing, may be gained or lost
        assert abs(missing_light / 255 - area) < 0.5 * 2 * (160 + 120)
        assert min(move.box((0, 0, 160, 120))) >= 0
        right, bottom = move.box((0, 0, 160, 120))[2:]
        assert right <= turned.width and bottom <= turned.height


def test_text_is_still_darker_than_its_paper_everywhere() -> None:
    for seed in range(60):
        result = degraded(1.0, seed)
        levels = np.asarray(result.pictures[0].convert("L"), dtype=float)
        for region in result.regions:
            left, top, right, bottom = (round(side) for side in region.box)
            middle = levels[(top + bottom) // 2 - 3 :, (left + right) // 2 - 3 :][:6, :6].mean()
            around = np.concatenate([levels[top - 8 : top - 3, left:right].ravel()])
            assert around.mean() - middle > 50


def test_the_paper_goes_on_where_a_turn_uncovers_it() -> None:
    given = Drawing((Image.new("RGB", (200, 150), (180, 200, 190)),), (Answer(Task(), "x"),))
    move = degrading._choose_move(np.random.default_rng(0), (200, 150), 1.0)
    turned = move.picture(given.pictures[0], degrading._paper_color(given.pictures[0]))
    assert turned.size > (200, 150)
    assert turned.getcolors() == [(turned.width * turned.height, (180, 200, 190))]


def test_effects_are_more_and_stronger_the_higher_the_strength(font: Path) -> None:
    picture = Image.new("RGB", (300, 60), "white")
    ImageDraw.Draw(picture).text((10, 10), "some text of a page", "black", open_font(str(font), 0, 24))
    given = Drawing((picture,), (Answer(Task(), "x"),))
    changes = []
    for strength in (0.2, 0.5, 1.0):
        results = [degraded(strength, seed, given).pictures[0] for seed in range(60)]
        likes = [result for result in results if result.size == picture.size]
        differences = [np.asarray(ImageChops.difference(like, picture)).mean() for like in likes]
        changes.append((sum(difference == 0 for difference in differences), np.mean(differences)))
    untouched, amounts = zip(*changes, strict=True)
    assert untouched[0] > 10 > untouched[1] >= untouched[2] == 0
    assert amounts[0] < amounts[1] / 1.5 < amounts[2] / 2.5


def test_every_picture_has_its_own_chance() -> None:
    result = degraded(0.8, 3, drawing(num_pictures=3))
    assert len({picture.tobytes() for picture in result.pictures}) == 3
    assert {picture.mode for picture in result.pictures} == {"RGB"}
    assert [answer.text for answer in result.answers] == ["all", "second"]


def test_colours_of_frames_stay_what_they_are() -> None:
    picture = Image.new("RGB", (120, 90), "white")
    ImageDraw.Draw(picture).rectangle((20, 20, 99, 69), outline=(255, 0, 0), width=10)
    for seed in range(40):
        result = degraded(1.0, seed, Drawing((picture,), (Answer(Task(color="red"), "x"),))).pictures[0]
        middle = result.width // 2
        rows = np.asarray(result, dtype=int)[:, middle - 5 : middle + 5].mean(axis=1)
        red, green, blue = rows[rows[:, 1].argmin()]
        assert red - max(green, blue) > 50
