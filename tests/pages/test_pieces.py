r"""Formulas, LaTeX in text and Mathpix's markdown as HTML, written out in full."""

import sys
from itertools import pairwise

import numpy as np
import pytest

from data_engines.tools.formulas.grammar import choose_formula

pytest.importorskip("math_core", reason="pip install 'got-train[render]'")
pytest.importorskip("markdown_it", reason="pip install 'got-train[render]'")

from got_train.markup.tabular import parse_tabular  # noqa: E402
from got_train.packages import install_line  # noqa: E402
from got_train.pages.latex_html import Notes, table_html, text_html  # noqa: E402
from got_train.pages.markdown import markdown_html  # noqa: E402
from got_train.pages.mathml import FormulaError, mathml  # noqa: E402

X = "<math><mi>x</mi></math>"


def test_formulas_of_the_engine_are_all_taken() -> None:
    rng = np.random.default_rng(0)
    formulas = [choose_formula(rng) for _ in range(200)]
    assert all(mathml(formula, display=True).startswith('<math display="block">') for formula in formulas)


def test_a_number_is_set_and_none_is_added() -> None:
    assert "<mtext>(3.1)</mtext>" in mathml(r"x \tag{3.1}", display=True)
    assert "<mtext>" not in mathml(r"\begin{align}a&=b\end{align}", display=True)
    assert mathml(r"\begin{eqnarray}a&=&b\end{eqnarray}", True) == mathml(
        r"\begin{align*}a&=b\end{align*}", True
    )


@pytest.mark.parametrize(
    "formula",
    [
        "{" * 100_000,  # math-core would end the process
        r"\sqrt" * 20_000,
        r"\begin{matrix}" * 20_000,
        r"\def\a{\sqrt\sqrt}\a",
        r"\sqrt{" * 300 + "x" + "}" * 300,
        r"\href{javascript:alert(1)}{x}",
        r"\unknown",
        "\ud800",
    ],
)
def test_what_is_not_for_mathml_is_refused(formula: str) -> None:
    with pytest.raises(FormulaError):
        mathml(formula, display=True)


def test_text_in_formulas_is_escaped() -> None:
    assert mathml(r"\text{<b>\& 5\% c}", False) == "<math><mtext>&lt;b&gt;&amp;\u00a05%\u00a0c</mtext></math>"


@pytest.mark.parametrize(
    "latex, html",
    [
        (r"R\&D \textbf{a \emph{b}} 5\,\%", "R&amp;D <strong>a <em>b</em></strong> 5 %"),
        (r"-{}- -- --- ``q''", "-- – — “q”"),
        (r"\'e\"{o}\c{c}\'{\i}", "éöçí"),
        (r"a~b\\c \textasciitilde{}d", "a\u00a0b<br>c ~d"),
        (r"$x$ for \$5 and $6", f"{X} for $5 and $6"),
        (r"\unknown{<i>}{\emph{b}} {\bf", r"\unknown{&lt;i&gt;}{\emph{b}} \bf"),
        (r"\SI{5}{mm} \textcolor{red}{\textbf{5}}", r"\SI{5}{mm} <span><strong>5</strong></span>"),
        (r"\href{javascript:x}{a} \textcolor{red}", r"<span>a</span> <span></span>"),
        (r"\makecell{a \\ [12] b}", "<span>a <br> [12] b</span>"),
        (r"a\\[20 ml] b\\*[-2pt]c", "a<br>[20 ml] b<br>c"),
        (r"\centering[1] a \hline[2pt]b \noindent[-1] c", "[1] a b [-1] c"),
    ],
)
def test_running_latex(latex: str, html: str) -> None:
    assert text_html(latex, Notes()) == html


def test_a_table_has_its_spans_lines_and_alignments() -> None:
    latex = (
        r"\begin{tabular}{|l|r|}\hline a & \multirow{2}{*}{$x$} \\ \cline{1-1} <b> & \\\hline"
        r"\multicolumn{2}{c}{\textbf{c}}\end{tabular}"
    )
    assert table_html(parse_tabular(latex), Notes()) == (
        '<table class="latex"><tr><td class="l top start end">a</td>'
        f'<td class="r top end" rowspan="2">{X}</td></tr>'
        '<tr><td class="l top start end">&lt;b&gt;</td></tr>'
        '<tr><td class="top start end" colspan="2"><strong>c</strong></td></tr></table>'
    )


@pytest.mark.parametrize(
    "text, html",
    [
        ("**a**\n*b*", '<div class="paragraph"><strong>a</strong><br />\n<em>b</em></div>\n'),
        (r"a \(x\) b", f'<div class="paragraph">a {X} b</div>\n'),
        ("\\[\nx\n\\]", '<math display="block"><mi>x</mi></math>'),
        ("\\title{\nA \\& B\n}\n\n\\section*{1. C}", "<h2>A &amp; B</h2><h3>1. C</h3>"),
        ("- a_b % c", "<ul>\n<li>a_b % c</li>\n</ul>\n"),
        (r"\[5% \text{% of } x\]", '<math display="block"><mn>5</mn><mi>%</mi>'
         "<mtext>%\u00a0of\u00a0</mtext><mi>x</mi></math>"),
        ("- \\(x\\)\n- b", f"<ul>\n<li>{X}</li>\n<li>b</li>\n</ul>\n"),
        ("3. a", '<ol start="3">\n<li>a</li>\n</ol>\n'),
        ("\\begin{tabular}{c}\na\n\n\\end{tabular} b",
         '<table class="latex"><tr><td>a</td></tr></table><div class="paragraph">b</div>\n'),
        ("$5 and $6", '<div class="paragraph">$5 and $6</div>\n'),
        (r"5 \* 3\_2 \$4", '<div class="paragraph">5 * 3_2 $4</div>\n'),
        ("```\n\\(x\\)<\n```", "<pre><code>\\(x\\)&lt;\n</code></pre>\n"),
        # no links, no pictures, no HTML, no entities
        ("[a](http://b) ![c](d) <e@f.g> <b> &lt;",
         '<div class="paragraph">[a](http://b) ![c](d) &lt;e@f.g&gt; &lt;b&gt; &amp;lt;</div>\n'),
        # cut off by the longest answer allowed
        ("a \\(\\frac{b\n\nc",
         '<div class="paragraph">a <code>\\(\\frac{b</code></div>\n<div class="paragraph">c</div>\n'),
        ("\\begin{abstract}\na\n\\end{abstract}",
         '<strong>Abstract</strong> <div class="paragraph">a</div>\n'),
        # of what stands in brackets, only the options of environments that have one go
        ("\\begin{table}[ht]\na\n\\end{table}\n\n[1] b", '<div class="paragraph">a</div>\n'
         '<div class="paragraph">[1] b</div>\n'),
        ("\\begin{center}\n[1] a\n\\end{center}", '<div class="paragraph">[1] a</div>\n'),
        ("\\begin{itemize} [label=a]\n[1] b", '<div class="paragraph">[1] b</div>\n'),
        ("\\begin{abstract}[x]", '<strong>Abstract</strong> <div class="paragraph">[x]</div>\n'),
        ("\\begin{theorem}[Euler]", '<div class="paragraph">[Euler]</div>\n'),
        (r"\textcolor{red}{5} \SI{5}{mm}", '<div class="paragraph"><span>5</span> \\SI{5}{mm}</div>\n'),
        ("\\begin{itemize}\n\\item a\n\\end{itemize}", '<div class="paragraph">• a</div>\n'),
    ],
)  # fmt: skip
def test_mathpix_markdown(text: str, html: str) -> None:
    notes = Notes()
    assert markdown_html(text, notes) == html
    assert notes == Notes()


def test_drawings_and_hard_formulas_are_left_for_tex() -> None:
    notes = Notes()
    html = markdown_html(r"\begin{tikzpicture}a\end{tikzpicture} \(5% \ce{H2O} \\%\)", notes)
    assert notes.tex == [r"\begin{tikzpicture}a\end{tikzpicture}", r"\(5\% \ce{H2O} \\\%\)"]
    assert html == '\x000\x00<div class="paragraph">\x001\x00</div>\n'


def test_without_math_core_formulas_stay_and_it_is_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "math_core", None)
    notes = Notes()
    html = markdown_html(r"\(x\) \(<\)", notes)
    assert html == '<div class="paragraph"><code>x</code> <code>&lt;</code></div>\n'
    assert list(notes.missing) == [f"formulas stand as LaTeX: {install_line('render')}"]


def test_nesting_stops_at_the_source() -> None:
    html = text_html(r"\textbf{" * 100 + "x", Notes())
    assert html.count("<strong>") == 8 and r"<code>\textbf{\textbf{" in html
    depths = [text_html(r"\begin{tabular}{c}" * count, Notes()).count("<table") for count in (4, 100, 1000)]
    assert all(earlier <= later <= 8 for earlier, later in pairwise(depths))
