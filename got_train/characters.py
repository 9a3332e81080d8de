r"""Which characters are Chinese, as parts of a class in a regular expression: `re.compile(f"[{HAN}]")`."""

import unicodedata
from typing import Literal

HAN = r"\u4e00-\u9fff"
"""The Chinese characters of usual texts."""
EAST_ASIAN = r"\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef"
"""All that is set in a Chinese font: those, rarer ones, kana, punctuation and wide forms."""
FIRST_EAST_ASIAN = "\u2e80"
"""No letter of other scripts that are drawn here comes after it."""


_LONG = 10_000
"""From this many characters on, Python may take hours: its time grows with the square of a run of accents."""


def composed(text: str, form: Literal["NFC", "NFKC"] = "NFC") -> str:
    """A text in Unicode's NFC, as answers are; a file may have `e` and an accent for one `é`."""
    if len(text) < _LONG:
        return unicodedata.normalize(form, text)
    from tokenizers import normalizers

    try:
        return str(getattr(normalizers, form)().normalize_str(text))
    except UnicodeEncodeError:  # half of a surrogate pair, which no form of Unicode knows
        return text
