"""Candles: a chart, and the last of them in a table below it."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Final

from bfxstream.output.table import theme
from bfxstream.output.table.axes import moment
from bfxstream.output.table.bars import share_of
from bfxstream.output.table.chart import Bar, Chart
from bfxstream.output.table.columns import Column, Widths
from bfxstream.output.table.fields import Scales, chosen, field_columns, field_text
from bfxstream.output.table.figures import (
    AMOUNT_DIGITS,
    PERCENT_SHIFT,
    PRICE_DIGITS,
    RATE_DIGITS,
    Scale,
)
from bfxstream.output.table.grid import Cell, draw_grid
from bfxstream.output.table.lines import Area, Line, panel, span, waiting, width_of
from bfxstream.output.table.row_figures import percent_change
from bfxstream.output.table.theme import Look
from bfxstream.protocol.channels import CandlesSubscription
from bfxstream.protocol.records import Candle, FundingCandle
from bfxstream.protocol.symbols import Market
from bfxstream.protocol.views import BookView, record_type

KEPT: Final = 1_000
"""More than any screen is wide; older candles leave the chart."""
GOOD_CHART: Final = 16
"""The rows of a chart that stays behind."""
LEAST_CHART: Final = 10
"""The table begins to take rows from a chart of more than these."""
LEAST_TABLE, MOST_TABLE = 3, 12
TABLE_PART: Final = 3
"""Of the rows beyond the least chart, the table has one of so many."""

COLUMNS: Final = (
    Column("mts", "TIME UTC", 1, left=True),
    Column("open", "OPEN", 4),
    Column("high", "HIGH", 5),
    Column("low", "LOW", 6),
    Column("close", "CLOSE", 0),
    Column("change", "CHANGE", 2, least=9),
    Column("volume", "VOLUME", 3),
    Column("bar", "", 7, left=True, paint="bar", least=4, most=40),
)

Key = tuple[str, ...]
"""Symbol, time frame and period: what tells one subscription's candles from another's."""


def key_of(candle: Candle | FundingCandle | CandlesSubscription) -> Key:
    """Whose candle it is."""
    return candle.symbol, candle.timeframe, getattr(candle, "period", "")


class CandlesPane:
    """The candles of one subscription."""

    least_width = 36
    good_width = 60
    weight = 3

    def __init__(
        self, subscription: CandlesSubscription, look: Look, fields: Sequence[str] | None
    ) -> None:
        self._look = look
        self._subscription = subscription
        self._funding = subscription.market is Market.FUNDING
        self._fields = chosen(fields, record_type(subscription, BookView.LEVELS))
        self._columns = field_columns(self._fields) if self._fields else COLUMNS
        self._candles: dict[int, Candle | FundingCandle] = {}
        self._bars: dict[int, tuple[Candle | FundingCandle, Bar]] = {}
        """What was made of each: most candles never change."""
        self._taken = 0
        self._drawn: list[Line] = []
        self._drawn_for: tuple[Area, int] | None = None
        price = Scale(RATE_DIGITS, PERCENT_SHIFT) if self._funding else Scale(PRICE_DIGITS)
        self._chart = Chart(price, Scale(AMOUNT_DIGITS), look.glyphs)
        self._scales = Scales()
        self._widths = Widths()
        self.named = True
        """Whether its title names the symbol."""

    def take(self, candle: Candle | FundingCandle) -> None:
        """Take one candle: a new one, or another state of one that is known."""
        self._taken += 1
        self._candles[candle.mts] = candle
        if len(self._candles) > KEPT:
            oldest = min(self._candles)
            del self._candles[oldest]
            self._bars.pop(oldest, None)

    def frozen(self) -> CandlesPane:
        """As it is now, whatever comes later."""
        frozen = copy.copy(self)
        frozen._candles = dict(self._candles)
        return frozen

    @property
    def has_data(self) -> bool:
        """Whether any candle has come."""
        return bool(self._candles)

    def wanted(self, area: Area) -> int:
        """The height of a chart of a good size, and of some rows below it."""
        table = 1 + min(len(self._candles), LEAST_TABLE)
        return area.frame_height + table + (0 if self._fields else GOOD_CHART)

    def draw(self, area: Area) -> list[Line]:
        """Chart and table in this area; what is short of rows gives up the table."""
        # Between two candles nothing changes, not even an age.
        drawn_for = (area._replace(now=0.0), self._taken)
        if drawn_for != self._drawn_for:
            self._drawn, self._drawn_for = self._draw(area), drawn_for
        return self._drawn

    def _draw(self, area: Area) -> list[Line]:
        glyphs = self._look.glyphs
        if not self._candles:
            return waiting(area, glyphs, self._title(), "candles")
        newest = [self._candles[mts] for mts in sorted(self._candles)[-area.width :]]
        bars = [self._bar(candle) for candle in newest]
        rows = 0 if self._fields else area.inner_height - _table_rows(area.inner_height)
        body = self._chart.draw(bars, area.inner_width, rows)
        body += self._table(newest, bars, area.inner_width, area.inner_height - len(body))
        title = self._title()
        note = self._note(bars[-1], area.inner_width - width_of(title) - 3)
        return panel(area, glyphs, title, body, note, [])

    def _title(self) -> Line:
        subscription = self._subscription
        words = [subscription.timeframe, subscription.period, "% a day" if self._funding else ""]
        return [
            span(subscription.symbol if self.named else "Candles", theme.TITLE),
            span(" " + " ".join(filter(None, words)), theme.BOLD),
        ]

    def _note(self, last: Bar, room: int) -> Line:
        """Where the price is, and how far it has come in this candle."""
        close = span(self._chart.prices.text(last.close), theme.BOLD + last.style)
        change = percent_change(_change(last), self._look.glyphs)
        note: Line = [close, span("  "), span(change.text, change.style)]
        return note if width_of(note) <= room else []

    def _bar(self, candle: Candle | FundingCandle) -> Bar:
        made = self._bars.get(candle.mts)
        if made is None or made[0] is not candle:
            made = self._bars[candle.mts] = candle, self._bar_of(candle)
        return made[1]

    def _bar_of(self, candle: Candle | FundingCandle) -> Bar:
        see = self._chart.prices.see
        return Bar(
            candle.mts,
            see(candle.open) or 0.0,
            see(candle.close) or 0.0,
            see(candle.high) or 0.0,
            see(candle.low) or 0.0,
            self._chart.volumes.see(candle.volume) or 0.0,
        )

    def _table(
        self, candles: Sequence[Candle | FundingCandle], bars: Sequence[Bar], width: int, rows: int
    ) -> list[Line]:
        """The newest candles, newest first, under their headers if these leave room for one."""
        headed = rows > 1
        shown = slice(-max(1, rows - headed), None)
        most = max(bar.volume for bar in bars[shown])
        cells = [
            self._row(candle, bar, most)
            for candle, bar in zip(candles[shown], bars[shown], strict=True)
        ]
        glyphs = self._look.glyphs
        lines = draw_grid(self._columns, cells[::-1], width, glyphs, self._widths)
        return lines[not headed :][:rows]

    def _row(self, candle: Candle | FundingCandle, bar: Bar, most: float) -> dict[str, Cell]:
        glyphs = self._look.glyphs
        if self._fields:
            nothing = glyphs.nothing
            return {
                name: Cell(field_text(candle, name, self._scales, nothing)) for name in self._fields
            }
        price = self._chart.prices.text
        change = percent_change(_change(bar), glyphs)
        return {
            "mts": Cell(f"{moment(bar.mts):%m-%d %H:%M}", theme.LABEL),
            "open": Cell(price(bar.open)),
            "high": Cell(price(bar.high)),
            "low": Cell(price(bar.low)),
            "close": Cell(price(bar.close), bar.style),
            "change": Cell(change.text, change.style),
            "volume": Cell(self._chart.volumes.text(bar.volume)),
            "bar": Cell("", bar.style, share_of(bar.volume, most)),
        }


def _change(bar: Bar) -> float | None:
    return bar.close / bar.open - 1 if bar.open else None


def _table_rows(height: int) -> int:
    """How many of these rows the table has, header and all."""
    rows = min(MOST_TABLE, (height - LEAST_CHART) // TABLE_PART)
    return 1 + rows if rows >= LEAST_TABLE else 0
