#!/usr/bin/env bash
# Installs what the engines formula, table, page and geometry draw with: TeX Live, on Debian and Ubuntu (about
# 700 MB). Elsewhere any TeX Live with pdflatex, xelatex and the same packages will do.
set -euo pipefail
if command -v pdflatex xelatex >/dev/null && kpsewhich standalone.cls xeCJK.sty mhchem.sty tikz.sty txfonts.sty texgyretermes-regular.otf >/dev/null; then
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
