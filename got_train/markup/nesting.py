"""Finding the end of what can be nested: braces, environments, elements."""

import re

BRACES = re.compile(r"\\.|(?P<open>\{)|(?P<close>\})", re.DOTALL)
"""The braces of LaTeX, except escaped ones."""


def find_closing(pattern: re.Pattern[str], text: str, start: int) -> re.Match[str] | None:
    """The match that closes what opens at `start`; None if it is never closed.

    Args:
        pattern: its groups `open` and `close` match what opens and what closes; any other match is ignored.
        text: the whole text.
        start: where the outermost match begins.
    """
    depth = 0
    for match in pattern.finditer(text, start):
        depth += (match.lastgroup == "open") - (match.lastgroup == "close")
        if depth == 0:
            return match
    return None


def read_argument(text: str, position: int) -> tuple[str, int]:
    r"""The argument at `position`, without its braces, and where it ends, with the text at the latest.

    >>> read_argument(r"\b{x{y}\}}z", 2)
    ('x{y}\\}', 10)
    """
    while position < len(text) and text[position].isspace():
        position += 1
    if not text.startswith("{", position):
        end = min(len(text), position + 1)
        return text[position:end], end
    closing = find_closing(BRACES, text, position)
    start, end = closing.span() if closing else (len(text), len(text))
    return text[position + 1 : start], end


def environment_end(text: str, start: int, names: str = "[^{}]*") -> tuple[int, int]:
    r"""Where the `\end` of the environment that begins at `start` begins and ends.

    Args:
        text: the whole text.
        start: where the `\begin` stands.
        names: a regular expression of the environments that count; by default all of them.

    Returns:
        Twice the end of the text if the environment never ends.
    """
    pattern = rf"(?P<open>\\begin\s*\{{{names}\}})|(?P<close>\\end\s*\{{{names}\}})"
    end = find_closing(re.compile(pattern), text, start)
    return end.span() if end else (len(text), len(text))
