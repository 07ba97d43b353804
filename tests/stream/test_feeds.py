"""Feeds: decoded rows in, the records that the user asked for out."""

from __future__ import annotations

import json
from decimal import Decimal
from itertools import groupby

import pytest
from captures import LOBO, capture_lines
from feeding import Feeding
from frames import decode, encode
from hypothesis import given
from hypothesis import strategies as st

from bfxstream.book import order_book
from bfxstream.protocol.channels import parse_spec
from bfxstream.protocol.events import Gap
from bfxstream.protocol.views import BookView
from bfxstream.stream.policy import MOST_HELD, Policy

POLICY = Policy()
BOOK = "book:tBTCUSD:P0:F0:25"
SNAPSHOT = [[100, 1, 1], [99, 2, 2], [101, 1, -3], [102, 1, -4]]


def levels(records: list[dict]) -> list[tuple]:
    return [(r["type"], r["side"], r["price"], r["count"], r["amount"]) for r in records]


def tops(records: list[dict]) -> list[tuple]:
    return [(r["bid"], r["ask"]) for r in records]


def fulls(records: list[dict]) -> list[tuple]:
    return [(r["bids"], r["asks"]) for r in records]


# Tickers.


def test_a_ticker_is_given_for_each_row_with_the_apis_names():
    feeding = Feeding("ticker:tBTCUSD")
    [record] = feeding.take([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    assert (record["bid"], record["last_price"], record["low"]) == (1, 7, 10)
    assert record["first_trade"] is None
    assert len(feeding.take([1] * 11)) == 1


def test_a_funding_ticker_leaves_the_placeholders_out():
    feeding = Feeding("ticker:fUSD")
    [record] = feeding.take([*range(13), None, None, 15, 16])
    assert (record["frr"], record["frr_amount_available"], record["first_trade"]) == (0, 15, 16)
    assert not [name for name in record if name.startswith("placeholder")]


def test_a_ticker_is_complete_with_its_first_row_and_not_with_a_heartbeat():
    feeding = Feeding("ticker:tBTCUSD")
    assert feeding.take("hb") == []
    assert not feeding.feed.complete
    feeding.take([1] * 10)
    assert feeding.feed.complete


# Trades.


def trade(trade_id: int) -> list:
    return [trade_id, 1000 * trade_id, 0.5, 100]


def given_trades(records: list[dict]) -> list[tuple[str, int]]:
    return [(record["type"], record["id"]) for record in records]


def test_a_snapshot_of_trades_is_given_oldest_first():
    feeding = Feeding("trades:tBTCUSD")
    records = feeding.take([trade(3), trade(2), trade(1)])
    assert given_trades(records) == [("snapshot", 1), ("snapshot", 2), ("snapshot", 3)]
    assert feeding.feed.complete


def test_a_trade_is_given_with_its_te_and_not_again_with_its_tu():
    feeding = Feeding("trades:tBTCUSD")
    feeding.take([])
    assert given_trades(feeding.take("te", trade(5))) == [("te", 5)]
    assert feeding.take("tu", trade(5)) == []
    assert feeding.stats.duplicates_dropped == 0


def test_a_trade_whose_te_was_missed_is_given_with_its_tu():
    feeding = Feeding("trades:tBTCUSD")
    feeding.take([])
    assert given_trades(feeding.take("tu", trade(5))) == [("tu", 5)]
    assert feeding.take("te", trade(5)) == []


def test_every_update_gives_both_and_still_neither_twice():
    feeding = Feeding("trades:tBTCUSD", every_update=True)
    feeding.take([])
    assert given_trades(feeding.take("te", trade(5))) == [("te", 5)]
    assert given_trades(feeding.take("tu", trade(5))) == [("tu", 5)]
    assert feeding.take("te", trade(5)) == feeding.take("tu", trade(5)) == []
    assert feeding.stats.duplicates_dropped == 2


def test_a_funding_trade_has_rate_and_period():
    feeding = Feeding("trades:fUSD")
    feeding.take([])
    [record] = feeding.take("fte", [5, 1000, -59.84, 0.00023647, 2])
    assert (record["type"], record["rate"], record["period"]) == ("te", 0.00023647, 2)


def test_trades_before_the_snapshot_wait_for_it_because_it_is_older():
    feeding = Feeding("trades:tBTCUSD")
    assert feeding.take("te", trade(5)) == feeding.take("te", trade(6)) == []
    records = feeding.take([trade(5), trade(4)])
    assert given_trades(records) == [("snapshot", 4), ("snapshot", 5), ("te", 6)]


def test_trades_wait_for_a_snapshot_only_so_long():
    feeding = Feeding("trades:tBTCUSD")
    feeding.take("te", trade(5))
    assert feeding.after(POLICY.snapshot_wait * 0.9) == []
    assert given_trades(feeding.after(POLICY.snapshot_wait * 0.2)) == [("te", 5)]


def test_only_so_many_trades_wait_for_a_snapshot():
    feeding = Feeding("trades:tBTCUSD")
    given = [feeding.take("te", trade(i)) for i in range(MOST_HELD + 1)]
    assert list(map(len, given)) == [0] * MOST_HELD + [MOST_HELD + 1]


def test_after_a_resubscription_only_what_was_missed_is_given():
    feeding = Feeding("trades:tBTCUSD")
    feeding.take([trade(2), trade(1)])
    feeding.take("te", trade(3))
    feeding.resubscribed()
    records = feeding.take([trade(5), trade(4), trade(3), trade(2)])
    assert given_trades(records) == [("backfill", 4), ("backfill", 5)]
    assert (feeding.stats.trades_backfilled, feeding.stats.duplicates_dropped) == (2, 2)
    assert feeding.gaps == []


def test_what_a_snapshot_does_not_reach_is_reported_by_its_bounds():
    feeding = Feeding("trades:tBTCUSD")
    feeding.take([trade(2), trade(1)])
    feeding.resubscribed()
    records = feeding.take([trade(9), trade(8)])
    assert given_trades(records) == [("backfill", 8), ("backfill", 9)]
    assert feeding.gaps == [Gap("trades:tBTCUSD", 2, 8, 2000, 8000)]


def test_without_the_snapshot_its_trades_are_known_all_the_same():
    feeding = Feeding("trades:tBTCUSD", snapshots=False)
    assert feeding.take([trade(2), trade(1)]) == []
    assert feeding.take("tu", trade(2)) == []
    assert given_trades(feeding.take("te", trade(3))) == [("te", 3)]


def test_without_the_snapshot_what_an_interruption_missed_is_given():
    feeding = Feeding("trades:tBTCUSD", snapshots=False)
    feeding.take([trade(2), trade(1)])
    feeding.resubscribed()
    assert given_trades(feeding.take([trade(3), trade(2)])) == [("backfill", 3)]


def test_once_gives_the_last_trade_alone():
    feeding = Feeding("trades:tBTCUSD", once=True)
    assert given_trades(feeding.take([trade(3), trade(2)])) == [("snapshot", 3)]
    assert feeding.feed.complete


def test_once_waits_for_a_trade_where_there_was_none_yet():
    feeding = Feeding("trades:tBTCUSD", once=True)
    assert feeding.take([]) == []
    assert not feeding.feed.complete
    feeding.take("te", trade(1))
    assert feeding.feed.complete


# Books, every view.

VIEWS = list(BookView)


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_keeps_the_book_and_is_complete_with_its_snapshot(view):
    feeding = Feeding(BOOK, view)
    assert feeding.take("hb") == []
    assert not feeding.feed.complete
    feeding.take(SNAPSHOT)
    assert feeding.feed.complete
    feeding.take([98, 1, 5])
    feeding.take([[100, 0, 1], [101, 2, -1]])
    assert [float(row.price) for row in feeding.feed.book.bids.rows()] == [99, 98]
    assert [float(row.amount) for row in feeding.feed.book.asks.rows()] == [-1, -4]


@pytest.mark.parametrize("view", VIEWS)
def test_a_right_checksum_proves_the_book(view):
    feeding = Feeding(BOOK, view)
    feeding.take(SNAPSHOT)
    assert not feeding.feed.checksum_ok
    assert feeding.checksum() == []
    assert feeding.feed.checksum_ok
    assert (feeding.stats.checksums, feeding.stats.checksum_mismatches) == (1, 0)
    assert not feeding.resyncs


@pytest.mark.parametrize("view", VIEWS)
def test_a_wrong_checksum_silences_the_book_until_its_new_snapshot(view):
    feeding = Feeding(BOOK, view)
    feeding.take(SNAPSHOT)
    assert feeding.checksum(right=False) == []
    assert ["checksum" in reason for reason in feeding.resyncs] == [True]
    assert feeding.stats.checksum_mismatches == 1
    assert len(feeding.feed.book.bids) == 0
    assert feeding.take([98, 1, 5]) == feeding.take([[97, 1, 5]]) == []
    assert feeding.after(10) == []
    feeding.take("cs", 12345)
    assert feeding.stats.checksums == 1, "an invalid book is not compared"
    feeding.resubscribed()
    records = feeding.take([[50, 1, 1], [51, 1, -1]])
    assert bool(records) is (view is not BookView.STATE)
    assert feeding.feed.book.bids.best_price == 50


def test_mismatches_are_counted_in_a_row_until_a_proof():
    feeding = Feeding(BOOK)
    for expected in (1, 2):
        feeding.resubscribed()
        feeding.take(SNAPSHOT)
        feeding.checksum(right=False)
        assert feeding.times_in_a_row == expected
    feeding.resubscribed()
    feeding.take(SNAPSHOT)
    feeding.checksum()
    feeding.checksum(right=False)
    assert feeding.times_in_a_row == 1


@pytest.mark.parametrize("spec", ["book:fUSD:P0", "book:tBTCUSD:P0:1"])
def test_the_checksum_of_a_book_that_cannot_be_verified_is_ignored(spec):
    feeding = Feeding(spec)
    feeding.take([])
    feeding.take("cs", 12345)
    assert feeding.stats.checksums == 0
    assert not feeding.resyncs


@pytest.mark.parametrize("view", [BookView.LEVELS, BookView.FULL, BookView.TOP])
def test_without_the_snapshot_the_first_record_is_an_update(view):
    feeding = Feeding(BOOK, view, snapshots=False)
    assert feeding.take(SNAPSHOT) == []
    assert feeding.after(10) == []
    assert len(feeding.take([[100.5, 1, 5]])) == 1


# Levels.


def test_levels_gives_every_row_as_it_comes():
    feeding = Feeding(BOOK)
    assert levels(feeding.take(SNAPSHOT)) == [
        ("snapshot", "bid", 100, 1, 1),
        ("snapshot", "bid", 99, 2, 2),
        ("snapshot", "ask", 101, 1, -3),
        ("snapshot", "ask", 102, 1, -4),
    ]
    assert levels(feeding.take([100, 0, 1])) == [("update", "bid", 100, 0, 1)]
    assert levels(feeding.take([[101, 2, -1], [98, 1, 5]])) == [
        ("update", "ask", 101, 2, -1),
        ("update", "bid", 98, 1, 5),
    ]


def test_levels_of_funding_flip_the_sides():
    feeding = Feeding("book:fUSD:P0")
    records = feeding.take([[0.0002, 30, 1, -100], [0.0003, 2, 1, 50]])
    assert [(r["side"], r["period"]) for r in records] == [("bid", 30), ("ask", 2)]


@pytest.mark.parametrize(
    ("spec", "row", "key", "value"),
    [("book:tBTCUSD:R0", [7, 0, -1], "order_id", 7), ("book:fUSD:R0", [8, 2, 0, 1], "offer_id", 8)],
)
def test_an_order_that_is_gone_is_given_with_its_side(spec, row, key, value):
    feeding = Feeding(spec)
    feeding.take([])
    [record] = feeding.take(row)
    assert (record["type"], record["side"], record[key]) == ("update", "ask", value)


@given(st.lists(st.tuples(st.integers(95, 105), st.integers(0, 2), st.sampled_from([1, -1]))))
def test_whoever_applies_the_levels_holds_the_feeds_book(rows):
    feeding = Feeding(BOOK)
    printed = feeding.take(SNAPSHOT)
    for row in rows:
        printed += feeding.take(list(row))
    theirs = order_book(parse_spec(BOOK))
    for record in printed:
        row = [record["price"], record["count"], record["amount"]]
        side = theirs.apply(decode(BOOK, encode([1, row])).payload)
        assert side == record["side"]
    assert theirs.checksum() == feeding.feed.book.checksum()


# The whole book, after each burst.


def test_the_whole_book_is_given_best_first_with_positive_amounts():
    [record] = Feeding(BOOK, BookView.FULL).take(SNAPSHOT)
    assert record == {
        "channel": "book",
        "symbol": "tBTCUSD",
        "mts": 1700,
        "bids": [[100, 1, 1], [99, 2, 2]],
        "asks": [[101, 1, 3], [102, 1, 4]],
        "checksum": None,
    }


def test_the_whole_book_says_whether_it_was_proven():
    feeding = Feeding(BOOK, BookView.FULL)
    feeding.take(SNAPSHOT)
    feeding.checksum()
    [record] = feeding.take([[98, 1, 1]])
    assert record["checksum"] == "ok"
    feeding.resubscribed()
    assert [r["checksum"] for r in feeding.take(SNAPSHOT)] == [None]


def test_a_raw_whole_book_gives_orders():
    [record] = Feeding("book:tBTCUSD:R0", BookView.FULL).take([[7, 100, 1], [8, 101, -2.5]])
    assert (record["bids"], record["asks"]) == ([[7, 100, 1]], [[8, 101, 2.5]])


def test_orders_of_one_price_stand_by_rising_id_as_the_exchange_has_them():
    feeding = Feeding("book:tBTCUSD:R0", BookView.FULL)
    feeding.take([[9, 100, 1], [12, 100, 2], [20, 101, -1], [25, 101, -2]])
    [record] = feeding.take([[10, 100, 3], [22, 101, -4], [25, 102, -2], [26, 101, -5]])
    assert [row[0] for row in record["bids"]] == [9, 10, 12]
    assert [row[0] for row in record["asks"]] == [20, 22, 26, 25]


def test_a_funding_whole_book_gives_rates_and_periods():
    rows = [[0.0002, 30, 1, -100], [0.0003, 2, 1, 50]]
    [record] = Feeding("book:fUSD:P0", BookView.FULL).take(rows)
    assert (record["bids"], record["asks"]) == ([[0.0002, 30, 1, 100]], [[0.0003, 2, 1, 50]])


@pytest.mark.parametrize("view", [BookView.FULL, BookView.TOP])
def test_a_bulk_update_is_one_burst_and_given_at_once(view):
    feeding = Feeding(BOOK, view)
    feeding.take(SNAPSHOT)
    assert len(feeding.take([[100, 0, 1], [100.5, 1, 2]])) == 1
    assert feeding.after(10) == []


def test_without_bulk_a_burst_is_over_when_a_delete_follows_a_set():
    feeding = Feeding(BOOK, BookView.FULL)
    feeding.take(SNAPSHOT)
    assert feeding.take([100, 0, 1]) == []
    assert feeding.take([101, 0, -1]) == []
    assert feeding.take([100.5, 1, 2]) == []
    [record] = feeding.take([99, 0, 1])
    assert (record["bids"], record["asks"]) == ([[100.5, 1, 2], [99, 2, 2]], [[102, 1, 4]])


@pytest.mark.parametrize("frame", [["hb"], ["zz", []]])
def test_without_bulk_a_burst_is_over_when_another_kind_of_frame_comes(frame):
    feeding = Feeding(BOOK, BookView.FULL)
    feeding.take(SNAPSHOT)
    feeding.take([100, 0, 1])
    assert fulls(feeding.take(*frame)) == [([[99, 2, 2]], [[101, 1, 3], [102, 1, 4]])]
    assert feeding.take(*frame) == []
    assert feeding.after(10) == []


def test_without_bulk_a_checksum_ends_the_burst_and_proves_it_at_once():
    feeding = Feeding(BOOK, BookView.FULL)
    feeding.take(SNAPSHOT)
    feeding.take([98, 1, 1])
    assert [record["checksum"] for record in feeding.checksum()] == ["ok"]


def test_without_bulk_a_burst_is_over_after_a_pause():
    feeding = Feeding(BOOK, BookView.FULL)
    feeding.take(SNAPSHOT)
    feeding.take([100, 0, 1])
    assert feeding.after(POLICY.burst_pause * 0.9) == []
    feeding.take([98, 1, 5])
    assert feeding.after(POLICY.burst_pause * 0.9) == [], "the pause begins anew"
    assert len(feeding.after(POLICY.burst_pause * 0.2)) == 1
    assert feeding.after(10) == []


def test_a_checksum_that_fails_in_a_burst_gives_nothing_of_it():
    feeding = Feeding(BOOK, BookView.TOP)
    feeding.take(SNAPSHOT)
    feeding.take([100, 0, 1])
    assert feeding.checksum(right=False) == []
    assert feeding.after(10) == []


def test_a_new_snapshot_ends_an_unfinished_burst():
    feeding = Feeding(BOOK, BookView.FULL)
    feeding.take(SNAPSHOT)
    feeding.take([100, 0, 1])
    feeding.resubscribed()
    assert len(feeding.take(SNAPSHOT)) == 1
    assert feeding.after(10) == []


def burst(changes: dict[int, int]) -> list[list[int]]:
    """Levels (bids below 100, asks above) to their new counts, as the exchange orders them."""
    rows = [[price, count, 1 if price < 100 else -1] for price, count in changes.items()]
    return sorted(rows, key=lambda row: (row[1] > 0, row[2] < 0, -row[2] * row[0]))


@given(
    st.lists(
        st.dictionaries(st.integers(90, 110).filter(lambda p: p != 100), st.integers(0, 2)),
        max_size=8,
    )
)
def test_without_bulk_no_state_from_within_a_burst_is_ever_given(sequence):
    feeding, whole = Feeding(BOOK, BookView.FULL), Feeding(BOOK, BookView.FULL)
    feeding.take(SNAPSHOT)
    settled = fulls(whole.take(SNAPSHOT))
    seen = []
    for changes in sequence:
        settled += fulls(whole.take(burst(changes)))
        for row in burst(changes):
            seen += fulls(feeding.take(row))
    seen += fulls(feeding.after(10))
    assert [state for state in seen if state not in settled] == []
    if any(sequence):
        assert seen[-1] == settled[-1]


def test_without_bulk_no_state_from_within_a_real_burst_of_orders_is_given():
    """A burst is what has one time of the exchange; within it sets come in any order."""
    frames = [json.loads(line) for line in capture_lines(LOBO) if line.startswith(b"[166098,[")]
    snapshot, *updates = (frame[1:] for frame in frames)
    feeding = Feeding("book:tBTCUSD:R0:250", BookView.FULL)
    whole = Feeding("book:tBTCUSD:R0:250", BookView.FULL)
    feeding.take(snapshot[0])
    settled = fulls(whole.take(snapshot[0]))
    seen = []
    for _, rows in groupby(updates, key=lambda update: update[2]):
        orders = [order for order, *_ in rows]
        settled += fulls(whole.take(orders))
        for order in orders:
            seen += fulls(feeding.take(order))
    seen += fulls(feeding.after(10))
    assert len(seen) > 20, "most of the 26 bursts, one by one"
    assert [state for state in seen if state not in settled] == []


def test_thinned_a_book_is_given_at_once_and_then_no_more_often_than_asked():
    feeding = Feeding(BOOK, BookView.FULL, every=1.0)
    assert len(feeding.take(SNAPSHOT)) == 1
    assert feeding.take([[98, 1, 1]]) == []
    assert feeding.after(0.5) == []
    assert feeding.take([[97, 1, 1]]) == []
    [record] = feeding.after(0.5)
    assert [row[0] for row in record["bids"]] == [100, 99, 98, 97], "the latest state"
    assert feeding.after(5) == [], "nothing has changed"
    assert len(feeding.take([[96, 1, 1]])) == 1, "and then at once"


def test_thinned_no_state_from_within_a_burst_is_given():
    feeding = Feeding(BOOK, BookView.FULL, every=1.0)
    feeding.take(SNAPSHOT)
    feeding.now += 0.5
    feeding.take([[98, 1, 1]])
    feeding.now += 0.49
    feeding.take([100, 0, 1])
    assert feeding.after(0.02) == [], "it is due, but the book is between delete and set"
    feeding.take([100.5, 1, 1])
    assert [record["bids"][0][0] for record in feeding.after(0.1)] == [100.5]


# The top.


def test_the_top_is_the_best_of_each_side_with_what_follows():
    [record] = Feeding(BOOK, BookView.TOP).take(SNAPSHOT)
    assert record == {
        "channel": "book",
        "symbol": "tBTCUSD",
        "bid": 100,
        "bid_amount": 1,
        "ask": 101,
        "ask_amount": 3,
        "mid": 100.5,
        "spread": 1,
    }


@pytest.mark.parametrize(
    ("bid", "ask", "mid", "spread"),
    [
        ("0.1", "0.3", "0.2", "0.2"),
        ("8744.9", "8745", "8744.95", "0.1"),
        ("1e-8", "3e-8", "2e-8", "2e-8"),
        ("1e-8", "2e-8", "1.5e-8", "1e-8"),
        ("100", "100", "100", "0"),
        ("0.0000011", "0.00000111", "0.000001105", "1e-8"),
        ("99999", "100001", "100000", "2"),
    ],
)
def test_mid_and_spread_are_exact_and_spelled_as_the_exchange_would(bid, ask, mid, spread):
    feeding = Feeding(BOOK, BookView.TOP)
    frame = f"[5,[[{bid},1,1],[{ask},1,-1]]]".encode()
    feeding.feed.receive(decode(BOOK, frame), True)
    [top] = feeding.context.out
    tokens = [bytes(value).decode() for value in (top.bid, top.ask, top.mid, top.spread)]
    assert tokens == [bid, ask, mid, spread]
    assert Decimal(mid) * 2 == Decimal(bid) + Decimal(ask)


def test_the_top_copes_with_any_price_that_is_a_number():
    feeding = Feeding(BOOK, BookView.TOP)
    frame = b"[5,[[2,1,1],[1e-99999999999999999999,1,-1]]]"
    feeding.feed.receive(decode(BOOK, frame), True)
    [top] = feeding.context.out
    assert (bytes(top.mid), bytes(top.spread)) == (b"1", b"-2")


def test_the_top_is_given_only_when_it_changes():
    feeding = Feeding(BOOK, BookView.TOP)
    feeding.take(SNAPSHOT)
    assert feeding.take([[99, 1, 7]]) == []
    assert tops(feeding.take([[100.5, 1, 2]])) == [(100.5, 101)]
    assert len(feeding.take([[100.5, 1, 3]])) == 1, "an amount changed"
    feeding.resubscribed()
    assert feeding.take([[100.5, 1, 3], [101, 1, -3]]) == [], "the same top again"


def test_the_top_between_the_deletes_and_the_sets_of_a_burst_is_never_given():
    feeding = Feeding(BOOK, BookView.TOP)
    feeding.take(SNAPSHOT)
    given_tops = []
    for row in [[100, 0, 1], [101, 0, -1], [100.2, 1, 1], [100.8, 1, -1], [99, 0, 1]]:
        given_tops += tops(feeding.take(row))
    assert given_tops == [(100.2, 100.8)]


def test_the_top_of_an_empty_side_is_null():
    feeding = Feeding(BOOK, BookView.TOP)
    [record] = feeding.take([[101, 1, -3]])
    assert (record["bid"], record["bid_amount"], record["ask"]) == (None, None, 101)
    assert (record["mid"], record["spread"]) == (None, None)
    [record] = feeding.take([[101, 0, -1]])
    assert (record["bid"], record["ask"]) == (None, None)


# The state alone.


def test_the_state_gives_no_records_at_all():
    feeding = Feeding(BOOK, BookView.STATE)
    assert feeding.take(SNAPSHOT) == feeding.take([98, 1, 1]) == feeding.after(10) == []
    assert len(feeding.feed.book.bids) == 3
