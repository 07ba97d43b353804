"""Subscriptions as values: from a spec such as `book:tBTCUSD:P0:F0:25`, to a request."""

from __future__ import annotations

import enum
import re
from typing import Any, ClassVar

import msgspec

from bfxstream.errors import UsageError
from bfxstream.protocol.symbols import Market, is_derivative, market_of, parse_symbol

LENGTHS = (1, 25, 100, 250)
CHECKSUM_LEVELS = 25
"""A checksum covers this many levels a side (API: WebSocket checksum)."""

TIMEFRAMES = (
    *("1m", "5m", "15m", "30m", "1h", "3h", "6h", "12h"),
    *("1D", "7D", "1W", "14D", "1M"),
)
"""How long a candle is (API: ws-public-candles): `1m` a minute, `1M` a month."""
_OTHER_WEEK = {"7D": "1W", "1W": "7D"}

PERIOD_EXAMPLES = "p30 (30 days) or a30:p2:p30 (2 to 30 days in one)"
_PERIOD = re.compile(r"p([1-9]\d{0,2})|a(?:10|30):p([1-9]\d{0,2}):p([1-9]\d{0,2})", re.ASCII)
_PERIOD_AT_THE_END = re.compile(r"(.*?)(?::([pa]\d.*))?", re.ASCII)
_PERIOD_DAYS = range(2, 121)
"""For how long money is lent (API: rest-auth-submit-funding-offer)."""


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

    @property
    def other_spelling(self) -> Subscription | None:
        """The same wish in other words of the exchange's, to be tried where these are refused."""
        return None


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


class CandlesSubscription(Subscription, frozen=True):
    """The `candles` channel (API: reference, ws-public-candles); `candles` makes a valid one."""

    channel: ClassVar[str] = "candles"
    timeframe: str
    period: str = ""
    """Funding only: `p30`, or several periods in one as `a30:p2:p30`; in days."""

    @property
    def spec(self) -> str:
        return ":".join(filter(None, (self.channel, self.timeframe, self.symbol, self.period)))

    def parameters(self) -> dict[str, str]:
        parts = ("trade", self.timeframe, self.symbol, self.period)
        return {"channel": self.channel, "key": ":".join(filter(None, parts))}

    @property
    def other_spelling(self) -> Subscription | None:
        # A week is 7D in the documents and 1W to some of the exchange's clients.
        week = _OTHER_WEEK.get(self.timeframe)
        return msgspec.structs.replace(self, timeframe=week) if week else None


class StatusSubscription(Subscription, frozen=True):
    """The `status` channel (API: reference, ws-public-status).

    Its answer to a key that it does not know is silence.
    """

    def parameters(self) -> dict[str, str]:
        return {"channel": "status", "key": self.spec}


class DerivSubscription(StatusSubscription, frozen=True):
    """The state of one derivative: `deriv:tBTCF0:USTF0`."""

    channel: ClassVar[str] = "deriv"
    has_snapshot: ClassVar[bool] = False


class LiquidationsSubscription(StatusSubscription, frozen=True):
    """Every liquidation of the exchange, of all symbols: `liq:global`."""

    channel: ClassVar[str] = "liq"
    symbol: str = "global"


class AccountSubscription(Subscription, frozen=True):
    """Everything that concerns an account: channel 0, which `auth` opens (API: ws-auth)."""

    channel: ClassVar[str] = "account"
    symbol: str = ""

    @property
    def spec(self) -> str:
        return self.channel


def candles(symbol: str, timeframe: str, period: str = "") -> CandlesSubscription:
    """Candles of an exchange symbol in one of the `TIMEFRAMES`.

    Raises UsageError where funding has no period, or a trading pair has one.
    """
    if market_of(symbol) is Market.FUNDING:
        _check_period(symbol, period)
    elif period:
        raise UsageError(
            f"{symbol} is a trading pair and has no period", hint="leave out the period"
        )
    return CandlesSubscription(symbol, timeframe, period)


def _check_period(symbol: str, period: str) -> None:
    if not period:
        raise UsageError(
            f"candles of {symbol} need a period of funding",
            hint=f"add {PERIOD_EXAMPLES}: --period p30, or candles:1m:{symbol}:p30",
        )
    match = _PERIOD.fullmatch(period)
    days = [int(part) for part in match.groups() if part] if match else []
    if not days or days != sorted(days) or not all(day in _PERIOD_DAYS for day in days):
        raise UsageError(
            f"{period!r} is not a period of funding", hint=f"use {PERIOD_EXAMPLES}, 2 to 120 days"
        )


def derivative(symbol: str) -> DerivSubscription:
    """The status of an exchange symbol. Raises UsageError for one that is no derivative."""
    if not is_derivative(symbol):
        raise UsageError(
            f"{symbol} is not a derivative", hint="use a perpetual contract such as tBTCF0:USTF0"
        )
    return DerivSubscription(symbol)


def parse_spec(spec: str) -> Subscription:
    """Read `ticker:SYMBOL`, `trades:SYMBOL`, `book:SYMBOL[:PREC][:FREQ][:LEN]`,
    `candles:TIMEFRAME:SYMBOL[:PERIOD]`, `deriv:SYMBOL`, `liq:global` or `account`.

    Raises UsageError that names the spec and what is allowed.
    """
    if spec == AccountSubscription.channel:
        return AccountSubscription()
    channel, colon, rest = spec.partition(":")
    if not colon or not rest or channel not in _PARSERS:
        raise UsageError(
            f"{spec!r} is not a subscription",
            hint="use ticker:SYMBOL, trades:SYMBOL, book:SYMBOL[:P0…P4|R0][:F0|F1][:1|25|100|250], "
            "candles:TIMEFRAME:SYMBOL[:PERIOD], deriv:SYMBOL, liq:global or account",
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
    if len(parts) > 1 and _MISTYPED_OPTION.fullmatch(parts[-1]):
        # It would pass for a currency, and only the exchange would say no.
        raise UsageError(
            f"{parts[-1]!r} is no option of a book",
            hint="use P0…P4 or R0, F0 or F1, and a length of 1, 25, 100 or 250",
        )
    return BookSubscription(parse_symbol(":".join(parts)), **options)


_MISTYPED_OPTION = re.compile(r"[0-9]+|[PRF][0-9]", re.IGNORECASE)


def _book_option(word: str) -> tuple[str, object] | None:
    if word in Precision.__members__:
        return "prec", Precision(word)
    if word in Frequency.__members__:
        return "freq", Frequency(word)
    if word in map(str, LENGTHS):
        return "length", int(word)
    return None


def _parse_candles(rest: str) -> Subscription:
    # `1m:tBTCUSD`, `1m:fUSD:p30`: a symbol may hold a colon itself, so the period is told by
    # its form (API: ws-public-candles).
    timeframe, _, symbol = rest.partition(":")
    if timeframe not in TIMEFRAMES:
        raise UsageError(
            f"{timeframe!r} is not a time frame", hint=f"use one of {', '.join(TIMEFRAMES)}"
        )
    if not symbol:
        raise UsageError("no symbol is given", hint=f"write candles:{timeframe}:tBTCUSD")
    match = _PERIOD_AT_THE_END.fullmatch(symbol)
    symbol, period = match.groups("") if match else (symbol, "")
    return candles(parse_symbol(symbol), timeframe, period)


def _parse_deriv(rest: str) -> Subscription:
    return derivative(parse_symbol(rest))


def _parse_liquidations(rest: str) -> Subscription:
    if rest != "global":
        raise UsageError(f"{rest!r} is no feed of liquidations", hint="use liq:global")
    return LiquidationsSubscription()


_PARSERS = {
    "ticker": _parse_ticker,
    "trades": _parse_trades,
    "book": _parse_book,
    "candles": _parse_candles,
    "deriv": _parse_deriv,
    "liq": _parse_liquidations,
}

SPEC_STARTS = (
    *("ticker:", "trades:", "book:"),
    *(f"candles:{timeframe}:" for timeframe in TIMEFRAMES),
    *("deriv:", LiquidationsSubscription().spec),
)
"""How specs begin; behind a colon at the end comes a symbol."""


def subscribe_message(subscription: Subscription, sub_id: int) -> bytes:
    """The request for a channel; `subId` comes back in the answer (API: ws-public-books)."""
    return msgspec.json.encode({"event": "subscribe", **subscription.parameters(), "subId": sub_id})


def unsubscribe_message(chan_id: int) -> bytes:
    """The request to close a channel; the id must be a number, not text."""
    return msgspec.json.encode({"event": "unsubscribe", "chanId": chan_id})
