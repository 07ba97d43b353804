"""`subscribe` requests read as the exchange reads them: loosely, but for what names nothing."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any

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


def subscription_of(message: Mapping[str, Any], symbols: Container[str]) -> Subscription:
    """What the request asks for. Raises Rejected with the exchange's own code and words."""
    channel = message.get("channel")
    if channel == "ticker":
        return TickerSubscription(_symbol(message, symbols))
    if channel == "trades":
        return TradesSubscription(_symbol(message, symbols))
    if channel == "book":
        return _book(message, symbols)
    raise Rejected(10300, "channel: unknown")


def _symbol(message: Mapping[str, Any], symbols: Container[str]) -> str:
    # Old clients say `pair`, and leave the `t` out.
    given = message.get("symbol", message.get("pair"))
    if isinstance(given, str):
        for symbol in (given, "t" + given):
            if symbol in symbols:
                return symbol
    raise Rejected(10300, "symbol: invalid")


def _book(message: Mapping[str, Any], symbols: Container[str]) -> BookSubscription:
    symbol = _symbol(message, symbols)
    precision, frequency = message.get("prec", "P0"), message.get("freq", "F0")
    length = str(message.get("len", 25))
    if not isinstance(precision, str) or precision not in Precision.__members__:
        raise Rejected(10300, "precision: invalid")
    if not isinstance(frequency, str) or frequency not in Frequency.__members__:
        raise Rejected(10300, "frequency: invalid")
    if length not in map(str, LENGTHS):
        raise Rejected(10300, "length: invalid")
    return BookSubscription(symbol, Precision(precision), Frequency(frequency), int(length))
