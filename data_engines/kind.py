"""Descriptions of the kinds of data, for the help, mixes and documents, which load no engines."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Packaged:
    """Data in installed packages from which a kind is drawn if the user gives no source."""

    packages: tuple[str, ...]
    """Names of the distributions."""
    what: str
    licence: str


ENGLISH = Packaged(("networkx", "numpy", "scipy"), "docstrings", "BSD-3-Clause")
CHINESE = Packaged(("jieba",), "dict.txt", "MIT")
SENTENCES = Packaged(("hsg",), "sentences of Tatoeba", "CC-BY-2.0-FR")
FORMULAS = Packaged(("networkx", "numpy", "scipy", "sympy"), "formulas of docstrings", "BSD-3-Clause")
CODE = Packaged(("networkx",), "functions", "BSD-3-Clause")
DEJAVU = Packaged(("matplotlib",), "DejaVu fonts", "Bitstream Vera")
STIX = Packaged(("matplotlib",), "STIX fonts", "OFL-1.1")
NOTO = Packaged(("pylopdf-fonts-zh-cn",), "Noto Sans SC and Noto Serif SC", "OFL-1.1")
PHOTOS = Packaged(("scikit-image",), "ten photographs", "CC0 or public domain, one by one in the manifest")
FAKER = Packaged(("faker",), "names of companies, places, people and jobs", "MIT")
HANDWRITING_FONTS = Packaged(
    (
        "fontpkg-caveat",
        "fontpkg-dancing-script",
        "fontpkg-indie-flower",
        "fontpkg-kalam",
        "fontpkg-shadows-into-light",
        "fontpkg-zeyada",
    ),
    "font files",
    "OFL-1.1",
)
"""Fonts of Latin script only."""
MESSAGES = Packaged(("django",), "translated messages", "BSD-3-Clause")
CLDR = Packaged(("babel",), "names, dates, numbers and prices of CLDR", "BSD-3-Clause, Unicode-3.0")
TEXTS = (ENGLISH, CHINESE)
"""Texts that names and titles are made of."""
PROSE = (ENGLISH, SENTENCES, CHINESE)
FONTS = (DEJAVU, NOTO)
"""Fonts that are used in addition to those of the system."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    summary: str
    """What `got-data KIND` draws, in a few words."""
    drawn_from: str
    """The sources: those without `--source`, a semicolon, and those with `--source`."""
    answer: str
    prompt: str
    """The forms of the kind's questions."""
    needs: tuple[str, ...] = ()
    """Packages of the extra `engines` that the engine needs, or TeX."""
    sources: tuple[Packaged, ...] = ()
    """The packaged sources from which the kind is drawn by default."""
    max_rejects: float
    """Share of the samples that may be rejected before a run stops."""
    batch_size: int
    """Number of samples that are drawn together."""
    regions: bool = False
    """Whether its rows say which texts stand where, for questions about parts of a picture."""
    tests: tuple[str, ...] = ()
    """The types of the tests that `--tests` writes for its pictures, of `tools.page_tests.TRIALS`."""
