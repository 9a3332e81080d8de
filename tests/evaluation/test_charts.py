import json

import pytest

from got_train.evaluation.charts import TOLERANCES, Tolerance, average_precision
from got_train.markup.chart_dictionary import read_chart

REFERENCE = {"tea": 10.0, "coffee": 20.0, "milk": 30.0, "water": 40.0}


def scores(prediction: object, reference: object = REFERENCE) -> dict[str, float]:
    assert isinstance(prediction, dict) and isinstance(reference, dict)
    return {name: average_precision(prediction, reference, some) for name, some in TOLERANCES.items()}


def test_tolerances_are_those_of_the_script() -> None:
    assert TOLERANCES == {
        "strict": Tolerance(0, 0.0),
        "slight": Tolerance(2, 0.05),
        "high": Tolerance(5, 0.1),
    }


def test_all_right() -> None:
    assert scores(REFERENCE) == {"strict": 1.0, "slight": 1.0, "high": 1.0}
    assert scores({"water": "40%", "milk": "$30", "coffee": 20, "TEA": 10})["strict"] == 1.0


def test_overlap_by_hand() -> None:
    # coffee is 5 % off and milk 8 %. Strict: 2 match; union 4 + 4 - 2 = 6, overlap 1/3. Slight: 3 match, and
    # the one that only nearly does leaves the union: 6 - 1 = 5, overlap 3/5, past 0.5, 0.55, 0.6. High: all.
    near = {"tea": 10, "coffee": 21, "milk": 32.4, "water": 40}
    assert scores(near) == {"strict": 0.0, "slight": 0.3, "high": 1.0}


def test_names_by_hand() -> None:
    # One letter off: 3 of 4 match strictly, union 5, overlap 3/5; within 2 edits all match.
    assert scores({"tea": 10, "cofee": 20, "milk": 30, "water": 40}) == {
        "strict": 0.3,
        "slight": 1.0,
        "high": 1.0,
    }
    # A name within the other matches at any tolerance; "value" stands for the second name.
    assert scores({"iced tea": 10}, {"tea": 10})["strict"] == 1.0
    assert scores({"tea": 10}, {"iced tea": 10})["strict"] == 1.0


def test_series_and_categories_in_either_order() -> None:
    by_series = {"2024": {"tea": 1, "milk": 2}, "2025": {"tea": 3, "milk": 4}}
    assert scores({"2024": {"milk": 2, "tea": 1}, "2025": {"tea": 3, "milk": 4}}, by_series)["strict"] == 1.0
    swapped = {"tea": {"2024": 1, "2025": 3}, "milk": {"2024": 2, "2025": 4}}
    assert scores(swapped, by_series)["strict"] == 1.0


def test_name_of_the_only_series_is_dropped() -> None:
    assert scores({"tea": {"sales": 10}}, {"tea": 10})["strict"] == 1.0


def test_numbers_are_taken_as_they_are() -> None:
    assert scores({"a": 122}, {"a": 1e22})["high"] == 0.0
    assert scores({"a": 9e-5}, {"a": 1e-5})["slight"] == 0.0
    assert scores({"a": 1.0e22}, {"a": 10**22})["strict"] == 1.0
    assert scores({"a": True}, {"a": 1})["strict"] == 0.0
    assert scores({"a": True}, {"a": True})["strict"] == 1.0
    for odd in ("NaN", "Infinity", "9" * 400):
        values = json.loads(f'{{"a": {odd}}}')
        assert scores(values, values)["strict"] == 1.0
        assert scores(values, {"a": 10})["strict"] == scores({"a": 10}, values)["strict"] == 0.0


def test_numbers_of_the_script_are_their_digits() -> None:
    def published(prediction: float, reference: float) -> float:
        return average_precision({"a": prediction}, {"a": reference}, TOLERANCES["slight"], as_published=True)

    assert published(122, 1e22) == published(9e-5, 1e-5) == 1.0


@pytest.mark.parametrize(
    "odd",
    [
        *(float("nan"), float("inf"), None, True, "NaN", "n/a", "", "?", "-", [-1.5], {"b": {"c": -1.5}}),
        *("-1.5 to 2", "-1.5 (2019)", "-1a5", "10^-1.5", "-1,5", "x-1.5y2"),
    ],
)
def test_what_is_no_number_is_wrong_for_a_number(odd: object) -> None:
    # one of two entries is right: 1 of 3 in the union
    assert set(scores({"a": odd, "b": 2}, {"a": -1.5, "b": 2}).values()) == {0.0}
    assert scores({"a": odd}, {"a": odd})["strict"] == 1.0


@pytest.mark.parametrize(
    ("written", "number"),
    [
        *(("-1.5", -1.5), ("-$1.50", -1.5), ("$-1.5", -1.5), ("\u22121.5 %", -1.5), ("-1.5e0", -1.5)),
        *(("1,234.5", 1234.5), ("1 234", 1234), ("1e3", 1000), ("ca. 7 km", 7), (".5", 0.5)),
    ],
)
def test_texts_with_one_number_are_numbers(written: str, number: float) -> None:
    assert scores({"a": written}, {"a": number})["strict"] == 1.0


def test_an_entry_is_found_once() -> None:
    # three near names for one entry: 1 of 3, where the script finds 3 of 1
    near = {"tea": 10, "teas": 10, "a tea": 10}
    assert scores(near, {"tea": 10}) == {"strict": 0.0, "slight": 0.0, "high": 0.0}
    assert average_precision(near, {"tea": 10}, TOLERANCES["strict"], as_published=True) == 1.0
    # "tea" may also be the iced one, but then "iced tea" would have none left
    assert scores({"tea": 1, "iced tea": 1}, {"iced tea": 1, "tea": 1})["strict"] == 1.0


@pytest.mark.parametrize(
    "answer",
    [
        '{"values": {"w": 5, "w": -1.5, "b": 2}}',
        "{'values': {'w': 5, 'w': -1.5, 'b': 2}}",
        '{"values": {"w": -1.5, "w": -1.5, "b": 2}}',
        '{"values": {"w": -1.5, "W": -1.5, "b": 2}}',
        '{"data": {"w": 5, "w": -1.5, "b": 2',
    ],
)
def test_a_name_given_twice_is_two_entries(answer: str) -> None:
    chart, right = read_chart(answer), read_chart('{"values": {"w": -1.5, "b": 2}}')
    assert chart and right
    # 2 of 3 match, past 0.5, 0.55, 0.6 and 0.65
    assert set(scores(chart.values, right.values).values()) == {0.4}
    assert scores(chart.values, chart.values)["strict"] == 1.0


def test_an_empty_name_is_not_part_of_another() -> None:
    assert scores({"": 10}, {"tea": 10})["high"] == scores({"tea": 10}, {"": 10})["high"] == 0.0
    assert scores({"": {"": 10}}, {"": {"": 10}})["strict"] == scores({"": 10}, {"": 10})["strict"] == 1.0


def test_series_given_twice_are_both_read() -> None:
    chart = read_chart('{"values": {"2024": {"tea": 1}, "2024": {"milk": 2, "milk": 3}}}')
    assert chart
    assert scores(chart.values, {"2024": {"tea": 1, "milk": 3}})["strict"] == 0.4


def test_nothing_read() -> None:
    assert scores({})["high"] == 0.0
    assert scores({}, {})["strict"] == 1.0


def test_thresholds_of_the_script_are_moved_by_floating_point() -> None:
    """13 of 20 is 0.65, where numpy's range has 0.6500000000000001."""
    reference = {f"name {i:03}": i * i + 1 for i in range(20)}
    prediction = dict(list(reference.items())[:13])
    strict = TOLERANCES["strict"]
    assert average_precision(prediction, reference, strict) == 0.4
    assert average_precision(prediction, reference, strict, as_published=True) == pytest.approx(0.3)
