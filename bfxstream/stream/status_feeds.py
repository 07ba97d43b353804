"""The feeds of the status channel: derivatives, and liquidations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any

import msgspec
from msgspec import Struct

from bfxstream.protocol.channels import Subscription
from bfxstream.protocol.decode import ROW, ROWS, Kind
from bfxstream.protocol.events import Gap
from bfxstream.protocol.records import Deriv, Liquidation
from bfxstream.protocol.rows import DerivRow, LiquidationRow
from bfxstream.stream.feed import Context, Feed

REMEMBERED_LIQUIDATIONS = 4096
"""As many are known again when a new snapshot repeats them."""


def _fields_of(row_type: type[Struct]) -> Callable[[Any], tuple[Any, ...]]:
    """What reads a row's values in wire order, without the type and the placeholders."""
    names = row_type.__struct_fields__
    return attrgetter(*(n for n in names if n != "type" and not n.startswith("placeholder")))


class DerivFeed(Feed):
    """The state of a derivative, where it differs: two of three frames repeat the one before."""

    _fields = staticmethod(_fields_of(DerivRow))

    def __init__(self, index: int, subscription: Subscription, context: Context) -> None:
        super().__init__(index, subscription, context)
        self._last: DerivRow | None = None

    def take(self, kind: Kind, payload: Any, fresh: bool = False) -> None:
        if kind is ROW:
            self._print(payload)
        elif kind is ROWS and payload:
            self._print(payload[-1])

    def _print(self, row: DerivRow) -> None:
        if row == self._last and not self.context.options.every_update:
            return
        self._last = row
        self.complete = True
        self._give(Deriv("deriv", self.subscription.symbol, *self._fields(row)))


class LiquidationsFeed(Feed):
    """Every liquidation once, oldest first.

    The first frame may be old; after an interruption it fills the hole, as far as can be seen.
    """

    _fields = staticmethod(_fields_of(LiquidationRow))

    def __init__(self, index: int, subscription: Subscription, context: Context) -> None:
        super().__init__(index, subscription, context)
        self._begun_mts = context.wall_mts()
        self._had_snapshot = False
        self._last: LiquidationRow | None = None
        self._told: dict[bytes, None] = {}

    def take(self, kind: Kind, payload: Any, fresh: bool = False) -> None:
        if kind is not ROWS:
            return
        if fresh:
            self._take_snapshot(sorted(payload, key=_mts))
        else:
            self._print(payload)

    def _take_snapshot(self, rows: Sequence[LiquidationRow]) -> None:
        first, self._had_snapshot = not self._had_snapshot, True
        options, stats = self.context.options, self.context.stats
        news = [row for row in rows if _identity(row) not in self._told]
        stats.duplicates_dropped += len(rows) - len(news)
        if self._last is not None and rows and len(news) == len(rows):
            self._report_hole(self._last, rows[0])
        old: Sequence[LiquidationRow] = []
        if first and not options.snapshots:
            # By the time of each: where there is no snapshot, the first frame is news.
            old = [row for row in news if _mts(row) < self._begun_mts]
        elif first and options.once:
            old = news[:-1]
        for row in old:
            self._note(row)
        self._print(news[len(old) :])

    def _report_hole(self, last: LiquidationRow, next_known: LiquidationRow) -> None:
        ids, times = (last.pos_id, next_known.pos_id), (_mts(last), _mts(next_known))
        self.context.report(Gap(self.subscription.spec, *ids, *map(int, times)))

    def _print(self, rows: Sequence[LiquidationRow]) -> None:
        for row in rows:
            self._note(row)
            self.complete = True
            self._give(Liquidation("liq", *self._fields(row)))

    def _note(self, row: LiquidationRow) -> None:
        self._last = row
        self._told[_identity(row)] = None
        if len(self._told) > REMEMBERED_LIQUIDATIONS:
            del self._told[next(iter(self._told))]


def _mts(row: LiquidationRow) -> float:
    return float(row.mts)


def _identity(row: LiquidationRow) -> bytes:
    """The row's text: a position has several rows, some of them in one millisecond."""
    return msgspec.json.encode(row)
