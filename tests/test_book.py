"""The order book: rows applied as the API says, and checksums that prove it."""

from __future__ import annotations

import pytest
from frames import decode, encode, rows_of
from hypothesis import given
from hypothesis import strategies as st

from bfxstream.book import OrderBook, checksum_of, order_book
from bfxstream.protocol.channels import parse_spec

LEVELS, ORDERS = "book:tBTCUSD:P0", "book:tBTCUSD:R0"
FUNDING_LEVELS, FUNDING_OFFERS = "book:fUSD:P0", "book:fUSD:R0"


def rows(spec: str, *tokens: str):
    """Rows as a decoder gives them: `"6000,1,1"` is `[6000,1,1]`, digit for digit."""
    frame = f"[1,[{','.join(f'[{row}]' for row in tokens)}]]".encode()
    return decode(spec, frame).payload


def book(spec: str, *tokens: str) -> OrderBook:
    loaded = order_book(parse_spec(spec))
    loaded.load(rows(spec, *tokens))
    return loaded


def update(target: OrderBook, spec: str, *tokens: str) -> list[str]:
    return [target.apply(row) for row in rows(spec, *tokens)]


def side(rows_of_side) -> list[list[float]]:
    return [
        [float(getattr(row, name)) for name in row.__struct_fields__] for row in rows_of_side.rows()
    ]


# Checksums: worked by hand, with zlib alone.


def test_a_checksum_takes_bids_and_asks_in_turn():
    a = book(LEVELS, "6000,1,1", "5900,1,2", "6100,1,-3", "6200,1,-4")
    assert a.checksum() == 1756193398


def test_a_checksum_is_signed_and_goes_on_with_the_longer_side():
    b = book(LEVELS, "12,1,1.5", "11.9,1,3", "12.1,1,-0.25")
    assert b.checksum() == -343402587


def test_a_checksum_is_over_the_exponents_as_they_came():
    c = book(LEVELS, "1.5e-7,1,1000", "1e-8,1,640000", "2e-7,1,-250.5")
    assert c.checksum() == 189788109


def test_a_raw_books_checksum_is_over_ids_by_price_then_by_rising_id():
    d = book(ORDERS, "102,100,2", "101,100,1", "99,99.5,0.5", "200,101.5,-4", "201,101,-3")
    assert [row.order_id for row in d.bids.rows()] == [101, 102, 99]
    assert [row.order_id for row in d.asks.rows()] == [201, 200]
    assert d.checksum() == 1935413618


# Recorded, with the exchange's own value: 18 bids, 25 asks, price and amount.
REAL_BIDS = """
0.0000011:266122.94 0.00000109:500793.10790141 0.00000108:776367.43 0.00000107:23329.54842056
0.00000106:116868.87735849 0.00000105:205000 0.00000103:227308.25386407 0.00000102:105000
0.00000101:2970 0.000001:21000 7e-7:10000 6.6e-7:10000 6e-7:100000 4.9e-7:10000 2.5e-7:2000
6e-8:100000 5e-8:200000 1e-8:640000
"""
REAL_ASKS = """
0.00000111:-4847.13 0.00000112:-528102.69042633 0.00000113:-302397.07 0.00000114:-339088.93
0.00000126:-245944.06 0.00000127:-5000 0.0000013:-5000 0.00000134:-8249.18938656
0.00000136:-13161.25184766 0.00000145:-2914 0.0000015:-54448.5 0.00000152:-5538.54849594
0.00000153:-62691.75475079 0.00000159:-2914 0.0000016:-52631.10296831 0.00000164:-4000
0.00000166:-3831.46784605 0.00000171:-14575.17730379 0.00000174:-3124.81815395 0.0000018:-18000
0.00000182:-16000 0.00000186:-4000 0.00000189:-10000.686624 0.00000191:-14500 0.00000193:-2422
"""


def test_a_real_book_has_the_exchanges_checksum_in_whatever_order_its_levels_came():
    levels = [level.replace(":", ",1,") for level in (REAL_ASKS + REAL_BIDS).split()]
    assert book(LEVELS, *reversed(levels)).checksum() == -1175357890


def test_a_checksum_covers_the_best_25_levels_of_each_side_and_no_more():
    bids, asks = REAL_BIDS.encode().split(), REAL_ASKS.encode().split()
    assert checksum_of(bids, asks) == -1175357890
    assert checksum_of(bids, [*asks, b"0.00000194:-1"]) == -1175357890
    assert checksum_of([*bids, b"1e-9:1"], asks) != -1175357890


def test_an_empty_book_has_the_checksum_of_nothing():
    assert book(LEVELS).checksum() == 0


# Levels.


def test_a_level_is_set_replaced_and_removed_by_its_price():
    levels = book(LEVELS, "100,1,1", "101,1,-2")
    assert update(levels, LEVELS, "99,2,5", "100,3,1.5") == ["bid", "bid"]
    assert side(levels.bids) == [[100, 3, 1.5], [99, 2, 5]]
    assert update(levels, LEVELS, "100,0,1", "101,0,-1") == ["bid", "ask"]
    assert side(levels.bids) == [[99, 2, 5]]
    assert side(levels.asks) == []


def test_a_level_is_found_by_the_value_of_its_price_not_by_its_spelling():
    levels = book(LEVELS, "0.0000001,1,1")
    update(levels, LEVELS, "1e-7,0,1")
    assert side(levels.bids) == []
    assert levels.unknown_deletes == 0


def test_the_latest_spelling_of_a_level_counts():
    levels = book(LEVELS, "0.0000001,1,1")
    update(levels, LEVELS, "1e-7,1,2")
    assert [bytes(row.price) for row in levels.bids.rows()] == [b"1e-7"]


@pytest.mark.parametrize(
    ("spec", "level", "delete"),
    [
        (LEVELS, "100,1,1", "99,0,1"),
        (LEVELS, "100,1,1", "100,0,-1"),
        (ORDERS, "7,100,1", "8,0,1"),
        (FUNDING_LEVELS, "0.0001,2,1,5", "0.0001,30,0,1"),
        (FUNDING_OFFERS, "7,2,0.0001,5", "8,2,0,1"),
    ],
)
def test_a_delete_of_what_is_not_there_is_counted_and_changes_nothing(spec, level, delete):
    target = book(spec, level)
    update(target, spec, delete)
    assert target.unknown_deletes == 1
    assert len(target.bids) + len(target.asks) == 1


def test_a_snapshot_replaces_everything():
    for spec, old, new in [(LEVELS, "100,1,1", "90,1,1"), (ORDERS, "7,100,1", "7,90,-1")]:
        target = book(spec, old)
        target.load(rows(spec, new))
        assert len(target.bids) + len(target.asks) == 1


def test_a_cleared_raw_book_has_forgotten_its_orders():
    target = book(ORDERS, "7,100,1")
    target.clear()
    update(target, ORDERS, "7,0,1")
    assert target.unknown_deletes == 1


# Single orders.


def test_an_order_that_moves_in_price_leaves_its_old_place():
    orders = book(ORDERS, "1,100,1", "2,99,1")
    update(orders, ORDERS, "1,98,1")
    assert side(orders.bids) == [[2, 99, 1], [1, 98, 1]]


def test_an_order_that_changes_its_side_leaves_the_other():
    orders = book(ORDERS, "1,100,1")
    assert update(orders, ORDERS, "1,101,-1") == ["ask"]
    assert side(orders.bids) == []
    assert side(orders.asks) == [[1, 101, -1]]


def test_an_order_is_removed_by_its_id_alone():
    orders = book(ORDERS, "1,100,1", "2,100,1", "3,101,-1")
    update(orders, ORDERS, "1,0,1", "3,0,-1")
    assert side(orders.bids) == [[2, 100, 1]]
    assert side(orders.asks) == []


def test_orders_of_one_price_stand_by_rising_id_on_both_sides():
    orders = book(ORDERS, "3,100,1", "1,100,1", "2,100,1", "9,101,-1", "7,101,-1", "8,101,-1")
    assert [row.order_id for row in orders.bids.rows()] == [1, 2, 3]
    assert [row.order_id for row in orders.asks.rows()] == [7, 8, 9]


# Funding.


def test_the_sign_of_a_funding_amount_means_the_other_side():
    levels = book(FUNDING_LEVELS, "0.0002,30,1,-100", "0.0003,2,1,50")
    assert side(levels.bids) == [[0.0002, 30, 1, -100]]
    assert side(levels.asks) == [[0.0003, 2, 1, 50]]


def test_a_funding_level_is_known_by_its_rate_and_its_period():
    levels = book(FUNDING_LEVELS, "0.0003,30,1,50", "0.0003,7,1,60")
    assert [row.period for row in levels.asks.rows()] == [7, 30]
    update(levels, FUNDING_LEVELS, "0.0003,7,0,1")
    assert [row.period for row in levels.asks.rows()] == [30]


def test_an_offer_is_removed_by_its_id_alone():
    offers = book(FUNDING_OFFERS, "5,2,0.0003,10", "6,30,0.0002,-10")
    assert update(offers, FUNDING_OFFERS, "5,2,0,1", "6,30,0,-1") == ["ask", "bid"]
    assert len(offers.bids) == len(offers.asks) == 0


# Looking at it.


def test_an_empty_side_has_no_best():
    one_sided = book(LEVELS, "101,1,-2")
    assert one_sided.bids.best is None
    assert one_sided.bids.best_price is None
    assert one_sided.asks.best_price == 101
    assert not one_sided.crossed
    assert not book(LEVELS).crossed


@pytest.mark.parametrize(
    ("bid", "ask", "crossed"), [("100", "101", False), ("100", "100", True), ("102", "101", True)]
)
def test_a_book_is_crossed_where_its_best_prices_meet(bid, ask, crossed):
    assert book(LEVELS, f"{bid},1,1", f"{ask},1,-1").crossed is crossed


def test_a_side_gives_as_many_of_its_best_as_are_asked_for():
    levels = book(LEVELS, "98,1,1", "100,1,1", "99,1,1")
    assert [float(row.price) for row in levels.bids.rows(2)] == [100, 99]
    assert len(levels.bids.rows(0)) == 0
    assert len(levels.bids) == 3


@pytest.mark.parametrize(
    ("spec", "row", "fields"),
    [
        (LEVELS, "100,3,-1.5", (b"100", 3, b"-1.5")),
        (ORDERS, "7,100,-1.5", (b"100", 1, b"-1.5")),
        (FUNDING_LEVELS, "0.0003,2,4,50", (b"0.0003", 4, b"50")),
        (FUNDING_OFFERS, "7,2,0.0003,50", (b"0.0003", 1, b"50")),
    ],
)
def test_every_kind_of_row_has_a_quote_a_number_of_orders_and_an_amount(spec, row, fields):
    [decoded] = rows(spec, row)
    count = getattr(decoded, "count", 1)
    assert (bytes(decoded.quote), count, bytes(decoded.amount)) == fields


# Any sequence of rows equals a naive model.

quotes = st.sampled_from([1, 1.5, 2, 1e-7, 0.00001, 30000])
amounts = st.sampled_from([1, -1, 0.25, -3.5])
small = st.integers(1, 3)
KINDS = {
    LEVELS: st.tuples(quotes, st.integers(0, 2), amounts),
    ORDERS: st.tuples(small, quotes | st.just(0), amounts),
    FUNDING_LEVELS: st.tuples(quotes, small, st.integers(0, 2), amounts),
    FUNDING_OFFERS: st.tuples(small, small, quotes | st.just(0), amounts),
}
ID_OF = {
    LEVELS: lambda row: (row[0], row[-1] > 0),
    ORDERS: lambda row: row[0],
    FUNDING_LEVELS: lambda row: (row[0], row[1], row[-1] > 0),
    FUNDING_OFFERS: lambda row: row[0],
}
QUOTE_OF = {LEVELS: 0, ORDERS: 1, FUNDING_LEVELS: 0, FUNDING_OFFERS: 2}
TIE_OF = {LEVELS: 0, ORDERS: 0, FUNDING_LEVELS: 1, FUNDING_OFFERS: 0}
DELETES_AT = {LEVELS: 1, ORDERS: 1, FUNDING_LEVELS: 2, FUNDING_OFFERS: 2}


def naive_sides(spec: str, sequence: list[tuple]) -> tuple[list, list, int]:
    """A dict and a sort: what the book must hold, and how many deletes hit nothing."""
    held: dict[object, tuple] = {}
    unknown = 0
    for row in sequence:
        if row[DELETES_AT[spec]] == 0:
            unknown += held.pop(ID_OF[spec](row), None) is None
        else:
            held[ID_OF[spec](row)] = row
    above = -1 if spec in (FUNDING_LEVELS, FUNDING_OFFERS) else 1
    quote, tie = QUOTE_OF[spec], TIE_OF[spec]
    bids = [row for row in held.values() if row[-1] * above > 0]
    asks = [row for row in held.values() if row[-1] * above < 0]
    bids.sort(key=lambda row: (-row[quote], row[tie]))
    asks.sort(key=lambda row: (row[quote], row[tie]))
    return [list(row) for row in bids], [list(row) for row in asks], unknown


@pytest.mark.parametrize("spec", KINDS)
@given(data=st.data())
def test_any_sequence_of_rows_leaves_the_book_that_a_naive_model_leaves(spec, data):
    snapshot = data.draw(st.lists(KINDS[spec], max_size=8))
    updates = data.draw(st.lists(KINDS[spec], max_size=30))
    target = order_book(parse_spec(spec))
    target.load(decode(spec, encode([1, snapshot])).payload)
    for row in updates:
        target.apply(rows_of(decode(spec, encode([1, row])))[0])
    bids, asks, unknown = naive_sides(spec, snapshot + updates)
    assert side(target.bids) == bids
    assert side(target.asks) == asks
    assert target.unknown_deletes == unknown
    assert target.bids.best_price == (bids[0][QUOTE_OF[spec]] if bids else None)
    assert target.asks.best_price == (asks[0][QUOTE_OF[spec]] if asks else None)
