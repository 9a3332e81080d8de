r"""Which LaTeX packages typeset what, as the arguments of `\usepackage`.

`scripts/install_tex.sh` looks for all packages that any preamble names.
"""

MATHS = "mathtools,amssymb,bm,mathrsfs,stmaryrd,cancel"
"""Formulas."""
CHEMISTRY = r"\usepackage[version=4]{mhchem}"
SIGNS = "textcomp,wasysym"
"""Signs of texts."""
TABLES = "array,booktabs,multirow"
MORE_TABLES = "makecell,tabularx,hhline"
"""What tables of other people need besides."""
COLORED_TABLES = r"\usepackage[table]{xcolor}"
