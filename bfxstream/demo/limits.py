"""How often a client may come: so many times a minute, then not at all for a minute."""

from __future__ import annotations

import math
from collections import deque


class Allowance:
    """One limit; times are seconds on any monotonic clock, and a minute may be made shorter."""

    def __init__(self, a_minute: int | None, minute: float) -> None:
        self._most = a_minute
        self._minute = minute
        self._taken: deque[float] = deque()
        self._blocked_until = -math.inf

    def take(self, now: float) -> bool:
        """Whether one more is allowed; the first that is not blocks all for a minute.

        API: Requirements and limitations.
        """
        if self._most is None:
            return True
        if now < self._blocked_until:
            return False
        while self._taken and self._taken[0] <= now - self._minute:
            self._taken.popleft()
        if len(self._taken) >= self._most:
            self._blocked_until = now + self._minute
            return False
        self._taken.append(now)
        return True
