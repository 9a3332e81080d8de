"""PDF files: their pages as pictures, and the pieces of text on them as a reader would type them."""

import atexit
import ctypes
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
from PIL import Image

from data_engines.engine import Reject
from data_engines.kinds.pdf.layout import RULE_THICKNESS, Text, paragraphs
from data_engines.tools.boxes import Box
from data_engines.tools.typed import as_typed

SCAN_SHARE = 0.75
"""Share of a page covered by images from which it is taken for a scan."""

_HYPHENS = dict.fromkeys([0x02, 0xAD, 0xFFFE], "-")
"""Marks of a hyphen at a line's end: a soft hyphen in files, U+0002 or U+FFFE where pdfium finds one."""


@lru_cache(maxsize=8)
def open_document(path: str) -> pdfium.PdfDocument:
    """A document of this process; few are kept open, as each holds on to its fonts and pictures."""
    try:
        return pdfium.PdfDocument(path)
    except pdfium.PdfiumError as error:
        locked = error.err_code in (pdfium_c.FPDF_ERR_PASSWORD, pdfium_c.FPDF_ERR_SECURITY)
        raise Reject("encrypted file" if locked else "corrupt file") from error


atexit.register(open_document.cache_clear)  # before pdfium itself is closed, which would complain


def page_size(path: str, number: int) -> tuple[float, float]:
    """Width and height of a page in points."""
    return open_document(path).get_page_size(number)


@lru_cache(maxsize=4)
def read_page(path: str, number: int) -> list[list[Text]]:
    """The lines of a page by paragraphs, in reading order.

    Raises:
        Reject: there is no text to read, or none that is more than a guess at a scan.
    """
    page = open_document(path)[number]
    try:
        if page.get_rotation():
            raise Reject("rotated page")
        left, bottom, right, top = page.get_bbox()
        sheet = Box(0, 0, right - left, top - bottom)
        if _image_area(page) > SCAN_SHARE * sheet.width * sheet.height:
            raise Reject("scanned page")
        textpage = page.get_textpage()
        try:
            pieces = _read_pieces(textpage, left, top, sheet)
        finally:
            textpage.close()
        rules = _read_rules(page, left, top)
    finally:
        page.close()
    if not pieces:
        raise Reject("no text")
    return paragraphs(pieces, rules)


def draw_page(path: str, number: int, scale: float, part: Box | None = None) -> Image.Image:
    """Draws a page, or a part of it, at `scale` pixels per point, without notes and form fields."""
    page = open_document(path)[number]
    try:
        crop = (0.0, 0.0, 0.0, 0.0)
        if part:
            width, height = page.get_size()
            crop = (part.left, height - part.bottom, width - part.right, part.top)
        bitmap = page.render(scale=scale, crop=crop, draw_annots=False, may_draw_forms=False)
        return bitmap.to_pil().convert("RGB")
    finally:
        page.close()


def _image_area(page: pdfium.PdfPage) -> float:
    area = 0.0
    for image in page.get_objects(filter=[pdfium_c.FPDF_PAGEOBJ_IMAGE]):
        left, bottom, right, top = image.get_bounds()
        area += (right - left) * (top - bottom)
    return area


def _read_rules(page: pdfium.PdfPage, left: float, top: float) -> list[Box]:
    """The level lines among what is drawn; `left` and `top` are the corner of the visible page."""
    # what is drawn within forms has other coordinates
    paths = page.get_objects(filter=[pdfium_c.FPDF_PAGEOBJ_PATH], max_depth=1)
    boxes = [
        Box(x - left, top - y, right - left, top - low)
        for x, low, right, y in (path.get_bounds() for path in paths)
    ]
    return [box for box in boxes if box.height < RULE_THICKNESS < box.width]


class _Characters(NamedTuple):
    """What is not white space on a page, in the order of the file."""

    positions: np.ndarray
    """In the file."""
    texts: list[str]
    """Each with the white space before it."""
    bodies: np.ndarray  # (characters, 4), as `Box`
    inks: np.ndarray  # (characters, 4), as `Box`


def _read_pieces(textpage: pdfium.PdfTextPage, left: float, top: float, sheet: Box) -> list[Text]:
    """Strings of characters that follow each other both in the file and on the page.

    `left` and `top` are the corner of the visible page, `sheet` its extent from there.
    """
    positions, texts, bodies, inks = _read_characters(textpage, left, top)
    seen = (
        (bodies[:, 0] < sheet.right) & (bodies[:, 2] > 0) & (bodies[:, 1] < sheet.bottom) & (bodies[:, 3] > 0)
    )
    breaks = _breaks(texts, bodies) | np.diff(seen, prepend=True)
    pieces = []
    for some in np.split(np.arange(len(texts)), np.flatnonzero(breaks)):
        if len(some) and seen[some[0]]:
            text = "".join(texts[some[0] : some[-1] + 1])
            # pdfium gives characters beyond U+FFFF as two halves
            text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").translate(_HYPHENS)
            text = as_typed(text)
            if text:
                fault = _find_fault(textpage, positions[some], text)
                letters = tuple((left, right) for left, _, right, _ in inks[some].tolist() if left < right)
                pieces.append(Text(text, _around(bodies[some]), _around(inks[some]), letters, fault))
    return pieces


def _read_characters(textpage: pdfium.PdfTextPage, left: float, top: float) -> _Characters:
    # this loop takes most of the time of a slice: plain numbers and the raw handle halve it
    page, before = textpage.raw, ""
    body, ink = pdfium_c.FS_RECTF(), [ctypes.c_double() for _ in range(4)]
    ink_left, ink_right, ink_bottom, ink_top = ink
    positions, texts, boxes = [], [], []
    for position in range(textpage.count_chars()):
        text = chr(pdfium_c.FPDFText_GetUnicode(page, position))
        if text.isspace():
            before = "\n" if text in "\r\n" else before or " "
            continue
        pdfium_c.FPDFText_GetLooseCharBox(page, position, body)
        pdfium_c.FPDFText_GetCharBox(page, position, *ink)
        positions.append(position)
        texts.append(before + text)
        boxes.append((body.left, body.top, body.right, body.bottom))
        boxes.append((ink_left.value, ink_top.value, ink_right.value, ink_bottom.value))
        before = ""
    # from the file's upward axis to one that points down from the corner of the page
    both = (np.array(boxes).reshape(-1, 2, 4) - (left, top, left, top)) * (1, -1, 1, -1)
    bodies, inks = both[:, 0], both[:, 1]
    # fonts drawn by procedures may not say how high they are
    bodies = np.where(bodies[:, 3:] > bodies[:, 1:2], bodies, inks)
    return _Characters(np.array(positions, dtype=int), texts, bodies, inks)


def _breaks(texts: Sequence[str], bodies: np.ndarray) -> np.ndarray:
    """Whether a character stands elsewhere than the one before: on another line, further back, far ahead."""
    breaks = np.array([text[0] == "\n" for text in texts], dtype=bool)
    before, after = bodies[:-1], bodies[1:]
    heights = bodies[:, 3] - bodies[:, 1]
    lower, higher = np.minimum(heights[:-1], heights[1:]), np.maximum(heights[:-1], heights[1:])
    overlap = np.minimum(before[:, 3], after[:, 3]) - np.maximum(before[:, 1], after[:, 1])
    # the letters of a ligature share one box: only a step back from its left side leads elsewhere
    back, gap = before[:, 0] - after[:, 0], after[:, 0] - before[:, 2]
    breaks[1:] |= (overlap < 0.5 * lower) | (back > 0.5 * higher) | (gap > higher)
    return breaks


def _around(boxes: np.ndarray) -> Box:
    (left, top), (right, bottom) = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
    return Box(float(left), float(top), float(right), float(bottom))


def _find_fault(textpage: pdfium.PdfTextPage, positions: np.ndarray, text: str) -> str | None:
    page, first = textpage.raw, int(positions[0])
    matrix = pdfium_c.FS_MATRIX()
    pdfium_c.FPDFText_GetMatrix(page, first, matrix)
    # the upward axis may lean, as it does in fonts that are slanted for want of an italic
    if not (matrix.a > 0 < matrix.d and abs(matrix.b) <= 0.02 * matrix.a and abs(matrix.c) <= 0.5 * matrix.d):
        return "rotated or mirrored text"
    drawn_as = pdfium_c.FPDFTextObj_GetTextRenderMode(pdfium_c.FPDFText_GetTextObject(page, first))
    if drawn_as == pdfium_c.FPDF_TEXTRENDERMODE_INVISIBLE:
        return "invisible text"
    if any(pdfium_c.FPDFText_HasUnicodeMapError(page, position) == 1 for position in positions.tolist()):
        return "unmapped glyphs"
    # neither control and private-use characters nor those that Unicode doesn't have can be printed
    if not text.isprintable() or "\ufffd" in text:
        return "unmapped glyphs"
    if not text.isascii() and any(unicodedata.bidirectional(character) in ("R", "AL") for character in text):
        return "text from right to left"
    return None
