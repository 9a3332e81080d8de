"""A few of the faults that `scripts/torture.py` causes by the thousand."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import HANG_SECONDS

SCRIPT = Path(__file__).parent.parent / "scripts" / "torture.py"


@pytest.mark.slow
def test_nothing_is_lost_by_faults_of_every_kind() -> None:
    result = subprocess.run(
        [sys.executable, SCRIPT, "--faults", "10"], capture_output=True, text=True, timeout=HANG_SECONDS
    )
    assert result.returncode == 0, result.stdout
    *rows, last = result.stdout.splitlines()[1:]
    assert [re.split(r"  +", row)[1:] for row in rows] == [["2", "0"]] * 5
    assert last.startswith("10 faults, 0 lost, ")
