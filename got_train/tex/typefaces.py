r"""Typefaces of formulas besides LaTeX's own: Times and Palatino, as versions `times` and `palatino`.

They come from txfonts and pxfonts, whose alphabets have all Greek letters, and thin ones: in the more usual
`mathptmx` `\sigma` looks like `\boldsymbol{\sigma}`, `\mathcal` like `\mathscr`, and `\mathbf{\Gamma}` is a
black box. Signs that are no letters are LaTeX's own.
"""

MATH_VERSIONS = r"""
% with this, the v of Times looks unlike its \nu
\expandafter\let\csname X@s@v@rg\endcsname\relax
\newcommand\gotversion[3]{\DeclareMathVersion{#1}%
  \SetSymbolFont{operators}{#1}{OT1}{#2}{m}{n}\SetSymbolFont{letters}{#1}{OML}{#3}{m}{it}%
  \SetMathAlphabet{\mathrm}{#1}{OT1}{#2}{m}{n}\SetMathAlphabet{\mathbf}{#1}{OT1}{#2}{b}{n}%
  \SetMathAlphabet{\mathit}{#1}{OT1}{#2}{m}{it}\SetMathAlphabet{\mathsf}{#1}{OT1}{lmss}{m}{n}%
  \SetMathAlphabet{\mathtt}{#1}{OT1}{lmtt}{m}{n}}
\gotversion{times}{txr}{txmi}
\gotversion{palatino}{pxr}{pxmi}
"""
HAND_VERSION = r"""
\gotversion{hand}{lmss}{lmm}
\newcommand\gothand{\mathversion{hand}\fontfamily{lmss}\selectfont}
"""
"""The version `hand`, for what a pen follows: letters of LaTeX's own, all else without serifs."""
