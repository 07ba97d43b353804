"""The time that a stream lives by; tests and replays put their own in its place."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Two clocks and a way to let them pass."""

    def now(self) -> float:
        """Seconds of a clock that never goes back."""
        ...

    def wall_mts(self) -> int:
        """Milliseconds since 1970, UTC, as the records have them."""
        ...

    def wait(self, seconds: float) -> None:
        """Do nothing for so long; a signal's exception ends it."""
        ...


class SystemClock:
    """This machine's time."""

    now = staticmethod(time.monotonic)
    wait = staticmethod(time.sleep)

    def wall_mts(self) -> int:
        return time.time_ns() // 1_000_000
