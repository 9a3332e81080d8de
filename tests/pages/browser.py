"""A real browser that looks at pages; tests that want one skip themselves where there is none."""

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import HANG_SECONDS

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")

DARK = "--blink-settings=preferredColorScheme=0"

LOOKING = (Path(__file__).parent / "looking.js").read_text()
"""Finds what is wrong with pages in frames: their width, what lies outside of it, texts over one another,
texts that are hard to see, and pictures without words. What a click would unfold is unfolded."""


def in_browser(page: Path, *options: str) -> str:
    """The title of a page after a real browser has loaded it and run what it would run."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        pytest.skip(f"no browser is installed: {', '.join(BROWSERS)}")
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=2000", *options]
    folder = f"--user-data-dir={page.parent / 'profile'}"
    done = subprocess.run(
        [*command, folder, "--dump-dom", page.as_uri()], capture_output=True, timeout=HANG_SECONDS
    )
    match = re.search(r"<title>(.*?)</title>", done.stdout.decode(), re.DOTALL)
    if match is None:
        pytest.skip(f"{browser} dumps no page: {done.stderr.decode()[-300:]}")
    return html.unescape(match[1])


def looked_at(folder: Path, page: str, width: int, *options: str) -> dict[str, Any]:
    """What a browser finds wrong with a page that is `width` pixels wide: see `LOOKING`."""
    frame = (
        f'<iframe style="width: {width}px; height: 844px; border: 0" srcdoc="{html.escape(page)}"></iframe>'
    )
    # No script may stand in the page itself: it looks in from around its frame.
    around = f"<!doctype html><html><head><title></title></head><body>{frame}<script>{LOOKING}</script>"
    file = folder / "looking.html"
    file.write_text(around, encoding="utf-8")
    found: dict[str, Any] = json.loads(in_browser(file, *options))[0]
    return found
