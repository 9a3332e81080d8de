r"""The macros that a TeX document defines for itself, and text with their meaning in place of their names.

Read are `\newcommand` and its kin, `\def` with plain parameters, `\let`, `\DeclareMathOperator`, paired
delimiters of mathtools, and commands of xparse with a star, an optional argument and plain ones. What uses a
name with another definition can't be read.
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
NO_VALUE = r"\NoValue"
"""Stands for an optional argument of xparse that is not there."""
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
    """Of the first argument, or the first after a star, where that may be left out."""
    star: bool = False
    """Whether the first argument is a star that may stand there."""


UNREAD = Macro(0, ("\0",))
"""What has a definition that isn't read."""
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
        TexError: a macro lacks an argument or its definition isn't read, or there is no end.

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
        if macro is None and (token in _CONDITIONS or token == r"\@ifstar"):
            waiting += _choose(token, waiting)[::-1]
            continue
        if macro is None:
            done.append(token)
            before = before if token.isspace() else token
            continue
        if macro == UNREAD:
            raise TexError("a macro whose definition isn't read")
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
    if macro.star:
        arguments.append(_pop_star(waiting))
    if macro.default is not None:
        arguments.append(_pop_optional(waiting, macro.default))
    while len(arguments) < macro.num_arguments:
        arguments.append(_pop_argument(waiting))
    given = {f"#{number}": argument for number, argument in enumerate(arguments, start=1)}
    if any(_PARAMETER.fullmatch(token) and token not in given for token in macro.body):
        raise TexError("macro without its argument")
    return [part for token in macro.body for part in _given(token, given)]


def _given(token: str, given: Mapping[str, Sequence[str]]) -> Sequence[str]:
    """What stands for a token of a body; for `#1l` the argument `\\big` as a left bracket has it."""
    if token[:-1] in given and token[-1] in "lr":
        return [part + token[-1] for part in given[token[:-1]]]
    return given.get(token, (token,))


def _pop_star(waiting: list[str]) -> list[str]:
    if waiting[-1:] != ["*"]:
        return [r"\BooleanFalse"]
    waiting.pop()
    return [r"\BooleanTrue"]


_CONDITIONS = {
    rf"\If{name}{branches}": (value, branches)
    for name, value in (("Boolean", r"\BooleanTrue"), ("NoValue", NO_VALUE), ("Value", NO_VALUE))
    for branches in ("TF", "T", "F")
}
"""Of each test of an argument in xparse the value that it asks for, and the branches that it has."""


def _choose(test: str, waiting: list[str]) -> list[str]:
    """The branch that a test of an argument takes; `\\@ifstar` tests what follows its branches."""
    if test == r"\@ifstar":
        branches = [_pop_argument(waiting) for _ in range(2)]
        return branches[_pop_star(waiting) == [r"\BooleanFalse"]]
    value, names = _CONDITIONS[test]
    holds = (_pop_argument(waiting) == [value]) != test.startswith(r"\IfValue")
    chosen = {name: _pop_argument(waiting) for name in names}
    return chosen.get("T" if holds else "F", [])


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
    r"\\(?:(?P<new>(?:re)?new(?:command|robustcmd)|provide(?:command|robustcmd)|DeclareRobustCommand)\*?\s*"
    r"|(?P<xparse>(?:New|Renew|Declare|Provide)(?:Expandable)?DocumentCommand)\s*"
    r"|(?P<paired>DeclarePairedDelimiter(?:XPP|X)?)\s*"
    r"|(?P<operator>DeclareMathOperator)(?P<star>\*?)\s*"
    r"|(?:(?:long|protected)\s*\\)*(?P<def>[gex]?def)\s*"
    r"|(?P<let>let|LetLtxMacro|(?:New|Renew|Declare)CommandCopy)\s*)(?P<brace>\{\s*)?(?P<name>\\(?:[A-Za-z@]+|.))\s*(?(brace)\})"
)
_PARAMETERS = re.compile(r"\s*((?:#\d)*)\s*(?=\{)")
_ARGUMENTS = re.compile(r"\s*\[\s*(\d)\s*\](?:\s*\[([^\[\]]*)\])?")
"""How many arguments there are, and what the first one is where it is left out."""
_BODY = re.compile(r"\s*(?:(?P<brace>\{)|(\\(?:[A-Za-z@]+|.)|\w))")
_LET = re.compile(r"\s*=?\s*(?P<brace>\{\s*)?(\\(?:[A-Za-z@]+|.)|[^\s{}\\])(?(brace)\s*\})")


_ENVIRONMENT = re.compile(r"\\(?:re)?newenvironment\*?\s*\{\s*(?P<name>[A-Za-z]+\*?)\s*\}")


def bound_macro(bound: str, environment: str) -> str:
    r"""The name of what stands for a bound, `begin` or `end`, of an environment that a document defines.

    >>> bound_macro("begin", "eqn*")
    '\\begin@eqn@star'
    """
    return rf"\{bound}@{environment.replace('*', '@star')}"


def _read_environments(text: str, macros: dict[str, Macro]) -> str:
    """Adds what a text defines as environments, two macros for each; returns the text without that."""
    rest: list[str] = []
    position = 0
    while match := _ENVIRONMENT.search(text, position):
        rest.append(text[position : match.start()])
        position = match.end()
        arguments = _ARGUMENTS.match(text, position)
        try:
            begin, end_of_begin = _read_body(text, arguments.end() if arguments else position)
            end, position = _read_body(text, end_of_begin)
        except TexError:
            continue
        macro = simple(begin, int(arguments[1]) if arguments else 0)
        if arguments and arguments[2] is not None:
            macro = replace(macro, default=tuple(tokens_of(arguments[2])))
        macros[bound_macro("begin", match["name"])], macros[bound_macro("end", match["name"])] = (
            macro,
            simple(end),
        )
    return "".join([*rest, text[position:]])


def read_definitions(text: str, known: Macros) -> tuple[dict[str, Macro], str]:
    """What `text` defines, on top of what is `known`, and `text` without these definitions.

    The bounds of environments are macros that `bound_macro` names.
    """
    macros = dict(known)
    text = _read_environments(text, macros)
    rest: list[str] = []
    position = 0
    while match := _DEFINITION.search(text, position):
        rest.append(text[position : match.start()])
        name = match["name"]
        try:
            macro, position = _read_definition(text, match, macros)
        except TexError:
            # such as parameters with words between them
            macros[name] = UNREAD
            position = match.end()
            continue
        kept = str(match["new"] or match["xparse"]).lower().startswith("provide")
        if not kept or name not in macros:
            macros[name] = macro
    rest.append(text[position:])
    return macros, "".join(rest)


def used_macros(text: str, macros: Macros) -> dict[str, Macro]:
    """Those of `macros` that a text uses, and that these use."""
    used: dict[str, Macro] = {}
    waiting = tokens_of(text)
    while waiting:
        token = waiting.pop()
        if token in macros and token not in used:
            used[token] = macros[token]
            waiting += macros[token].body
    return used


def _read_definition(text: str, match: re.Match[str], macros: Macros) -> tuple[Macro, int]:
    position = match.end()
    if match["let"]:
        meaning = _LET.match(text, position)
        if meaning is None:
            raise TexError("odd definition")
        target = meaning[2]
        return macros.get(target) or Macro(0, (_FINAL + target,)), meaning.end()
    if match["paired"]:
        return _read_paired(text, position, match["paired"])
    if match["xparse"]:
        return _read_xparse(text, position)
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


def paired(
    left: str, right: str, body: str = "#1", num_arguments: int = 1, around: tuple[str, str] = ("", "")
) -> Macro:
    r"""A macro as mathtools defines it: brackets that fit if there is a star, or as large as an option says.

    >>> expand(r"\abs*{x}+\abs[\big]x", {r"\abs": paired("|", "|")})
    '\\left|x\\right|+\\bigl|x\\bigr|'
    """
    inner = [f"#{int(token[1]) + 2}" if _PARAMETER.fullmatch(token) else token for token in tokens_of(body)]
    large, sized = (
        [size if token == r"\delimsize" else token for token in inner] for size in (r"\middle", "#2")
    )
    before, left_tokens, right_tokens, after = map(tokens_of, (around[0], left, right, around[1]))
    fitting = [r"\left", *left_tokens, *large, r"\right", *right_tokens]
    as_said = ["#2l", *left_tokens, *sized, "#2r", *right_tokens]
    chosen = [r"\IfBooleanTF", "{", "#1", "}", "{", *fitting, "}", "{", *as_said, "}"]
    return Macro(num_arguments + 2, (*before, *chosen, *after), default=(), star=True)


def _read_paired(text: str, position: int, kind: str) -> tuple[Macro, int]:
    num_arguments = 1
    if kind != "DeclarePairedDelimiter":
        arguments = _ARGUMENTS.match(text, position)
        if arguments is None:
            raise TexError("odd definition")
        num_arguments, position = int(arguments[1]), arguments.end()
    parts = []
    for _ in range({"DeclarePairedDelimiter": 2, "DeclarePairedDelimiterX": 3}.get(kind, 5)):
        part, position = _read_body(text, position)
        parts.append(part.strip())
    before, left, right, after, body = (
        parts if len(parts) == 5 else ["", *parts[:2], "", *parts[2:], "#1"][:5]
    )
    return paired(left, right, body, num_arguments, (before, after)), position


_SIGNATURE = re.compile(
    r"\s*(?P<star>s?)\s*(?P<option>o|O\s*\{(?P<default>[^{}]*)\})?\s*(?P<plain>(?:[+!]?m\s*)*)"
)


def _read_xparse(text: str, position: int) -> tuple[Macro, int]:
    signature, position = _read_body(text, position)
    arguments = _SIGNATURE.fullmatch(signature)
    if arguments is None:
        raise TexError("odd definition")
    body, position = _read_body(text, position)
    default = None
    if arguments["option"]:
        default = (NO_VALUE,) if arguments["default"] is None else tuple(tokens_of(arguments["default"]))
    star = bool(arguments["star"])
    number = star + (default is not None) + arguments["plain"].count("m")
    return replace(simple(body, number), default=default, star=star), position


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
