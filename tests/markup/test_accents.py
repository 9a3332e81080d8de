"""Accents of LaTeX and the letters that they stand for."""

import pytest

from got_train.markup.accents import compose_accents


@pytest.mark.parametrize(
    ("latex", "text"),
    [
        (r"caf\'e \^o \"u \~n \`a \=a \.z", "café ô ü ñ à ā ż"),
        (r"\'{e} \' e {\'e} caf{\'e}s \'{ e }", "é é é cafés é"),
        (r"\c c gar\c{c}on \v{s} \v s \u{g} \H{o} \r a \k{a} \d{s} \b{t}", "ç garçon š š ğ ő å ą ṣ ṯ"),
        (r"na\"{\i}ve \^\i le \'{\i} \v\j", "naïve île í ǰ"),
        (r"\'{\^e} \d{\^{e}}", "ế ệ"),
        (r"stra\ss e Stra\ss{}e {\o}re \O{} \aa{} \AE sir \L\'od\'z", "straße Straße øre Ø å Æsir Łódź"),
        (r"\textbf{\'e} \emph{\o}", r"\textbf{é} \emph{ø}"),
        (
            r"\begin{tabular}{l}\'e & \`a \\ \hline \~n\end{tabular}",
            r"\begin{tabular}{l}é & à \\ \hline ñ\end{tabular}",
        ),
        (r"a \\[2pt] \'e", r"a \\[2pt] é"),
        (r"\(\d x\) \d x $\H{o}$ \[\text{\'e}\]", r"\(\d x\) x̣ $\H{o}$ \[\text{é}\]"),
        (
            r"\oint \label{a} \cite{b} \vec x \url{c} C:\users",
            r"\oint \label{a} \cite{b} \vec x \url{c} C:\users",
        ),
        (r"\"\' \'1 5\'", r"\"\' \'1 5\'"),
        ("no backslash: 'e", "no backslash: 'e"),
        ("\\'{" * 3000, "\\'{" * 3000),
        ("\\'{" * 3000 + "e" + "}" * 3000, "\\'{" * 2998 + "\u00e9\u0301" + "}" * 2998),
    ],
)
def test_accents_are_letters(latex: str, text: str) -> None:
    assert compose_accents(latex) == text
    assert compose_accents(text) == text
