"""A program that engraves **kern as SVG. It is a process of its own since some input makes Verovio crash."""

import re
import sys

OPTIONS = {
    "inputFrom": "humdrum",
    "scale": 45,
    "pageWidth": 2000,
    "pageHeight": 60_000,
    "adjustPageHeight": True,
    "pageMarginTop": 20,
    "pageMarginBottom": 20,
    "header": "none",
    "footer": "none",
    "svgViewBox": True,
}
_MUSIC = re.compile(r'class="(?:note|m?rest|multirest)\b', re.IGNORECASE)
"""Verovio adds words of its own to some classes."""


def main() -> int:
    """Writes SVG. Returns 0, or 1 where Verovio finds no notes, or 2 where Verovio is missing."""
    try:
        import verovio
    except ModuleNotFoundError:
        return 2
    verovio.enableLog(verovio.LOG_OFF)
    toolkit = verovio.toolkit()
    toolkit.setOptions(OPTIONS)
    if not toolkit.loadData(with_braces(sys.stdin.read())):
        return 1
    svg: str = toolkit.renderToSVG(1)
    sys.stdout.write(svg)
    return 0 if _MUSIC.search(svg) else 1


def with_braces(kern: str) -> str:
    r"""Kern with a brace before its staves, and without a metre in digits where a symbol for it follows.

    Given digits and a symbol, Verovio draws neither.

    >>> with_braces("**kern\t**kern\n*M4/4\t*M4/4\n*met(c)\t*met(c)").splitlines()[1:]
    ['**kern\t**kern', '*staff2\t*staff1', '*met(c)\t*met(c)']
    """
    first, *rest = kern.strip("\n").split("\n")
    rest = [
        line
        for line, following in zip(rest, [*rest[1:], ""], strict=True)
        if not (line.startswith("*M") and following.startswith("*met("))
    ]
    staves = len(re.findall(r"\*\*kern", first))
    if staves < 2:
        return "\n".join([first, *rest])
    names = ",".join(f"s{number}" for number in range(1, staves + 1))
    named = "\t".join(f"*staff{number}" for number in range(staves, 0, -1))
    return "\n".join([f"!!!system-decoration: {{({names})}}", first, named, *rest])


if __name__ == "__main__":
    sys.exit(main())
