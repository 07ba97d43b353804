"""A connection's life against the clock: backoff, limits, silence, maintenance; hours of it."""

from __future__ import annotations

import gc
import sys
from itertools import pairwise
from random import Random

import pytest
from fake_world import HEARTBEAT, FakeConnection, FakeExchange, trade, trades_snapshot
from frames import error, hello, info
from tape import Tape, TapeHistory, rows

from bfxstream.errors import ConnectionFailed
from bfxstream.protocol.events import (
    Backfilled,
    Connected,
    Gap,
    Maintenance,
    Reconnected,
    Reconnecting,
    Resync,
)
from bfxstream.protocol.records import Trade
from bfxstream.protocol.status import State
from bfxstream.stream.connect import RateLimited
from bfxstream.stream.policy import Policy

TRADES, TICKER = "trades:tBTCUSD", "ticker:tBTCUSD"
POLICY = Policy()
UNAVAILABLE = ConnectionFailed("the server is unavailable (HTTP 503)")


def for_ever(failure: Exception) -> list[Exception]:
    return [failure] * 10_000


# The connect limits.


def test_a_hundred_drops_in_a_row_never_exceed_the_limit():
    exchange = FakeExchange()
    exchange.on_confirmed = lambda connection: connection.drop(after=0.01)
    following = exchange.stream(TRADES)
    following.until(lambda: len(exchange.attempts) == 100)
    assert exchange.most_attempts_within(60) <= 20
    assert len(following.events(Reconnected)) >= 98


def test_drops_of_healthy_connections_do_not_exceed_it_either():
    """Each lives just long enough to begin the backoff anew, and one connects all the time."""
    exchange = FakeExchange()
    exchange.on_confirmed = lambda connection: connection.drop(after=POLICY.healthy_after)
    exchange.stream(TRADES).until(lambda: len(exchange.attempts) == 100)
    assert exchange.most_attempts_within(60) <= 20


def test_failed_attempts_count_like_any_other():
    exchange = FakeExchange(*for_ever(UNAVAILABLE))
    following = exchange.stream(TRADES, retry_for=1e9, policy=Policy(backoff_most=0.1))
    following.until(lambda: len(exchange.attempts) == 100)
    assert exchange.most_attempts_within(60) <= 20


def test_the_wait_for_the_limit_is_told():
    exchange = FakeExchange()
    exchange.on_confirmed = lambda connection: connection.drop(after=0.01)
    following = exchange.stream(TRADES, policy=Policy(backoff_most=0.1))
    following.until(lambda: len(exchange.attempts) == 21)
    assert max(event.delay for event in following.events(Reconnecting)) > 50


# Backoff.


def test_failures_in_a_row_are_tried_ever_less_often_for_days():
    exchange = FakeExchange(*for_ever(UNAVAILABLE))
    following = exchange.stream(TRADES, retry_for=1e9)
    following.during(2 * 86400)
    waits = [later - earlier for earlier, later in pairwise(exchange.attempts)]
    assert max(waits[:4]) < 9
    assert 20 < sum(waits[20:]) / len(waits[20:]) < 40
    assert max(waits) < POLICY.backoff_most + 1


def test_after_half_a_minute_of_health_a_drop_is_mended_within_a_second():
    exchange = FakeExchange(*[UNAVAILABLE] * 8)
    exchange.on_confirmed = lambda connection: connection.drop(after=POLICY.healthy_after + 1)
    following = exchange.stream(TRADES, retry_for=1e9)
    following.until(lambda: len(following.events(Reconnected)) == 3)
    assert all(event.after <= 1.3 for event in following.events(Reconnected))
    assert following.events(Reconnecting)[-1].attempt == 1


def test_after_a_429_nobody_connects_for_a_minute():
    exchange = FakeExchange(RateLimited("too many connections (HTTP 429)"))
    following = exchange.stream(TRADES, retry_for=3600)
    following.until(lambda: bool(following.events(Connected)))
    first, second = exchange.attempts
    assert 60 <= second - first <= 63


def test_a_429_is_no_reason_to_give_up_once_there_was_a_connection():
    exchange = FakeExchange()
    exchange.on_confirmed = lambda connection: connection.drop()
    following = exchange.stream(TRADES)
    following.until(lambda: bool(following.events(Reconnecting)))
    exchange._failures = [RateLimited("too many connections (HTTP 429)")]
    following.until(lambda: len(following.events(Reconnected)) == 1)
    assert exchange.attempts[2] - exchange.attempts[1] >= 60


def test_without_any_connection_it_is_given_up_after_ten_seconds():
    exchange = FakeExchange(*for_ever(UNAVAILABLE))
    following = exchange.stream(TRADES)
    with pytest.raises(ConnectionFailed) as raised:
        following.during(60)
    assert raised.value is UNAVAILABLE
    assert following.clock.time - exchange.attempts[0] == pytest.approx(10, abs=0.1)


def test_info_20051_reconnects_with_jitter():
    waits = []
    for _ in range(20):
        exchange = FakeExchange()
        exchange.on_confirmed = lambda connection: connection.say(info(20051), after=40)
        following = exchange.stream(TRADES)
        following.until(lambda exchange=exchange: len(exchange.attempts) == 2)
        waits.append(exchange.attempts[1] - exchange.attempts[0] - 40)
    assert all(0 <= wait <= POLICY.backoff_first + 0.3 for wait in waits)
    assert len({round(wait, 3) for wait in waits}) > 10


# Silence.


def silent_after_confirming(connection: FakeConnection) -> None:
    connection.exchange.answers["ping"] = lambda connection, request: None


def test_silence_is_asked_after_and_then_taken_for_death():
    exchange = FakeExchange()
    exchange.on_confirmed = silent_after_confirming
    following = exchange.stream(TRADES)
    following.until(lambda: len(exchange.connections) == 2)
    first = exchange.connections[0]
    pings = [request for request in first.sent if request["event"] == "ping"]
    [lost] = following.events(Reconnecting)
    assert len(pings) == 1
    assert pings[0]["cid"] / 1000 - first.opened_at == pytest.approx(17, abs=0.5)
    assert "nothing came for 24 s" in lost.reason
    assert 24 <= lost.mts / 1000 - first.opened_at < 25
    assert first.abandoned


def test_an_answered_ping_keeps_a_connection_on_which_nothing_happens():
    exchange = FakeExchange()
    following = exchange.stream(TICKER)
    following.during(40)
    assert len(exchange.connections) == 1
    assert following.stream.status.state is State.LIVE


def test_a_channel_without_heartbeats_is_joined_anew_while_others_live():
    exchange = FakeExchange()

    def beat_for_one(connection: FakeConnection) -> None:
        for number in range(1, 8):
            connection.data("ticker", "hb", after=number * HEARTBEAT)

    exchange.on_confirmed = beat_for_one
    following = exchange.stream(TRADES, TICKER)
    following.until(lambda: bool(following.events(Resync)))
    [resync] = following.events(Resync)
    assert resync.spec == TRADES
    assert following.clock.time - exchange.attempts[0] < 50
    assert len(exchange.connections) == 1


def test_a_consumer_that_stops_for_minutes_is_no_silence_of_the_exchange():
    exchange = FakeExchange()
    exchange.on_confirmed = lambda connection: connection.beat(600)
    following = exchange.stream(TRADES, TICKER)
    following.during(50)
    following.clock.wait(200)
    following.during(100)
    assert following.events(Resync) == []
    assert following.events(Reconnecting) == []


def test_a_program_that_is_stopped_for_minutes_takes_up_where_it_was():
    exchange = FakeExchange()
    exchange.on_confirmed = lambda connection: connection.beat(600)
    following = exchange.stream(TRADES, TICKER)
    following.during(50)
    [connection] = exchange.connections
    read = connection.read

    def read_after_a_stop(patience: float) -> list[bytes]:
        connection.read = read
        exchange.clock.wait(200)
        return read(patience)

    connection.read = read_after_a_stop
    following.during(300)
    assert following.events(Resync) == []
    assert following.events(Reconnecting) == []


def test_a_connection_that_the_exchange_drops_meanwhile_heals_when_the_consumer_is_back():
    """What had arrived is given first; then the snapshot fills the hole."""
    exchange = FakeExchange()

    def serve(connection: FakeConnection) -> None:
        if connection.number == 0:
            connection.data("trades", trades_snapshot(1, 2))
            connection.data("trades", "te", trade(3), after=20)
            connection.drop(after=60)
        else:
            connection.data("trades", trades_snapshot(*range(1, 9)))

    exchange.on_confirmed = serve
    following = exchange.stream(TRADES)
    following.during(10)
    following.clock.wait(200)
    following.until(lambda: len(following.items) == 8)
    assert [item.id for item in following.items] == [*range(1, 9)]
    assert [item.type for item in following.items[2:]] == ["te", *["backfill"] * 5]
    [lost] = following.events(Reconnecting)
    assert "the connection was lost" in lost.reason


# Maintenance.


def test_maintenance_at_connect_is_waited_out_on_the_same_connection():
    exchange = FakeExchange()
    exchange.greeting = hello(status=0)
    following = exchange.stream(TRADES)
    following.during(100)
    assert following.stream.status.state is State.MAINTENANCE
    [connection] = exchange.connections
    assert {request["event"] for request in connection.sent} == {"conf", "ping"}
    connection.say(info(20061))
    following.during(1)
    assert following.stream.status.state is State.LIVE
    assert [event.phase for event in following.events(Maintenance)] == ["started", "ended"]


def test_maintenance_that_does_not_end_is_left_for_a_new_connection():
    exchange = FakeExchange()
    exchange.greeting = hello(status=0)
    following = exchange.stream(TRADES)
    following.until(lambda: len(exchange.connections) == 2)
    waited = exchange.connections[1].opened_at - exchange.connections[0].opened_at
    assert POLICY.patience.maintenance <= waited < POLICY.patience.maintenance + 2


def test_trades_lost_in_maintenance_are_given_in_their_place():
    exchange = FakeExchange()
    exchange.history = TapeHistory(Tape(*rows(*range(1, 171))))
    following = exchange.stream(TRADES)
    following.until(lambda: bool(exchange.connections and exchange.connections[0].chan_ids))
    [connection] = exchange.connections
    connection.data("trades", trades_snapshot(*range(90, 101)))
    connection.say(info(20060))
    following.during(1)
    connection.lose(50)
    connection.data("trades", "te", trade(151))
    following.during(1)
    connection.say(info(20061))
    following.during(1)
    connection.data("trades", trades_snapshot(*range(140, 170)))
    connection.data("trades", "te", trade(170))
    following.during(1)
    ids = [record.id for record in following.items if isinstance(record, Trade)]
    assert ids == list(range(90, 171))


def test_a_connection_that_confirms_nothing_is_not_taken_for_healthy():
    exchange = FakeExchange()
    exchange.answers["subscribe"] = lambda connection, request: connection.say(
        error(request, 11000, "ready: error")
    )
    exchange.on_confirmed = lambda connection: None
    following = exchange.stream(TRADES)
    following.during(600)
    assert following.stream.status.state is State.CONFIRMING
    [connection] = exchange.connections
    asked = [request for request in connection.sent if request["event"] == "subscribe"]
    assert 20 <= len(asked) <= 24, "every half minute, after a quicker beginning"


# Holes.


def test_a_connection_lost_before_its_snapshot_leaves_a_hole_behind_its_trades_too():
    exchange = FakeExchange()
    exchange.history = TapeHistory(Tape(*rows(*range(1, 13))))

    def serve(connection: FakeConnection) -> None:
        if connection.number == 0:
            connection.data("trades", trades_snapshot(1, 2))
            connection.drop(after=1)
        elif connection.number == 1:
            connection.data("trades", "te", trade(5))
            connection.drop(after=1)
        else:
            connection.data("trades", "te", trade(11))
            connection.data("trades", trades_snapshot(9, 10, 11))
            connection.data("trades", "te", trade(12), after=1)

    exchange.on_confirmed = serve
    following = exchange.stream(TRADES, policy=Policy(history_rows=3))
    following.until(lambda: any(trade.id == 12 for trade in following.items), within=60)
    assert [trade.id for trade in following.items] == [*range(1, 13)]
    assert following.events(Gap) == []
    assert len(following.events(Backfilled)) == 1


# Hours.


class Market:
    """Trades with rising ids at random times, and connections that break at random."""

    def __init__(self, exchange: FakeExchange, rng: Random) -> None:
        self.exchange = exchange
        self.rng = rng
        self.ids = [1]
        exchange.on_confirmed = self.play

    def play(self, connection: FakeConnection) -> None:
        """What one connection brings: snapshot, trades, heartbeats, and its end."""
        self._trade_until_now()
        connection.data("trades", trades_snapshot(*self.ids[-30:]))
        life = self.rng.expovariate(1 / 400)
        after = self.rng.expovariate(1 / 3)
        beats = HEARTBEAT
        while after < life:
            while beats < after:
                connection.data("trades", "hb", after=beats)
                beats += HEARTBEAT
            self.ids.append(self.ids[-1] + self.rng.randint(1, 3))
            row = trade(self.ids[-1])
            connection.data("trades", "te", row, after=after)
            connection.data("trades", "tu", row, after=after + 0.04)
            self.traded_until = self.exchange.clock.time + after
            after += self.rng.expovariate(1 / 3)
        connection.drop(after=life)

    def _trade_until_now(self) -> None:
        now = self.exchange.clock.time
        self.traded_until = getattr(self, "traded_until", now)
        while (then := self.traded_until + self.rng.expovariate(1 / 3)) < now:
            self.ids.append(self.ids[-1] + self.rng.randint(1, 3))
            self.traded_until = then


def test_eight_hours_of_broken_connections_lose_nothing_and_keep_nothing():
    exchange = FakeExchange()
    market = Market(exchange, Random(5))
    following = exchange.stream(TRADES)
    blocks: list[int] = []
    for _ in range(8):
        following.during(3600)
        following.until(exchange.has_said_nearly_all)
        printed = [item.id for item in following.items if isinstance(item, Trade)]
        first = market.ids.index(printed[0])
        assert printed == market.ids[first : first + len(printed)]
        assert len(printed) > 1000
        # What the test itself keeps must not grow either.
        del market.ids[: first + len(printed) - 30], exchange.connections[:-1]
        following.items.clear()
        following.told.clear()
        gc.collect()
        blocks.append(sys.getallocatedblocks())
    assert following.stream.stats.gaps == 0
    assert following.stream.stats.reconnects > 50
    assert exchange.most_attempts_within(60) <= 20
    # After four hours the ledger has all the ids that it ever keeps.
    assert blocks[-1] < 1.01 * blocks[4]
