"""The stream of market data: connects, takes frames through session and feeds, reconnects."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct, field

from bfxstream.book import OrderBook
from bfxstream.errors import BfxStreamError, CompletenessLost, ConnectionFailed, Refused
from bfxstream.protocol.channel_state import Receiver
from bfxstream.protocol.channels import Subscription, parse_spec
from bfxstream.protocol.events import (
    Connected,
    Event,
    Gap,
    Maintenance,
    Reconnected,
    Reconnecting,
    Rejected,
    Resync,
)
from bfxstream.protocol.records import Record
from bfxstream.protocol.session import Session
from bfxstream.protocol.status import State, Status
from bfxstream.stream import policy
from bfxstream.stream.book_feeds import BookFeed
from bfxstream.stream.connect import check_url
from bfxstream.stream.connection import Connection, ConnectionLost, FrameTap
from bfxstream.stream.feed import Context, Feed, FeedOptions
from bfxstream.stream.feeds import make_feed
from bfxstream.stream.latency import Latency
from bfxstream.stream.retry import Retry
from bfxstream.stream.stamps import Stamper

_TOGETHER = 256
"""Frames decoded in one call: a row that a book keeps holds on to the text of all of them."""

Item = Record | Event | bytes
"""What goes to a sink: records; events, where they are asked for; or frames as they came."""


class StreamOptions(Struct, frozen=True, kw_only=True):
    """How a stream connects and what it gives."""

    url: str = policy.PUBLIC_URL
    feeds: FeedOptions = field(default_factory=FeedOptions)
    frames_only: bool = False
    """Give the exchange's frames instead of records."""
    events: bool = False
    """Give events among the records, each where it happened."""
    seq: bool = False
    timestamps: bool = False
    measure_latency: bool = False
    reconnect: bool = True
    retry_for: float | None = None
    """Seconds to keep trying without a connection; None for the defaults of `policy`."""
    connect_timeout: float = policy.CONNECT_TIMEOUT
    strict: bool = False
    tick: float = 0.25
    """Most seconds between two batches, an empty one where nothing came."""


class MarketStream:
    """Any number of subscriptions on one connection, for as long as the caller iterates.

    `batches()` gives, for each read of the socket, everything that it brought, in order. The
    guarantees hold over reconnects: the feeds outlive the connection.
    """

    def __init__(
        self,
        subscriptions: Sequence[Subscription],
        options: StreamOptions,
        *,
        on_event: Callable[[Event], None] = lambda event: None,
        on_frame: FrameTap | None = None,
    ) -> None:
        self.subscriptions = list(dict.fromkeys(subscriptions))
        self.options = options
        self.status = Status(endpoint=check_url(options.url))
        self.stats = self.status.stats
        self._on_event = on_event
        self._on_frame = on_frame
        self._started = time.monotonic()
        self._retry = Retry(self._started, retry_for=options.retry_for, reconnect=options.reconnect)
        self._connection: Connection | None = None
        self._ending: BfxStreamError | None = None
        self._notice_until = 0.0
        self._context = Context(options.feeds, self.stats, self._report, self._resync, _wall_mts)
        self._out = self._context.out
        self._feeds = [
            make_feed(index, subscription, self._context)
            for index, subscription in enumerate(self.subscriptions)
        ]
        self._latency = Latency() if options.measure_latency else None
        self._stamper = self._make_stamper()
        self.last_failure: ConnectionFailed | None = None
        """Why there was no connection, until there is one."""

    @property
    def books(self) -> Mapping[Subscription, OrderBook[Any]]:
        """The live books, by their subscriptions."""
        return {f.subscription: f.book for f in self._feeds if isinstance(f, BookFeed)}

    @property
    def complete(self) -> bool:
        """Whether every subscription has given a complete value: the end of `--once`."""
        return all(feed.complete for feed in self._feeds)

    def batches(self) -> Iterator[list[Item]]:
        """Everything that each read brought; an empty list now and then where nothing comes.

        Raises ConnectionFailed when the connection cannot be had (again), Refused when the
        exchange refuses a subscription, CompletenessLost under `strict`; what was received
        before is given first.
        """
        lost_at: float | None = None
        while True:
            try:
                connection = self._connect(lost_at)
                yield from self._pump(connection)
            except ConnectionLost as loss:
                lost_at = time.monotonic()
                self._retry.lost(connection.opened_at, lost_at)
                failure = ConnectionFailed(f"{loss}: {self.options.url}")
            except ConnectionFailed as error:
                failure = error
            finally:
                self._disconnect()
            self.last_failure = failure
            yield from self._wait(failure)

    def close(self) -> None:
        """Close the connection with a close frame. Safe to call at any time, and twice."""
        self._disconnect()
        self.status.state = State.CLOSED
        self.stats.uptime = round(time.monotonic() - self._started, 3)
        self.stats.unknown_deletes = sum(book.unknown_deletes for book in self.books.values())
        if self._latency is not None:
            self.stats.latency_p50 = self._latency.percentile(0.50)
            self.stats.latency_p99 = self._latency.percentile(0.99)

    # Between connections.

    def _connect(self, lost_at: float | None) -> Connection:
        url = self.options.url
        wants_time = self.options.timestamps or self.options.measure_latency
        # Frames alone need no feeds, but for `once`: they know when a value is complete.
        audits_only = self.options.frames_only and not self.options.feeds.once
        receivers = None if audits_only else self._receivers()
        takes_together = not audits_only and not self.options.feeds.once and self._stamper is None
        takers = self._feeds if takes_together else ()
        session = Session(self.subscriptions, receivers, takers, timestamps=wants_time)
        left = self._retry.time_left(time.monotonic())
        timeout = max(0.1, min(self.options.connect_timeout, left))
        self._connection = Connection(url, session, timeout=timeout, tap=self._on_frame)
        self._retry.connected()
        self.last_failure = None
        self.status.state = State.LIVE
        self.status.retry_at = None
        if lost_at is None:
            self._report(Connected(url))
        else:
            self.stats.reconnects += 1
            self._report(Reconnected(url, round(time.monotonic() - lost_at, 3)))
        return self._connection

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _wait(self, failure: ConnectionFailed) -> Iterator[list[Item]]:
        """Wait out the backoff, or raise the failure where it is final."""
        try:
            delay = self._retry.delay(failure, time.monotonic())
        except ConnectionFailed:
            yield self._take_out()
            raise
        self.status.state = State.RECONNECTING
        self.status.retry_at = time.monotonic() + delay
        self._report(Reconnecting(failure.what, round(delay, 3), self._retry.attempts))
        while True:
            yield self._take_out()
            left = self.status.retry_at - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(left, self.options.tick))  # the backoff itself; signals end it

    # One connection.

    def _pump(self, connection: Connection) -> Iterator[list[Item]]:
        session = connection.session
        while True:
            frames = connection.read(self.options.tick)
            now = time.monotonic()
            self._context.now = now
            session.tick(now)
            if frames:
                self.status.last_received = now
                self._take_frames(session, frames)
            self._tick_feeds(now)
            if session.events:
                self._take_events(session)
            connection.send_requests()
            yield self._take_out()
            if self._ending is not None:
                raise self._ending
            if session.reconnect_reason:
                raise ConnectionLost(session.reconnect_reason)

    def _take_frames(self, session: Session, frames: list[bytes]) -> None:
        self.stats.messages += len(frames)
        self.stats.bytes += sum(map(len, frames))
        if self._stamper is not None:
            self._stamper.received_mts = _wall_mts()
        bad_before = session.bad_frames
        begin = 0
        while begin < len(frames):
            some = frames[begin : begin + _TOGETHER]
            begin += len(some)
            taken = session.receive_together(some)
            if session.events:
                self._take_events(session)
            left = iter(some[taken:])
            while session.receive_all(left):
                self._take_events(session)
        if self._latency is not None:
            self._measure(self._latency, session, frames)
        if self.options.frames_only:
            happened = [item for item in self._out if isinstance(item, Event)]
            self._out[:] = happened + frames
        self.stats.bad_frames += session.bad_frames - bad_before

    def _measure(self, latency: Latency, session: Session, frames: list[bytes]) -> None:
        """Note how long the oldest frame of a read took: the one that waited longest."""
        oldest = next((frame for frame in frames if frame.startswith(b"[")), b"")
        server_mts = session.server_mts_of(oldest)
        if server_mts is not None:
            latency.add(_wall_mts() - server_mts)

    def _tick_feeds(self, now: float) -> None:
        if now > self._notice_until:
            self.status.notice = ""
        if self.options.frames_only:
            return
        for feed in self._feeds:
            if self._stamper is not None:
                self._stamper.tick(feed, now)
            else:
                feed.tick(now)

    def _take_out(self) -> list[Item]:
        """What is to be given; the feeds go on with the same list."""
        batch = self._out[:]
        self._out.clear()
        self.stats.records += len(batch)
        if self.options.events:
            self.stats.records -= sum(isinstance(item, Event) for item in batch)
        return batch

    # Receivers.

    def _make_stamper(self) -> Stamper | None:
        options = self.options
        if not (options.seq or options.timestamps):
            return None
        return Stamper(self._out, seq=options.seq, timestamps=options.timestamps)

    def _receivers(self) -> list[Receiver]:
        return [self._receiver(feed) for feed in self._feeds]

    def _receiver(self, feed: Feed) -> Receiver:
        receive = feed.receive if self._stamper is None else self._stamper.around(feed)
        if not self.options.feeds.once:
            return receive

        def receive_once(message: Any, fresh: bool) -> None:
            if not feed.complete:
                receive(message, fresh)

        return receive_once

    # What happens to the stream itself.

    def _resync(self, index: int, reason: str, times_in_a_row: int) -> None:
        """A feed can no longer vouch for its book."""
        connection = self._connection
        if connection is None:
            return
        session = connection.session
        if times_in_a_row % policy.MISMATCHES_UNTIL_RECONNECT == 0:
            session.reconnect_reason = f"{self.subscriptions[index].spec}: {reason}, repeatedly"
        else:
            session.resubscribe(session.channels[index], reason)

    def _take_events(self, session: Session) -> None:
        for event in session.take_events():
            if isinstance(event, Rejected):
                self._refuse(event)
            else:
                self._report(event)

    def _refuse(self, event: Rejected) -> None:
        # Raised when the batch has been given: what already came is not lost.
        symbol = parse_spec(event.spec).symbol
        if isinstance(self._ending, Refused):
            self._ending.what += f"; {event.sentence()}"
            self._ending.symbols.append(symbol)
        elif self._ending is None:
            self._ending = Refused(event.sentence(), hint=event.remedy, symbols=[symbol])

    def _report(self, event: Event) -> None:
        event.mts = _wall_mts()
        if isinstance(event, Resync):
            self.stats.resyncs += 1
        if isinstance(event, Gap):
            self.stats.gaps += 1
            # A hole in the frames heals by new snapshots, where frames are taken apart.
            if self.options.strict and (event.spec is not None or self.options.frames_only):
                self._ending = self._ending or CompletenessLost(event.sentence())
        if isinstance(event, (Gap, Resync, Reconnecting)):
            # The status line itself counts down to the next attempt.
            self.status.notice = (
                event.reason if isinstance(event, Reconnecting) else event.sentence()
            )
            self._notice_until = time.monotonic() + policy.NOTICE_SECONDS
        if isinstance(event, Maintenance):
            started = event.phase == "started"
            self.status.state = State.MAINTENANCE if started else State.LIVE
        self._on_event(event)
        if self.options.events:
            self._out.append(event)


def _wall_mts() -> int:
    return time.time_ns() // 1_000_000
