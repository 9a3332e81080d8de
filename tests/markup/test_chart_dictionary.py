"""Charts in JSON and in Python's notation, whole and cut off."""

import json

import pytest

from got_train.markup.chart_dictionary import ChartAnswer, read_chart

TEXTS = {"title": "t {", "source": "s", "x_title": "x", "y_title": "y"}
WHOLE = {**TEXTS, "values": {"a": 1}}


@pytest.mark.parametrize("text", [json.dumps(WHOLE), f" {WHOLE!r}\n"])
def test_a_dictionary_is_read_as_json_and_as_python(text: str) -> None:
    assert read_chart(text) == ChartAnswer(TEXTS, {"a": 1})


def test_closing_braces_are_added() -> None:
    for text in ('{"values": {"a": 1', '{"values": {"a": 1}', "{'values': {'a': 1"):
        assert read_chart(text) == ChartAnswer({}, {"a": 1})


def test_scores_refuse_the_notation_of_python() -> None:
    assert read_chart("{'values': {'a': 1}}", json_only=True) is None
    assert read_chart('{"values": {"a": 1', json_only=True) == ChartAnswer({}, {"a": 1})


def test_numbers_may_stand_under_data() -> None:
    assert read_chart('{"data": {"a": 1}}') == ChartAnswer({}, {"a": 1})
    assert read_chart('{"data": {"a": 1}, "values": {"b": 2}}') == ChartAnswer({"data": {"a": 1}}, {"b": 2})


@pytest.mark.parametrize(
    "text",
    [
        '{"values": [1]}',
        "[1]",
        '{"values": {"a"',
        "a, 1",
        "",
        # more digits than Python reads, more brackets than it can open
        f'{{"values": {{"a": {"1" * 5000}}}}}',
        f"{{'values': {{'a': 0x{'f' * 5000}}}}}",
        '{"values": {"a": ' + "[" * 100_000,
        "{" * 100_000,
        "{'values': {{'a': 1}}}",
    ],
)
def test_what_is_no_chart(text: str) -> None:
    assert read_chart(text) is None
    assert read_chart(text, json_only=True) is None


def test_a_table_has_a_column_for_each_series() -> None:
    series = ChartAnswer({}, {"x": {"1": 2}, "y": {"1": 3, "4": 5}})
    assert series.rows() == [["", "x", "y"], ["1", 2, 3], ["4", "", 5]]
    assert ChartAnswer({}, {"a": 1, "b": {"c": 2}}).rows() == [["a", 1], ["b", {"c": 2}]]
