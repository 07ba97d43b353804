"""The stream of market data: connects, pumps frames through the session and feeds, reconnects."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import UNSET, Struct, field
from websocket import WebSocketException, WebSocketTimeoutException

from bfxstream.book import OrderBook
from bfxstream.errors import BfxStreamError, CompletenessLost, ConnectionFailed, Refused
from bfxstream.protocol.channels import Subscription
from bfxstream.protocol.decode import Kind, Message
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
from bfxstream.protocol.session import Channel, Session
from bfxstream.protocol.status import State, Status
from bfxstream.stream import policy
from bfxstream.stream.connect import RateLimited, check_url, describe_loss, open_socket
from bfxstream.stream.feeds import BookFeed, Context, Feed, FeedOptions, make_feed
from bfxstream.stream.latency import Latency
from bfxstream.stream.socket import BatchSocket
from bfxstream.stream.watch import Watch

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
    strict: bool = False
    tick: float = 0.25
    """Most seconds between two batches, an empty one where nothing came."""


class ConnectionLost(Exception):
    """A connection that stood has ended; the reason is its text."""


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
        on_frame: Callable[[str, bytes], None] | None = None,
    ) -> None:
        self.subscriptions = list(dict.fromkeys(subscriptions))
        self.options = options
        self.status = Status(endpoint=check_url(options.url))
        self.stats = self.status.stats
        self._on_event = on_event
        self._on_frame = on_frame
        self._backoff = policy.Backoff()
        self._socket: BatchSocket | None = None
        self._batch: list[Item] = []
        self._started = time.monotonic()
        self._ending: BfxStreamError | None = None
        self._latency = Latency() if options.measure_latency else None
        context = Context(options.feeds, self.stats, self._report, _wall_mts)
        self._feeds = [make_feed(subscription, context) for subscription in self.subscriptions]

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
        was_connected = False
        lost_at = time.monotonic()
        while True:
            try:
                session, connected_at = self._connect(was_connected, lost_at), time.monotonic()
                was_connected = True
                yield from self._pump(session)
            except ConnectionLost as loss:
                failure = ConnectionFailed(f"{loss}: {self.options.url}")
                lost_at = time.monotonic()
                if lost_at - connected_at >= policy.HEALTHY_AFTER:
                    self._backoff.reset()
            except ConnectionFailed as error:
                failure = error
            finally:
                self._disconnect()
            yield from self._wait(failure, was_connected, lost_at)

    def close(self) -> None:
        """Close the connection with a close frame. Safe to call at any time, and twice."""
        self._disconnect()
        self.status.state = State.CLOSED
        self.stats.uptime = round(time.monotonic() - self._started, 3)
        if self._latency is not None:
            self.stats.latency_p50 = self._latency.percentile(0.50)
            self.stats.latency_p99 = self._latency.percentile(0.99)

    # One connection.

    def _connect(self, again: bool, lost_at: float) -> Session:
        url = self.options.url
        self.status.state = State.RECONNECTING if again else State.CONNECTING
        self._socket = open_socket(url)
        self.status.state = State.LIVE
        self.status.retry_at = None
        self.status.notice = ""
        if again:
            self.stats.reconnects += 1
            self._report(Reconnected(url, round(time.monotonic() - lost_at, 3)))
        else:
            self._report(Connected(url))
        wants_time = self.options.timestamps or self.options.measure_latency
        return Session(self.subscriptions, timestamps=wants_time)

    def _pump(self, session: Session) -> Iterator[list[Item]]:
        watch = Watch(time.monotonic())
        while True:
            frames = self._receive(watch, session)
            now = time.monotonic()
            if frames:
                watch.heard(now)
                self.status.last_received = now
                self._take_frames(session, frames, now)
            session.tick(now)
            for feed in self._feeds:
                self._batch += feed.tick(now)
            self._send(session)
            yield self._finish_batch()
            if self._ending is not None:
                raise self._ending
            if session.reconnect_reason:
                raise ConnectionLost(session.reconnect_reason)

    def _receive(self, watch: Watch, session: Session) -> list[bytes]:
        socket = self._socket
        assert socket is not None
        try:
            socket.settimeout(self.options.tick)
            return socket.receive()
        except WebSocketTimeoutException:
            if watch.is_dead(time.monotonic()):
                raise ConnectionLost(f"nothing came for {policy.DEAD_AFTER:.0f} s") from None
            if watch.wants_ping(time.monotonic()):
                session.ping(_wall_mts())
            return []
        except (WebSocketException, OSError) as error:
            raise ConnectionLost(describe_loss(error)) from error

    def _send(self, session: Session) -> None:
        socket = self._socket
        assert socket is not None
        try:
            for frame in session.frames_to_send():
                if self._on_frame is not None:
                    self._on_frame("sent", frame)
                socket.settimeout(policy.CONNECT_TIMEOUT)
                socket.send(frame.decode("ascii"))
        except (WebSocketException, OSError) as error:
            raise ConnectionLost(describe_loss(error)) from error

    # Frames to records.

    def _take_frames(self, session: Session, frames: list[bytes], now: float) -> None:
        self.stats.messages += len(frames)
        self.stats.bytes += sum(map(len, frames))
        bad_before = session.bad_frames
        received_mts = _wall_mts()
        for frame in frames:
            if self._on_frame is not None:
                self._on_frame("received", frame)
            arrival = session.receive(frame)
            if session.has_events:
                self._take_events(session)
            if arrival is not None:
                channel, message = arrival
                self._take_message(session, channel, message, now, received_mts)
            if self.options.frames_only:
                self._batch.append(frame)
        self.stats.bad_frames += session.bad_frames - bad_before

    def _take_message(
        self, session: Session, channel: Channel, message: Message, now: float, received_mts: int
    ) -> None:
        feed = self._feeds[channel.index]
        if self.options.feeds.once and feed.complete:
            return
        records = feed.receive(message, channel.fresh, now)
        if message.kind is Kind.DATA:
            channel.fresh = False  # an empty snapshot is one too
        if self._latency is not None and message.server_mts is not None:
            self._latency.add(received_mts - message.server_mts)
        if feed.resync_reason:
            self._resync(session, channel, feed)
        if self.options.frames_only:
            return
        if self.options.seq or self.options.timestamps:
            self._stamp(records, message, received_mts)
        self._batch += records

    def _stamp(self, records: list[Record], message: Message, received_mts: int) -> None:
        for record in records:
            if self.options.seq:
                record.seq = message.seq if message.seq is not None else UNSET
            if self.options.timestamps:
                record.received_mts = received_mts
                record.server_mts = message.server_mts

    def _resync(self, session: Session, channel: Channel, feed: Feed) -> None:
        reason, feed.resync_reason = feed.resync_reason, ""
        self.stats.resyncs += 1
        if feed.mismatches_in_a_row >= policy.MISMATCHES_UNTIL_RECONNECT:
            session.reconnect_reason = f"{channel.subscription.spec}: {reason} again and again"
            feed.mismatches_in_a_row = 0
        else:
            session.resubscribe(channel, reason)
        if session.has_events:
            self._take_events(session)

    def _finish_batch(self) -> list[Item]:
        batch, self._batch = self._batch, []
        self.stats.records += sum(not isinstance(item, Event) for item in batch)
        return batch

    # Events.

    def _take_events(self, session: Session) -> None:
        rejected: list[Rejected] = []
        for event in session.take_events():
            if isinstance(event, Rejected):
                rejected.append(event)
            else:
                self._report(event)
        if rejected:
            # Raised after the batch is given: what already came is not lost.
            what = "; ".join(event.sentence() for event in rejected)
            self._ending = Refused(what, hint=rejected[0].remedy)

    def _report(self, event: Event) -> None:
        event.mts = _wall_mts()
        if isinstance(event, Gap):
            self.stats.gaps += 1
            if self.options.strict and event.spec is not None:
                self._ending = CompletenessLost(event.sentence())
        if isinstance(event, (Gap, Resync)):
            self.status.notice = event.sentence()
        if isinstance(event, Maintenance):
            started = event.phase == "started"
            self.status.state = State.MAINTENANCE if started else State.LIVE
        self._on_event(event)
        if self.options.events:
            self._batch.append(event)

    # Between connections.

    def _disconnect(self) -> None:
        socket, self._socket = self._socket, None
        if socket is not None:
            socket.close(timeout=policy.CLOSE_TIMEOUT)

    def _wait(
        self, failure: ConnectionFailed, was_connected: bool, lost_at: float
    ) -> Iterator[list[Item]]:
        """Wait out the backoff, or raise the failure where it is final."""
        deadline = self._deadline(was_connected, lost_at)
        now = time.monotonic()
        if failure.permanent or not self.options.reconnect or now >= deadline:
            yield self._finish_batch()
            raise failure
        at_least = policy.RATE_LIMIT_WAIT if isinstance(failure, RateLimited) else 0.0
        delay = min(self._backoff.next_delay(at_least=at_least), deadline - now)
        self.status.state = State.RECONNECTING
        self.status.retry_at = now + delay
        self._report(Reconnecting(failure.what, round(delay, 3), self._backoff.attempts))
        while True:
            yield self._finish_batch()
            left = self.status.retry_at - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(left, self.options.tick))  # the backoff itself; signals end it

    def _deadline(self, was_connected: bool, lost_at: float) -> float:
        if self.options.retry_for is not None:
            return lost_at + self.options.retry_for
        return float("inf") if was_connected else lost_at + policy.RETRY_FOR_FIRST


def _wall_mts() -> int:
    return time.time_ns() // 1_000_000
