"""The day's figures of one symbol, from its trades, in memory that does not grow."""

from __future__ import annotations

from collections import deque

from bfxstream.demo.candles import DAY, MINUTE, Candle
from bfxstream.demo.engine import Trade


class DayFigures:
    """Volume, range and change over the last 1440 minutes that had trades or are passing."""

    def __init__(self) -> None:
        self._minutes: deque[Candle] = deque()
        self._before: int | None = None

    def add(self, trade: Trade) -> None:
        """Count a trade in."""
        start = trade.mts // MINUTE * MINUTE
        if self._minutes and self._minutes[-1].mts == start:
            self._minutes[-1].add(trade)
        else:
            self.begin(Candle.of(start, trade))

    def begin(self, minute: Candle) -> None:
        """Count in a minute later than all before, and forget what is a day older."""
        while self._minutes and self._minutes[0].mts <= minute.mts - DAY:
            self._before = self._minutes.popleft().close
        self._minutes.append(minute)

    @property
    def last(self) -> int | None:
        """The last trade's price; None before the first trade."""
        return self._minutes[-1].close if self._minutes else self._before

    @property
    def day_ago(self) -> int | None:
        """The price 24 hours ago, or the first one since the market began."""
        if self._before is not None:
            return self._before
        return self._minutes[0].open if self._minutes else None

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
