"""LaTeX formulas as TeX prints them."""

from data_engines.kind import ENGLISH, FORMULAS, Kind
from got_train.tex.formulas import FORMULAS_TOGETHER

KIND = Kind(
    summary="LaTeX formulas, from .tex files or lists",
    drawn_from="docstrings and made-up formulas; `.tex` trees, lists",
    answer="`\\( \\)` or `\\[ \\]`",
    prompt="format",
    needs=("TeX",),
    sources=(FORMULAS, ENGLISH),
    # sources of the wild hold formulas for other packages, and some that never were typeset
    max_rejects=0.2,
    batch_size=FORMULAS_TOGETHER,
    tests=("math",),
)
