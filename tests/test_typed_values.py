from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from transformers.trainer_utils import SchedulerType

from got_train.typed_values import Range, expand_home, read_value

POSITIVE: Range = (lambda number: number > 0, "above 0")


@pytest.mark.parametrize(
    ("hint", "given", "read"),
    [
        (int, "5", 5),
        (float, "1e-4", 1e-4),
        (float, 1, 1),
        (bool, "no", False),
        (bool, 1, True),
        (str, 7, "7"),
        (int | float | bool | str, "7", "7"),
        (int | float | bool | str, True, True),
        (str | bool, True, True),
        (Literal[4] | None, 4, 4),
        (SchedulerType | str, "cosine", "cosine"),
        (list[int], ["1", 2], [1, 2]),
        (list[str] | None, "a", ["a"]),
        (list[str], "a, b#80%,", ["a", "b#80%"]),
        (list[str], ["a,b"], ["a,b"]),
        (list[int], 5, [5]),
        (list[float] | None, "0.5,2", [0.5, 2]),
        (list[Literal["x", "y"]], "x,y", ["x", "y"]),
        (Literal["x", "y"] | list[Literal["x", "y"]], "x,y", ["x", "y"]),
        (str | list[str], "a", "a"),
        (str | list[str], "a,b", "a,b"),
        (dict | str | None, {1: [None, {"a": 2}]}, {"1": [None, {"a": 2}]}),
        (Annotated[float | None, POSITIVE], None, None),
        (Any, None, None),
    ],
)
def test_values_are_read_as_their_types_want_them(hint: Any, given: Any, read: Any) -> None:
    errors: list[str] = []
    value = read_value("key", given, hint, errors)
    assert (value, type(value), errors) == (read, type(read), [])


@pytest.mark.parametrize(
    ("hint", "given", "lines"),
    [
        (int, True, ["key=True has the wrong type: expected int"]),
        (int, 2.0, ["key=2.0 has the wrong type: expected int"]),
        (float | None, "fast", ["key='fast' has the wrong type: expected float"]),
        (int, "x" * 999, [f"key='{'x' * 36} ... {'x' * 36}' has the wrong type: expected int"]),
        (str, False, ["key=False has the wrong type: expected str"]),
        (Literal[4] | None, 8, ["key 8: allowed: 4"]),
        (list[str], None, ["key must not be null: expected list"]),
        (dict | str, [1], ["key must be a section of keys or a single value, not a list: [1]"]),
        (
            list[int],
            [1, "b", None],
            ["key[1]='b' has the wrong type: expected int", "key[2] must not be null: expected int"],
        ),
        (list[int], "1,b", ["key[1]='b' has the wrong type: expected int"]),
        (Literal["x"] | list[Literal["x"]], "xx", ["key xx: did you mean x?"]),
        (Annotated[int, POSITIVE], 0, ["key 0 must be above 0"]),
        (
            list[Annotated[int, POSITIVE]],
            [0, "x"],
            ["key[0] 0 must be above 0", "key[1]='x' has the wrong type: expected int"],
        ),
        (dict[str, Any], {"a": ["???"]}, ["key.a[0] must be set, in the file or as key=value"]),
    ],
)
def test_every_mistake_is_a_line(hint: Any, given: Any, lines: list[str]) -> None:
    errors: list[str] = []
    assert read_value("key", given, hint, errors) is None
    assert errors == lines


def test_the_home_is_expanded_in_paths_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    for text, path in {
        "~/a.jsonl": "/home/me/a.jsonl",
        "data.val=~/a.jsonl": "data.val=/home/me/a.jsonl",
        "--output=~/a": "--output=/home/me/a",
        "a ~/b": "a ~/b",
        "~": "~",
        "x~/y": "x~/y",
    }.items():
        assert expand_home(text) == path
    assert read_value("data.train", ["~/a", "b"], list[str], []) == ["/home/me/a", "b"]


def test_a_comma_in_the_name_of_a_file_separates_nothing(tmp_path: Path) -> None:
    file = tmp_path / "a,b.jsonl"
    file.touch()
    for given in (str(file), f"{file}#80%"):
        assert read_value("data.train", given, list[str], []) == [given]
    file = file.rename(tmp_path / "a.jsonl")
    assert read_value("data.train", f"{file}#80%,b", list[str], []) == [f"{file}#80%", "b"]
