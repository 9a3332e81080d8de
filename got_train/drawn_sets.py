"""Sets of images that `got-data` draws.

`got-data` is run as a user would run it, in a process of its own: `data_engines` imports this package, so
this package must not import `data_engines`.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

from got_train.report import UserError

REFUSED = 2
"""Exit code of `got-data` for what a user can put right."""

PARENT = "GOT_DATA_PARENT"
"""Environment variable with the process without which `got-data` ends: another one would draw beside it."""

MAX_SECONDS = 6 * 3600
"""Longest time for a set; `got-data` itself notices workers that hang."""


def draw_set(kind: str, output: Path, **flags: object) -> int:
    """Draws a set into a folder and returns its number of rows; a terminal shows the progress.

    Args:
        kind: one of the kinds that `got-data --help` lists.
        output: folder to write; it will hold `data.jsonl` and `manifest.json`.
        flags: options of the kind, such as `text_height="14-16"`.

    Raises:
        UserError: if `got-data` refuses, with the line that it printed.
        RuntimeError: if it fails for another reason, with all that it printed.
    """
    words = [word for name, value in flags.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    command = [sys.executable, "-m", "data_engines.cli", kind, "--output", str(output), *words]
    # `got-data` draws its progress bar only on a terminal, which then shows its errors, too.
    shown = sys.stderr.isatty()
    stderr = None if shown else subprocess.PIPE
    environment = {**os.environ, PARENT: str(os.getpid())}
    try:
        result = subprocess.run(
            command,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            text=True,
            check=False,
            env=environment,
            timeout=MAX_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise UserError(f"got-data {kind} was ended: it took more than {MAX_SECONDS // 3600} hours") from None
    said = "see its message above" if shown else result.stderr.strip()
    if result.returncode == REFUSED:
        raise UserError(f"got-data {kind} failed: {said.splitlines()[-1]}")
    if result.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} ended with code {result.returncode}:\n{said}")
    manifest = json.loads((output / "manifest.json").read_text(encoding="utf-8"))
    return int(manifest["rows"])
