"""One symbol's matching engine: price-time priority over whole numbers."""

from __future__ import annotations

import enum
from bisect import bisect_left, insort
from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import merge
from typing import NamedTuple


class Side(enum.IntEnum):
    """Which way an order goes; the value is the sign of its amount on trading pairs."""

    BID = 1
    ASK = -1

    @property
    def other(self) -> Side:
        """The side that this one trades with."""
        return Side.ASK if self is Side.BID else Side.BID


@dataclass(slots=True)
class Order:
    """One order; prices are in the symbol's price units, amounts in 10**-8."""

    order_id: int
    side: Side
    price: int | None
    """The limit; None takes any price and never rests."""
    amount: int
    """What is left of it, always positive while it rests."""
    original: int
    mts: int
    period: int = 0
    """Days, for funding; 0 on trading pairs."""
    hidden: bool = False
    """Rests where nobody sees it; at one price it trades after those that are seen."""


class Trade(NamedTuple):
    """One execution, at the resting order's price."""

    trade_id: int
    mts: int
    taker_side: Side
    amount: int
    price: int
    period: int
    taker_id: int
    maker_id: int
    maker_left: int
    """What the resting order still has afterwards; 0 took it out of the book."""


class Execution(NamedTuple):
    """What became of an order at its arrival."""

    order: Order
    trades: tuple[Trade, ...]

    @property
    def rests(self) -> bool:
        """Whether something of the order stayed in the book."""
        return self.order.price is not None and self.order.amount > 0


@dataclass(slots=True)
class PriceLevel:
    """The orders resting at one price, oldest first."""

    orders: dict[int, Order] = field(default_factory=dict)
    amount: int = 0


class RestingSide:
    """One side of the resting orders: price levels, best first."""

    __slots__ = ("_levels", "_ranks", "_sign", "side")

    def __init__(self, side: Side) -> None:
        self.side = side
        # Ranks rise from the best price: bids are ranked by their negated price.
        self._sign = -int(side)
        self._ranks: list[int] = []
        self._levels: dict[int, PriceLevel] = {}

    def __len__(self) -> int:
        return len(self._ranks)

    @property
    def best(self) -> int | None:
        """The best price, or None on an empty side."""
        return self._ranks[0] * self._sign if self._ranks else None

    def levels(self) -> Iterator[tuple[int, PriceLevel]]:
        """Price and level, best first."""
        sign, levels = self._sign, self._levels
        for rank in self._ranks:
            yield rank * sign, levels[rank * sign]

    def has_between(self, low: int, high: int) -> bool:
        """Whether an order rests at a price from `low` to `high`, both included."""
        first, last = sorted((low * self._sign, high * self._sign))
        at = bisect_left(self._ranks, first)
        return at < len(self._ranks) and self._ranks[at] <= last

    def add(self, order: Order, price: int) -> None:
        """Let the order rest behind those that have its price already."""
        level = self._levels.get(price)
        if level is None:
            level = self._levels[price] = PriceLevel()
            insort(self._ranks, price * self._sign)
        level.orders[order.order_id] = order
        level.amount += order.amount

    def reduce(self, order: Order, price: int, amount: int) -> None:
        """Take an amount off a resting order, and the order out when nothing is left."""
        level = self._levels[price]
        order.amount -= amount
        level.amount -= amount
        if order.amount == 0:
            del level.orders[order.order_id]
            if not level.orders:
                del self._levels[price]
                del self._ranks[bisect_left(self._ranks, price * self._sign)]

    def first(self) -> tuple[int, Order] | None:
        """The order that trades next, with its price."""
        if not self._ranks:
            return None
        price = self._ranks[0] * self._sign
        return price, next(iter(self._levels[price].orders.values()))


class Engine:
    """Matches orders of one symbol; ids come from counters that the market shares out.

    `bids` and `asks` are what everybody sees.
    """

    def __init__(self, order_ids: Iterator[int], trade_ids: Iterator[int]) -> None:
        self._order_ids = order_ids
        self._trade_ids = trade_ids
        self.bids = RestingSide(Side.BID)
        self.asks = RestingSide(Side.ASK)
        self._hidden = {side: RestingSide(side) for side in Side}
        self._resting: dict[int, Order] = {}
        self.version = 0
        """Rises with every change of the resting orders: a view compares it to skip work."""

    def __len__(self) -> int:
        """How many orders rest."""
        return len(self._resting)

    def side(self, side: Side) -> RestingSide:
        """The resting orders of one side."""
        return self.bids if side is Side.BID else self.asks

    def reach(self, side: Side) -> Iterator[tuple[int, int]]:
        """Price and amount of all that rests on one side, hidden or not, as it would trade."""
        seen, hidden = self.side(side).levels(), self._hidden[side].levels()
        for price, level in merge(seen, hidden, key=lambda each: -each[0] * side):
            yield price, level.amount

    def order(self, order_id: int) -> Order | None:
        """The resting order of this id."""
        return self._resting.get(order_id)

    def issue_id(self) -> int:
        """An id for an order that is submitted later."""
        return next(self._order_ids)

    def submit(
        self,
        side: Side,
        amount: int,
        price: int | None = None,
        *,
        mts: int,
        period: int = 0,
        order_id: int | None = None,
        hidden: bool = False,
    ) -> Execution:
        """Match a new order; what is left of it rests at its limit, or is void without one.

        Raises ValueError for an amount or a limit that is not positive.
        """
        if amount <= 0 or (price is not None and price <= 0):
            raise ValueError(f"amount and price must be positive: {amount}, {price}")
        order_id = self.issue_id() if order_id is None else order_id
        order = Order(order_id, side, price, amount, amount, mts, period, hidden)
        trades = tuple(self._match(order))
        if order.price is not None and order.amount > 0:
            self._place_of(order).add(order, order.price)
            self._resting[order.order_id] = order
            self.version += 1
        return Execution(order, trades)

    def cancel(self, order_id: int) -> Order | None:
        """Take a resting order out; the order as it stood, or None where no such order rests."""
        order = self._resting.pop(order_id, None)
        if order is None or order.price is None:
            return None
        left = order.amount
        self._place_of(order).reduce(order, order.price, left)
        order.amount = left
        self.version += 1
        return order

    def reduce(self, order_id: int, amount: int) -> None:
        """Leave so much of a resting order, less than there is; it keeps its place."""
        order = self._resting.get(order_id)
        if order is not None and order.price is not None:
            self._place_of(order).reduce(order, order.price, order.amount - amount)
            self.version += 1

    def _place_of(self, order: Order) -> RestingSide:
        return self._hidden[order.side] if order.hidden else self.side(order.side)

    def _next_maker(self, side: Side) -> tuple[int, Order] | None:
        seen, hidden = self.side(side).first(), self._hidden[side].first()
        if hidden is None or (seen is not None and (seen[0] - hidden[0]) * side >= 0):
            return seen
        return hidden

    def _match(self, taker: Order) -> Iterator[Trade]:
        while taker.amount > 0 and (best := self._next_maker(taker.side.other)):
            price, maker = best
            if taker.price is not None and (taker.price - price) * taker.side < 0:
                return
            amount = min(taker.amount, maker.amount)
            taker.amount -= amount
            self._place_of(maker).reduce(maker, price, amount)
            if maker.amount == 0:
                del self._resting[maker.order_id]
            self.version += 1
            yield Trade(
                next(self._trade_ids),
                taker.mts,
                taker.side,
                amount,
                price,
                maker.period,
                taker.order_id,
                maker.order_id,
                maker.amount,
            )
