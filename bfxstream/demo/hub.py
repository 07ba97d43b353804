"""The market played in real time: events at their pace, channels at theirs, no socket."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator
from heapq import heapify, heappop, heappush
from itertools import count
from random import Random
from typing import Any, Protocol

from bfxstream.demo.account import Account
from bfxstream.demo.account import Listener as AccountListener
from bfxstream.demo.executions import AccountExecution
from bfxstream.demo.feeds import Feed, Listener, TradesFeed, Update, feed_of
from bfxstream.demo.flow import Event
from bfxstream.demo.journal import Journal
from bfxstream.demo.log import ServerLog, wall_ms
from bfxstream.demo.market import NOMINAL_RATE, Market
from bfxstream.protocol.channels import Subscription, TradesSubscription

_OPENING_SECONDS = 0.25
"""Between the first subscription and the first event: subscriptions sent together all see
the opening state, so that a seeded run begins the same way each time."""

_PROCESSING_SECONDS = 0.04
"""Between `te` and `tu`: 30 and 50 ms in recorded traffic."""

_TURN_SECONDS = 0.004
"""Events closer together than this are played in one turn."""

_MOST_EVENTS = 500
"""In one turn: a machine that cannot keep up slows the market down, not the connections."""

_LATE_SECONDS = 1.0


class Beating(Listener, Protocol):
    """A listener that also wants heartbeats."""

    heartbeat_at: float

    def heartbeat(self, now: float) -> None:
        """Send them, and set the time of the next."""
        ...


def next_on_grid(due: float, interval: float, now: float) -> float:
    """The first point after `now` that lies whole intervals after `due`; missed ones are over."""
    return due + (max(0.0, now - due) // interval + 1) * interval


class Hub:
    """Times are seconds on whatever monotonic clock the caller passes as `now`."""

    def __init__(
        self,
        market: Market,
        rate: float,
        log: ServerLog | None = None,
        journal: Journal | None = None,
        wall: Callable[[], int] = wall_ms,
    ) -> None:
        """`wall` is the account's clock, in ms since 1970: the market has one of its own."""
        self.market = market
        self._log = log or ServerLog()
        self._journal = journal
        self._seconds_per_ms = NOMINAL_RATE / rate / 1000
        self._origin: float | None = None
        self._feeds: dict[Subscription, Feed] = {}
        self._polls: list[tuple[float, int, Feed]] = []
        """A heap by time; the number decides between equal times."""
        self._numbers = count()
        self._unprocessed: deque[tuple[float, TradesFeed, Update]] = deque()
        self._listeners: dict[Beating, None] = {}
        self._past_ids: set[int] = set()
        self._now = 0.0
        self.account = Account(
            market, self._play_for_account, self._note_execution, self._note_order, wall
        )

    def join(self, listener: Beating) -> None:
        """Give heartbeats to a new connection."""
        self._listeners[listener] = None

    def leave(self, listener: Beating) -> None:
        """Forget a closed connection, whose channels have been unsubscribed."""
        self._listeners.pop(listener, None)

    def issue_id(self, rng: Random) -> int:
        """A channel's id: opaque, in no order, and never used before on any connection."""
        while (chan_id := rng.randrange(10_000, 10_000_000)) in self._past_ids:
            pass
        self._past_ids.add(chan_id)
        return chan_id

    def open(self, now: float) -> None:
        """The market begins, with the first who wants to see anything of it."""
        if self._origin is None:
            self._origin = now + _OPENING_SECONDS

    def subscribe(
        self, subscription: Subscription, listener: Listener, chan_id: int, now: float
    ) -> bytes:
        """Join a channel; its snapshot's body. The first of all opens the market."""
        self.open(now)
        feed = self._feeds.get(subscription)
        if feed is None:
            feed = feed_of(subscription, self.market)
            self._feeds[subscription] = feed
            if feed.interval is not None:
                self._poll_at(now + feed.interval, feed)
        feed.join(listener, chan_id)
        return feed.snapshot()

    def unsubscribe(self, subscription: Subscription, listener: Listener, chan_id: int) -> None:
        """Leave a channel; one without listeners is no longer computed."""
        feed = self._feeds[subscription]
        if not feed.leave(listener, chan_id):
            del self._feeds[subscription]
            self._polls = [each for each in self._polls if each[2] is not feed]
            heapify(self._polls)

    def advance(self, now: float) -> None:
        """Do everything that is due."""
        self._now = now
        self._play(now)
        self.account.advance(now)
        while self._unprocessed and self._unprocessed[0][0] <= now:
            _, feed, update = self._unprocessed.popleft()
            feed.publish(update)
        while self._polls and self._polls[0][0] <= now:
            due, _, polled = heappop(self._polls)
            self._poll(polled, due, now)
        for listener in self._listeners:
            if listener.heartbeat_at <= now:
                listener.heartbeat(now)

    def next_due(self, now: float) -> float:
        """When `advance` should be called next; infinity where nothing will be due."""
        return max(now + _TURN_SECONDS, min(self._dues(now), default=math.inf))

    def _dues(self, now: float) -> Iterator[float]:
        if self._origin is not None:
            yield self._origin + self.market.next_at * self._seconds_per_ms
        if self._unprocessed:
            yield self._unprocessed[0][0]
        if self._polls:
            yield self._polls[0][0]
        for listener in self._listeners:
            yield listener.heartbeat_at
        yield self.account.next_due(now)

    def _play(self, now: float) -> None:
        if self._origin is None:
            return
        market = self.market
        played = 0
        while (due := self._origin + market.next_at * self._seconds_per_ms) <= now:
            if played == _MOST_EVENTS:
                break
            if self._journal is not None:
                self._journal.advance(self._feeds)
            event = market.step()
            self._publish_trades(event, now)
            self.account.follow(event, now)
            played += 1
        if now - due > _LATE_SECONDS:
            # Never try to catch up with a pause (a suspended machine): go on from here.
            self._origin += now - due
            self._log.note("behind", seconds=round(now - due, 3))

    def _publish_trades(self, event: Event, now: float) -> None:
        if not event.trades:
            return
        if self._journal is not None:
            self._journal.executed(self.market.listings[event.symbol], len(event.trades))
        feed = self._feeds.get(TradesSubscription(event.symbol))
        if isinstance(feed, TradesFeed):
            update = feed.executed(len(event.trades))
            self._unprocessed.append((now + _PROCESSING_SECONDS, feed, update))

    def request(self, listener: AccountListener, message: list[Any], now: float) -> None:
        """Let the account answer a session's message."""
        self._now = now
        self.account.request(listener, message, now)

    def _play_for_account(self, event: Event) -> None:
        self._publish_trades(event, self._now)

    def _note_execution(self, execution: AccountExecution) -> None:
        if self._journal is not None:
            self._journal.executed_for_account(execution.row)

    def _note_order(self, code: str, row: bytes) -> None:
        if self._journal is not None:
            self._journal.ordered(code, row)

    def _poll(self, feed: Feed, due: float, now: float) -> None:
        if update := feed.poll():
            feed.publish(update)
        if feed.interval is not None:
            self._poll_at(next_on_grid(due, feed.interval, now), feed)

    def _poll_at(self, due: float, feed: Feed) -> None:
        heappush(self._polls, (due, next(self._numbers), feed))
