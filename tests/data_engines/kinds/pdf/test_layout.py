"""Reading order from the boxes of pieces of text."""

from collections.abc import Sequence
from dataclasses import replace

from data_engines.kinds.pdf.layout import paragraphs
from data_engines.kinds.pdf.texts import Text
from data_engines.tools.boxes import Box


def piece(text: str, left: float, top: float, height: float = 10) -> Text:
    """A piece of text in letters half as wide as high."""
    box = Box(left, top, left + len(text) * height / 2, top + height)
    return Text(text, body=box, ink=box, letters=(box,))


def column(name: str, left: float, tops: range) -> list[Text]:
    return [piece(f"{name} {top} of running text in it", left, top) for top in tops]


def lines_of(pieces: Sequence[Text]) -> list[Text]:
    return [line for paragraph in paragraphs(pieces) for line in paragraph]


def order(pieces: Sequence[Text]) -> list[str]:
    return [line.text for line in lines_of(pieces)]


def test_columns_are_read_one_after_the_other_between_full_lines() -> None:
    title = piece("a title that is as wide as both columns together, or almost so", 0, 0)
    foot = piece("a foot that is as wide as both columns together, or almost so!", 0, 66)
    left, right = column("left", 0, range(12, 60, 12)), column("right", 180, range(12, 60, 12))
    expected = [title.text, *(line.text for line in [*left, *right]), foot.text]
    assert order([title, *left, *right, foot]) == expected


def test_columns_whose_lines_are_not_level_are_columns_all_the_same() -> None:
    left, right = column("left", 0, range(12, 84, 12)), column("right", 180, range(17, 77, 12))
    assert order([*left, *right]) == [line.text for line in [*left, *right]]


def test_three_columns() -> None:
    columns = [column(name, x, range(0, 60, 12)) for name, x in (("one", 0), ("two", 160), ("three", 320))]
    pieces = [line for lines in columns for line in lines]
    assert order(pieces) == [line.text for line in pieces]


def test_a_running_head_in_two_parts_is_one_line() -> None:
    head = [piece("the author", 0, 0), piece("the title", 250, 0)]
    left, right = column("left", 0, range(40, 90, 12)), column("right", 180, range(40, 90, 12))
    assert order([*head, *left, *right])[:2] == ["the author the title", left[0].text]


def test_a_table_is_read_row_by_row() -> None:
    rows = [
        [piece(f"row {row} cell {cell} with words", 160 * cell, 12 * row) for cell in range(2)]
        for row in range(5)
    ]
    in_file = [cell for row in rows for cell in row]
    assert order(in_file) == [f"row {row} cell 0 with words row {row} cell 1 with words" for row in range(5)]


def test_narrow_columns_are_a_table() -> None:
    pieces = [piece(f"{x}{y}", 40 * x, 12 * y) for x in range(3) for y in range(4)]
    assert order(pieces) == ["00 10 20", "01 11 21", "02 12 22", "03 13 23"]


def test_rows_whose_cells_are_centred_are_read_cell_by_cell() -> None:
    head = [piece("pattern", 0, 0), piece("meaning", 100, 0)]
    cell = [piece("zero or more of what", 100, 14), piece("stands before", 100, 26)]
    small = [piece("*", 0, 20), piece("all", 250, 20)]
    last = [piece("one", 0, 40), piece("one level row", 100, 40)]
    assert order([*head, *cell, *small, *last]) == [
        "pattern meaning",
        "*",
        "zero or more of what",
        "stands before",
        "all",
        "one one level row",
    ]
    cells = [[line.text for line in lines] for lines in paragraphs([*head, *cell, *small, *last])]
    assert ["zero or more of what", "stands before"] in cells


def test_a_line_through_the_middle_of_a_ruled_row_is_read_cell_by_cell() -> None:
    pieces = [
        piece("a cell of", 100, 12),
        piece("three lines", 100, 24),
        piece("in all", 100, 36),
        piece("one", 0, 24),
        piece("two", 0, 50),
        piece("the next row", 100, 50),
    ]
    joined = ["a cell of", "one three lines", "in all", "two the next row"]
    assert order(pieces) == joined
    split = ["one", "a cell of", "three lines", "in all", "two the next row"]
    cells = [Box(x, y, x + 80, y + 0.8) for x in (-5, 75) for y in (10, 48, 62)]
    assert [line.text for lines in paragraphs(pieces, cells) for line in lines] == split
    # rules that go through may be those of a box, and marks for cutting the paper bound no row
    for rules in (
        [Box(-5, y, 155, y + 0.8) for y in (10, 48)],
        [Box(x, y, x + 9, y + 0.8) for x in (-50, 300) for y in (5, 90)],
    ):
        assert [line.text for lines in paragraphs(pieces, rules) for line in lines] == joined


def test_columns_of_two_lines_are_told_by_their_order_in_the_file() -> None:
    left = [piece("the left of two columns", 0, 0), piece("that are short", 0, 12)]
    right = [piece("the right one, which", 150, 0), piece("is as short", 150, 12)]
    assert order([*left, *right]) == [line.text for line in [*left, *right]]
    in_rows = [left[0], right[0], left[1], right[1]]
    assert order(in_rows) == ["the left of two columns the right one, which", "that are short is as short"]


def test_a_cell_that_goes_on_below_is_a_fault_where_the_file_goes_to_and_fro() -> None:
    pieces = [
        piece("what it is", 0, 0),
        piece("the first of two lines", 150, 0),
        piece("the second", 150, 12),
    ]
    assert order(pieces) == [line.text for line in pieces]
    [[line], *_] = paragraphs([pieces[1], pieces[0], pieces[2]])
    assert (line.text, line.fault) == ("what it is the first of two lines", "cells that can't be told apart")


def test_cells_without_a_gutter_are_a_fault() -> None:
    stairs = [piece("package", 0, 0), piece("type", 38, 6), piece("size", 0, 12)]
    lines = [line for lines in paragraphs([*stairs, piece("beside", 100, 7)]) for line in lines]
    assert [line.fault for line in lines] == [*["cells that can't be told apart"] * 3, None]


def in_file(*pieces: Text) -> list[str]:
    return [f"{line.text} ({line.fault})" if line.fault else line.text for line in lines_of(pieces)]


def test_rows_that_the_file_has_one_after_the_other_are_not_read_as_columns() -> None:
    rows = [
        [
            piece(f"{row}: the first of two lines", 0, 40 * row),
            piece(f"{row}: and the second one", 0, 40 * row + 12),
            piece(f"{row}: a cell beside them both", 180, 40 * row),
        ]
        for row in range(4)
    ]
    cells = [cell for row in rows for cell in row]
    assert in_file(*cells) == [cell.text for cell in cells]
    # whether they begin, end, or have their middles at one height
    centred = [cell if cell.body.left == 0 else piece(cell.text, 180, cell.body.top + 6) for cell in cells]
    assert in_file(*centred) == [cell.text for cell in cells]
    lowered = [cell if cell.body.left == 0 else piece(cell.text, 180, cell.body.top + 12) for cell in cells]
    assert " ".join(in_file(*lowered)) == " ".join(cell.text for cell in cells)


def test_columns_that_the_file_has_line_by_line_are_columns_where_they_are_not_level() -> None:
    left, right = column("left", 0, range(0, 84, 12)), column("right", 180, range(3, 87, 12))
    across = [line for pair in zip(left, right, strict=True) for line in pair]
    assert in_file(*across) == [line.text for line in [*left, *right]]


def test_a_narrow_cell_may_stand_beside_one_of_several_lines() -> None:
    cells = [
        piece("Parastratiosphecomyia", 0, 0),
        piece("stratiosphecomyioides", 0, 12),
        piece("Says", 130, 0),
        piece("bzzzzzzz", 200, 0),
    ]
    assert in_file(*cells) == [cell.text for cell in cells]
    # but a bullet belongs to its line
    bullet = [piece("•", 0, 0), piece("a text of two lines or", 20, 0), piece("so, after a bullet", 20, 12)]
    assert in_file(*bullet) == ["• a text of two lines or", "so, after a bullet"]


def test_names_and_values_beside_a_text_of_other_lines_stay_together() -> None:
    text = [piece(f"line {i} of an address", 0, 9 * i + 4) for i in range(4)]
    pairs = [
        cell
        for i in range(3)
        for cell in (piece(f"name {i}:", 150, 12 * i), piece(f"value {i}", 220, 12 * i))
    ]
    assert in_file(*text, *pairs) == [
        *(line.text for line in text),
        *(f"name {i}: value {i}" for i in range(3)),
    ]


def test_cells_of_a_ruled_row_that_are_whole_in_the_file_are_read_one_after_the_other() -> None:
    left = [piece("a first paragraph", 0, 12), piece("before a numbered", 0, 32), piece("list", 0, 44)]
    listed = [piece("Number one", 20, 60), piece("Number two", 20, 72)]
    right = [piece("text beside the list", 180, 32), piece("that goes on", 180, 44)]
    # whose numbers some makers write at the end
    numbers = [piece("1.", 4, 60), piece("2.", 4, 72)]
    rules = [Box(x, y, x + 180, y + 0.8) for x in (-5, 175) for y in (8, 90)]
    lines = [line.text for part in paragraphs([*left, *listed, *right, *numbers], rules) for line in part]
    assert lines == [
        *(line.text for line in left),
        "1. Number one",
        "2. Number two",
        *(line.text for line in right),
    ]


def test_cells_with_a_rule_between_their_lines_are_a_fault() -> None:
    centred = [
        piece("a centred cell", 0, 7),
        piece("whose row ends above", 180, 0),
        piece("another row", 180, 12),
    ]
    assert in_file(*centred) == [line.text for line in centred]
    [rule] = rules = [Box(175, 10.5, 300, 11)]
    fault = "cells that can't be told apart"
    assert {line.fault for part in paragraphs(centred, rules) for line in part} == {fault}
    # a rule under a few letters parts nothing
    few = [rule._replace(right=230)]
    assert {line.fault for part in paragraphs(centred, few) for line in part} == {None}


def test_a_line_in_another_size_does_not_go_on_with_a_running_head() -> None:
    head = [piece("29 November, 8:59", 0, 0, 9), piece("name of the file", 180, 0, 9)]
    below = piece("Before a table", 0, 14, 13)
    assert order([head[0], below, head[1]]) == ["29 November, 8:59 name of the file", "Before a table"]


def test_merged_cells_between_level_rows_are_a_fault() -> None:
    rows = [
        piece("cell 1", 0, 0),
        piece("merged", 100, 0),
        piece("cell 2", 0, 14),
        piece("two rows", 100, 14),
    ]
    beside = [Box(-5, 11.5, 90, 12)]
    fault = "cells that can't be told apart"
    assert {line.fault for part in paragraphs(rows, beside) for line in part} == {fault}
    # a rule under both parts them alike
    for rules in ([], [*beside, Box(90, 11.5, 200, 12)]):
        assert [(line.text, line.fault) for part in paragraphs(rows, rules) for line in part] == [
            ("cell 1 merged", None),
            ("cell 2 two rows", None),
        ]


def test_two_tables_beside_each_other_are_a_fault() -> None:
    def table(left: float) -> list[Text]:
        return [
            piece(text, left + 40 * place, 14 * row)
            for row in range(4)
            for place, text in enumerate((f"{row}", f"{row} m"))
        ]

    one, other = table(0), table(100)
    assert {line.fault for line in lines_of([*one, *other])} == {"cells that can't be told apart"}
    # a file may have a single table row by row, or column by column
    by_rows = sorted([*one, *other], key=lambda piece: piece.body.top)
    by_columns = sorted([*one, *other], key=lambda piece: piece.body.left)
    for pieces in (by_rows, by_columns):
        assert order(pieces) == [f"{row} {row} m {row} {row} m" for row in range(4)]
        assert {line.fault for line in lines_of(pieces)} == {None}


def test_a_cell_that_begins_over_its_row_is_a_fault() -> None:
    row = [
        piece("the first of four lines", 180, 0),
        piece("the second of four lines", 180, 12),
        piece("name of two", 0, 19),
        piece("lines, too", 0, 31),
        piece("the third of four lines", 180, 24),
        piece("the last of four lines", 180, 36),
    ]
    assert {line.fault for line in lines_of(row)} == {"cells that can't be told apart"}


def test_an_index_over_an_index_is_a_fault() -> None:
    raised = [
        piece("N", 0, 0),
        piece("s", 5, 5, height=6),
        piece("H", 5, -2, height=6),
        piece("holds", 20, 0),
    ]
    assert in_file(*raised) == ["NHs holds (overlapping text)"]
    index = Box(5, 4, 8, 10)
    lowered = replace(piece("Ns", 0, 0), letters=(Box(0, 0, 5, 10), index))
    assert in_file(lowered, piece("H", 6, 0, height=6)) == ["NsH (overlapping text)"]
    assert in_file(piece("Freshwater", 0, 0), piece("Saltwater", 46, 0)) == [
        "FreshwaterSaltwater (overlapping text)"
    ]


def test_readings_over_chinese_are_a_fault() -> None:
    fault = " (text with its readings over it)"
    for reading in ("かんじ", "hàn zì"):
        small, base = piece(reading, 0, 0, height=5), piece("漢字と東京の話", 0, 5)
        assert in_file(small, base) == [reading + fault, base.text + fault]
    assert in_file(piece("head", 0, 0, height=5), piece("a title", 0, 5)) == ["head", "a title"]
    assert in_file(piece("第一章", 0, 0, height=5), piece("漢字と東京の話", 0, 9)) == [
        "第一章",
        "漢字と東京の話",
    ]


def test_text_printed_over_other_text_is_a_fault() -> None:
    cells = [piece("package_name.conffiles", 0, 0), piece("list of files", 80, 0)]
    bound = [piece("sum", 0, 40), piece("i", 12, 43, height=7)]
    below = [piece("gnome-remote-desktop", 0, 60), piece("V:62, I:146", 70, 67), piece("as usual", 70, 76)]
    faults = {line.text: line.fault for lines in paragraphs([*cells, *bound, *below]) for line in lines}
    assert faults == {
        "package_name.conffileslist of files": "overlapping text",
        "sumi": None,
        "gnome-remote-desktop": "overlapping text",
        "V:62, I:146": "overlapping text",
        "as usual": None,
    }


def test_raised_small_print_joins_its_line_without_a_space() -> None:
    assert order([piece("E = mc", 0, 0), piece("2", 30, -1, height=7), piece("holds", 40, 0)]) == [
        "E = mc2 holds"
    ]


def test_paragraphs_end_at_wider_steps_indents_and_changes_of_size() -> None:
    lines = [
        piece("a heading", 0, 0, height=16),
        piece("first line of a paragraph", 0, 24),
        piece("second line of it", 0, 36),
        piece("indented first line", 15, 48),
        piece("second line of the second", 0, 60),
        piece("after a gap", 0, 84),
        piece("and its second line", 0, 96),
    ]
    assert [len(paragraph) for paragraph in paragraphs(lines)] == [1, 2, 2, 2]


def test_a_page_without_text_has_no_paragraphs() -> None:
    assert paragraphs([]) == []
