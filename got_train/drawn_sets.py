"""Sets of images that `got-data` draws.

It is run as a user would run it, in a process of its own: `data_engines` is built on this package, not the
other way round.
"""

import json
import subprocess
import sys
from pathlib import Path

from got_train.report import UserError


def draw_set(kind: str, output: Path, **flags: object) -> int:
    """Draws a set into a folder and returns its number of rows.

    Args:
        kind: as `got-data --help` lists them.
        output: folder to write, with `data.jsonl` and `manifest.json` in the end.
        flags: of the kind, as `text_height="14-16"`.

    Raises:
        UserError: with what `got-data` says it cannot do.
    """
    words = [word for name, value in flags.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    command = [sys.executable, "-m", "data_engines.cli", kind, "--output", str(output), *words]
    result = subprocess.run(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False
    )
    if result.returncode != 0:
        said = result.stderr.strip().splitlines() or [f"exit code {result.returncode}"]
        raise UserError(f"got-data {kind} failed: {said[-1]}")
    manifest = json.loads((output / "manifest.json").read_text(encoding="utf-8"))
    return int(manifest["rows"])
