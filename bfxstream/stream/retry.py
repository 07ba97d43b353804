"""Whether and when to connect again after a failure."""

from __future__ import annotations

from bfxstream.errors import ConnectionFailed, RateLimited
from bfxstream.stream import policy


class Retry:
    """Counts attempts and knows the deadline; times are seconds of one steady clock."""

    def __init__(self, now: float, *, retry_for: float | None, reconnect: bool) -> None:
        self._retry_for = retry_for
        self._reconnect = reconnect
        self._backoff = policy.Backoff()
        self._without_since = now
        self._was_connected = False

    @property
    def attempts(self) -> int:
        """Failures since the last healthy connection."""
        return self._backoff.attempts

    def time_left(self, now: float) -> float:
        """Seconds until trying is given up; infinity where it never is."""
        if self._retry_for is not None:
            return self._without_since + self._retry_for - now
        if self._was_connected:
            return float("inf")
        return self._without_since + policy.RETRY_FOR_FIRST - now

    def connected(self) -> None:
        """A connection stands."""
        self._was_connected = True

    def lost(self, opened_at: float, now: float) -> None:
        """A connection has ended; one that was healthy makes the backoff start anew."""
        self._without_since = now
        if now - opened_at >= policy.HEALTHY_AFTER:
            self._backoff.reset()

    def delay(self, failure: ConnectionFailed, now: float) -> float:
        """Seconds until the next attempt; raises the failure where it is final."""
        left = self.time_left(now)
        at_least = policy.RATE_LIMIT_WAIT if isinstance(failure, RateLimited) else 0.0
        if failure.permanent or not self._reconnect or left <= at_least:
            raise failure
        return min(self._backoff.next_delay(at_least=at_least), left)
