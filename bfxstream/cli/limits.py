"""When a run is done: after a count, after a time, or when nothing comes any more."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from bfxstream.cli.options import Settings
from bfxstream.errors import NothingReceived
from bfxstream.protocol.events import Event

ONCE_TIMEOUT = 30.0
"""Seconds without a record after which `--once` gives up, unless `--timeout` says otherwise."""


class Limits:
    """Counts what is printed and watches the clock."""

    def __init__(self, settings: Settings) -> None:
        now = time.monotonic()
        self.once = settings.once
        self._left = settings.count
        self._end = now + settings.duration if settings.duration is not None else None
        self._timeout = settings.timeout
        if self._timeout is None and settings.once:
            self._timeout = ONCE_TIMEOUT
        self._last_received = now

    def admit(self, items: list[Any], now: float) -> Sequence[Any]:
        """What may still be printed of a batch; events do not count."""
        if items:
            self._last_received = now
        if self._left is None or not items:
            return items
        admitted = []
        for item in items:
            if self._left == 0:
                break
            admitted.append(item)
            self._left -= not isinstance(item, Event)
        return admitted

    def reached(self, now: float) -> bool:
        """Whether the run is done. Raises NothingReceived when the timeout has passed."""
        if self._left == 0 or (self._end is not None and now >= self._end):
            return True
        if self._timeout is not None and now - self._last_received >= self._timeout:
            raise NothingReceived(
                f"nothing was received within {self._timeout:g} s",
                hint="the market may be quiet: check the symbol, or give a longer --timeout",
            )
        return False
