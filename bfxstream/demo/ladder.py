"""The deep resting orders that keep a book full at every precision, decades from the price."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle, product
from random import Random

from bfxstream.demo.engine import Engine, Execution, Order, Side
from bfxstream.demo.instruments import Instrument
from bfxstream.demo.prices import PRICE_DIGITS, round_price

CELLS = 40
"""Occupied price cells that each precision keeps on each side."""

_KEPT = 2 * CELLS
"""Beyond so many of its own orders the farthest go: else a wandering price would leave
a trail of orders behind."""

_DIGITS = (4, 3, 2, 1)  # P1 … P4


class Ladder:
    """Finds holes in the deep book and the orders to fill them with."""

    def __init__(self, instrument: Instrument, engine: Engine, rng: Random) -> None:
        self._instrument = instrument
        self._engine = engine
        self._rng = rng
        self._prices: dict[tuple[Side, int], dict[int, int]] = {
            key: {} for key in product(Side, _DIGITS)
        }
        self._turn = cycle(self._prices)

    def fill(self, mts: int) -> None:
        """Fill every hole on both sides."""
        for side, digits in self._prices:
            for price in list(self._holes(side, digits)):
                self._place(side, digits, price, mts)

    def tend(self, mts: int) -> Execution | Order | None:
        """Place a missing order, or cancel a superfluous one; None where all is well."""
        # One precision of one side a turn: looking for a hole costs 40 searches.
        side, digits = next(self._turn)
        if price := next(self._holes(side, digits), None):
            return self._place(side, digits, price, mts)
        return self._trim(side, digits)

    def _holes(self, side: Side, digits: int) -> Iterator[int]:
        """A price in each empty cell, from the best price outwards."""
        resting = self._engine.side(side)
        for low, high in self._cells(side, digits):
            if not resting.has_between(low, high):
                price = self._rng.randint(low, high)
                yield round_price(price, PRICE_DIGITS, side is Side.ASK)

    def _cells(self, side: Side, digits: int) -> Iterator[tuple[int, int]]:
        """Lowest and highest price of each cell, from the best price outwards."""
        edge = self._engine.side(side).best or self._instrument.price_units
        for _ in range(CELLS):
            cell = round_price(edge, digits, side is Side.ASK)
            yield min(cell, edge), max(cell, edge)
            edge = cell - side

    def _place(self, side: Side, digits: int, price: int, mts: int) -> Execution:
        rng, instrument = self._rng, self._instrument
        # The fewer the digits, the wider the cell and the larger what rests in it.
        amount = int(instrument.amount_units * rng.lognormvariate(PRICE_DIGITS - digits, 0.7) / 2)
        execution = self._engine.submit(
            side, max(1, amount), price, mts=mts, period=rng.choice(instrument.periods)
        )
        if execution.rests:
            self._prices[side, digits][execution.order.order_id] = price
        return execution

    def _trim(self, side: Side, digits: int) -> Order | None:
        prices = self._prices[side, digits]
        for order_id in [each for each in prices if not self._engine.order(each)]:
            del prices[order_id]
        if len(prices) <= _KEPT:
            return None
        farthest = min(prices, key=lambda each: prices[each] * side)
        del prices[farthest]
        return self._engine.cancel(farthest)
