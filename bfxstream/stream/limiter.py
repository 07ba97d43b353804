"""The exchange's limits of connects and requests, kept over the whole process."""

from __future__ import annotations

from collections import defaultdict, deque
from threading import Lock
from urllib.parse import urlsplit

from bfxstream.stream.policy import RateLimit


class _Endpoint:
    """The attempts at one endpoint that still count."""

    def __init__(self) -> None:
        self.under_way = 0
        self.ended: deque[float] = deque()
        self.closed_until = float("-inf")


class RateLimiter:
    """Counts attempts in a sliding window, by endpoint; successes and failures alike.

    An endpoint has the name that the exchange counts by: `endpoint_of` a stream, a path of REST.
    An attempt counts from its beginning until the window has passed since its end: the exchange
    sees it somewhere between. Safe to use from several threads; times are seconds of one steady
    clock.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._endpoints: defaultdict[str, _Endpoint] = defaultdict(_Endpoint)

    def enter(self, name: str, limit: RateLimit, now: float) -> float:
        """Begin an attempt, to be ended with `leave`: 0, or the seconds until it may be asked."""
        with self._lock:
            endpoint = self._endpoints[name]
            wait = _wait(endpoint, limit, now)
            if wait == 0:
                endpoint.under_way += 1
            return wait

    def leave(self, name: str, now: float) -> None:
        """An attempt that was begun has ended, in whatever way."""
        with self._lock:
            endpoint = self._endpoints[name]
            endpoint.under_way -= 1
            endpoint.ended.append(now)

    def keep_away(self, name: str, until: float) -> None:
        """The exchange wants nobody until then."""
        with self._lock:
            endpoint = self._endpoints[name]
            endpoint.closed_until = max(endpoint.closed_until, until)

    def wait(self, name: str, limit: RateLimit, now: float) -> float:
        """Seconds until an attempt may begin, as far as can be known."""
        with self._lock:
            return _wait(self._endpoints[name], limit, now)

    def forecast(self, name: str, limit: RateLimit, count: int, now: float) -> float:
        """Seconds until the last of so many further attempts may begin, if all go quickly."""
        with self._lock:
            endpoint = self._endpoints[name]
            _forget(endpoint, limit, now)
            open_at = max(now, endpoint.closed_until)
            starts = deque([*endpoint.ended, *[now] * endpoint.under_way], limit.attempts)
            for _ in range(count):
                full = len(starts) == limit.attempts
                starts.append(max(open_at, starts[0] + limit.window) if full else open_at)
            return starts[-1] - now


def _wait(endpoint: _Endpoint, limit: RateLimit, now: float) -> float:
    if now < endpoint.closed_until:
        return endpoint.closed_until - now
    _forget(endpoint, limit, now)
    if endpoint.under_way + len(endpoint.ended) < limit.attempts:
        return 0.0
    # Where all places are taken by attempts under way, none can be free for a window's length.
    first = endpoint.ended[0] if endpoint.ended else now
    return first + limit.window - now


def _forget(endpoint: _Endpoint, limit: RateLimit, now: float) -> None:
    while endpoint.ended and now - endpoint.ended[0] >= limit.window:
        endpoint.ended.popleft()


def endpoint_of(url: str) -> str:
    """What the exchange counts by: the host and the port."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or (443 if parts.scheme == 'wss' else 80)}"


LIMITER = RateLimiter()
"""The process has one address, and so one count."""
