"""The languages that texts can be drawn in beside English and Chinese: one line each."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from data_engines.kind import Packaged

LanguageCode = Literal[
    "en", "zh", "mixed", "ar", "fa", "he", "hi", "th", "bo", "dz", "ko", "ja", "vi", "el", "ru", "uk"
]
"""Codes of ISO 639; "mixed" is English and Chinese."""


@dataclass(frozen=True)
class Script:
    """A writing system: its letters, and the fonts that have them."""

    name: str
    letters: str
    """Ranges of its characters, as parts of a class in a regular expression."""
    fonts: Packaged | None
    """The package of fonts in the extra `languages`; None where matplotlib's DejaVu has the letters, or where
    no package is known."""
    debian: str
    """A package of Debian with fonts for it."""
    tags: frozenset[str] = frozenset()
    """Names of the script in OpenType, one of which a font must have rules for; none where letters stand
    side by side as they are."""
    digits: str | None = None
    """Its own digits from 0 to 9, which documents have beside the usual ones."""

    @property
    def pattern(self) -> str:
        """What is found in a text with one of its letters."""
        return f"[{self.letters}]"

    def is_in(self, text: str) -> bool:
        return re.search(self.pattern, text) is not None


@dataclass(frozen=True)
class Locale:
    """A language: how it is written, and what packages know of it."""

    name: str
    script: Script
    cldr: str
    """The locale of CLDR, whose names, dates, numbers and prices are drawn."""
    faker: str | None = None
    """Faker's locale; None where it has none of its own."""
    own_digits: str | None = None
    """Its digits from 0 to 9, where they are others than those of its script."""

    @property
    def digits(self) -> str | None:
        """From 0 to 9, as documents have them beside the usual ones; None where they have no others."""
        return self.own_digits or self.script.digits


def _noto(package: str, families: str) -> Packaged:
    return Packaged((f"pylopdf-fonts-{package}",), families, "OFL-1.1")


LATIN = Script("Latin", "A-Za-z", None, "fonts-noto-core")
GREEK = Script("Greek", r"\u0370-\u03ff", None, "fonts-noto-core")
CYRILLIC = Script("Cyrillic", r"\u0400-\u04ff", None, "fonts-noto-core")
HANGUL = Script("Korean", r"\uac00-\ud7a3", _noto("ko", "Noto Sans KR and Noto Serif KR"), "fonts-nanum")
KANA = Script("Japanese", r"\u3040-\u30ff", _noto("jp", "Noto Sans JP and Noto Serif JP"), "fonts-ipafont")
HEBREW = Script(
    "Hebrew",
    r"\u0590-\u05ff",
    _noto("he", "Noto Sans Hebrew and Noto Serif Hebrew"),
    "fonts-noto-core",
    frozenset({"hebr"}),
)
ARABIC = Script(
    "Arabic",
    r"\u0600-\u06ff\u0750-\u077f",
    _noto("ar", "Noto Sans Arabic and Noto Naskh Arabic"),
    "fonts-noto-core",
    frozenset({"arab"}),
    "٠١٢٣٤٥٦٧٨٩",
)
DEVANAGARI = Script(
    "Devanagari",
    r"\u0900-\u097f",
    _noto("hi", "Noto Sans Devanagari and Noto Serif Devanagari"),
    "fonts-noto-core",
    frozenset({"deva", "dev2"}),
    "०१२३४५६७८९",
)
THAI = Script(
    "Thai",
    r"\u0e01-\u0e3a\u0e40-\u0e5b",
    _noto("th", "Noto Sans Thai and Noto Serif Thai"),
    "fonts-noto-core",
    frozenset({"thai"}),
    "๐๑๒๓๔๕๖๗๘๙",
)
TIBETAN = Script("Tibetan", r"\u0f00-\u0fda", None, "fonts-noto-core", frozenset({"tibt"}), "༠༡༢༣༤༥༦༧༨༩")
SCRIPTS = (LATIN, GREEK, CYRILLIC, HANGUL, KANA, HEBREW, ARABIC, DEVANAGARI, THAI, TIBETAN)

LOCALES: dict[LanguageCode, Locale] = {
    "ar": Locale("Arabic", ARABIC, "ar", "ar_AA"),
    "fa": Locale("Persian", ARABIC, "fa", "fa_IR", "۰۱۲۳۴۵۶۷۸۹"),
    "he": Locale("Hebrew", HEBREW, "he", "he_IL"),
    "hi": Locale("Hindi", DEVANAGARI, "hi", "hi_IN"),
    "th": Locale("Thai", THAI, "th", "th_TH"),
    "bo": Locale("Tibetan", TIBETAN, "bo"),
    "dz": Locale("Dzongkha", TIBETAN, "dz"),
    "ko": Locale("Korean", HANGUL, "ko", "ko_KR"),
    "ja": Locale("Japanese", KANA, "ja", "ja_JP"),
    "vi": Locale("Vietnamese", LATIN, "vi", "vi_VN"),
    "el": Locale("Greek", GREEK, "el", "el_GR"),
    "ru": Locale("Russian", CYRILLIC, "ru", "ru_RU"),
    "uk": Locale("Ukrainian", CYRILLIC, "uk", "uk_UA"),
}
"""All but English and Chinese, whose texts `corpora` and `matter` know."""


@cache
def letters_of(script: Script) -> frozenset[str]:
    """Every character of a script, assigned or not; all scripts here are in Unicode's first plane."""
    return frozenset(re.findall(f"[{script.letters}]", "".join(map(chr, range(0x10000)))))


def scripts_of(languages: Sequence[LanguageCode]) -> list[Script]:
    """The scripts of some languages beside Latin and Chinese, each once."""
    return list(dict.fromkeys(LOCALES[code].script for code in languages if code in LOCALES))
