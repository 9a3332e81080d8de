"""What this program says is a line each, whatever the names in it are."""

import subprocess
import sys

from got_train.ranks import say

WARNS = """
import logging
from got_train import cli

def configs(options):
    logging.getLogger("got_train.x").warning("%s is passed over", "a\\nb\\033[31m")
    return 0

cli._configs = configs
cli.main(["configs"])
"""


def test_a_warning_is_one_line() -> None:
    ended = subprocess.run([sys.executable, "-c", WARNS], capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (0, "a\\nb\\x1b[31m is passed over\n")


def test_what_is_said_has_no_escapes(capsys) -> None:  # type: ignore[no-untyped-def]
    say("first\nsecond \033[31m")
    assert capsys.readouterr().out == "first\nsecond \\x1b[31m\n"
