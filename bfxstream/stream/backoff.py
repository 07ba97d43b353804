"""How long to wait before the next attempt: exponential backoff with full jitter."""

from __future__ import annotations

import random

from bfxstream.stream.policy import Policy

_MOST_DOUBLINGS = 30
"""Far beyond the longest wait, and far below what a float can hold."""


class Backoff:
    """A random wait below a bound that doubles with each attempt."""

    def __init__(self, policy: Policy, rng: random.Random | None = None) -> None:
        self.attempts = 0
        """Waits since the last reset."""
        self._first = policy.backoff_first
        self._most = policy.backoff_most
        self._random = rng or random.Random()

    def reset(self) -> None:
        """Start anew, after a connection that stayed healthy."""
        self.attempts = 0

    def next_delay(self, *, at_least: float = 0.0) -> float:
        """Seconds to wait before the next attempt."""
        bound = min(self._most, self._first * 2 ** min(self.attempts, _MOST_DOUBLINGS))
        self.attempts += 1
        return at_least + self._random.uniform(0, bound)
