"""What a ticker's row says: its columns, and a record as their text, for each market."""

from __future__ import annotations

from typing import Final

from bfxstream.output.table import theme
from bfxstream.output.table.columns import Column
from bfxstream.output.table.fields import Scales
from bfxstream.output.table.figures import PERCENT_SHIFT, RATE_DIGITS, number, plain
from bfxstream.output.table.row_figures import (
    PERCENT,
    RowFigures,
    Shown,
    direction,
    percent_change,
    scaled,
    signed_number,
    whole,
)
from bfxstream.output.table.theme import Glyphs
from bfxstream.protocol.records import FundingTicker, Ticker

DAYS_A_YEAR: Final = 365


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
        "last_price": scaled(record.last_price, price, nothing, theme.BOLD + direction(change)),
        "daily_change_relative": percent_change(number(record.daily_change_relative), glyphs),
        "daily_change": signed_number(record.daily_change, price, nothing),
        "bid": scaled(record.bid, price, nothing),
        "ask": scaled(record.ask, price, nothing),
        "spread": spread,
        "low": scaled(record.low, price, nothing),
        "range": _day_range(last, low, high, nothing),
        "high": scaled(record.high, price, nothing),
        "volume": scaled(record.volume, scales.amount(record.symbol, "volume"), nothing),
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
        "frr": scaled(record.frr, rate, nothing, theme.BOLD),
        "yearly": yearly,
        "bid": scaled(record.bid, rate, nothing),
        "bid_period": whole(record.bid_period, nothing),
        "ask": scaled(record.ask, rate, nothing),
        "ask_period": whole(record.ask_period, nothing),
        "last_price": scaled(record.last_price, rate, nothing),
        "daily_change_relative": percent_change(number(record.daily_change_relative), glyphs),
        "low": scaled(record.low, rate, nothing),
        "high": scaled(record.high, rate, nothing),
        "volume": scaled(record.volume, scales.amount(record.symbol, "volume"), nothing),
        "available": scaled(record.frr_amount_available, available, nothing),
    }


TRADING: Final = RowFigures(
    record=Ticker,
    title="Tickers",
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
    record=FundingTicker,
    title="Funding",
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
