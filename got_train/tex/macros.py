r"""The macros that a TeX document defines for itself, and text with their meaning in place of their names.

Read are `\newcommand` and its kin, `\def` with plain parameters, `\let` and `\DeclareMathOperator`; other
definitions are left to TeX, which then doesn't know the name.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from got_train.markup.nesting import BRACES, find_closing
from got_train.tex.errors import TexError

MAX_EXPANSIONS = 1000
"""In one formula or table; more is a macro that never ends."""
MAX_TOKENS = 20_000
"""That one formula or table may grow to."""

_TOKEN = re.compile(r"\\[A-Za-z@]+|\\.|#\d|\s+|.", re.DOTALL)
_PARAMETER = re.compile(r"#\d")
_FINAL = "\0"
"""Stands before a name that means what it meant before the document redefined it."""
ARITY = dict.fromkeys(
    r"^ _ \acute \bar \bm \boldsymbol \breve \check \ddot \dot \emph \grave \hat \mathbb \mathbf \mathcal"
    r" \mathfrak \mathit \mathring \mathrm \mathscr \mathsf \mathtt \operatorname \overbrace \overline"
    r" \overrightarrow \pmb \sqrt \text \textrm \tilde \underbrace \underline \vec \widehat"
    r" \widetilde".split(),
    1,
) | dict.fromkeys(r"\binom \dfrac \frac \overset \stackrel \tfrac \underset".split(), 2)
"""How many arguments follow what usually has any."""


@dataclass(frozen=True)
class Macro:
    num_arguments: int
    body: tuple[str, ...]
    """Tokens; an argument is `#` and its number."""
    default: tuple[str, ...] | None = None
    """Of the first argument, where that may be left out."""


Macros = Mapping[str, Macro]
"""By name, with the backslash."""


def tokens_of(text: str) -> list[str]:
    r"""The tokens of TeX; the parameter of a macro, `#` and a digit, is one.

    >>> tokens_of(r"\frac a#1\%")
    ['\\frac', ' ', 'a', '#1', '\\%']
    """
    return _TOKEN.findall(text)


def text_of(tokens: Iterable[str]) -> str:
    r"""Tokens as text, with a space where a name would run into a letter.

    >>> text_of(["\\alpha", "b"])
    '\\alpha b'
    """
    pieces: list[str] = []
    after_name = False
    for token in tokens:
        token = token.removeprefix(_FINAL) or token
        if after_name and token[0].isalpha():
            pieces.append(" ")
        pieces.append(token)
        after_name = token[0] == "\\" and token[-1].isalpha()
    return "".join(pieces)


def simple(body: str, num_arguments: int = 0) -> Macro:
    return Macro(num_arguments, tuple(tokens_of(body.strip())))


def expand(text: str, macros: Macros, factor: int = 1) -> str:
    r"""`text` with every macro in it expanded, and what these expand to as well.

    `factor` is how many times longer than one formula it may be.

    Raises:
        TexError: a macro lacks an argument, or there is no end.

    >>> expand(r"\half\x", {r"\half": simple(r"\frac{1}{#1}", 1)})
    '\\frac{1}{\\x}'
    """
    waiting = tokens_of(text)[::-1]
    done: list[str] = []
    expansions = 0
    before = ""
    while waiting:
        token = waiting.pop()
        macro = macros.get(token)
        if macro is None:
            done.append(token)
            before = before if token.isspace() else token
            continue
        expansions += 1
        body = _fill(macro, waiting)
        if before in ARITY and len(body) > 1:
            body = ["{", *body, "}"]
        waiting += body[::-1]
        if expansions > MAX_EXPANSIONS * factor or len(waiting) + len(done) > MAX_TOKENS * factor:
            raise TexError("endless macro")
    return text_of(done)


def _fill(macro: Macro, waiting: list[str]) -> list[str]:
    """The body of a macro with its arguments, which are taken off the end of `waiting`."""
    arguments: list[Sequence[str]] = []
    if macro.default is not None:
        arguments.append(_pop_optional(waiting, macro.default))
    while len(arguments) < macro.num_arguments:
        arguments.append(_pop_argument(waiting))
    given = {f"#{number}": argument for number, argument in enumerate(arguments, start=1)}
    if any(_PARAMETER.fullmatch(token) and token not in given for token in macro.body):
        raise TexError("macro without its argument")
    return [part for token in macro.body for part in given.get(token, (token,))]


def _pop_argument(waiting: list[str]) -> list[str]:
    while waiting and waiting[-1].isspace():
        waiting.pop()
    if not waiting or waiting[-1] == "}":
        raise TexError("macro without its argument")
    token = waiting.pop()
    return _pop_until(waiting, "}") if token == "{" else [token]


def _pop_optional(waiting: list[str], default: Sequence[str]) -> Sequence[str]:
    position = len(waiting) - 1
    while position >= 0 and waiting[position].isspace():
        position -= 1
    if position < 0 or waiting[position] != "[":
        return default
    del waiting[position:]
    return _pop_until(waiting, "]")


def _pop_until(waiting: list[str], end: str) -> list[str]:
    """Takes tokens up to `end` outside of braces, which is taken too but not given back."""
    taken: list[str] = []
    depth = 0
    while waiting:
        token = waiting.pop()
        if token == end and depth == 0:
            return taken
        depth += (token == "{") - (token == "}")
        taken.append(token)
    raise TexError("macro without its argument")


_DEFINITION = re.compile(
    r"\\(?:(?P<new>(?:re)?newcommand|providecommand|DeclareRobustCommand)\*?\s*"
    r"|(?P<operator>DeclareMathOperator)(?P<star>\*?)\s*"
    r"|(?:long\s*\\)?(?P<def>g?def)\s*"
    r"|(?P<let>let)\s*)(?P<brace>\{\s*)?(?P<name>\\(?:[A-Za-z@]+|.))\s*(?(brace)\})"
)
_PARAMETERS = re.compile(r"\s*((?:#\d)*)\s*(?=\{)")
_ARGUMENTS = re.compile(r"\s*\[\s*(\d)\s*\](?:\s*\[([^\[\]]*)\])?")
"""How many arguments there are, and what the first one is where it is left out."""
_BODY = re.compile(r"\s*(?:(?P<brace>\{)|(\\(?:[A-Za-z@]+|.)|\w))")
_LET = re.compile(r"\s*=?\s*(\\(?:[A-Za-z@]+|.)|[^\s{}\\])")


def read_definitions(text: str, known: Macros) -> tuple[dict[str, Macro], str]:
    """What `text` defines, on top of what is `known`, and `text` without these definitions."""
    macros = dict(known)
    rest: list[str] = []
    position = 0
    while match := _DEFINITION.search(text, position):
        rest.append(text[position : match.start()])
        name = match["name"]
        try:
            macro, position = _read_definition(text, match, macros)
        except TexError:
            # such as parameters with words between them: only TeX knows
            macros.pop(name, None)
            position = match.end()
            continue
        if match["new"] != "providecommand" or name not in macros:
            macros[name] = macro
    rest.append(text[position:])
    return macros, "".join(rest)


def _read_definition(text: str, match: re.Match[str], macros: Macros) -> tuple[Macro, int]:
    position = match.end()
    if match["let"]:
        meaning = _LET.match(text, position)
        if meaning is None:
            raise TexError("odd definition")
        target = meaning[1]
        return macros.get(target) or Macro(0, (_FINAL + target,)), meaning.end()
    num_arguments, default = 0, None
    if match["def"]:
        parameters = _PARAMETERS.match(text, position)
        if parameters is None:
            raise TexError("odd definition")
        num_arguments, position = len(parameters[1]) // 2, parameters.end()
    elif match["new"] and (arguments := _ARGUMENTS.match(text, position)):
        num_arguments, position = int(arguments[1]), arguments.end()
        default = arguments[2]
    body, position = _read_body(text, position)
    if match["operator"]:
        body = f"\\operatorname{match['star']}{{{body}}}"
    macro = simple(body, num_arguments)
    return macro if default is None else replace(macro, default=tuple(tokens_of(default))), position


def _read_body(text: str, position: int) -> tuple[str, int]:
    """What stands in the braces at `position`, or the one token there, and where it ends."""
    match = _BODY.match(text, position)
    if match is None:
        raise TexError("odd definition")
    if match["brace"] is None:
        return match[2], match.end()
    end = group_end(text, match.start("brace"))
    return text[match.end() : end - 1], end


def group_end(text: str, start: int) -> int:
    """The position after the brace that closes the one at `start`.

    Raises:
        TexError: none does.
    """
    closing = find_closing(BRACES, text, start)
    if closing is None:
        raise TexError("unbalanced braces")
    return closing.end()
