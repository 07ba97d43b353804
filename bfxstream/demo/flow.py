"""Seeded random order flow: the traders of one symbol, who never look at a real clock."""

from __future__ import annotations

import math
from random import Random
from typing import NamedTuple

from bfxstream.demo.engine import Engine, Execution, Order, Side, Trade
from bfxstream.demo.instruments import Instrument
from bfxstream.demo.ladder import Ladder
from bfxstream.demo.liquidations import Liquidator
from bfxstream.demo.prices import PRICE_DIGITS, quantum, round_price

_PER_SIDE = 300
"""How many flow orders a side tends to: cancels grow more frequent above it."""

_LADDER_EVERY = 8
_MARKET, _CROSSING, _CANCEL = 0.15, 0.05, 0.32
TRADED_SHARE = 0.3
"""What an event trades on average, in middling orders: measured over many of them."""

_NEAR_TICKS, _FAR_TICKS = 10.0, 420.0
_BEST_SHARE, _NEAR_SHARE = 0.2, 0.4
"""Of the passive orders: those that join or improve the best price, those a little behind it."""

_STEP = 1e-5
"""Standard deviation of one step of a currency's worth, as a fraction."""

_SPREAD = 0.04
"""Standard deviation that its worth stays within for ever, as a fraction."""

_REVERSION = _STEP**2 / (2 * _SPREAD**2)


class Worths:
    """What each currency is worth against its mean: mean-reverting walks, shared by symbols."""

    def __init__(self) -> None:
        self._logs: dict[str, float] = {}

    def begin(self, currency: str, rng: Random) -> None:
        """Start a currency's walk somewhere about its mean, once."""
        self._logs.setdefault(currency, rng.gauss(0.0, _SPREAD / 2))

    def move(self, currency: str, rng: Random) -> None:
        """Take one step of an Ornstein-Uhlenbeck walk."""
        log = self._logs[currency]
        self._logs[currency] = log * (1 - _REVERSION) + rng.gauss(0.0, _STEP)

    def ratio(self, base: str, quote: str) -> float:
        """The factor on a pair's mean price."""
        return math.exp(self._logs[base] - self._logs.get(quote, 0.0))


class Event(NamedTuple):
    """One step of the market: an order that arrived, or one that was cancelled."""

    symbol: str
    mts: int
    order: Order
    cancelled: bool
    trades: tuple[Trade, ...]


class _Pool:
    """The flow's own resting orders of one side, any of which is drawn in constant time."""

    def __init__(self) -> None:
        self._ids: list[int] = []
        self._places: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._ids)

    def add(self, order_id: int) -> None:
        self._places[order_id] = len(self._ids)
        self._ids.append(order_id)

    def discard(self, order_id: int) -> None:
        place = self._places.pop(order_id, None)
        if place is None:
            return
        last = self._ids.pop()
        if last != order_id:
            self._ids[place] = last
            self._places[last] = place

    def draw(self, rng: Random) -> int:
        return rng.choice(self._ids)


class OrderFlow:
    """Limit orders, market orders and cancels for one symbol."""

    def __init__(self, instrument: Instrument, engine: Engine, worths: Worths, rng: Random) -> None:
        self.instrument = instrument
        self.engine = engine
        self._worths = worths
        self._rng = rng
        self._ladder = Ladder(instrument, engine, rng)
        self.liquidator: Liquidator | None = None
        """Of derivatives only."""
        self._pools = {side: _Pool() for side in Side}
        self._steps = 0
        worths.begin(instrument.base, rng)

    def open(self, mts: int) -> None:
        """Fill the empty book."""
        fair = self._fair_price()
        for side in Side:
            for _ in range(_PER_SIDE):
                price = self._price_behind(side, fair, self._rng.random() < _NEAR_SHARE)
                self._submit(side, self._amount(), price, mts)
        self._ladder.fill(mts)

    def step(self, mts: int) -> Event:
        """The next thing that happens to this symbol."""
        self._worths.move(self.instrument.base, self._rng)
        self._steps += 1
        if self._steps % _LADDER_EVERY == 0 and (done := self._ladder.tend(mts)):
            if isinstance(done, Order):
                return Event(self.instrument.symbol, mts, done, True, ())
            return self.arrived(done, mts)
        if self.liquidator is not None and (forced := self.liquidator.act(mts)):
            return self.arrived(forced, mts)
        return self._random_event(mts)

    def _random_event(self, mts: int) -> Event:
        draw = self._rng.random()
        fair = self._fair_price()
        if draw < _MARKET + _CROSSING:
            side = self._eager_side(fair)
            limit = self._crossing_price(side) if draw >= _MARKET else None
            return self._submit(side, self._amount(), limit, mts)
        fuller = max(Side, key=lambda side: len(self._pools[side]))
        pool = self._pools[fuller]
        if draw < _MARKET + _CROSSING + _CANCEL * len(pool) / _PER_SIDE:
            return self._cancel(pool.draw(self._rng), mts)
        side = self._rng.choice((Side.BID, Side.ASK))
        return self._submit(side, self._amount(), self._passive_price(side, fair), mts)

    def _fair_price(self) -> int:
        instrument = self.instrument
        return int(instrument.price_units * self._worths.ratio(instrument.base, instrument.quote))

    def _passive_price(self, side: Side, fair: int) -> int:
        draw = self._rng.random()
        if draw < _BEST_SHARE and (price := self._improved_price(side)):
            return price
        price = self._price_behind(side, fair, draw < _BEST_SHARE + _NEAR_SHARE)
        return self._not_crossing(side, price)

    def _not_crossing(self, side: Side, price: int) -> int:
        """The price, or the last one before the facing side: a maker does not take."""
        facing = self.engine.side(side.other).best
        if facing is None or (facing - price) * side > 0:
            return price
        behind = facing - side * quantum(facing, PRICE_DIGITS)
        return round_price(behind, PRICE_DIGITS, side is Side.ASK)

    def _price_behind(self, side: Side, fair: int, near: bool) -> int:
        rng = self._rng
        ticks = rng.expovariate(1 / _NEAR_TICKS) if near else rng.uniform(0.0, _FAR_TICKS)
        price = fair - side * int(ticks * quantum(fair, PRICE_DIGITS))
        return round_price(price, PRICE_DIGITS, side is Side.ASK)

    def _improved_price(self, side: Side) -> int | None:
        best, facing = self.engine.side(side).best, self.engine.side(side.other).best
        if best is None or facing is None:
            return None
        tick = quantum(best, PRICE_DIGITS)
        price = round_price(
            best + side * self._rng.randrange(4) * tick, PRICE_DIGITS, side is Side.ASK
        )
        return price if (facing - price) * side > 0 else best

    def _crossing_price(self, side: Side) -> int | None:
        best = self.engine.side(side.other).best
        if best is None:
            return None
        through = side * self._rng.randrange(4) * quantum(best, PRICE_DIGITS)
        return round_price(best + through, PRICE_DIGITS, side is Side.ASK)

    def _eager_side(self, fair: int) -> Side:
        """Takers buy what is cheap and sell what is dear, mostly: the price follows its worth."""
        bid, ask = self.engine.bids.best, self.engine.asks.best
        pull = 0.0
        if bid is not None and ask is not None:
            ticks = (fair - (bid + ask) / 2) / quantum(fair, PRICE_DIGITS)
            pull = max(-0.25, min(0.25, ticks / 60))
        return Side.BID if self._rng.random() < 0.5 + pull else Side.ASK

    def _amount(self) -> int:
        rng, middling = self._rng, self.instrument.amount_units
        if rng.random() < 0.3:
            # People like round amounts.
            return middling * rng.choice((1, 1, 2, 5, 10)) // rng.choice((1, 2, 4, 8))
        return max(1, int(middling * rng.lognormvariate(-0.5, 1.2)))

    def _submit(self, side: Side, amount: int, price: int | None, mts: int) -> Event:
        period = self._rng.choice(self.instrument.periods)
        execution = self.engine.submit(side, amount, price, mts=mts, period=period)
        if execution.rests:
            self._pools[side].add(execution.order.order_id)
        return self.arrived(execution, mts)

    def arrived(self, execution: Execution, mts: int) -> Event:
        """What an order's arrival was for the market: whose orders are gone is noted."""
        order, trades = execution
        for trade in trades:
            if trade.maker_left == 0:
                self._pools[order.side.other].discard(trade.maker_id)
        return Event(self.instrument.symbol, mts, order, False, trades)

    def _cancel(self, order_id: int, mts: int) -> Event:
        order = self.engine.cancel(order_id)
        if order is None:
            raise RuntimeError(f"the pool holds order {order_id}, which does not rest")
        self._pools[order.side].discard(order_id)
        return Event(self.instrument.symbol, mts, order, True, ())
