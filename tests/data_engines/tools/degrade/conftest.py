"""Pages to degrade."""

from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from data_engines.tools.fonts import open_font

LINES = ["Nothing asked is hidden", "or cut away, and boxes", "move along with texts."]


@pytest.fixture
def page(font: Path) -> Image.Image:
    """A white page, grey, with a margin of 50 pixels and three lines of text from there."""
    picture = Image.new("L", (400, 320), 255)
    for number, text in enumerate(LINES):
        place = (50, 60 + 80 * number)
        ImageDraw.Draw(picture).text(place, text, 0, open_font(str(font), 0, 24))
    return picture
