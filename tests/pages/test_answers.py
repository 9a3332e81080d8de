"""Pages of answers: drawings, what is missing, and that what a model writes runs nothing."""

import json
import re
import shutil
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image

pytest.importorskip("math_core", reason="pip install 'got-train[render]'")
pytest.importorskip("markdown_it", reason="pip install 'got-train[render]'")

from got_train.pages.answers import Rendered, render_answer, render_page  # noqa: E402
from got_train.pages.drawings import not_drawn  # noqa: E402
from got_train.pages.template import clean  # noqa: E402
from tests.conftest import within_seconds  # noqa: E402
from tests.pages.browser import in_browser  # noqa: E402

HTML = set(
    "html head meta title style body h1 h2 h3 h4 h5 h6 section div p pre code strong em s u sup sub"
    " small span table caption thead tbody tr th td ul ol li blockquote br hr img details summary".split()
)
MATHML = set("math menclose mfrac mi mn mo mover mpadded mphantom mroot mrow mspace msqrt mstyle msub msubsup"
             " msup mtable mtd mtext mtr munder munderover".split())  # fmt: skip
ATTRIBUTES = set(
    "charset http-equiv content class rowspan colspan start alt width src display displaystyle scriptlevel"
    " style form lspace rspace stretchy accent accentunder mathvariant movablelimits linethickness notation"
    " maxsize minsize symmetric separator fence voffset".split()
)
SCRIPT = "<script>document.title='run'</script>"
ATTACKS = {
    "plain": SCRIPT,
    "heading": f"# {SCRIPT}",
    "element": "**a** <img src=x onerror=\"document.title='run'\"><svg onload=alert(1)><script>1</script>",
    "link": "*a* [x](javascript:alert(1)) <javascript:alert(1)> ![y](http://a.b/c.png) [z]: http://a.b",
    "end of style": f"</style></title></pre></code></div>--> {SCRIPT} *x*",
    "alternative": f"\\begin{{tikzpicture}}\"'>{SCRIPT}\\end{{tikzpicture}}",
    "formula": rf"\(\text{{{SCRIPT}}}\) \(\href{{javascript:alert(1)}}{{x}}\) \(\style{{x:y}}{{z}}\)",
    "bare formula": rf"\frac{{<script>}}{{\text{{{SCRIPT}}}}}",
    "cut formula": rf"a \({SCRIPT}",
    "colour": r"\(\color{red;background:url(http://a.b)}x\) \(\textcolor{\"onload=alert(1)}{y}\)",
    "table": rf'\begin{{tabular}}{{c" onclick="x}}{SCRIPT} & \multicolumn{{2" x="}}{{"}}{{<b>}}\\',
    "title": rf"\title{{{SCRIPT}}} \textbf{{<i>}} \unknown{{<i>}}",
    "molecule": f"<smiles>{SCRIPT}</smiles>",
    "chart": '{"title": "<script>", "values": {"<b>": {"<i>": "<u>"}}}',
    "bad chart": '{"values": <script>',
    "fence": f"```<script>\n{SCRIPT}\n``` `<b>`",
    "markdown table": "|<b>|a|\n|-|:-|\n|<script>|\\(<\\)|",
    "characters": "\u202e*a* \x00\x01\x001\x00\ud800\u2028\ufeff\ufffe\x7f\x85 ＜script＞",
}
ENDLESS = {
    "braces": "\\(" + "{" * 100_000,
    "displays": "\\[" * 50_000,
    "dollars": "$" * 100_000,
    "bold": r"\textbf{" * 12_000,
    "tables": r"\begin{tabular}{c}" * 5000,
    "unclosed": "\\begin{tabular}{c}\\(" * 4000,
    "columns": r"\begin{tabular}{c}" + "$x$ & " * 15_000,
    "lists": "\n".join(" " * depth + "- *a*" for depth in range(400)),
    "quotations": "> " * 50_000 + "*",
    "stars": "*a **b " * 14_000,
    "ticks": "`" * 100_000 + "*",
    "accents": "\\'{" * 33_000,
    "molecule": f"<smiles>{'C' * 90_000}</smiles>",
    "score": "**kern\n" + "4c\n" * 30_000,
    "chart": '{"values":' + "[" * 90_000,
    "longer": "*a* " * 200_000,
}


class Elements(HTMLParser):
    """What a page consists of."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: set[tuple[str, str]] = set()
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes |= {(name, value or "") for name, value in attrs}


@pytest.fixture
def without_tex(monkeypatch: pytest.MonkeyPatch) -> None:
    which = shutil.which
    monkeypatch.setattr(shutil, "which", lambda name: None if name.endswith("latex") else which(name))


FRAME = frozenset("main nav a".split())
"""Elements of the page around answers."""
FRAME_ATTRIBUTES = frozenset("lang name id href aria-label open".split())


def check_harmless(
    page: str, elements: frozenset[str] = frozenset(), attributes: frozenset[str] = frozenset()
) -> None:
    found = Elements(page)
    assert found.elements <= HTML | MATHML | elements
    assert {name for name, _ in found.attributes} <= ATTRIBUTES | attributes
    assert [value for name, value in found.attributes if name == "href" and value[0] != "#"] == []
    assert [value for name, value in found.attributes if name == "src" and value[:11] != "data:image/"] == []
    assert [value for name, value in found.attributes if name == "style" and "(" in value] == []


@pytest.mark.usefixtures("without_tex")
@pytest.mark.parametrize("name", ATTACKS)
def test_attacks_make_no_elements_and_no_attributes(name: str) -> None:
    check_harmless(render_answer(ATTACKS[name]))


@pytest.mark.usefixtures("without_tex")
@pytest.mark.parametrize("name", ENDLESS)
def test_endless_answers_end(name: str) -> None:
    with within_seconds(20):
        check_harmless(render_answer(ENDLESS[name]))


def test_characters_without_a_place_in_html_are_marked() -> None:
    assert clean("a\r\nb\rc\t\x00\x7f\x85\ud800\ufdd0中😀") == "a\nb\nc\t\ufffd\ufffd\ufffd\ufffd\ufffd中😀"


def test_plain_text_is_no_formula_and_loses_nothing() -> None:
    assert render_answer("Contact: john_doe@mail.com\nPhone: 555 123\nTotal: 5% of 10") == (
        '<div class="paragraph">Contact: john_doe@mail.com<br />\nPhone: 555 123<br />\n'
        "Total: 5% of 10</div>\n"
    )


def test_charts_are_tables() -> None:
    assert render_answer("{'title': 'A', 'values': {'x': {'1': 2}, 'y': {'1': 3, '4': 5}}}") == (
        '<table class="chart"><caption><strong>title</strong> A<br></caption>'
        "<tr><td></td><td>x</td><td>y</td></tr>"
        "<tr><td>1</td><td>2</td><td>3</td></tr><tr><td>4</td><td></td><td>5</td></tr></table>"
    )
    assert render_answer('{"values": {"a": 1}}') == (
        '<table class="chart"><caption></caption><tr><td>a</td><td>1</td></tr></table>'
    )
    assert render_answer('{"values": {"a":') == not_drawn('{"values": {"a":', "no dictionary of a chart")


def test_charts_of_escapes_and_of_what_python_cannot_keep() -> None:
    assert render_answer('{"values": {"a\\u0000\\ud800": "\\u0000"}}') == (
        '<table class="chart"><caption></caption><tr><td>a\ufffd\ufffd</td><td>\ufffd</td></tr></table>'
    )
    for text in (
        "{'values': {{'a': 1}}}",
        "{'values': {['a']: 1}}",
        f"{{'values': {{'a': 0x{'f' * 5000}}}}}",
    ):
        assert render_answer(text) == not_drawn(text, "no dictionary of a chart")


def test_charts_of_many_series_are_no_tables() -> None:
    values = {f"s{series}": {f"n{series}": series} for series in range(150)}
    text = json.dumps({"values": values})
    assert render_answer(text) == not_drawn(text, "too many numbers for a table")
    assert render_answer(json.dumps({"values": {"s": dict.fromkeys(range(150))}})).count("<td>") == 302


def test_molecules_are_drawn() -> None:
    pytest.importorskip("rdkit", reason="pip install 'got-train[render]'")
    assert re.fullmatch(
        r'<img alt="CCO" width="\d+" src="data:image/svg\+xml;base64,[^"]+">',
        render_answer("<smiles>CCO</smiles>"),
    )
    assert render_answer("<smiles>CCO\nN</smiles>") == not_drawn("CCO\nN", "RDKit reads no molecule in it")
    assert render_answer("<smiles>C(</smiles>") == not_drawn("C(", "RDKit reads no molecule in it")


def test_scores_are_engraved() -> None:
    pytest.importorskip("verovio", reason="pip install 'got-train[render]'")
    kern = "**kern\t**kern\n*clefF4\t*clefG2\n*M4/4\t*M4/4\n=-\t=-\n1C\t4c\n.\t2.d\n=\t=\n*-\t*-"
    assert render_answer(kern).startswith('<img alt="score" src="data:image/svg+xml;base64,')
    tuplets = "**kern\n*clefG2\n*M2/4\n=-\n12ee-\\L\n12gg\\\n12ff\\J\n4a/\n=\n2r\n=\n*-"
    assert render_answer(tuplets).startswith("<img")
    assert render_answer("**kern") == not_drawn("**kern", "Verovio makes no notes of it")


@pytest.mark.skipif(not shutil.which("xelatex"), reason="xelatex is not installed")
def test_tikz_is_drawn_by_tex() -> None:
    html = render_answer("\\begin{tikzpicture}\n\\draw (0,0) circle (1);\n\\end{tikzpicture}")
    if "xelatex can't read its preamble" in html:
        pytest.skip("this TeX lacks packages")
    # two centimetres with the margin round them
    assert re.search(r'<img alt="[^"]*draw[^"]*" width="(8\d|9\d)" src="data:image/png;base64,', html)


@pytest.mark.usefixtures("without_tex")
def test_a_page_shows_pictures_answers_and_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "rdkit", None)
    answers = [
        Rendered(
            "<smiles>C</smiles>",
            (Image.new("RGB", (1200, 30), "red"), Image.new("L", (5, 5))),
            "OCR with format: ",
        ),
        Rendered("<smiles>N</smiles>"),
        Rendered(r"\begin{tikzpicture}\end{tikzpicture}"),
    ]
    render_page(answers, tmp_path / "new" / "page.html", title="a < b")
    page = (tmp_path / "new" / "page.html").read_text(encoding="utf-8")
    check_harmless(page, FRAME, FRAME_ATTRIBUTES)
    assert "<title>a &lt; b</title>" in page
    assert re.findall(r'<p class="fault">(.{32})', page) == [
        "molecules stand as SMILES: pip i",
        "formulas, tables, figures and pa",
    ]
    assert (
        page.count("data:image/") == 2 and page.count("<section id=") == page.count('<a href="#answer-') == 3
    )
    texts = ["&lt;smiles&gt;C&lt;/smiles&gt;", "&lt;smiles&gt;N&lt;/smiles&gt;", answers[2].text]
    assert re.findall(r"<pre>([^<]*)</pre>", page) == texts


@pytest.mark.usefixtures("without_tex")
def test_a_browser_runs_nothing_of_an_answer(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    unsafe = f"<!doctype html><html><head><title>ours</title></head><body>{SCRIPT}</body></html>"
    page.write_text(unsafe, encoding="utf-8")
    assert in_browser(page) == "run"  # so it would be seen
    render_page([Rendered(text, query=SCRIPT) for text in ATTACKS.values()], page, title="ours")
    assert in_browser(page) == "ours"
    # if something ever slipped through, the page's policy would still stop it
    written = page.read_text(encoding="utf-8").replace("<section", f"{SCRIPT}<section")
    page.write_text(written, encoding="utf-8")
    assert in_browser(page) == "ours"


@pytest.mark.parametrize(
    "answer",
    [
        "<table><tr><td rowspan=2>A&amp;B</td><td>$x$ <b>5%</b></td></tr>"
        "<tr><td onclick='f()'>&lt;c&gt;</td></tr></table>",
        "<otsl><fcel>A&B<fcel>$x$ 5%<nl><ucel><fcel><c><nl></otsl>",
    ],
)
def test_tables_of_other_notations_are_tables_of_their_cells_alone(answer: str) -> None:
    edges = 'class="l top bottom start end"'
    assert render_answer(answer + "\n\nend") == (
        f'<table class="latex"><tr><td {edges} rowspan="2">A&amp;B</td><td class="l top end">'
        "<math><mi>x</mi></math> 5%</td></tr><tr>"
        '<td class="l top bottom end">&lt;c&gt;</td></tr></table><div class="paragraph">end</div>\n'
    )
