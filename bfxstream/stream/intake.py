"""Where the links of one stream put what they receive, one link at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any, Protocol

from bfxstream.errors import BfxStreamError, CompletenessLost, ConnectionFailed
from bfxstream.protocol.channel_state import Receiver, Taker
from bfxstream.protocol.events import Backfilling, Event, Gap, Reconnecting, Resync
from bfxstream.protocol.records import Record, Stats
from bfxstream.protocol.session import Session
from bfxstream.protocol.status import State, Status
from bfxstream.stream.clock import Clock
from bfxstream.stream.feed import Context, Feed
from bfxstream.stream.history import History
from bfxstream.stream.latency import Latency
from bfxstream.stream.life import Life
from bfxstream.stream.options import StreamOptions
from bfxstream.stream.stamps import Stamper

Item = Record | Event | bytes
"""What goes to a sink: records; events, where they are asked for; or frames as they came."""


class Owner(Protocol):
    """The link whose turn it is."""

    number: int
    life: Life

    def resync(self, index: int, reason: str, times_in_a_row: int) -> None:
        """The feed of this index can no longer vouch for its book."""
        ...

    def end(self, error: BfxStreamError) -> None:
        """Raise this when what was received before has been given."""
        ...


class Intake:
    """The feeds' surroundings, the counters, the state: whoever touches them holds the lock."""

    def __init__(
        self,
        options: StreamOptions,
        clock: Clock,
        history: History,
        on_event: Callable[[Event], None],
    ) -> None:
        self.lock = Lock()
        self.options = options
        self.stats = Stats()
        self.status = Status(endpoint=options.url, stats=self.stats)
        self.context = Context(
            options.feeds,
            self.stats,
            self.report,
            self._resync,
            clock.wall_mts,
            options.policy,
            history,
        )
        self.was_connected = False
        self.last_failure: ConnectionFailed | None = None
        """Why there was no connection, until there is one."""
        self.displaced: list[list[Feed]] = []
        """Feeds that need another connection, those of one link together."""
        self._clock = clock
        self._on_event = on_event
        self._out = self.context.out
        self._lives: list[Life] = []
        self._turn_of: Owner | None = None
        self._notice_until = 0.0
        self._latency = Latency() if options.measure_latency else None
        self._stamper: Stamper | None = None
        if options.seq or options.timestamps:
            self._stamper = Stamper(self._out, seq=options.seq, timestamps=options.timestamps)

    def join(self, link: Owner) -> None:
        """Count this link among those whose state makes up the stream's."""
        self._lives.append(link.life)
        self.show_state()

    def turn(self, link: Owner) -> None:
        """What comes now is this link's."""
        self._turn_of = link

    def show_state(self) -> None:
        """Bring the status up to what the links' lives are."""
        status, lives = self.status, self._lives
        status.connections = len(lives)
        status.connected = sum(life.state is State.LIVE for life in lives)
        farthest = min(lives, key=lambda life: _DISTANCES.index(life.state))
        status.state = farthest.state
        retries = [life.retry_at for life in lives if life.retry_at is not None]
        status.retry_at = min(retries, default=None)

    # Frames in.

    def receivers(self, feeds: Sequence[Feed]) -> list[Receiver] | None:
        """What takes the channels' messages; None where the frames are wanted as they are."""
        if self.options.frames_only and not self.options.feeds.once:
            # Frames alone need no feeds, but for `once`: they know when a value is complete.
            return None
        return [self._receiver(feed) for feed in feeds]

    def takers(self, feeds: Sequence[Feed]) -> Sequence[Taker]:
        """What takes messages that are decoded together; none where each is looked at."""
        options = self.options
        if options.frames_only or options.feeds.once or self._stamper is not None:
            return []
        return feeds

    def _receiver(self, feed: Feed) -> Receiver:
        receive = feed.receive if self._stamper is None else self._stamper.around(feed)
        if not self.options.feeds.once:
            return receive

        def receive_once(message: Any, fresh: bool) -> None:
            if not feed.complete:
                receive(message, fresh)

        return receive_once

    def begin(self, link: Owner, frames: list[bytes], now: float) -> int:
        """Note that these frames came with one read of this link, now; their bytes."""
        self._turn_of = link
        self.context.now = now
        size = sum(map(len, frames))
        self.stats.messages += len(frames)
        self.stats.bytes += size
        self.status.last_received = now
        if self._stamper is not None:
            self._stamper.received_mts = self._clock.wall_mts()
        return size

    def conclude(self, session: Session, frames: list[bytes]) -> None:
        """These frames have been taken through their session."""
        if self._latency is not None:
            self._measure(self._latency, session, frames)
        if self.options.frames_only:
            happened = [item for item in self._out if isinstance(item, Event)]
            self._out[:] = happened + frames

    def _measure(self, latency: Latency, session: Session, frames: list[bytes]) -> None:
        """Note how long the oldest frame of a read took: the one that waited longest."""
        oldest = next((frame for frame in frames if frame.startswith(b"[")), b"")
        server_mts = session.server_mts_of(oldest)
        if server_mts is not None:
            latency.add(self._clock.wall_mts() - server_mts)

    def tick(self, feeds: Sequence[Feed], now: float) -> None:
        """Let these feeds give what is due by the clock."""
        if now > self._notice_until:
            self.status.notice = ""
        if self.options.frames_only:
            return
        stamper = self._stamper
        for feed in feeds:
            if stamper is None:
                feed.tick(now)
            else:
                stamper.tick(feed, now)

    def end(self, feed: Feed) -> None:
        """Let a feed give what it holds back: no more is to come."""
        if self.options.frames_only:
            return
        if self._stamper is None:
            feed.end()
        else:
            self._stamper.end(feed)

    # Items out.

    def take_out(self) -> list[Item]:
        """What is to be given; the feeds go on with the same list."""
        if not self._out:
            return []
        batch = self._out[:]
        self._out.clear()
        self.stats.records += len(batch)
        if self.options.events:
            self.stats.records -= sum(isinstance(item, Event) for item in batch)
        return batch

    # What happens to the stream itself.

    def report(self, event: Event) -> None:
        """Count, show and tell what happened to the link whose turn it is."""
        event.mts = self._clock.wall_mts()
        event.make_printable()
        if self._turn_of is not None:
            event.connection = self._turn_of.number
        if isinstance(event, Resync):
            self.stats.resyncs += 1
        if isinstance(event, Gap):
            self._count_gap(event)
        if isinstance(event, (Backfilling, Gap, Resync, Reconnecting)):
            # The status line itself counts down to the next attempt.
            self.status.notice = (
                event.reason if isinstance(event, Reconnecting) else event.sentence()
            )
            self._notice_until = self._clock.now() + self.options.policy.notice
        self._on_event(event)
        if self.options.events:
            self._out.append(event)

    def _count_gap(self, gap: Gap) -> None:
        self.stats.gaps += 1
        # A hole in the frames heals by new snapshots, where frames are taken apart.
        heals = gap.spec is None and not self.options.frames_only
        if self.options.strict and not heals and self._turn_of is not None:
            self._turn_of.end(CompletenessLost(gap.sentence(), hint="leave out --strict to go on"))

    def _resync(self, index: int, reason: str, times_in_a_row: int) -> None:
        if self._turn_of is not None:
            self._turn_of.resync(index, reason, times_in_a_row)

    def finish(self, started: float, unknown_deletes: int) -> None:
        """The last figures of a run that began then."""
        self.stats.uptime = round(self._clock.now() - started, 3)
        self.stats.unknown_deletes = unknown_deletes
        if self._latency is not None:
            self.stats.latency_p50 = self._latency.percentile(0.50)
            self.stats.latency_p99 = self._latency.percentile(0.99)


_DISTANCES = (
    State.RECONNECTING,
    State.CONNECTING,
    State.MAINTENANCE,
    State.CONFIRMING,
    State.LIVE,
    State.CLOSED,
)
"""The states, the one that is farthest from being live first."""
