from collections import Counter

import pytest

from got_train.tex.errors import TexError
from got_train.tex.macros import UNREAD, Macro, expand, read_definitions, simple
from got_train.tex.source import (
    Formula,
    find_formulas,
    find_tabulars,
    parse_document,
    plain_formula,
    read_documents,
)
from got_train.tex.spelling import spell


def formulas(text):
    return find_formulas(parse_document(text))[0]


def display(text):
    (formula,) = formulas(text)
    assert formula.display
    return formula.latex


@pytest.mark.parametrize(
    ("definition", "used", "plain"),
    [
        (r"\newcommand{\R}{\mathbb{R}}", r"\R x^\R", r"\mathbb{R}x^{\mathbb{R}}"),
        (r"\newcommand\norm[1]{\|#1\|}", r"\norm{a+b}\norm c", r"\|a+b\|\|c\|"),
        (
            r"\newcommand{\pd}[2][t]{\frac{\partial #2}{\partial #1}}",
            r"\pd u",
            r"\frac{\partial u}{\partial t}",
        ),
        (r"\newcommand{\pd}[2][t]{#2_{#1}}", r"\pd[x]{u}", r"u_{x}"),
        (r"\def\v#1#2{\mathbf{#1}#2}", r"\v xy", r"\mathbf{x}y"),
        (r"\DeclareMathOperator*{\amin}{arg\,min}", r"\amin_x", r"\operatorname*{arg\,min}_{x}"),
        (r"\let\eps=\varepsilon", r"\eps a", r"\varepsilon a"),
        (r"\let\old\vec\renewcommand{\vec}[1]{\old{\mathbf #1}}", r"\vec x", r"\vec{\mathbf{x}}"),
        (r"\providecommand{\a}{1}\providecommand{\a}{2}", r"\a", "1"),
        (r"\newcommand{\a}{1}\newcommand{\b}{\a+\a}\renewcommand{\a}{2}", r"\b", "2+2"),
        ("", r"\ket{\psi}\in\C", r"\left|\psi\right\rangle\in\mathbb{C}"),
        ("", r"\abs*{x}+\norm[\big]{y}", r"\left|x\right|+\left\|y\right\|"),
        (
            r"\DeclarePairedDelimiter\ceil{\lceil}{\rceil}",
            r"\ceil{x}+\ceil*{\frac ab}+\ceil[\Big]x",
            r"\lceil x\rceil+\left\lceil\frac{a}{b}\right\rceil+\Bigl\lceil x\Bigr\rceil",
        ),
        (
            r"\DeclarePairedDelimiterX{\ip}[2]{\langle}{\rangle}{#1\delimsize\vert #2}",
            r"\ip{a}{b}+\ip*{a}{b}+\ip[\big]ab",
            r"\langle a|b\rangle+\left\langle a\middle|b\right\rangle+\bigl\langle a\big|b\bigr\rangle",
        ),
        (
            r"\DeclarePairedDelimiterXPP{\n}[1]{L}{\|}{\|}{_2}{#1}",
            r"\n{a}\n*b",
            r"L\|a\|_{2}L\left\|b\right\|_{2}",
        ),
        (
            r"\NewDocumentCommand\E{s O{x} +m}{E_{#2}\IfBooleanTF#1{\left[#3\right]}{[#3]}}",
            r"\E{a}+\E*{b}+\E[y]{c}+\E*[z]d",
            r"E_{x}[a]+E_{x}\left[b\right]+E_{y}[c]+E_{z}\left[d\right]",
        ),
        (r"\NewDocumentCommand{\f}{o m}{f\IfNoValueTF{#1}{}{_{#1}}(#2)}", r"\f{a}+\f[1]{b}", "f(a)+f_{1}(b)"),
        (r"\NewDocumentCommand{\d}{s}{d\IfBooleanF{#1}{x}\IfBooleanT{#1}{y}}", r"\d\d*", "dxdy"),
        (r"\ProvideDocumentCommand{\a}{}{1}\ProvideDocumentCommand{\a}{}{2}", r"\a", "1"),
        (r"\def\n{\@ifstar\m\o}\def\m#1{|#1|}\newrobustcmd{\o}[1]{(#1)}", r"\n{a}\n*{b}", "(a)|b|"),
        (r"\RenewDocumentCommand\vec{m}{\mathbf{#1}}", r"\vec{a}", r"\mathbf{a}"),
        (r"\let\old\vec\RenewExpandableDocumentCommand\vec{s m}{\old{#2}}", r"\vec*{a}", r"\vec{a}"),
        (
            r"\NewCommandCopy{\old}{\vec}\renewcommand\vec[1]{\mathbf{#1}}",
            r"\vec a\old b",
            r"\mathbf{a}\vec{b}",
        ),
        (r"\protected\edef\x{y}\protected\long\def\z#1{(#1)}", r"\x\z{a}", "y(a)"),
    ],
)
def test_macros_of_the_document_are_expanded(definition, used, plain):
    assert formulas(f"{definition} ${used}$") == [Formula(plain, display=False)]


def test_files_of_a_document_share_their_macros(tmp_path):
    files = {
        "main.tex": r"\usepackage{sty/mine}\newcommand{\Real}{\mathbb{R}}\input{sty/more}"
        r"\begin{document}$\Real$\include{parts/one}\input parts/two \end{document}",
        "sty/mine.sty": r"\newcommand{\K}{\mathbb{K}}",
        "sty/more.tex": r"\newcommand{\M}[1]{\mathbf{#1}}",
        "parts/one.tex": r"$x\in\Real\K$ \input{parts/three.tex} \import{parts/}{four}",
        "parts/two.tex": r"$\M{x}$ \newcommand{\late}{\lambda}",
        "parts/three.tex": r"$\late\in\Real$",
        "parts/four.tex": r"$\K$ \input{main} \input{missing}",
        "alone/other.tex": r"\begin{document}$\Real$\end{document}",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)

    def found(path):
        documents = read_documents(path, Counter())
        return sorted(formula.latex for document in documents for formula in find_formulas(document)[0])

    parts = [
        r"\mathbb{R}",
        r"x\in\mathbb{R}\mathbb{K}",
        r"\mathbb{K}",
        r"\lambda\in\mathbb{R}",
        r"\mathbf{x}",
    ]
    assert found(tmp_path) == sorted([r"\Real", *parts])
    assert found(tmp_path / "main.tex") == sorted(parts)
    assert found(tmp_path / "parts" / "three.tex") == [r"\lambda\in\mathbb{R}"]


def test_what_an_argument_takes_stays_one_argument():
    macros = {r"\two": simple("a+b"), r"\one": simple(r"\alpha")}
    assert expand(r"\frac\two\one x^\two \bar\one", macros) == r"\frac{a+b}\alpha x^{a+b} \bar\alpha"


def test_a_null_character_is_a_token_like_others():
    assert expand("a\0\\x", {r"\x": simple("b")}) == "a\0b"


def test_braces_that_tex_could_not_nest_are_refused():
    assert spell("{" * 199 + "x" + "}" * 199) == "{" * 199 + "x" + "}" * 199
    with pytest.raises(TexError, match="^braces nested too deep$"):
        plain_formula("{" * 1000 + "x" + "}" * 1000)


@pytest.mark.parametrize(
    ("macros", "text", "cause"),
    [
        ({r"\x": simple(r"\x a")}, r"\x", "endless macro"),
        ({r"\x": simple(r"\y\y"), r"\y": simple(r"\x\x")}, r"\x", "endless macro"),
        ({r"\x": simple("#1", 1)}, r"{\x}", "macro without its argument"),
        ({r"\x": simple("#1", 1)}, r"\x{a", "macro without its argument"),
        ({r"\x": simple("#2", 1)}, r"\x{a}", "macro without its argument"),
        ({r"\x": simple("#0", 1)}, r"\x{a}", "macro without its argument"),
    ],
)
def test_macros_that_cannot_be_expanded(macros, text, cause):
    with pytest.raises(TexError, match=f"^{cause}$"):
        expand(text, macros)


@pytest.mark.parametrize(
    "definition",
    [r"\NewDocumentCommand{\f}{m o}{#1}", r"\RenewDocumentCommand\f{m O{}}{#1}", r"\def\f(#1){#1}"],
)
def test_what_uses_a_definition_that_is_not_read_is_counted(definition):
    found, left_out = find_formulas(parse_document(rf"{definition} $\f(a)$ $\vec{{b}}$"))
    assert found == [Formula(r"\vec{b}", display=False)]
    assert left_out == {"formula: a macro whose definition isn't read": 1}


def test_environments_of_the_document_are_displays():
    text = (
        r"\newenvironment{eqn}{\begin{equation}}{\end{equation}} \begin{eqn}a\end{eqn}"
        r"\newenvironment*{rows*}[1][x]{\[ #1=}{\]} \begin{rows*}[y]b\end{rows*}\begin{rows*}c\end{rows*}"
        r"\newenvironment{lemma}{\begin{center}}{\end{center}} \begin{lemma}$d$\end{lemma}"
        r"\renewenvironment{equation}{\begin{align}}{\end{align}} \begin{equation}e\end{equation}"
    )
    assert [formula.latex for formula in formulas(text)] == ["a", "y=b", "x=c", "d", "e"]
    assert [formula.latex for formula in formulas(r"\def\be{\[}\def\ee{\]} \be a\ee \be b\ee")] == ["a", "b"]


def test_a_file_of_two_documents_is_read_with_the_macros_of_each(tmp_path):
    files = {
        "a.tex": r"\newcommand{\X}{\Y}\newcommand{\Y}{\alpha}\begin{document}\input{s}\input{t}\input{u}",
        "b.tex": r"\newcommand{\X}{\Y}\newcommand{\Y}{\beta}\begin{document}\input{s}\input{t}\end{document}",
        "c.tex": r"\begin{document}\input{s}\end{document}",
        "s.tex": r"\[ \X+1 \]",
        "t.tex": r"\[ x+1 \]",
        "u.tex": r"\[ \Y+2 \]",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)

    def found(path):
        documents = read_documents(path, Counter())
        return [formula.latex for document in documents for formula in find_formulas(document)[0]]

    assert found(tmp_path) == [r"\alpha+1", r"\beta+1", "x+1", r"\alpha+2"]
    # a document alone, and a file of documents
    assert found(tmp_path / "b.tex") == [r"\beta+1", "x+1"]
    assert found(tmp_path / "s.tex") == [r"\alpha+1", r"\beta+1"]


def test_definitions_with_words_between_parameters_are_not_read():
    macros, rest = read_definitions(r"a\def\x#1.{#1}b\newcommand{\y}{c}", {r"\x": simple("old")})
    assert macros == {r"\x": UNREAD, r"\y": Macro(0, ("c",))}
    assert rest.startswith("a#1.") and rest.endswith("b")


def test_rows_take_the_environment_that_stands_in_a_display():
    assert display(r"\begin{align*} a &= b \label{x} \\[2pt] &= \text{if $c$} \nonumber \end{align*}") == (
        r"\begin{aligned} a & =b \\ & =\text{if $c$} \end{aligned}"
    )
    assert display(r"\begin{eqnarray}a&=&b\\&\le&c\end{eqnarray}") == (
        r"\begin{aligned} a & =b \\ & \leq c \end{aligned}"
    )
    assert (
        display(r"\begin{multline}a\\=b\tag{1}\end{multline}") == r"\begin{gathered} a \\ =b \end{gathered}"
    )
    assert display(r"\begin{alignat}{2}a&=b&c&=d\\e&=f\end{alignat}") == (
        r"\begin{alignedat}{2} a & =b & c & =d \\ e & =f \end{alignedat}"
    )
    assert display(r"\begin{equation}\begin{split}a&=\{b\\&=c\}\end{split}\end{equation}") == (
        r"\begin{aligned} a & =\{b \\ & =c\} \end{aligned}"
    )
    inner = r"\begin{cases} 1 & x \\ 2 & y \end{cases}"
    assert display(rf"\begin{{align}} f &= {inner} \end{{align}}") == f"f={inner}"


def test_macros_may_stand_for_the_bounds():
    text = r"\def\be{\begin{equation}}\newcommand{\ee}{\end{equation}} \be x \ee and \be y \ee"
    assert formulas(text) == [Formula("x", display=True), Formula("y", display=True)]


def test_only_formulas_are_found():
    text = (
        "\\documentclass{article}\\title{$t$}\\begin{document}\n"
        "50\\% of \\$5 % $comment$\n"
        "\\begin{verbatim}$code$\\end{verbatim} \\verb|$code$| \\iffalse $not set$ \\fi\n"
        "$a$ \\(b\\) $$c$$ \\[d\\] \\begin{displaymath}e\\end{displaymath} $ $\n"
        "\\begin{align} & \\\\ \\end{align}\n"
        "\\end{document} $after$"
    )
    assert [formula.latex for formula in formulas(text)] == ["a", "b", "c", "d", "e"]


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (r"\newcommand{\x}{\x}$\x$", "endless macro"),
        (r"\[\eqref{a}\]", "a reference"),
        (r"\newcommand{\x}{\cite{b}}$a\x$", "a reference"),
        (r"\begin{align}a\\\intertext{so}b\end{align}", "text between rows"),
        (r"$\includegraphics{x}$", "a picture"),
        (r"$\phantom{a}b$", "what can't be seen"),
        (r"\[a=b\color {white}{c}\]", "what can't be seen"),
        (r"$x\footnote{a}$", "what can't be seen"),
        ("$a#1$", "a definition"),
        (f"${'a' * 4000}$", "too long"),
        ("$a\n\nb", "no end"),
        ("$a}", "no end"),
        (r"\begin{equation}x", "no end"),
        (r"\[x", "no end"),
        (r"\[x{\]", "unbalanced braces"),
    ],
)
def test_what_cannot_be_used_is_counted(text, cause):
    assert find_formulas(parse_document(text)) == ([], Counter({f"formula: {cause}": 1}))


def test_what_only_keeps_room_is_gone():
    text = (
        r"\newcommand{\T}{\rule[-1ex]{0pt}{ 3ex }}"
        r" $\alpha\T x\vphantom{\int}\mathstrut\rule{0.5pt}{1ex}\color{red}\text{\footnotesize z}$"
    )
    assert formulas(text) == [
        Formula(r"\alpha x\rule{0.5pt}{1ex}\color{red}\text{\footnotesize z}", display=False)
    ]


def test_tables_are_found_with_their_macros_expanded():
    text = (
        r"\newcommand{\R}{$\mathbb{R}$} \begin{tabular}{l|c} \R & \label{x} 5\,\% \\ \hline"
        r" \multicolumn{2}{c}{\begin{tabular}{c}in\end{tabular}} \end{tabular}"
        r" \begin{tabular}{c} \ref{y} \end{tabular}"
    )
    tables, left_out = find_tabulars(parse_document(text))
    assert tables == [
        r"\begin{tabular}{l|c} $\mathbb{R}$ & 5\,\% \\ \hline"
        r" \multicolumn{2}{c}{\begin{tabular}{c}in\end{tabular}} \end{tabular}"
    ]
    assert left_out == {"table: a reference": 1}


@pytest.mark.parametrize(
    ("given", "spelt"),
    [
        (r"\rho _ { L } ( q ) = \frac { 1 } { 2 }", r"\rho_{L}(q)=\frac{1}{2}"),
        (r"x^2_\alpha+\sqrt 2+\sqrt[3]x", r"x_{\alpha}^{2}+\sqrt{2}+\sqrt[3]{x}"),
        (r"\frac12\frac ab\tfrac\alpha{b}", r"\frac{1}{2}\frac{a}{b}\tfrac{\alpha}{b}"),
        (r"x^\frac12", r"x^{\frac{1}{2}}"),
        (r"\alpha a \, b\ ", r"\alpha a\,b\ "),
        (r"\text{ if } x\mbox { or }y", r"\text{ if }x\mbox{ or }y"),
        (r"\begin {array} { c c } a&b\\c&d\end{array}", r"\begin{array}{cc} a & b \\ c & d \end{array}"),
        (r"\ce{SO4^2- + H2O}", r"\ce{SO4^2- + H2O}"),
        (r"x'^2", r"x'^{2}"),
        (r"x^2 _1+\int\limits^b_{a^2_1}", r"x_{1}^{2}+\int\limits_{a_{1}^{2}}^{b}"),
        (r"x^\prime+x_1^{\prime \prime}+x'_1^{2}", r"x'+x_{1}''+x_{1}'^{2}"),
        (r"x^{\prime\text{ a b}}{}^\prime", r"x'^{\text{ a b}}{}'"),
        (r"x_{\prime}^{}", r"x_{\prime}^{}"),
        (r"{a\over b}+2{n + 1\choose k}", r"\frac{a}{b}+2\binom{n+1}{k}"),
        (r"\sqrt{a \over{1\over x}}^{b\over2}", r"\sqrt{\frac{a}{\frac{1}{x}}}^{\frac{b}{2}}"),
        (r"{\left(a\over b\right)}\over c", r"{\left(a\over b\right)}\over c"),
    ],
)
def test_one_spelling(given, spelt):
    assert spell(given) == spelt
    assert spell(spelt) == spelt


def test_synonyms_and_characters_have_one_name():
    assert plain_formula("a \\le \\alpha \\ne \N{GREEK SMALL LETTER BETA}\\to \\infty \\label{x}") == (
        r"a\leq\alpha\neq\beta\rightarrow\infty"
    )
    assert plain_formula("x\N{GREATER-THAN OR EQUAL TO}1") == r"x\geq1"
    assert plain_formula(r"\left\lVert x\right\rVert\lvert y\rvert_\mbox{ z}") == (
        r"\left\|x\right\||y|_{\text{ z}}"
    )


def test_a_tree_is_read_with_what_cannot_be_used_counted(tmp_path):
    paper = tmp_path / "paper"
    paper.mkdir()
    (paper / "macros.tex").write_text(r"\newcommand{\R}{\mathbb{R}}")
    (paper / "main.tex").write_text(r"\begin{document}$\R^n$\end{document}")
    (paper / "old.tex").write_bytes("$\\text{\xe9t\xe9}$".encode("latin-1"))
    (tmp_path / "junk.tex").write_bytes(b"$a$\0")
    (tmp_path / "readme.md").write_text("$no$")
    left_out = Counter()
    found = [find_formulas(document)[0] for document in read_documents(tmp_path, left_out)]
    assert [formula.latex for some in found for formula in some] == [r"\mathbb{R}^{n}", "\\text{\xe9t\xe9}"]
    assert left_out == {"file: not a text": 1}
