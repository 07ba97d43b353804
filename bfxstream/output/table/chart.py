"""The chart: candlesticks in half cells, prices at the right, volumes and times below.

A candle that rose is hollow, a thin line; one that fell is filled, a block: the colour says it
once more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from rich.style import Style

from bfxstream.output.table import theme
from bfxstream.output.table.axes import price_ticks, share_between, time_labels
from bfxstream.output.table.bars import share_of
from bfxstream.output.table.figures import Scale
from bfxstream.output.table.lines import Line, blank, fitted, span
from bfxstream.output.table.theme import LABEL, PLAIN, Glyphs

PITCH: Final = 2
"""Cells from one candle to the next."""
LEAST_CANDLES: Final = 6
LEAST_ROWS: Final = 4
ROWS_FOR_TIMES: Final = 6
ROWS_FOR_VOLUMES: Final = 10
VOLUMES_PART: Final = 6
"""The volumes have one row of so many."""

_NOTHING, _WICK, _BODY = range(3)
"""What half a cell shows: a cell's glyph is told by its upper half, then its lower one."""


class Bar(NamedTuple):
    """One candle as numbers; `mts` is the start of its interval."""

    mts: int
    open: float
    close: float
    high: float
    low: float
    volume: float

    @property
    def rose(self) -> bool:
        """Whether it did not fall."""
        return self.close >= self.open

    @property
    def style(self) -> Style:
        """The colour of its direction."""
        return theme.UP if self.rose else theme.DOWN


class Chart(NamedTuple):
    """How a symbol's candles are drawn."""

    prices: Scale
    volumes: Scale
    glyphs: Glyphs

    def draw(self, bars: Sequence[Bar], width: int, height: int) -> list[Line]:
        """The newest candles, given oldest first, in exactly this size; none if it is too small.

        What is short of rows gives up the volumes, then the times.
        """
        label_width = self._label_width(bars[-(width // PITCH) :])
        room = width - label_width - 1
        if height < LEAST_ROWS or room < LEAST_CANDLES * PITCH or not bars:
            return []
        shown = bars[-(room // PITCH) :]
        timed = height >= ROWS_FOR_TIMES
        volume_rows = round(height / VOLUMES_PART) if height >= ROWS_FOR_VOLUMES else 0
        price_rows = height - timed - volume_rows
        lines = self._candles(shown, price_rows, room, label_width)
        lines += self._volumes(shown, volume_rows, room, label_width)
        if timed:
            times = time_labels([bar.mts for bar in shown], PITCH)
            lines.append([blank(room - len(shown) * PITCH), span(times, LABEL)])
        return [fitted(line, width) for line in lines]

    def _label_width(self, bars: Sequence[Bar]) -> int:
        prices = [self.prices.text(price) for bar in bars for price in (bar.high, bar.low)]
        return max(map(len, [*prices, self._most_volume(bars)]), default=0)

    def _most_volume(self, bars: Sequence[Bar]) -> str:
        return self.volumes.text(max((bar.volume for bar in bars), default=0.0))

    def _candles(self, bars: Sequence[Bar], rows: int, room: int, label_width: int) -> list[Line]:
        top, bottom = max(bar.high for bar in bars), min(bar.low for bar in bars)
        last_half = 2 * rows - 1

        def half(price: float) -> int:
            return round(last_half * (1 - share_between(price, bottom, top)))

        columns = [self._candle(bar, [half(price) for price in bar[1:5]], rows) for bar in bars]
        lines = _across(columns, bars, rows, room)
        step = 10.0**-self.prices.places
        labels = {
            half(price) // 2: span(self.prices.text(price).rjust(label_width), LABEL)
            for price in price_ticks(bottom, top, rows, step)
        }
        last = bars[-1]
        close = self.prices.text(last.close).rjust(label_width)
        labels[half(last.close) // 2] = span(close, theme.BOLD + last.style)
        for row, label in labels.items():
            lines[row] += [blank(1), label]
        return lines

    def _candle(self, bar: Bar, halves: Sequence[int], rows: int) -> str:
        """The candle's column, from the top; open, close, high and low are told in half rows."""
        open_, close, high, low = halves
        cells = [_NOTHING] * (2 * rows)
        for i in range(high, low + 1):
            cells[i] = _WICK
        for i in range(min(open_, close), max(open_, close) + 1):
            cells[i] = _BODY
        glyphs = self.glyphs.rising if bar.rose else self.glyphs.falling
        return "".join(
            glyphs[3 * upper + lower] for upper, lower in zip(cells[::2], cells[1::2], strict=True)
        )

    def _volumes(self, bars: Sequence[Bar], rows: int, room: int, label_width: int) -> list[Line]:
        most = max(bar.volume for bar in bars)
        columns = [self._upward(share_of(bar.volume, most), rows) for bar in bars]
        lines = _across(columns, bars, rows, room)
        if lines:
            label = self._most_volume(bars).rjust(label_width)
            lines[0] += [blank(1), span(label, LABEL)]
        return lines

    def _upward(self, share: float, rows: int) -> str:
        """A bar that stands on the lowest row, told from the top; what is not nothing is seen."""
        steps = self.glyphs.columns
        whole, part = divmod(max(round(share * rows * len(steps)), share > 0), len(steps))
        bar = steps[-1] * whole + (steps[part - 1] if part else "")
        return bar[:rows].ljust(rows)[::-1]


def _across(columns: Sequence[str], bars: Sequence[Bar], rows: int, room: int) -> list[Line]:
    """Columns of cells as lines, the last column at the right; cells of one style in one piece."""
    lines: list[Line] = []
    for row in range(rows):
        line = [blank(room - len(columns) * PITCH)]
        text, style = "", PLAIN
        for column, bar in zip(columns, bars, strict=True):
            cell = column[row]
            if cell != " " and bar.style is not style:
                line.append(span(text, style))
                text, style = "", bar.style
            text += cell + " " * (PITCH - 1)
        lines.append([*line, span(text, style)])
    return lines
