"""Texts as a reader would type them from a picture, without characters that can't be seen."""

import unicodedata

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
