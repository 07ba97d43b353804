"""The feeds of order books: kept, verified, and given in the view that the user wants."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Raw
from msgspec.structs import astuple

from bfxstream.book import OrderBook, Place, order_book
from bfxstream.protocol.channels import BookSubscription
from bfxstream.protocol.decode import ROW, ROWS, Kind, row_layout
from bfxstream.protocol.numbers import NULL, decimal, js_number, magnitude
from bfxstream.protocol.records import BookLevel, BookTop, BookType, FullBook, Record, Side
from bfxstream.protocol.rows import LevelRow
from bfxstream.protocol.views import BookView, record_type
from bfxstream.stream.feed import Context, Feed

_CHECKSUM = Kind.CHECKSUM


class BookFeed(Feed):
    """A book that is kept and verified; what it gives is its view's business."""

    subscription: BookSubscription

    def __init__(self, index: int, subscription: BookSubscription, context: Context) -> None:
        super().__init__(index, subscription, context)
        self.book: OrderBook[Any] = order_book(subscription)
        self.checksum_ok = False
        self._verifiable = subscription.verifiable
        self._valid = False
        self._had_snapshot = False
        self._failures_in_a_row = 0

    def take(self, kind: Kind, payload: Any, fresh: bool = False) -> None:
        if kind is ROW:
            if self._valid:
                self._take_row(payload)
        elif kind is ROWS and fresh:
            self._take_snapshot(payload)
        elif kind is ROWS:
            if self._valid:
                self._take_burst(payload)
                self._check_crossed()
        else:
            if kind is _CHECKSUM and self._valid and self._verifiable:
                self._verify(payload)
            self._settle()

    def _take_snapshot(self, rows: list[Any]) -> None:
        first, self._had_snapshot = not self._had_snapshot, True
        self._valid = False
        self.book.load(rows)
        self._valid = True
        self.checksum_ok = False
        self.complete = True
        # A later snapshot replaces what the reader has: never left out.
        if self.context.options.snapshots or not first:
            self._give_snapshot(rows)

    def _take_burst(self, rows: list[Any]) -> None:
        """Apply the updates of one frame, which are one burst."""
        raise NotImplementedError

    def _take_row(self, row: Any) -> None:
        """Apply one update, where the exchange does not send bursts as one frame."""
        raise NotImplementedError

    def _give_snapshot(self, rows: list[Any]) -> None:
        raise NotImplementedError

    def _settle(self) -> None:
        """A frame that is no update shows that the burst before it is whole."""

    def _verify(self, checksum: int) -> None:
        stats = self.context.stats
        stats.checksums += 1
        if self.book.checksum() == checksum:
            self.checksum_ok = True
            self._failures_in_a_row = 0
        else:
            stats.checksum_mismatches += 1
            self._give_up("the book's checksum does not match")

    def _check_crossed(self) -> None:
        # The only proof of a book that has no checksum.
        if self._verifiable or not self._valid:
            return
        if self.book.crossed:
            self._give_up("the book is crossed")
        else:
            self._failures_in_a_row = 0

    def _give_up(self, reason: str) -> None:
        self._valid = self.checksum_ok = False
        self._failures_in_a_row += 1
        self.book.clear()
        self.context.resync(self.index, reason, self._failures_in_a_row)


class LevelsFeed(BookFeed):
    """Every row as it comes: who applies them all holds the exchange's book."""

    def __init__(self, index: int, subscription: BookSubscription, context: Context) -> None:
        super().__init__(index, subscription, context)
        # The record's fields after `side` are the row's, in wire order.
        self._record: Callable[..., Record] = record_type(subscription, BookView.LEVELS)
        self._symbol = subscription.symbol

    def _give_snapshot(self, rows: list[Any]) -> None:
        for row in rows:
            self._print("snapshot", "bid" if row.is_bid else "ask", row)

    def _take_burst(self, rows: list[Any]) -> None:
        for (_, ask, _), row in zip(self.book.apply_burst(rows), rows, strict=True):
            self._print("update", "ask" if ask else "bid", row)

    def _take_row(self, row: Any) -> None:
        self._print("update", self.book.apply(row), row)

    def _print(self, kind: BookType, side: Side, row: Any) -> None:
        self._give(self._record("book", self._symbol, kind, side, *astuple(row)))


class PriceLevelsFeed(LevelsFeed):
    """The rows of P0…P4 of a trading pair: most of the exchange's frames, so written out."""

    def row_taker(self, kind: Kind) -> Callable[[Any], None]:
        if kind is ROWS and not self._verifiable:
            return super().row_taker(kind)  # which looks whether the book is crossed
        return self._take_update if kind is ROW else self._take_updates

    def _take_update(self, row: LevelRow) -> None:
        # The record made here, its fields by name: 0.2 µs less than by `_print` and `astuple`.
        if self._valid:
            side = self.book.apply(row)
            self._give(
                BookLevel("book", self._symbol, "update", side, row.price, row.count, row.amount)
            )

    def _take_updates(self, rows: list[LevelRow]) -> None:
        if len(rows) > 1:
            for row in rows:
                self.book.place_of(row)  # so that all of them are of use, or none is taken
        for row in rows:
            self._take_update(row)


class BurstFeed(BookFeed):
    """One value after each burst of updates, never from within one.

    With BULK_UPDATES a burst is one frame. Where the exchange does not have that flag, a burst
    is over when a row comes that cannot follow in it, when another kind of frame comes, or after
    a short pause. Each burst has deleted bids, deleted asks, set bids, set asks, in this order,
    each from the best price outwards; of single orders, deletes and then sets in any order (API:
    ws-public-books and ws-public-raw-books, as recorded).
    """

    def __init__(self, index: int, subscription: BookSubscription, context: Context) -> None:
        super().__init__(index, subscription, context)
        self._unsettled_since: float | None = None
        self._last_place: Place | None = None
        self._next_due = 0.0
        self._owed = False
        self._raw = subscription.raw

    def _give_snapshot(self, rows: list[Any]) -> None:
        self._unsettled_since = self._last_place = None
        self._give_value()

    def _take_burst(self, rows: list[Any]) -> None:
        self.book.apply_burst(rows)
        self._check_crossed()
        self._give_value()

    def _take_row(self, row: Any) -> None:
        place = self.book.place_of(row)
        last = self._last_place
        if last is not None and (place[0] < last[0] if self._raw else place <= last):
            self._settle()
        self.book.apply_at(place, row)
        self._last_place = place
        self._unsettled_since = self.context.now

    def _settle(self) -> None:
        if self._unsettled_since is None:
            return
        self._unsettled_since = self._last_place = None
        self._check_crossed()
        self._give_value()

    def tick(self, now: float) -> None:
        since = self._unsettled_since
        if since is not None:
            if now - since >= self.context.policy.burst_pause:
                self._settle()
        elif self._owed and now >= self._next_due:
            self._give_value()

    def _give_value(self) -> None:
        now = self.context.now
        if not self._valid:
            return
        self._owed = now < self._next_due
        if not self._owed:
            self._next_due = now + self.context.options.every
            self._print_value()

    def _print_value(self) -> None:
        raise NotImplementedError


class FullFeed(BurstFeed):
    """The whole book."""

    def _print_value(self) -> None:
        self._give(
            FullBook(
                "book",
                self.subscription.symbol,
                self.context.wall_mts(),
                [_unsigned(row) for row in self.book.bids.rows()],
                [_unsigned(row) for row in self.book.asks.rows()],
                "ok" if self.checksum_ok else None,
            )
        )


def _unsigned(row: Any) -> tuple[Any, ...]:
    """The row's fields in wire order, its amount (always the last) without the sign."""
    *fields, amount = astuple(row)
    return (*fields, magnitude(amount))


class TopFeed(BurstFeed):
    """The best bid and ask, when one of them changed."""

    def __init__(self, index: int, subscription: BookSubscription, context: Context) -> None:
        super().__init__(index, subscription, context)
        self._rows: tuple[Any, Any] = (None, None)
        self._last: tuple[Raw, Raw, Raw, Raw] | None = None
        self._middle = (NULL, NULL)

    def _print_value(self) -> None:
        bid_row, ask_row = self.book.bids.best, self.book.asks.best
        if self._rows[0] is bid_row and self._rows[1] is ask_row and self._last is not None:
            return  # the very same rows: most bursts change something behind the top
        self._rows = (bid_row, ask_row)
        bid, bid_amount = _best(bid_row)
        ask, ask_amount = _best(ask_row)
        top = (bid, bid_amount, ask, ask_amount)
        if top == self._last:
            return
        # Mostly an amount changes and the prices do not: 2 µs less than computing them each time.
        if self._last is None or bid != self._last[0] or ask != self._last[2]:
            self._middle = _mid_and_spread(bid, ask)
        self._last = top
        self._give(BookTop("book", self.subscription.symbol, *top, *self._middle))


def _mid_and_spread(bid: Raw, ask: Raw) -> tuple[Raw, Raw]:
    if bid is NULL or ask is NULL:
        return NULL, NULL
    low, high = decimal(bid), decimal(ask)
    return js_number((low + high) / 2), js_number(high - low)


def _best(row: Any) -> tuple[Raw, Raw]:
    return (NULL, NULL) if row is None else (row.quote, magnitude(row.amount))


class StateFeed(BookFeed):
    """Nothing but the book itself, for whoever looks at it when it likes."""

    def _give_snapshot(self, rows: list[Any]) -> None:
        pass

    def _take_burst(self, rows: list[Any]) -> None:
        self.book.apply_burst(rows)

    def _take_row(self, row: Any) -> None:
        self.book.apply(row)


_FEEDS: dict[BookView, type[BookFeed]] = {
    BookView.LEVELS: LevelsFeed,
    BookView.FULL: FullFeed,
    BookView.TOP: TopFeed,
    BookView.STATE: StateFeed,
}


def make_book_feed(index: int, subscription: BookSubscription, context: Context) -> BookFeed:
    """The feed of the view that the user wants."""
    feed = _FEEDS[context.options.book_view]
    if feed is LevelsFeed and row_layout(subscription) is LevelRow:
        feed = PriceLevelsFeed
    return feed(index, subscription, context)
