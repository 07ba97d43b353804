"""The market in real time, on a clock that the test moves."""

from __future__ import annotations

import itertools
import math
from random import Random

import pytest
from hub_clock import SEED, Clock, Recorder

from bfxstream.demo.hub import Hub
from bfxstream.demo.market import Market
from bfxstream.demo.session import Session
from bfxstream.protocol.channels import (
    BookSubscription,
    Frequency,
    Precision,
    TickerSubscription,
    TradesSubscription,
)

BOOK = BookSubscription("tBTCUSD")
TRADES = TradesSubscription("tBTCUSD")


def te_and_tu(recorder: Recorder) -> tuple[list[tuple[float, bytes]], list[tuple[float, bytes]]]:
    executed, updated = [], []
    for at, _, update in recorder.updates:
        for body in update.bodies:
            kind, row = body.split(b",", 1)
            (executed if kind == b'"te"' else updated).append((at, row))
    return executed, updated


def test_nothing_happens_before_the_first_subscription() -> None:
    clock = Clock()
    first = clock.hub.market.next_at
    assert clock.hub.next_due(clock.now) == math.inf
    clock.hub.advance(clock.now + 3600)
    assert clock.hub.market.next_at == first


@pytest.mark.parametrize("rate", [5.0, 100.0, 5000.0])
def test_the_rate_is_the_pace_of_the_same_events(rate: float) -> None:
    clock, untimed = Clock(rate), Market(SEED)
    recorder = clock.subscribe(TRADES)
    clock.run(0.25 + 1000 / rate + 0.01)
    ids = []
    for _ in range(1200):
        if untimed.next_at >= 10_000:  # 10 virtual seconds hold 1000 events on average
            break
        event = untimed.step()
        ids += [trade.trade_id for trade in event.trades if event.symbol == "tBTCUSD"]
    executed, _ = te_and_tu(recorder)
    assert [int(row[1:].split(b",")[0]) for _, row in executed][: len(ids)] == ids
    assert len(ids) > 50


def test_what_is_late_for_long_is_not_caught_up_with() -> None:
    clock = Clock(5000)
    clock.subscribe(TRADES)
    clock.run(1)
    before = clock.hub.market.next_at
    clock.now += 3600  # a suspended machine
    clock.run(1)
    played = (clock.hub.market.next_at - before) / 10
    assert 4000 < played < 12_000


def test_a_trade_is_updated_once_and_shortly_after_it_was_executed() -> None:
    clock = Clock(1000)
    recorder = clock.subscribe(TRADES)
    clock.run(3)
    executed, updated = te_and_tu(recorder)
    assert len(updated) > 100
    for (te_at, te_row), (tu_at, tu_row) in zip(executed, updated, strict=False):
        assert te_row == tu_row
        assert 0.03 <= tu_at - te_at <= 0.05


def test_books_come_in_cycles_by_their_frequency() -> None:
    clock = Clock(1500)
    recorder = clock.subscribe(BOOK, 1)
    slow = BookSubscription("tBTCUSD", Precision.P0, Frequency.F1)
    clock.hub.subscribe(slow, recorder, 2, clock.now)
    clock.run(10.1)
    for chan_id, low, high in [(1, 0.1, 0.2), (2, 2.0, 2.0)]:
        times = recorder.times(chan_id)
        gaps = [after - before for before, after in itertools.pairwise(times)]
        assert len(times) >= 5
        assert low - 0.005 <= min(gaps)
        assert max(gaps) <= high + 0.005


def test_the_ticker_comes_once_a_second_when_it_changed() -> None:
    clock = Clock(500)
    recorder = clock.subscribe(TickerSubscription("tBTCUSD"))
    clock.run(10.1)
    assert len(recorder.updates) == 10
    rows = [update.bodies[0] for _, _, update in recorder.updates]
    assert len(set(rows)) == len(rows)


def test_a_quiet_market_sends_no_ticker_and_no_book() -> None:
    clock = Clock(1e-6)
    recorders = [clock.subscribe(wish) for wish in (TickerSubscription("tBTCUSD"), BOOK)]
    clock.run(5)
    assert [each.updates for each in recorders] == [[], []]


def test_one_view_serves_all_who_asked_for_the_same_channel() -> None:
    clock = Clock(1000)
    first = clock.subscribe(BOOK, 1)
    clock.run(1)
    second = clock.subscribe(BOOK, 2)
    clock.run(1)
    shared = [update for at, _, update in first.updates if at > 1001]
    assert len(shared) > 3
    assert [id(update) for _, _, update in second.updates] == [id(update) for update in shared]


def test_a_channel_without_listeners_is_no_longer_computed() -> None:
    clock = Clock(1e-6)
    recorder = clock.subscribe(BOOK)
    clock.run(1)
    turns = clock.turns
    assert turns >= 6
    clock.hub.unsubscribe(BOOK, recorder, 1)
    clock.run(10)
    assert clock.turns == turns


def test_heartbeats_keep_to_a_connections_own_grid() -> None:
    clock = Clock(5)
    recorders = []
    for offset in (15.0, 18.0):
        recorder = clock.subscribe(TRADES)
        recorder.heartbeat_at = clock.now + offset
        clock.hub.join(recorder)
        recorders.append(recorder)
    clock.run(50)
    for recorder, offset in zip(recorders, (15.0, 18.0), strict=True):
        assert recorder.beats == pytest.approx(
            [1000 + offset, 1015 + offset, 1030 + offset], abs=0.005
        )
    clock.hub.leave(recorders[0])
    clock.run(20)
    assert len(recorders[0].beats) == 3
    assert len(recorders[1].beats) == 4


def test_heartbeats_missed_by_a_pause_are_not_made_up_for() -> None:
    clock = Clock()
    recorder = clock.subscribe(TRADES)
    recorder.heartbeat_at = clock.now + 15
    clock.hub.join(recorder)
    clock.now += 100
    clock.hub.advance(clock.now)
    clock.hub.advance(clock.now + 0.01)
    assert recorder.beats == [1100.0]
    assert recorder.heartbeat_at == 1105.0


def test_a_session_tells_its_time_in_tails_and_pongs() -> None:
    hub = Hub(Market(SEED), 100)
    session = Session(hub, Random(1), heartbeat=15, clock=lambda: 7.0, wall=lambda: 1234)
    session.open()
    session.receive('{"event":"ping","cid":99}')
    session.receive('{"event":"conf","flags":32768}')
    session.receive('{"event":"subscribe","channel":"ticker","symbol":"tBTCUSD"}')
    info, pong, _conf, _subscribed, frame = session.take_output()
    assert info.startswith(b'{"event":"info","version":2,')
    assert pong == b'{"event":"pong","ts":1234,"cid":99}'
    assert frame.endswith(b",null],1234]")
    assert session.take_output() == []
    session.close()
    assert hub.next_due(7.0) < math.inf  # the market goes on without clients
