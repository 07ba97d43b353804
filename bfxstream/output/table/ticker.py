"""The tickers: one row for each symbol, what just changed highlighted for a moment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from rich.style import Style

from bfxstream.output.table import theme
from bfxstream.output.table.columns import Column, Widths
from bfxstream.output.table.fields import (
    Scales,
    chosen,
    field_columns,
    field_text,
    field_value,
)
from bfxstream.output.table.figures import age
from bfxstream.output.table.grid import Cell, draw_grid
from bfxstream.output.table.lines import Area, Line, fitted, panel, shortened, span, width_of
from bfxstream.output.table.theme import Look
from bfxstream.output.table.ticker_rows import FUNDING, TRADING, RowFigures, Shown
from bfxstream.protocol.records import FundingTicker, Ticker
from bfxstream.protocol.symbols import Market

FLASH_SECONDS: Final = 0.7


class TickerBoard:
    """The latest ticker of each symbol of one market."""

    def __init__(
        self, symbols: Sequence[str], market: Market, look: Look, fields: Sequence[str] | None
    ) -> None:
        self._look = look
        self._market = market
        self._symbols = list(dict.fromkeys(symbols))
        record = FundingTicker if market is Market.FUNDING else Ticker
        self._fields = chosen(fields, record)
        self._figures: RowFigures = FUNDING if market is Market.FUNDING else TRADING
        self._columns = field_columns(self._fields) if self._fields else self._figures.columns
        self._latest: dict[str, Ticker | FundingTicker] = {}
        self._arrived: dict[str, float] = {}
        self._observed: dict[str, Ticker | FundingTicker] = {}
        self._shown: dict[str, dict[str, Shown]] = {}
        self._changed: dict[tuple[str, str], tuple[float, float]] = {}
        self._scales = Scales()
        self._widths = Widths()
        self.batch_time = 0.0
        """When the batch that is being written arrived."""

    def take(self, record: Ticker | FundingTicker) -> None:
        """Remember the latest ticker of its symbol."""
        symbol = record.symbol
        self._latest[symbol] = record
        self._arrived[symbol] = self.batch_time

    @property
    def has_data(self) -> bool:
        """Whether any ticker has come."""
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
        """Compare the latest tickers with those shown, to know what to highlight."""
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

    def _values(self, record: Ticker | FundingTicker) -> dict[str, Shown]:
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
        title = "Funding" if self._market is Market.FUNDING else "Tickers"
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


def ticker_boards(
    symbols: Sequence[tuple[str, Market]], look: Look, fields: Sequence[str] | None
) -> dict[type[Any], TickerBoard]:
    """A board for each market that has symbols, by the record that it takes."""
    boards: dict[type[Any], TickerBoard] = {}
    for record, market in ((Ticker, Market.TRADING), (FundingTicker, Market.FUNDING)):
        here = [symbol for symbol, of in symbols if of is market]
        if here:
            boards[record] = TickerBoard(here, market, look, fields)
    return boards
