"""Ticker rows as the exchange writes them (API: ws-public-ticker)."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from itertools import islice

from bfxstream.demo.arrays import json_array
from bfxstream.demo.engine import RestingSide
from bfxstream.demo.market import Listing
from bfxstream.demo.prices import amount_text, number_text
from bfxstream.protocol.numbers import js_text

_SIZE_LEVELS = 25
"""A ticker's bid and ask sizes sum so many price levels."""

_RATIO = Decimal("1e-8")


def ticker_row(listing: Listing) -> bytes:
    """11 elements for trading pairs, 17 for funding."""
    engine = listing.engine
    bid, ask = _touch(listing, engine.bids), _touch(listing, engine.asks)
    day = _day(listing)
    if not listing.instrument.funding:
        # FIRST_TRADE is null on most of the real pairs, too.
        return json_array([bid[0], bid[2], ask[0], ask[2], *day, b"null"])
    frr, available = _flash_return_rate(listing)
    return json_array([frr, *bid, *ask, *day, b"null", b"null", available, b"null"])


def _touch(listing: Listing, side: RestingSide) -> list[bytes]:
    """Best price, its period, and the size of the best 25 levels; nulls for an empty side."""
    first = side.first()
    if first is None:
        return [b"null"] * 3
    price, order = first
    size = sum(level.amount for _, level in islice(side.levels(), _SIZE_LEVELS))
    decimals = listing.instrument.price_decimals
    return [number_text(price, decimals), b"%d" % order.period, amount_text(size)]


def _day(listing: Listing) -> list[bytes]:
    """Daily change, the same relative, last price, volume, high, low."""
    figures, decimals = listing.figures, listing.instrument.price_decimals
    last, before, high, low = figures.last, figures.day_ago, figures.high, figures.low
    if last is None or before is None or high is None or low is None:
        return [b"null"] * 6
    relative = (Decimal(last - before) / before).quantize(_RATIO, ROUND_HALF_EVEN)
    return [
        number_text(last - before, decimals),
        js_text(relative).encode("ascii"),
        number_text(last, decimals),
        amount_text(figures.volume),
        number_text(high, decimals),
        number_text(low, decimals),
    ]


def _flash_return_rate(listing: Listing) -> tuple[bytes, bytes]:
    """The day's average rate weighted by amount, and what is offered at or below it."""
    figures = listing.figures
    if not figures.volume:
        return b"null", b"null"
    rate = figures.turnover // figures.volume
    available = 0
    for price, level in listing.engine.asks.levels():
        if price > rate:
            break
        available += level.amount
    return number_text(rate, listing.instrument.price_decimals), amount_text(available)
