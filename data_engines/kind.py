"""What is said of a kind of data where its engine is not loaded: in the help, in mixes, in the documents."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Packaged:
    """What installed packages hold to draw from, where the user gives nothing."""

    packages: tuple[str, ...]
    """Names of their distributions."""
    what: str
    licence: str


ENGLISH = Packaged(("networkx", "numpy", "scipy"), "docstrings", "BSD-3-Clause")
CHINESE = Packaged(("jieba",), "dict.txt", "MIT")
FORMULAS = Packaged(("networkx", "numpy", "scipy", "sympy"), "formulas of docstrings", "BSD-3-Clause")
DEJAVU = Packaged(("matplotlib",), "DejaVu fonts", "Bitstream Vera")
NOTO = Packaged(("pylopdf-fonts-zh-cn",), "Noto Sans SC and Noto Serif SC", "OFL-1.1")
TEXTS = (ENGLISH, CHINESE)
FONTS = (DEJAVU, NOTO)
"""Besides the system's."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    summary: str
    """What `got-data KIND` draws."""
    drawn_from: str
    """Without `--source`, and, after a semicolon, with it."""
    answer: str
    prompt: str
    """The forms of its questions."""
    needs: tuple[str, ...] = ()
    """Packages of the extra `engines` that draw it, or TeX."""
    sources: tuple[Packaged, ...] = ()
    """What it is drawn from by default."""
    max_rejects: float
    """Share of the samples that may be rejected before a run stops."""
    batch_size: int
    """Number of samples that are drawn together."""
