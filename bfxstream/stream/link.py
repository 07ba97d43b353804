"""One connection's worth of a stream: connects, takes in what comes, heals by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from bfxstream.errors import BfxStreamError, ConnectionFailed, RateLimited, Refused
from bfxstream.protocol.channel_state import NOBODY, Channel, ignore
from bfxstream.protocol.channels import parse_spec
from bfxstream.protocol.events import (
    Connected,
    Event,
    Maintenance,
    Moved,
    Reconnected,
    Reconnecting,
    Rejected,
    Subscribed,
)
from bfxstream.protocol.session import Session
from bfxstream.stream.connection import Connection, ConnectionLost
from bfxstream.stream.feed import Feed, has_tick
from bfxstream.stream.intake import Intake, Item
from bfxstream.stream.life import Life
from bfxstream.stream.limiter import endpoint_of
from bfxstream.stream.network import without_secrets
from bfxstream.stream.watch import Watch
from bfxstream.stream.world import World

FrameTap = Callable[[int, str, int, list[bytes]], None]
"""Sees all that passes: the connection's number, `sent` or `received`, ms since 1970, frames."""

_TOGETHER = 256
"""Frames decoded in one call: a row that a book keeps holds on to the text of all of them."""

_LEAST_TIMEOUT = 1.0
"""Seconds for a step of connecting, even where the time to try is over: one attempt is made, and
across the world less would never be enough."""

_WAIT_STEP = 0.25
"""Most seconds of a wait between two looks at whether it is still wanted."""


class Link:
    """Some of a stream's feeds on one connection, for as long as somebody iterates."""

    def __init__(
        self,
        number: int,
        feeds: Sequence[Feed],
        intake: Intake,
        world: World,
        on_frames: FrameTap | None = None,
        *,
        url: str | None = None,
    ) -> None:
        """`url` where it is not the stream's."""
        options = intake.options
        self.number = number
        self.feeds = list(feeds)
        self._ticking = list(filter(has_tick, feeds))
        self.tick = options.tick
        """Most seconds between two batches."""
        self.life = Life(
            options.policy,
            retry_for=options.retry_for,
            reconnect=options.reconnect,
            rng=world.jitter(number),
        )
        self.bytes_read = 0
        """Those of the frames of the last batch."""
        self._options = options
        self._policy = options.policy
        self._url = url or options.url
        self._shown_url = without_secrets(self._url)
        self._when_lost = "" if options.reconnect else "leave out --no-reconnect to go on"
        self._endpoint = endpoint_of(self._url)
        self._limit = options.policy.connect_limit(self._url)
        self._intake = intake
        self._clock = world.clock
        self._limiter = world.limiter
        self._open = world.open
        self._on_frames = on_frames
        self._connection: Connection | None = None
        self._session: Session | None = None
        self._lost_at: float | None = None
        self._ending: BfxStreamError | None = None
        self._changes: list[tuple[Feed, Feed]] = []
        """Feeds to be replaced, and what by: in this order, as soon as that can be."""
        intake.join(self)

    @property
    def complete(self) -> bool:
        """Whether every feed has given a complete value."""
        return all(feed.complete for feed in self.feeds)

    def batches(self) -> Iterator[list[Item]]:
        """Everything that each read brought; an empty list now and then where nothing comes.

        Raises ConnectionFailed when the connection cannot be had (again), Refused when the
        exchange refuses a subscription, CompletenessLost under `strict`; what was received
        before is given first.
        """
        while True:
            yield from self._wait_for_turn()
            try:
                connection, session, batch = self._connect()
                yield batch
                yield from self._converse(connection, session)
            except ConnectionLost as loss:
                failure = ConnectionFailed(f"{loss}: {self._shown_url}", hint=self._when_lost)
            except ConnectionFailed as error:
                failure = error
            finally:
                self._disconnect()
            with self._intake.lock:
                tries_again = self._note_failure(failure)
                batch = self._intake.take_out()
            yield batch
            if not tries_again:
                raise failure

    def gives(self, feed: Feed) -> bool:
        """Whether it has this feed, or will have it."""
        return feed in self.feeds or any(new is feed for _, new in self._changes)

    def change(self, old: Feed, new: Feed) -> None:
        """Have another feed in the place of one, as soon as the exchange is ready for it."""
        self._changes.append((old, new))

    def interrupt(self) -> None:
        """Let the next batch come at once; from any thread."""
        connection = self._connection
        if connection is not None:
            connection.interrupt()

    def close(self) -> None:
        """Close the connection with a close frame. Safe to call twice."""
        self._disconnect()
        with self._intake.lock:
            self.life.close()
            self._intake.show_state()

    def end_feeds(self) -> None:
        """Let the feeds give what they hold back: no more is to come."""
        self._intake.turn(self)
        for feed in self.feeds:
            self._intake.end(feed)

    @property
    def ending(self) -> BfxStreamError | None:
        """What is raised when what was received before has been given."""
        return self._ending

    # What the intake asks of the link whose turn it is.

    def resync(self, index: int, reason: str, times_in_a_row: int) -> None:
        """The feed of this index can no longer vouch for its book."""
        session = self._session
        if session is None:
            return
        channel = self._channel(session, index)
        if times_in_a_row % self._policy.mismatches_until_reconnect == 0:
            session.reconnect_reason = f"{channel.subscription.spec}: {reason}, repeatedly"
        else:
            session.resubscribe(channel, reason)

    def end(self, error: BfxStreamError) -> None:
        """Raise this when what was received before has been given."""
        self._ending = self._ending or error

    # Between connections.

    def _wait_for_turn(self) -> Iterator[list[Item]]:
        """Wait out the backoff, then until the exchange's limit allows an attempt."""
        while (wait := self._time_to_wait(self._clock.now())) > 0:
            yield []
            self._clock.wait(min(wait, self.tick, _WAIT_STEP))  # the backoff; signals end it

    def _time_to_wait(self, now: float) -> float:
        retry_at = self.life.retry_at
        if retry_at is not None and now < retry_at:
            return retry_at - now
        with self._intake.lock:
            self.life.due(now)
            self._intake.show_state()
        return self._limiter.enter(self._endpoint, self._limit, now)

    def _connect(self) -> tuple[Connection, Session, list[Item]]:
        now = self._clock.now()
        self.life.begun(now)
        left = self.life.time_left(now, first=not self._intake.was_connected)
        timeout = min(self._options.connect_timeout, max(_LEAST_TIMEOUT, left))
        try:
            self._connection = self._open(self._url, timeout, self.number)
        finally:
            self._limiter.leave(self._endpoint, self._clock.now())
        with self._intake.lock:
            session = self._begin_session()
            batch = self._intake.take_out()  # else it would go with what another link gives
        return self._connection, session, batch

    def _make_session(self) -> Session:
        intake, options = self._intake, self._options
        return Session(
            [feed.subscription for feed in self.feeds],
            intake.receivers(self.feeds),
            intake.takers(self.feeds),
            timestamps=options.timestamps or options.measure_latency,
            patience=self._policy.patience,
        )

    def _begin_session(self) -> Session:
        intake = self._intake
        if self._changes:
            self._make_changes(None)
        self._session = session = self._make_session()
        self.life.opened()
        intake.turn(self)
        intake.was_connected = True
        intake.last_failure = None
        intake.show_state()
        if self._lost_at is None:
            intake.report(Connected(self._shown_url))
        else:
            intake.stats.reconnects += 1
            after = self._clock.now() - self._lost_at
            intake.report(Reconnected(self._shown_url, round(after, 3)))
        return session

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        self._session = None
        if connection is not None:
            self._lost_at = self._clock.now()
            connection.close()

    def _note_failure(self, failure: ConnectionFailed) -> bool:
        """Say when it is tried again; False where it is not."""
        intake, now = self._intake, self._clock.now()
        if isinstance(failure, RateLimited):
            self._limiter.keep_away(self._endpoint, now + self._policy.rate_limit_wait)
        at_least = self._limiter.wait(self._endpoint, self._limit, now)
        intake.turn(self)
        intake.last_failure = failure
        try:
            first = not intake.was_connected
            delay = self.life.failed(failure, now, first=first, at_least=at_least)
        except ConnectionFailed:
            return False
        finally:
            intake.show_state()
        intake.report(Reconnecting(failure.what, round(delay, 3), self.life.attempts))
        return True

    # One connection.

    def _converse(self, connection: Connection, session: Session) -> Iterator[list[Item]]:
        clock, lock, tap = self._clock, self._intake.lock, self._on_frames
        now = clock.now()
        watch = Watch(self._policy, now)
        # A consumer that holds us up, or a process that is stopped, hears nothing: that is no
        # silence of the exchange.
        pause, held_up = self._policy.pause, 0.0
        while True:
            if requests := session.frames_to_send():
                if tap is not None:
                    tap(self.number, "sent", clock.wall_mts(), requests)
                self._send(connection, requests)
            asked = clock.now()
            if asked - now > pause:
                held_up += asked - now
            frames = connection.read(self.tick)
            now = clock.now()
            if now - asked > self.tick + pause:
                held_up += now - asked - self.tick
            listened = now - held_up
            if frames:
                if tap is not None:
                    tap(self.number, "received", clock.wall_mts(), frames)
                with lock:
                    batch = self._take_in(session, frames, now, listened)
                yield batch  # before what is due by the clock: a lone trade waits for nothing
                watch.heard(listened)
            else:
                self._look_at(watch, listened, connection, session)
            with lock:
                batch = self._do_what_is_due(session, now, listened)
            if batch or not frames:
                yield batch
            if self._ending is not None:
                raise self._ending
            if session.reconnect_reason:
                raise ConnectionLost(session.reconnect_reason)

    def _make_changes(self, session: Session | None) -> None:
        """Replace feeds as long as the exchange is ready for it; without a session it is."""
        while self._changes:
            old, new = self._changes[0]
            position = self.feeds.index(old)
            if session is not None:
                [receiver] = self._intake.receivers([new]) or [ignore]
                [taker] = self._intake.takers([new]) or [NOBODY]
                channel = session.channels[position]
                if not session.change(channel, new.subscription, receiver, taker):
                    return
            self.feeds[position] = new
            self._changes.pop(0)
        self._ticking = list(filter(has_tick, self.feeds))

    def _send(self, connection: Connection, requests: Sequence[bytes]) -> None:
        connection.send(requests)

    def _look_at(self, watch: Watch, now: float, connection: Connection, session: Session) -> None:
        if watch.is_dead(now):
            connection.abandon()  # a close frame would be waited for in vain before it is told
            raise ConnectionLost(f"nothing came for {self._policy.dead_after:g} s")
        if watch.wants_ping(now):
            session.ping(self._clock.wall_mts())

    def _take_in(
        self, session: Session, frames: list[bytes], now: float, listened: float
    ) -> list[Item]:
        intake = self._intake
        session.now = listened
        self.bytes_read = intake.begin(self, frames, now)
        bad_before = session.bad_frames
        self._take_frames(session, frames)
        intake.conclude(session, frames)
        intake.stats.bad_frames += session.bad_frames - bad_before
        return intake.take_out()

    def _do_what_is_due(self, session: Session, now: float, listened: float) -> list[Item]:
        """What the clock alone brings, behind what was received."""
        intake = self._intake
        intake.turn(self)
        intake.context.now = now
        self.bytes_read = 0
        session.tick(listened)
        if self._changes:
            self._make_changes(session)
        if session.events:
            self._take_events(session)
        intake.tick(self._ticking, now)
        return intake.take_out()

    def _take_frames(self, session: Session, frames: list[bytes]) -> None:
        for begin in range(0, len(frames), _TOGETHER):
            some = frames[begin : begin + _TOGETHER]
            taken = session.receive_together(some)
            if session.events:
                self._take_events(session)
            if taken < len(some):
                left = iter(some[taken:])
                while session.receive_all(left):
                    self._take_events(session)

    # What the session tells.

    def _take_events(self, session: Session) -> None:
        for event in session.take_events():
            if isinstance(event, Rejected):
                self._refuse(event)
            else:
                self._follow(event)
                self._intake.report(event)
        self._make_room(session)

    def _follow(self, event: Event) -> None:
        """What this means for the connection's life."""
        if isinstance(event, Subscribed):
            self.life.confirmed(self._clock.now())
            self._feed(event.spec).interrupted()
        elif isinstance(event, Maintenance):
            if event.phase == "started":
                self.life.paused()
            else:
                self.life.resumed()
        else:
            return
        self._intake.show_state()

    def _refuse(self, event: Rejected) -> None:
        symbol = parse_spec(event.spec).symbol
        if isinstance(self._ending, Refused):
            self._ending.what += f"; {event.sentence()}"
            self._ending.symbols.append(symbol)
        else:
            self.end(Refused(event.sentence(), hint=event.remedy, symbols=[symbol]))

    def _make_room(self, session: Session) -> None:
        """Hand over the feeds that the exchange takes on another connection only (10305)."""
        displaced = session.take_displaced()
        if not displaced:
            return
        if not session.channels:
            # Not one channel: another connection would fare no better.
            specs = ", ".join(channel.subscription.spec for channel in displaced)
            self.end(Refused(f"the exchange has no room for {specs} (code 10305)"))
            self._changes.clear()  # no channel is left for them
            return
        subscriptions = {channel.subscription for channel in displaced}
        moving = [feed for feed in self.feeds if feed.subscription in subscriptions]
        self.feeds = [feed for feed in self.feeds if feed.subscription not in subscriptions]
        self._ticking = list(filter(has_tick, self.feeds))
        self._change_before_asked(moving)
        self._intake.displaced.append(moving)
        self._intake.report(Moved(len(moving), len(self.feeds)))

    def _change_before_asked(self, feeds: list[Feed]) -> None:
        """Replace those of these feeds that are to be: of them nothing is asked here any more."""
        changes, self._changes = self._changes, []
        for old, new in changes:
            if old in feeds:
                feeds[feeds.index(old)] = new
            else:
                self._changes.append((old, new))

    def _feed(self, spec: str) -> Feed:
        """The feed of the subscription that is spelled so."""
        return next(feed for feed in self.feeds if feed.subscription.spec == spec)

    def _channel(self, session: Session, index: int) -> Channel:
        """The channel of the feed of this index."""
        position = next(i for i, feed in enumerate(self.feeds) if feed.index == index)
        return session.channels[position]
