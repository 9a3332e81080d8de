r"""One spelling for formulas that look the same, near that of Mathpix, which the recipe's answers have.

White space goes where TeX ignores it, `x^2_1` becomes `x_{1}^{2}`, `{a\over b}` becomes `\frac{a}{b}`, and of
names that mean the same one is kept. The picture stays as it was: it is the respelt formula that is typeset.
"""

import re
from collections.abc import Iterator

from got_train.tex.errors import TexError
from got_train.tex.macros import ARITY, Macro, simple, text_of, tokens_of

MAX_NESTING = 200
"""Groups within each other; TeX itself stops at 255."""

_SYNONYMS = {
    r"\le \ge \ne \to \gets": r"\leq \geq \neq \rightarrow \leftarrow",
    r"\lbrace \rbrace \lbrack \rbrack": r"\{ \} [ ]",
    r"\vert \lvert \rvert \Vert \lVert \rVert": r"| | | \| \| \|",
    r"\land \lor \lnot \owns \thinspace \mbox": r"\wedge \vee \neg \ni \, \text",
    "≤ ≥ ≠ → ← ∈ ∉ ∞ ∂ ∇": r"\leq \geq \neq \rightarrow \leftarrow \in \notin \infty \partial \nabla",
    "∑ ∏ ∫ √ ± × · − ≈ ≡": r"\sum \prod \int \surd \pm \times \cdot - \approx \equiv",
    "α β γ δ ε ζ η θ": r"\alpha \beta \gamma \delta \varepsilon \zeta \eta \theta",
    "ι κ λ μ ν ξ π ρ": r"\iota \kappa \lambda \mu \nu \xi \pi \rho",
    "σ τ υ φ χ ψ ω ϵ ϕ": r"\sigma \tau \upsilon \varphi \chi \psi \omega \epsilon \phi",
    "Γ Δ Θ Λ Ξ Π Σ Φ Ψ Ω": r"\Gamma \Delta \Theta \Lambda \Xi \Pi \Sigma \Phi \Psi \Omega",
}
SYNONYMS: dict[str, Macro] = {
    name: simple(kept)
    for names, all_kept in _SYNONYMS.items()
    for name, kept in zip(names.split(), all_kept.split(), strict=True)
}
"""Names and characters, and the name that is kept for them."""
TEXT_COMMANDS = frozenset(
    r"\text \textrm \textbf \textit \textsf \texttt \textsc \textup \textnormal \emph \mbox \hbox \fbox \ce"
    r" \operatorname \hspace \raisebox \color \textcolor \colorbox \rule".split()
)
"""Whose arguments white space counts in."""
_ROW_GAP = re.compile(r"\[\s*-?[\d.]+\s*[a-z]{2}\s*\]")
_NEVER_ALONE = frozenset(
    r"\left \right \begin \end \bgroup \egroup \not \displaystyle \textstyle \bf \rm & $ ^ _ ' ~".split()
)
_INFIX = {r"\over": r"\frac", r"\choose": r"\binom"}
_CELLS = frozenset(r"\begin \end \left \right & \\".split())
"""What bounds the reach of an infix besides braces."""
_WITH_COLUMNS = ("array", "alignedat", "subarray", "tabular")

Node = str | list["Node"]
"""A token of a formula, or what stands in a pair of braces."""


def spell(latex: str) -> str:
    r"""A formula in the one spelling.

    Raises:
        TexError: its braces don't match, or are nested too deep.

    >>> spell(r"\rho _ { L } ( q ) = \text { if } x ^ 2 \alpha a \\ \frac12")
    '\\rho_{L}(q)=\\text{ if }x^{2}\\alpha a \\\\ \\frac{1}{2}'
    """
    nodes = _read_groups(latex)
    _brace_arguments(nodes)
    text = re.sub(r" +", " ", text_of(_spelt(nodes))).strip(" ")
    # a backslash that lost the space it escapes
    return text + " " if re.search(r"(?<!\\)(?:\\\\)*\\$", text) else text


def _read_groups(latex: str) -> list[Node]:
    groups: list[list[Node]] = [[]]
    for token in tokens_of(latex):
        if token == "{":
            groups.append([])
        elif token == "}":
            *groups, group = groups
            if not groups:
                raise TexError("unbalanced braces")
            groups[-1] += _fraction(group, groups[-1]) or [group]
        else:
            groups[-1].append(token)
        if len(groups) > MAX_NESTING:
            raise TexError("braces nested too deep")
    if len(groups) > 1:
        raise TexError("unbalanced braces")
    return groups[0]


def _tokens(nodes: list[Node]) -> Iterator[str]:
    for node in nodes:
        yield from ("{", *_tokens(node), "}") if isinstance(node, list) else (node,)


def _fraction(group: list[Node], before: list[Node]) -> list[Node]:
    r"""A group such as `{a \over b}` with its parts as arguments; nothing of a group without an infix."""
    names = [node if isinstance(node, str) else "" for node in group]
    infixes = [position for position, name in enumerate(names) if name in _INFIX]
    if len(infixes) != 1 or not _CELLS.isdisjoint(names):
        return []
    [at] = infixes
    fraction: list[Node] = [_INFIX[names[at]], group[:at], group[at + 1 :]]
    last = next((node for node in reversed(before) if not _is_space(node)), "=")
    # after anything else the braces may be those of an argument
    alone = isinstance(last, str) and (last in _INFIX or (len(last) == 1 and last not in "^_]"))
    return fraction if alone else [fraction]


def _brace_arguments(nodes: list[Node]) -> None:
    """Puts braces round every argument that is a single token or a macro of its own."""
    for position in reversed(range(len(nodes))):
        node, end = nodes[position], position + 1
        if isinstance(node, list):
            if nodes[:position][-1:] != [r"\ce"]:  # where `^2-` is all one charge
                _brace_arguments(node)
            continue
        if node == r"\operatorname" and nodes[end : end + 1] == ["*"]:
            end += 1
        for _ in range(ARITY.get(node, 0)):
            start = _skip_option(nodes, end) if node == r"\sqrt" else _skip_space(nodes, end)
            end = _unit_end(nodes, start)
            if end == start:
                break
            if not _is_group(nodes, start):
                nodes[start:end] = [nodes[start:end]]
                end = start + 1


def _spelt(nodes: list[Node]) -> Iterator[str]:
    """The tokens of a formula, with space only where it counts and round what bounds cells."""
    position = 0
    while position < len(nodes):
        node, start = nodes[position], position
        position += 1
        if isinstance(node, list):
            yield from ("{", *_spelt(node), "}")
        elif node in TEXT_COMMANDS:
            position += nodes[position : position + 1] == ["*"]
            yield from _tokens(nodes[start:position])
            while _is_group(nodes, at := _skip_space(nodes, position)):
                position = at + 1
                yield from _tokens(nodes[at:position])
        elif node in (r"\begin", r"\end"):
            position = _environment_end(nodes, start)
            name = "".join(_tokens(nodes[start:position])).replace(" ", "")
            yield from (name, " ") if node == r"\begin" else (" ", name)
        elif node in ("\\\\", "&"):
            position = _row_end(nodes, position) if node == "\\\\" else position
            yield from (" ", node, " ")
        elif node in ("_", "'", "^"):
            _order_scripts(nodes, start)
            yield from _tokens(nodes[start:position])
        elif not node.isspace():
            yield node


def _order_scripts(nodes: list[Node], start: int) -> None:
    r"""Puts a subscript first of the scripts at `start` and primes second; `^{\prime}` is one of these."""
    scripts: dict[str, list[Node]] = {"_": [], "'": [], "^": []}
    end = start
    while (position := _skip_space(nodes, end)) < len(nodes):
        sign = nodes[position]
        if sign == "'":
            scripts["'"].append("'")
            end = position + 1
            continue
        at = _skip_space(nodes, position + 1)
        group = nodes[at] if at < len(nodes) else ""
        if isinstance(sign, list) or isinstance(group, str) or scripts.get(sign, True):
            break
        end = at + 1
        while sign == "^" and group and (group[0] == r"\prime" or _is_space(group[0])):
            scripts["'"] += ["'"] * (group.pop(0) == r"\prime")
        if group or not scripts["'"]:
            scripts[sign] = [sign, group]
    nodes[start:end] = [node for script in scripts.values() for node in script]


def _unit_end(nodes: list[Node], start: int) -> int:
    """Where the group, the token or the macro with its arguments ends at `start`; `start` if none does."""
    node = nodes[start] if start < len(nodes) else "&"
    if isinstance(node, list):
        return start + 1
    if node in _NEVER_ALONE:
        return start
    end = start + 1
    for _ in range(ARITY.get(node, 0)):
        end = _skip_space(nodes, end)
        if not _is_group(nodes, end):
            return start
        end += 1
    return end


def _environment_end(nodes: list[Node], position: int) -> int:
    r"""Where the name after the `\begin` or `\end` at `position` ends, with any columns."""
    start = _skip_space(nodes, position + 1)
    if not _is_group(nodes, start):
        return position + 1
    name = "".join(_tokens(nodes[start : start + 1]))[1:-1].strip()
    if name in _WITH_COLUMNS and nodes[position] == r"\begin":
        columns = _skip_option(nodes, start + 1)
        if _is_group(nodes, columns):
            return columns + 1
    return start + 1


def _row_end(nodes: list[Node], position: int) -> int:
    """Where the star and the gap after a row end, which don't show for themselves."""
    position += nodes[position : position + 1] == ["*"]
    end = _skip_option(nodes, position)
    gap = "".join(_tokens(nodes[position:end])).rstrip()
    return end if _ROW_GAP.fullmatch(gap) else position


def _is_space(node: Node) -> bool:
    return isinstance(node, str) and node.isspace()


def _is_group(nodes: list[Node], position: int) -> bool:
    return position < len(nodes) and isinstance(nodes[position], list)


def _skip_space(nodes: list[Node], position: int) -> int:
    while position < len(nodes) and _is_space(nodes[position]):
        position += 1
    return position


def _skip_option(nodes: list[Node], position: int) -> int:
    """Where what follows an option begins, and the space around it; the option may be missing."""
    position = _skip_space(nodes, position)
    if nodes[position : position + 1] == ["["] and "]" in nodes[position:]:
        return _skip_space(nodes, nodes.index("]", position) + 1)
    return position
