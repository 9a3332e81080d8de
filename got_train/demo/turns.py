"""Turns: one at a time, in the order of asking, and no more that wait than a limit."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from got_train.report import UserError


class BusyError(UserError):
    """Too many wait already."""


class Turns:
    """A line in which visitors wait for something that one of them has at a time."""

    def __init__(self, most: int) -> None:
        """Nobody waits at first; `most` may be there at once, with the one whose turn it is."""
        self.most, self.there = most, 0
        self._lock = asyncio.Lock()

    def check(self) -> None:
        """Refuses one more if too many are there.

        Raises:
            BusyError: if so.
        """
        if self.there >= self.most:
            raise BusyError(f"{self.there} wait already: try again in a while")

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Waits for a turn.

        Raises:
            BusyError: if too many are there.
        """
        self.check()
        self.there += 1
        try:
            async with self._lock:
                yield
        finally:
            self.there -= 1

    @asynccontextmanager
    async def background_turn(self) -> AsyncIterator[None]:
        """Waits for a turn for work that nobody waits for: it is not counted."""
        async with self._lock:
            yield
