"""The market stream against a scripted exchange: what holds over drops, gaps and refusals."""

from __future__ import annotations

import json
import threading
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from frames import confirmed_conf, error, event, hello, info, subscribed, with_tail
from msgspec.structs import replace
from servers import answering, greet, http_answer, websocket_server
from websockets.http11 import Response
from websockets.sync.server import ServerConnection

from bfxstream.errors import CompletenessLost, ConnectionFailed, Refused, UsageError
from bfxstream.protocol import events
from bfxstream.protocol.channels import parse_spec
from bfxstream.protocol.patience import Patience
from bfxstream.protocol.records import BookLevel, Candle, Deriv, Liquidation, Ticker, Trade
from bfxstream.protocol.status import State
from bfxstream.stream.feed import FeedOptions
from bfxstream.stream.limiter import RateLimiter
from bfxstream.stream.market import MarketStream
from bfxstream.stream.options import StreamOptions
from bfxstream.stream.policy import Policy
from bfxstream.stream.world import World

TRADES, BOOK, TICKER = "trades:tBTCUSD", "book:tBTCUSD:P0:F0:25", "ticker:tBTCUSD"
PROMPT = Policy(backoff_first=0.002, backoff_most=0.002, thread_tick=0.01)
"""Backoff that takes milliseconds; its bounds have their own tests."""
ENOUGH = 2000  # batches, most of them empty after 10 ms each: far more than any test needs


class Exchange:
    """One connection of a scripted exchange."""

    def __init__(self, connection: ServerConnection, number: int) -> None:
        self.connection = connection
        self.number = number
        """How many connections there were before this one."""
        self.chan_ids: dict[str, int] = {}
        self._seq = 0
        self._next_chan_id = 100 * (number + 1)

    def send(self, *frames: bytes) -> None:
        for frame in frames:
            self.connection.send(frame.decode())

    def data(self, channel: str, *content, skip: int = 0, mts: int | None = None) -> None:
        """A frame of the channel with the next sequence number."""
        self._seq += 1 + skip
        self.send(with_tail(self.chan_ids[channel], *content, seq=self._seq, mts=mts))

    def next_request(self) -> dict:
        return json.loads(self.connection.recv(timeout=5))

    def confirm(self) -> dict:
        """Answer one request for a channel; its id is new on each connection."""
        request = self.next_request()
        assert request["event"] == "subscribe"
        chan_id = self._next_chan_id
        self._next_chan_id += 1
        self.chan_ids[request["channel"]] = chan_id
        self.send(subscribed(request, chan_id))
        return request

    def welcome(self, channels: int = 1) -> None:
        """Greet, confirm the flags and so many channels."""
        self.send(hello())
        flags = self.next_request()["flags"]
        self.send(confirmed_conf(flags))
        for _ in range(channels):
            self.confirm()

    def confirm_again(self, *channels: str) -> None:
        """Answer the client that leaves these channels, then joins them anew."""
        for channel in channels:
            request = self.next_request()
            assert request == {"event": "unsubscribe", "chanId": self.chan_ids[channel]}
            self.send(event("unsubscribed", status="OK", chanId=request["chanId"]))
        for channel in channels:
            assert self.confirm()["channel"] == channel

    def wait_for_close(self) -> None:
        for _ in self.connection:
            pass


Script = Callable[[Exchange], None]


@contextmanager
def exchange(*scripts: Script, then_refuse: bool = False) -> Iterator[str]:
    """A server that plays one script for each connection, the last for all that follow.

    With `then_refuse` those that follow are answered with HTTP 503.
    """
    count = 0

    def handle(connection: ServerConnection) -> None:
        nonlocal count
        number, count = count, count + 1
        scripts[min(number, len(scripts) - 1)](Exchange(connection, number))

    def refuse(connection: ServerConnection, _: object) -> Response | None:
        return connection.respond(503, "") if then_refuse and count >= len(scripts) else None

    with websocket_server(handle, process_request=refuse) as url:
        yield url


class Listening:
    """A market stream and everything that came of it."""

    def __init__(self, url: str, *specs: str, feeds: FeedOptions | None = None, **options) -> None:
        self.told: list[events.Event] = []
        self.frames: list[tuple[str, bytes]] = []
        options.setdefault("policy", PROMPT)
        self.items: list = []
        self.stream = MarketStream(
            [parse_spec(spec) for spec in specs],
            StreamOptions(url=url, feeds=feeds or FeedOptions(), tick=0.01, **options),
            on_event=self.told.append,
            on_frames=self._note_frames,
            world=World(limiter=RateLimiter()),
        )

    def _note_frames(self, number: int, direction: str, mts: int, frames: list[bytes]) -> None:
        self.frames += [(direction, frame) for frame in frames]

    def until(self, done: Callable[[], bool]) -> None:
        """Listen until this holds."""
        batches = self.stream.batches()
        try:
            for _ in range(ENOUGH):
                self.items += next(batches)
                if done():
                    return
        finally:
            batches.close()
            self.stream.close()
        pytest.fail(f"never came; the last of it: {self.items[-5:]} {self.told[-5:]}")

    def until_count(self, count: int) -> list:
        self.until(lambda: len(self.items) >= count)
        return self.items

    def failure(self, kind: type[Exception]):
        """Listen until this is raised."""
        with pytest.raises(kind) as raised:
            self.until(lambda: False)
        return raised.value

    def kinds(self) -> list[str]:
        return [type(happened).__name__ for happened in self.told]


def trade(trade_id: int) -> list:
    return [trade_id, 1000 * trade_id, 0.5, 100]


def trades_of(items: list) -> list[tuple[str, int]]:
    return [(item.type, item.id) for item in items if isinstance(item, Trade)]


def sends_trades(*ids: int, live: tuple[int, ...] = (), then: Script = Exchange.wait_for_close):
    """A script: a snapshot of these trades, then these live."""

    def script(server: Exchange) -> None:
        server.welcome()
        server.data("trades", [trade(i) for i in sorted(ids, reverse=True)])
        for trade_id in live:
            server.data("trades", "te", trade(trade_id))
            server.data("trades", "tu", trade(trade_id))
        then(server)

    return script


def drop(server: Exchange) -> None:
    """End the connection without a close frame."""
    server.connection.socket.shutdown(2)


# One connection.


def test_records_come_from_every_channel_in_the_order_of_the_frames():
    def script(server: Exchange) -> None:
        server.welcome(3)
        server.data("ticker", [1] * 10)
        server.data("trades", [trade(1)])
        server.data("book", [[100, 1, 1]])
        server.data("trades", "te", trade(2))
        server.wait_for_close()

    with exchange(script) as url:
        listening = Listening(url, TRADES, BOOK, TICKER)
        items = listening.until_count(4)
    assert [type(item) for item in items] == [Ticker, Trade, BookLevel, Trade]
    assert listening.kinds() == ["Connected"] + ["Subscribed"] * 3
    stats = listening.stream.stats
    assert (stats.records, stats.messages, stats.reconnects) == (4, 9, 0)
    assert stats.bytes == sum(len(f) for way, f in listening.frames if way == "received")
    assert listening.stream.status.state is State.CLOSED


def test_closed_candles_that_were_missed_come_once_and_in_order_after_a_drop():
    def candle(mts: int, close: float) -> list:
        return [mts, 1, close, 2, 1, 5]

    def before(server: Exchange) -> None:
        server.welcome()
        server.data("candles", [candle(2, 1.5), candle(1, 1.5)])
        server.data("candles", candle(3, 1.5))

    def after(server: Exchange) -> None:
        server.welcome()
        server.data("candles", [candle(5, 1.5), candle(4, 1.5), candle(3, 1.75), candle(2, 1.5)])
        server.data("candles", candle(6, 1.5))
        server.wait_for_close()

    with exchange(before, after) as url:
        listening = Listening(url, "candles:1m:tBTCUSD", feeds=FeedOptions(closed=True))
        items = listening.until_count(5)
    assert [(item.type, item.mts) for item in items] == [
        *[("snapshot", 1), ("update", 2), ("snapshot", 3), ("snapshot", 4), ("update", 5)],
    ]
    assert bytes(items[2].close) == b"1.75"
    assert listening.stream.stats.gaps == 0


def test_candles_and_status_come_in_the_order_of_their_frames_from_one_read():
    position = ["pos", 7, 1574697680828.2002, None, "tBTCF0:USTF0", -2, 91, None, 1, 1, None, 112]

    def script(server: Exchange) -> None:
        server.send(hello())
        server.send(confirmed_conf(server.next_request()["flags"]))
        for chan_id in (10, 11, 12):
            server.send(subscribed(server.next_request(), chan_id))
        first = [[10, [[60, 1, 2, 3, 1, 5]]], [11, [1000, None, 5]], [12, []]]
        then = [[10, [60, 1, 2.5, 3, 1, 6]], [11, [1000, None, 5]], [12, [position]]]
        last = [[12, [["adl", 5], position]], [11, [2000, None, None]], [10, [61, 1, 1, 1, 1, 0]]]
        frames = [with_tail(*f, seq=seq) for seq, f in enumerate([*first, *then, *last], start=1)]
        server.send(*frames)
        server.wait_for_close()

    with exchange(script) as url:
        listening = Listening(url, "candles:1m:tBTCUSD", "deriv:tBTCF0:USTF0", "liq:global")
        items = listening.until_count(7)
    assert [(type(item), float(item.mts)) for item in items] == [
        *[(Candle, 60), (Deriv, 1000), (Candle, 60), (Liquidation, 1574697680828.2002)],
        *[(Liquidation, 1574697680828.2002), (Deriv, 2000), (Candle, 61)],
    ]
    assert listening.stream.stats.bad_frames == 0


def test_the_same_wish_twice_is_one_subscription():
    with exchange(sends_trades(1)) as url:
        listening = Listening(url, TRADES, TRADES)
        listening.until_count(1)
    assert [s.spec for s in listening.stream.subscriptions] == [TRADES]


def test_a_url_that_is_none_is_refused_before_anything_is_tried():
    with pytest.raises(UsageError):
        Listening("http://example.org", TRADES)


def test_frames_alone_are_given_unchanged():
    with exchange(sends_trades(1, live=(2,))) as url:
        listening = Listening(url, TRADES, frames_only=True)
        items = listening.until_count(6)
    assert items[0] == hello()
    assert items[3:5] == [
        with_tail(100, [trade(1)], seq=1),
        with_tail(100, "te", trade(2), seq=2),
    ]


def test_events_come_among_the_records_where_they_happened():
    with exchange(sends_trades(1)) as url:
        listening = Listening(url, TRADES, events=True)
        items = listening.until_count(3)
    assert [type(item) for item in items] == [events.Connected, events.Subscribed, Trade]
    assert all(item.mts > 0 for item in items[:2])
    assert listening.stream.stats.records == 1, "events are no records"


def test_stamps_are_added_where_they_are_asked_for():
    def script(server: Exchange) -> None:
        server.welcome()
        server.data("trades", [trade(1)], mts=1700)
        server.wait_for_close()

    with exchange(script) as url:
        listening = Listening(url, TRADES, seq=True, timestamps=True, measure_latency=True)
        [record] = listening.until_count(1)
    assert (record.seq, record.server_mts) == (1, 1700)
    assert record.received_mts > 1_600_000_000_000
    assert listening.stream.stats.latency_p50 == 60_000


def test_the_counters_of_a_run_hold_what_was_seen_when_it_is_closed_twice():
    with exchange(sends_trades(1)) as url:
        listening = Listening(url, TRADES)
        listening.until_count(1)
        listening.stream.close()
    assert listening.stream.stats.uptime > 0
    assert listening.stream.stats.latency_p50 is None


def test_once_is_complete_when_every_subscription_has_given_a_value():
    def script(server: Exchange) -> None:
        server.welcome(2)
        server.data("trades", [trade(2), trade(1)])
        server.data("trades", "te", trade(3))
        server.data("ticker", [1] * 10)
        server.wait_for_close()

    with exchange(script) as url:
        listening = Listening(url, TRADES, TICKER, feeds=FeedOptions(once=True))
        listening.until(lambda: listening.stream.complete)
    assert trades_of(listening.items) == [("snapshot", 2)]
    assert len(listening.items) == 2


def test_an_empty_snapshot_is_the_snapshot_and_what_follows_is_an_update():
    def script(server: Exchange) -> None:
        server.welcome()
        server.data("book", [])
        server.data("book", [[100, 1, 1]])
        server.wait_for_close()

    with exchange(script) as url:
        [record] = Listening(url, BOOK).until_count(1)
    assert record.type == "update"


def test_bad_frames_are_counted_and_harm_nothing():
    def script(server: Exchange) -> None:
        server.welcome()
        server.send(b"not json", b'[100,"te"', b"{}")
        server.data("trades", [trade(1)])
        server.wait_for_close()

    with exchange(script) as url:
        listening = Listening(url, TRADES)
        listening.until_count(1)
    assert listening.stream.stats.bad_frames == 3
    assert listening.kinds().count("BadFrame") == 1


# Drops.


def test_after_a_drop_the_channels_are_subscribed_anew_and_no_trade_comes_twice():
    scripts = (
        sends_trades(1, 2, live=(3,), then=drop),
        sends_trades(2, 3, 4, 5, live=(6,)),
    )
    with exchange(*scripts) as url:
        listening = Listening(url, TRADES)
        items = listening.until_count(6)
    assert trades_of(items) == [
        ("snapshot", 1),
        ("snapshot", 2),
        ("te", 3),
        ("backfill", 4),
        ("backfill", 5),
        ("te", 6),
    ]
    assert listening.kinds() == [
        *["Connected", "Subscribed"],
        *["Reconnecting", "Reconnected", "Subscribed"],
    ]
    stats = listening.stream.stats
    assert (stats.reconnects, stats.gaps, stats.trades_backfilled) == (1, 0, 2)
    assert stats.duplicates_dropped == 2


def test_a_snapshot_that_does_not_reach_back_is_a_gap_with_its_bounds():
    scripts = (sends_trades(1, 2, then=drop), sends_trades(8, 9))
    with exchange(*scripts) as url:
        listening = Listening(url, TRADES)
        items = listening.until_count(4)
    assert trades_of(items)[2:] == [("backfill", 8), ("backfill", 9)]
    [gap] = [e for e in listening.told if isinstance(e, events.Gap)]
    assert (gap.spec, gap.first, gap.last) == (TRADES, 2, 8)
    assert (gap.first_mts, gap.last_mts) == (2000, 8000)
    assert listening.stream.stats.gaps == 1


def test_under_strict_a_gap_that_cannot_be_filled_ends_the_run_after_what_was_received():
    scripts = (sends_trades(1, 2, then=drop), sends_trades(8, 9))
    with exchange(*scripts) as url:
        listening = Listening(url, TRADES, strict=True)
        lost = listening.failure(CompletenessLost)
    assert "between id 2 and id 8" in lost.what
    assert [trade_id for _, trade_id in trades_of(listening.items)] == [1, 2, 8, 9]


def test_a_close_frame_gives_its_reason_to_the_event():
    def close(server: Exchange) -> None:
        server.connection.close(1012, "restart")

    with exchange(sends_trades(1, then=close), sends_trades(1, 2)) as url:
        listening = Listening(url, TRADES)
        listening.until_count(2)
    [reconnecting] = [e for e in listening.told if isinstance(e, events.Reconnecting)]
    assert "the exchange closed the connection (1012 restart)" in reconnecting.reason
    assert reconnecting.attempt == 1


def test_a_book_starts_anew_after_a_drop():
    def first(server: Exchange) -> None:
        server.welcome()
        server.data("book", [[100, 1, 1], [99, 1, 1], [101, 1, -1]])
        drop(server)

    def second(server: Exchange) -> None:
        server.welcome()
        server.data("book", [[50, 1, 1], [51, 1, -1]])
        server.wait_for_close()

    with exchange(first, second) as url:
        listening = Listening(url, BOOK)
        items = listening.until_count(5)
        [book] = listening.stream.books.values()
    assert [item.type for item in items] == ["snapshot"] * 5
    assert [float(row.price) for row in book.bids.rows()] == [50]


def test_info_20051_makes_a_new_connection():
    def stop(server: Exchange) -> None:
        server.send(info(20051))
        server.wait_for_close()

    with exchange(sends_trades(1, then=stop), sends_trades(1, 2)) as url:
        listening = Listening(url, TRADES)
        assert trades_of(listening.until_count(2))[-1] == ("backfill", 2)
    assert listening.stream.stats.reconnects == 1


def test_without_reconnecting_a_drop_is_the_end_after_what_was_received():
    with exchange(sends_trades(1, live=(2, 3), then=drop)) as url:
        listening = Listening(url, TRADES, reconnect=False)
        lost = listening.failure(ConnectionFailed)
    assert [trade_id for _, trade_id in trades_of(listening.items)] == [1, 2, 3]
    assert url in lost.what


def test_a_silent_connection_is_asked_and_then_given_up():
    impatient = replace(PROMPT, ping_after=0.05, dead_after=0.3)
    asked: list[dict] = []

    def silent(server: Exchange) -> None:
        server.welcome()
        server.data("trades", [trade(1)])
        asked.append(server.next_request())
        server.wait_for_close()

    with exchange(silent, sends_trades(1, 2)) as url:
        listening = Listening(url, TRADES, policy=impatient)
        listening.until_count(2)
    assert asked[0]["event"] == "ping"
    [reconnecting] = [e for e in listening.told if isinstance(e, events.Reconnecting)]
    assert "nothing came" in reconnecting.reason


def test_a_pong_keeps_a_quiet_connection():
    pings = 3

    def quiet(server: Exchange) -> None:
        server.welcome()
        for _ in range(pings):
            cid = server.next_request()["cid"]
            server.send(event("pong", ts=1, cid=cid))
        server.data("trades", [trade(1)])
        server.wait_for_close()

    with exchange(quiet) as url:
        listening = Listening(url, TRADES, policy=replace(PROMPT, ping_after=0.02, dead_after=5.0))
        listening.until_count(1)
    assert listening.kinds() == ["Connected", "Subscribed"]
    assert sum(b'"ping"' in frame for way, frame in listening.frames if way == "sent") == pings


def test_what_is_secret_in_the_url_is_never_told():
    def script(server: Exchange) -> None:
        server.welcome()
        drop(server)

    with exchange(script) as url:
        secret = url.replace("://", "://me:xyzzy@") + "?token=xyzzy"
        listening = Listening(secret, TRADES)
        listening.until(lambda: "Reconnected" in listening.kinds())
    told = " ".join(happened.sentence() for happened in listening.told)
    assert told.count(url) == 3
    assert "xyzzy" not in told


# Connections that cannot be had.


def test_a_first_connection_is_tried_again_for_a_while_and_then_given_up():
    with answering(http_answer("503 Service Unavailable")) as url:
        listening = Listening(url, TRADES, policy=replace(PROMPT, retry_for_first=0.5))
        failed = listening.failure(ConnectionFailed)
    assert "HTTP 503" in failed.what
    attempts = [e.attempt for e in listening.told]
    assert attempts == list(range(1, len(attempts) + 1))
    assert len(attempts) > 1


@pytest.mark.parametrize("retry_for", [0.0, 0.5])
def test_the_user_says_how_long_to_try(retry_for):
    with answering(http_answer("503 Service Unavailable")) as url:
        listening = Listening(url, TRADES, retry_for=retry_for)
        listening.failure(ConnectionFailed)
    assert bool(listening.told) is bool(retry_for)


def test_after_a_loss_the_same_time_is_tried_and_what_was_received_is_given():
    with exchange(sends_trades(1, then=drop), then_refuse=True) as url:
        listening = Listening(url, TRADES, retry_for=0.5)
        failed = listening.failure(ConnectionFailed)
    assert trades_of(listening.items) == [("snapshot", 1)]
    assert "HTTP 503" in failed.what
    assert listening.kinds().count("Reconnecting") > 1


def test_a_server_that_is_none_of_ours_is_not_tried_again():
    with answering(http_answer("200 OK")) as url:
        listening = Listening(url, TRADES, retry_for=60)
        failed = listening.failure(ConnectionFailed)
    assert failed.permanent
    assert listening.told == []


def test_another_version_of_the_api_is_not_tried_again():
    def script(server: Exchange) -> None:
        server.send(hello(version=3))
        server.wait_for_close()

    with exchange(script) as url:
        failed = Listening(url, TRADES, retry_for=60).failure(ConnectionFailed)
    assert "version 3" in failed.what


def test_a_server_that_speaks_something_else_gives_bad_frames_and_no_records():
    with websocket_server(greet) as url:
        listening = Listening(url, TRADES)
        listening.until(lambda: listening.stream.stats.bad_frames > 0)
    assert listening.items == []


def test_after_a_429_the_exchange_is_left_alone_for_a_minute():
    with answering(http_answer("429 Too Many Requests")) as url:
        listening = Listening(url, TRADES, retry_for=3600)
        batches = listening.stream.batches()
        next(batches)
        batches.close()
    [reconnecting] = listening.told
    assert reconnecting.delay >= PROMPT.rate_limit_wait
    assert listening.stream.status.state is State.RECONNECTING


def test_while_it_waits_empty_batches_come_so_that_the_caller_lives():
    with answering(http_answer("429 Too Many Requests")) as url:
        batches = Listening(url, TRADES, retry_for=3600).stream.batches()
        assert [next(batches) for _ in range(5)] == [[]] * 5
        batches.close()


# Refusals.


def test_a_refused_subscription_is_raised_after_what_was_received():
    def script(server: Exchange) -> None:
        server.welcome(1)
        server.data("trades", [trade(2), trade(1)])
        server.send(error(server.next_request(), 10300, "symbol: invalid"))
        server.wait_for_close()

    with exchange(script) as url:
        listening = Listening(url, TRADES, "ticker:tNOPE:USD")
        refused = listening.failure(Refused)
    assert "ticker:tNOPE:USD" in refused.what
    assert "symbol: invalid" in refused.what
    assert refused.hint
    assert refused.symbols == ["tNOPE:USD"]
    assert len(listening.items) == 2


# Gaps and proofs on a living connection.


def test_a_hole_in_the_sequence_is_told_and_every_channel_heals():
    def script(server: Exchange) -> None:
        server.welcome(2)
        server.data("trades", [trade(1)])
        server.data("book", [[100, 1, 1]])
        server.data("trades", "te", trade(3), skip=1)
        server.confirm_again("trades", "book")
        server.data("trades", [trade(3), trade(2), trade(1)])
        server.data("book", [[90, 1, 1]])
        server.wait_for_close()

    with exchange(script) as url:
        listening = Listening(url, TRADES, BOOK, strict=True)
        items = listening.until_count(5)
    assert trades_of(items) == [("snapshot", 1), ("backfill", 2), ("backfill", 3)]
    assert [item.type for item in items if isinstance(item, BookLevel)] == ["snapshot"] * 2
    [gap] = [e for e in listening.told if isinstance(e, events.Gap)]
    assert (gap.spec, gap.first, gap.last) == (None, 2, 4)
    assert listening.stream.stats.gaps == 1
    assert "Reconnecting" not in listening.kinds()


def checksum(text: str) -> int:
    unsigned = zlib.crc32(text.encode())
    return unsigned - (1 << 32) if unsigned >= 1 << 31 else unsigned


def test_a_wrong_checksum_resubscribes_that_book_alone():
    def script(server: Exchange) -> None:
        server.welcome(2)
        server.data("book", [[100, 1, 1]])
        server.data("book", "cs", checksum("100:1"))
        server.data("book", "cs", checksum("100:2"))
        server.data("trades", [trade(1)])
        server.confirm_again("book")
        server.data("book", [[90, 1, 1]])
        server.wait_for_close()

    with exchange(script) as url:
        listening = Listening(url, TRADES, BOOK)
        items = listening.until_count(3)
    assert [float(item.price) for item in items if isinstance(item, BookLevel)] == [100, 90]
    assert trades_of(items) == [("snapshot", 1)]
    [resync] = [e for e in listening.told if isinstance(e, events.Resync)]
    assert resync.spec == BOOK
    stats = listening.stream.stats
    assert (stats.resyncs, stats.checksums, stats.checksum_mismatches) == (1, 2, 1)


def test_a_book_that_cannot_be_proven_again_and_again_gets_a_new_connection():
    def hopeless(server: Exchange) -> None:
        server.welcome()
        for attempt in range(PROMPT.mismatches_until_reconnect):
            if attempt:
                server.confirm_again("book")
            server.data("book", [[100, 1, 1]])
            server.data("book", "cs", 12345)
        server.wait_for_close()

    def good(server: Exchange) -> None:
        server.welcome()
        server.data("book", [[90, 1, 1]])
        server.wait_for_close()

    with exchange(hopeless, good) as url:
        listening = Listening(url, BOOK)
        items = listening.until_count(4)
    assert [float(item.price) for item in items] == [100, 100, 100, 90]
    assert listening.kinds().count("Resync") == PROMPT.mismatches_until_reconnect - 1
    assert listening.stream.stats.reconnects == 1


def test_maintenance_is_waited_out_and_everything_subscribed_afresh():
    states: list[State] = []

    def script(server: Exchange) -> None:
        server.welcome()
        server.data("trades", [trade(1)])
        server.send(info(20060))
        server.send(info(20061))
        server.confirm_again("trades")
        server.data("trades", [trade(2), trade(1)])
        server.wait_for_close()

    with exchange(script) as url:
        listening = Listening(url, TRADES)
        note = listening.stream._intake._on_event

        def noting(happened: events.Event) -> None:
            states.append(listening.stream.status.state)
            note(happened)

        listening.stream._intake._on_event = noting
        items = listening.until_count(2)
    assert trades_of(items) == [("snapshot", 1), ("backfill", 2)]
    assert listening.kinds().count("Maintenance") == 2
    assert State.MAINTENANCE in states
    assert "Reconnecting" not in listening.kinds()


def test_a_request_refused_for_the_moment_is_made_again():
    soon = replace(PROMPT, patience=Patience(retry=0.02, look=0.01))

    def script(server: Exchange) -> None:
        server.welcome(0)
        server.send(error(server.next_request(), 11000, "ready: error"))
        server.confirm()
        server.data("trades", [trade(1)])
        server.wait_for_close()

    with exchange(script) as url:
        listening = Listening(url, TRADES, policy=soon)
        assert trades_of(listening.until_count(1)) == [("snapshot", 1)]


# Several connections.

ONE_EACH = replace(PROMPT, subscriptions=1)


def test_the_scheme_of_the_url_may_be_written_in_capitals():
    with exchange(sends_one_of) as url:
        Listening(url.replace("ws://", "WS://"), TRADES).until_count(1)


def sends_one_of(server: Exchange, then: Script = Exchange.wait_for_close) -> None:
    """Serve whatever this connection asks for with its first rows."""
    server.welcome()
    if "trades" in server.chan_ids:
        server.data("trades", [trade(1)])
    else:
        server.data("ticker", [1] * 10)
    then(server)


def test_more_than_one_connection_takes_is_spread_over_several():
    with exchange(sends_one_of) as url:
        listening = Listening(url, TRADES, TICKER, "ticker:tETHUSD", policy=ONE_EACH, events=True)
        stream = listening.stream
        listening.until(lambda: len(listening.items) == 10)
        assert stream.status.connections == 3
    kinds = Counter(type(item) for item in listening.items)
    assert kinds[Trade] == 1
    assert kinds[Ticker] == 2
    spread, *others = listening.told
    assert spread == events.Spread(3, 3, 0.0, mts=spread.mts)
    assert sorted(event.connection for event in others) == [1, 1, 2, 2, 3, 3]
    assert (stream.stats.messages, stream.stats.records) == (12, 3)
    assert stream.stats.bytes == sum(len(f) for way, f in listening.frames if way == "received")


def test_the_state_is_that_of_all_connections():
    lost = threading.Event()

    def ticks_until_lost(server: Exchange) -> None:
        sends_one_of(server, then=lambda server: lost.wait(5))
        drop(server)

    slow = replace(ONE_EACH, backoff_first=3600.0, backoff_most=3600.0)
    with exchange(ticks_until_lost) as url:
        listening = Listening(url, TRADES, TICKER, policy=slow)
        status = listening.stream.status
        batches = listening.stream.batches()
        while status.connected < 2:
            next(batches)
        assert status.state is State.LIVE
        lost.set()
        while status.connected:
            next(batches)
        assert status.state is State.RECONNECTING
        assert status.retry_at is not None
        listening.stream.close()
    assert status.state is State.CLOSED


def test_a_connection_that_breaks_heals_alone():
    """The ticker goes on while the trades are gone, and its connection is never made anew."""
    broken = threading.Event()

    def serve(server: Exchange) -> None:
        server.welcome()
        if "trades" in server.chan_ids and not broken.is_set():
            server.data("trades", [trade(1)])
            drop(server)
            broken.set()
        elif "trades" in server.chan_ids:
            server.data("trades", [trade(2), trade(1)])
            server.wait_for_close()
        else:
            broken.wait(5)
            for price in range(1, 101):
                server.data("ticker", [price] * 10)
            server.wait_for_close()

    with exchange(serve) as url:
        listening = Listening(url, TRADES, TICKER, policy=ONE_EACH)
        items = listening.until_count(102)
    assert [int(bytes(item.bid)) for item in items if isinstance(item, Ticker)] == [*range(1, 101)]
    assert trades_of(items) == [("snapshot", 1), ("backfill", 2)]
    [reconnected] = [e for e in listening.told if isinstance(e, events.Reconnected)]
    assert reconnected.connection == 1
    assert listening.stream.stats.reconnects == 1


def test_what_a_full_connection_refuses_goes_to_another():
    def full(server: Exchange) -> None:
        server.welcome(1)
        server.data("trades", [trade(1)])
        for _ in range(2):
            server.send(error(server.next_request(), 10305, "subscribe: limit"))
        server.data("trades", "te", trade(2))
        server.wait_for_close()

    def roomy(server: Exchange) -> None:
        server.welcome(2)
        server.data("ticker", [1] * 10)
        server.data("book", [[100, 1, 1]])
        server.wait_for_close()

    with exchange(full, roomy) as url:
        listening = Listening(url, TRADES, TICKER, BOOK)
        items = listening.until_count(4)
    assert trades_of(items) == [("snapshot", 1), ("te", 2)]
    assert {type(item) for item in items} == {Trade, Ticker, BookLevel}
    [moved] = [e for e in listening.told if isinstance(e, events.Moved)]
    assert (moved.connection, moved.moved, moved.kept) == (1, 2, 1)
    assert listening.stream.status.connections == 2
    assert listening.stream.stats.reconnects == 0


@pytest.mark.parametrize("together", [2, 25], ids=["in threads", "alone"])
def test_once_is_not_complete_while_a_subscription_looks_for_another_connection(together):
    def takes_one(server: Exchange) -> None:
        sends_one_of(server, then=refuse_more)

    def refuse_more(server: Exchange) -> None:
        for request in server.connection:
            server.send(error(json.loads(request), 10305, "subscribe: limit"))

    specs = [TRADES, "ticker:tETHUSD", TICKER][: 3 if together == 2 else 2]
    with exchange(takes_one) as url:
        policy = replace(PROMPT, subscriptions=together)
        listening = Listening(url, *specs, policy=policy, feeds=FeedOptions(once=True))
        listening.until(lambda: listening.stream.complete)
    assert "Moved" in listening.kinds()
    assert len(listening.items) == len(specs)


def test_where_even_an_empty_connection_has_no_room_the_subscription_is_refused():
    def no_room(server: Exchange) -> None:
        server.welcome(0)
        server.send(error(server.next_request(), 10305, "subscribe: limit"))
        server.wait_for_close()

    with exchange(no_room) as url:
        refused = Listening(url, TRADES).failure(Refused)
    assert TRADES in refused.what


def test_a_refusal_on_one_connection_ends_the_stream_after_what_was_received():
    given_first = threading.Event()

    def serve(server: Exchange) -> None:
        server.send(hello())
        server.send(confirmed_conf(server.next_request()["flags"]))
        request = server.next_request()
        if request["symbol"] == "tNOPE:USD":
            given_first.wait(5)
            server.send(error(request, 10300, "symbol: invalid"))
            server.wait_for_close()
        server.chan_ids["trades"] = 10
        server.send(subscribed(request, 10))
        server.data("trades", [trade(2), trade(1)])
        given_first.set()
        server.wait_for_close()

    with exchange(serve) as url:
        listening = Listening(url, TRADES, "ticker:tNOPE:USD", policy=ONE_EACH)
        refused = listening.failure(Refused)
    assert "tNOPE:USD" in refused.what
    assert len(listening.items) == 2


def test_once_is_complete_when_every_connection_has_given_its_values():
    release = threading.Event()

    def serve(server: Exchange) -> None:
        server.welcome()
        if "ticker" in server.chan_ids:
            release.wait(5)
            server.data("ticker", [1] * 10)
        else:
            server.data("trades", [trade(1)])
        server.wait_for_close()

    with exchange(serve) as url:
        feeds = FeedOptions(once=True)
        listening = Listening(url, TRADES, TICKER, policy=ONE_EACH, feeds=feeds)
        batches = listening.stream.batches()
        while not listening.items:
            listening.items += next(batches)
        assert not listening.stream.complete
        release.set()
        listening.items += next(batch for batch in batches if batch)
        assert listening.stream.complete
        listening.stream.close()
    assert len(listening.items) == 2
