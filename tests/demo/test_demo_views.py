"""Books as clients see them: the bursts alone rebuild what the engine holds."""

from __future__ import annotations

import json
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from itertools import count, product

import pytest
from demo_client import BookClient

from bfxstream.demo.engine import Engine, Side
from bfxstream.demo.instruments import INSTRUMENTS, Instrument
from bfxstream.demo.market import Market
from bfxstream.demo.prices import units
from bfxstream.demo.views import BookView
from bfxstream.protocol.channels import BookSubscription, Frequency, Precision
from bfxstream.protocol.numbers import js_text

PRECISIONS = ("P0", "P1", "P2", "P3", "P4", "R0")
SYMBOLS = ("tBTCUSD", "tXRPBTC", "fUSD")
CYCLES = 21


def view_of(instrument: Instrument, engine: Engine, prec: str, length: int = 25) -> BookView:
    wish = BookSubscription(instrument.symbol, Precision(prec), Frequency.F0, length)
    return BookView(instrument, engine, wish)


def expected_rows(instrument: Instrument, engine: Engine, prec: str, length: int) -> list[bytes]:
    """The book straight from the resting orders, rounded by the decimal module."""
    flip = -1 if instrument.funding else 1
    rows: list[bytes] = []
    for side in Side:
        orders = []
        for price, level in engine.side(side).levels():
            text = Decimal(price).scaleb(-instrument.price_decimals)
            orders += [(text, each) for each in level.orders.values()]
        cells: dict[tuple[Decimal, int], list[Decimal]] = {}
        for price_text, order in orders:
            amount = Decimal(order.amount * side * flip).scaleb(-8)
            if prec == "R0":
                key = (price_text, order.order_id)
                cells[key] = [amount, Decimal(order.period)]
                continue
            rounding = ROUND_CEILING if side is Side.ASK else ROUND_FLOOR
            rounded = Context(prec=5 - int(prec[1]), rounding=rounding).plus(price_text)
            cell = cells.setdefault((rounded, order.period), [Decimal(0), Decimal(0)])
            cell[0] += amount
            cell[1] += 1
        ranked = sorted(cells, key=lambda key: (-key[0] * side, key[1]))[:length]
        rows += [_row(instrument, prec, key, cells[key]) for key in ranked]
    return rows


def _row(instrument: Instrument, prec: str, key: tuple[Decimal, int], cell: list[Decimal]) -> bytes:
    amount, second = cell
    price, other = key
    funding = instrument.funding
    if prec == "R0":
        columns = [other, second, price, amount] if funding else [other, price, amount]
    else:
        columns = [price, other, second, amount] if funding else [price, second, amount]
    return b"[" + b",".join(js_text(Decimal(each)).encode() for each in columns) + b"]"


@pytest.mark.parametrize(
    ("symbol", "prec", "length"),
    [*product(SYMBOLS, PRECISIONS, (25,)), ("tBTCUSD", "P0", 250), ("tETHUSD", "P0", 1)],
)
def test_bursts_keep_a_clients_book_equal_to_the_engines(
    symbol: str, prec: str, length: int
) -> None:
    market = Market(4)
    listing = market.listings[symbol]
    view = view_of(listing.instrument, listing.engine, prec, length)
    client = BookClient(symbol, prec, length)
    for row in view.snapshot():
        client.apply(row)
    for turn in range(CYCLES):
        # One event, or many: from the smallest burst to most of the book at once.
        for _ in range(1 if turn % 3 else 25):
            listing.step(turn)
        burst = view.advance()
        rows = burst.rows if burst else []
        for row in rows:
            client.apply(row)
            assert not client.book.crossed
            assert max(len(client.book.bids), len(client.book.asks)) <= length
        expected = expected_rows(listing.instrument, listing.engine, prec, length)
        assert client.rows() == expected
        assert view.snapshot() == expected
        if burst is not None and burst.checksum is not None:
            assert burst.checksum == client.book.checksum()
    assert client.book.unknown_deletes == 0


def kinds(rows: list[bytes]) -> list[tuple[str, float]]:
    """`deleted` or `set` with the side, and the price, of trading levels."""
    found = []
    for row in rows:
        price, number, amount = json.loads(row)
        found.append((("set" if number else "deleted") + (" bid" if amount > 0 else " ask"), price))
    return found


def test_a_burst_deletes_before_it_sets_and_goes_outwards_on_each_side() -> None:
    listing = Market(6).listings["tBTCUSD"]
    view = view_of(listing.instrument, listing.engine, "P0")
    seen: set[str] = set()
    order = ["deleted bid", "deleted ask", "set bid", "set ask"]
    for turn in range(40):
        for _ in range(20):
            listing.step(turn)
        burst = view.advance()
        assert burst is not None
        rows = kinds(burst.rows)
        expected = sorted(
            rows, key=lambda each: (order.index(each[0]), -each[1] if "bid" in each[0] else each[1])
        )
        assert rows == expected
        seen |= {kind for kind, _ in rows}
    assert seen == set(order)


@pytest.fixture
def bitcoin() -> Instrument:
    return next(each for each in INSTRUMENTS if each.symbol == "tBTCUSD")


def test_levels_round_bids_down_and_asks_up(bitcoin: Instrument) -> None:
    engine = Engine(count(1), count(1))
    for side, price in [(Side.BID, "69999"), (Side.BID, "69123"), (Side.ASK, "70001")]:
        engine.submit(side, 10**8, units(price, bitcoin.price_decimals), mts=0)
    assert view_of(bitcoin, engine, "P3").snapshot() == [b"[69000,2,2]", b"[71000,1,-1]"]
    assert view_of(bitcoin, engine, "P4").snapshot() == [b"[60000,2,2]", b"[80000,1,-1]"]


def test_a_level_pushed_out_is_deleted_and_one_coming_in_is_set(bitcoin: Instrument) -> None:
    engine = Engine(count(1), count(1))
    price = [units(str(70000 - step), bitcoin.price_decimals) for step in range(27)]
    for each in price[1:]:
        engine.submit(Side.BID, 10**8, each, mts=0)
    view = view_of(bitcoin, engine, "P0")
    assert len(view.snapshot()) == 25
    best = engine.submit(Side.BID, 10**8, price[0], mts=0).order
    burst = view.advance()
    assert burst is not None
    assert burst.rows == [b"[69975,0,1]", b"[70000,1,1]"]
    engine.cancel(best.order_id)
    burst = view.advance()
    assert burst is not None
    assert burst.rows == [b"[70000,0,1]", b"[69975,1,1]"]


def test_an_order_that_came_and_went_between_two_cycles_is_no_burst(bitcoin: Instrument) -> None:
    engine = Engine(count(1), count(1))
    view = view_of(bitcoin, engine, "P0")
    order = engine.submit(Side.BID, 1, bitcoin.price_units, mts=0).order
    engine.cancel(order.order_id)
    assert view.advance() is None
    assert view.snapshot() == []


def test_exponents_appear_where_javascript_prints_them() -> None:
    listing = Market(1).listings["tXRPBTC"]
    view = view_of(listing.instrument, listing.engine, "P4")
    assert any(b"e-7," in row or b"e-8," in row for row in view.snapshot())


def test_there_is_no_checksum_where_clients_cannot_verify_one() -> None:
    market = Market(1)
    for symbol, length, verifiable in [("tBTCUSD", 25, True), ("tBTCUSD", 1, False)]:
        listing = market.listings[symbol]
        view = view_of(listing.instrument, listing.engine, "P0", length)
        assert (view.checksum() is not None) is verifiable
    listing = market.listings["fUSD"]
    assert view_of(listing.instrument, listing.engine, "P0").checksum() is None
