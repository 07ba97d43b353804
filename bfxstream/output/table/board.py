"""Boards: the latest record of each symbol as a row, what just changed highlighted for a moment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.style import Style

from bfxstream.output.table import theme
from bfxstream.output.table.columns import Column, Widths
from bfxstream.output.table.deriv_rows import DERIVATIVES
from bfxstream.output.table.fields import (
    Scales,
    chosen,
    field_columns,
    field_text,
    field_value,
)
from bfxstream.output.table.figures import age
from bfxstream.output.table.flash import FLASH_SECONDS
from bfxstream.output.table.grid import Cell, draw_grid
from bfxstream.output.table.lines import Area, Line, fitted, panel, shortened, span, width_of
from bfxstream.output.table.row_figures import RowFigures, Shown
from bfxstream.output.table.theme import Look
from bfxstream.output.table.ticker_rows import FUNDING, TRADING
from bfxstream.protocol.channels import Subscription
from bfxstream.protocol.views import symbols_of


class LatestBoard:
    """The latest record of each symbol, all of one kind."""

    def __init__(
        self, symbols: Sequence[str], figures: RowFigures, look: Look, fields: Sequence[str] | None
    ) -> None:
        self._look = look
        self._figures = figures
        self._symbols = list(dict.fromkeys(symbols))
        self._fields = chosen(fields, figures.record)
        self._columns = field_columns(self._fields) if self._fields else figures.columns
        self._latest: dict[str, Any] = {}
        self._arrived: dict[str, float] = {}
        self._observed: dict[str, Any] = {}
        self._shown: dict[str, dict[str, Shown]] = {}
        self._changed: dict[tuple[str, str], tuple[float, float]] = {}
        self._scales = Scales()
        self._widths = Widths()
        self.batch_time = 0.0
        """When the batch that is being written arrived."""

    def take(self, record: Any) -> None:
        """Remember the latest record of its symbol."""
        symbol = record.symbol
        self._latest[symbol] = record
        self._arrived[symbol] = self.batch_time

    @property
    def has_data(self) -> bool:
        """Whether any record has come."""
        return bool(self._latest)

    @property
    def highlighted(self) -> int:
        """How many cells are highlighted, as last observed."""
        return len(self._changed)

    @property
    def symbols(self) -> int:
        """How many rows there are."""
        return len(self._symbols)

    def wanted(self, boxed: bool) -> int:
        """The height that shows every symbol."""
        return len(self._symbols) + (3 if boxed else 2)

    def observe(self, now: float) -> None:
        """Compare the latest records with those shown, to know what to highlight."""
        self._changed = {
            cell: (since, difference)
            for cell, (since, difference) in self._changed.items()
            if now - since < FLASH_SECONDS
        }
        for symbol in self._symbols:
            record = self._latest.get(symbol)
            if record is None or record is self._observed.get(symbol):
                continue
            before = self._shown.get(symbol, {})
            after = self._values(record)
            for key, shown in after.items():
                old = before.get(key)
                if old and None not in (old.value, shown.value) and old.text != shown.text:
                    self._changed[symbol, key] = (now, (shown.value or 0) - (old.value or 0))
            self._shown[symbol] = after
            self._observed[symbol] = record

    def _values(self, record: Any) -> dict[str, Shown]:
        nothing = self._look.glyphs.nothing
        if self._fields:
            return {
                name: Shown(
                    field_text(record, name, self._scales, nothing), field_value(record, name)
                )
                for name in self._fields
            }
        return self._figures.read(record, self._scales, self._look.glyphs)

    def draw(self, area: Area, below: int = 0) -> list[Line]:
        """The board in this area; `below` rows of other boards are hidden too."""
        glyphs = self._look.glyphs
        room = max(0, area.inner_height - 1)
        symbols = self._symbols[:room]
        hidden = len(self._symbols) - len(symbols) + below
        rows = [self._row(symbol, area.now) for symbol in symbols]
        body = draw_grid(self._columns, rows, area.inner_width, glyphs, self._widths)
        title = self._figures.title
        note = f"{hidden} more below" if hidden else self._figures.note
        heading = len(title) + len(note) + 3
        # A frame closes around its columns: no blank stretch between the last one and the border.
        bare = area.inner_width - max(heading, width_of(body[0])) if area.boxed else 0
        closed = area._replace(width=area.width - max(0, bare))
        note = shortened(note, closed.inner_width - len(title) - 3, glyphs)
        lines = panel(
            closed, glyphs, [span(title, theme.TITLE)], body, [span(note, theme.LABEL)], []
        )
        return [fitted(line, area.width) for line in lines]

    def _row(self, symbol: str, now: float) -> dict[str, Cell]:
        shown = self._shown.get(symbol)
        row: dict[str, Cell] = {}
        for column in self._columns:
            key = column.key
            if key == "symbol":
                row[key] = Cell(symbol, theme.BOLD)
            elif shown is None:
                row[key] = Cell(self._look.glyphs.nothing, theme.LABEL)
            elif key == "age":
                row[key] = Cell(age(now - self._arrived[symbol]), theme.LABEL)
            else:
                row[key] = self._cell(symbol, column, shown[key])
        return row

    def _cell(self, symbol: str, column: Column, shown: Shown) -> Cell:
        if column.paint:
            # A share cannot be drawn where there is none: its text stands in its place.
            return Cell(shown.text, theme.LABEL, shown.value or 0.0)
        return Cell(shown.text, self._style(symbol, column.key, shown))

    def _style(self, symbol: str, key: str, shown: Shown) -> Style:
        if (symbol, key) not in self._changed:
            return shown.style
        _, difference = self._changed[symbol, key]
        if key not in self._figures.directed or not difference:
            return shown.style + theme.FLASH
        return theme.FLASH_UP if difference > 0 else theme.FLASH_DOWN


def boards(
    subscriptions: Sequence[Subscription], look: Look, fields: Sequence[str] | None
) -> dict[type[Any], LatestBoard]:
    """A board for each kind of record that is subscribed and is shown as rows."""
    found: dict[type[Any], LatestBoard] = {}
    for figures in (TRADING, FUNDING, DERIVATIVES):
        symbols = symbols_of(figures.record, subscriptions)
        if symbols:
            found[figures.record] = LatestBoard(symbols, figures, look, fields)
    return found
