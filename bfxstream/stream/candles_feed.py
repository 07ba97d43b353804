"""The feeds of candles: who takes them all has the exchange's, over interruptions too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from msgspec.structs import astuple

from bfxstream.protocol.channels import CandlesSubscription
from bfxstream.protocol.decode import ROW, ROWS, Kind
from bfxstream.protocol.events import Gap
from bfxstream.protocol.records import CandleType, Record
from bfxstream.protocol.rows import CandleRow
from bfxstream.protocol.views import BookView, record_type
from bfxstream.stream.feed import Context, Feed

LEAST_REMEMBERED = 100
"""Candles that are remembered, or as many as the longest snapshot had."""


class CandlesFeed(Feed):
    """Every state of every candle, once: the exchange repeats itself.

    A snapshot gives what is new or changed since. What comes between a confirmation and its
    snapshot is left to the snapshot, which says the same or something newer.
    """

    subscription: CandlesSubscription

    def __init__(self, index: int, subscription: CandlesSubscription, context: Context) -> None:
        super().__init__(index, subscription, context)
        self._newest_mts: int | None = None
        self._known: dict[int, bytes] = {}
        """The text of each: the row itself would hold on to everything that came with it."""
        self._remembered = LEAST_REMEMBERED
        self._had_snapshot = False
        self._early: dict[int, CandleRow] = {}
        self._early_since = 0.0
        # The record's fields after `type` are the row's, in wire order.
        self._record: Callable[..., Record] = record_type(subscription, BookView.LEVELS)
        names = (subscription.channel, subscription.symbol, subscription.timeframe)
        self._names = (*names, subscription.period) if subscription.period else names

    def take(self, kind: Kind, payload: Any, fresh: bool = False) -> None:
        if kind is ROW:
            if fresh:
                self._hold(payload)
            else:
                self._take_updates([payload])
        elif kind is ROWS:
            rows = sorted(payload, key=_start)
            if fresh:
                self._take_snapshot(rows)
            else:
                self._take_updates(rows)

    def tick(self, now: float) -> None:
        if self._early and now - self._early_since >= self.context.policy.snapshot_wait:
            early, self._early = sorted(self._early.values(), key=_start), {}
            self._take_updates(early)

    def _hold(self, row: CandleRow) -> None:
        if not self._early:
            self._early_since = self.context.now
        self._early[row.mts] = row

    def _take_updates(self, rows: Sequence[CandleRow]) -> None:
        for row in self._news(rows):
            self._print("update", row)

    def _take_snapshot(self, rows: Sequence[CandleRow]) -> None:
        first, self._had_snapshot = not self._had_snapshot, True
        self._early.clear()
        self._remembered = max(self._remembered, len(rows))
        if rows and self._newest_mts is not None and rows[0].mts > self._newest_mts:
            self._report_hole(self._newest_mts, rows[0].mts)
        news = self._news(rows)
        options = self.context.options
        # A later snapshot corrects what the reader has: never left out.
        if first and not options.snapshots:
            return
        for row in news[-1:] if options.once and not options.whole_candles else news:
            self._print("snapshot", row)

    def _report_hole(self, newest_mts: int, oldest_mts: int) -> None:
        """The snapshot does not reach back: the newest candle's end is not in it, either."""
        bounds = (newest_mts, oldest_mts)
        self.context.report(Gap(self.subscription.spec, *bounds, *bounds))

    def _news(self, rows: Sequence[CandleRow]) -> list[CandleRow]:
        """What is to be given of these rows, which rise in time."""
        news = []
        for row in rows:
            text = msgspec.json.encode(row)
            if self._known.get(row.mts) != text:
                self._known[row.mts] = text
                self._note_start(row)
                news.append(row)
        while len(self._known) > self._remembered:
            del self._known[min(self._known)]
        return news

    def _note_start(self, row: CandleRow) -> None:
        if self._newest_mts is None or row.mts > self._newest_mts:
            self._newest_mts = row.mts

    def _print(self, kind: CandleType, row: CandleRow) -> None:
        self.complete = True
        self._give(self._record(*self._names, kind, *astuple(row)))


class ClosedCandlesFeed(CandlesFeed):
    """Each candle once, when a later one has begun: it is complete then.

    What the exchange may correct in it afterwards is not given. After a hole, a candle whose end
    was missed is not given either.
    """

    def __init__(self, index: int, subscription: CandlesSubscription, context: Context) -> None:
        super().__init__(index, subscription, context)
        self._open: dict[int, CandleRow] = {}
        self._closed_mts: int | None = None

    def _report_hole(self, newest_mts: int, oldest_mts: int) -> None:
        super()._report_hole(newest_mts, oldest_mts)
        self._open.clear()

    def _news(self, rows: Sequence[CandleRow]) -> list[CandleRow]:
        for row in rows:
            if self._closed_mts is None or row.mts > self._closed_mts:
                self._open[row.mts] = row
                self._note_start(row)
        closed = [self._open.pop(mts) for mts in sorted(self._open)[:-1]]
        if closed:
            self._closed_mts = closed[-1].mts
        return closed


def _start(row: CandleRow) -> int:
    return row.mts


def make_candles_feed(
    index: int, subscription: CandlesSubscription, context: Context
) -> CandlesFeed:
    """The feed of every state, or of each candle once, as the user wants."""
    feed = ClosedCandlesFeed if context.options.closed else CandlesFeed
    return feed(index, subscription, context)
