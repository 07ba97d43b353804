"""`subscribe` requests read as the exchange reads them: loosely, but for what names nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bfxstream.demo.instruments import Instrument
from bfxstream.demo.keys import candles_of, status_of
from bfxstream.protocol.channels import (
    LENGTHS,
    BookSubscription,
    Frequency,
    Precision,
    Subscription,
    TickerSubscription,
    TradesSubscription,
)


class Rejected(Exception):
    """A request that gets an `error` event (API: General, error codes)."""

    def __init__(self, code: int, reason: str, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.details = dict(details or {})


def subscription_of(
    message: Mapping[str, Any], symbols: Mapping[str, Instrument]
) -> Subscription | None:
    """What the request asks for; None for a status of nothing known, which gets no answer at all.

    Raises Rejected with the exchange's own code and words.
    """
    channel = message.get("channel")
    if channel == "ticker":
        return TickerSubscription(symbol_of(message, symbols))
    if channel == "trades":
        return TradesSubscription(symbol_of(message, symbols))
    if channel == "book":
        return book_of(message, symbols)
    if channel == "candles":
        candles = candles_of(message.get("key"), symbols)
        if candles is None:
            raise Rejected(10300, "key: invalid")
        return candles
    if channel == "status":
        return status_of(message.get("key"), symbols)
    raise Rejected(10300, "channel: unknown")


def symbol_of(message: Mapping[str, Any], symbols: Mapping[str, Instrument]) -> str:
    """The symbol that the request names. Raises Rejected."""
    # Old clients say `pair`, and leave the `t` out.
    given = message.get("symbol", message.get("pair"))
    if isinstance(given, str):
        for symbol in (given, "t" + given):
            if symbol in symbols:
                return symbol
    raise Rejected(10300, "symbol: invalid")


def book_of(message: Mapping[str, Any], symbols: Mapping[str, Instrument]) -> BookSubscription:
    """The book that the request describes. Raises Rejected."""
    symbol = symbol_of(message, symbols)
    precision, frequency = message.get("prec", "P0"), message.get("freq", "F0")
    length = str(message.get("len", 25))
    if not isinstance(precision, str) or precision not in Precision.__members__:
        raise Rejected(10300, "precision: invalid")
    if not isinstance(frequency, str) or frequency not in Frequency.__members__:
        raise Rejected(10300, "frequency: invalid")
    if length not in map(str, LENGTHS):
        raise Rejected(10300, "length: invalid")
    return BookSubscription(symbol, Precision(precision), Frequency(frequency), int(length))
