"""Channels as the server makes them: each distinct one is computed once, for all its listeners."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple, Protocol

from bfxstream.demo.arrays import json_array
from bfxstream.demo.candles import Candle
from bfxstream.demo.derivatives import DerivativeStatus
from bfxstream.demo.keys import (
    CandlesSubscription,
    DerivativeSubscription,
    LiquidationsSubscription,
)
from bfxstream.demo.liquidations import LiquidationLog
from bfxstream.demo.market import SNAPSHOT_TRADES, Listing, Market
from bfxstream.demo.ticker import ticker_row
from bfxstream.demo.views import BookView
from bfxstream.protocol.channels import (
    BookSubscription,
    Frequency,
    Subscription,
    TickerSubscription,
    TradesSubscription,
)

_BOOK_SECONDS = {Frequency.F0: 0.15, Frequency.F1: 2.0}
_TICKER_SECONDS = 1.0
_CANDLES_SECONDS = 0.5
_STATUS_SECONDS = 1.0
_LIQUIDATIONS_SECONDS = 0.25

_SNAPSHOT_CANDLES = 120
"""How many the exchange sends is not documented."""


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

    def sequence_of(self, chan_id: int) -> int | None:
        """The number of the last frame, for a channel whose client has had every update."""
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

    def sequences(self) -> dict[int, int]:
        """By channel id, the number of the last frame to each listener that is in step."""
        found = ((chan_id, each.sequence_of(chan_id)) for each, chan_id in self._listeners)
        return {chan_id: sequence for chan_id, sequence in found if sequence is not None}

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
        self._tape = listing.tape
        prefix = b"f" if listing.instrument.funding else b""
        self._executed = b'"%bte",%%b' % prefix
        self._updated = b'"%btu",%%b' % prefix

    def snapshot(self) -> bytes:
        return json_array(reversed(self._tape.latest(SNAPSHOT_TRADES)))

    def executed(self, count: int) -> Update:
        """Publish the last trades; what must be published when they have been processed."""
        rows = self._tape.latest(count)
        self.publish(Update([self._executed % row for row in rows]))
        return Update([self._updated % row for row in rows])


class BookFeed(Feed):
    """`book`: the rows that changed in a cycle."""

    def __init__(self, listing: Listing, subscription: BookSubscription) -> None:
        super().__init__()
        self.interval = _BOOK_SECONDS[subscription.freq]
        self._view = BookView(listing.instrument, listing.engine, subscription)

    def snapshot(self) -> bytes:
        return json_array(self.rows())

    def rows(self) -> list[bytes]:
        """The state last published: bids falling, then asks rising."""
        return self._view.snapshot()

    def poll(self) -> Update | None:
        burst = self._view.advance()
        if burst is None:
            return None
        checksum = None if burst.checksum is None else b'"cs",%d' % burst.checksum
        return Update(burst.rows, json_array(burst.rows), checksum)


class CandlesFeed(Feed):
    """`candles`: the running candle when it changed, and each candle's last state before."""

    interval = _CANDLES_SECONDS

    def __init__(self, listing: Listing, subscription: CandlesSubscription) -> None:
        super().__init__()
        self._candles = listing.candles
        self._timeframe = subscription.timeframe
        self._periods = subscription.periods
        self._newest = 0
        self._row = b""
        self.poll()

    def snapshot(self) -> bytes:
        # What is newer than the last published state comes with the next update.
        candles = self._since(0)
        return json_array(self._candles.row(candle) for candle in candles[:_SNAPSHOT_CANDLES])

    def poll(self) -> Update | None:
        candles = self._since(self._newest)
        if not candles:
            return None
        rows = [self._candles.row(candle) for candle in reversed(candles)]
        if rows[0] == self._row:
            del rows[0]
        if not rows:
            return None
        self._newest, self._row = candles[0].mts, rows[-1]
        return Update(rows)

    def _since(self, mts: int) -> list[Candle]:
        return self._candles.since(mts, self._timeframe, self._periods)


class DerivativeFeed(Feed):
    """`status` of a derivative: its row every second, changed or not."""

    interval = _STATUS_SECONDS

    def __init__(self, status: DerivativeStatus) -> None:
        super().__init__()
        self._status = status

    def snapshot(self) -> bytes:
        return self._status.row

    def poll(self) -> Update | None:
        return Update([self._status.row])


class LiquidationsFeed(Feed):
    """`status` of liquidations: an array of the new ones, or the last one before."""

    interval = _LIQUIDATIONS_SECONDS

    def __init__(self, log: LiquidationLog) -> None:
        super().__init__()
        self._log = log
        self._seen = log.count

    def snapshot(self) -> bytes:
        return json_array(each.row for each in self._log.latest(1))

    def poll(self) -> Update | None:
        new = self._log.latest(self._log.count - self._seen)
        self._seen = self._log.count
        return Update([json_array(each.row for each in new)]) if new else None


def feed_of(subscription: Subscription, market: Market) -> Feed:
    """The feed that a subscription asks for.

    Raises TypeError for a channel that the demo exchange does not have.
    """
    if isinstance(subscription, LiquidationsSubscription):
        return LiquidationsFeed(market.liquidations)
    listing = market.listings[subscription.symbol]
    if isinstance(subscription, TickerSubscription):
        return TickerFeed(listing)
    if isinstance(subscription, TradesSubscription):
        return TradesFeed(listing)
    if isinstance(subscription, BookSubscription):
        return BookFeed(listing, subscription)
    if isinstance(subscription, CandlesSubscription):
        return CandlesFeed(listing, subscription)
    if isinstance(subscription, DerivativeSubscription) and listing.status is not None:
        return DerivativeFeed(listing.status)
    raise TypeError(f"no such channel: {subscription.channel}")
