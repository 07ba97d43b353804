"""What has been traded: since the watch began, and in the last minutes."""

from __future__ import annotations

import copy
from collections import deque
from typing import Final

from bfxstream.output.table.axes import MINUTE
from bfxstream.output.table.figures import AMOUNT_DIGITS, Scale
from bfxstream.protocol.records import FundingTrade, Trade

PRESSURE_MINUTES: Final = 5
MOST_TRADES: Final = 50_000
"""Of a very fast market the newest tell the pressure."""


class Pressure:
    """How much was bought and sold in the last minutes."""

    def __init__(self) -> None:
        self._trades: deque[tuple[int, float]] = deque()
        self._bought = 0.0
        self._sold = 0.0

    def take(self, mts: int, amount: float) -> None:
        """Take a trade; a negative amount was sold."""
        self._trades.append((mts, amount))
        if amount > 0:
            self._bought += amount
        else:
            self._sold -= amount
        if len(self._trades) > MOST_TRADES:
            self._forget_first()

    def until(self, mts: int) -> tuple[float, float]:
        """Bought and sold in the minutes before then."""
        begin = mts - PRESSURE_MINUTES * MINUTE
        while self._trades and self._trades[0][0] < begin:
            self._forget_first()
        if not self._trades:
            self._bought = self._sold = 0.0  # no rest of float arithmetic
        return max(0.0, self._bought), max(0.0, self._sold)

    def frozen(self) -> Pressure:
        """As it is now, whatever comes later."""
        frozen = copy.copy(self)
        frozen._trades = self._trades.copy()
        return frozen

    def _forget_first(self) -> None:
        _, amount = self._trades.popleft()
        if amount > 0:
            self._bought -= amount
        else:
            self._sold += amount


class Watched:
    """The trades of one symbol since the watch began: what its summary says."""

    def __init__(self, symbol: str, prices: Scale) -> None:
        """`prices` are how they are told: in funding as percentages."""
        self.symbol = symbol
        self.prices = prices
        self.amounts = Scale(AMOUNT_DIGITS)
        self.trades = 0
        self.bought = 0.0
        self.sold = 0.0
        self.first: float | None = None
        self.last: float | None = None
        self.low: float | None = None
        self.high: float | None = None

    def take(self, trade: Trade | FundingTrade) -> None:
        """Count a trade, unless it was made before."""
        if trade.type == "snapshot":
            return
        price = self.prices.see(trade.price if isinstance(trade, Trade) else trade.rate)
        amount = self.amounts.see(trade.amount)
        if price is None or amount is None:
            return
        self.trades += 1
        if amount > 0:
            self.bought += amount
        else:
            self.sold -= amount
        self.first = price if self.first is None else self.first
        self.last = price
        self.low = price if self.low is None else min(self.low, price)
        self.high = price if self.high is None else max(self.high, price)
