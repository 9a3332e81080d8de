"""Texts as a reader would type them from a picture: what can't be seen is no part of an answer."""

import unicodedata

_LIGATURES = {code: unicodedata.normalize("NFKC", chr(code)) for code in range(0xFB00, 0xFB07)}


def as_typed(text: str) -> str:
    """Accents on their letters, ligatures apart, single spaces, and no characters without a shape.

    >>> as_typed("e\\u0301 \\ufb01\\u200bt\\t\\u3000so\\u00adft")
    'é fit soft'
    """
    if not text.isascii():
        text = unicodedata.normalize("NFC", text.translate(_LIGATURES))
        text = "".join(character for character in text if unicodedata.category(character) != "Cf")
    return " ".join(text.split())
