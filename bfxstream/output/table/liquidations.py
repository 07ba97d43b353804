"""Liquidations: every position that was closed by force, newest on top."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import islice
from typing import Final

from bfxstream.output.table import theme
from bfxstream.output.table.axes import moment
from bfxstream.output.table.columns import Column, Widths
from bfxstream.output.table.fields import Scales, chosen, field_columns, field_text
from bfxstream.output.table.figures import number
from bfxstream.output.table.grid import Cell, draw_grid
from bfxstream.output.table.lines import Area, Line, panel, span, waiting
from bfxstream.output.table.theme import Look
from bfxstream.protocol.records import Liquidation

KEPT: Final = 1_000
"""More than any screen is high; older ones leave the list."""

COLUMNS: Final = (
    Column("mts", "TIME UTC", 4, left=True),
    Column("symbol", "SYMBOL", 0, left=True),
    Column("side", "POSITION", 1, left=True),
    Column("amount", "AMOUNT", 2),
    Column("base_price", "ENTRY", 5),
    Column("liquidation_price", "PRICE", 3),
    Column("state", "STATE", 6, left=True),
)


class LiquidationsPane:
    """The last liquidations of all symbols."""

    least_width = 30
    good_width = 60
    weight = 2

    def __init__(self, look: Look, fields: Sequence[str] | None) -> None:
        self._look = look
        self._fields = chosen(fields, Liquidation)
        self._columns = field_columns(self._fields) if self._fields else COLUMNS
        self._latest: deque[Liquidation] = deque(maxlen=KEPT)
        self.take = self._latest.append
        """Takes one liquidation."""
        self._scales = Scales()
        self._widths = Widths()

    @property
    def has_data(self) -> bool:
        """Whether any liquidation has come."""
        return bool(self._latest)

    def wanted(self, area: Area) -> int:
        """The height that shows every one."""
        return max(1, len(self._latest)) + 1 + area.frame_height

    def draw(self, area: Area) -> list[Line]:
        """The list in this area."""
        glyphs = self._look.glyphs
        title: Line = [span("Liquidations", theme.TITLE)]
        if not self._latest:
            return waiting(area, glyphs, title, "liquidations")
        headed = area.inner_height > 1
        shown = list(islice(reversed(self._latest), max(1, area.inner_height - headed)))
        for row in reversed(shown):
            self._row(row)  # seen before any is drawn, so that decimals stand in line
        rows = [self._row(row) for row in shown]
        body = draw_grid(self._columns, rows, area.inner_width, glyphs, self._widths)
        return panel(area, glyphs, title, body[not headed :], [], [])

    def _row(self, row: Liquidation) -> dict[str, Cell]:
        glyphs, scales = self._look.glyphs, self._scales
        if self._fields:
            return {
                name: Cell(field_text(row, name, scales, glyphs.nothing)) for name in self._fields
            }
        amount = number(row.amount) or 0.0
        # A long position is sold, a short one is bought back.
        style, word = (theme.UP, "short") if amount < 0 else (theme.DOWN, "long")
        arrow = glyphs.up if amount < 0 else glyphs.down
        texts = {
            name: field_text(row, name, scales, glyphs.nothing)
            for name in ("amount", "base_price", "liquidation_price")
        }
        return {
            "mts": Cell(f"{moment(int(float(row.mts))):%m-%d %H:%M:%S}", theme.LABEL),
            "symbol": Cell(row.symbol, theme.BOLD),
            "side": Cell(f"{arrow} {word}", style),
            "amount": Cell(texts["amount"].lstrip("-")),
            "base_price": Cell(texts["base_price"]),
            "liquidation_price": Cell(texts["liquidation_price"], style),
            "state": Cell(state_of(row), theme.LABEL),
        }


def state_of(row: Liquidation) -> str:
    """How far it has come (API: ws-public-status)."""
    if not number(row.is_match):
        return "triggered"
    return "taken over" if number(row.is_market_sold) else "sold"
