"""A few of the faults that `scripts/torture.py` causes by the thousand."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import HANG_SECONDS

SCRIPT = Path(__file__).parent.parent / "scripts" / "torture.py"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="processes are copied, and looked at in /proc")
def test_nothing_is_lost_by_faults_of_every_sort() -> None:
    command = [sys.executable, SCRIPT, "--faults", "22"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=HANG_SECONDS)
    assert result.returncode == 0, result.stdout
    *rows, last = result.stdout.splitlines()[2:]
    assert [row.strip("| ").split(" | ")[1:] for row in rows] == [["2", "0"]] * 11
    assert last.startswith("22 faults, 0 lost, ")
