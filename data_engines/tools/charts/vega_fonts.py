"""Which fonts Vega finds by their names: it takes some other one without a word for those that it doesn't."""

import io
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from xml.sax.saxutils import quoteattr

import vl_convert
from PIL import Image

from data_engines.tools.charts.look import Typeface
from data_engines.tools.fonts import open_font

PROBE = "nm0123456789mn"
"""Characters that no font kerns, so that their width tells fonts apart."""
PROBE_SIZE = 40


def known(fonts: Iterable[Typeface]) -> tuple[Typeface, ...]:
    """Those that Vega draws when asked for their name and weight, not some other font in their stead."""
    return tuple(font for font in fonts if _is_known(font))


@cache
def register(folder: str) -> None:
    """Makes the fonts in a folder known to Vega, once in a process."""
    vl_convert.register_font_directory(folder)


def _is_known(font: Typeface) -> bool:
    path, number = font.file
    register(str(Path(path).parent))
    expected = open_font(path, number, PROBE_SIZE).getlength(PROBE)
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{2 * expected:.0f}" height="{2 * PROBE_SIZE}">'
        f'<text x="0" y="{PROBE_SIZE}" font-family={quoteattr(font.family)} font-weight="{font.weight}"'
        f' font-size="{PROBE_SIZE}px">{PROBE}</text></svg>'
    )
    with Image.open(io.BytesIO(vl_convert.svg_to_png(svg))) as png:
        box = png.getchannel("A").getbbox()
    left, _, right, _ = open_font(path, number, PROBE_SIZE).getbbox(PROBE)
    return box is not None and abs((box[2] - box[0]) - (right - left)) < 0.01 * expected
