"""`got-train completion SHELL`: a script by which a shell completes commands, options, choices and files."""

import argparse
from collections.abc import Mapping
from typing import Literal

from got_train.packages import install_line
from got_train.report import UserError

Shell = Literal["bash", "zsh"]


def completion_script(parser: argparse.ArgumentParser, shell: Shell) -> str:
    """The script for a shell, which calls no Python when it completes.

    Raises:
        UserError: if shtab, which writes it, is not installed.
    """
    try:
        import shtab
    except ModuleNotFoundError:
        raise UserError(f"completion scripts are written by shtab: {install_line('completion')}") from None
    _take_files(parser, shtab.FILE)
    return str(shtab.complete(parser, shell))


def _take_files(parser: argparse.ArgumentParser, file: Mapping[str, object]) -> None:
    """Has everything that takes a word of its own be completed as a file."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                _take_files(command, file)
        elif action.choices is None and action.nargs != 0:
            action.complete = file  # type: ignore[attr-defined]  # shtab's own
