#!/usr/bin/env bash
# Installs what the engines formula, table, page and geometry draw with: TeX Live, on Debian and Ubuntu (about
# 700 MB). Elsewhere any TeX Live with pdflatex, xelatex and the same packages will do.
set -euo pipefail
needed=(
    amsmath.sty amssymb.sty array.sty bm.sty booktabs.sty cancel.sty fontenc.sty fontspec.sty
    graphicx.sty hhline.sty lmodern.sty makecell.sty mathrsfs.sty mathtools.sty mhchem.sty
    multirow.sty pict2e.sty pifont.sty rotating.sty siunitx.sty stmaryrd.sty tabularx.sty textcomp.sty tikz.sty
    wasysym.sty xcolor.sty xeCJK.sty
    txfonts.sty pxfonts.sty lmroman10-regular.otf texgyretermes-regular.otf
)
if command -v pdflatex xelatex >/dev/null && kpsewhich "${needed[@]}" >/dev/null; then
    exit 0
fi
if ! command -v apt-get >/dev/null; then
    echo "no apt-get here: install TeX Live with pdflatex, xelatex, xeCJK, mhchem, TikZ, txfonts and TeX Gyre by hand" >&2
    exit 2
fi
as_root=""
[ "$(id -u)" = 0 ] || as_root=sudo
$as_root apt-get update -qq
DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends \
    texlive-xetex texlive-latex-recommended texlive-latex-extra texlive-pictures texlive-science \
    texlive-lang-chinese texlive-fonts-recommended lmodern fonts-texgyre >/dev/null
