"""The market as a whole: the same for a seed, sane for ever, and in agreement with itself."""

from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bfxstream.demo.engine import Engine, Side, Trade
from bfxstream.demo.figures import DayFigures
from bfxstream.demo.flow import Event
from bfxstream.demo.market import START_MTS, Listing, Market
from bfxstream.demo.prices import PRICE_DIGITS, number_text, quantum, round_price, units
from bfxstream.demo.tape import trade_row
from bfxstream.demo.ticker import ticker_row
from bfxstream.protocol.numbers import js_text
from bfxstream.protocol.symbols import parse_symbol

EVENTS = 30_000
WANTED = {"tBTCUSD", "tETHUSD", "tETHBTC", "tBTCF0:USTF0", "tTESTBTC:TESTUSD", "fUSD"}


def levels(engine: Engine, side: Side, digits: int) -> int:
    up = side is Side.ASK
    return len({round_price(price, digits, up) for price, _ in engine.side(side).levels()})


def amount_resting(engine: Engine) -> int:
    return sum(level.amount for side in Side for _, level in engine.side(side).levels())


def removed(event: Event) -> list[tuple[Side, int]]:
    """Side and price of every order that the event may have taken out of the book."""
    if event.cancelled and event.order.price is not None:
        return [(event.order.side, event.order.price)]
    return [(event.order.side.other, trade.price) for trade in event.trades]


def cell_is_taken(engine: Engine, side: Side, price: int) -> bool:
    """Whether an order rests where this price is rounded to by P4."""
    cell = round_price(price, 1, side is Side.ASK)
    if side is Side.BID:
        return engine.bids.has_between(cell, cell + quantum(cell, 1) - 1)
    return engine.asks.has_between(cell - quantum(cell - 1, 1) + 1, cell)


def history(market: Market, events: int) -> list[tuple[object, ...]]:
    steps = (market.step() for _ in range(events))
    return [
        (each.symbol, each.mts, each.cancelled, each.order.order_id, each.order.amount, each.trades)
        for each in steps
    ]


def test_the_same_seed_gives_the_same_market_event_for_event() -> None:
    assert history(Market(7), 2000) == history(Market(7), 2000)


def test_another_seed_gives_another_market() -> None:
    assert history(Market(7), 50) != history(Market(8), 50)


def test_a_later_start_moves_the_times_and_nothing_else() -> None:
    moved = 86_400_000
    first, second = Market(7), Market(7, START_MTS + moved)
    for _ in range(500):
        one, other = first.step(), second.step()
        assert one.mts + moved == other.mts
        assert one._replace(mts=0, order=other.order, trades=()) == other._replace(mts=0, trades=())


def test_a_market_opens_with_full_books_and_thirty_trades_in_the_past() -> None:
    market = Market(3)
    assert set(market.listings) >= WANTED
    for listing in market.listings.values():
        assert len(listing.tape) >= 30
        assert len(listing.tape.between(0, START_MTS)) == len(listing.tape)
        for side in Side:
            assert levels(listing.engine, side, PRICE_DIGITS) > 100
    assert market.step().mts >= START_MTS


def test_every_symbol_is_spelt_as_the_exchange_spells_it() -> None:
    assert [parse_symbol(symbol) for symbol in Market(1).listings] == list(Market(1).listings)


def test_a_long_run_keeps_every_book_uncrossed_full_and_bounded() -> None:
    market = Market(11)
    before = {symbol: amount_resting(listing.engine) for symbol, listing in market.listings.items()}
    last_ids: Counter[str] = Counter()
    events: Counter[str] = Counter()
    executing = 0
    mts = 0
    for _ in range(EVENTS):
        event = market.step()
        engine = market.listings[event.symbol].engine
        bid, ask = engine.bids.best, engine.asks.best
        assert bid is not None
        assert ask is not None
        assert bid < ask
        assert len(engine) < 1500
        assert event.mts >= mts
        mts = event.mts
        events[event.symbol] += 1
        # A coarser precision never has more levels, and loses one only with its last order.
        for side, price in removed(event):
            if not cell_is_taken(engine, side, price):
                assert levels(engine, side, 1) >= 25
        for trade in event.trades:
            assert trade.trade_id > last_ids[event.symbol]
            last_ids[event.symbol] = trade.trade_id
        executing += bool(event.trades)
        if event.cancelled:
            before[event.symbol] -= event.order.amount
        else:
            rested = event.order.amount if event.order.price is not None else 0
            before[event.symbol] += rested - sum(trade.amount for trade in event.trades)
    for symbol, listing in market.listings.items():
        assert amount_resting(listing.engine) == before[symbol]
        for side in Side:
            counts = [levels(listing.engine, side, digits) for digits in (5, 4, 3, 2, 1)]
            assert counts == sorted(counts, reverse=True)
            assert counts[0] > 100
            assert counts[-1] >= 25
    assert 0.18 < executing / EVENTS < 0.3
    assert 0.35 < events["tBTCUSD"] / EVENTS < 0.45


@pytest.mark.parametrize("seed", range(3))
def test_prices_stay_about_where_they_belong(seed: int) -> None:
    market = Market(seed)
    for _ in range(5000):
        market.step()
    for listing in market.listings.values():
        mean = listing.instrument.price_units
        assert listing.figures.last is not None
        assert 0.8 < listing.figures.last / mean < 1.25


def test_prices_have_five_digits_and_amounts_eight_decimals() -> None:
    market = Market(5)
    for _ in range(3000):
        market.step()
    for listing in market.listings.values():
        for side in Side:
            for price, level in listing.engine.side(side).levels():
                text = number_text(price, listing.instrument.price_decimals).decode()
                assert len(Decimal(text).normalize().as_tuple().digits) <= PRICE_DIGITS
                assert all(isinstance(order.amount, int) for order in level.orders.values())


def brute_ticker(listing: Listing, trades: list[Trade]) -> list[object]:
    """A trading pair's ticker from nothing but the resting orders and all trades."""
    scale = Decimal(1).scaleb(-listing.instrument.price_decimals)
    touch: list[object] = []
    for side in Side:
        best = list(islice(listing.engine.side(side).levels(), 25))
        size = sum(order.amount for _, level in best for order in level.orders.values())
        touch += [best[0][0] * scale, Decimal(size).scaleb(-8)]
    prices = [trade.price * scale for trade in trades]
    change = prices[-1] - prices[0]
    volume = Decimal(sum(trade.amount for trade in trades)).scaleb(-8)
    relative = round(change / prices[0], 8)
    return [*touch, change, relative, prices[-1], volume, max(prices), min(prices), None]


def test_the_ticker_follows_from_the_book_and_the_trades() -> None:
    market = Market(9)
    trades: dict[str, list[Trade]] = {symbol: [] for symbol in market.listings}
    for listing in market.listings.values():
        listing.figures = DayFigures()  # begin counting here, where this test can see
    for _ in range(4000):
        event = market.step()
        trades[event.symbol] += event.trades
    for symbol, listing in market.listings.items():
        row = json.loads(ticker_row(listing), parse_float=Decimal, parse_int=Decimal)
        if not listing.instrument.funding:
            assert row == brute_ticker(listing, trades[symbol])
        rows = [trade_row(listing.instrument, trade) for trade in trades[symbol][-5:]]
        assert listing.tape.latest(5) == rows


def test_a_funding_ticker_has_periods_and_an_average_rate() -> None:
    market = Market(9)
    for _ in range(2000):
        market.step()
    listing = market.listings["fUSD"]
    row = json.loads(ticker_row(listing))
    assert len(row) == 17
    frr, bid, bid_period, bid_size, ask, ask_period, ask_size = row[:7]
    assert row[12] <= frr <= row[11]
    assert bid < ask
    assert {bid_period, ask_period} <= {2, 7, 30, 120}
    assert min(bid_size, ask_size) > 0
    assert (row[13], row[14], row[16]) == (None, None, None)


def test_a_trade_is_positive_where_the_taker_bought_or_offered_funding() -> None:
    market = Market(2)
    trade = Trade(1000, 5, Side.BID, 150_000_000, 0, 30, 2, 1, 0)
    pair, funding = market.listings["tBTCUSD"].instrument, market.listings["fUSD"].instrument
    price, rate = units("70000.5", pair.price_decimals), units("0.0002", funding.price_decimals)
    assert trade_row(pair, trade._replace(price=price)) == b"[1000,5,1.5,70000.5]"
    assert trade_row(funding, trade._replace(price=rate)) == b"[1000,5,-1.5,0.0002,30]"


def trade_at(mts: int, price: int, amount: int = 1) -> Trade:
    return Trade(1, mts, Side.BID, amount, price, 0, 2, 1, 0)


def test_the_days_figures_forget_what_is_older_than_a_day() -> None:
    figures, day = DayFigures(), 86_400_000
    for mts, price in [(0, 50), (60_000, 90), (day // 2, 70)]:
        figures.add(trade_at(mts, price))
    assert (figures.high, figures.low, figures.volume, figures.day_ago) == (90, 50, 3, 50)
    figures.add(trade_at(day + 60_000, 80))
    assert (figures.high, figures.low, figures.volume, figures.day_ago) == (80, 70, 2, 90)
    assert figures.last == 80


def test_the_days_figures_are_empty_before_the_first_trade() -> None:
    figures = DayFigures()
    assert (figures.last, figures.day_ago, figures.high, figures.low) == (None,) * 4
    assert (figures.volume, figures.turnover) == (0, 0)


@given(st.integers(1, 10**13), st.integers(1, 5))
def test_a_rounded_price_is_near_and_never_on_the_other_side(price: int, digits: int) -> None:
    down, up = round_price(price, digits, False), round_price(price, digits, True)
    assert down <= price <= up
    assert (up - down) * 10 ** (digits - 1) <= max(price, 10 ** (digits - 1))
    for rounded in (down, up):
        assert len(str(rounded).rstrip("0")) <= digits


@given(st.integers(-(10**18), 10**18), st.integers(0, 16))
def test_a_whole_number_is_spelt_as_javascript_spells_it(value: int, decimals: int) -> None:
    text = number_text(value, decimals).decode()
    assert Decimal(text) == Decimal(value).scaleb(-decimals)
    assert text == js_text(Decimal(text))


def test_a_text_with_too_many_decimals_is_refused() -> None:
    assert units("0.05", 2) == 5
    with pytest.raises(ValueError, match="more than 1 decimals"):
        units("0.05", 1)
