"""The engine `music`: made-up pieces and excerpts of files, each drawn as one system."""

import dataclasses
import hashlib
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("verovio")

from data_engines.drawing import draw_and_check
from data_engines.engine import Drawing, Reject  # noqa: E402 (below the check that it is installed)
from data_engines.kinds.music import engine as music  # noqa: E402
from data_engines.kinds.music.engine import Options, Spec  # noqa: E402
from data_engines.options import Range  # noqa: E402
from data_engines.tools.corpora import Language  # noqa: E402
from data_engines.tools.scores.kern import read_score  # noqa: E402
from got_train.prompts import Task  # noqa: E402

MADE_UP = Options(titles=0.0)
PLAIN = Options(titles=0.0, lyrics=0.0, dynamics=0.0, old=0.0)


def draw_specs(options: Options, count: int = 12) -> list[Spec]:
    stock = music.load(options, np.random.default_rng(0))
    return [music.decide(np.random.default_rng([4, i]), i, stock) for i in range(count)]


@pytest.fixture
def scores(tmp_path: Path) -> Path:
    """A folder with a score of six measures, its copy on four staves, and files that are none."""
    folder = tmp_path / "scores"
    (folder / "more").mkdir(parents=True)
    measures = [f"={i}\n4{note}\n4{note}{note}\n2r" for i, note in enumerate("cdefga", start=1)]
    one = "\n".join(["**kern", "*clefG2", "*M4/4", *measures, "==", "*-"])
    (folder / "one.krn").write_text(one)
    (folder / "more" / "four.krn").write_text("\n".join("\t".join([row] * 4) for row in one.split("\n")))
    (folder / "torn.krn").write_text(one[:-10])
    (folder / "strange.krn").write_text(one.replace("4", "4N"))
    (folder / "notes.krn").write_bytes(b"\xff\xfe\x00 no music")
    return folder


def test_the_answer_is_the_kern_that_was_drawn() -> None:
    specs = draw_specs(MADE_UP)
    for spec, drawing in zip(specs, draw_and_check(music, specs), strict=True):
        assert isinstance(drawing, Drawing), drawing
        [answer], [picture] = drawing.answers, drawing.pictures
        assert (answer.task, answer.text, picture.mode) == (Task(format=True), spec.kern, "RGB")
        assert answer.text.startswith("**kern")
        assert answer.text.endswith("*-")
        assert picture.width <= 1600 + 120
        assert picture.width <= music.MAX_ASPECT * picture.height + music.MAX_ASPECT


def test_another_note_makes_another_picture() -> None:
    [spec] = draw_specs(MADE_UP, 1)
    plain = dataclasses.replace(spec, kern="**kern\n*clefG2\n=-\n4c\n4d\n2e\n=\n*-")
    moved = dataclasses.replace(spec, kern="**kern\n*clefG2\n=-\n4c\n4d\n2f\n=\n*-")
    first, second = draw_and_check(music, [plain, moved])
    assert isinstance(first, Drawing) and isinstance(second, Drawing)
    assert first.pictures[0].tobytes() != second.pictures[0].tobytes()


def test_excerpts_are_whole_measures_of_the_files(scores: Path) -> None:
    options = Options(source=scores, titles=0.0, measures=Range(2, 3), staves=Range(1, 4))
    specs = draw_specs(options, 40)
    staves = {spec.kern.split("\n")[0].count("**kern") for spec in specs}
    assert staves == {1, 4}
    for spec in specs:
        assert len(read_score(spec.kern).measures) - 1 in (1, 2, 3)  # fewer at the end of the piece
        assert "*M4/4" in spec.kern.split("\n")[2]
    assert any(spec.kern.endswith("==\n*-") for spec in specs)
    assert all(isinstance(drawing, Drawing) for drawing in draw_and_check(music, specs[:6]))


def test_files_that_cannot_be_used_are_counted_by_cause(scores: Path) -> None:
    stock = music.load(Options(source=scores, titles=0.0, staves=Range(1, 2)), np.random.default_rng(0))
    assert [file.name for file in stock.files] == ["one.krn"]
    assert stock.left_out == {
        "no Humdrum": 1,
        "no end of the spines": 1,
        "other number of staves than asked for": 1,
        "unknown sign at a note": 1,
    }
    assert [(source.path, source.name) for source in stock.sources] == [(scores, str(scores))]


def test_titles_stand_above_the_system_and_are_no_part_of_the_answer() -> None:
    [spec] = draw_specs(MADE_UP, 1)
    stock = music.load(Options(titles=1.0, language="zh"), np.random.default_rng(0))
    titled = [music.decide(np.random.default_rng([4, i]), i, stock) for i in range(20)]
    assert all(drawn.captions for drawn in titled)
    fonts = {Path(caption.font[0]) for drawn in titled for caption in drawn.captions}
    assert fonts <= {source.path for source in stock.sources}
    with_title = dataclasses.replace(spec, captions=titled[0].captions)
    plain, captioned = draw_and_check(music, [spec, with_title])
    assert isinstance(plain, Drawing) and isinstance(captioned, Drawing)
    assert captioned.answers == plain.answers
    assert captioned.pictures[0].height > plain.pictures[0].height


@pytest.mark.parametrize("language", ["en", "zh"])
def test_songs_have_words_in_their_language_and_no_barlines_through_them(language: Language) -> None:
    specs = draw_specs(dataclasses.replace(PLAIN, lyrics=1.0, language=language), 6)
    for spec, drawing in zip(specs, draw_and_check(music, specs), strict=True):
        assert isinstance(drawing, Drawing), drawing
        assert "**text" in spec.kern.splitlines()[0]
        assert spec.words is not None
        assert ("Noto" in spec.words.family) == (language == "zh")
        assert spec.joint == ""


def test_old_prints_are_on_old_paper_and_have_the_same_answers() -> None:
    plain, old = draw_specs(PLAIN, 6), draw_specs(dataclasses.replace(PLAIN, old=1.0), 6)
    assert [spec.kern for spec in plain] == [spec.kern for spec in old]
    for new, worn in zip(draw_and_check(music, plain), draw_and_check(music, old), strict=True):
        assert isinstance(new, Drawing) and isinstance(worn, Drawing), worn
        assert new.pictures[0].tobytes() != worn.pictures[0].tobytes()
        assert new.answers == worn.answers


def test_without_words_dynamics_and_old_prints_a_seed_draws_what_it_always_drew() -> None:
    [spec] = draw_specs(PLAIN, 1)
    assert hashlib.sha256(spec.kern.encode()).hexdigest()[:16] == "ead84100284dde88"
    assert (spec.words, spec.old_print) == (None, None)


def test_a_sample_depends_on_its_own_chance_only() -> None:
    specs = draw_specs(MADE_UP, 6)
    assert specs == draw_specs(MADE_UP, 6)
    pictures = [drawing.pictures[0].tobytes() for drawing in draw_and_check(music, specs)]  # type: ignore[union-attr]
    again = [drawing.pictures[0].tobytes() for drawing in draw_and_check(music, specs[::-1])]  # type: ignore[union-attr]
    assert pictures == again[::-1]


def test_a_system_too_wide_to_read_is_rejected() -> None:
    [spec] = draw_specs(Options(titles=0.0, measures=Range(12, 12), width=300), 1)
    [result] = draw_and_check(music, [spec])
    assert isinstance(result, Reject)
    assert str(result) == "staves too small to read"


def test_a_source_that_cannot_be_used_ends_in_one_line(tmp_path: Path, scores: Path) -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(
        ValueError, match=r"^--source .*nowhere does not exist; give a \*\*kern file or a folder of them$"
    ):
        music.load(Options(source=tmp_path / "nowhere"), rng)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=r"^--source .*empty: no .krn file there$"):
        music.load(Options(source=tmp_path / "empty"), rng)
    with pytest.raises(ValueError, match=r"^--source .*: none of 1 files can be used \(no Humdrum: 1\)$"):
        music.load(Options(source=scores / "notes.krn"), rng)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"measures": Range(0, 3)}, "--measures 0-3: give LOW-HIGH, both from 1 to 40"),
        ({"staff": Range(10, 30)}, "--staff 10-30: give LOW-HIGH, both from 20 to 200"),
        ({"staves": Range(3, 4)}, "--staves 3-4: music is made up for one or two; give a --source"),
        ({"width": 50}, "--width 50: give 200 to 8000"),
        ({"titles": 2.0}, "--titles 2.0: give a fraction from 0 to 1"),
    ],
)
def test_options_out_of_bounds_are_named(options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Options(**options)
