"""Errors of libraries that read files."""

from pathlib import Path

import pytest

from got_train.foreign_files import MAX_DEPTH, read_json, reading
from got_train.report import StoppedError, UserError


class PanicException(BaseException):
    """As libraries in Rust have it."""


@pytest.mark.parametrize("ending", [StoppedError("by SIGTERM"), KeyboardInterrupt(), SystemExit(3)])
def test_what_ends_a_command_is_no_error_of_the_file_that_it_reads(ending: BaseException) -> None:
    with pytest.raises(type(ending)) as raised, reading("the tokenizer"):
        raise ending
    assert raised.value is ending


@pytest.mark.parametrize("error", [KeyError("a"), MemoryError(), PanicException("index out of range")])
def test_errors_of_any_kind_name_the_file(error: BaseException) -> None:
    with (
        pytest.raises(UserError, match="^the tokenizer cannot be read: ") as raised,
        reading("the tokenizer"),
    ):
        raise error
    assert raised.value.__cause__ is error


def test_advice_to_run_what_a_file_says_is_not_passed_on() -> None:
    with pytest.raises(UserError, match="^a.pt cannot be read: RuntimeError$"), reading("a.pt"):
        raise RuntimeError("set weights_only=False")


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 900, 100_000])
def test_json_that_is_nested_deeply_is_refused_even_where_python_reads_it(depth: int, tmp_path: Path) -> None:
    def written(levels: int) -> Path:
        file = tmp_path / "state.json"
        lists = levels - 1  # the object is the first level
        file.write_text('{"a": 1, "b": ' + "[" * lists + "]" * lists + "}")
        return file

    assert read_json(written(MAX_DEPTH))["a"] == 1
    with pytest.raises(UserError, match=r"state\.json is nested too deeply: at most 30 levels are read$"):
        read_json(written(depth))
