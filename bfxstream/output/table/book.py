"""The ladder: bids and asks around the middle, with bars as long as the market is deep."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, Final

from bfxstream.book import OrderBook, order_book
from bfxstream.output.table import theme
from bfxstream.output.table.bars import share_of
from bfxstream.output.table.columns import Fit, Widths
from bfxstream.output.table.ladder import DIGITS_OF_AMOUNTS, Ladder, LadderReader, Level
from bfxstream.output.table.lines import (
    Area,
    Line,
    blank,
    centred,
    panel,
    span,
    waiting,
    width_of,
)
from bfxstream.output.table.rungs import Ink, header, ladder_columns, plan_for, rung
from bfxstream.output.table.theme import LABEL, Look
from bfxstream.protocol.channels import BookSubscription
from bfxstream.protocol.symbols import Market

TWO_SIDES_FROM: Final = 44
TWO_SIDES_FROM_IF_SHORT: Final = 34
SHORT: Final = 20
"""Narrower ladders stand on end, asks above and bids below, unless that shows too few levels."""


class LadderPane:
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
        self._wants_amount = any(column.key == "amount" for column in self._columns)
        self._widths = {digits: Widths() for digits in DIGITS_OF_AMOUNTS}
        self.named = True
        """Whether its title names the symbol."""
        self.upright: bool | None = None
        """Whether asks stand above bids; None where the area decides."""

    def frozen(self) -> LadderPane:
        """As it is now, whatever comes later."""
        book = order_book(self._subscription)
        book.load([*self._book.bids.rows(), *self._book.asks.rows()])
        frozen = copy.copy(self)
        frozen._book = book
        frozen._reader = self._reader.reading(book)
        return frozen

    @property
    def has_data(self) -> bool:
        """Whether the book has any level."""
        return bool(len(self._book.bids) or len(self._book.asks))

    def wanted(self, area: Area) -> int:
        """The height that shows every level."""
        levels = max(1, len(self._book.bids), len(self._book.asks))
        rows = 2 * levels + 2 if self._stands_on_end(area) else levels + 1
        return rows + area.frame_height

    def draw(self, area: Area) -> list[Line]:
        """The ladder in this area."""
        upright = self._stands_on_end(area)
        height = area.inner_height
        # What is short of rows gives up its header, then its middle, before a side.
        headed = height >= (4 if upright else 2)
        told = upright and (height >= 3 or height == 1)
        rows = max(0, height - headed - told)
        levels = rows // 2 if upright else rows
        width = area.inner_width
        side = width if upright else (width - 1) // 2
        fitted = self._fitted(max(1, levels), side)
        if fitted is None:
            return waiting(area, self._look.glyphs, self._title(), "the book")
        ladder, plan = fitted
        note: Line = []
        if upright:
            middle = [centred(self._middle(ladder, width), width)] if told else []
            body = self._upright(ladder, plan, width, levels, middle)
        else:
            body = self._two_sides(ladder, plan, width, rows)
            note = self._middle(ladder, width - self._title_width)
        return panel(
            area,
            self._look.glyphs,
            self._title(),
            body if headed else body[1:],
            note,
            self._balance(ladder),
        )

    def _stands_on_end(self, area: Area) -> bool:
        if self.upright is not None:
            return self.upright
        short = area.inner_height < SHORT
        return area.inner_width < (TWO_SIDES_FROM_IF_SHORT if short else TWO_SIDES_FROM)

    def _title(self) -> Line:
        subscription = self._subscription
        return [
            span(subscription.symbol if self.named else "Book", theme.TITLE),
            span(f" {subscription.prec.value}", theme.BOLD),
        ]

    @property
    def _title_width(self) -> int:
        return width_of(self._title()) + 3

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

    def _fitted(self, levels: int, width: int) -> tuple[Ladder, Fit] | None:
        """The levels and their columns in one side of this width, with as many digits as fit."""
        fitted = None
        for digits, widths in self._widths.items():
            ladder = self._reader.read(levels, digits)
            if ladder is None:
                return None
            shown = [*ladder.bids, *ladder.asks]
            fitted = ladder, plan_for(self._columns, shown, width, widths)
            if not self._wants_amount or any(c.key == "amount" for c in fitted[1].columns):
                break
        return fitted

    def _two_sides(self, ladder: Ladder, plan: Fit, width: int, rows: int) -> list[Line]:
        side = (width - 1) // 2
        middle = blank(width - 2 * side)
        deepest = ladder.deepest
        bids = self._rungs(ladder.bids, deepest, plan, Ink("bid", True, side, self._look))
        asks = self._rungs(ladder.asks, deepest, plan, Ink("ask", False, side, self._look))
        lines: list[Line] = [[*header(plan, side, True), middle, *header(plan, side, False)]]
        for i in range(min(rows, max(len(bids), len(asks)))):
            bid = bids[i] if i < len(bids) else [blank(side)]
            ask = asks[i] if i < len(asks) else [blank(side)]
            lines.append([*bid, middle, *ask])
        return lines

    def _upright(
        self, ladder: Ladder, plan: Fit, width: int, levels: int, middle: list[Line]
    ) -> list[Line]:
        asks_ink = Ink("ask", False, width, self._look)
        asks = self._rungs(ladder.asks[:levels], ladder.deepest, plan, asks_ink)
        bids_ink = asks_ink._replace(side="bid")
        bids = self._rungs(ladder.bids[:levels], ladder.deepest, plan, bids_ink)
        empty: list[Line] = [[]] * (levels - len(asks))
        return [header(plan, width, False), *empty, *reversed(asks), *middle, *bids]

    @staticmethod
    def _rungs(levels: Sequence[Level], deepest: float, plan: Fit, ink: Ink) -> list[Line]:
        return [
            rung(level, i == 0, share_of(level.total, deepest), plan, ink)
            for i, level in enumerate(levels)
        ]
