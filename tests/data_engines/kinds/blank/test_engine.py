"""The engine `blank`: nothing is answered, and nothing is written on its paper."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from data_engines.drawing import draw_and_check
from data_engines.engine import Drawing, Reject
from data_engines.kinds.blank import engine as blank
from data_engines.kinds.blank.engine import Options, Paper, Spec
from data_engines.options import Range
from data_engines.tools.photos import WITHOUT_TEXT


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    shades = np.random.default_rng(0).integers(0, 255, (300, 300, 3)).astype(np.uint8)
    Image.fromarray(shades).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


def specs(photo: Path, count: int) -> list[Spec]:
    options = Options(photos=(photo,), width=Range(200, 260), height=Range(200, 260))
    stock = blank.load(options, np.random.default_rng(0))
    return [blank.decide(np.random.default_rng([5, i]), i, stock) for i in range(count)]


def test_all_looks_occur_and_are_answered_by_nothing(photo: Path) -> None:
    chosen = specs(photo, 60)
    drawn = draw_and_check(blank, chosen)
    answers = [drawing.answers[0] for drawing in drawn if isinstance(drawing, Drawing)]
    assert len(answers) == 60
    assert {(answer.text, answer.no_text, answer.task.format) for answer in answers} == {
        ("", True, True),
        ("", True, False),
    }
    papers = [spec.ground for spec in chosen if isinstance(spec.ground, Paper)]
    assert {(bool(paper.across), bool(paper.down)) for paper in papers} == {
        (False, False),
        (True, False),
        (True, True),
    }
    photos = {spec.ground.photo for spec in chosen if not isinstance(spec.ground, Paper)}
    assert photos == {None, str(photo)}


def test_ink_between_the_rules_is_found(photo: Path) -> None:
    for spec in specs(photo, 30):
        if not isinstance(spec.ground, Paper) or not spec.ground.across:
            continue
        drawing = next(blank.draw([spec]))
        assert isinstance(drawing, Drawing)
        x, y = int(spec.ground.box.left) + 6, spec.ground.across[0] + 8
        ImageDraw.Draw(drawing.pictures[0]).rectangle((x, y, x + 1, y + 1), fill=spec.ground.ink)
        with pytest.raises(Reject, match="ink between the rules"):
            blank.check(spec, drawing)


def test_packaged_photographs_are_those_without_text() -> None:
    assert WITHOUT_TEXT == (
        *("brick.png", "camera.png", "chelsea.png", "coffee.png", "grass.png", "gravel.png"),
        "hubble_deep_field.jpg",
    )
    stock = blank.load(Options(), np.random.default_rng(0))
    assert tuple(Path(photo).name for photo in stock.photos) == WITHOUT_TEXT
    assert len(stock.sources) == len(WITHOUT_TEXT)
