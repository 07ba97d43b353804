"""Whether a connection is still alive, by the clock alone."""

from __future__ import annotations

from bfxstream.stream.policy import Policy


class Watch:
    """Notes when something was heard; tells when to ask, and when to give up."""

    def __init__(self, policy: Policy, now: float) -> None:
        self._ping_after = policy.ping_after
        self._dead_after = policy.dead_after
        self._heard_at = now
        self._asked = False

    def heard(self, now: float) -> None:
        """Anything came."""
        self._heard_at = now
        self._asked = False

    def wants_ping(self, now: float) -> bool:
        """True once in each silence that lasts longer than a heartbeat's interval."""
        if self._asked or now - self._heard_at < self._ping_after:
            return False
        self._asked = True
        return True

    def is_dead(self, now: float) -> bool:
        """Whether the silence has lasted too long for any living connection."""
        return now - self._heard_at >= self._dead_after
