"""The engine `seal`: what is answered, and what its check finds."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from data_engines.drawing import draw_and_check
from data_engines.engine import Drawing, Reject
from data_engines.kinds.seal import engine as seal
from data_engines.kinds.seal.engine import Options
from data_engines.kinds.seal.ring import Ring
from data_engines.kinds.seal.spec import Spec
from data_engines.options import Range
from data_engines.tools.fonts import packaged_fonts

FONTS = tuple(font for font in packaged_fonts() if "SC" in font.name)
WRONG = "a character that is not what the answer says"


def specs(count: int, **options: object) -> list[Spec]:
    stock = seal.load(Options(fonts=FONTS, **options), np.random.default_rng(0))  # type: ignore[arg-type]
    return [seal.decide(np.random.default_rng([3, i]), i, stock) for i in range(count)]


def test_the_answer_runs_along_the_ring_then_across_then_along_the_lower_edge(tmp_path: Path) -> None:
    names = tmp_path / "names.txt"
    names.write_text("北京石头科技有限公司\n", encoding="utf-8")
    answers = {spec.answer for spec in specs(40, source=names, shape="round")}
    assert "北京石头科技有限公司" in answers  # a main seal without a number
    for lines in (answer.split("\n") for answer in answers):
        assert lines[0] == "北京石头科技有限公司"
        assert all(line.endswith("专用章") or (line.isdigit() and len(line) == 13) for line in lines[1:])
        assert [line.isdigit() for line in lines] == sorted(line.isdigit() for line in lines)
    oval = specs(1, source=names, shape="oval")[0].answer.split("\n")
    assert [oval[0], oval[2], len(oval[1])] == ["北京石头科技有限公司", "发票专用章", 18]


def test_names_of_a_source_may_have_spaces(tmp_path: Path) -> None:
    names = tmp_path / "names.txt"
    names.write_text("ACME TRADING CO. LTD\n", encoding="utf-8")
    drawn = draw_and_check(seal, specs(8, source=names, shape="round", diameter=Range(480, 480), wear=0.0))
    answers = [drawing.answers[0].text for drawing in drawn if isinstance(drawing, Drawing)]
    assert len(answers) > 4
    assert all(answer.startswith("ACME TRADING CO. LTD") for answer in answers)


def test_a_square_seal_reads_down_the_right_column_first() -> None:
    spec = specs(1, shape="square")[0]
    right, left = spec.lines[:2], spec.lines[2:]
    assert all(line.center[0] > spec.side / 2 for line in right)
    assert all(line.center[0] < spec.side / 2 for line in left)
    assert right[0].center[1] < right[1].center[1] and left[0].center[1] < left[1].center[1]
    assert spec.answer == "".join(line.text for line in spec.lines) and spec.answer[-1] == "印"


def test_nearly_all_seals_pass_their_check() -> None:
    drawn = draw_and_check(seal, specs(60))
    assert sum(isinstance(drawing, Drawing) for drawing in drawn) >= 57


def with_other_name(spec: Spec) -> Spec:
    name = spec.arcs[0].text
    return replace(spec, arcs=(replace(spec.arcs[0], text=name[1] + name[0] + name[2:]), *spec.arcs[1:]))


def with_other_number(spec: Spec) -> Spec:
    number = spec.arcs[1].text
    last = str((int(number[-1]) + 5) % 10)
    return replace(spec, arcs=(spec.arcs[0], replace(spec.arcs[1], text=number[:-1] + last)))


@pytest.mark.parametrize("change", [with_other_name, with_other_number])
def test_the_check_finds_a_character_that_the_answer_has_and_the_picture_has_not(
    change: Callable[[Spec], Spec],
) -> None:
    spec = next(spec for spec in specs(20, shape="round", wear=0.0) if len(spec.arcs) == 2)
    [drawing] = seal.draw([spec])
    assert isinstance(drawing, Drawing)
    assert seal.check(spec, drawing) == drawing
    with pytest.raises(Reject, match=WRONG):
        seal.check(change(spec), drawing)


@pytest.mark.parametrize("turn", [ImageOps.mirror, lambda picture: picture.rotate(20, fillcolor="white")])
def test_the_check_finds_text_that_stands_elsewhere(turn: Callable[[Image.Image], Image.Image]) -> None:
    spec = specs(1, shape="round", wear=0.0)[0]
    [drawing] = seal.draw([spec])
    assert isinstance(drawing, Drawing)
    with pytest.raises(Reject, match=WRONG):
        seal.check(spec, replace(drawing, pictures=(turn(drawing.pictures[0]),)))


def test_characters_stand_evenly_on_an_ellipse_and_read_from_left_to_right() -> None:
    ring = Ring((100.0, 100.0), (80.0, 50.0))
    for is_lower in (False, True):
        points = ring.points(ring.spread(7, 20.0, is_lower))
        assert (np.diff(points[:, 0]) > 0).all()
        assert np.allclose(points[:, 0] + points[::-1, 0], 200, atol=0.2)
        assert np.allclose(points[:, 1], points[::-1, 1], atol=0.2)
        assert ((points[:, 1] > 100) == is_lower).all()
        chords = np.linalg.norm(np.diff(points, axis=0), axis=1)
        assert (chords < 20.01).all() and (chords > 19).all()
    with pytest.raises(ValueError, match="more characters than fit on the ring"):
        ring.spread(30, 20.0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"wear": 2.0}, "--wear 2.0: give a fraction from 0 to 1"),
        ({"diameter": Range(50, 90)}, "--diameter 50-90: give LOW-HIGH, both from 120 to 2000"),
        ({"fonts": (Path("nowhere"),)}, "nowhere"),
    ],
)
def test_options_that_cannot_be_used(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        seal.load(Options(**options), np.random.default_rng(0))  # type: ignore[arg-type]
