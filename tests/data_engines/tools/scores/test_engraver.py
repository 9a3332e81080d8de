"""Engraving: what Verovio draws is held against the kern, and every difference is seen."""

import re

import numpy as np
import pytest

verovio = pytest.importorskip("verovio")

from data_engines.engine import Reject  # noqa: E402 (below the check that it is installed)
from data_engines.tools.scores.engraver import check_engraving, engrave, rasterise  # noqa: E402

NOTE = re.compile(r'class="note\b')

KERN = """\
**kern\t**kern
*clefF4\t*clefGv2
*k[b-]\t*k[b-]
*M4/4\t*M4/4
*met(c)\t*met(c)
=-\t=-
4C 4E\t(8a/L
.\t8b-/J)
*clefC3\t*
4r\t[4cc
2d\t4cc]
.\t4r
=:|!\t=:|!
*-\t*-"""


def mei(kern: str) -> str:
    toolkit = verovio.toolkit()
    assert toolkit.loadData(kern.replace("*M4/4\t*M4/4\n", ""))
    return toolkit.getMEI()


def test_one_system_is_drawn_with_all_its_signs() -> None:
    svg = engrave(KERN, "{", 40, {"font": "Leipzig"}).svg
    names = ("system", "measure", "staff", "rest", "tie", "slur")
    assert [svg.count(f'class="{name}"') for name in names] == [1, 1, 2, 2, 1, 1]
    assert len(NOTE.findall(svg)) == 7
    # the symbol of common time, once on each staff
    assert len(re.findall(r'class="meterSig">\s*<use [^>]*#E08A', svg)) == 2
    assert 'visibility="hidden"' not in svg


def test_braces_and_brackets_are_drawn_and_change_no_music() -> None:
    svgs = {joint: engrave(KERN, joint, 40, {}).svg for joint in ("{", "[", "")}
    assert len({len(svg) for svg in svgs.values()}) == 3
    assert {len(NOTE.findall(svg)) for svg in svgs.values()} == {7}


@pytest.mark.parametrize(
    ("there", "instead", "cause"),
    [
        ("2d\t", "2e\t", "other notes or rests engraved"),
        ("4C 4E", "4C", "other notes or rests engraved"),
        ("4r\t[", "4A\t[", "other notes or rests engraved"),
        ("[4cc", "4cc", "other ties or slurs engraved"),
        ("(8a/L", "8a/L", "other ties or slurs engraved"),
        ("2d\t4cc]", "=\t=\n2d\t4cc]", "other measures engraved"),
        ("*clefF4", "*clefC4", "other clefs, keys or metres engraved"),
        ("*clefC3", "*clefG2", "other clefs, keys or metres engraved"),
        ("*k[b-]\t*k[b-]", "*k[b-]\t*k[b-e-]", "other clefs, keys or metres engraved"),
        ("*met(c)\t*met(c)\n", "", None),
        ("*M4/4\t*M4/4\n*met(c)\t*met(c)", "*M3/4\t*M3/4", "other clefs, keys or metres engraved"),
    ],
)
def test_any_difference_from_what_is_engraved_is_seen(there: str, instead: str, cause: str | None) -> None:
    assert there in KERN
    check_engraving(KERN, mei(KERN))
    with pytest.raises(Reject, match=f"^{cause or 'other clefs, keys or metres engraved'}$"):
        check_engraving(KERN.replace(there, instead), mei(KERN))


@pytest.mark.parametrize(
    ("there", "instead", "cause"),
    [
        (".\t4r\n", "", "rhythm does not add up"),
        ("4C 4E\t", "4C 4E\t4c\t", "fields and spines differ in number"),
        ("\n*-\t*-", "", "no end of the spines"),
        ("2d", "2d@", "unknown sign at a note"),
    ],
)
def test_kern_that_is_not_in_order_never_reaches_verovio(there: str, instead: str, cause: str) -> None:
    with pytest.raises(Reject, match=f"^{cause}$"):
        engrave(KERN.replace(there, instead), "", 40, {})


def test_music_is_engraved_alike_whatever_was_engraved_before() -> None:
    alone = rasterise(engrave(KERN, "", 40, {}).svg, 5000, 0.5)
    engrave(KERN, "", 40, {"spacingLinear": 0.8, "font": "Petaluma"})
    assert rasterise(engrave(KERN, "", 40, {}).svg, 5000, 0.5).tobytes() == alone.tobytes()


def test_the_raster_is_cut_to_the_ink_and_no_wider_than_asked() -> None:
    svg = engrave(KERN, "", 40, {}).svg
    whole, small = rasterise(svg, 5000, 0.5), rasterise(svg, 200, 0.1)
    assert small.width < 200 < whole.width
    for mask in (whole, small):
        ink = np.asarray(mask) < 255
        assert ink[0].any() and ink[-1].any() and ink[:, 0].any() and ink[:, -1].any()
    with pytest.raises(Reject, match="^staves too small to read$"):
        rasterise(svg, 100, 0.5)


def test_what_reaches_the_edge_is_rejected() -> None:
    svg = '<svg width="20px" height="20px" xmlns="http://www.w3.org/2000/svg"><path d="M0 0H9V9z"/></svg>'
    with pytest.raises(Reject, match="^drawn beyond the page$"):
        rasterise(svg, 100, 0.5)
