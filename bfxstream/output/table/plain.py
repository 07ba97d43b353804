"""One aligned line a record, for terminals that cannot move their cursor."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct
from rich.segment import Segment
from rich.style import Style

from bfxstream.book import OrderBook
from bfxstream.output.table import theme
from bfxstream.output.table.axes import moment
from bfxstream.output.table.candles import key_of
from bfxstream.output.table.columns import Widths
from bfxstream.output.table.fields import Scales, field_text
from bfxstream.output.table.figures import number, signed, time_of_day
from bfxstream.output.table.lines import Line, span
from bfxstream.output.table.liquidations import state_of
from bfxstream.output.table.theme import Glyphs
from bfxstream.protocol.channels import BookSubscription
from bfxstream.protocol.records import (
    BookTop,
    Candle,
    Deriv,
    FundingCandle,
    FundingTicker,
    FundingTrade,
    Liquidation,
    Record,
    Ticker,
    Trade,
)

TOP_SECONDS: Final = 1.0
"""A book's best prices are told no more often than this."""
PERCENT: Final = 100
LABELS: Final = {
    "last_price": "last",
    "daily_change_relative": "change",
    "bid_period": "days",
    "ask_period": "days",
    "mark_price": "mark",
    "spot_price": "spot",
    "current_funding": "funding",
    "open_interest": "interest",
    "base_price": "entry",
    "liquidation_price": "price",
}
LEFT: Final = frozenset(("channel", "symbol", "type", "side", "timeframe", "period", "state"))
BARE: Final = frozenset(("mts", "side", "timeframe", "state"))
"""What needs no label."""

COLUMNS: Final[Mapping[type[Any], Sequence[str]]] = {
    Ticker: ("last_price", "daily_change_relative", "bid", "ask", "volume"),
    FundingTicker: ("frr", "bid", "bid_period", "ask", "ask_period", "volume"),
    Trade: ("mts", "side", "price", "amount"),
    FundingTrade: ("mts", "side", "rate", "period", "amount"),
    Candle: ("timeframe", "mts", "open", "high", "low", "close", "volume"),
    FundingCandle: ("timeframe", "period", "mts", "open", "high", "low", "close", "volume"),
    Deriv: ("mark_price", "spot_price", "current_funding", "open_interest"),
    Liquidation: ("mts", "side", "amount", "base_price", "liquidation_price", "state"),
}


CANDLES: Final = (Candle, FundingCandle)


class PlainLines:
    """Records as lines of words and numbers, in columns that line up as they grow."""

    def __init__(
        self,
        books: Mapping[BookSubscription, OrderBook[Any]],
        glyphs: Glyphs,
        fields: Sequence[str] | None,
    ) -> None:
        self._books = books
        self._glyphs = glyphs
        self._fields = fields
        self._scales = Scales()
        self._widths = Widths()
        self._tops: dict[BookSubscription, Line] = {}
        self._tops_told = float("-inf")

    def lines(self, records: Sequence[Record]) -> list[Line]:
        """A line for each record; of a snapshot of candles the newest alone: a chart follows."""
        last = {key_of(record): record for record in records if isinstance(record, CANDLES)}
        lines = (
            self._line(record)
            for record in records
            if not isinstance(record, CANDLES)
            or record.type != "snapshot"
            or record is last[key_of(record)]
        )
        return [line for line in lines if line]

    def book_lines(self, now: float) -> list[Line]:
        """A line for each book whose best prices changed, at most once a second."""
        if now - self._tops_told < TOP_SECONDS:
            return []
        lines: list[Line] = []
        for subscription, book in self._books.items():
            top = self._top(subscription, book)
            if top and top != self._tops.get(subscription):
                self._tops[subscription] = top
                lines.append(top)
        if lines:
            self._tops_told = now
        return lines

    def _line(self, record: Any) -> Line | None:
        if getattr(record, "channel", "") == "account":  # an event has none
            from bfxstream.output.table.account_plain import (  # noqa: PLC0415  few runs have one
                account_line,
            )

            return account_line(record, self._glyphs, self._fields)
        if type(record) not in COLUMNS:
            return None
        if self._fields is not None:
            return _spaced(
                [span(self._padded(record, name, self._value(record, name)))]
                for name in self._fields
                if name in record.__struct_fields__
            )
        words = [
            [span(f"{record.channel:<7}", theme.LABEL)],
            [span(self._padded(record, "symbol", record.symbol), theme.BOLD)],
        ]
        for name in COLUMNS[type(record)]:
            word = span(self._padded(record, name, self._word(record, name)), _style(record, name))
            words.append([word] if name in BARE else [_label(LABELS.get(name, name)), word])
        return _spaced(words)

    def _word(self, record: Any, name: str) -> str:
        if name == "mts":
            return _time(record)
        if name == "side":
            positive = (number(record.amount) or 0.0) > 0
            words = ("long", "short") if isinstance(record, Liquidation) else ("buy", "sell")
            return words[not positive]
        if name == "state":
            return state_of(record)
        if name == "daily_change_relative":
            value = number(record.daily_change_relative)
            return self._glyphs.nothing if value is None else signed(value * PERCENT, 2) + "%"
        return self._value(record, name)

    def _value(self, record: Struct, name: str) -> str:
        return field_text(record, name, self._scales, self._glyphs.nothing)

    def _padded(self, record: Any, name: str, word: str) -> str:
        width = self._widths.settle(f"{type(record).__name__} {name}", len(word))
        return word.ljust(width) if name in LEFT else word.rjust(width)

    def _top(self, subscription: BookSubscription, book: OrderBook[Any]) -> Line | None:
        bid, ask = book.bids.best, book.asks.best
        if bid is None and ask is None:
            return None
        scale = self._scales.price(subscription.symbol)
        amounts = self._scales.amount(subscription.symbol)
        words = [
            [span("book   ", theme.LABEL)],
            [span(self._padded(BookTop, "symbol", subscription.symbol), theme.BOLD)],
        ]
        for side, row, style in (("bid", bid, theme.UP), ("ask", ask, theme.DOWN)):
            price = amount = None
            if row is not None:
                price, amount = scale.see(row.quote), amounts.see(row.amount)
            shown = self._glyphs.nothing if price is None else scale.text(price)
            size = self._glyphs.nothing if amount is None else amounts.text(abs(amount))
            words += [
                [_label(side), span(self._padded(BookTop, side, shown), style)],
                [_label("x"), span(self._padded(BookTop, side + " amount", size))],
            ]
        return _spaced(words)


def _label(word: str) -> Segment:
    return span(word + " ", theme.LABEL)


def _spaced(words: Iterable[Line]) -> Line:
    line: Line = []
    for word in words:
        line += [span("  "), *word] if line else word
    return line


def _time(record: Any) -> str:
    if isinstance(record, CANDLES):
        return f"{moment(record.mts):%m-%d %H:%M}"
    if isinstance(record, Liquidation):
        return f"{moment(int(float(record.mts))):%m-%d %H:%M:%S}"
    return time_of_day(record.mts)


def _style(record: Any, name: str) -> Style:
    """Green and red for what goes up or down, as in the tables; the words say it too."""
    if name == "mts":
        return theme.LABEL
    told_by = "amount" if name in ("side", "price", "rate") else name
    if told_by not in ("amount", "daily_change_relative") or name == "amount":
        return theme.PLAIN
    value = number(getattr(record, told_by, None))
    if not value:
        return theme.PLAIN
    return theme.UP if value > 0 else theme.DOWN
