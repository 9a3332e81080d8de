import shutil

import pytest

from data_engines.engine import Reject
from data_engines.tools.typesetting import draw_typeset
from got_train.tex.latex import Style, sheet_size, sheet_text

TIGHT = Style()


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs pdflatex")
def test_each_spec_is_drawn_in_its_own_style():
    styles = {"a": TIGHT, "bb": Style(margin_pt=50.0), r"\nonesuch": TIGHT, "c": TIGHT}

    def draw(spec, sheet):
        if spec == "c":
            raise Reject("not this one")
        return spec, sheet_text(sheet), min(sheet_size(sheet)) > 100

    one, two, three, four = draw_typeset(list(styles), lambda spec: (spec, styles[spec]), draw)
    assert (one, two) == (("a", "a", False), ("bb", "bb", True))
    assert (str(three), str(four)) == ("LaTeX error: Undefined control sequence", "not this one")
