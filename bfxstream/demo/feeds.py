"""Channels as the server makes them: each distinct one is computed once, for all its listeners."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import NamedTuple, Protocol

from bfxstream.demo.engine import Trade
from bfxstream.demo.market import Listing
from bfxstream.demo.rows import ticker_row, trade_row
from bfxstream.demo.views import BookView
from bfxstream.protocol.channels import (
    BookSubscription,
    Frequency,
    Subscription,
    TickerSubscription,
    TradesSubscription,
)
from bfxstream.protocol.symbols import Market

_BOOK_SECONDS = {Frequency.F0: 0.15, Frequency.F1: 2.0}
_TICKER_SECONDS = 1.0


class Update(NamedTuple):
    """What a channel sends at one moment, each body without channel id and tail."""

    bodies: list[bytes]
    bulk: bytes | None = None
    """The same as one body, for listeners with BULK_UPDATES."""
    checksum: bytes | None = None
    """For listeners with OB_CHECKSUM."""


class Listener(Protocol):
    """Who takes a channel's updates."""

    def deliver(self, chan_id: int, update: Update) -> None:
        """Send them under the listener's own id of the channel."""
        ...


class Feed(ABC):
    """One distinct channel."""

    interval: float | None = None
    """Seconds between two looks at it; None for a channel that only events move."""

    def __init__(self) -> None:
        self._listeners: dict[tuple[Listener, int], None] = {}

    @abstractmethod
    def snapshot(self) -> bytes:
        """The body of a new listener's first frame."""

    def poll(self) -> Update | None:
        """What changed since the last look."""
        return None

    def join(self, listener: Listener, chan_id: int) -> None:
        """From now on the listener gets every update."""
        self._listeners[listener, chan_id] = None

    def leave(self, listener: Listener, chan_id: int) -> bool:
        """Forget the listener; False when it was the last one."""
        del self._listeners[listener, chan_id]
        return bool(self._listeners)

    def publish(self, update: Update) -> None:
        """Send an update to all listeners."""
        for listener, chan_id in self._listeners:
            listener.deliver(chan_id, update)


class TickerFeed(Feed):
    """`ticker`: one row, again when it changed."""

    interval = _TICKER_SECONDS

    def __init__(self, listing: Listing) -> None:
        super().__init__()
        self._listing = listing
        self._row = ticker_row(listing)

    def snapshot(self) -> bytes:
        return self._row

    def poll(self) -> Update | None:
        row = ticker_row(self._listing)
        if row == self._row:
            return None
        self._row = row
        return Update([row])


class TradesFeed(Feed):
    """`trades`: `te` when a trade is executed, `tu` when it has been processed."""

    def __init__(self, listing: Listing) -> None:
        super().__init__()
        self._listing = listing
        prefix = b"f" if listing.instrument.market is Market.FUNDING else b""
        self._executed = b'"%bte",%%b' % prefix
        self._updated = b'"%btu",%%b' % prefix

    def snapshot(self) -> bytes:
        return _array(trade_row(self._listing.instrument, trade) for trade in self._listing.tape)

    def executed(self, trades: Iterable[Trade]) -> Update:
        """Publish new trades; what must be published when they have been processed."""
        rows = [trade_row(self._listing.instrument, trade) for trade in trades]
        self.publish(Update([self._executed % row for row in rows]))
        return Update([self._updated % row for row in rows])


class BookFeed(Feed):
    """`book`: the rows that changed in a cycle."""

    def __init__(self, listing: Listing, subscription: BookSubscription) -> None:
        super().__init__()
        self.interval = _BOOK_SECONDS[subscription.freq]
        self._view = BookView(listing.instrument, listing.engine, subscription)

    def snapshot(self) -> bytes:
        return _array(self._view.snapshot())

    def poll(self) -> Update | None:
        burst = self._view.advance()
        if burst is None:
            return None
        checksum = None if burst.checksum is None else b'"cs",%d' % burst.checksum
        return Update(burst.rows, _array(burst.rows), checksum)


def feed_of(subscription: Subscription, listing: Listing) -> Feed:
    """The feed that a subscription asks for.

    Raises TypeError for a channel that the demo exchange does not have.
    """
    if isinstance(subscription, TickerSubscription):
        return TickerFeed(listing)
    if isinstance(subscription, TradesSubscription):
        return TradesFeed(listing)
    if isinstance(subscription, BookSubscription):
        return BookFeed(listing, subscription)
    raise TypeError(f"no such channel: {subscription.channel}")


def _array(rows: Iterable[bytes]) -> bytes:
    return b"[" + b",".join(rows) + b"]"
