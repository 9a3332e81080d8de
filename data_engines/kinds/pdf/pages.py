"""PDF files: their pages as pictures, and the pieces of text on them as a reader would type them.

Engines call what is in `reading`, which runs this in a process with limits.
"""

import atexit
import ctypes
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import lru_cache, partial

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
from PIL import Image

from data_engines.engine import LeftOut, Reject
from data_engines.kinds.pdf.formulas import with_formulas
from data_engines.kinds.pdf.layout import OVERPRINT, UNCLEAR_WORDS, paragraphs
from data_engines.kinds.pdf.rules import FOUND_SPACE, Characters, struck_out, with_underscores
from data_engines.kinds.pdf.spacing import part_words
from data_engines.kinds.pdf.texts import RULE_THICKNESS, Text
from data_engines.kinds.pdf.typefaces import find_typeface_fault, font_names, font_size, odd_fonts, sign_fonts
from data_engines.tools.boxes import Box
from data_engines.tools.typed import as_typed

SCAN_SHARE = 0.75
"""Share of a page covered by images from which it is taken for a scan."""

MAX_UNDERSCORE = 20.0
"""Width of an underscore in points, at most."""
MAX_OVERPRINT = 0.7
"""Share of the narrower of a letter and a mark beside it that may stand over or under the other."""
MAX_TWICE = 0.4
"""The same for a letter and the same letter, where no kerning brings them as near."""
SOFT_HYPHEN = "\u00ad"
_HYPHENS = dict.fromkeys([0x02, 0xAD, 0x2010, 0x2011, 0xFFFE], "-")
"""Hyphens as they are typed; U+0002 or U+FFFE is what pdfium has for one at a line's end."""


@lru_cache(maxsize=8)
def open_document(path: str) -> pdfium.PdfDocument:
    """A document of this process; few are kept open, as each holds on to its fonts and pictures."""
    try:
        return pdfium.PdfDocument(path)
    except pdfium.PdfiumError as error:
        locked = error.err_code in (pdfium_c.FPDF_ERR_PASSWORD, pdfium_c.FPDF_ERR_SECURITY)
        raise Reject("encrypted file" if locked else "corrupt file") from error


atexit.register(open_document.cache_clear)  # before pdfium itself is closed, which would complain


def count_pages(path: str) -> int:
    """The number of pages of a file."""
    return len(open_document(path))


def page_size(path: str, number: int) -> tuple[float, float]:
    """Width and height of a page in points."""
    return open_document(path).get_page_size(number)


def read_page(path: str, number: int) -> list[list[Text]]:
    """The lines of a page by paragraphs, in reading order.

    Raises:
        LeftOut: there is no text to read, or none that is more than a guess at a scan.
    """
    with closing(open_document(path)[number]) as page:
        if page.get_rotation():
            raise LeftOut("rotated page")
        left, bottom, right, top = page.get_bbox()
        sheet = Box(0, 0, right - left, top - bottom)
        images = _find_images(page, left, top)
        if sum(image.width * image.height for image in images) > SCAN_SHARE * sheet.width * sheet.height:
            raise LeftOut("scanned page")
        rules = [rule for _, rule in _find_rules(page, left, top)]
        with closing(page.get_textpage()) as textpage:
            pieces = _read_pieces(textpage, left, top, sheet, rules)
    if not pieces:
        raise LeftOut("no text")
    return paragraphs(with_formulas(pieces, rules), rules)


def draw_page(
    path: str, number: int, scale: float, part: Box | None = None
) -> tuple[Image.Image, Image.Image]:
    """Draws a page, or a part of it, at `scale` pixels per point, without notes and form fields.

    The second picture is the same in grey without any text: where both are alike, no letter is seen.
    """
    with closing(open_document(path)[number]) as page:
        width, height = page.get_size()
        shown = part or Box(0, 0, width, height)
        crop = (shown.left, height - shown.bottom, width - shown.right, shown.top)
        render = partial(page.render, scale=scale, crop=crop, draw_annots=False, may_draw_forms=False)
        # a copy: the picture would share the memory of the bitmap, which pdfium frees
        whole = render().to_pil().convert("RGB")
        for drawn in page.get_objects(filter=[pdfium_c.FPDF_PAGEOBJ_TEXT]):
            pdfium_c.FPDFTextObj_SetTextRenderMode(drawn.raw, pdfium_c.FPDF_TEXTRENDERMODE_INVISIBLE)
        # underscores are letters, too
        for found, rule in _find_rules(page, 0, 0):
            if rule.width <= MAX_UNDERSCORE:
                pdfium_c.FPDFPath_SetDrawMode(found.raw, pdfium_c.FPDF_FILLMODE_NONE, False)
        return whole, render().to_pil().convert("RGB").convert("L")


def image_boxes(path: str, number: int) -> list[Box]:
    """Where images are on a page."""
    with closing(open_document(path)[number]) as page:
        left, _, _, top = page.get_bbox()
        return _find_images(page, left, top)


def _find_images(page: pdfium.PdfPage, left: float, top: float) -> list[Box]:
    """The images of a page; `left` and `top` are the corner of the visible page."""
    return [box for _, box in _find_objects(page, pdfium_c.FPDF_PAGEOBJ_IMAGE, left, top)]


def _find_rules(page: pdfium.PdfPage, left: float, top: float) -> list[tuple[pdfium.PdfObject, Box]]:
    """The level lines among what is drawn; `left` and `top` are the corner of the visible page."""
    paths = _find_objects(page, pdfium_c.FPDF_PAGEOBJ_PATH, left, top)
    return [(path, box) for path, box in paths if box.height < RULE_THICKNESS < box.width]


def _find_objects(
    page: pdfium.PdfPage, kind: int, left: float, top: float
) -> Iterator[tuple[pdfium.PdfObject, Box]]:
    """The objects of a kind, those in forms too; `left` and `top` are the corner of the visible page."""
    for found in page.get_objects(filter=[kind]):
        x, low, right, y = found.get_bounds()
        corners, form = [(x, low), (x, y), (right, low), (right, y)], found.container
        while form:
            matrix, form = form.get_matrix(), form.container
            corners = [matrix.on_point(*corner) for corner in corners]
        across, up = zip(*corners, strict=True)
        yield found, Box(min(across) - left, top - max(up), max(across) - left, top - min(up))


def _read_pieces(
    textpage: pdfium.PdfTextPage, left: float, top: float, sheet: Box, rules: Sequence[Box]
) -> list[Text]:
    """Strings of characters that follow each other both in the file and on the page.

    Args:
        textpage: the characters of the page.
        left: of the visible page's corner, as all numbers in points.
        top: of the same.
        sheet: extent of the visible page from there.
        rules: level lines on the page, some of which are underscores.
    """
    characters = _read_characters(textpage, left, top)
    characters = with_underscores(characters, rules, partial(_baseline, textpage, top))
    struck = struck_out(characters, rules)
    bodies = characters.bodies
    seen = (
        (bodies[:, 0] < sheet.right) & (bodies[:, 2] > 0) & (bodies[:, 1] < sheet.bottom) & (bodies[:, 3] > 0)
    )
    elsewhere, ahead = _breaks(characters)
    elsewhere |= np.diff(seen, prepend=True)
    characters, unclear = part_words(
        characters, elsewhere, lambda position: font_size(textpage.raw, position)[1]
    )
    positions, texts, bodies, inks = characters
    names, last = font_names(textpage.raw, positions.tolist()), [text[-1] for text in texts]
    odd = odd_fonts(names, last)
    odd |= sign_fonts(textpage.raw, positions.tolist(), names, last, bodies, inks)
    pieces = []
    for some in np.split(np.arange(len(texts)), np.flatnonzero(elsewhere | ahead)):
        if len(some) and seen[some[0]]:
            text = "".join(texts[some[0] : some[-1] + 1])
            # pdfium gives characters beyond U+FFFF as two halves
            text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").translate(_HYPHENS)
            text = as_typed(text)
            if text:
                part = slice(some[0], some[-1] + 1)
                fault = find_typeface_fault(names[part], last[part], odd)
                fault = fault or _find_fault(textpage, positions[some], text)
                fault = fault or _find_overprint(texts, inks, some)
                if struck[some].any():
                    fault = fault or "struck-out text"
                if unclear[some].any():
                    fault = fault or UNCLEAR_WORDS
                ink = _around(inks[some])
                sides = inks[some][:, [0, 2]].tolist()
                # fonts say better how wide their letters are than how high
                letters = tuple(Box(start, ink.top, end, ink.bottom) for start, end in sides if start < end)
                pieces.append(Text(text, _around(bodies[some]), ink, letters, fault))
    return pieces


def _read_characters(textpage: pdfium.PdfTextPage, left: float, top: float) -> Characters:
    # this loop takes most of the time of a slice: plain numbers and the raw handle halve it
    page, before = textpage.raw, ""
    body, ink = pdfium_c.FS_RECTF(), [ctypes.c_double() for _ in range(4)]
    ink_left, ink_right, ink_bottom, ink_top = ink
    positions, texts, boxes = [], [], []
    for position in range(textpage.count_chars()):
        text = chr(pdfium_c.FPDFText_GetUnicode(page, position))
        if text.isspace():
            space = FOUND_SPACE if pdfium_c.FPDFText_IsGenerated(page, position) else " "
            before = "\n" if text in "\r\n" else before or space
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
    # a soft hyphen without a box of its own says where a word could have been parted
    shared = np.zeros(len(texts), dtype=bool)
    shared[1:] = (bodies[1:] == bodies[:-1]).all(axis=1)
    shared[:-1] |= shared[1:]
    hyphens = np.array([text[-1] == SOFT_HYPHEN for text in texts], dtype=bool)
    seen = ~(hyphens & (shared | (bodies[:, 0] >= bodies[:, 2])))
    texts = [text for text, keep in zip(texts, seen, strict=True) if keep]
    return Characters(np.array(positions, dtype=int)[seen], texts, bodies[seen], inks[seen])


def _baseline(textpage: pdfium.PdfTextPage, top: float, position: int) -> float:
    """Height of the line that a character stands on, in points below the `top` of the visible page."""
    x, y = ctypes.c_double(), ctypes.c_double()
    pdfium_c.FPDFText_GetCharOrigin(textpage.raw, position, x, y)
    return top - y.value


def _breaks(characters: Characters) -> tuple[np.ndarray, np.ndarray]:
    """Which characters stand on another line than the one before, or further back; and which far ahead."""
    bodies = characters.bodies
    elsewhere = np.array([text[0] == "\n" for text in characters.texts], dtype=bool)
    ahead = np.zeros(len(bodies), dtype=bool)
    before, after = bodies[:-1], bodies[1:]
    heights = bodies[:, 3] - bodies[:, 1]
    lower, higher = np.minimum(heights[:-1], heights[1:]), np.maximum(heights[:-1], heights[1:])
    overlap = np.minimum(before[:, 3], after[:, 3]) - np.maximum(before[:, 1], after[:, 1])
    # the letters of a ligature share one box: only a step back from its left side leads elsewhere
    elsewhere[1:] |= (overlap < 0.5 * lower) | (before[:, 0] - after[:, 0] > 0.5 * higher)
    ahead[1:] = after[:, 0] - before[:, 2] > higher
    return elsewhere, ahead


def _around(boxes: np.ndarray) -> Box:
    (left, top), (right, bottom) = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
    return Box(float(left), float(top), float(right), float(bottom))


def _find_overprint(texts: Sequence[str], inks: np.ndarray, some: np.ndarray) -> str | None:
    """Finds fault with what is printed over a letter: accents, rings, strokes, and the letter once more."""
    before, after = inks[some[:-1]], inks[some[1:]]
    shared = np.minimum(before[:, 2], after[:, 2]) - np.maximum(before[:, 0], after[:, 0])
    narrower = np.minimum(before[:, 2] - before[:, 0], after[:, 2] - after[:, 0])
    shares = shared / np.maximum(narrower, 1e-6)
    for place, share in zip(some[1:][shares > MAX_TWICE], shares[shares > MAX_TWICE], strict=True):
        base, over = texts[place - 1][-1], texts[place][-1]
        # letters may be kerned far, the comma in "y," for one; and a combining mark belongs to its letter
        if share > MAX_OVERPRINT and (_is_mark(base) or (_is_mark(over) and not unicodedata.combining(over))):
            return OVERPRINT
        # the letters of a ligature share a box
        if base == over and (inks[place] != inks[place - 1]).any():
            return OVERPRINT
    return None


def _is_mark(character: str) -> bool:
    category = unicodedata.category(character)
    return category[0] in "MS" or category == "Lm"


def _find_fault(textpage: pdfium.PdfTextPage, positions: np.ndarray, text: str) -> str | None:
    page, matrix = textpage.raw, pdfium_c.FS_MATRIX()
    for position in positions.tolist():
        pdfium_c.FPDFText_GetMatrix(page, position, matrix)
        upright = matrix.a > 0 < matrix.d and abs(matrix.b) <= 0.02 * matrix.a
        # the upward axis may lean, as it does in fonts that are slanted for want of an italic
        if not (upright and abs(matrix.c) <= 0.5 * matrix.d):
            return "rotated or mirrored text"
    if any(pdfium_c.FPDFText_HasUnicodeMapError(page, position) == 1 for position in positions.tolist()):
        return "unmapped glyphs"
    # neither control and private-use characters nor those that Unicode doesn't have can be printed
    if not text.isprintable() or "\ufffd" in text:
        return "unmapped glyphs"
    if not text.isascii() and any(unicodedata.bidirectional(character) in ("R", "AL") for character in text):
        return "text from right to left"
    return None
