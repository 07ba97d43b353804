"""What a ticker's row says: its columns, and a record as their text, for each market."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from rich.style import Style

from bfxstream.output.table import theme
from bfxstream.output.table.columns import Column
from bfxstream.output.table.fields import Scales
from bfxstream.output.table.figures import (
    PERCENT_SHIFT,
    RATE_DIGITS,
    Scale,
    number,
    plain,
    signed,
)
from bfxstream.output.table.theme import PLAIN, Glyphs
from bfxstream.protocol.records import FundingTicker, Ticker

DAYS_A_YEAR: Final = 365
PERCENT: Final = 100


class Shown(NamedTuple):
    """One value of a row: its text, and its number where it has one."""

    text: str
    value: float | None = None
    style: Style = PLAIN


class RowFigures(NamedTuple):
    """One market's way to show a ticker."""

    columns: Sequence[Column]
    read: Callable[[Any, Scales, Glyphs], dict[str, Shown]]
    directed: frozenset[str]
    """The columns whose highlight says up or down."""
    note: str


def _direction(value: float | None) -> Style:
    if not value:
        return PLAIN
    return theme.UP if value > 0 else theme.DOWN


def _scaled(token: object, scale: Scale, nothing: str, style: Style = PLAIN) -> Shown:
    value = scale.see(token)
    if value is None:
        return Shown(nothing, None, theme.LABEL)
    return Shown(scale.text(value), value, style)


def _percent_change(token: object, glyphs: Glyphs) -> Shown:
    value = number(token)
    if value is None:
        return Shown(glyphs.nothing, None, theme.LABEL)
    percent = signed(value * PERCENT, 2) + "%"
    if percent[0] not in "+-":
        return Shown(percent, value)
    arrow = glyphs.up if value > 0 else glyphs.down
    return Shown(f"{arrow} {percent}", value, _direction(value))


def _signed(token: object, scale: Scale, nothing: str) -> Shown:
    value = scale.see(token)
    if value is None:
        return Shown(nothing, None, theme.LABEL)
    return Shown(scale.signed(value), value, _direction(value))


def _day_range(last: float | None, low: float | None, high: float | None, nothing: str) -> Shown:
    if last is None or low is None or high is None or not high > low:
        return Shown(nothing)
    return Shown("", (last - low) / (high - low))


def _read_trading(record: Ticker, scales: Scales, glyphs: Glyphs) -> dict[str, Shown]:
    nothing = glyphs.nothing
    price = scales.price(record.symbol)
    # Seen before any is shown, so that all of a row's prices have the same decimals.
    bid, ask, last = price.see(record.bid), price.see(record.ask), price.see(record.last_price)
    high, low = price.see(record.high), price.see(record.low)
    change = number(record.daily_change)
    spread = Shown(nothing, None, theme.LABEL)
    if bid is not None and ask is not None:
        spread = Shown(price.text(ask - bid), ask - bid)
    return {
        "last_price": _scaled(record.last_price, price, nothing, theme.BOLD + _direction(change)),
        "daily_change_relative": _percent_change(record.daily_change_relative, glyphs),
        "daily_change": _signed(record.daily_change, price, nothing),
        "bid": _scaled(record.bid, price, nothing),
        "ask": _scaled(record.ask, price, nothing),
        "spread": spread,
        "low": _scaled(record.low, price, nothing),
        "range": _day_range(last, low, high, nothing),
        "high": _scaled(record.high, price, nothing),
        "volume": _scaled(record.volume, scales.amount(record.symbol, "volume"), nothing),
    }


def _read_funding(record: FundingTicker, scales: Scales, glyphs: Glyphs) -> dict[str, Shown]:
    nothing = glyphs.nothing
    rate = scales.of(record.symbol, "daily rate", RATE_DIGITS, PERCENT_SHIFT)
    for token in (record.frr, record.bid, record.ask, record.last_price, record.high, record.low):
        rate.see(token)
    frr = number(record.frr)
    yearly = Shown(nothing, None, theme.LABEL)
    if frr is not None:
        yearly = Shown(plain(frr * DAYS_A_YEAR * PERCENT, 2) + "%", frr)
    available = scales.amount(record.symbol, "available")
    return {
        "frr": _scaled(record.frr, rate, nothing, theme.BOLD),
        "yearly": yearly,
        "bid": _scaled(record.bid, rate, nothing),
        "bid_period": _whole(record.bid_period, nothing),
        "ask": _scaled(record.ask, rate, nothing),
        "ask_period": _whole(record.ask_period, nothing),
        "last_price": _scaled(record.last_price, rate, nothing),
        "daily_change_relative": _percent_change(record.daily_change_relative, glyphs),
        "low": _scaled(record.low, rate, nothing),
        "high": _scaled(record.high, rate, nothing),
        "volume": _scaled(record.volume, scales.amount(record.symbol, "volume"), nothing),
        "available": _scaled(record.frr_amount_available, available, nothing),
    }


def _whole(token: object, nothing: str) -> Shown:
    value = number(token)
    return Shown(nothing, None, theme.LABEL) if value is None else Shown(plain(value, 0), value)


TRADING: Final = RowFigures(
    columns=(
        Column("symbol", "SYMBOL", 0, left=True),
        Column("last_price", "LAST", 1, least=8),
        Column("daily_change_relative", "CHANGE", 2, least=9),
        Column("daily_change", "+/-", 10, least=7),
        Column("bid", "BID", 3, least=8),
        Column("ask", "ASK", 4, least=8),
        Column("spread", "SPREAD", 6, least=6),
        Column("low", "LOW", 7, least=8),
        Column("range", "", 11, paint="mark", least=9, most=40),
        Column("high", "HIGH", 8, least=8),
        Column("volume", "VOLUME", 5, least=9),
        Column("age", "AGE", 9, least=3),
    ),
    read=_read_trading,
    directed=frozenset(("last_price", "bid", "ask", "low", "high")),
    note="24 h",
)

FUNDING: Final = RowFigures(
    columns=(
        Column("symbol", "SYMBOL", 0, left=True),
        Column("frr", "FRR", 1, least=6),
        Column("yearly", "P.A.", 4, least=6),
        Column("daily_change_relative", "CHANGE", 7, least=9),
        Column("bid", "BID", 2, least=6),
        Column("bid_period", "DAYS", 5),
        Column("ask", "ASK", 3, least=6),
        Column("ask_period", "DAYS", 6),
        Column("last_price", "LAST", 8, least=6),
        Column("low", "LOW", 12, least=6),
        Column("high", "HIGH", 11, least=6),
        Column("volume", "VOLUME", 9, least=11),
        Column("available", "AVAILABLE", 13, least=10),
        Column("age", "AGE", 10, least=3),
    ),
    read=_read_funding,
    directed=frozenset(("frr", "bid", "ask", "last_price", "low", "high")),
    note="rates in % a day",
)
