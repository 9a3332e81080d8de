"""Coloured frames, by which questions refer to a text."""

from PIL import ImageDraw

from data_engines.engine import PixelBox
from got_train.prompts import Color

FRAME_GAP = 2
"""Pixels between the ink of a text and its frame."""
BOLD_FRAME_SIZE = 24
"""Height in pixels from which texts have frames of two pixels; smaller texts have one pixel."""
FRAME_RGB: dict[Color, tuple[int, int, int]] = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255)}


def draw_frame(canvas: ImageDraw.ImageDraw, box: PixelBox, color: Color, text_height: float) -> None:
    """Draws a frame round the ink in `box`; `text_height`, in pixels, decides how thick it is."""
    left, top, right, bottom = box
    thickness = 2 if text_height >= BOLD_FRAME_SIZE else 1
    reach = FRAME_GAP + thickness
    # Pillow's rectangles include their right and bottom pixels
    outline = (left - reach, top - reach, right + reach - 1, bottom + reach - 1)
    canvas.rectangle(outline, outline=FRAME_RGB[color], width=thickness)
