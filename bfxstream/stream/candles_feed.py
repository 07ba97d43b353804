"""The feeds of candles: who takes them all has the exchange's, over interruptions too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any

import msgspec
from msgspec.structs import astuple

from bfxstream.protocol.channels import CandlesSubscription
from bfxstream.protocol.decode import ROW, ROWS, Kind
from bfxstream.protocol.events import Backfilled, Backfilling, Gap
from bfxstream.protocol.records import CandleType, Record
from bfxstream.protocol.rows import CandleRow
from bfxstream.protocol.views import BookView, record_type
from bfxstream.stream.feed import Context, Feed
from bfxstream.stream.history import Inquiry

LEAST_REMEMBERED = 100
"""Candles that are remembered, or as many as the longest snapshot had."""


class CandlesFeed(Feed):
    """Every state of every candle, once: the exchange repeats itself.

    A snapshot gives what is new or changed since. What comes between a confirmation and its
    snapshot is left to the snapshot, which says the same or something newer. A snapshot that does
    not reach back waits for the history, as if that were its older part.
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
        self._waiting: Sequence[CandleRow] = []
        """The snapshot, while the history is asked for what came before it."""
        self._found: list[CandleRow] = []
        """What the history had so far."""
        self._key = subscription.parameters()["key"]
        self._inquiry: Inquiry[CandleRow] = Inquiry(context.policy)
        # The record's fields after `type` are the row's, in wire order.
        self._record: Callable[..., Record] = record_type(subscription, BookView.LEVELS)
        names = (subscription.channel, subscription.symbol, subscription.timeframe)
        self._names = (*names, subscription.period) if subscription.period else names

    def interrupted(self) -> None:
        # The snapshot to come tells anew what is missing.
        self._waiting = []
        self._early.clear()

    def take(self, kind: Kind, payload: Any, fresh: bool = False) -> None:
        if kind is ROW:
            if fresh or self._waiting:
                self._hold(payload)
            else:
                self._take_updates([payload])
        elif kind is ROWS:
            rows = sorted(payload, key=_start)
            if fresh:
                self._take_snapshot(rows)
            elif self._waiting:
                for row in rows:
                    self._hold(row)
            else:
                self._take_updates(rows)

    def tick(self, now: float) -> None:
        if self._waiting:
            self._look_up(now)
        elif self._early and now - self._early_since >= self.context.policy.snapshot_wait:
            self._release()

    def end(self) -> None:
        if self._waiting:
            self._end_look_up(whole=False)
        self._release()

    def _release(self) -> None:
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
        self._early.clear()
        self._remembered = max(self._remembered, len(rows))
        if not self._has_hole_before(rows):
            self._waiting = []
            self._give_snapshot(rows)
            return
        if self._waiting:
            self._inquiry.resume(self.context.now)
        else:
            bounds = (self._newest_mts or 0, rows[0].mts)
            self.context.report(Backfilling(self.subscription.spec, *bounds, *bounds))
            self._inquiry.begin(self.context.now)
        self._waiting, self._found = rows, []
        self._look_up(self.context.now)

    def _has_hole_before(self, rows: Sequence[CandleRow]) -> bool:
        return bool(rows) and self._newest_mts is not None and rows[0].mts > self._newest_mts

    def _give_snapshot(self, rows: Sequence[CandleRow]) -> None:
        first, self._had_snapshot = not self._had_snapshot, True
        news = self._news(rows)
        options = self.context.options
        # A later snapshot corrects what the reader has: never left out.
        if first and not options.snapshots:
            return
        for row in news[-1:] if options.once and not options.whole_candles else news:
            self._print("snapshot", row)

    # The history.

    def _look_up(self, now: float) -> None:
        while self._waiting:
            rows = self._inquiry.poll(now, self._ask)
            if rows is not None:
                self._take_page(sorted(rows, key=_start), now)
            elif self._inquiry.is_vain(now):
                self._end_look_up(whole=False)
            else:
                return

    def _ask(self) -> Future[list[CandleRow]]:
        """The next page. Bounds may not be inclusive: a millisecond more on both sides."""
        newest_mts = self._found[-1].mts if self._found else self._newest_mts or 0
        start, end = max(newest_mts - 1, 0), self._waiting[0].mts + 1
        limit = self.context.policy.history_rows
        return self.context.history.candles(self._key, start, end, limit)

    def _take_page(self, rows: Sequence[CandleRow], now: float) -> None:
        found_mts = self._found[-1].mts if self._found else -1
        news = [row for row in rows if row.mts > found_mts]
        self._found += news
        if rows and rows[-1].mts >= self._waiting[0].mts:
            self._end_look_up(whole=True)
        elif news:
            self._inquiry.helped(now, whole=len(rows) < self.context.policy.history_rows)
        else:
            self._inquiry.failed(now)

    def _end_look_up(self, *, whole: bool) -> None:
        """Give what the history had, then the snapshot; tell what is missing before each."""
        waiting, self._waiting = self._waiting, []
        found = [row for row in self._found if row.mts < waiting[0].mts]
        self._found = []
        if self._has_hole_before(found):
            self._report_hole(self._newest_mts or 0, found[0].mts)
        self._give_snapshot(found)
        if whole and found:
            self.context.report(Backfilled(self.subscription.spec, len(found)))
        else:
            self._report_hole(self._newest_mts or 0, waiting[0].mts)
        self._give_snapshot(waiting)
        self._release()

    def _report_hole(self, newest_mts: int, oldest_mts: int) -> None:
        """What there is does not reach back: the newest candle's end is missing, too."""
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
        if len(self._known) > self._remembered:
            for mts in sorted(self._known)[: -self._remembered]:
                del self._known[mts]
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
