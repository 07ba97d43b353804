"""Candles of every time frame, made from one symbol's trades."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from bfxstream.demo.engine import Trade
from bfxstream.demo.instruments import Instrument
from bfxstream.demo.prices import amount_text, number_text

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
"""Milliseconds, as all times here."""

KEPT = 5_000
"""Candles of one time frame that are remembered."""

_WIDTHS = {
    "1m": MINUTE,
    "5m": 5 * MINUTE,
    "15m": 15 * MINUTE,
    "30m": 30 * MINUTE,
    "1h": HOUR,
    "3h": 3 * HOUR,
    "6h": 6 * HOUR,
    "12h": 12 * HOUR,
    "1D": DAY,
    "7D": 7 * DAY,
    "14D": 14 * DAY,
}
_MONTH = "1M"
_FIRST_MONDAY = 4 * DAY  # 1970 began on a Thursday

TIMEFRAMES = (*_WIDTHS, _MONTH)
"""API: ws-public-candles."""

ALIASES = {"1W": "7D"}
"""The week has two names."""


def interval(timeframe: str, mts: int) -> tuple[int, int]:
    """Start and end of the interval that holds `mts`: in UTC, weeks from Monday."""
    if timeframe == _MONTH:
        first = datetime.fromtimestamp(mts // 1000, timezone.utc).replace(
            day=1, hour=0, minute=0, second=0
        )
        following = (first + timedelta(days=31)).replace(day=1)
        return int(first.timestamp()) * 1000, int(following.timestamp()) * 1000
    width = _WIDTHS[timeframe]
    origin = _FIRST_MONDAY if width > DAY else 0
    start = mts - (mts - origin) % width
    return start, start + width


@dataclass(slots=True)
class Candle:
    """What was traded in one interval; prices and amounts are whole units of the symbol."""

    mts: int
    """The interval's start."""
    open: int
    close: int
    high: int
    low: int
    volume: int
    turnover: int
    """The sum of price times amount, in both units."""
    first_id: int = 0
    last_id: int = 0
    """The trades that opened and closed it; 0 in candles older than the first known trade."""

    @classmethod
    def of(cls, mts: int, trade: Trade) -> Candle:
        """The candle of an interval's first trade."""
        price, amount, number = trade.price, trade.amount, trade.trade_id
        return cls(mts, price, price, price, price, amount, price * amount, number, number)

    def at(self, mts: int) -> Candle:
        """The same in an interval that begins at `mts`, to be added to."""
        prices = (self.open, self.close, self.high, self.low)
        return Candle(mts, *prices, self.volume, self.turnover, self.first_id, self.last_id)

    def add(self, trade: Trade) -> None:
        """Count a trade in, the newest so far."""
        price = trade.price
        self.close = price
        if price > self.high:
            self.high = price
        elif price < self.low:
            self.low = price
        self.volume += trade.amount
        self.turnover += price * trade.amount
        self.last_id = trade.trade_id

    def absorb(self, other: Candle) -> None:
        """Count another candle in: a part of the same interval, or another period's."""
        if other.first_id < self.first_id:
            self.open, self.first_id = other.open, other.first_id
        if other.last_id >= self.last_id:
            self.close, self.last_id = other.close, other.last_id
        self.high = max(self.high, other.high)
        self.low = min(self.low, other.low)
        self.volume += other.volume
        self.turnover += other.turnover


class Series:
    """One time frame's candles of one period, oldest first; no candle where nothing traded."""

    def __init__(self, timeframe: str) -> None:
        self.timeframe = timeframe
        self.candles: deque[Candle] = deque(maxlen=KEPT)
        self.end = 0
        """Where the newest candle's interval ends."""

    def add(self, trade: Trade) -> None:
        """Count the newest trade in."""
        if trade.mts < self.end:
            self.candles[-1].add(trade)
        else:
            start, self.end = interval(self.timeframe, trade.mts)
            self.candles.append(Candle.of(start, trade))

    def absorb(self, part: Candle) -> None:
        """Count in a candle of a shorter time frame, the newest so far."""
        if part.mts < self.end:
            self.candles[-1].absorb(part)
        else:
            start, self.end = interval(self.timeframe, part.mts)
            self.candles.append(part.at(start))


class Candles:
    """All candles of one symbol, by period (0 on trading pairs) and time frame."""

    def __init__(self, instrument: Instrument) -> None:
        self._instrument = instrument
        self.series = {
            period: {timeframe: Series(timeframe) for timeframe in TIMEFRAMES}
            for period in instrument.periods
        }

    def add(self, trade: Trade) -> None:
        """Count a trade in."""
        for series in self.series[trade.period].values():
            series.add(trade)

    def absorb(self, period: int, width: int, part: Candle) -> None:
        """Count a past candle of this width in, into every time frame that it is a part of."""
        for timeframe, series in self.series[period].items():
            if _WIDTHS.get(timeframe, width) >= width:
                series.absorb(part)

    def since(self, mts: int, timeframe: str, periods: Sequence[int]) -> list[Candle]:
        """The periods' candles taken together, newest first, that start at `mts` or later."""
        found: dict[int, Candle] = {}
        for period in periods:
            for candle in reversed(self.series[period][timeframe].candles):
                if candle.mts < mts:
                    break
                if candle.mts in found:
                    found[candle.mts].absorb(candle)
                else:
                    found[candle.mts] = candle if len(periods) == 1 else candle.at(candle.mts)
        return sorted(found.values(), key=lambda candle: -candle.mts)

    def row(self, candle: Candle) -> bytes:
        """`[MTS, OPEN, CLOSE, HIGH, LOW, VOLUME]` (API: ws-public-candles)."""
        decimals = self._instrument.price_decimals
        prices = (candle.open, candle.close, candle.high, candle.low)
        texts = [number_text(price, decimals) for price in prices]
        return b"[%d,%b,%b]" % (candle.mts, b",".join(texts), amount_text(candle.volume))
