"""The ladder: bids and asks around the middle, with bars as long as the market is deep."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from bfxstream.book import OrderBook
from bfxstream.output.table import theme
from bfxstream.output.table.bars import share_of
from bfxstream.output.table.grid import Widths
from bfxstream.output.table.ladder import Ladder, LadderReader, Level
from bfxstream.output.table.lines import (
    Area,
    Line,
    blank,
    centred,
    panel,
    shortened,
    span,
    width_of,
)
from bfxstream.output.table.rungs import Ink, Plan, ladder_columns, plan_for, rung
from bfxstream.output.table.theme import LABEL, Look
from bfxstream.protocol.channels import BookSubscription
from bfxstream.protocol.symbols import Market

TWO_SIDES_FROM: Final = 44
TWO_SIDES_FROM_IF_SHORT: Final = 34
SHORT: Final = 20
"""Narrower ladders stand on end, asks above and bids below, unless that shows too few levels."""


class BookView:
    """One live book as a ladder; its columns are told from the middle outwards."""

    least_width = 36
    good_width = 48
    weight = 3

    def __init__(
        self,
        subscription: BookSubscription,
        book: OrderBook[Any],
        look: Look,
        fields: Sequence[str] | None,
    ) -> None:
        self._subscription = subscription
        self._book = book
        self._look = look
        self._columns = ladder_columns(subscription, fields, look.bars_behind)
        self._reader = LadderReader(subscription, book)
        self._widths = Widths()

    @property
    def has_data(self) -> bool:
        """Whether the book has any level."""
        return bool(len(self._book.bids) or len(self._book.asks))

    def wanted(self, area: Area) -> int:
        """The height that shows every level."""
        levels = max(1, len(self._book.bids), len(self._book.asks))
        rows = 2 * levels + 2 if _stands_on_end(area) else levels + 1
        return rows + area.frame_height

    def draw(self, area: Area) -> list[Line]:
        """The ladder in this area."""
        upright = _stands_on_end(area)
        room = max(0, area.inner_height - 1)
        levels = max(0, room - 1) // 2 if upright else room
        ladder = self._reader.read(max(1, levels))
        if ladder is None:
            return self._waiting(area)
        if upright:
            body = self._upright(ladder, area.inner_width, levels)
        else:
            body = self._two_sides(ladder, area.inner_width, room)
        note = [] if upright else self._middle(ladder, area.inner_width - self._title_width)
        return panel(area, self._look.glyphs, self._title(), body, note, self._balance(ladder))

    def _title(self) -> Line:
        subscription = self._subscription
        return [
            span(subscription.symbol, theme.TITLE),
            span(f" {subscription.prec.value}", theme.BOLD),
        ]

    @property
    def _title_width(self) -> int:
        return width_of(self._title()) + 3

    def _waiting(self, area: Area) -> list[Line]:
        glyphs = self._look.glyphs
        text = shortened(f"waiting for the book{glyphs.ellipsis}", area.inner_width, glyphs)
        empty: list[Line] = [[]] * (max(0, area.inner_height - 1) // 2)
        body = [*empty, centred([span(text, LABEL)], area.inner_width)]
        return panel(area, glyphs, self._title(), body, [], [])

    def _middle(self, ladder: Ladder, width: int) -> Line:
        """Mid and spread, as much of them as fits."""
        nothing = self._look.glyphs.nothing
        unit = "%" if self._subscription.market is Market.FUNDING else ""
        mid: Line = [span("mid ", LABEL), span((ladder.mid or nothing) + unit, theme.BOLD)]
        spread: Line = [span("  spread ", LABEL), span((ladder.spread or nothing) + unit)]
        points: Line = [span(f" ({ladder.basis_points} bp)", LABEL)] if ladder.basis_points else []
        for parts in ([*mid, *spread, *points], [*mid, *spread], mid):
            if width_of(parts) <= width:
                return parts
        return []

    def _balance(self, ladder: Ladder) -> Line:
        """Which side holds how much of what is in view."""
        if ladder.bid_share is None:
            return []
        percent = round(100 * ladder.bid_share)
        return [
            span(f"bids {percent}%", theme.UP),
            span("  "),
            span(f"asks {100 - percent}%", theme.DOWN),
        ]

    def _two_sides(self, ladder: Ladder, width: int, rows: int) -> list[Line]:
        left = (width - 1) // 2
        right = width - 1 - left
        plan = self._plan(ladder, left)
        deepest = ladder.deepest
        bids = self._rungs(ladder.bids, deepest, plan, Ink("bid", True, left, self._look))
        asks = self._rungs(ladder.asks, deepest, plan, Ink("ask", False, right, self._look))
        lines: list[Line] = [[*plan.header(left, True), blank(1), *plan.header(right, False)]]
        for i in range(min(rows, max(len(bids), len(asks)))):
            bid = bids[i] if i < len(bids) else [blank(left)]
            ask = asks[i] if i < len(asks) else [blank(right)]
            lines.append([*bid, blank(1), *ask])
        return lines

    def _upright(self, ladder: Ladder, width: int, levels: int) -> list[Line]:
        plan = self._plan(ladder, width)
        deepest = ladder.deepest
        asks = self._rungs(ladder.asks, deepest, plan, Ink("ask", False, width, self._look))
        bids = self._rungs(ladder.bids, deepest, plan, Ink("bid", False, width, self._look))
        empty: list[Line] = [[]] * (levels - len(asks))
        middle = centred(self._middle(ladder, width), width)
        return [plan.header(width, False), *empty, *reversed(asks), middle, *bids]

    def _plan(self, ladder: Ladder, width: int) -> Plan:
        return plan_for(self._columns, [*ladder.bids, *ladder.asks], width, self._widths)

    @staticmethod
    def _rungs(levels: Sequence[Level], deepest: float, plan: Plan, ink: Ink) -> list[Line]:
        return [
            rung(level, i == 0, share_of(level.total, deepest), plan, ink)
            for i, level in enumerate(levels)
        ]


def _stands_on_end(area: Area) -> bool:
    short = area.inner_height < SHORT
    return area.inner_width < (TWO_SIDES_FROM_IF_SHORT if short else TWO_SIDES_FROM)
