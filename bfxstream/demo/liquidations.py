"""Liquidations: positions of a derivative's traders, forced out into its market."""

from __future__ import annotations

from collections import deque
from itertools import count
from random import Random
from typing import NamedTuple

from bfxstream.demo.candles import HOUR
from bfxstream.demo.engine import Engine, Execution, Side
from bfxstream.demo.instruments import Instrument
from bfxstream.demo.prices import PRICE_DIGITS, amount_text, number_text, round_price

KEPT = 1_000
"""Liquidations that can be asked for later."""

_CHANCE = 1 / 300
"""Of one step of a contract's market to begin with a liquidation."""

_FIRST_POSITION = 140_000_000


class Liquidation(NamedTuple):
    """One row of the `liq:global` channel, with its time."""

    mts: int
    row: bytes


class Position(NamedTuple):
    """What is forced out: a long position is sold, a short one bought back."""

    position_id: int
    side: Side
    """BID is a long position."""
    base_price: int
    """Where it was opened."""


class LiquidationLog:
    """The latest rows of all contracts, newest last."""

    def __init__(self) -> None:
        self._rows: deque[Liquidation] = deque(maxlen=KEPT)
        self.count = 0
        """Of all rows ever: a feed compares it to find what is new."""
        self.positions = count(_FIRST_POSITION)

    def add(self, liquidation: Liquidation) -> None:
        """Note a row."""
        self._rows.append(liquidation)
        self.count += 1

    def latest(self, number: int) -> list[Liquidation]:
        """The last rows, oldest first."""
        rows = list(self._rows)
        return rows[-number:] if number else []


class Liquidator:
    """Forces positions of one contract out by market orders, from time to time."""

    def __init__(
        self, instrument: Instrument, engine: Engine, log: LiquidationLog, rng: Random
    ) -> None:
        self._instrument = instrument
        self._engine = engine
        self._log = log
        self._rng = rng
        self._position: Position | None = None
        self._portions: list[int] = []

    def open(self, mts: int) -> None:
        """One that happened hours before the market's start: first frames are often old."""
        then = mts - self._rng.randrange(HOUR, 12 * HOUR)
        self._trigger(then)
        if self._position is not None:
            price = self._position.base_price
            for portion in self._portions:
                self._note(then, self._position, portion, price)
            self._portions.clear()

    def act(self, mts: int) -> Execution | None:
        """The next portion of a position under liquidation; None where nothing is to be done."""
        if self._portions and self._position:
            return self._force(self._position, self._portions.pop(), mts)
        if self._rng.random() < _CHANCE:
            self._trigger(mts)
        return None

    def _trigger(self, mts: int) -> None:
        rng = self._rng
        price = self._engine.bids.best
        if price is None:
            return
        side = rng.choice((Side.BID, Side.ASK))
        base = round_price(int(price * (1 + side * rng.uniform(0.01, 0.1))), PRICE_DIGITS, False)
        self._position = Position(next(self._log.positions), side, base)
        amount = max(8, int(self._instrument.amount_units * rng.lognormvariate(0.5, 0.8)))
        part = amount // rng.randint(1, 3)
        self._portions = [part] * (amount // part)
        self._note(mts, self._position, sum(self._portions), None)

    def _force(self, position: Position, portion: int, mts: int) -> Execution:
        execution = self._engine.submit(position.side.other, portion, mts=mts)
        for trade in execution.trades:
            self._note(mts, position, trade.amount, trade.price)
        return execution

    def _note(self, mts: int, position: Position, amount: int, price: int | None) -> None:
        """A trigger row, or with a price a match row (API: ws-public-status, liquidations)."""
        decimals = self._instrument.price_decimals
        # Some of the real times have decimals.
        fraction = self._rng.choice((b"", b"", b".%d" % self._rng.randrange(1, 10)))
        row = b'["pos",%d,%d%b,null,"%b",%b,%b,null,%d,0,null,%b]' % (
            position.position_id,
            mts,
            fraction,
            self._instrument.symbol.encode("ascii"),
            amount_text(amount * position.side),
            number_text(position.base_price, decimals),
            price is not None,
            b"null" if price is None else number_text(price, decimals),
        )
        self._log.add(Liquidation(mts, row))
