"""The trade ledger: every trade once, and holes told by their bounds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from bfxstream.protocol.rows import TradeRow
from bfxstream.trades import GENERATION, Hole, TradeLedger


def trade(trade_id: int) -> TradeRow:
    """A trade whose time follows from its id."""
    return TradeRow(trade_id, 1000 * trade_id, Raw(b"1"), Raw(b"100"))


def trades(*ids: int) -> list[TradeRow]:
    return [trade(trade_id) for trade_id in ids]


def ids(rows: list[TradeRow]) -> list[int]:
    return [row.id for row in rows]


def test_a_trade_is_accepted_once():
    ledger = TradeLedger()
    assert ledger.accept(trade(7))
    assert not ledger.accept(trade(7))
    assert ledger.accept(trade(8))


def test_a_trade_that_comes_late_is_accepted():
    ledger = TradeLedger()
    ledger.accept(trade(9))
    assert ledger.accept(trade(8))


def test_a_snapshot_comes_out_oldest_first_whatever_its_order():
    assert ids(TradeLedger().accept_rows(trades(9, 7, 8))) == [7, 8, 9]


def test_a_stream_that_has_not_begun_has_no_hole_in_it():
    assert TradeLedger().hole_before(trade(999)) is None


def test_a_snapshot_that_reaches_back_gives_what_is_new_and_has_no_hole():
    ledger = TradeLedger()
    ledger.accept_rows(trades(3, 2, 1))
    ledger.accept(trade(5))
    assert ledger.hole_before(trade(3)) is None
    assert ids(ledger.accept_rows(trades(8, 6, 5, 3))) == [6, 8]


def test_what_does_not_reach_back_has_a_hole_before_it_with_bounds_on_both_sides():
    ledger = TradeLedger()
    ledger.accept_rows(trades(3, 2, 1))
    ledger.accept(trade(5))
    hole = ledger.hole_before(trade(10))
    assert hole == Hole(first_id=5, first_mts=5000, last_id=10, last_mts=10_000)
    assert ledger.hole_before(trade(5)) is None


def test_what_is_older_than_the_first_trade_of_the_stream_is_not_given_later():
    ledger = TradeLedger()
    ledger.accept(trade(50))
    assert ids(ledger.accept_rows(trades(52, 50, 48, 47))) == [52]


def test_an_empty_snapshot_gives_nothing_and_begins_the_stream():
    ledger = TradeLedger()
    assert ledger.accept_rows([]) == []
    assert ledger.hole_before(trade(5)) == Hole(0, 0, 5, 5000)
    ledger.accept(trade(5))
    assert ledger.accept_rows([]) == []


def test_a_trade_twice_in_one_snapshot_is_given_once():
    assert ids(TradeLedger().accept_rows(trades(5, 5, 4))) == [4, 5]


def test_the_memory_is_bounded_and_forgets_the_oldest_first():
    ledger = TradeLedger()
    newest = 10 * GENERATION
    for trade_id in range(1, newest + 1):
        ledger.accept(trade(trade_id))
    known = [trade_id for trade_id in range(1, newest + 1) if ledger.knows(trade_id)]
    assert known == list(range(known[0], newest + 1))
    assert 2 * GENERATION <= len(known) <= 3 * GENERATION + 1
    assert ledger.accept(trade(1)), "the oldest is forgotten"


def test_a_snapshot_never_brings_back_what_the_ledger_has_forgotten():
    ledger = TradeLedger()
    newest = 5 * GENERATION
    for trade_id in range(1, newest):
        ledger.accept(trade(trade_id))
    assert ids(ledger.accept_rows(trades(*range(1, newest + 1)))) == [newest]


arrivals = st.lists(
    st.integers(1, 60) | st.lists(st.integers(1, 60), max_size=10, unique=True), max_size=60
)


@given(arrivals)
def test_no_interleaving_gives_a_trade_twice_and_a_snapshots_rows_rise(sequence):
    ledger = TradeLedger()
    given_ids: list[int] = []
    for arrival in sequence:
        if isinstance(arrival, int):
            given_ids += [arrival] * ledger.accept(trade(arrival))
            continue
        hole = ledger.hole_before(trade(min(arrival))) if arrival else None
        if hole is not None:
            assert hole.first_id == max(given_ids, default=0) < hole.last_id == min(arrival)
        fresh = ledger.accept_rows(trades(*arrival))
        assert ids(fresh) == sorted(ids(fresh))
        assert set(ids(fresh)) <= set(arrival)
        given_ids += ids(fresh)
    assert len(given_ids) == len(set(given_ids))


@given(st.lists(st.integers(1, 5), min_size=1, max_size=40), st.data())
def test_the_feed_of_the_exchange_is_given_whole_whatever_is_repeated(steps, data):
    """Ids that rise by steps, each live or in a snapshot of the last few: none is left out.

    Of so few as are remembered here, most are forgotten on the way.
    """
    ledger, last, seen, given_ids = TradeLedger(generation=4), 100, [], []
    for step in steps:
        last += step
        seen.append(last)
        if data.draw(st.booleans()):
            given_ids += [last] * ledger.accept(trade(last))
        else:
            reach = data.draw(st.integers(2, 8))
            latest = trades(*seen[-reach:])
            assert ledger.hole_before(latest[0]) is None
            given_ids += ids(ledger.accept_rows(latest))
    assert given_ids == seen
