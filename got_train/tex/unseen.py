r"""Formulas without what nobody can see in their picture: space and empty braces at both ends, and a style.

`{\displaystyle x\,}`, as wikis have it, looks like `x`. A model that shall write more than `x` has to guess.
"""

import re
from collections.abc import Sequence

from got_train.tex.macros import ARITY, text_of, tokens_of
from got_train.tex.spelling import SYNONYMS

STYLES = frozenset(r"\displaystyle \textstyle \scriptstyle \scriptscriptstyle".split())
_SPACES = frozenset(
    r"~ \, \; \: \! \> \/ \quad \qquad \enspace \enskip \space \nobreakspace \medspace \thickspace"
    r" \negthinspace \negmedspace \negthickspace \hfil \hfill \null \relax \nobreak \allowbreak".split()
) | {"\\ ", "\\\n"}
_LENGTHS = frozenset(r"\hspace \mspace \hskip \mskip \kern \mkern".split())
_LENGTH = re.compile(
    r"\*?\s*\{[^{}]*\}|\s*[-+]?\s*(?:[\d.]+\s*[a-z]{2}|[\d.]*\\[a-z]*(?:skip|sep|width))"
    r"(?:\s*(?:plus|minus)\s*[-\d.]+\s*[a-z]{2,5})*"
)
_ROW = re.compile(r"\*?(?:\s*\[\s*-?[\d.]+\s*[a-z]{2}\s*\])?")
_TEXTS = frozenset(
    r"\text \textrm \textbf \textit \textsf \texttt \textnormal \mbox \hbox \operatorname \mathrm \mathbf"
    r" \mathit \mathsf \mathord \mathop \mathbin \mathrel \boldsymbol \bm".split()
)
"""What draws nothing of its own beside its argument."""
_SYMBOLS = frozenset(token for macro in SYNONYMS.values() for token in macro.body) | frozenset(
    r"\dots \ldots \cdots \vdots \ddots \dotsb \dotsc \ell \hbar \prime \circ \ast \star \pi".split()
)
"""Commands that surely have no argument: empty braces after another one may be its argument."""
_INFIXES = frozenset(r"\over \atop \above \choose \brace \brack \overwithdelims \atopwithdelims".split())
"""Which take all that stands before them in their braces."""
_SCRIPTS = frozenset("^_'")
MAX_ARGUMENTS = 9
"""Of commands that are not known."""
_LAST_ROW = re.compile(r"\\\\\s*(?=\\end\s*\{)")
"""The end of a row that only ends its environment."""


def drop_unseen(latex: str) -> tuple[str, str]:
    r"""A formula without what can't be seen at its ends, and the style that governed all of it, or "".

    >>> drop_unseen(r"{\displaystyle {}x^{2}\,{}}")
    ('x^{2}', '\\displaystyle')
    """
    tokens, style = tokens_of(_LAST_ROW.sub("", latex)), ""
    while True:
        start = 0
        while start < len(tokens) and (end := _unseen_end(tokens, start)) > start:
            style = tokens[start] if tokens[start] in STYLES else style
            start = end
        tokens = tokens[start : _last_seen_end(tokens, start)]
        alone = tokens[:1] == ["{"] and _group_end(tokens, 0) == len(tokens)
        if not alone or not _INFIXES.isdisjoint(tokens):
            return text_of(_trim_words(tokens)), style
        tokens = tokens[1:-1]


def _last_seen_end(tokens: Sequence[str], position: int) -> int:
    """Where the last of the things at or after `position` that can be seen ends."""
    last = position
    while position < len(tokens):
        end = _unseen_end(tokens, position)
        if end == position:
            end = last = _seen_end(tokens, position)
        position = end
    return last


def _unseen_end(tokens: Sequence[str], position: int) -> int:
    """Where what stands at `position` ends if it draws nothing; `position` if it does."""
    token, end = tokens[position], position + 1
    if token in _LENGTHS:
        end = _match_end(_LENGTH, tokens, end)
    elif token == "\\\\":
        end = _match_end(_ROW, tokens, end)
    elif token == "{" or (token in _TEXTS and tokens[end : end + 1] == ["{"]):
        start = position if token == "{" else end
        end = _group_end(tokens, start)
        if not all(inner in "{}" or _is_white(inner) for inner in tokens[start:end]):
            return position
    elif not _is_white(token):
        return position
    after = next((other for other in tokens[end:] if not other.isspace()), "")
    return position if after in _SCRIPTS else end  # which stand at what is before them


def _is_white(token: str) -> bool:
    return token.isspace() or token in _SPACES or token in STYLES


def _seen_end(tokens: Sequence[str], position: int) -> int:
    """Where what draws something at `position` ends, with all that may be its arguments."""
    token, end = tokens[position], position + 1
    if token == "{":
        return _group_end(tokens, position)
    if token not in ARITY and (not token[1:].isalpha() or token in _SYMBOLS):
        return end
    if tokens[end : end + 1] == ["*"]:
        end += 1
    if tokens[end : end + 1] == ["["] and "]" in tokens[end:]:
        end = tokens.index("]", end) + 1
    for _ in range(ARITY.get(token, MAX_ARGUMENTS)):
        if tokens[end : end + 1] != ["{"]:
            break
        end = _group_end(tokens, end)
    return end


def _trim_words(tokens: list[str]) -> list[str]:
    """The tokens without space at the ends of the words that they begin and end with."""
    if tokens and tokens[0] in _TEXTS and tokens[1:2] == ["{"]:
        while _is_white(tokens[2]):
            del tokens[2]
    opening = max((at for at in range(len(tokens)) if _group_end(tokens, at) == len(tokens)), default=0)
    if opening and tokens[opening - 1] in _TEXTS:
        while _is_white(tokens[-2]):
            del tokens[-2]
    return tokens


def _group_end(tokens: Sequence[str], start: int) -> int:
    """The position after the group that begins at `start`; `start` itself where none does."""
    depth = 0
    for position in range(start, len(tokens)):
        depth += (tokens[position] == "{") - (tokens[position] == "}")
        if depth == 0:
            return position + 1 if position > start else start
    return start


def _match_end(pattern: re.Pattern[str], tokens: Sequence[str], start: int) -> int:
    """The position after the tokens that a pattern matches; lengths have fewer than a hundred."""
    match = pattern.match("".join(tokens[start : start + 100]))
    length = match.end() if match else 0
    while length > 0:
        length -= len(tokens[start])
        start += 1
    return start
