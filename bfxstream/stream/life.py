"""One connection's life as a state machine: what may follow what, and when to try again."""

from __future__ import annotations

import random

from bfxstream.errors import ConnectionFailed
from bfxstream.protocol.status import State
from bfxstream.stream.backoff import Backoff
from bfxstream.stream.policy import Policy

_NEXT: dict[State, tuple[State, ...]] = {
    State.CONNECTING: (State.CONFIRMING, State.RECONNECTING, State.CLOSED),
    State.CONFIRMING: (State.LIVE, State.MAINTENANCE, State.RECONNECTING, State.CLOSED),
    State.LIVE: (State.MAINTENANCE, State.RECONNECTING, State.CLOSED),
    State.MAINTENANCE: (State.CONFIRMING, State.RECONNECTING, State.CLOSED),
    State.RECONNECTING: (State.CONNECTING, State.CLOSED),
    State.CLOSED: (),
}


class Life:
    """Told what happens to a connection, with the time in seconds of one steady clock.

    ```
    CONNECTING ──► CONFIRMING ──► LIVE
        ▲              │  ▲         │
        │              ▼  │         │
        │          MAINTENANCE ◄────┤      from anywhere: CLOSED
        │              │            │
        └─ RECONNECTING ◄───────────┘
    ```
    """

    def __init__(
        self,
        policy: Policy,
        *,
        retry_for: float | None = None,
        reconnect: bool = True,
        rng: random.Random | None = None,
    ) -> None:
        """`retry_for`: seconds to keep trying without a connection; None for the policy's."""
        self.state = State.CONNECTING
        self.retry_at: float | None = None
        """When to try again, while it is RECONNECTING."""
        self._policy = policy
        self._retry_for = retry_for
        self._reconnect = reconnect
        self._backoff = Backoff(policy, rng)
        self._without_since: float | None = None
        self._live_since: float | None = None

    @property
    def attempts(self) -> int:
        """Failures since the last healthy connection."""
        return self._backoff.attempts

    def time_left(self, now: float, *, first: bool) -> float:
        """Seconds until trying is given up; infinity where it never is.

        `first` says that there has been no connection at all yet.
        """
        retry_for = self._retry_for
        if retry_for is None:
            retry_for = self._policy.retry_for_first if first else float("inf")
        since = now if self._without_since is None else self._without_since
        return since + retry_for - now

    def begun(self, now: float) -> None:
        """An attempt to connect begins."""
        if self._without_since is None:
            self._without_since = now

    def opened(self) -> None:
        """The connection stands."""
        self._enter(State.CONFIRMING)
        self._without_since = None

    def confirmed(self, now: float) -> None:
        """The exchange has confirmed a channel."""
        if self.state is State.CONFIRMING:
            self._enter(State.LIVE)
            if self._live_since is None:
                self._live_since = now

    def paused(self) -> None:
        """The exchange is in maintenance."""
        if self.state in (State.CONFIRMING, State.LIVE):
            self._enter(State.MAINTENANCE)

    def resumed(self) -> None:
        """The maintenance is over: everything is to be confirmed anew."""
        if self.state is State.MAINTENANCE:
            self._enter(State.CONFIRMING)

    def failed(
        self, failure: ConnectionFailed, now: float, *, first: bool, at_least: float = 0.0
    ) -> float:
        """It could not be made, or is lost: the seconds until the next attempt.

        Waits `at_least` so long. Raises the failure where it is final.
        """
        if self._live_since is not None and now - self._live_since >= self._policy.healthy_after:
            self._backoff.reset()
        self._live_since = None
        self.begun(now)
        self._enter(State.RECONNECTING)
        left = self.time_left(now, first=first)
        if failure.permanent or not self._reconnect or left <= at_least:
            raise failure
        delay = min(self._backoff.next_delay(at_least=at_least), left)
        self.retry_at = now + delay
        return delay

    def due(self, now: float) -> bool:
        """Whether the time of the next attempt has come; if so, it is CONNECTING."""
        if self.retry_at is not None and now >= self.retry_at:
            self._enter(State.CONNECTING)
        return self.state is State.CONNECTING

    def close(self) -> None:
        """It is over, for good."""
        if self.state is not State.CLOSED:
            self._enter(State.CLOSED)

    def _enter(self, state: State) -> None:
        if state not in _NEXT[self.state]:
            raise RuntimeError(f"a connection cannot go from {self.state.name} to {state.name}")
        self.state = state
        self.retry_at = None
