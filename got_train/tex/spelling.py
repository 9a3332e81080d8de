r"""One spelling for formulas that look the same, near that of Mathpix, which the recipe's answers have.

White space goes where TeX ignores it, `x^2_1` becomes `x_{1}^{2}`, `{a\over b}` becomes `\frac{a}{b}`, and of
names that mean the same one is kept. The picture stays as it was: it is the respelt formula that is typeset.
"""

import re

from got_train.tex.errors import TexError
from got_train.tex.macros import ARITY, Macro, simple, text_of, tokens_of

_CHARACTERS = {
    "≤≥≠→←∈∉∞∂∇": r"\leq \geq \neq \rightarrow \leftarrow \in \notin \infty \partial \nabla",
    "∑∏∫√±×·−≈≡": r"\sum \prod \int \surd \pm \times \cdot - \approx \equiv",
    "αβγδεζηθικλμν": r"\alpha \beta \gamma \delta \varepsilon \zeta \eta \theta \iota \kappa \lambda \mu \nu",
    "ξπρστυφχψωϵϕ": r"\xi \pi \rho \sigma \tau \upsilon \varphi \chi \psi \omega \epsilon \phi",
    "ΓΔΘΛΞΠΣΦΨΩ": r"\Gamma \Delta \Theta \Lambda \Xi \Pi \Sigma \Phi \Psi \Omega",
}
SYNONYMS: dict[str, Macro] = {
    name: simple(kept)
    for name, kept in (
        (r"\le", r"\leq"),
        (r"\ge", r"\geq"),
        (r"\ne", r"\neq"),
        (r"\to", r"\rightarrow"),
        (r"\gets", r"\leftarrow"),
        (r"\lbrace", r"\{"),
        (r"\rbrace", r"\}"),
        (r"\lbrack", "["),
        (r"\rbrack", "]"),
        (r"\vert", "|"),
        (r"\Vert", r"\|"),
        *((name, "|") for name in (r"\lvert", r"\rvert")),
        *((name, r"\|") for name in (r"\lVert", r"\rVert")),
        (r"\land", r"\wedge"),
        (r"\lor", r"\vee"),
        (r"\lnot", r"\neg"),
        (r"\owns", r"\ni"),
        (r"\thinspace", r"\,"),
        (r"\mbox", r"\text"),
        *(pair for some, names in _CHARACTERS.items() for pair in zip(some, names.split(), strict=True)),
    )
}
"""Names and characters, and the name that is kept for them."""
_TEXT = frozenset(
    r"\text \textrm \textbf \textit \textsf \texttt \textsc \textup \textnormal \emph \mbox \hbox \fbox \ce"
    r" \operatorname \hspace \raisebox \color \textcolor \colorbox \rule".split()
)
"""Whose arguments white space counts in."""
_ROW_GAP = re.compile(r"\[\s*-?[\d.]+\s*[a-z]{2}\s*\]")
_NEVER_ALONE = frozenset(
    r"\left \right \begin \end \bgroup \egroup \not \displaystyle \textstyle \bf \rm".split()
)
_INFIX = {r"\over": r"\frac", r"\choose": r"\binom"}
_CELLS = frozenset(r"\begin \end \left \right & \\".split())
"""What bounds the reach of an infix besides braces."""
_WITH_COLUMNS = ("array", "alignedat", "subarray", "tabular")


def spell(latex: str) -> str:
    r"""A formula in the one spelling.

    >>> spell(r"\rho _ { L } ( q ) = \text { if } x ^ 2 \alpha a \\ \frac12")
    '\\rho_{L}(q)=\\text{ if }x^{2}\\alpha a \\\\ \\frac{1}{2}'
    """
    tokens = _brace_arguments(_without_infixes(tokens_of(latex)))
    spelt: list[str] = []
    position = 0
    while position < len(tokens):
        token, start = tokens[position], position
        position += 1
        if token in _TEXT:
            spelt.append(token)
            if tokens[position : position + 1] == ["*"]:
                spelt.append("*")
                position += 1
            while (at := _skip_space(tokens, position)) < len(tokens) and tokens[at] == "{":
                position = _group_end(tokens, at)
                spelt += tokens[at:position]
        elif token in (r"\begin", r"\end"):
            position = _environment_end(tokens, position)
            name = "".join(tokens[start:position]).replace(" ", "")
            spelt += [name, " "] if token == r"\begin" else [" ", name]
        elif token == "\\\\":
            position = _row_end(tokens, position)
            spelt += [" ", token, " "]
        elif token == "&":
            spelt += [" ", token, " "]
        elif token in ("_", "'", "^"):
            _order_scripts(tokens, start)
            spelt.append(tokens[start])
        elif not token.isspace():
            spelt.append(token)
    text = re.sub(r" +", " ", text_of(spelt)).strip(" ")
    # a backslash that lost the space it escapes
    return text + " " if re.search(r"(?<!\\)(?:\\\\)*\\$", text) else text


def _without_infixes(tokens: list[str]) -> list[str]:
    r"""Fractions and binomials such as `{a \over b}` with their two parts as arguments."""
    if _INFIX.keys().isdisjoint(tokens):
        return tokens
    for start in reversed([position for position, token in enumerate(tokens) if token == "{"]):
        end = _group_end(tokens, start)
        level, depth = [], 0
        for position in range(start + 1, end - 1):
            depth += (tokens[position] == "{") - (tokens[position] == "}")
            level += [position] * (depth == 0)
        infixes = [position for position in level if tokens[position] in _INFIX]
        if len(infixes) != 1 or not _CELLS.isdisjoint(tokens[position] for position in level):
            continue
        [at] = infixes
        fraction = [
            _INFIX[tokens[at]],
            "{",
            *tokens[start + 1 : at],
            "}",
            "{",
            *tokens[at + 1 : end - 1],
            "}",
        ]
        before = next((token for token in reversed(tokens[:start]) if not token.isspace()), "=")
        # after anything else the braces may be those of an argument
        alone = before in _INFIX or (len(before) == 1 and before not in "^_}]")
        tokens[start:end] = fraction if alone else ["{", *fraction, "}"]
    return tokens


def _order_scripts(tokens: list[str], start: int) -> None:
    r"""Puts a subscript first of the scripts at `start` and primes second; `^{\prime}` is one of these."""
    scripts: dict[str, list[str]] = {"_": [], "'": [], "^": []}
    end = start
    while (position := _skip_space(tokens, end)) < len(tokens):
        sign, opening = tokens[position], _skip_space(tokens, position + 1)
        if sign == "'":
            scripts[sign].append(sign)
            end = position + 1
            continue
        if scripts.get(sign, True) or tokens[opening : opening + 1] != ["{"]:
            break
        end = _group_end(tokens, opening)
        inside = tokens[opening + 1 : end - 1]
        while sign == "^" and inside and (inside[0] == r"\prime" or inside[0].isspace()):
            scripts["'"] += ["'"] * (inside.pop(0) == r"\prime")
        if inside or not scripts["'"]:
            scripts[sign] = [sign, "{", *inside, "}"]
    tokens[start:end] = [token for script in scripts.values() for token in script]


def _brace_arguments(tokens: list[str]) -> list[str]:
    """Puts braces round every argument that is a single token or a macro of its own."""
    chemistry = {
        inside
        for position, token in enumerate(tokens)
        if token == r"\ce" and tokens[position + 1 : position + 2] == ["{"]
        for inside in range(position, _group_end(tokens, position + 1))
    }
    for position in reversed(range(len(tokens))):
        if position in chemistry:
            continue  # where `^2-` is all one charge
        end = position + 1
        if tokens[position] == r"\operatorname" and tokens[end : end + 1] == ["*"]:
            end += 1
        for _ in range(ARITY.get(tokens[position], 0)):
            start = _skip_space(tokens, end)
            if tokens[position] == r"\sqrt" and tokens[start : start + 1] == ["["] and "]" in tokens[start:]:
                start = _skip_space(tokens, tokens.index("]", start) + 1)
            end = _unit_end(tokens, start)
            if end == start:
                break
            if tokens[start] != "{":
                tokens[start:end] = ["{", *tokens[start:end], "}"]
                end += 2
    return tokens


def _unit_end(tokens: list[str], start: int) -> int:
    """Where the group, the token or the macro with its arguments ends at `start`; `start` if none does."""
    if start == len(tokens) or tokens[start] in _NEVER_ALONE or tokens[start] in "}&$^_'~":
        return start
    if tokens[start] == "{":
        return _group_end(tokens, start)
    end = start + 1
    for _ in range(ARITY.get(tokens[start], 0)):
        end = _skip_space(tokens, end)
        if tokens[end : end + 1] != ["{"]:
            return start
        end = _group_end(tokens, end)
    return end


def _skip_space(tokens: list[str], position: int) -> int:
    while position < len(tokens) and tokens[position].isspace():
        position += 1
    return position


def _group_end(tokens: list[str], start: int) -> int:
    depth = 0
    for position in range(start, len(tokens)):
        depth += (tokens[position] == "{") - (tokens[position] == "}")
        if depth == 0:
            return position + 1
    raise TexError("unbalanced braces")


def _environment_end(tokens: list[str], position: int) -> int:
    """Where the name after `\\begin` or `\\end` ends, with the columns where there are any."""
    start = _skip_space(tokens, position)
    if tokens[start : start + 1] != ["{"]:
        return position
    end = _group_end(tokens, start)
    name = "".join(tokens[start + 1 : end - 1]).strip()
    if name in _WITH_COLUMNS and tokens[start - 1 :][:1] != [r"\end"]:
        columns = _skip_space(tokens, end)
        if tokens[columns : columns + 1] == ["["] and "]" in tokens[columns:]:
            columns = _skip_space(tokens, tokens.index("]", columns) + 1)
        if tokens[columns : columns + 1] == ["{"]:
            return _group_end(tokens, columns)
    return end


def _row_end(tokens: list[str], position: int) -> int:
    """Where the star and the gap after a row end, which don't show for themselves."""
    if tokens[position : position + 1] == ["*"]:
        position += 1
    if tokens[position : position + 1] == ["["] and "]" in tokens[position:]:
        end = tokens.index("]", position) + 1
        if _ROW_GAP.fullmatch("".join(tokens[position:end])):
            return end
    return position
