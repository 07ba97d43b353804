"""The feeds of tickers and trades, and the choice of a feed for a subscription."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Raw
from msgspec.structs import astuple

from bfxstream.protocol.channels import (
    BookSubscription,
    CandlesSubscription,
    DerivSubscription,
    LiquidationsSubscription,
    Subscription,
    TickerSubscription,
    TradesSubscription,
)
from bfxstream.protocol.decode import ROW, ROWS, Kind
from bfxstream.protocol.records import Record, TradeType
from bfxstream.protocol.views import BookView, record_type
from bfxstream.stream.backfill import Backfill
from bfxstream.stream.book_feeds import make_book_feed
from bfxstream.stream.candles_feed import make_candles_feed
from bfxstream.stream.feed import Context, Feed
from bfxstream.stream.status_feeds import DerivFeed, LiquidationsFeed
from bfxstream.trades import TradeLedger

_EXECUTED, _UPDATED = Kind.EXECUTED, Kind.UPDATED


class TickerFeed(Feed):
    """The ticker: each row is the whole truth."""

    def __init__(self, index: int, subscription: Subscription, context: Context) -> None:
        super().__init__(index, subscription, context)
        self._record: Callable[..., Record] = record_type(subscription, BookView.LEVELS)

    def take(self, kind: Kind, payload: Any, fresh: bool = False) -> None:
        if kind is ROW:
            self._print(payload)
        elif kind is ROWS and payload:
            self._print(payload[-1])

    def row_taker(self, kind: Kind) -> Callable[[Any], None]:
        return self._print if kind is ROW else super().row_taker(kind)

    def _print(self, row: Any) -> None:
        self.complete = True
        self._give(self._record("ticker", self.subscription.symbol, *_ticker_fields(row)))


def _ticker_fields(row: Any) -> tuple[Raw, ...]:
    fields = astuple(row)
    if len(fields) == _FUNDING_FIELDS:
        return fields[:13] + fields[15:]  # without the placeholders 13 and 14
    return fields


_FUNDING_FIELDS = 17


class TradesFeed(Feed):
    """Trades, each exactly once, oldest first: a `tu` only where its `te` never came.

    What comes after an interruption is held back until nothing is missing before it.
    """

    def __init__(self, index: int, subscription: Subscription, context: Context) -> None:
        super().__init__(index, subscription, context)
        self._executed = TradeLedger()
        self._updated = TradeLedger()
        self._backfill = Backfill(
            subscription, context, self._executed, self._take_held, self._take_missed
        )
        # The record's fields after `type` are the row's, in wire order.
        self._record: Callable[..., Record] = record_type(subscription, BookView.LEVELS)

    def interrupted(self) -> None:
        self._backfill.interrupt()

    def take(self, kind: Kind, payload: Any, fresh: bool = False) -> None:
        if kind is _EXECUTED or kind is _UPDATED:
            if fresh or self._backfill.open:
                self._backfill.hold(kind, payload, fresh)
            elif kind is _EXECUTED:
                self._take_executed(payload)
            else:
                self._take_updated(payload)
        elif kind is ROWS:
            self._backfill.take_snapshot(payload)

    def tick(self, now: float) -> None:
        if self._backfill.open:
            self._backfill.tick(now)

    def end(self) -> None:
        if self._backfill.open:
            self._backfill.end()

    def _take_held(self, kind: Kind, rows: Sequence[Any]) -> None:
        if kind is ROWS:
            self._take_snapshot(rows)
        else:
            take = self._take_executed if kind is _EXECUTED else self._take_updated
            for row in rows:
                take(row)

    def _take_executed(self, row: Any) -> None:
        if self._executed.accept(row):
            self._print("te", row)
        else:
            self.context.stats.duplicates_dropped += 1

    def _take_updated(self, row: Any) -> None:
        if not self._updated.accept(row):
            self.context.stats.duplicates_dropped += 1
            return
        te_was_missed = self._executed.accept(row)
        if te_was_missed or self.context.options.every_update:
            self._print("tu", row)

    def _take_snapshot(self, rows: Sequence[Any]) -> None:
        if self._executed.begun:
            self._take_missed(rows)
            return
        fresh = self._executed.accept_rows(rows)
        if self.context.options.snapshots:
            for row in fresh[-1:] if self.context.options.once else fresh:
                self._print("snapshot", row)

    def _take_missed(self, rows: Sequence[Any]) -> None:
        fresh = self._executed.accept_rows(rows)
        self.context.stats.duplicates_dropped += len(rows) - len(fresh)
        self.context.stats.trades_backfilled += len(fresh)
        for row in fresh:
            self._print("backfill", row)

    def _print(self, kind: TradeType, row: Any) -> None:
        self.complete = True
        self._give(self._record("trades", self.subscription.symbol, kind, *astuple(row)))


_FEEDS: dict[type[Subscription], Callable[..., Feed]] = {
    TickerSubscription: TickerFeed,
    TradesSubscription: TradesFeed,
    BookSubscription: make_book_feed,
    CandlesSubscription: make_candles_feed,
    DerivSubscription: DerivFeed,
    LiquidationsSubscription: LiquidationsFeed,
}


def make_feed(index: int, subscription: Subscription, context: Context) -> Feed:
    """The feed that this subscription needs."""
    return _FEEDS[type(subscription)](index, subscription, context)
