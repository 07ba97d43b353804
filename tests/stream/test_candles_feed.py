"""The feeds of candles: each state once, each closed candle once, whatever interrupts them."""

from __future__ import annotations

from concurrent.futures import Future

import msgspec
import pytest
from feeding import Feeding
from frames import encode
from hypothesis import given
from hypothesis import strategies as st

from bfxstream.errors import BfxStreamError, Refused
from bfxstream.protocol.rows import CandleRow
from bfxstream.stream.candles_feed import LEAST_REMEMBERED
from bfxstream.stream.policy import Policy

SPEC = "candles:1m:tBTCUSD"
POLICY = Policy()


def candle(mts: int, close: float = 1, volume: float = 1) -> list:
    return [mts, 1, close, 2, 0.5, volume]


def told(records: list[dict]) -> list[tuple]:
    return [(record["type"], record["mts"], record["close"]) for record in records]


def starts(records: list[dict]) -> list[int]:
    return [record["mts"] for record in records]


# Every state.


def test_a_snapshot_is_given_oldest_first_and_updates_as_they_come():
    feeding = Feeding(SPEC)
    snapshot = feeding.take([candle(3), candle(2), candle(1)])
    assert told(snapshot) == [("snapshot", 1, 1), ("snapshot", 2, 1), ("snapshot", 3, 1)]
    assert told(feeding.take(candle(3, 7))) == [("update", 3, 7)]
    assert told(feeding.take(candle(4, 8))) == [("update", 4, 8)]
    assert told(feeding.take(candle(3, 9))) == [("update", 3, 9)]


def test_a_record_has_the_apis_names_and_says_which_candles_these_are():
    [record] = Feeding(SPEC).take([[1654074420000, 31633, 31631, 31640, 31630, 0.11289119]])
    assert record == {
        "channel": "candles",
        "symbol": "tBTCUSD",
        "timeframe": "1m",
        "type": "snapshot",
        "mts": 1654074420000,
        "open": 31633,
        "close": 31631,
        "high": 31640,
        "low": 31630,
        "volume": 0.11289119,
    }
    [record] = Feeding("candles:1h:fUSD:a30:p2:p30").take([candle(1)])
    assert list(record)[:5] == ["channel", "symbol", "timeframe", "period", "type"]
    assert (record["symbol"], record["period"]) == ("fUSD", "a30:p2:p30")


def test_what_the_exchange_repeats_is_given_once():
    feeding = Feeding(SPEC)
    feeding.take([candle(1)])
    assert feeding.take(candle(1)) == []
    assert len(feeding.take(candle(1, 5))) == 1
    assert feeding.take(candle(1, 5)) == []
    assert starts(feeding.take([candle(2), candle(1, 5)])) == [2]


def test_a_new_snapshot_gives_what_is_new_or_changed_since():
    feeding = Feeding(SPEC)
    feeding.take([candle(3), candle(2), candle(1)])
    feeding.resubscribed()
    assert told(feeding.take([candle(4), candle(3, 9), candle(2)])) == [
        ("snapshot", 3, 9),
        ("snapshot", 4, 1),
    ]
    assert feeding.gaps == []


def test_without_the_snapshot_only_what_a_later_one_corrects_is_given():
    feeding = Feeding(SPEC, snapshots=False)
    assert feeding.take([candle(2), candle(1)]) == []
    feeding.resubscribed()
    assert starts(feeding.take([candle(3), candle(2), candle(1)])) == [3]


def test_a_snapshot_that_does_not_reach_back_is_a_gap():
    feeding = Feeding(SPEC)
    feeding.take([candle(20), candle(10)])
    feeding.resubscribed()
    assert starts(feeding.take([candle(50), candle(40)])) == [40, 50]
    [gap] = feeding.gaps
    assert (gap.spec, gap.first, gap.last) == (SPEC, 20, 40)
    assert "candles from mts 20 to mts 40" in gap.sentence()


def test_an_empty_snapshot_tells_nothing():
    feeding = Feeding(SPEC)
    assert feeding.take([]) == []
    assert not feeding.feed.complete
    assert starts(feeding.take(candle(1))) == [1]
    feeding.resubscribed()
    assert feeding.take([]) == []
    assert feeding.gaps == []


def test_what_comes_before_its_snapshot_is_left_to_the_snapshot():
    feeding = Feeding(SPEC)
    assert feeding.take(candle(2, 5)) == []
    assert told(feeding.take([candle(2, 7), candle(1)])) == [("snapshot", 1, 1), ("snapshot", 2, 7)]
    assert feeding.after(Policy().snapshot_wait) == []


def test_a_snapshot_that_never_comes_holds_nothing_up():
    feeding = Feeding(SPEC)
    for row in (candle(3), candle(2, 5), candle(2, 6)):
        assert feeding.take(row) == []
    assert feeding.after(Policy().snapshot_wait / 2) == []
    assert told(feeding.after(Policy().snapshot_wait)) == [("update", 2, 6), ("update", 3, 1)]


def test_once_is_the_last_candle_or_for_a_chart_all_of_them():
    feeding = Feeding(SPEC, once=True)
    assert starts(feeding.take([candle(2), candle(1)])) == [2]
    assert feeding.feed.complete
    chart = Feeding(SPEC, once=True, whole_candles=True)
    assert starts(chart.take([candle(2), candle(1)])) == [1, 2]


def test_as_many_candles_are_remembered_as_a_snapshot_may_repeat():
    feeding = Feeding(SPEC)
    first = [candle(i) for i in range(3 * LEAST_REMEMBERED)]
    assert len(feeding.take(first)) == 3 * LEAST_REMEMBERED
    for i in range(LEAST_REMEMBERED):
        feeding.take(candle(3 * LEAST_REMEMBERED + i))
    feeding.resubscribed()
    assert feeding.take([candle(i) for i in range(LEAST_REMEMBERED, 4 * LEAST_REMEMBERED)]) == []


def test_of_a_long_history_only_the_newest_candles_are_remembered():
    feeding = Feeding(SPEC)
    feeding.take([candle(0)])
    assert len(feeding.take([candle(i) for i in range(1, 3001)])) == 3000
    assert feeding.take([candle(i) for i in range(3001 - LEAST_REMEMBERED, 3001)]) == []
    assert len(feeding.take(candle(3000 - LEAST_REMEMBERED))) == 1


# Closed candles.


def test_a_candle_is_closed_by_the_start_of_a_later_one():
    feeding = Feeding(SPEC, closed=True)
    assert told(feeding.take([candle(3, 5), candle(2), candle(1)])) == [
        ("snapshot", 1, 1),
        ("snapshot", 2, 1),
    ]
    assert feeding.take(candle(3, 6)) == []
    assert told(feeding.take(candle(9, 7))) == [("update", 3, 6)]
    assert feeding.take(candle(9, 8)) == []


def test_a_closed_candle_is_not_given_again_when_it_is_corrected():
    feeding = Feeding(SPEC, closed=True)
    feeding.take([candle(1)])
    assert starts(feeding.take(candle(2))) == [1]
    assert feeding.take(candle(1, 9)) == []
    feeding.resubscribed()
    assert starts(feeding.take([candle(3), candle(2), candle(1, 9)])) == [2]


def test_a_candle_whose_only_trade_came_late_is_closed_at_once():
    feeding = Feeding(SPEC, closed=True)
    feeding.take([candle(2), candle(1)])
    assert starts(feeding.take(candle(5))) == [2]
    assert starts(feeding.take(candle(4))) == [4]


def test_closed_candles_that_were_missed_come_from_the_snapshot():
    feeding = Feeding(SPEC, closed=True)
    feeding.take([candle(2), candle(1)])
    feeding.resubscribed()
    assert feeding.take(candle(5, 3)) == []
    assert told(feeding.take([candle(5, 3), candle(4), candle(3), candle(2, 9), candle(1)])) == [
        ("snapshot", 2, 9),
        ("snapshot", 3, 1),
        ("snapshot", 4, 1),
    ]
    assert feeding.gaps == []


def test_a_candle_whose_end_was_missed_is_not_given_as_a_closed_one():
    feeding = Feeding(SPEC, closed=True)
    feeding.take([candle(20), candle(10)])
    feeding.resubscribed()
    assert starts(feeding.take([candle(50), candle(40)])) == [40]
    [gap] = feeding.gaps
    assert (gap.first, gap.last) == (20, 40)


def test_no_closed_candle_of_the_snapshot_is_given_where_it_is_left_out():
    feeding = Feeding(SPEC, closed=True, snapshots=False)
    assert feeding.take([candle(2), candle(1)]) == []
    assert starts(feeding.take(candle(3))) == [2]
    feeding.resubscribed()
    assert starts(feeding.take([candle(5), candle(4), candle(3)])) == [3, 4]


def test_once_is_the_last_closed_candle():
    feeding = Feeding(SPEC, closed=True, once=True)
    assert starts(feeding.take([candle(3), candle(2), candle(1)])) == [2]
    assert feeding.feed.complete


# Any course of events.

courses = st.lists(st.sampled_from(["trade", "trade", "next", "drop", "join"]), max_size=60)
REACH = 8


class Course:
    """An exchange that trades on, and a feed that is connected at times."""

    def __init__(self, **options) -> None:
        self.feeding = Feeding(SPEC, **options)
        self.candles: dict[int, list] = {}
        self.connected = False
        self.records: list[dict] = []
        self._now = 0

    def play(self, events: list[str]) -> None:
        for happened in ["trade", "join", *events, "trade", "join"]:
            if happened == "next":
                self._now += 1
            elif happened == "trade":
                self._trade()
            elif happened == "join" and not self.connected:
                self.connected = True
                self.feeding.resubscribed()
                self.records += self.feeding.take([*self.candles.values()][-REACH:][::-1])
            elif happened == "drop":
                self.connected = False

    def _trade(self) -> None:
        volume = self.candles.get(self._now, candle(self._now, volume=0))[5]
        self.candles[self._now] = candle(self._now, close=volume + 1, volume=volume + 1)
        if self.connected:
            self.records += self.feeding.take(self.candles[self._now])

    def in_a_gap(self, mts: int) -> bool:
        return any(gap.first <= mts < gap.last for gap in self.feeding.gaps)


@given(courses)
def test_a_reader_has_the_exchanges_candles_but_for_those_in_a_gap(events):
    course = Course()
    course.play(events)
    held = {r["mts"]: r["volume"] for r in course.records}
    for mts, row in course.candles.items():
        assert held.get(mts) == row[5] or course.in_a_gap(mts)


@given(courses)
def test_every_closed_candle_is_given_once_in_order_and_in_its_last_state(events):
    course = Course(closed=True)
    course.play(events)
    given_starts = starts(course.records)
    assert given_starts == sorted(set(given_starts))
    assert all(record["volume"] == course.candles[record["mts"]][5] for record in course.records)
    closed = sorted(course.candles)[:-1]
    assert set(given_starts) <= set(closed)
    assert all(mts in given_starts or course.in_a_gap(mts) for mts in closed)


# From the history.


class Past:
    """The history of candles 10, 20, 30, … up to one that it knows; each closes at its start."""

    def __init__(self, newest: int, *, first: int = 10, failure: BfxStreamError | None = None):
        self.newest, self.first, self.failure = newest, first, failure
        self.asked: list[tuple[int, int]] = []

    def candles(self, key: str, start: int, end: int, limit: int) -> Future[list[CandleRow]]:
        assert key == "trade:1m:tBTCUSD"
        self.asked.append((start, end))
        answer: Future[list[CandleRow]] = Future()
        if self.failure is not None:
            answer.set_exception(self.failure)
            return answer
        times = range(self.first, self.newest + 1, 10)
        known = [candle(mts, close=mts) for mts in times if start <= mts <= end]
        answer.set_result(msgspec.json.decode(encode(known[:limit]), type=list[CandleRow]))
        return answer

    trades = candles


def after_an_interruption(past: Past, **options) -> tuple[Feeding, list[dict]]:
    """Candles 10 and 20 were given, 20 unfinished; now the snapshot has 70 and 80."""
    feeding = Feeding(SPEC, **options)
    feeding.context.history = past
    feeding.take([candle(20), candle(10, 10)])
    feeding.feed.interrupted()
    feeding.resubscribed()
    return feeding, feeding.take([candle(80), candle(70)])


def test_what_a_snapshot_does_not_reach_comes_from_the_history():
    feeding, records = after_an_interruption(Past(80))
    assert told(records) == [
        *[("snapshot", mts, mts) for mts in (20, 30, 40, 50, 60)],
        *[("snapshot", 70, 1), ("snapshot", 80, 1)],
    ]
    assert feeding.gaps == []
    assert told(feeding.take(candle(80, 5))) == [("update", 80, 5)]


def test_closed_candles_through_an_interruption_are_given_once_in_their_last_state():
    feeding, records = after_an_interruption(Past(80), closed=True)
    assert [(record["mts"], record["close"]) for record in records] == [
        *[(mts, mts) for mts in (20, 30, 40, 50, 60)],
        (70, 1),
    ]
    assert feeding.gaps == []


def test_a_history_of_candles_that_lags_is_waited_for_and_newer_ones_wait():
    past = Past(50)
    feeding, records = after_an_interruption(past)
    assert records == feeding.take(candle(90)) == []
    past.newest = 90
    assert starts(feeding.after(POLICY.history_retry)) == [20, 30, 40, 50, 60, 70, 80, 90]
    assert feeding.gaps == []


def test_another_interruption_begins_the_search_anew():
    past = Past(50)
    feeding, _ = after_an_interruption(past)
    past.newest = 90
    feeding.feed.interrupted()
    assert feeding.after(POLICY.history_retry) == []
    feeding.resubscribed()
    records = feeding.take([candle(90), candle(80)])
    assert starts(records) == [20, 30, 40, 50, 60, 70, 80, 90]


@pytest.mark.parametrize(
    ("past", "given", "hole"),
    [
        (Past(80, first=50), [50, 60, 70, 80], (20, 50)),
        (Past(80, first=70), [70, 80], (20, 70)),
        (Past(40), [20, 30, 40, 70, 80], (40, 70)),
        (Past(80, failure=Refused("key: invalid")), [70, 80], (20, 70)),
    ],
    ids=["begins late", "begins with the snapshot", "ends early", "refuses"],
)
def test_what_the_history_has_not_is_a_gap(past, given, hole):
    feeding, records = after_an_interruption(past)
    for _ in range(POLICY.history_attempts):
        records += feeding.after(POLICY.history_retry * POLICY.history_attempts)
    assert starts(records) == given
    assert [(gap.first, gap.last) for gap in feeding.gaps] == [hole]
