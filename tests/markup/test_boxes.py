"""Text with boxes: what is written is read back; of broken answers what is whole, the rest is counted."""

import pytest

from got_train.markup.boxes import BoxedAnswer, BoxedText, is_boxed, read_boxed, write_box, write_boxed

A, B = BoxedText("Invoice 4711", (120, 80, 430, 140)), BoxedText("two\nlines", (0, 0, 1000, 1000))
WRITTEN = (
    "<ref>Invoice 4711</ref><box>(120,80),(430,140)</box>\n<ref>two\nlines</ref><box>(0,0),(1000,1000)</box>"
)


def test_what_is_written_is_read_back() -> None:
    assert write_boxed([A, B]) == WRITTEN
    assert read_boxed(WRITTEN) == BoxedAnswer((A, B))
    assert read_boxed(WRITTEN).text == "Invoice 4711\ntwo\nlines"
    odd = BoxedText(" a < b && (1,2) <img ", (1, 2, 3, 4))
    assert read_boxed(write_boxed([odd])).found == (odd,)
    assert (write_boxed([]), read_boxed(""), read_boxed(" \n")) == ("", BoxedAnswer(()), BoxedAnswer(()))


@pytest.mark.parametrize(
    "spelling",
    [
        " <ref>a</ref>\n<box> ( 1 , 2 ) , ( 3 , 4 ) </box>\n",
        "<ref>a</ref><box>(001,2),(3,0004)</box>",
    ],
)
def test_white_space_and_leading_zeros_do_not_matter(spelling: str) -> None:
    assert read_boxed(spelling) == BoxedAnswer((BoxedText("a", (1, 2, 3, 4)),))


@pytest.mark.parametrize(
    ("answer", "texts", "num_broken"),
    [
        ("no text with boxes", [], 1),
        ("<ref>a</ref>", [], 1),
        ("<ref>a<box>(1,2),(3,4)</box>", [], 1),
        ("<ref> </ref><box>(1,2),(3,4)</box>", [], 1),
        ("<ref>a</ref><box>(1,2),(3)</box>", [], 1),
        ("<ref>a</ref><box>(1,2),(3,4),(5,6)</box>", [], 1),
        ("<ref>a</ref><box>(3,2),(1,4)</box>", [], 1),  # right before left
        ("<ref>a</ref><box>(1,2),(1,4)</box>", [], 1),  # no area
        ("<ref>a</ref><box>(1,2),(3,1001)</box>", [], 1),
        ("<ref>a</ref><box>(-1,2),(3,4)</box>", [], 1),
        ("<ref>a</ref><box>(1.5,2),(3,4)</box>", [], 1),
        ("<ref>a</ref><box>(\u0661,2),(3,4)</box>", [], 1),  # a digit of another script
        ("<ref>a</ref><box>(1,2),(3,4)</box> b", ["a"], 1),
        ("b <ref>a</ref><box>(1,2),(3,4)</box>", ["a"], 1),
        ("<ref>a</ref><box>(1,2),(3,4)</box><ref>b</ref><box>(1,2),(3,", ["a"], 1),  # cut off
        ("<ref>b<ref>a</ref><box>(1,2),(3,4)</box><ref>", ["a"], 2),
        ("<ref>a</ref> x <box>(1,2),(3,4)</box>\n<ref>c</ref><box>(1,2),(3,4)</box>", ["c"], 1),
    ],
)
def test_broken_pieces_are_counted_and_nothing_is_made_up(
    answer: str, texts: list[str], num_broken: int
) -> None:
    read = read_boxed(answer)
    assert ([one.text for one in read.found], read.num_broken) == (texts, num_broken)


@pytest.mark.parametrize(
    ("one", "message"),
    [
        (BoxedText("", (1, 2, 3, 4)), "blank"),
        (BoxedText("see <ref>", (1, 2, 3, 4)), "has one of <ref> </ref> <box> </box> in it"),
        (BoxedText("a", (1, 2, 1, 4)), "no area"),
        (BoxedText("a", (1, 2, 3, 1001)), "outside"),
        (BoxedText("a", (-1, 2, 3, 4)), "outside"),
    ],
)
def test_what_could_not_be_read_back_is_not_written(one: BoxedText, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        write_boxed([one])


def test_a_box_in_pixels_of_a_picture_that_is_no_square() -> None:
    assert A.pixels(1600, 1200) == (192.0, 96.0, 688.0, 168.0)
    assert BoxedText("a", (333, 1, 667, 1000)).pixels(100, 30) == (33.3, 0.0, 66.7, 30.0)
    assert write_box((1, 2, 3, 4)) == "<box>(1,2),(3,4)</box>"


def test_which_answers_are_text_with_boxes() -> None:
    assert is_boxed(WRITTEN) and is_boxed("\n<ref>a<box>")
    assert not any(map(is_boxed, ["", "a <ref>b</ref><box>", "<ref>a</ref>", "<smiles>C</smiles>"]))
