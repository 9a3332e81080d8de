"""Words and dynamics: what Verovio engraved is held against the kern, and every difference is seen."""

import pytest

pytest.importorskip("verovio")

from data_engines.engine import Reject  # noqa: E402 (below the check that it is installed)
from data_engines.tools.fonts import Typeface, read_faces, typefaces  # noqa: E402
from data_engines.tools.scores.annotations import check_annotations, notes_alone  # noqa: E402
from data_engines.tools.scores.engraver import engrave, rasterise  # noqa: E402
from got_train.packages import matplotlib_fonts  # noqa: E402

KERN = """\
**kern\t**kern\t**text\t**dynam
*clefF4\t*clefG2\t*\t*
*k[]\t*k[]\t*\t*
*M6/8\t*M6/8\t*\t*
=-\t=-\t=-\t=-
4.C\t4g/\tA-\tp
.\t8a/\t-bout\t.
4.C\t8b\\L\tthe\t<
.\t8cc\\\tmoon\t.
.\t8dd\\J\tI\t[
=\t=\t=\t=
2.C\t2.b\\\tsing\tff
==\t==\t==\t==
*-\t*-\t*-\t*-"""


@pytest.fixture(scope="module")
def face() -> Typeface:
    faces, _ = read_faces([matplotlib_fonts() / "STIXGeneral.ttf"], set("AboutthemoonIsing"))
    return typefaces(faces)[0]


def test_words_and_dynamics_are_drawn_as_they_are_answered(face: Typeface) -> None:
    engraving = engrave(KERN, "", 40, {"font": "Leipzig"})
    check_annotations(KERN, engraving.mei, engraving.svg, face)
    with_words, without = rasterise(engraving.svg, 1600, 0.1, face), rasterise(engraving.svg, 1600, 0.1)
    assert with_words.tobytes() != without.tobytes()


@pytest.mark.parametrize(
    ("there", "instead", "cause"),
    [
        ("moon", "noon", "other words below the notes"),
        ("-bout", "bout", "other words below the notes"),
        ("8cc\\\tmoon", "8dd\\\tmoon", "other words below the notes"),
        ("\tmoon\t", "\t.\t", "other words below the notes"),
        ("\tff", "\tf", "other dynamics engraved"),
        ("I\t[", "I\t.", "other dynamics engraved"),
        ("the\t<", "the\t>", "other dynamics engraved"),
        ("-bout\t.", "-bout\tmf", "other dynamics engraved"),
        ("moon\t.\n.\t8dd\\J\tI\t[", "moon\t[\n.\t8dd\\J\tI\t.", "other dynamics engraved"),
    ],
)
def test_a_difference_is_rejected(face: Typeface, there: str, instead: str, cause: str) -> None:
    engraving = engrave(KERN, "", 40, {"font": "Leipzig"})
    assert there in KERN
    with pytest.raises(Reject, match=f"^{cause}$"):
        check_annotations(KERN.replace(there, instead), engraving.mei, engraving.svg, face)


@pytest.mark.parametrize(
    ("there", "instead", "cause"),
    [
        (">moon<", "><", "words or hyphens not drawn"),
        ("<rect", "<ellipse", "words or hyphens not drawn"),
        ("<polyline", "<g", "dynamics not drawn"),
    ],
)
def test_what_is_not_drawn_is_rejected(face: Typeface, there: str, instead: str, cause: str) -> None:
    engraving = engrave(KERN, "", 40, {"font": "Leipzig"})
    assert there in engraving.svg
    with pytest.raises(Reject, match=f"^{cause}$"):
        check_annotations(KERN, engraving.mei, engraving.svg.replace(there, instead), face)


def test_words_that_run_into_each_other_are_rejected(face: Typeface) -> None:
    engraving = engrave(KERN, "", 40, {"font": "Leipzig"})
    wide = engraving.svg.replace('font-size="405px"', 'font-size="999px"')
    assert wide != engraving.svg
    with pytest.raises(Reject, match="^words that run into each other$"):
        check_annotations(KERN, engraving.mei, wide, face)


def test_a_score_of_notes_alone_needs_no_face() -> None:
    plain = notes_alone(KERN)
    assert plain.splitlines()[0] == "**kern\t**kern"
    engraving = engrave(plain, "{", 40, {})
    check_annotations(plain, engraving.mei, engraving.svg, None)
    with pytest.raises(Reject, match="^other words below the notes$"):
        check_annotations(KERN, engraving.mei, engraving.svg, None)
