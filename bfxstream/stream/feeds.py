"""One feed for each subscription: decoded rows in, the records that the user asked for out.

A feed outlives connections: it holds the book or the ledger that makes the promises.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Raw, Struct
from msgspec.structs import astuple

from bfxstream.book import BookSide, OrderBook, order_book
from bfxstream.protocol.channels import BookSubscription, Subscription, TradesSubscription
from bfxstream.protocol.decode import Kind, Message
from bfxstream.protocol.events import Gap
from bfxstream.protocol.numbers import NULL, decimal, js_number, magnitude
from bfxstream.protocol.records import (
    BookTop,
    BookType,
    FullBook,
    FundingTicker,
    Record,
    Side,
    Stats,
    Ticker,
    TradeType,
)
from bfxstream.protocol.rows import BookRow
from bfxstream.protocol.symbols import Market
from bfxstream.protocol.views import BookView, record_type
from bfxstream.stream import policy
from bfxstream.trades import TradeLedger


class FeedOptions(Struct, frozen=True):
    """What the user asked of the records."""

    book_view: BookView = BookView.LEVELS
    snapshots: bool = True
    every_update: bool = False
    once: bool = False
    every: float = 0.0
    """Least seconds between two whole books of one subscription; 0 for every burst."""


class Context(Struct):
    """What the feeds of one run share."""

    options: FeedOptions
    stats: Stats
    report_gap: Callable[[Gap], None]
    wall_mts: Callable[[], int]


class Feed:
    """Turns one subscription's messages into records."""

    resync_reason = ""
    """Set by `receive` where the channel must be subscribed afresh; the caller clears it."""

    mismatches_in_a_row = 0
    """Failed proofs since the last good one."""

    def __init__(self, subscription: Subscription, context: Context) -> None:
        self.subscription = subscription
        self.context = context
        self.complete = False
        """Whether a complete value has been given: the end of `--once` for this subscription."""

    def receive(self, message: Message, fresh: bool, now: float) -> list[Record]:
        """The records that a message gives; `fresh` where it is the first of its channel."""
        raise NotImplementedError

    def tick(self, now: float) -> list[Record]:
        """The records that are due by the clock; called between reads."""
        return []


class TickerFeed(Feed):
    """The ticker: each row is the whole truth."""

    def receive(self, message: Message, fresh: bool, now: float) -> list[Record]:
        if message.kind is not Kind.DATA or not message.rows:
            return []
        self.complete = True
        record = FundingTicker if self.subscription.market is Market.FUNDING else Ticker
        symbol = self.subscription.symbol
        return [record("ticker", symbol, *_ticker_fields(row)) for row in message.rows[-1:]]


def _ticker_fields(row: Any) -> tuple[Raw, ...]:
    names = row.__struct_fields__
    return tuple(getattr(row, name) for name in names if not name.startswith("placeholder"))


class TradesFeed(Feed):
    """Trades, each exactly once, oldest first: a `tu` only where its `te` never came."""

    def __init__(self, subscription: Subscription, context: Context) -> None:
        super().__init__(subscription, context)
        self._ledger = TradeLedger()
        self._updated = TradeLedger()
        self._had_snapshot = False
        # The record's fields after `type` are the row's, in wire order.
        self._record_type: Callable[..., Record] = record_type(subscription, BookView.LEVELS)

    def receive(self, message: Message, fresh: bool, now: float) -> list[Record]:
        if message.kind is Kind.DATA:
            return self._receive_snapshot(message.rows)
        if message.kind is Kind.EXECUTED:
            return self._receive_executed(message.rows[0])
        if message.kind is Kind.UPDATED:
            return self._receive_updated(message.rows[0])
        return []

    def _receive_snapshot(self, rows: list[Any]) -> list[Record]:
        first, self._had_snapshot = not self._had_snapshot, True
        fresh, hole = self._ledger.accept_snapshot(rows)
        if hole is not None:
            self.context.report_gap(Gap(self.subscription.spec, *_bounds(hole)))
        if not first:
            self.context.stats.duplicates_dropped += len(rows) - len(fresh)
            self.context.stats.trades_backfilled += len(fresh)
            return [self._record("backfill", row) for row in fresh]
        if not self.context.options.snapshots:
            return []
        if self.context.options.once:
            fresh = fresh[-1:]
        self.complete = bool(fresh)
        return [self._record("snapshot", row) for row in fresh]

    def _receive_executed(self, row: Any) -> list[Record]:
        if not self._ledger.accept(row):
            self.context.stats.duplicates_dropped += 1
            return []
        self.complete = True
        return [self._record("te", row)]

    def _receive_updated(self, row: Any) -> list[Record]:
        if not self._updated.accept(row):
            self.context.stats.duplicates_dropped += 1
            return []
        te_was_missed = self._ledger.accept(row)
        if not te_was_missed and not self.context.options.every_update:
            return []
        self.complete = True
        return [self._record("tu", row)]

    def _record(self, kind: TradeType, row: Any) -> Record:
        return self._record_type("trades", self.subscription.symbol, kind, *astuple(row))


def _bounds(hole: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    first_id, first_mts, last_id, last_mts = hole
    return first_id, last_id, first_mts, last_mts


class BookFeed(Feed):
    """A book that is kept and verified; what it gives is its view's business."""

    subscription: BookSubscription

    def __init__(self, subscription: BookSubscription, context: Context) -> None:
        super().__init__(subscription, context)
        self.book: OrderBook[Any] = order_book(subscription)
        self.checksum_ok = False
        self._valid = False

    def receive(self, message: Message, fresh: bool, now: float) -> list[Record]:
        if message.kind is Kind.DATA:
            if fresh:
                return self._receive_snapshot(message.rows, now)
            return self._receive_update(message, now) if self._valid else []
        if message.kind is Kind.CHECKSUM and self.subscription.verifiable and self._valid:
            self._verify(message.checksum)
        return self._settle(now)

    def _receive_snapshot(self, rows: list[Any], now: float) -> list[Record]:
        self.book.load(rows)
        self._valid = True
        self.checksum_ok = False
        self.complete = True
        return self._give_snapshot(rows, now)

    def _receive_update(self, message: Message, now: float) -> list[Record]:
        raise NotImplementedError

    def _give_snapshot(self, rows: list[Any], now: float) -> list[Record]:
        raise NotImplementedError

    def _settle(self, now: float) -> list[Record]:
        """What a frame that is no update shows to be whole now."""
        return []

    def _verify(self, checksum: int) -> None:
        self.context.stats.checksums += 1
        if self.book.checksum() == checksum:
            self.checksum_ok = True
            self.mismatches_in_a_row = 0
            return
        self.context.stats.checksum_mismatches += 1
        self.mismatches_in_a_row += 1
        self._valid = self.checksum_ok = False
        self.book.clear()
        self.resync_reason = "the book's checksum does not match"


class LevelsFeed(BookFeed):
    """Every row as it comes: who applies them all holds the exchange's book."""

    def __init__(self, subscription: BookSubscription, context: Context) -> None:
        super().__init__(subscription, context)
        # The record's fields after `side` are the row's, in wire order.
        self._record_type: Callable[..., Record] = record_type(subscription, BookView.LEVELS)

    def _give_snapshot(self, rows: list[Any], now: float) -> list[Record]:
        if not self.context.options.snapshots:
            return []
        return [self._record("snapshot", row, "bid" if row.is_bid else "ask") for row in rows]

    def _receive_update(self, message: Message, now: float) -> list[Record]:
        return [self._record("update", row, self.book.apply(row)) for row in message.rows]

    def _record(self, kind: BookType, row: Any, side: Side) -> Record:
        return self._record_type("book", self.subscription.symbol, kind, side, *astuple(row))


class BurstFeed(BookFeed):
    """One value after each burst of updates, never from within one.

    With BULK_UPDATES a burst is one frame. Where the exchange does not have that flag, a burst
    is over when a row comes that cannot follow in it, when another kind of frame comes, or after
    a short pause. Each burst has deleted bids, deleted asks, set bids, set asks, in this order,
    each from the best price outwards; of single orders, deletes and then sets in any order (API:
    ws-public-books and ws-public-raw-books, as recorded).
    """

    def __init__(self, subscription: BookSubscription, context: Context) -> None:
        super().__init__(subscription, context)
        self._unsettled_since: float | None = None
        self._place_in_burst: tuple[bool, bool, float] | None = None
        self._next_due = 0.0
        self._owed = False

    def _give_snapshot(self, rows: list[Any], now: float) -> list[Record]:
        self._unsettled_since = None
        return self._give(now) if self.context.options.snapshots else []

    def _receive_update(self, message: Message, now: float) -> list[Record]:
        if message.bulk:
            for row in message.rows:
                self.book.apply(row)
            return self._give(now)
        row = message.rows[0]
        place = _place_in_burst(row, self.subscription.raw)
        finished = self._settle(now) if self._begins_a_burst(place) else []
        self.book.apply(row)
        self._place_in_burst = place
        self._unsettled_since = now
        return finished

    def _begins_a_burst(self, place: tuple[bool, bool, float]) -> bool:
        last = self._place_in_burst
        if last is None:
            return False
        return place < last or (place == last and not self.subscription.raw)

    def _settle(self, now: float) -> list[Record]:
        if self._unsettled_since is None:
            return []
        self._unsettled_since = None
        self._place_in_burst = None
        return self._give(now)

    def tick(self, now: float) -> list[Record]:
        since = self._unsettled_since
        if since is not None and now - since >= policy.BURST_PAUSE:
            return self._settle(now)
        due = self._owed and since is None and now >= self._next_due
        return self._give(now) if due else []

    def _give(self, now: float) -> list[Record]:
        if not self._valid:
            return []
        if now < self._next_due:
            self._owed = True
            return []
        self._owed = False
        self._next_due = now + self.context.options.every if self.context.options.every else 0.0
        return self._value()

    def _value(self) -> list[Record]:
        raise NotImplementedError


def _place_in_burst(row: BookRow, raw: bool) -> tuple[bool, bool, float]:
    if raw:
        return (not row.deletes, False, 0.0)
    quote = float(row.quote)
    return (not row.deletes, not row.is_bid, -quote if row.is_bid else quote)


class FullFeed(BurstFeed):
    """The whole book."""

    def _value(self) -> list[Record]:
        return [
            FullBook(
                "book",
                self.subscription.symbol,
                self.context.wall_mts(),
                [_unsigned(row) for row in self.book.bids.rows()],
                [_unsigned(row) for row in self.book.asks.rows()],
                "ok" if self.checksum_ok else None,
            )
        ]


def _unsigned(row: Any) -> tuple[Any, ...]:
    """The row's fields in wire order, its amount (always the last) without the sign."""
    *fields, amount = astuple(row)
    return (*fields, magnitude(amount))


class TopFeed(BurstFeed):
    """The best bid and ask, when one of them changed."""

    def __init__(self, subscription: BookSubscription, context: Context) -> None:
        super().__init__(subscription, context)
        self._last: tuple[Raw, Raw, Raw, Raw] | None = None

    def _value(self) -> list[Record]:
        bid, bid_amount = _best(self.book.bids)
        ask, ask_amount = _best(self.book.asks)
        top = (bid, bid_amount, ask, ask_amount)
        if top == self._last:
            return []
        self._last = top
        mid = spread = NULL
        if bid is not NULL and ask is not NULL:
            mid = js_number((decimal(bid) + decimal(ask)) / 2)
            spread = js_number(decimal(ask) - decimal(bid))
        return [BookTop("book", self.subscription.symbol, *top, mid, spread)]


def _best(side: BookSide[Any]) -> tuple[Raw, Raw]:
    row = side.best
    return (NULL, NULL) if row is None else (row.quote, magnitude(row.amount))


class StateFeed(BookFeed):
    """Nothing but the book itself, for whoever looks at it when it likes."""

    def _give_snapshot(self, rows: list[Any], now: float) -> list[Record]:
        return []

    def _receive_update(self, message: Message, now: float) -> list[Record]:
        for row in message.rows:
            self.book.apply(row)
        return []


_BOOK_FEEDS: dict[BookView, type[BookFeed]] = {
    BookView.LEVELS: LevelsFeed,
    BookView.FULL: FullFeed,
    BookView.TOP: TopFeed,
    BookView.STATE: StateFeed,
}


def make_feed(subscription: Subscription, context: Context) -> Feed:
    """The feed that this subscription needs."""
    if isinstance(subscription, BookSubscription):
        return _BOOK_FEEDS[context.options.book_view](subscription, context)
    if isinstance(subscription, TradesSubscription):
        return TradesFeed(subscription, context)
    return TickerFeed(subscription, context)
