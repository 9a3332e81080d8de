"""The packages of all preambles are those that the script looks for."""

import re
from pathlib import Path

from data_engines.kinds.geometry.engine import PREAMBLE as FIGURES
from data_engines.kinds.page.page_tex import PREAMBLE as PAGES
from data_engines.kinds.table.engine import PDFLATEX, SOURCE_PACKAGES
from got_train.tex.formulas import FORMULA_PREAMBLE
from got_train.tex.markdown import PREAMBLE as ANSWERS

SCRIPT = Path(__file__).parents[2] / "scripts" / "install_tex.sh"


def test_the_script_looks_for_every_package() -> None:
    preambles = FIGURES + PAGES + PDFLATEX + SOURCE_PACKAGES + FORMULA_PREAMBLE + ANSWERS
    lists = re.findall(r"\\usepackage(?:\[[^]]*\])?\{([^}]*)\}", preambles)
    wanted = {f"{name}.sty" for names in lists for name in names.split(",")}
    assert wanted == set(re.findall(r"\S+\.sty", SCRIPT.read_text())) - {"txfonts.sty", "pxfonts.sty"}
