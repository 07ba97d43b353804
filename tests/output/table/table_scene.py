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
from bfxstream.protocol.account.filters import AccountFilter
from bfxstream.protocol.channels import BookSubscription, Subscription, parse_spec
from bfxstream.protocol.records import (
    Candle,
    Deriv,
    FundingCandle,
    FundingTicker,
    FundingTrade,
    Liquidation,
    Ticker,
    Trade,
)
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


MINUTE = 60_000


def candle(
    number: int,
    values: Sequence[object] = (100, 103, 105, 98, 1.5),
    timeframe: str = "1m",
    kind: Any = "update",
) -> Candle:
    """The candle of minute `number`: open, close, high, low, volume."""
    return Candle("candles", "tBTCUSD", timeframe, kind, MIDNIGHT_MTS + number * MINUTE,
                  *map(token, values))  # fmt: skip


def funding_candle(number: int, period: str = "p30") -> FundingCandle:
    mts = MIDNIGHT_MTS + number * 60 * MINUTE
    values = map(token, (0.0002, 0.00021, 0.00022, 0.00019, 1000))
    return FundingCandle("candles", "fUSD", "1h", period, "update", mts, *values)


def random_candles(count: int, seed: int = 7) -> list[Candle]:
    """A price that walks at random, a minute a candle."""
    chance = random.Random(seed)
    price = 60000.0
    found = []
    for i in range(count):
        close = price * (1 + chance.gauss(0, 0.001))
        high = max(price, close) * (1 + abs(chance.gauss(0, 0.0005)))
        low = min(price, close) * (1 - abs(chance.gauss(0, 0.0005)))
        volume = round(chance.expovariate(1), 8)
        values = [f"{value:.1f}" for value in (price, close, high, low)]
        found.append(candle(i, [*values, volume], kind="snapshot"))
        price = close
    return found


def deriv(symbol: str = "tBTCF0:USTF0", **values: object) -> Deriv:
    usual: dict[str, Any] = {
        "deriv_price": 86710.46123944,
        "spot_price": 86670.5,
        "insurance_fund_balance": 62210384.95685668,
        "next_funding_evt_mts": MIDNIGHT_MTS + 8 * 60 * MINUTE,
        "next_funding_accrued": 0.00015317,
        "next_funding_step": 3873,
        "current_funding": -0.0001,
        "mark_price": 86676.3172,
        "open_interest": 8851.89352831,
        "clamp_min": None,
        "clamp_max": 0.0025,
    }
    tokens: dict[str, Any] = {name: token(value) for name, value in (usual | values).items()}
    return Deriv(channel="deriv", symbol=symbol, mts=MIDNIGHT_MTS, **tokens)


def liquidation(number: int, amount: object = -2.5, **values: object) -> Liquidation:
    usual: dict[str, Any] = {
        "mts": f"{MIDNIGHT_MTS + 1000 * number}.25",
        "amount": amount,
        "base_price": 142.75,
        "is_match": 1,
        "is_market_sold": 0,
        "liquidation_price": 167.5,
    }
    tokens: dict[str, Any] = {name: token(value) for name, value in (usual | values).items()}
    return Liquidation(channel="liq", pos_id=number, symbol="tETHF0:USTF0", **tokens)


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
    account: AccountFilter | None = None,
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
        account=account,
        color=color,
        console=console or console_on(Terminal()),
        clock=clock or Clock(),
    )


def rows_of(text: str) -> list[list[str]]:
    """The words of each line, borders left out."""
    return [line.replace("│", " ").split() for line in text.split("\n")]
