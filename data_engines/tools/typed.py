"""Texts as a reader would type them from a picture, without characters that can't be seen."""

import re
import unicodedata

_LEADERS = re.compile(r"\s*(?:[.·․‥…]\s*){5,}")
"""Dots that lead from a heading to its page: their number can't be counted."""
_BLANKS = re.compile(r"_{5,}")
"""Lines to write on, of underscores that can't be counted either."""
_LIGATURES = {code: unicodedata.normalize("NFKC", chr(code)) for code in range(0xFB00, 0xFB07)}


def as_typed(text: str) -> str:
    """The text with composed accents, split ligatures, single spaces, and no invisible characters.

    >>> as_typed("e\\u0301 \\ufb01\\u200bt\\t\\u3000so\\u00adft")
    'é fit soft'
    """
    if not text.isascii():
        text = unicodedata.normalize("NFC", text.translate(_LIGATURES))
        text = "".join(character for character in text if unicodedata.category(character) != "Cf")
    return " ".join(text.split())


def uncounted(text: str) -> str:
    """The text as it is answered: dots of leaders and underscores to write on are three, however many.

    >>> uncounted("Chapter ........ 5"), uncounted("Name: ________")
    ('Chapter ... 5', 'Name: ___')
    """
    return _BLANKS.sub("___", _LEADERS.sub(" ... ", text)).strip()
