"""An exchange without sockets, on a clock that only waiting moves: hours pass in no time."""

from __future__ import annotations

import heapq
import json
from collections.abc import Callable
from functools import partial
from itertools import count
from typing import Any

from frames import confirmed_conf, event, hello, subscribed, with_tail

from bfxstream.protocol.channels import parse_spec
from bfxstream.stream.connection import ConnectionLost
from bfxstream.stream.history import History, NoHistory
from bfxstream.stream.limiter import RateLimiter
from bfxstream.stream.link import FrameTap
from bfxstream.stream.market import MarketStream
from bfxstream.stream.options import StreamOptions
from bfxstream.stream.world import World

URL = "wss://exchange.test/ws/2"
HEARTBEAT = 15.0


class FakeClock:
    """Stands still until somebody waits."""

    def __init__(self) -> None:
        self.time = 1000.0

    def now(self) -> float:
        return self.time

    def wall_mts(self) -> int:
        return round(self.time * 1000)

    def wait(self, seconds: float) -> None:
        # A little more: a deadline is never missed by the last digit of a float.
        self.time += seconds + 1e-6


class FakeConnection:
    """What the client reads is put here beforehand, each frame with its time."""

    def __init__(self, exchange: FakeExchange, number: int) -> None:
        self.exchange = exchange
        self.clock = exchange.clock
        self.number = number
        """How many connections there were before this one."""
        self.opened_at = self.clock.time
        self.closed = False
        self.abandoned = False
        self.sent: list[dict[str, Any]] = []
        self.chan_ids: dict[str, int] = {}
        self.coming: list[tuple[float, int, Callable[[], bytes] | None]] = []
        """By time; None is the end."""
        self._confirmed = False
        self._order = count()
        self._seq = 0

    # The exchange's side.

    def say(self, *frames: bytes, after: float = 0.0) -> None:
        """Let these frames arrive after so many seconds."""
        for frame in frames:
            self._put(lambda frame=frame: frame, after)

    def data(self, channel: str, *content: Any, after: float = 0.0) -> None:
        """A frame of a channel, numbered when it arrives."""
        self._put(partial(self._numbered, self.chan_ids[channel], content), after)

    def _numbered(self, chan_id: int, content: tuple[Any, ...]) -> bytes:
        self._seq += 1
        return with_tail(chan_id, *content, seq=self._seq)

    def lose(self, frames: int) -> None:
        """Let so many numbered frames never arrive."""
        self._seq += frames

    def drop(self, after: float = 0.0) -> None:
        """End the connection after so many seconds."""
        self._put(None, after)

    def beat(self, seconds: float) -> None:
        """Send a heartbeat of every channel at its times, for so long."""
        for number in range(1, int(seconds / HEARTBEAT) + 1):
            for channel in self.chan_ids:
                self.data(channel, "hb", after=number * HEARTBEAT)

    def _put(self, frame: Callable[[], bytes] | None, after: float) -> None:
        heapq.heappush(self.coming, (self.clock.time + after, next(self._order), frame))

    # The client's side.

    def read(self, patience: float) -> list[bytes]:
        deadline = self.clock.time + patience
        if not self.coming or self.coming[0][0] > deadline:
            self.clock.wait(patience)
            return []
        self.clock.time = max(self.clock.time, self.coming[0][0])
        frames: list[bytes] = []
        while self.coming and self.coming[0][0] <= self.clock.time:
            frame = self.coming[0][2]
            if frame is None:
                if frames:
                    break
                raise ConnectionLost("the connection was lost")
            heapq.heappop(self.coming)
            frames.append(frame())
        return frames

    def send(self, requests: list[bytes]) -> None:
        for request in map(json.loads, requests):
            self.sent.append(request)
            self.exchange.answer(self, request)
        asked = {sent["channel"] for sent in self.sent if sent["event"] == "subscribe"}
        if not self._confirmed and asked and asked == set(self.chan_ids):
            self._confirmed = True
            self.exchange.on_confirmed(self)

    def interrupt(self) -> None:
        """Nothing here waits in another thread."""

    def abandon(self) -> None:
        self.abandoned = True

    def close(self) -> None:
        self.closed = True


class FakeExchange:
    """Opens connections, and answers as the exchange does unless a test says otherwise."""

    def __init__(self, *failures: Exception) -> None:
        """Attempts fail with these first, one after the other."""
        self.clock = FakeClock()
        self.attempts: list[float] = []
        """When each attempt to connect was made."""
        self.connections: list[FakeConnection] = []
        self.greeting = hello()
        self.history: History = NoHistory()
        self.answers: dict[str, Callable[[FakeConnection, dict[str, Any]], None]] = {
            "conf": lambda connection, request: connection.say(confirmed_conf(request["flags"])),
            "subscribe": self.confirm,
            "unsubscribe": self.let_go,
            "ping": lambda connection, request: connection.say(event("pong", cid=request["cid"])),
        }
        self.on_confirmed: Callable[[FakeConnection], None] = lambda connection: None
        """Called once on each connection, when every channel has been confirmed."""
        self._failures = list(failures)

    def open(self, url: str, timeout: float, number: int) -> FakeConnection:
        assert url == URL
        assert timeout > 0
        self.attempts.append(self.clock.time)
        if self._failures:
            raise self._failures.pop(0)
        connection = FakeConnection(self, len(self.connections))
        self.connections.append(connection)
        connection.say(self.greeting)
        return connection

    def answer(self, connection: FakeConnection, request: dict[str, Any]) -> None:
        self.answers[request["event"]](connection, request)

    def confirm(self, connection: FakeConnection, request: dict[str, Any]) -> None:
        chan_id = 100 * (connection.number + 1) + len(connection.sent)
        connection.chan_ids[request["channel"]] = chan_id
        connection.say(subscribed(request, chan_id))

    def let_go(self, connection: FakeConnection, request: dict[str, Any]) -> None:
        connection.say(event("unsubscribed", status="OK", chanId=request["chanId"]))

    def has_said_nearly_all(self) -> bool:
        """Whether hardly anything is still to come over the last connection."""
        return len(self.connections[-1].coming) < 5

    def stream(self, *specs: str, **options: Any) -> Following:
        """A stream of this exchange."""
        return Following(self, *specs, **options)

    def most_attempts_within(self, seconds: float) -> int:
        """How many attempts at most fell into any window of this length."""
        return max(
            sum(begin <= then < begin + seconds for then in self.attempts)
            for begin in self.attempts
        )


class Following:
    """A market stream on a fake exchange, and everything that came of it."""

    def __init__(
        self,
        exchange: FakeExchange,
        *specs: str,
        around: Callable[[World], World] = lambda world: world,
        on_frames: FrameTap | None = None,
        **options: Any,
    ) -> None:
        """`around` may put something between the stream and the world."""
        self.clock = exchange.clock
        self.told: list[Any] = []
        self.items: list[Any] = []
        world = World(
            clock=self.clock,
            open=exchange.open,
            limiter=RateLimiter(),
            history=lambda base, policy: exchange.history,
        )
        self.stream = MarketStream(
            [parse_spec(spec) for spec in specs],
            StreamOptions(url=URL, **options),
            on_event=self.told.append,
            on_frames=on_frames,
            world=around(world),
        )
        self.batches = self.stream.batches()

    def until(self, done: Callable[[], bool], *, within: float = 86400.0) -> None:
        """Follow until this holds; it must within so many seconds."""
        deadline = self.clock.time + within
        while not done():
            assert self.clock.time < deadline, f"never came; the last of it: {self.told[-5:]}"
            self.items += next(self.batches)

    def during(self, seconds: float) -> None:
        """Follow for so long."""
        deadline = self.clock.time + seconds
        while self.clock.time < deadline:
            self.items += next(self.batches)

    def events(self, kind: type) -> list[Any]:
        return [event for event in self.told if isinstance(event, kind)]


def trades_snapshot(*ids: int) -> list[list[float]]:
    """The rows of a snapshot, newest first."""
    return [trade(trade_id) for trade_id in sorted(ids, reverse=True)]


def trade(trade_id: int) -> list[float]:
    return [trade_id, 1000 * trade_id, 0.5, 100]
