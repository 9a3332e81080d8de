r"""Which characters are Chinese, as parts of a class in a regular expression: `re.compile(f"[{HAN}]")`."""

import unicodedata

HAN = r"\u4e00-\u9fff"
"""The Chinese characters of usual texts."""
EAST_ASIAN = r"\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef"
"""All that is set in a Chinese font: those, rarer ones, kana, punctuation and wide forms."""
FIRST_EAST_ASIAN = "\u2e80"
"""No letter of other scripts that are drawn here comes after it."""


def composed(text: str) -> str:
    """A text in Unicode's NFC, as answers are; a file may have `e` and an accent for one `é`."""
    return unicodedata.normalize("NFC", text)
