"""What can still be read, and what cannot."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from data_engines.tools.degrade.legibility import compare, legible
from data_engines.tools.degrade.moves import choose_photograph, choose_turn
from data_engines.tools.fonts import open_font


def test_a_page_is_like_itself(page: Image.Image) -> None:
    ink, contrast, likeness = compare(page, page, None)
    assert ink.shape == contrast.shape == likeness.shape == (27, 34)
    assert 80 < ink.sum() < 27 * 34 / 2
    assert np.allclose(contrast[ink], 1) and np.allclose(likeness[ink], 1)
    assert legible(page, page.convert("RGB"), None)


def test_a_moved_page_is_like_itself_where_its_points_are_seen(page: Image.Image) -> None:
    for choose in (choose_turn, choose_photograph):
        move = choose(np.random.default_rng(1), page.size, 1.0)
        moved = move.picture(page)
        assert legible(page, moved, move)
        # and nowhere else
        assert not legible(page, ImageChops.offset(moved, 12, 0), move)


def test_a_dense_page_is_read_where_its_points_lie_between_pixels(font: Path) -> None:
    # one tile of many whose level is taken half a pixel away is enough to reject a page
    page = Image.new("L", (600, 500), 255)
    face = open_font(str(font), 0, 16)
    for y in range(20, 480, 22):
        ImageDraw.Draw(page).text((30, y), "small letters of thin lines fill most of a page", 0, face)
    for seed in range(8):
        move = choose_photograph(np.random.default_rng(seed), page.size, 0.4)
        assert legible(page, move.picture(page).filter(ImageFilter.BoxBlur(0.8)), move)


def test_a_hidden_word_is_found(page: Image.Image) -> None:
    covered = page.copy()
    ImageDraw.Draw(covered).rectangle((50, 60, 110, 90), 255)
    assert not legible(page, covered, None)
    crossed = page.copy()
    ImageDraw.Draw(crossed).rectangle((50, 60, 110, 90), 0)
    assert not legible(page, crossed, None)


def test_text_below_a_mark_is_read_in_the_light_of_its_colour(page: Image.Image) -> None:
    barred = page.convert("RGB")
    canvas = ImageDraw.Draw(barred)
    for x in range(50, 400, 12):
        canvas.line((x, 0, x, 320), (255, 0, 0), 4)
    barred = ImageChops.darker(barred, page.convert("RGB"))
    assert legible(page, barred, None)
    assert not legible(page, barred.convert("L").point(lambda level: level * 0.7), None)


def test_a_character_of_its_own_is_not_overlooked() -> None:
    dot = Image.new("L", (240, 240), 255)
    ImageDraw.Draw(dot).rectangle((150, 90, 156, 96), 0)
    assert not legible(dot, Image.new("L", dot.size, 255), None)


def test_faded_blurred_and_noisy_ink_is_lost_at_some_point(page: Image.Image) -> None:
    white = Image.new("L", page.size, 255)
    rng = np.random.default_rng(0)
    noise = Image.fromarray(rng.integers(0, 256, (page.height, page.width), dtype=np.uint8))
    changed = {
        "fade": lambda share: Image.blend(page, white, share),
        "blur": lambda share: page.filter(ImageFilter.BoxBlur(12 * share)),
        "noise": lambda share: Image.blend(page, noise, share),
    }
    for change in changed.values():
        assert legible(page, change(0.1), None) and not legible(page, change(0.9), None)


def test_an_empty_page_is_legible() -> None:
    empty = Image.new("L", (100, 100), 230)
    assert legible(empty, Image.new("RGB", (100, 100), "black"), None)
