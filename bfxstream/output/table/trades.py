"""The tape: every trade, newest on top, its size as a bar."""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, Final

from bfxstream.output.table import theme
from bfxstream.output.table.bars import share_of
from bfxstream.output.table.columns import Column, Widths
from bfxstream.output.table.fields import Scales, chosen, field_columns, field_text
from bfxstream.output.table.figures import (
    PERCENT_SHIFT,
    RATE_DIGITS,
    Scale,
    number,
    time_of_day,
)
from bfxstream.output.table.grid import Cell, draw_grid
from bfxstream.output.table.lines import Area, Line, panel, span, waiting
from bfxstream.output.table.theme import Look
from bfxstream.protocol.channels import Subscription
from bfxstream.protocol.records import FundingTrade, Trade
from bfxstream.protocol.views import symbols_of

HEADED_FROM: Final = 2
"""With one row only, that row is a trade."""
KEPT: Final = 1_000
"""More than any screen is high; older trades leave the tape."""

TRADING_COLUMNS: Final = (
    Column("time", "TIME UTC", 4, left=True),
    Column("symbol", "SYMBOL", 3, left=True),
    Column("side", "SIDE", 1, left=True),
    Column("price", "PRICE", 0),
    Column("amount", "AMOUNT", 2),
    Column("size", "", 5, left=True, paint="bar", least=4, most=48),
)
FUNDING_COLUMNS: Final = (
    Column("time", "TIME UTC", 5, left=True),
    Column("symbol", "SYMBOL", 3, left=True),
    Column("side", "SIDE", 1, left=True),
    Column("rate", "% A DAY", 0),
    Column("period", "DAYS", 4),
    Column("amount", "AMOUNT", 2),
    Column("size", "", 6, left=True, paint="bar", least=4, most=48),
)
ARROW: Final = Column("arrow", "", 1, left=True)
SIDE_WORDS_FROM: Final = 40
"""Narrower tapes say the side by its arrow only."""


class Tape:
    """The last trades of one market's symbols."""

    least_width = 30
    good_width = 40
    weight = 2

    def __init__(
        self, symbols: Sequence[str], record: type[Any], look: Look, fields: Sequence[str] | None
    ) -> None:
        self._look = look
        self._symbols = list(dict.fromkeys(symbols))
        self._funding = record is FundingTrade
        self._fields = chosen(fields, record)
        self._columns: Sequence[Column]
        if self._fields:
            self._columns = field_columns(self._fields)
        else:
            columns = FUNDING_COLUMNS if self._funding else TRADING_COLUMNS
            several = len(self._symbols) > 1
            self._columns = [c for c in columns if several or c.key != "symbol"]
        self._trades: deque[Trade | FundingTrade] = deque(maxlen=KEPT)
        self.take = self._trades.append
        """Takes one trade."""
        self._scales = Scales()
        self._widths = Widths()
        self.named = True
        """Whether its title names the symbol, if there is one only."""
        self.foot: Callable[[int], Line] = lambda width: []
        """What stands in the lower border, in at most this width."""

    @property
    def has_data(self) -> bool:
        """Whether any trade has come."""
        return bool(self._trades)

    def wanted(self, area: Area) -> int:
        """The height that shows every trade."""
        return max(1, len(self._trades)) + 1 + area.frame_height

    def draw(self, area: Area) -> list[Line]:
        """The tape in this area."""
        glyphs = self._look.glyphs
        title: Line = [span("Funding trades" if self._funding else "Trades", theme.TITLE)]
        if len(self._symbols) == 1 and self.named:
            title.append(span(" " + self._symbols[0], theme.BOLD))
        headed = area.inner_height >= HEADED_FROM
        trades = list(islice(self._newest_first(), max(1, area.inner_height - headed)))
        if not trades:
            return waiting(area, glyphs, title, "trades")
        columns = self._columns
        if area.inner_width < SIDE_WORDS_FROM:
            columns = [ARROW if column.key == "side" else column for column in columns]
        body = draw_grid(columns, self._rows(trades), area.inner_width, glyphs, self._widths)
        shown = body if headed else body[1:]
        foot = self.foot(area.inner_width - 2)
        return panel(area, glyphs, title, shown, self._pressure(trades, area), foot)

    def frozen(self) -> Tape:
        """As it is now, whatever comes later."""
        frozen = copy.copy(self)
        frozen._trades = self._trades.copy()
        return frozen

    def _newest_first(self) -> Iterator[Trade | FundingTrade]:
        """Every trade once: with `--every-update` a `tu` follows its `te`."""
        seen: set[tuple[str, int]] = set()
        for trade in reversed(self._trades):
            key = (trade.symbol, trade.id)
            if key not in seen:
                seen.add(key)
                yield trade

    def _pressure(self, trades: Sequence[Trade | FundingTrade], area: Area) -> Line:
        """How much of what is in view was bought, where that can be added up."""
        if len(self._symbols) > 1 or area.inner_width < self.least_width:
            return []
        amounts = [number(trade.amount) or 0.0 for trade in trades]
        bought = sum(amount for amount in amounts if amount > 0)
        total = sum(map(abs, amounts))
        if not total:
            return []
        percent = round(100 * bought / total)
        glyphs = self._look.glyphs
        return [
            span(f"{glyphs.up} {percent}%", theme.UP),
            span("  "),
            span(f"{glyphs.down} {100 - percent}%", theme.DOWN),
        ]

    def _rows(self, trades: Sequence[Trade | FundingTrade]) -> list[dict[str, Cell]]:
        largest: dict[str, float] = {}
        for trade in trades:
            size = abs(self._amount_scale(trade).see(trade.amount) or 0.0)
            self._price_scale(trade).see(_price(trade))
            largest[trade.symbol] = max(size, largest.get(trade.symbol, 0.0))
        return [self._row(trade, largest[trade.symbol]) for trade in trades]

    def _amount_scale(self, trade: Trade | FundingTrade) -> Scale:
        return self._scales.amount(trade.symbol)

    def _price_scale(self, trade: Trade | FundingTrade) -> Scale:
        if self._funding:
            return self._scales.of(trade.symbol, "daily rate", RATE_DIGITS, PERCENT_SHIFT)
        return self._scales.price(trade.symbol)

    def _row(self, trade: Trade | FundingTrade, largest: float) -> dict[str, Cell]:
        amount = number(trade.amount) or 0.0
        glyphs = self._look.glyphs
        style = theme.UP if amount > 0 else theme.DOWN
        if self._fields:
            return {
                name: Cell(
                    field_text(trade, name, self._scales, glyphs.nothing),
                    # The sign says the side too: never by colour alone.
                    style if name == "amount" else theme.PLAIN,
                )
                for name in self._fields
            }
        scale = self._price_scale(trade)
        price = scale.see(_price(trade))
        arrow = glyphs.up if amount > 0 else glyphs.down
        return {
            "time": Cell(time_of_day(trade.mts), theme.LABEL),
            "symbol": Cell(trade.symbol, theme.BOLD),
            "side": Cell(f"{arrow} buy" if amount > 0 else f"{arrow} sell", style),
            "arrow": Cell(arrow, style),
            "price": Cell(glyphs.nothing if price is None else scale.text(price), style),
            "rate": Cell(glyphs.nothing if price is None else scale.text(price), style),
            "period": Cell(str(getattr(trade, "period", glyphs.nothing))),
            "amount": Cell(self._amount_scale(trade).text(abs(amount))),
            "size": Cell("", style, share_of(abs(amount), largest)),
        }


def _price(trade: Trade | FundingTrade) -> Any:
    return trade.price if isinstance(trade, Trade) else trade.rate


def tapes(
    subscriptions: Sequence[Subscription], look: Look, fields: Sequence[str] | None
) -> dict[type[Any], Tape]:
    """A tape for each market that has symbols, by the record that it takes."""
    found: dict[type[Any], Tape] = {}
    for record in (Trade, FundingTrade):
        symbols = symbols_of(record, subscriptions)
        if symbols:
            found[record] = Tape(symbols, record, look, fields)
    return found
