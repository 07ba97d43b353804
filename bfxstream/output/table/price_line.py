"""The price of the last minutes as a line of dots, eight to a cell."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Sequence
from itertools import pairwise
from operator import itemgetter
from typing import Final

from bfxstream.output.table.axes import MINUTE, share_between
from bfxstream.output.table.figures import SECOND_MS, number
from bfxstream.output.table.theme import Glyphs
from bfxstream.protocol.records import Candle, FundingCandle

WINDOW: Final = 15 * MINUTE
"""How much the line shows, in ms."""
KEPT: Final = 2 * WINDOW // SECOND_MS
"""A price for each second of more than that."""
FINEST: Final = 5 * MINUTE
"""Longer candles say nothing about minutes."""

DOT_COLUMNS, DOT_ROWS = 2, 4
BRAILLE: Final = 0x2800
DOT_BITS: Final = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
"""The bit of each dot of a braille cell, by column and row (Unicode: Braille Patterns)."""

Point = tuple[int, float]
"""Milliseconds since 1970, and the price from then on."""


class PriceHistory:
    """What the price was: from trades, and before the first of them from candles."""

    def __init__(self) -> None:
        self._trades: deque[Point] = deque(maxlen=KEPT)
        self._candles: dict[int, tuple[float, float]] = {}
        self._candle_ms = 0

    @property
    def known(self) -> bool:
        """Whether there is any price."""
        return bool(self._trades or self._candles)

    def take_trade(self, mts: int, price: float) -> None:
        """Take a trade, newest last; the last one of a second counts."""
        second = mts - mts % SECOND_MS
        trades = self._trades
        if trades and second < trades[-1][0]:
            return
        if trades and second == trades[-1][0]:
            trades.pop()
        trades.append((second, price))

    def take_candle(self, candle: Candle | FundingCandle, length: int) -> None:
        """Take a candle of so many ms, or another state of one."""
        opened, closed = number(candle.open), number(candle.close)
        if length > FINEST or opened is None or closed is None:
            return
        self._candle_ms = length
        self._candles[candle.mts] = (opened, closed)
        if len(self._candles) > KEPT:
            del self._candles[min(self._candles)]

    def sampled(self, end: int, count: int) -> list[float | None]:
        """So many prices, evenly spaced over the window that ends then; None before the first.

        Between two that are known it is a straight way.
        """
        points = self._points(end - WINDOW)
        times = [mts for mts, _ in points]
        found: list[float | None] = []
        for i in range(1, count + 1):
            mts = end - WINDOW + WINDOW * i // count
            at = bisect_right(times, mts)
            if not 0 < at < len(points):
                found.append(points[-1][1] if at else None)
                continue
            (begin, price), (until, later) = points[at - 1], points[at]
            found.append(price + (later - price) * (mts - begin) / (until - begin))
        return found

    def _points(self, since: int) -> list[Point]:
        """From the last one before then on: a price holds until the next trade."""
        first_trade = self._trades[0][0] if self._trades else None
        points: list[Point] = []
        for mts in sorted(self._candles):
            opened, closed = self._candles[mts]
            ended = mts + self._candle_ms
            if first_trade is None or mts < first_trade:
                points.append((mts, opened))
            if first_trade is not None and ended <= first_trade:
                points.append((ended - 1, closed))
        points += self._trades
        begin = bisect_right(points, since, key=itemgetter(0))
        return points[max(0, begin - 1) :]

    def frozen(self) -> PriceHistory:
        """As it is now, whatever comes later."""
        copy = PriceHistory()
        copy._trades = self._trades.copy()
        copy._candles = dict(self._candles)
        copy._candle_ms = self._candle_ms
        return copy


def drawn(
    prices: Sequence[float | None], bottom: float, top: float, rows: int, glyphs: Glyphs
) -> list[str]:
    """The prices, one for each column of dots, as rows of characters from the top."""
    if not glyphs.dots:
        return _in_characters(prices, bottom, top, rows, glyphs)
    last = rows * DOT_ROWS - 1
    levels = [
        None if price is None else round(last * (1 - share_between(price, bottom, top)))
        for price in prices
    ]
    width = len(prices) // DOT_COLUMNS
    bits = [[0] * width for _ in range(rows)]
    for x, (before, level) in enumerate(pairwise([None, *levels])):
        if level is None or x // DOT_COLUMNS >= width:
            continue
        start = level if before is None else before
        # From the last dot on, so that a jump is a line and not a hole.
        step = 1 if level > start else -1
        dots = [level] if abs(level - start) <= 1 else range(start + step, level + step, step)
        for y in dots:
            bits[y // DOT_ROWS][x // DOT_COLUMNS] |= DOT_BITS[x % DOT_COLUMNS][y % DOT_ROWS]
    return ["".join(chr(BRAILLE + cell) if cell else " " for cell in row) for row in bits]


def _in_characters(
    prices: Sequence[float | None], bottom: float, top: float, rows: int, glyphs: Glyphs
) -> list[str]:
    """The same where there are no dots: a character for each second price."""
    steps = glyphs.levels
    last = rows * len(steps) - 1
    lines = [[" "] * (len(prices) // DOT_COLUMNS) for _ in range(rows)]
    for x, price in enumerate(prices[1::DOT_COLUMNS]):
        if price is not None:
            row, step = divmod(round(last * share_between(price, bottom, top)), len(steps))
            lines[rows - 1 - row][x] = steps[step]
    return ["".join(line) for line in lines]
