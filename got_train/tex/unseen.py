r"""Formulas without what nobody can see in their picture.

`{\displaystyle x\,}`, as wikis have it, looks like `x`, and so do `\large x`, `x^{}` and `\left.x\right.`.
A model that shall write more than `x` has to guess. First what draws nothing wherever it stands goes, then
space, empty braces and boxes at both ends, and what stands round the whole.
"""

import re
from collections.abc import Sequence

from got_train.tex.macros import ARITY, text_of, tokens_of
from got_train.tex.spelling import SYNONYMS, TEXT_COMMANDS

STYLES = frozenset(r"\displaystyle \textstyle \scriptstyle \scriptscriptstyle".split())
_SPACES = frozenset(
    r"~ \, \; \: \! \> \/ \quad \qquad \enspace \enskip \space \nobreakspace \medspace \thickspace"
    r" \negthinspace \negmedspace \negthickspace \hfil \hfill \hss \null".split()
) | {"\\ ", "\\\n"}
_LENGTHS = frozenset(r"\hspace \mspace \hskip \mskip \kern \mkern \mathsurround".split())
_LENGTH = re.compile(
    r"\*?\s*\{[^{}]*\}|\s*[-+]?\s*(?:[\d.]+\s*[a-z]{2}|[\d.]*\\[a-z]*(?:skip|sep|width))"
    r"(?:\s*(?:plus|minus)\s*[-\d.]+\s*[a-z]{2,5})*"
)
_NUMBER = re.compile(r"\s*[-+]?\d+")
_ROW = re.compile(r"\*?(?:\s*\[\s*-?[\d.]+\s*[a-z]{2}\s*\])?")
_TEXTS = frozenset(
    r"\text \textrm \textbf \textit \textsf \texttt \textnormal \mbox \hbox \operatorname \mathrm \mathbf"
    r" \mathit \mathsf \mathord \mathop \mathbin \mathrel \mathopen \mathclose \mathpunct \mathinner"
    r" \boldsymbol \bm \pmb \mathbb \mathcal \mathfrak \mathscr \mathtt \emph \vcenter \smash \overline"
    r" \underline \makebox \rlap \llap \clap \mathrlap \mathllap \mathclap".split()
)
"""What draws nothing of its own beside its argument."""
_IDLE = frozenset(
    r"\tiny \scriptsize \footnotesize \small \normalsize \large \Large \LARGE \huge \Huge \boldmath"
    r" \unboldmath \normalcolor \smallskip \medskip \bigskip \vfill \vfil \relax \nobreak \break"
    r" \goodbreak \linebreak \nolinebreak \pagebreak \nopagebreak \noindent \allowbreak \unskip".split()
)
"""Commands without an effect in maths."""
_LIMITS = frozenset(r"\limits \nolimits \displaylimits".split())
_CLASSES = frozenset(r"\mathord \mathop \mathbin \mathrel \mathopen \mathclose \mathpunct \mathinner".split())
_GROUPS = {r"\bgroup": r"\egroup", r"\begingroup": r"\endgroup"}
_OVER = frozenset(r"\overset \underset \stackrel".split())
_WITH_OPTION = frozenset(r"\sqrt \xrightarrow \xleftarrow \smash".split())
_BIG = frozenset(rf"\{size}{side}" for size in ("big", "Big", "bigg", "Bigg") for side in ("", "l", "r", "m"))
_COLOR = re.compile(r"\\(?:text)?color(?:box)?(?![A-Za-z])")
_BLACK = re.compile(
    r"\\(?:text)?color\s*(?:\{\s*black\s*\}|\[\s*(?:rgb|RGB|HTML|gray)\s*\]\s*\{[0., ]*\})\s*", re.IGNORECASE
)
_WHOLE = re.compile(
    r"\\begin\{(?P<name>(?:array|matrix|aligned|gathered|split)\*?)\}(?:\[[tcb]\])?"
    r"(?P<columns>\{(?:@\{\})?[lcr](?:@\{\})?\})? ?"
)
"""The beginning of an environment that draws nothing round a single cell."""
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
    r"""A formula without what can't be seen, and the style that governed all of it, or "".

    >>> drop_unseen(r"{\displaystyle {}x^{2}\,{}}")
    ('x^{2}', '\\displaystyle')
    """
    tokens, style = _drop_idle(tokens_of(_LAST_ROW.sub("", latex))), ""
    while True:
        start = 0
        while start < len(tokens) and (end := _unseen_end(tokens, start)) > start:
            style = tokens[start] if tokens[start] in STYLES else style
            start = end
        tokens = tokens[start : _last_seen_end(tokens, start)]
        inside = _inside(tokens)
        if inside is None and (shorter := _drop_idle(tokens)) == tokens:
            return text_of(_trim_words(tokens)), style
        tokens = shorter if inside is None else inside


def _inside(tokens: list[str]) -> list[str] | None:
    """What stands in the braces, brackets or environment that draw nothing round a formula; None without."""
    is_left = tokens[:2] == [r"\left", "."] and _right_of(tokens, 0) == len(tokens) - 2 and tokens[-1] == "."
    if is_left and r"\middle" not in tokens and _INFIXES.isdisjoint(tokens):
        return tokens[2:-2]
    if tokens and _GROUPS.get(tokens[0]) == tokens[-1] and tokens.count(tokens[0]) == 1:
        return tokens[1:-1]
    if tokens[:1] and tokens[0] in _CLASSES and _group_end(tokens, 1) == len(tokens):
        return tokens[1:]
    if tokens[:1] == ["{"] and _group_end(tokens, 0) == len(tokens) and _INFIXES.isdisjoint(tokens):
        return tokens[1:-1]
    latex = text_of(tokens)
    begin = _WHOLE.match(latex)
    end = rf"\end{{{begin['name']}}}" if begin else ""
    if not begin or (begin["name"] == "array") != bool(begin["columns"]) or not latex.endswith(end):
        return None
    inside = tokens_of(latex[begin.end() : -len(end)])
    return None if {"&", "\\\\", r"\begin", r"\end", r"\hline"} & {*inside} else inside


def drop_black(latex: str) -> str:
    """A formula without commands that make it black, if there is no other colour in it."""
    if not (blacks := list(_BLACK.finditer(latex))) or len(blacks) < len(_COLOR.findall(latex)):
        return latex
    return text_of(token for part in _BLACK.split(latex) for token in tokens_of(part))


def _drop_idle(tokens: list[str], is_top: bool = True) -> list[str]:
    r"""Tokens without those that draw nothing wherever they stand in maths.

    Args:
        tokens: a formula, or what stands within braces or brackets.
        is_top: whether nothing stands around that is as high as what is in it, as a root is. There `\smash`
            has no effect.
    """
    kept: list[str] = []
    position = 0
    while position < len(tokens):
        token, end = tokens[position], position + 1
        group = _group_end(tokens, end) if tokens[end : end + 1] == ["{"] else end
        after = tokens[group] if group < len(tokens) else ""
        if token in TEXT_COMMANDS:
            while tokens[end : end + 1] == ["{"]:
                end = _group_end(tokens, end)
            kept += tokens[position:end]
        elif token in ("^", "_") and group > end and _is_blank(tokens[end:group]):
            end = group
        elif token in _OVER and group > end and _is_blank(tokens[end:group]) and after == "{":
            end = _group_end(tokens, group)
            base = _drop_idle(tokens[group + 1 : end - 1], is_top)
            # a sign alone stays the relation that it is
            kept += base if len(base) == 1 else ["{", *base, "}"]
        elif token in _BIG and tokens[end : end + 1] == ["."]:
            end += 1
        elif token in _WITH_OPTION and tokens[end : end + 2] == ["[", "]"]:
            kept.append(token)
            end += 2
        elif token == r"\smash" and is_top and group > end and _is_free(tokens[end:group], after):
            kept += _drop_idle(tokens[end + 1 : group - 1])
            end = group
        elif token == r"\left" and (right := _right_of(tokens, position)):
            kept += [
                token,
                tokens[end],
                *_drop_idle(tokens[end + 1 : right], False),
                *tokens[right : right + 2],
            ]
            end = right + 2
        elif token == "{":
            end = _group_end(tokens, position)
            kept += ["{", *_drop_idle(tokens[position + 1 : end - 1], False), "}"]
        elif token == r"\penalty":
            end = _space_end(tokens, _match_end(_NUMBER, tokens, end))
        elif token == r"\sideset" and tokens[end : end + 4] == ["{", "}", "{", "}"]:
            end += 4
        elif token in _IDLE or (token in _LIMITS and tokens[end : end + 1] == [" "]):
            end = _space_end(tokens, end)
        else:
            kept.append(token)
        position = end
    pairs = zip(kept, [*kept[1:], ""], strict=False)
    return [token for token, after in pairs if token not in _LIMITS or after in _SCRIPTS]


def _space_end(tokens: Sequence[str], position: int) -> int:
    """The position after the space behind a name; that before the bound of a cell is spelling."""
    is_behind = tokens[position : position + 1] == [" "]
    return position + (is_behind and tokens[position + 1 : position + 2] not in (["&"], ["\\\\"], [r"\end"]))


def _right_of(tokens: Sequence[str], left: int) -> int:
    r"""Where the `\right` that belongs to a `\left` stands, with its bracket behind it; 0 if none does."""
    depth = braces = 0
    for position in range(left, len(tokens) - 1):
        depth += (tokens[position] == r"\left") - (tokens[position] == r"\right")
        braces += (tokens[position] == "{") - (tokens[position] == "}")
        if depth == 0 or braces < 0:
            return position if depth == braces == 0 else 0
    return 0


def _is_free(tokens: Sequence[str], after: str) -> bool:
    """Whether tokens mean the same without what bounds them."""
    return after not in _SCRIPTS and _INFIXES.isdisjoint(tokens)


def _is_blank(tokens: Sequence[str]) -> bool:
    return all(token in "{}" or _is_white(token) or token in _IDLE for token in tokens)


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
        if not _is_blank(tokens[start:end]):
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
