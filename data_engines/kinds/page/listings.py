"""Code for the listings of document pages: functions of installed packages, without their docstrings."""

import re
from collections.abc import Iterator
from textwrap import dedent

from data_engines.tools.packages import package_code

MIN_LINES, MAX_LINES = 4, 14
"""Lines of a listing; the first ones of a longer function are taken."""
MAX_LINE_CHARACTERS = 72

_FUNCTION = re.compile(r"^( *)def \w+\(.*\n(?:\1 +\S.*\n|\n)+", re.MULTILINE)
_DOCSTRING = re.compile(r'^ *[rR]?"""(?:.|\n)*?"""\n', re.MULTILINE)


def read_listings(package: str) -> tuple[tuple[str, ...], ...]:
    """Functions of a package as lines of code, each once."""
    found = (excerpt for code in package_code(package) for excerpt in _functions(code))
    return tuple(dict.fromkeys(found))


def _functions(code: str) -> Iterator[tuple[str, ...]]:
    for function in _FUNCTION.finditer(_DOCSTRING.sub("", code)):
        lines = dedent(function[0]).rstrip().split("\n")[:MAX_LINES]
        while not lines[-1]:
            lines.pop()
        text = "".join(lines)
        if len(lines) < MIN_LINES or max(map(len, lines)) > MAX_LINE_CHARACTERS:
            continue
        # a fence ends at three backticks, and a tab has no width of its own
        if text.isascii() and text.isprintable() and "```" not in text:
            yield tuple(lines)
