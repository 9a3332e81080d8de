r"""Synthetic formulas: the notation of many fields of mathematics, put together at random."""

from bisect import bisect
from collections.abc import Callable

import numpy as np

from data_engines.tools.chance import one_of

LATIN = (
    "a b c d e f g h i j k l m n p q r s t u v w x y z A B C D E F G H K L M N P Q R S T U V X Y Z".split()
)
GREEK = (
    r"\alpha \beta \gamma \delta \varepsilon \zeta \eta \theta \kappa \lambda \mu \nu \xi \pi \rho \sigma"
    r" \tau \varphi \phi \chi \psi \omega \Gamma \Delta \Theta \Lambda \Xi \Pi \Sigma \Phi \Psi \Omega"
).split()
STYLED = (
    r"\mathbb{R} \mathbb{C} \mathbb{Z} \mathbb{N} \mathbb{E} \mathcal{A} \mathcal{F} \mathcal{H} \mathcal{L}"
    r" \mathcal{O} \mathbf{A} \mathbf{u} \mathbf{v} \mathbf{x} \mathbf{W} \mathfrak{g} \mathscr{D} \ell \hbar"
    r" \infty \emptyset \nabla \partial \boldsymbol{\mu} \boldsymbol{\theta}"
).split()
ACCENTS = r"\hat \bar \tilde \vec \dot \ddot \widehat \overline".split()
RELATIONS = (
    r"= = = = \leq \geq < > \neq \approx \equiv \sim \simeq \propto \in \subset \subseteq \rightarrow \mapsto"
    r" \ll \gg :="
).split()
OPERATORS = r"+ + + + + - - - - \cdot \cdot \times \pm \otimes \oplus \cup \cap \circ \wedge \mid".split()
FUNCTIONS = (
    r"\sin \cos \tan \log \ln \exp \det \dim \max \min \sinh \cosh \arctan \operatorname{tr}"
    r" \operatorname{rank} \operatorname{sgn} \operatorname{Var} \operatorname{div} f g h F \Phi \Gamma"
    r" \zeta P"
).split()
BIG = r"\sum \sum \sum \prod \int \int \int \iint \oint \bigcup \bigcap \bigoplus".split()
BRACKETS = (
    ("(", ")"),
    ("[", "]"),
    (r"\{", r"\}"),
    ("|", "|"),
    (r"\|", r"\|"),
    (r"\langle", r"\rangle"),
    (r"\lfloor", r"\rfloor"),
)
CONDITIONS = ("if ", "for ", "when ", "for all ")
MATRICES = ("pmatrix", "bmatrix", "vmatrix", "matrix")
MAX_DEPTH = 3


def choose_formula(rng: np.random.Generator) -> str:
    r"""A display without its delimiters: one equation, several rows, or a case distinction.

    The formulas have no meaning.
    """
    chance = rng.random()
    if chance < 0.72:
        formula = _equation(rng)
    elif chance < 0.80:
        formula = _cases(rng)
    elif chance < 0.88:
        formula = f"{_symbol(rng)}={_matrix(rng)}"
    else:
        formula = _rows(rng)
    return formula + str(rng.choice(["", "", "", ".", ","]))


def choose_inline(rng: np.random.Generator) -> str:
    """A formula low enough for a line of text."""
    left = _term(rng, MAX_DEPTH) if rng.random() < 0.6 else _symbol(rng)
    return left if rng.random() < 0.3 else f"{left}{one_of(rng, RELATIONS)} {_sum(rng, MAX_DEPTH, 2)}"


def _equation(rng: np.random.Generator) -> str:
    text = _sum(rng, 1, 2)
    for _ in range(1 + int(rng.random() < 0.25)):
        text += f"{one_of(rng, RELATIONS)} {_sum(rng, 0, 3)}"
    return text


def _rows(rng: np.random.Generator) -> str:
    rows = [f"{_sum(rng, 1, 2)} & {one_of(rng, RELATIONS)} {_sum(rng, 1, 3)}"]
    for _ in range(rng.integers(1, 4)):
        left = "" if rng.random() < 0.6 else _sum(rng, 2, 2)
        rows.append(f"{left} & {one_of(rng, RELATIONS)} {_sum(rng, 1, 3)}")
    return r"\begin{aligned}" + r" \\ ".join(rows) + r"\end{aligned}"


def _cases(rng: np.random.Generator) -> str:
    rows = []
    for number in range(count := int(rng.integers(2, 5))):
        if number == count - 1 and rng.random() < 0.6:
            condition = r"\text{otherwise}"
        else:
            words = rf"\text{{{one_of(rng, CONDITIONS)}}}" if rng.random() < 0.7 else ""
            condition = f"{words}{_symbol(rng)}{one_of(rng, RELATIONS)} {_symbol(rng)}"
        rows.append(f"{_sum(rng, 2, 2)}, & {condition}")
    function = f"{one_of(rng, LATIN)}({_symbol(rng)})"
    return function + r"=\begin{cases}" + r" \\ ".join(rows) + r"\end{cases}"


def _matrix(rng: np.random.Generator) -> str:
    columns = int(rng.integers(1, 5))
    height = int(rng.integers(2, 5))
    if rng.random() < 0.25:
        return _dotted_matrix(rng)
    cells = [[_sum(rng, MAX_DEPTH, 2) for _ in range(columns)] for _ in range(height)]
    name = one_of(rng, MATRICES[:3])
    body = r" \\ ".join(" & ".join(row) for row in cells)
    return rf"\begin{{{name}}}{body}\end{{{name}}}" + ("^{T}" if rng.random() < 0.2 else "")


def _dotted_matrix(rng: np.random.Generator) -> str:
    entry, last_row, last_column = one_of(rng, LATIN), one_of(rng, "mn"), one_of(rng, "knp")
    corner = [f"{entry}_{{{row}{column}}}" for row in ("1", last_row) for column in ("1", last_column)]
    name = one_of(rng, MATRICES[:2])
    rows = (rf"{corner[0]} & \cdots & {corner[1]}", r"\vdots & \ddots & \vdots")
    return rf"\begin{{{name}}}{rows[0]} \\ {rows[1]} \\ {corner[2]} & \cdots & {corner[3]}\end{{{name}}}"


def _sum(rng: np.random.Generator, depth: int, longest: int) -> str:
    text = ("-" if rng.random() < 0.1 else "") + _term(rng, depth)
    for _ in range(rng.integers(longest)):
        text += f"{one_of(rng, OPERATORS)} {_term(rng, depth)}"
    return text


def _term(rng: np.random.Generator, depth: int) -> str:
    """One factor or a few; terms that lie deeper inside others are plainer."""
    if depth >= MAX_DEPTH:
        return _atom(rng)
    number = bisect(_SHARES_UP_TO, rng.random())
    return TERMS[number](rng, depth + 1)


def _atom(rng: np.random.Generator) -> str:
    chance = rng.random()
    if chance < 0.25:
        return _number(rng)
    return _symbol(rng) + (_symbol(rng) if chance > 0.85 else "")


def _symbol(rng: np.random.Generator) -> str:
    chance = rng.random()
    base = one_of(rng, LATIN if chance < 0.6 else GREEK if chance < 0.87 else STYLED)
    if chance < 0.06:
        base = f"{one_of(rng, ACCENTS)}{{{base}}}"
    chance = rng.random()
    if chance < 0.28:
        base += f"_{{{_index(rng)}}}"
    if 0.22 < chance < 0.4:
        base += f"^{{{_power(rng)}}}"
    elif chance > 0.95:
        base += one_of(rng, ("'", "^{*}", r"^{\dagger}", r"^{\prime\prime}"))
    return base + " "


def _index(rng: np.random.Generator) -> str:
    index = one_of(rng, ("i", "j", "k", "n", "0", "1", "2", "m", "t", r"\mu", "x", r"\max", r"\text{eff}"))
    chance = rng.random()
    return f"{index},{one_of(rng, LATIN)}" if chance < 0.12 else f"{index}+1" if chance < 0.22 else index


def _power(rng: np.random.Generator) -> str:
    chance = rng.random()
    if chance < 0.45:
        return one_of(rng, ("2", "3", "n", "-1", "T", "k"))
    sign = "-" if chance < 0.7 else ""
    return sign + one_of(rng, LATIN) + one_of(rng, ("", "+1", "/2", r"\pi", "t"))


def _number(rng: np.random.Generator) -> str:
    chance = rng.random()
    if chance < 0.7:
        return str(rng.integers(1, 10))
    return str(rng.integers(10, 3000)) if chance < 0.85 else f"{rng.random() * 10:.{rng.integers(1, 4)}f}"


def _fraction(rng: np.random.Generator, depth: int) -> str:
    return rf"\frac{{{_sum(rng, depth, 3)}}}{{{_sum(rng, depth, 3)}}}"


def _root(rng: np.random.Generator, depth: int) -> str:
    degree = f"[{one_of(rng, '3n4')}]" if rng.random() < 0.2 else ""
    return rf"\sqrt{degree}{{{_sum(rng, depth, 3)}}}"


def _large(rng: np.random.Generator, depth: int) -> str:
    sign = one_of(rng, BIG) + " "
    variable = one_of(rng, LATIN)
    if "int" not in sign:
        last = one_of(rng, ("n", "N", "m", r"\infty"))
        bounds = (
            f"_{{{variable}={_number(rng)}}}^{{{last}}}" if rng.random() < 0.8 else f"_{{{_symbol(rng)}}}"
        )
        return f"{sign}{bounds}{_sum(rng, depth, 2)}"
    limits = ("", rf"_{{{_symbol(rng)}}}", f"_{{0}}^{{{_symbol(rng)}}}", r"_{-\infty}^{\infty}")
    return rf"{sign}{one_of(rng, limits)}{_sum(rng, depth, 2)}\,d{variable} "


def _limit(rng: np.random.Generator, depth: int) -> str:
    name = one_of(rng, (r"\lim", r"\lim", r"\sup", r"\inf", r"\max", r"\min", r"\limsup"))
    arrow = r"\rightarrow" if name.startswith(r"\lim") else r"\in"
    goal = one_of(rng, ("0", r"\infty", "1", "a"))
    return f"{name}_{{{one_of(rng, LATIN)} {arrow} {goal}}}{_term(rng, depth)}"


def _derivative(rng: np.random.Generator, depth: int) -> str:
    sign = one_of(rng, (r"\partial ", "d"))
    order = one_of(rng, ("", "", "^{2}", "^{n}"))
    above = _symbol(rng) if rng.random() < 0.6 else ""
    below = f"{one_of(rng, LATIN)}{order}"
    return rf"\frac{{{sign}{order}{above}}}{{{sign}{below}}}" + ("" if above else _term(rng, depth))


def _bracketed(rng: np.random.Generator, depth: int) -> str:
    left, right = BRACKETS[0] if rng.random() < 0.5 else one_of(rng, BRACKETS)
    power = f"^{{{_power(rng)}}}" if rng.random() < 0.3 else ""
    return rf"\left{left} {_sum(rng, depth, 3)}\right{right} {power}"


def _applied(rng: np.random.Generator, depth: int) -> str:
    function = one_of(rng, FUNCTIONS)
    power = "^{2}" if rng.random() < 0.1 else ""
    if rng.random() < 0.7:
        return rf"{function}{power}\left({_sum(rng, depth, 2)}\right)"
    return f"{function}{power} ({_symbol(rng)}{one_of(rng, ('', ',', ';'))}{_symbol(rng)})"


def _script_tower(rng: np.random.Generator, depth: int) -> str:
    return f"e^{{{'-' if rng.random() < 0.5 else ''}{_term(rng, depth)}}}"


def _binomial(rng: np.random.Generator, depth: int) -> str:
    return rf"\binom{{{_atom(rng)}}}{{{_atom(rng)}}}"


def _labelled(rng: np.random.Generator, depth: int) -> str:
    brace, script = (r"\underbrace", "_") if rng.random() < 0.7 else (r"\overbrace", "^")
    return rf"{brace}{{{_sum(rng, depth, 3)}}}{script}{{{_symbol(rng)}}}"


def _dots(rng: np.random.Generator, depth: int) -> str:
    letter, last = one_of(rng, LATIN), one_of(rng, ("n", "m", "N", "k"))
    return rf"{letter}_{{1}}+{letter}_{{2}}+\cdots+{letter}_{{{last}}}"


def _plain(rng: np.random.Generator, depth: int) -> str:
    return _atom(rng)


TERMS: tuple[Callable[[np.random.Generator, int], str], ...] = (
    _plain, _fraction, _root, _large, _limit, _derivative, _bracketed, _applied, _script_tower, _binomial,
    _labelled, _dots,
)  # fmt: skip
_SHARES_UP_TO = (0.33, 0.47, 0.53, 0.65, 0.68, 0.74, 0.83, 0.92, 0.96, 0.975, 0.985)
"""Cumulative shares of all `TERMS` except the last."""
