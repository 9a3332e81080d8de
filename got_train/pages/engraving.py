"""Scores in **kern as SVG, by Verovio, which some input makes crash or hang: it has a process of its own.

One process engraves many scores. One that it crashes at, or takes too long over, is left out, and a new one
goes on after it.
"""

import os
import re
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from got_train.processes import run_watched

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
MAX_KERN = 20_000
"""Characters; a page of music has 5000."""
SCORE_SECONDS = 20.0
"""Time for one score."""
ALL_SECONDS = 120.0
"""Time for all scores of a page: none is begun later."""
MAX_MEMORY = 2**31
"""Bytes that the process may have."""
MAX_SVG = 2**24
"""Bytes of a drawing; a page of music has 300,000."""
NO_NOTES = "Verovio makes no notes of it"

_MUSIC = re.compile(r'class="(?:note|m?rest|multirest)\b', re.IGNORECASE)
"""Verovio adds words of its own to some classes."""

_ELSEWHERE = re.compile(r"<image|href=[\"'](?!#)")
"""What would bring something of another file. Verovio escapes what it is given, and names its own glyphs."""


def engrave(scores: Sequence[str]) -> list[bytes | str]:
    """The SVG of each score, or why there is none.

    Raises:
        ModuleNotFoundError: Verovio is not installed.
    """
    if find_spec("verovio") is None:
        raise ModuleNotFoundError("No module named 'verovio'", name="verovio")
    found: dict[int, bytes | str] = {
        number: "too long to be engraved" for number, kern in enumerate(scores) if len(kern) > MAX_KERN
    }
    waiting = [number for number in range(len(scores)) if number not in found]
    end = time.monotonic() + ALL_SECONDS
    with tempfile.TemporaryDirectory(prefix="got-score-") as name:
        folder = Path(name)
        for number in waiting:
            (folder / f"{number}.krn").write_text(
                with_braces(scores[number]), encoding="utf-8", errors="replace"
            )
        while waiting and time.monotonic() < end:
            said, stopped = _run(folder, waiting, end - time.monotonic())
            begun = [int(number) for number in re.findall(r"^engraving (\d+)$", said, re.MULTILINE)]
            for number in begun:
                found[number] = _drawing(folder / f"{number}.svg", None)
            if begun:  # the last one may be what it ended at
                found[begun[-1]] = _drawing(folder / f"{begun[-1]}.svg", stopped)
            elif waiting:
                found[waiting[0]] = f"Verovio {stopped or 'does not start'}"
            waiting = [number for number in waiting if number not in found]
    return [found.get(number, "no time left") for number in range(len(scores))]


def _run(folder: Path, numbers: Sequence[int], seconds: float) -> tuple[str, str | None]:
    command = [sys.executable, "-m", "got_train.pages.engraving", str(folder), *map(str, numbers)]
    return run_watched(
        command,
        Path.cwd(),
        os.environ,
        start_seconds=SCORE_SECONDS,
        step_seconds=SCORE_SECONDS,
        most_seconds=seconds,
        max_bytes=2**20,
        max_memory=MAX_MEMORY,
    )


def _drawing(svg: Path, stopped: str | None) -> bytes | str:
    """What a process has left of a score, or why it is nothing."""
    if svg.is_file() and svg.stat().st_size <= MAX_SVG:
        content = svg.read_bytes()
        text = content.decode("utf-8", errors="replace")
        return content if _MUSIC.search(text) and not _ELSEWHERE.search(text) else NO_NOTES
    return f"Verovio {stopped}" if stopped else NO_NOTES


def with_braces(kern: str) -> str:
    r"""Kern with a brace before its staves, and without a metre in digits where a symbol for it follows.

    Given digits and a symbol, Verovio draws neither.

    >>> with_braces("**kern\t**kern\n*M4/4\t*M4/4\n*met(c)\t*met(c)").splitlines()[1:]
    ['**kern\t**kern', '*staff2\t*staff1', '*met(c)\t*met(c)']
    """
    first, *rest = kern.strip("\n").split("\n")
    rest = [
        line
        for line, following in zip(rest, [*rest[1:], ""], strict=False)
        if not (line.startswith("*M") and following.startswith("*met("))
    ]
    staves = len(re.findall(r"\*\*kern", first))
    if staves < 2:
        return "\n".join([first, *rest])
    names = ",".join(f"s{number}" for number in range(1, staves + 1))
    named = "\t".join(f"*staff{number}" for number in range(staves, 0, -1))
    return "\n".join([f"!!!system-decoration: {{({names})}}", first, named, *rest])


def main(folder: Path, numbers: Sequence[str]) -> None:
    """Writes an SVG for each score of a folder, and says which one it is at."""
    import verovio

    verovio.enableLog(verovio.LOG_OFF)
    for number in numbers:
        print(f"engraving {number}", flush=True)
        toolkit = verovio.toolkit()
        toolkit.setOptions(OPTIONS)
        if toolkit.loadData((folder / f"{number}.krn").read_text(encoding="utf-8")):
            part = folder / f"{number}.part"
            part.write_text(toolkit.renderToSVG(1), encoding="utf-8")
            part.replace(folder / f"{number}.svg")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
