"""ccxt.pro: one JSON line for each value that its `watch_*` methods return.

They return the latest state: what came in between is in it, but makes no line of its own.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import ccxt.pro
from ccxt.base.errors import NetworkError

FLUSH = "--flush" in sys.argv


def market(exchange: Any, symbol: str) -> dict[str, Any]:
    """What `load_markets` would have asked the REST interface for."""
    base, quote = symbol[1:4], symbol[4:]
    return exchange.safe_market_structure(
        {
            "id": symbol,
            "symbol": f"{base}/{quote}",
            "base": base,
            "quote": quote,
            "baseId": base,
            "quoteId": quote,
            "type": "spot",
            "spot": True,
            "active": True,
            "precision": {"amount": 8, "price": 5},
        }
    )


def show(record: Any) -> None:
    """One line."""
    print(json.dumps(record), flush=FLUSH)


async def watch(exchange: Any, channel: str, name: str) -> None:
    """Print until the server closes."""
    while True:
        if channel == "ticker":
            ticker = await exchange.watch_ticker(name)
            show({key: ticker[key] for key in ("symbol", "bid", "ask", "last", "baseVolume")})
        elif channel == "trades":
            for trade in await exchange.watch_trades(name):
                show({key: trade[key] for key in ("symbol", "id", "timestamp", "price", "amount")})
        else:
            book = await exchange.watch_order_book(name)
            show({"symbol": name, "bid": book["bids"][0], "ask": book["asks"][0]})


async def main() -> None:
    """`ccxt_client.py [--flush] URL SPEC…`"""
    url, *specs = [argument for argument in sys.argv[1:] if argument != "--flush"]
    exchange = ccxt.pro.bitfinex({"newUpdates": True})
    exchange.urls["api"]["ws"]["public"] = url
    pairs = [spec.split(":")[:2] for spec in specs]
    exchange.set_markets([market(exchange, symbol) for symbol in {pair[1] for pair in pairs}])
    names = {symbol: f"{symbol[1:4]}/{symbol[4:]}" for _, symbol in pairs}
    try:
        await asyncio.gather(*(watch(exchange, kind, names[symbol]) for kind, symbol in pairs))
    except NetworkError:
        await exchange.close()


asyncio.run(main())
