r"""Mathpix markdown as LaTeX."""

import pytest

from got_train.tex.errors import TexError
from got_train.tex.markdown import to_latex

TABULAR = r"\begin{tabular}{l} a & \begin{tabular}{c} b \end{tabular} \\ \end{tabular}"


@pytest.mark.parametrize(
    ("markdown", "latex"),
    [
        ("50% of R&D_1", r"50\% of R\&D\_1"),
        (r"5 \* 3, a\_b, \$4", r"5 * 3, a\_b, \$4"),
        (r"a \(x_1 \% 2\) b", r"a \(x_1 \% 2\) b"),
        ("$x_1$", "$x_1$"),
        ("$5 and $6", r"\$5 and \$6"),
        ("**bold** and *slanted*", r"\textbf{bold} and \emph{slanted}"),
        ("2 * 3 * 4", "2 * 3 * 4"),
        ("a\nb\n\nc", "a\\par\nb\\par\\medskip\nc"),
        ("## Part 1", r"\subsection*{Part 1}"),
        (
            "```\ndef f(*a_b):\n\n    $x\n```",
            "\\texttt{def~f(*a\\_b):}\\par\n\\texttt{~}\\par\n\\texttt{~~~~\\$x}\\par\n",
        ),
        ("- one\n- two", "\\textbullet{} one\\par\n\\textbullet{} two"),
        (r"\section*{1 R\&D {x}} text", r"\section*{1 R\&D {x}} text"),
        (r"\title{\nA\n}", r"\title{\nA\n}"),
        (r"\alpha and", r"\alpha{} and"),
        (TABULAR + " c_d", rf"\fit{{{TABULAR}}} c\_d"),
        (
            "<table><tr><td>5%</td><td>$x_1$</td></tr></table>\nend",
            "\\fit{\\begin{tabular}{|l|l|}\n\\hline\n5\\% & $x_1$ \\\\\n\\hline\n\\end{tabular}}\\par\nend",
        ),
        (r"\[ x_1 \]", r"{\par\medskip\centering\fit{$\displaystyle x_1$}\par\medskip}"),
        (r"\[ x_1 \tag{1} \]", r"\[x_1 \tag{1}\]"),
        ("\\begin{abstract}\nA.\n\\end{abstract}", "\\par\\textbf{Abstract} \\par\nA.\\par\n\\par\n"),
    ],
)
def test_each_part_becomes_what_prints_it(markdown: str, latex: str) -> None:
    assert to_latex(markdown) == latex


def test_a_command_without_its_end_is_a_reject() -> None:
    with pytest.raises(TexError, match="unbalanced braces"):
        to_latex(r"\section*{never closed")
