"""Errors of libraries that read files."""

import pytest

from got_train.foreign_files import reading
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
