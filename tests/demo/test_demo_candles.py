"""Candles: made of the market's own trades, to the digit, and published without a hole."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timezone
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hub_clock import Clock
from hypothesis import given
from hypothesis import strategies as st

from bfxstream.demo.candles import DAY, HOUR, MINUTE, TIMEFRAMES, Candles, interval
from bfxstream.demo.engine import Side, Trade
from bfxstream.demo.feeds import CandlesFeed
from bfxstream.demo.instruments import INSTRUMENTS
from bfxstream.demo.keys import CandlesSubscription, candles_of
from bfxstream.demo.market import START_MTS, Market
from bfxstream.demo.tape import Tape
from bfxstream.protocol.channels import TradesSubscription

BY_SYMBOL = {each.symbol: each for each in INSTRUMENTS}
Row = list[Any]


def wish_for(key: str) -> CandlesSubscription:
    found = candles_of(key, BY_SYMBOL)
    assert found is not None
    return found


def exact(body: bytes) -> Any:
    return json.loads(body, parse_float=Decimal, parse_int=Decimal)


def candles_from(trades: Iterable[Row], timeframe: str) -> dict[int, Row]:
    """Rows of candles from rows of trades, oldest first, by nothing but their definition."""
    parts: dict[int, list[Row]] = defaultdict(list)
    for trade in trades:
        parts[interval(timeframe, int(trade[1]))[0]].append(trade)
    rows = {}
    for mts, within in parts.items():
        prices = [trade[3] for trade in within]
        volume = sum(abs(trade[2]) for trade in within)
        rows[mts] = [mts, prices[0], prices[-1], max(prices), min(prices), volume]
    return rows


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=timezone.utc).timestamp()) * 1000


@pytest.mark.parametrize(
    ("timeframe", "at", "start", "end"),
    [
        ("1m", "2026-02-28T23:59:59", "2026-02-28T23:59:00", "2026-03-01T00:00:00"),
        ("3h", "2026-03-01T05:59:59", "2026-03-01T03:00:00", "2026-03-01T06:00:00"),
        ("1D", "2026-03-01T05:59:59", "2026-03-01T00:00:00", "2026-03-02T00:00:00"),
        ("7D", "2026-11-23T00:00:00", "2026-11-23T00:00:00", "2026-11-30T00:00:00"),  # a Monday
        ("7D", "2026-11-22T23:59:59", "2026-11-16T00:00:00", "2026-11-23T00:00:00"),
        ("1M", "2026-02-28T23:59:59", "2026-02-01T00:00:00", "2026-03-01T00:00:00"),
        ("1M", "2027-12-31T12:00:00", "2027-12-01T00:00:00", "2028-01-01T00:00:00"),
    ],
)
def test_an_interval_is_the_calendars(timeframe: str, at: str, start: str, end: str) -> None:
    assert interval(timeframe, ms(at)) == (ms(start), ms(end))


@given(st.sampled_from(TIMEFRAMES), st.integers(0, 2 * 10**12))
def test_intervals_meet_without_a_gap(timeframe: str, mts: int) -> None:
    start, end = interval(timeframe, mts)
    assert start <= mts < end
    assert interval(timeframe, start) == interval(timeframe, end - 1) == (start, end)
    assert interval(timeframe, end)[0] == end


@pytest.fixture(scope="module")
def played() -> tuple[Market, dict[str, list[tuple[int, Row]]]]:
    """A market after three and a half minutes, and its trades by symbol with their period."""
    market = Market(12)
    trades: dict[str, list[tuple[int, Row]]] = defaultdict(list)
    while market.mts < START_MTS + 210_000:
        event = market.step()
        if event.trades:
            rows = market.listings[event.symbol].tape.latest(len(event.trades))
            periods = [trade.period for trade in event.trades]
            trades[event.symbol] += zip(periods, map(exact, rows), strict=True)
    return market, trades


@pytest.mark.parametrize("symbol", list(BY_SYMBOL))
def test_a_candle_is_what_its_trades_make_it(
    played: tuple[Market, dict[str, list[tuple[int, Row]]]], symbol: str
) -> None:
    market, trades = played
    candles = market.listings[symbol].candles
    for period in BY_SYMBOL[symbol].periods:
        rows = [row for its, row in trades[symbol] if its == period]
        for timeframe in TIMEFRAMES:
            expected = candles_from(rows, timeframe)
            found = [
                exact(candles.row(each)) for each in candles.since(START_MTS, timeframe, (period,))
            ]
            assert found == [expected[mts] for mts in sorted(expected, reverse=True)][: len(found)]
            assert len(found) == sum(mts >= START_MTS for mts in expected)
    if symbol == "tBTCUSD":
        assert len(candles.since(START_MTS, "1m", (0,))) == 4


def test_funding_periods_are_taken_together(
    played: tuple[Market, dict[str, list[tuple[int, Row]]]],
) -> None:
    market, trades = played
    candles = market.listings["fUSD"].candles
    for key, periods in [
        ("trade:1m:fUSD:p30", {30}),
        ("trade:1m:fUSD:a30:p2:p30", {2, 7, 30}),
        ("trade:1m:fUSD:a10:p2:p120", {2, 7, 30, 120}),
    ]:
        wish = wish_for(key)
        expected = candles_from([row for its, row in trades["fUSD"] if its in periods], "1m")
        found = candles.since(START_MTS, wish.timeframe, wish.periods)
        assert [exact(candles.row(each)) for each in found] == [
            expected[mts] for mts in sorted(expected, reverse=True)
        ]


@pytest.mark.parametrize(
    ("key", "symbol", "timeframe", "periods"),
    [
        ("trade:1m:tBTCUSD", "tBTCUSD", "1m", (0,)),
        ("trade:1M:tBTCF0:USTF0", "tBTCF0:USTF0", "1M", (0,)),
        ("trade:1W:tBTCUSD", "tBTCUSD", "7D", (0,)),
        ("trade:1h:fUSD:p30", "fUSD", "1h", (30,)),
        ("trade:1h:fUSD:p31", "fUSD", "1h", ()),
        ("trade:1h:fUSD:a10:p3:p30", "fUSD", "1h", (7, 30)),
    ],
)
def test_a_key_names_symbol_time_frame_and_periods(
    key: str, symbol: str, timeframe: str, periods: tuple[int, ...]
) -> None:
    assert wish_for(key) == CandlesSubscription(symbol, key, timeframe, periods)


@pytest.mark.parametrize(
    "key",
    [
        *("", "trade", "trade:1m", "trade:1m:", "trade:2m:tBTCUSD", "book:1m:tBTCUSD", "trade::"),
        *("trade:1m:tNOPE", "trade:1m:BTCUSD", "trade:1m:tBTCUSD:p30", "trade:1m:fUSD"),
        *("trade:1m:fUSD:p1", "trade:1m:fUSD:p121", "trade:1m:fUSD:p", "trade:1m:fUSD:a20:p2:p30"),
        *("trade:1m:fUSD:a30:p30:p2", "trade:1m:fUSD:a30:p2:p30:p40", 5, None, ["x"]),
    ],
)
def test_a_key_that_names_nothing_is_refused(key: object) -> None:
    assert candles_of(key, BY_SYMBOL) is None


def test_history_leads_up_to_the_first_trade_in_every_time_frame() -> None:
    market = Market(8)
    for symbol, listing in market.listings.items():
        for period in BY_SYMBOL[symbol].periods:
            for timeframe in TIMEFRAMES:
                found = listing.candles.since(0, timeframe, (period,))
                assert all(newer.mts > older.mts for newer, older in pairwise(found))
                assert all(each.low <= min(each.open, each.close) for each in found)
                assert all(each.high >= max(each.open, each.close) for each in found)
                assert all(each.volume > 0 for each in found)
                assert len(found) >= {"14D": 6, "1M": 3, "7D": 12, "12h": 7}.get(timeframe, 10)


def test_a_wider_candle_of_the_past_is_its_narrower_ones_together() -> None:
    candles = Market(8).listings["tETHUSD"].candles
    pairs = [("1h", "5m", HOUR), ("7D", "1D", 7 * DAY), ("5m", "1m", 5 * MINUTE)]
    for wide, narrow, width in pairs:
        whole = candles.since(0, wide, (0,))[3]
        found = candles.since(whole.mts, narrow, (0,))
        parts = [each for each in found if each.mts < whole.mts + width]
        assert len(parts) > 3
        assert (whole.open, whole.close) == (parts[-1].open, parts[0].close)
        assert whole.high == max(each.high for each in parts)
        assert whole.volume == sum(each.volume for each in parts)


def test_no_final_state_is_skipped_however_fast_the_market_is() -> None:
    clock = Clock(5000)  # a minute passes in 1.2 s: a cycle or two
    key = "trade:1m:tBTCUSD"
    candles = clock.subscribe(wish_for(key))
    trades = clock.subscribe(TradesSubscription("tBTCUSD"))
    clock.run(8)
    executed = [exact(body[5:]) for body in trades.bodies() if body.startswith(b'"te",')]
    expected = candles_from(executed, "1m")
    seen: dict[int, Row] = {}
    for body in candles.bodies():
        row = exact(body)
        assert not seen or row[0] >= max(seen)
        seen[int(row[0])] = row
    assert len(seen) >= 6
    for mts in sorted(seen)[:-1]:
        assert seen[mts] == expected[mts]


def test_updates_come_once_a_cycle_and_only_when_something_was_traded() -> None:
    clock = Clock(100)
    wishes = [wish_for("trade:1h:tBTCUSD"), wish_for("trade:1h:fUSD:p31")]
    busy, empty = [clock.subscribe(wish) for wish in wishes]
    clock.run(10.1)
    times = busy.times(1)
    assert len(times) > 10
    assert min(after - before for before, after in pairwise(times)) > 0.49
    rows = busy.bodies()
    assert all(before != after for before, after in pairwise(rows))
    assert empty.updates == []


def test_the_snapshot_is_newest_first_and_bounded() -> None:
    market = Market(4)
    feed = CandlesFeed(market.listings["tBTCUSD"], wish_for("trade:5m:tBTCUSD"))
    rows = json.loads(feed.snapshot())
    assert 50 <= len(rows) <= 120
    assert all(len(row) == 6 for row in rows)
    assert all(newer[0] - older[0] == 5 * MINUTE for newer, older in pairwise(rows[:30]))
    empty = CandlesFeed(market.listings["fUSD"], wish_for("trade:5m:fUSD:p31"))
    assert empty.snapshot() == b"[]"


def test_only_so_many_candles_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bfxstream.demo.candles.KEPT", 5)
    monkeypatch.setattr("bfxstream.demo.tape.KEPT", 8)
    candles, tape = Candles(BY_SYMBOL["tBTCUSD"]), Tape(BY_SYMBOL["tBTCUSD"])
    for number in range(20):
        trade = Trade(number, number * MINUTE, Side.BID, 1, 10, 0, 1, 1, 0)
        candles.add(trade)
        tape.add(trade)
    assert [each.mts for each in candles.since(0, "1m", (0,))] == [
        number * MINUTE for number in range(19, 14, -1)
    ]
    assert 8 <= len(tape) <= 10
