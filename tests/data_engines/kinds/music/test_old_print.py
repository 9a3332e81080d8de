"""Old prints: the ink spreads and the staves bend, and everything can still be read."""

import numpy as np
from PIL import Image, ImageDraw

from data_engines.kinds.music.old_print import bend, choose_old_print, is_clear, press

LOOKS = [choose_old_print(np.random.default_rng(seed)) for seed in range(12)]


def staff() -> Image.Image:
    """Five lines of a staff of 28 pixels, a half note and a quarter."""
    page = Image.new("L", (220, 90), 255)
    draw = ImageDraw.Draw(page)
    for y in range(30, 65, 7):
        draw.line([(10, y), (210, y)], fill=0)
    draw.ellipse((60, 41, 69, 48), outline=0, width=2)
    draw.ellipse((120, 41, 129, 48), fill=0)
    return page


def test_a_print_has_more_ink_than_its_page_and_is_clear() -> None:
    page = staff()
    changed = 0
    for look in LOOKS:
        printed = press(page, look)
        assert is_clear(page, printed)
        changed += np.asarray(printed, dtype=float).mean() < np.asarray(page, dtype=float).mean()
    assert changed >= 10


def test_a_filled_half_note_and_a_lost_line_are_not_clear() -> None:
    page = staff()
    filled, lost = page.copy(), page.copy()
    ImageDraw.Draw(filled).ellipse((60, 41, 69, 48), fill=0)
    ImageDraw.Draw(lost).line([(100, 58), (112, 58)], fill=255)
    assert is_clear(page, page)
    assert not is_clear(page, filled)
    assert not is_clear(page, lost)


def test_lines_bend_by_no_more_than_the_sag_and_nothing_is_cut_off() -> None:
    page = staff()
    for look in LOOKS:
        dark = np.argwhere(np.asarray(bend(page, look)) < 128)
        assert abs(dark[:, 0].min() - 30) <= look.sag + 1
        assert abs(dark[:, 0].max() - 58) <= look.sag + 1


def test_the_same_look_makes_the_same_print() -> None:
    assert press(staff(), LOOKS[0]).tobytes() == press(staff(), LOOKS[0]).tobytes()
    assert press(staff(), LOOKS[0]).tobytes() != press(staff(), LOOKS[1]).tobytes()
