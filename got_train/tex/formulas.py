r"""What TeX needs for formulas, whoever typesets them: those that are drawn and those that are scored."""

from got_train.tex.packages import CHEMISTRY, MATHS, SIGNS

FORMULA_PREAMBLE = rf"""
\usepackage[T1]{{fontenc}}
\usepackage{{lmodern,{MATHS},array,multirow,xcolor,{SIGNS}}}
{CHEMISTRY}
\newcommand\gotmodern{{}}
\newcommand\gottimes{{\mathversion{{times}}\fontfamily{{ptm}}\selectfont}}
\newcommand\gotpalatino{{\mathversion{{palatino}}\fontfamily{{ppl}}\selectfont}}
\hyphenpenalty=10000 \exhyphenpenalty=10000 \parindent=0pt
"""
FORMULAS_TOGETHER = 200
"""By which the starts of TeX, one or two, no longer count."""
