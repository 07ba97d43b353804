"""The day's figures of one symbol, from its trades, in memory that does not grow."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from bfxstream.demo.engine import Trade

_MINUTE = 60_000
_DAY_MINUTES = 24 * 60


@dataclass(slots=True)
class Minute:
    """One minute's trades; `turnover` is price times amount, in both units."""

    start: int
    first: int
    high: int
    low: int
    last: int
    volume: int
    turnover: int

    def add(self, trade: Trade) -> None:
        """Count a trade in."""
        self.high = max(self.high, trade.price)
        self.low = min(self.low, trade.price)
        self.last = trade.price
        self.volume += trade.amount
        self.turnover += trade.price * trade.amount


class DayFigures:
    """Volume, range and change over the last 1440 minutes that had trades or are passing."""

    def __init__(self) -> None:
        self._minutes: deque[Minute] = deque()
        self._before: int | None = None

    def add(self, trade: Trade) -> None:
        """Count a trade in, and forget what is a day older."""
        start = trade.mts // _MINUTE * _MINUTE
        self._forget(start - _DAY_MINUTES * _MINUTE)
        if self._minutes and self._minutes[-1].start == start:
            self._minutes[-1].add(trade)
            return
        price = trade.price
        self._minutes.append(
            Minute(start, price, price, price, price, trade.amount, price * trade.amount)
        )

    def _forget(self, until: int) -> None:
        while self._minutes and self._minutes[0].start <= until:
            self._before = self._minutes.popleft().last

    @property
    def last(self) -> int | None:
        """The last trade's price; None before the first trade."""
        return self._minutes[-1].last if self._minutes else self._before

    @property
    def day_ago(self) -> int | None:
        """The price 24 hours ago, or the first one since the market began."""
        if self._before is not None:
            return self._before
        return self._minutes[0].first if self._minutes else None

    @property
    def volume(self) -> int:
        """The amount traded."""
        return sum(minute.volume for minute in self._minutes)

    @property
    def turnover(self) -> int:
        """The sum of price times amount."""
        return sum(minute.turnover for minute in self._minutes)

    @property
    def high(self) -> int | None:
        """The highest price."""
        return max((minute.high for minute in self._minutes), default=self.last)

    @property
    def low(self) -> int | None:
        """The lowest price."""
        return min((minute.low for minute in self._minutes), default=self.last)
