"""A browser without a window, driven over the pipes of its DevTools protocol."""

import base64
import json
import os
import select
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import HANG_SECONDS
from tests.pages.test_answers import BROWSERS


class Browser:
    """One page in a browser."""

    def __init__(self, profile: Path) -> None:
        """Starts it, or skips the test where there is none."""
        program = next(filter(None, map(shutil.which, BROWSERS)), None)
        if program is None:
            pytest.skip(f"no browser is installed: {', '.join(BROWSERS)}")
        read_here, write_there = os.pipe()
        read_there, self._write = os.pipe()
        self._read, self._rest, self._number = read_here, b"", 0
        self.requests: list[str] = []
        """The addresses that the page has asked for."""
        flags = "--headless --hide-scrollbars --no-sandbox --disable-gpu --disable-dev-shm-usage"
        pipes = f"--remote-debugging-pipe 3<&{read_there} 4>&{write_there}"
        command = f'exec "$0" {flags} --user-data-dir="$1" about:blank {pipes}'
        self._process = subprocess.Popen(
            ["bash", "-c", command, program, str(profile)],
            pass_fds=(read_there, write_there),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(read_there)
        os.close(write_there)
        self._session = ""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network"):
            self.call(f"{domain}.enable")

    def close(self) -> None:
        """Ends the browser."""
        os.close(self._write)
        try:
            self._process.wait(HANG_SECONDS / 20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._read)

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """The result of a command."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            said = self._receive()
            if said.get("method") == "Network.requestWillBeSent":
                self.requests.append(said["params"]["request"]["url"])
            if said.get("id") == self._number:
                assert "error" not in said, said["error"]
                return dict(said["result"])

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._read], [], [], HANG_SECONDS)
            piece = os.read(self._read, 1 << 20) if ready else b""
            assert piece, "the browser has ended or says nothing"
            self._rest += piece
        line, _, self._rest = self._rest.partition(b"\0")
        return dict(json.loads(line))

    def open(self, url: str, width: int = 1280, height: int = 900, dark: bool = False) -> None:
        """Loads a page in a window of a size, and waits until its script has begun."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.call("Page.navigate", url=url)
        self.wait("document.body && document.body.dataset.ready === 'yes'")

    def run(self, expression: str) -> Any:
        """The value of an expression in the page; a promise is waited for."""
        found = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def wait(self, expression: str) -> None:
        """Returns when an expression is true."""
        end = time.monotonic() + HANG_SECONDS
        while time.monotonic() < end:
            if self.run(f"!!({expression})"):
                return
            time.sleep(0.05)
        raise AssertionError(f"never true: {expression}")

    def text(self, selector: str) -> str:
        """The text of an element."""
        return str(self.run(f"document.querySelector({json.dumps(selector)}).textContent"))

    def choose_files(self, selector: str, *files: Path) -> None:
        """Chooses files as a person does."""
        root = self.call("DOM.getDocument")["root"]["nodeId"]
        node = self.call("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.call("DOM.setFileInputFiles", nodeId=node, files=list(map(str, files)))

    def click(self, selector: str) -> None:
        """Clicks on the middle of an element."""
        found = f"document.querySelector({json.dumps(selector)})"
        self.run(f"{found}.scrollIntoView({{block: 'center'}})")
        x, y = self.run(f"(r => [r.x + r.width / 2, r.y + r.height / 2])({found}.getBoundingClientRect())")
        self.drag((x, y), (x, y))

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Presses the mouse at a place of the window, moves and releases it."""
        for kind, (x, y), buttons in (
            ("mousePressed", start, 1),
            ("mouseMoved", end, 1),
            ("mouseReleased", end, 0),
        ):
            self.call(
                "Input.dispatchMouseEvent",
                type=kind,
                x=x,
                y=y,
                button="left",
                buttons=buttons,
                clickCount=1,
            )

    def press(self, key: str, ctrl: bool = False) -> None:
        """Presses a key; one letter is also typed."""
        codes = {"Enter": 13, "Escape": 27}
        typed = {"text": key} if len(key) == 1 and not ctrl else {}
        if key == "Enter":
            typed = {"text": "\r"}
        shared = {
            "key": key,
            "modifiers": 2 if ctrl else 0,
            "windowsVirtualKeyCode": codes.get(key, ord(key.upper()[0])),
        }
        self.call("Input.dispatchKeyEvent", type="keyDown", **shared, **typed)
        self.call("Input.dispatchKeyEvent", type="keyUp", **shared)

    def type(self, text: str) -> None:
        """Types a text where the focus is."""
        self.call("Input.insertText", text=text)

    def screenshot(self, path: Path, whole: bool = True) -> None:
        """Writes a picture of the page."""
        shot = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(shot["data"]))
