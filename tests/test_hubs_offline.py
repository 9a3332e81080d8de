"""Without a network an id of the hub ends soon; a slow network is left to the hub's own package."""

import sys
from typing import Any

import huggingface_hub
import pytest
from huggingface_hub import constants

from got_train import hubs

HTTP: Any = sys.modules[type(huggingface_hub.get_session()).__module__.partition(".")[0]]
"""The package by which the hub's package asks: httpx, or httpx2."""


class Hub:
    """Counts what it is asked, and fails as it is told."""

    def __init__(self, error: Exception | None) -> None:
        self.error, self.asked = error, 0

    def head(self, address: str, timeout: float) -> None:
        self.asked += 1
        if self.error is not None:
            raise self.error


@pytest.mark.parametrize(
    ("error", "asked", "offline"),
    [
        (HTTP.ConnectError("Name or service not known"), 2, True),
        (HTTP.ConnectTimeout("slow"), 1, False),
        (HTTP.ReadTimeout("slow"), 1, False),
        (None, 1, False),
    ],
)
def test_only_what_cannot_be_reached_is_not_asked_again(
    error: Exception | None, asked: int, offline: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub: Any = Hub(error)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(huggingface_hub, "get_session", lambda: hub)
    monkeypatch.setattr(hubs.time, "sleep", lambda seconds: None)
    hubs.try_hub.cache_clear()
    hubs.try_hub()
    hubs.try_hub()
    assert (hub.asked, constants.HF_HUB_OFFLINE) == (asked, offline)
    hubs.try_hub.cache_clear()
