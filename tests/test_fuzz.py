"""A few of the inputs that `scripts/fuzz.py` makes by the thousand."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import HANG_SECONDS

SCRIPT = Path(__file__).parent.parent / "scripts" / "fuzz.py"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="memory is measured by /proc")
def test_odd_inputs_are_read_or_refused() -> None:
    command = [sys.executable, SCRIPT, "--inputs", "500"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=HANG_SECONDS)
    assert result.returncode == 0, result.stdout
    *rows, last = result.stdout.splitlines()[2:]
    cells = [row.strip("| ").split(" | ") for row in rows]
    counts = {name: list(map(int, numbers)) for name, *numbers in cells}
    assert {name: number for name, (number, *_) in counts.items()} == {
        **{"rows": 250, "pictures": 125, "configurations": 75, "checkpoints": 40, "resumed runs": 10}
    }
    for name, (number, read, refused, faults) in counts.items():
        assert (read + refused, faults) == (number, 0), name
        assert (read and refused) or name == "resumed runs", name  # otherwise it tries only one of them
    assert last.startswith("500 inputs, 0 faults, ")
