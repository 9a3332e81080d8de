import json
import re
from contextlib import nullcontext

import numpy as np
import pytest

from data_engines.tools.formulas.grammar import GREEK, choose_formula, choose_inline
from data_engines.tools.formulas.sources import _bounded, docstring_maths, read_formulas
from got_train.tex.errors import TexError
from got_train.tex.source import Formula, find_formulas, parse_document, plain_formula

SPACED = r"\rho _ { L } ( q ) = \sum _ { m = 1 } ^ { L } m"
PLAIN = Formula(r"\rho_{L}(q)=\sum_{m=1}^{L}m", display=True)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("list.txt", f"{SPACED}\n\n{SPACED}\n"),
        ("list.jsonl", json.dumps({"image": "x", "latex": SPACED}) + "\n" + json.dumps(SPACED)),
        ("list.json", json.dumps([{"text": SPACED}])),
        ("list.json", json.dumps({"formulas": [SPACED, {"latex": SPACED}]})),
        ("list.jsonl", json.dumps([SPACED, {"latex": SPACED, "text": "a caption"}])),
        ("list.txt", f"{SPACED} % a comment\n"),
        ("list.txt", f"\\[{SPACED}\\] % a comment\n"),
        ("ids.json", json.dumps({"18": SPACED, "7.png": SPACED}, indent=2)),
        ("ids.json", json.dumps({"18": {"latex": SPACED, "page": 3}})),
        ("list.tsv", f"id\tformula\n1\t{SPACED}\n"),
        ("list.csv", f'formula,id\n"{SPACED}",1\n'),
        ("paper.tex", f"$${SPACED}$$"),
    ],
)
def test_lists_and_files(name, text, tmp_path):
    path = tmp_path / name
    path.write_text(text)
    formulas = read_formulas(path)
    assert formulas.found == (PLAIN,)
    assert [(source.path, source.name) for source in formulas.sources] == [(path, str(path))]
    assert formulas.left_out == {}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("list.json", json.dumps({"a": "", "b": "ab", "c": "hello world"})),
        ("list.jsonl", '{"latex": "% none"}\n{"text": "hello, world"}\n{"latex": "ab"}'),
        ("list.csv", "formula,id\n,1\nab,2\nEine Formel,3\n"),
        ("list.txt", "ab\n\\quad\n\u516c\u5f0f\n"),
    ],
)
def test_words_and_what_is_empty_are_counted(name, text, tmp_path):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    formulas = read_formulas(path)
    assert formulas.found == (Formula("ab", display=True),)
    assert formulas.left_out == {
        "formula: nothing that can be seen": 1,
        "formula: words in place of a formula": 1,
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        *(
            (text, True)
            for text in ("if and only if y=1", "Bonjour, le monde", "the area is a^2", "\u516c\u5f0f\u3002")
        ),
        *(
            (text, False)
            for text in ("s i n x", "ab cd", "ln x", r"\sin \text{of the}", r"\operatorname{arg max}x")
        ),
        *(
            (text, False)
            for text in (r"\mathrm{if x}\alpha\beta", "a, b, c", "$hello world$", r"\frac ab cd")
        ),
    ],
)
def test_words_are_no_formulas(text, words):
    with pytest.raises(TexError) if words else nullcontext():
        _bounded(text)


def test_an_entry_that_defines_itself_is_counted(tmp_path):
    path = tmp_path / "list.txt"
    path.write_text("\\def\\x{\\begin{x}\\x}\\x\nab\n")
    formulas = read_formulas(path)
    assert formulas.found == (Formula("ab", display=True),)
    assert formulas.left_out == {"formula: endless macro": 1}


def test_bounds_in_a_list_are_kept(tmp_path):
    path = tmp_path / "list.txt"
    path.write_text(
        "$a$\n\\[b\\]\n\\begin{align}c&=d\\\\e&=f\\end{align}\n\\begin{array}{cc}g&h\\end{array}\n{x\n"
    )
    formulas = read_formulas(path)
    assert formulas.found == (
        Formula("a", display=False),
        Formula("b", display=True),
        Formula(r"\begin{aligned} c & =d \\ e & =f \end{aligned}", display=True),
        Formula(r"\begin{array}{cc} g & h \end{array}", display=True),
    )
    assert formulas.left_out == {"formula: unbalanced braces": 1}


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        (
            "x.png",
            b"",
            r"x.png: give a folder of .tex files, a .tex file or a list \(.txt, .lst, .jsonl, .json",
        ),
        ("x.txt", b"\n", r"x.txt holds no formula that can be used \(there is none\)$"),
        ("x.txt", b"{x\n$a#b$\n", r"can be used \(1 formula: unbalanced braces, 1 formula: a definition\)$"),
        ("x.txt", b"\xff", r"x.txt is not UTF-8 \(byte 0\), in which it has to be .*: iconv -f "),
        ("x.csv", b"a,b\n1,2\n", "x.csv: its first line names no column formula or latex or text"),
        ("x.jsonl", b'"a"\n{', "x.jsonl, line 2: not JSON"),
        ("x.json", b'{"a": "x+1", "a": "y+2"}', "line 1: ambiguous keys: a stands twice in an object"),
        ("x.json", b'{"a": {"formula": "x", "latex": "y"}}', "formula and latex differ: remove one of them"),
        ("x.csv", b"formula,latex\nx,y\n", "x.csv, line 2: formula and latex differ"),
        (
            "x.csv",
            b"formula\nf(x,y)=1\n",
            "line 2: more cells than the first line has: a formula with commas",
        ),
        (
            "x.json",
            b'{"version": "1.0", "formulas": ["a"]}',
            r'line 1: under formulas is \["a"\]: give texts',
        ),
        ("x.json", b'{"images": ["a.png"], "formulas": ["a"]}', "under images is .* give texts or objects"),
        ("x.json", b'{"latex": 5}', "there is an object with latex: give texts or objects with"),
        ("x.csv", b"formula;id\nx;1\n", "no column formula or latex or text, it is 'formula;id'"),
        ("x.csv", b"latex,latex\nx,y\n", "its first line names latex twice: rename one of them"),
        ("x.json", b'{"a": null}', "line 1: under a is null: give texts or objects"),
        ("x.jsonl", b"7", "line 1: there is 7: give texts or objects"),
        (
            "x.jsonl",
            b'{"tex": "a"}',
            "x.jsonl, line 1: there is an object with tex: give texts or objects with formula or latex",
        ),
        (
            "x.json",
            b'{"a": {"tex": "a"}}',
            "x.json, line 1: under a is an object with tex: give texts or objects with formula or",
        ),
        (
            "x.json",
            b'{"a": 1}',
            "x.json, line 1: under a is 1: give texts or objects with formula or latex or text, in a list",
        ),
        ("x.json", b"{}", r"x.json holds no formula that can be used \(there is none\)$"),
    ],
)
def test_bad_sources_end_in_one_line(name, data, message, tmp_path):
    path = tmp_path / name
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(ValueError, match=f"^--source .*{message}") as error:
        read_formulas(path)
    assert "\n" not in str(error.value)


def test_docstrings_give_inline_formulas_and_displays():
    texts = list(docstring_maths("networkx"))
    found = [formula for text in texts for formula in find_formulas(parse_document(text))[0]]
    assert sum(formula.display for formula in found) >= 15
    assert sum(not formula.display for formula in found) >= 50
    assert Formula(r"C=\frac{1}{n}\sum_{v\in G}c_{v},", display=True) in found


def test_made_up_formulas_are_varied_and_a_matter_of_the_generator_alone():
    drawn = [plain_formula(choose_formula(np.random.default_rng(number))) for number in range(300)]
    assert drawn == [plain_formula(choose_formula(np.random.default_rng(number))) for number in range(300)]
    assert len(set(drawn)) == 300
    for name in (
        r"\frac",
        r"\sum",
        r"\int",
        r"\sqrt",
        r"\begin{cases}",
        r"\begin{aligned}",
        "matrix}",
        r"\lim",
    ):
        assert any(name in formula for formula in drawn), name
    together = "".join(drawn)
    assert all(name in together for name in GREEK)
    # other letters have no such form: TeX sets an unrelated sign, or the plain letter
    assert set(re.findall(r"\\math(?:cal|bf)\{(.*?)\}", together)) <= set("AFHLOuvxW")
    assert all("\\begin" not in choose_inline(np.random.default_rng(number)) for number in range(100))
