"""What the tests of the tables draw: records, books and terminals made to order."""

from __future__ import annotations

import io
import random
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Raw
from rich.console import Console

from bfxstream.book import OrderBook, order_book
from bfxstream.output.table import TableSink
from bfxstream.protocol.channels import BookSubscription, Subscription, parse_spec
from bfxstream.protocol.records import FundingTicker, FundingTrade, Ticker, Trade
from bfxstream.protocol.rows import FundingLevelRow, LevelRow, OrderRow
from bfxstream.protocol.status import State, Status

START = 1_000.0
"""`time.monotonic()` when a scene begins."""
MIDNIGHT_MTS = 1_760_054_400_000


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


class Terminal(io.StringIO):
    """A file that says it is a terminal, and remembers each write."""

    encoding = "utf-8"

    def __init__(self, interactive: bool = True, encoding: str = "utf-8") -> None:
        super().__init__()
        self._interactive = interactive
        self.encoding = encoding
        self.writes: list[str] = []

    def isatty(self) -> bool:
        return self._interactive

    def write(self, text: str) -> int:
        if text:
            self.writes.append(text)
        return super().write(text)


def console_on(
    terminal: Terminal, width: int = 100, height: int = 30, color: str | None = "truecolor"
) -> Console:
    """A console of a fixed size, whatever the environment of the test run says."""
    return Console(
        file=terminal,
        force_terminal=True,
        width=width,
        height=height,
        color_system=color,  # type: ignore[arg-type]
        no_color=False,
        legacy_windows=False,
    )


def token(value: object) -> Raw:
    return Raw(b"null" if value is None else str(value).encode())


def ticker(symbol: str = "tBTCUSD", **values: object) -> Ticker:
    usual: dict[str, Any] = {
        "bid": 60122,
        "bid_size": 12.5,
        "ask": 60124.5,
        "ask_size": 13.25,
        "daily_change": -740,
        "daily_change_relative": -0.0123,
        "last_price": 60123,
        "volume": 2262.6931299999997,
        "high": 61000,
        "low": 60000,
        "first_trade": None,
    }
    tokens: dict[str, Any] = {name: token(value) for name, value in (usual | values).items()}
    return Ticker(channel="ticker", symbol=symbol, **tokens)


def funding_ticker(symbol: str = "fUSD", **values: object) -> FundingTicker:
    usual: dict[str, Any] = {
        "frr": 0.0002,
        "bid": 0.00021,
        "bid_period": 30,
        "bid_size": 1000,
        "ask": 0.000195,
        "ask_period": 2,
        "ask_size": 5000,
        "daily_change": 0.00001,
        "daily_change_relative": 0.0512,
        "last_price": 0.0002,
        "volume": 73126281.5,
        "high": 0.0009,
        "low": 0.00001,
        "frr_amount_available": 12345.5,
        "first_trade": None,
    }
    tokens: dict[str, Any] = {name: token(value) for name, value in (usual | values).items()}
    return FundingTicker(channel="ticker", symbol=symbol, **tokens)


def trade(
    number: int, amount: object, price: object = 60123, symbol: str = "tBTCUSD", kind: Any = "te"
) -> Trade:
    return Trade(
        channel="trades",
        symbol=symbol,
        type=kind,
        id=number,
        mts=MIDNIGHT_MTS + number,
        amount=token(amount),
        price=token(price),
    )


def funding_trade(number: int, amount: object, rate: object, period: int) -> FundingTrade:
    return FundingTrade(
        channel="trades",
        symbol="fUSD",
        type="te",
        id=number,
        mts=MIDNIGHT_MTS + number,
        amount=token(amount),
        rate=token(rate),
        period=period,
    )


Pair = tuple[object, object]


def level_book(bids: Sequence[Pair], asks: Sequence[Pair]) -> OrderBook[Any]:
    """A book of price and amount, both as the exchange would spell them."""
    book = order_book(BookSubscription("tBTCUSD"))
    for price, amount in bids:
        book.apply(LevelRow(token(price), 1, token(amount)))
    for price, amount in asks:
        book.apply(LevelRow(token(price), 1, token(f"-{amount}")))
    return book


def deep_book(subscription: BookSubscription, levels: int = 25, seed: int = 7) -> OrderBook[Any]:
    """A book of any kind with this many levels a side."""
    chance = random.Random(seed)
    book = order_book(subscription)
    for i in range(levels):
        for sign in (1, -1):
            amount = round(chance.expovariate(1) + 0.01, 8)
            rate = token(f"{0.0002 - sign * (i + 1) * 0.000001:.6f}")
            price = token(60000 - sign * (i + 1))
            number = 10**11 + 2 * i + (sign > 0)
            if subscription.symbol.startswith("f"):
                book.apply(FundingLevelRow(rate, 30, 2, token(-sign * amount)))
            elif subscription.raw:
                book.apply(OrderRow(number, price, token(sign * amount)))
            else:
                book.apply(LevelRow(price, 3, token(sign * amount)))
    return book


def live_status(**changes: Any) -> Status:
    usual: dict[str, Any] = {
        "state": State.LIVE,
        "endpoint": "wss://api-pub.bitfinex.com/ws/2",
        "last_received": START,
    }
    return Status(**(usual | changes))


def sink_for(
    *specs: str,
    books: Mapping[str, OrderBook[Any]] | None = None,
    status: Status | None = None,
    console: Console | None = None,
    clock: Clock | None = None,
    fields: Sequence[str] | None = None,
    color: bool | None = None,
) -> TableSink:
    """A sink for these subscriptions; books that are not given have 25 levels a side."""
    subscriptions = [parse_spec(spec) for spec in specs]
    given = books or {}
    live: dict[Subscription, OrderBook[Any]] = {
        subscription: given[spec] if spec in given else deep_book(subscription)
        for spec, subscription in zip(specs, subscriptions, strict=True)
        if isinstance(subscription, BookSubscription)
    }
    return TableSink(
        subscriptions,
        live,
        status or live_status(),
        fields=fields,
        color=color,
        console=console or console_on(Terminal()),
        clock=clock or Clock(),
    )


def rows_of(text: str) -> list[list[str]]:
    """The words of each line, borders left out."""
    return [line.replace("│", " ").split() for line in text.split("\n")]
