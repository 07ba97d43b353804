"""Subscriptions as values: from a spec such as `book:tBTCUSD:P0:F0:25`, to a request."""

from __future__ import annotations

import enum
from typing import Any, ClassVar

import msgspec

from bfxstream.errors import UsageError
from bfxstream.protocol.symbols import Market, market_of, parse_symbol

LENGTHS = (1, 25, 100, 250)
CHECKSUM_LEVELS = 25
"""A checksum covers this many levels a side (API: WebSocket checksum)."""


class Precision(str, enum.Enum):
    """How a book is aggregated: P0…P4 by 5…1 significant digits of price, R0 single orders."""

    P0 = "P0"
    P1 = "P1"
    P2 = "P2"
    P3 = "P3"
    P4 = "P4"
    R0 = "R0"


class Frequency(str, enum.Enum):
    """How often a book is updated: F0 in real time, F1 every two seconds."""

    F0 = "F0"
    F1 = "F1"


class Subscription(msgspec.Struct, frozen=True):
    """One wish: a channel of one symbol. Equal wishes are equal values."""

    channel: ClassVar[str]
    has_snapshot: ClassVar[bool] = True
    """Whether the first rows are a snapshot, in a form of its own."""
    symbol: str

    @property
    def market(self) -> Market:
        """Trading or funding, by the symbol's first letter (never by an array's length)."""
        return market_of(self.symbol)

    @property
    def spec(self) -> str:
        """The text that `parse_spec` reads back as this subscription."""
        return f"{self.channel}:{self.symbol}"

    def parameters(self) -> dict[str, str]:
        """What the request says beside `event`; the exchange echoes each of these."""
        return {"channel": self.channel, "symbol": self.symbol}


class TickerSubscription(Subscription, frozen=True):
    """The `ticker` channel (API: reference, ws-public-ticker)."""

    channel: ClassVar[str] = "ticker"
    has_snapshot: ClassVar[bool] = False


class TradesSubscription(Subscription, frozen=True):
    """The `trades` channel (API: reference, ws-public-trades)."""

    channel: ClassVar[str] = "trades"


class BookSubscription(Subscription, frozen=True):
    """The `book` channel (API: reference, ws-public-books and ws-public-raw-books)."""

    channel: ClassVar[str] = "book"
    prec: Precision = Precision.P0
    freq: Frequency = Frequency.F0
    length: int = 25

    @property
    def raw(self) -> bool:
        """Single orders instead of price levels."""
        return self.prec is Precision.R0

    @property
    def verifiable(self) -> bool:
        """Whether checksums can be compared: the exchange's never match for funding books,
        and a checksum always covers up to 25 levels a side."""
        return self.market is Market.TRADING and self.length >= CHECKSUM_LEVELS

    @property
    def spec(self) -> str:
        return f"book:{self.symbol}:{self.prec.value}:{self.freq.value}:{self.length}"

    def parameters(self) -> dict[str, str]:
        # `len` travels as text: the exchange echoes it so.
        return super().parameters() | {
            "prec": self.prec.value,
            "freq": self.freq.value,
            "len": str(self.length),
        }


def parse_spec(spec: str) -> Subscription:
    """Read `ticker:SYMBOL`, `trades:SYMBOL` or `book:SYMBOL[:PREC][:FREQ][:LEN]`.

    Raises UsageError that names the spec and what is allowed.
    """
    channel, colon, rest = spec.partition(":")
    if not colon or not rest or channel not in _PARSERS:
        raise UsageError(
            f"{spec!r} is not a subscription",
            hint="use ticker:SYMBOL, trades:SYMBOL or "
            "book:SYMBOL[:P0…P4|R0][:F0|F1][:1|25|100|250]",
        )
    try:
        return _PARSERS[channel](rest)
    except UsageError as error:
        raise UsageError(f"in {spec!r}: {error.what}", hint=error.hint) from None


def _parse_ticker(rest: str) -> Subscription:
    return TickerSubscription(parse_symbol(rest))


def _parse_trades(rest: str) -> Subscription:
    return TradesSubscription(parse_symbol(rest))


def _parse_book(rest: str) -> Subscription:
    # A symbol may hold a colon itself (tBTCF0:USTF0): options are peeled off the right end.
    options: dict[str, Any] = {}
    parts = rest.split(":")
    while len(parts) > 1 and (option := _book_option(parts[-1])):
        name, value = option
        if name in options:
            raise UsageError(f"the option {parts[-1]!r} comes twice", hint="give each option once")
        options[name] = value
        parts.pop()
    if len(parts) > 1 and parts[-1].isdecimal():
        # A mistyped length would pass for a currency, and only the exchange would say no.
        raise UsageError(f"{parts[-1]!r} is not a length of a book", hint="use 1, 25, 100 or 250")
    return BookSubscription(parse_symbol(":".join(parts)), **options)


def _book_option(word: str) -> tuple[str, object] | None:
    if word in Precision.__members__:
        return "prec", Precision(word)
    if word in Frequency.__members__:
        return "freq", Frequency(word)
    if word in map(str, LENGTHS):
        return "length", int(word)
    return None


_PARSERS = {"ticker": _parse_ticker, "trades": _parse_trades, "book": _parse_book}

SPEC_STARTS = tuple(f"{channel}:" for channel in _PARSERS)
"""How specs begin; behind a colon comes a symbol."""


def subscribe_message(subscription: Subscription, sub_id: int) -> bytes:
    """The request for a channel; `subId` comes back in the answer (API: ws-public-books)."""
    return msgspec.json.encode({"event": "subscribe", **subscription.parameters(), "subId": sub_id})


def unsubscribe_message(chan_id: int) -> bytes:
    """The request to close a channel; the id must be a number, not text."""
    return msgspec.json.encode({"event": "unsubscribe", "chanId": chan_id})
