"""The comparison with the journal sees whatever can be wrong with what was printed."""

from __future__ import annotations

from typing import Any

import pytest
from bench.healing import Events, healings
from bench.truth import Comparison, Journal, Verdict

Line = dict[str, Any]

BOOK = "book:tBTCUSD:P0:F0:25"


def trade(number: int, kind: str = "te", **more: Any) -> Line:
    fields = {"symbol": "tBTCUSD", "id": number, "mts": number, "amount": "1", "price": 100}
    return {"channel": "trades", "type": kind, **fields, **more}


def level(price: str, count: int, amount: str, seq: int, kind: str = "update") -> Line:
    side = "ask" if amount.startswith("-") else "bid"
    fields = {"side": side, "price": price, "count": count, "amount": amount, "seq": seq}
    return {"channel": "book", "symbol": "tBTCUSD", "type": kind, **fields}


def candle(mts: int, close: str) -> Line:
    prices = {"open": "1", "close": close, "high": "9", "low": "1", "volume": "5"}
    return {"channel": "candles", "symbol": "tBTCUSD", "timeframe": "1m", "mts": mts, **prices}


def happened(kind: str, mts: int = 0, **more: Any) -> Line:
    return {"event": kind, "mts": mts, **more}


def joined(chan_id: int, mts: int = 0) -> Line:
    return happened("subscribed", mts, spec=BOOK, chan_id=chan_id)


def true_trade(number: int) -> Line:
    line = trade(number)
    return {**line, "type": "trade"}


def true_book(seqs: dict[str, int], *rows: list[Any]) -> Line:
    return {"type": "book", "mts": 1, "symbol": "tBTCUSD", "rows": list(rows), "seqs": seqs}


def compared(journal: list[Line], printed: list[Line]) -> Verdict:
    comparison = Comparison(Journal(journal))
    for line in printed:
        comparison.take(line)
    return comparison.conclude()


@pytest.mark.parametrize(
    ("printed", "faults"),
    [
        ([trade(1), trade(2), trade(3)], {}),
        ([trade(2), trade(3)], {}),
        ([trade(1), trade(3)], {"lost", "untold"}),
        ([trade(1), trade(1), trade(2), trade(3)], {"twice"}),
        ([trade(1), trade(3), trade(2)], {"disordered"}),
        ([trade(1), trade(2, price=101), trade(3)], {"altered"}),
        ([trade(1), trade(2), trade(3), trade(4)], {"altered"}),
    ],
)
def test_trades(printed, faults):
    assert compared(list(map(true_trade, (1, 2, 3))), printed).faults.keys() == set(faults)


def test_a_loss_that_is_told_is_a_loss():
    gap = happened("gap", spec="trades:tBTCUSD", first=1, last=3)
    verdict = compared(list(map(true_trade, (1, 2, 3))), [trade(1), gap, trade(3)])
    assert verdict.faults == {"lost": ["tBTCUSD 2"]}


SNAPSHOT = [level("100", 1, "2", 1, "snapshot"), level("101", 1, "-2", 1, "snapshot")]
ROWS = (["100", 1, "2"], ["101", 1, "-2"])


@pytest.mark.parametrize(
    ("updates", "rows"),
    [
        ([], ROWS),
        ([level("100", 0, "1", 2)], ROWS[1:]),
        ([level("99", 3, "4", 2)], (*ROWS, ["99", 3, "4"])),
        ([level("100", 5, "6", 2)], (["100", 5, "6"], ROWS[1])),
    ],
)
def test_a_book_is_what_its_records_make_of_it(updates, rows):
    journal = [true_book({"7": 5}, *rows)]
    verdict = compared(journal, [joined(7), *SNAPSHOT, *updates, level("98", 1, "1", 6)])
    assert (verdict.books, verdict.faults) == (1, {})
    verdict = compared(journal, [joined(7), *SNAPSHOT, level("1", 1, "1", 3), trade(1, seq=6)])
    assert verdict.wrong_books


@pytest.mark.parametrize(
    "interruption",
    [
        happened("resync", spec=BOOK),
        happened("reconnecting"),
        happened("gap", spec=None),
        happened("maintenance", phase="started"),
    ],
)
def test_a_book_counts_again_from_the_snapshot_behind_an_interruption(interruption):
    journal = [true_book({"7": 5}, ["1", 1, "1"]), true_book({"8": 20}, *ROWS)]
    printed = [joined(7), *SNAPSHOT, interruption, level("50", 1, "1", 7)]
    assert compared(journal, printed).books == 0
    verdict = compared(journal, [*printed, joined(8), *SNAPSHOT, level("99", 1, "1", 21)])
    assert (verdict.books, verdict.faults) == (1, {})


def test_closed_candles_are_compared_in_their_last_state():
    journal = [
        {**candle(mts, "3"), "type": "candle", "key": "trade:1m:tBTCUSD"} for mts in (1, 2, 3)
    ]
    good = [candle(1, "2"), candle(1, "3"), candle(2, "3"), candle(3, "2")]
    assert compared(journal, good).candles == 2
    assert compared(journal, good).faults == {}
    assert compared(journal, [candle(1, "2"), *good[2:]]).wrong_candles == ["trade:1m:tBTCUSD 1"]
    assert compared(journal, [good[1], good[3]]).wrong_candles == ["trade:1m:tBTCUSD 2"]


def test_a_fault_is_healed_when_all_it_concerned_is_subscribed_anew():
    log = [
        {"event": "fault", "mts": 1000, "kind": "drop"},
        {"event": "fault", "mts": 1000, "kind": "mute", "chan_id": 7},
        {"event": "fault", "mts": 1000, "kind": "dup"},
    ]
    other = happened("subscribed", 500, spec="trades:tBTCUSD", chan_id=9)
    events = [joined(7, 500), other, happened("reconnecting", 1200), joined(8, 1500)]
    found = healings(log, Events(events))
    assert found["drop"].noticed_after == found["mute"].noticed_after == [0.2]
    assert (found["drop"].healed_after, found["mute"].healed_after) == ([], [0.5])
    assert (found["dup"].faults, found["dup"].healed_after) == (1, [])
    found = healings(log, Events([*events, {**other, "mts": 1700}]))
    assert found["drop"].healed_after == [0.7]
