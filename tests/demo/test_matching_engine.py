"""The matching engine: price, then time; nothing made, nothing lost."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bfxstream.demo.engine import Engine, Side

BID, ASK = Side.BID, Side.ASK


@pytest.fixture
def engine() -> Engine:
    return Engine(count(1), count(1))


def resting(engine: Engine, side: Side) -> list[tuple[int, int, int]]:
    """Price, id and amount of every resting order, in the order they would trade."""
    return [
        (price, order.order_id, order.amount)
        for price, level in engine.side(side).levels()
        for order in level.orders.values()
    ]


def test_a_trade_removes_what_it_hits(engine: Engine) -> None:
    engine.submit(ASK, 5, 100, mts=1)
    trades = engine.submit(BID, 5, 100, mts=2).trades
    assert [(trade.price, trade.amount, trade.maker_left) for trade in trades] == [(100, 5, 0)]
    assert len(engine) == 0
    assert engine.asks.best is None


def test_the_better_price_trades_before_the_older_order(engine: Engine) -> None:
    engine.submit(ASK, 1, 102, mts=1)
    engine.submit(ASK, 1, 101, mts=2)
    trades = engine.submit(BID, 2, 102, mts=3).trades
    assert [(trade.price, trade.maker_id) for trade in trades] == [(101, 2), (102, 1)]


def test_of_one_price_the_older_order_trades_first(engine: Engine) -> None:
    for mts in range(3):
        engine.submit(BID, 2, 100, mts=mts)
    trades = engine.submit(ASK, 5, 100, mts=9).trades
    assert [(trade.maker_id, trade.amount) for trade in trades] == [(1, 2), (2, 2), (3, 1)]
    assert resting(engine, BID) == [(100, 3, 1)]


def test_a_partly_filled_order_keeps_its_place(engine: Engine) -> None:
    engine.submit(BID, 5, 100, mts=1)
    engine.submit(BID, 5, 100, mts=2)
    engine.submit(ASK, 2, 100, mts=3)
    assert resting(engine, BID) == [(100, 1, 3), (100, 2, 5)]


def test_a_trade_has_the_resting_orders_price_and_the_takers_side(engine: Engine) -> None:
    engine.submit(BID, 1, 105, mts=1)
    (trade,) = engine.submit(ASK, 1, 100, mts=2).trades
    assert (trade.price, trade.taker_side, trade.mts) == (105, ASK, 2)


def test_what_a_limit_order_leaves_rests_at_its_limit(engine: Engine) -> None:
    engine.submit(ASK, 1, 100, mts=1)
    execution = engine.submit(BID, 3, 101, mts=2)
    assert execution.rests
    assert resting(engine, BID) == [(101, 2, 2)]


def test_what_a_market_order_leaves_is_void(engine: Engine) -> None:
    engine.submit(ASK, 1, 100, mts=1)
    execution = engine.submit(BID, 3, mts=2)
    assert not execution.rests
    assert (execution.order.amount, execution.order.original) == (2, 3)
    assert len(engine) == 0


def test_a_limit_is_never_passed(engine: Engine) -> None:
    engine.submit(ASK, 1, 101, mts=1)
    assert engine.submit(BID, 1, 100, mts=2).trades == ()
    assert (engine.bids.best, engine.asks.best) == (100, 101)


def test_a_cancelled_order_is_gone_and_comes_back_with_its_amount(engine: Engine) -> None:
    engine.submit(BID, 4, 100, mts=1)
    engine.submit(ASK, 1, 100, mts=2)
    cancelled = engine.cancel(1)
    assert cancelled is not None
    assert cancelled.amount == 3
    assert engine.bids.best is None
    assert engine.cancel(1) is None


def test_an_order_without_amount_or_price_is_refused(engine: Engine) -> None:
    for amount, price in [(0, 1), (-1, 1), (1, 0), (1, -5)]:
        with pytest.raises(ValueError, match="positive"):
            engine.submit(BID, amount, price, mts=1)


def test_the_version_rises_with_every_change_and_only_then(engine: Engine) -> None:
    seen = [engine.version]
    engine.submit(BID, 4, 100, mts=1)
    seen.append(engine.version)
    engine.submit(ASK, 1, mts=2)
    seen.append(engine.version)
    engine.cancel(1)
    seen.append(engine.version)
    assert seen == sorted(set(seen))
    engine.cancel(1)
    engine.submit(ASK, 1, mts=3)
    assert engine.version == seen[-1]


def test_a_price_range_is_searched_with_both_ends(engine: Engine) -> None:
    for side, price in [(BID, 90), (BID, 95), (ASK, 105), (ASK, 110)]:
        engine.submit(side, 1, price, mts=1)
    assert engine.bids.has_between(90, 90)
    assert engine.bids.has_between(91, 95)
    assert not engine.bids.has_between(91, 94)
    assert not engine.bids.has_between(96, 99)
    assert engine.asks.has_between(110, 200)
    assert not engine.asks.has_between(106, 109)


@dataclass
class Rested:
    order_id: int
    side: Side
    price: int
    amount: int
    hidden: bool


class NaiveExchange:
    """The same market as a plain list, searched from end to end for every match."""

    def __init__(self) -> None:
        self.orders: list[Rested] = []
        self.trades: list[tuple[int, int, int]] = []
        self.ids = count(1)

    def submit(self, side: Side, amount: int, price: int | None, hidden: bool) -> None:
        order_id = next(self.ids)
        while amount:
            facing = [each for each in self.orders if each.side is not side]
            if price is not None:
                facing = [each for each in facing if (price - each.price) * side >= 0]
            if not facing:
                break
            best = min(facing, key=lambda each: (each.price * side, each.hidden, each.order_id))
            traded = min(amount, best.amount)
            self.trades.append((best.order_id, best.price, traded))
            amount -= traded
            best.amount -= traded
            if not best.amount:
                self.orders.remove(best)
        if amount and price is not None:
            self.orders.append(Rested(order_id, side, price, amount, hidden))

    def cancel(self, order_id: int) -> None:
        self.orders = [each for each in self.orders if each.order_id != order_id]

    def seen(self, side: Side) -> list[tuple[int, int, int]]:
        mine = [each for each in self.orders if each.side is side and not each.hidden]
        mine.sort(key=lambda each: (-each.price * side, each.order_id))
        return [(each.price, each.order_id, each.amount) for each in mine]


SUBMITS = st.tuples(
    st.sampled_from(Side),
    st.integers(1, 9),
    st.one_of(st.none(), st.integers(1, 12)),
    st.booleans(),
)
CANCELS = st.integers(1, 60)


@given(st.lists(st.one_of(SUBMITS, CANCELS), max_size=80))
def test_any_sequence_of_orders_gives_what_a_naive_exchange_gives(
    actions: list[tuple[Side, int, int | None, bool] | int],
) -> None:
    engine, naive = Engine(count(1), count(1)), NaiveExchange()
    trades = []
    rested = taken = 0
    for action in actions:
        if isinstance(action, int):
            cancelled = engine.cancel(action)
            naive.cancel(action)
            taken += cancelled.amount if cancelled else 0
        else:
            side, amount, price, hidden = action
            execution = engine.submit(side, amount, price, mts=0, hidden=hidden)
            naive.submit(side, amount, price, hidden)
            trades += execution.trades
            rested += execution.order.amount if execution.rests else 0
            taken += sum(trade.amount for trade in execution.trades)
        bid, ask = engine.bids.best, engine.asks.best
        assert bid is None or ask is None or bid < ask
    assert [(each.maker_id, each.price, each.amount) for each in trades] == naive.trades
    for side in Side:
        assert resting(engine, side) == naive.seen(side)
        for _, level in engine.side(side).levels():
            assert level.amount == sum(order.amount for order in level.orders.values())
        prices = [price for price, _ in engine.reach(side)]
        assert prices == sorted(prices, key=lambda price: -price * side)
    left = sum(amount for side in Side for _, amount in engine.reach(side))
    assert left == rested - taken
    assert len(engine) == len(naive.orders)
