"""One symbol's trades as the exchange writes them: the latest, and the history behind them."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right

from bfxstream.demo.engine import Trade
from bfxstream.demo.instruments import Instrument
from bfxstream.demo.prices import amount_text, number_text

KEPT = 200_000
"""Trades of one symbol that can be asked for later: some 20 MB where a market is that busy."""


def trade_row(instrument: Instrument, trade: Trade) -> bytes:
    """`[ID, MTS, AMOUNT, PRICE]`, for funding `[ID, MTS, AMOUNT, RATE, PERIOD]`.

    The amount is positive where the taker bought, or offered funding.
    """
    price = number_text(trade.price, instrument.price_decimals)
    if instrument.funding:
        amount = amount_text(-trade.amount * trade.taker_side)
        return b"[%d,%d,%b,%b,%d]" % (trade.trade_id, trade.mts, amount, price, trade.period)
    amount = amount_text(trade.amount * trade.taker_side)
    return b"[%d,%d,%b,%b]" % (trade.trade_id, trade.mts, amount, price)


class Tape:
    """The last `KEPT` trades and up to a quarter more, oldest first."""

    def __init__(self, instrument: Instrument) -> None:
        self._instrument = instrument
        self._rows: list[bytes] = []
        self._times = array("q")

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, trade: Trade) -> None:
        """Note a trade, the newest so far."""
        self._rows.append(trade_row(self._instrument, trade))
        self._times.append(trade.mts)
        if len(self._rows) > KEPT + KEPT // 4:
            del self._rows[:-KEPT]
            del self._times[:-KEPT]

    def latest(self, count: int) -> list[bytes]:
        """The rows of the last trades, oldest first."""
        return self._rows[-count:] if count else []

    def between(self, start: int, end: int) -> list[bytes]:
        """The rows of the trades from `start` to `end`, both included, in ms; oldest first."""
        times = self._times
        return self._rows[bisect_left(times, start) : bisect_right(times, end)]
