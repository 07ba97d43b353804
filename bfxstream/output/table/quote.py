"""The head of the dashboard: what a symbol costs, and its price in the last minutes as a line."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from itertools import accumulate, zip_longest
from typing import Final

from bfxstream.output.table import theme
from bfxstream.output.table.axes import MINUTE
from bfxstream.output.table.deriv_rows import DERIVATIVES
from bfxstream.output.table.fields import Scales
from bfxstream.output.table.figures import PERCENT_SHIFT, RATE_DIGITS
from bfxstream.output.table.lines import Area, Line, beside, blank, fitted, panel, span, width_of
from bfxstream.output.table.price_line import DOT_COLUMNS, WINDOW, PriceHistory, drawn
from bfxstream.output.table.row_figures import Shown
from bfxstream.output.table.theme import LABEL, Look
from bfxstream.output.table.ticker_rows import FUNDING, TRADING
from bfxstream.protocol.records import Deriv, FundingTicker, Ticker

LEAST_LINE: Final = 14
"""A shorter price line says nothing."""
GAP: Final = 2
LINE_GAP: Final = 3
"""Cells between the figures and the line."""
MINUTES: Final = WINDOW // MINUTE

Words = list[tuple[str, Shown]]
"""What one row tells: labels and values."""


class Quote:
    """The latest ticker of one symbol, its derivative's status, and the price line."""

    def __init__(self, symbol: str, funding: bool, look: Look) -> None:
        self._symbol = symbol
        self._funding = funding
        self._look = look
        self._scales = Scales()
        self._ticker: Ticker | FundingTicker | None = None
        self._deriv: Deriv | None = None
        self.history = PriceHistory()

    @property
    def has_data(self) -> bool:
        """Whether any ticker has come."""
        return self._ticker is not None

    def take(self, record: Ticker | FundingTicker | Deriv) -> None:
        """Remember the latest of its kind."""
        if isinstance(record, Deriv):
            self._deriv = record
        else:
            self._ticker = record

    def frozen(self) -> Quote:
        """As it is now, whatever comes later."""
        frozen = copy.copy(self)
        frozen.history = self.history.frozen()
        return frozen

    @property
    def rows(self) -> int:
        """How many rows there are to tell."""
        return 4 if self._deriv is not None else 3

    def draw(self, area: Area, mts: int) -> list[Line]:
        """The head in this area; `mts` is the exchange's time."""
        rows = area.inner_height
        told = self._told(rows, area.inner_width)
        width = max(map(width_of, told), default=0)
        room = area.inner_width - width - LINE_GAP
        lined = self.history.known and room >= LEAST_LINE
        body = told
        if lined:
            padded = [fitted(line, width + LINE_GAP) for line in told]
            padded += [[blank(width + LINE_GAP)]] * (rows - len(told))
            body = beside([padded[:rows], self._line(room, rows, mts)])
        title = [span(self._symbol, theme.TITLE)]
        if self._funding:
            title.append(span(" rates in % a day", LABEL))
        note = [span(f"last {MINUTES} min", LABEL)] if lined else []
        return panel(area, self._look.glyphs, title, body, note, [])

    def _told(self, rows: int, width: int) -> list[Line]:
        """The figures in so many rows, the most important first."""
        if self._ticker is None:
            ellipsis = self._look.glyphs.ellipsis
            return [[span(f"waiting for the ticker{ellipsis}", LABEL)]]
        told = self._funding_words() if self._funding else self._trading_words()
        if self._deriv is not None:
            told.append(self._derivative_words(self._deriv))
        return aligned(told[:rows], width)

    def _trading_words(self) -> list[Words]:
        shown = TRADING.read(self._ticker, self._scales, self._look.glyphs)
        change = shown["daily_change_relative"]
        return [
            [("last", shown["last_price"]), ("", change), ("", shown["daily_change"])],
            [("bid", shown["bid"]), ("ask", shown["ask"]), ("spread", shown["spread"])],
            [("low", shown["low"]), ("high", shown["high"]), ("volume", shown["volume"])],
        ]

    def _funding_words(self) -> list[Words]:
        shown = FUNDING.read(self._ticker, self._scales, self._look.glyphs)
        return [
            [
                ("frr", shown["frr"]),
                ("p.a.", shown["yearly"]),
                ("", shown["daily_change_relative"]),
            ],
            [
                ("bid", shown["bid"]),
                ("ask", shown["ask"]),
                ("days", Shown(f"{shown['bid_period'].text} / {shown['ask_period'].text}")),
            ],
            [("low", shown["low"]), ("high", shown["high"]), ("last", shown["last_price"])],
        ]

    def _derivative_words(self, record: Deriv) -> Words:
        shown = DERIVATIVES.read(record, self._scales, self._look.glyphs)
        funding = shown["current_funding"]
        return [
            ("mark", shown["mark_price"]),
            ("fund", funding._replace(text=f"{funding.text}%")),
            ("next", shown["next_funding"]),
        ]

    def _line(self, width: int, rows: int, mts: int) -> list[Line]:
        """The price line in this size, its highest and lowest price at the right."""
        scale = self._scales.price(self._symbol)
        if self._funding:
            scale = self._scales.of(self._symbol, "daily rate", RATE_DIGITS, PERCENT_SHIFT)
        factor = 100.0 if self._funding else 1.0
        prices = self.history.sampled(mts, width * DOT_COLUMNS)
        known = [price for price in prices if price is not None]
        if not known:
            return [[blank(width)]] * rows
        top, bottom = max(known), min(known)
        labels = [scale.text(top * factor), scale.text(bottom * factor)]
        label_width = max(map(len, labels)) + 1
        prices = prices[label_width * DOT_COLUMNS :]
        style = theme.UP if known[-1] >= known[0] else theme.DOWN
        texts = drawn(prices, bottom, top, rows, self._look.glyphs)
        shown = labels if rows > 1 else []
        margins = [*shown[:1], *[""] * (rows - 2), *shown[1:]] if rows > 1 else [""]
        return [
            [span(text, style), span(label.rjust(label_width), LABEL)]
            for text, label in zip(texts, margins, strict=True)
        ]


def aligned(rows: Sequence[Words], width: int) -> list[Line]:
    """The rows as lines, labels and values in columns: labels at the left, values at the right.

    A column that is not wholly in the width is left out, but for the first.
    """
    columns = list(zip_longest(*rows))
    sizes = [
        (
            max(len(label) for label, _ in filter(None, column)),
            max(len(shown.text) for _, shown in filter(None, column)),
        )
        for column in columns
    ]
    ends = list(accumulate(label + bool(label) + size + GAP for label, size in sizes))
    sizes = [
        size for size, end in zip(sizes, ends, strict=True) if end - GAP <= width or end == ends[0]
    ]
    lines: list[Line] = []
    for row in rows:
        line: Line = []
        for (label, shown), (label_size, size) in zip(row, sizes, strict=False):
            if line:
                line.append(blank(GAP))
            if label_size:
                line.append(span(label.ljust(label_size + 1), LABEL))
            line += [blank(size - len(shown.text)), span(shown.text, shown.style)]
        lines.append(line)
    return lines
