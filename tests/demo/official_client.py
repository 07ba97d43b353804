"""Run by the official client's own Python: subscribes, and prints what it saw as JSON.

Usage: python official_client.py URL
"""

from __future__ import annotations

import asyncio
import json
import sys
import zlib
from typing import Any

from bfxapi import Client

WANTED = {"ticker", "trades", "te", "tu", "book", "update", "raw", "raw update", "checksum"}

seen: dict[str, Any] = {}
client = Client(wss_host=sys.argv[1])
wss = client.wss


def saw(what: str, value: object) -> None:
    seen.setdefault(what, value)
    if seen.keys() >= WANTED:
        asyncio.get_running_loop().create_task(wss.close())


def as_rows(items: list[Any]) -> list[dict[str, Any]]:
    return [dict(vars(item)) for item in items]


# The client's own example of a book, in short: it matches by price as a number.
books: dict[str, dict[float, Any]] = {}


def apply(sub_id: str, entry: Any) -> None:
    levels = books.setdefault(sub_id, {})
    if entry.count:
        levels[entry.price] = entry
    else:
        levels.pop(entry.price, None)


def checksum(sub_id: str) -> int:
    levels = books[sub_id].values()
    bids = sorted((each for each in levels if each.amount > 0), key=lambda each: -each.price)
    asks = sorted((each for each in levels if each.amount < 0), key=lambda each: each.price)
    tokens = []
    for bid, ask in zip(bids[:25], asks[:25], strict=False):
        for each in (bid, ask):
            tokens += [f"{each.price:g}", repr(each.amount).removesuffix(".0")]
    return zlib.crc32(":".join(tokens).encode())


@wss.on("open")
async def on_open() -> None:
    await wss.subscribe("ticker", symbol="tBTCUSD")
    await wss.subscribe("trades", symbol="tBTCUSD")
    await wss.subscribe("book", symbol="tBTCUSD", prec="P0", len="25")
    await wss.subscribe("book", symbol="tETHUSD", prec="R0", len="25")


@wss.on("t_ticker_update")
def on_ticker(_subscription: Any, ticker: Any) -> None:
    saw("ticker", dict(vars(ticker)))


@wss.on("t_trades_snapshot")
def on_trades(_subscription: Any, trades: list[Any]) -> None:
    saw("trades", as_rows(trades))


@wss.on("t_trade_execution")
def on_te(_subscription: Any, trade: Any) -> None:
    saw("te", dict(vars(trade)))


@wss.on("t_trade_execution_update")
def on_tu(_subscription: Any, trade: Any) -> None:
    saw("tu", dict(vars(trade)))


@wss.on("t_book_snapshot")
def on_book(subscription: Any, levels: list[Any]) -> None:
    for level in levels:
        apply(subscription["sub_id"], level)
    saw("book", as_rows(levels))


@wss.on("t_book_update")
def on_update(subscription: Any, level: Any) -> None:
    apply(subscription["sub_id"], level)
    saw("update", dict(vars(level)))


@wss.on("t_raw_book_snapshot")
def on_raw(_subscription: Any, orders: list[Any]) -> None:
    saw("raw", as_rows(orders))


@wss.on("t_raw_book_update")
def on_raw_update(_subscription: Any, order: Any) -> None:
    saw("raw update", dict(vars(order)))


@wss.on("checksum")
def on_checksum(subscription: Any, value: int) -> None:
    if subscription["prec"] == "P0":
        saw("checksum", [value, checksum(subscription["sub_id"])])


wss.run()
print(json.dumps(seen))
