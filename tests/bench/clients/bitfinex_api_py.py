"""bitfinex-api-py: one JSON line for each event of ticker, trades and book."""

from __future__ import annotations

import dataclasses
import json
import sys
from typing import Any

from bfxapi import Client


def plain(value: Any) -> Any:
    """Their records are dataclasses, snapshots lists of them."""
    if isinstance(value, list):
        return [dataclasses.asdict(each) for each in value]
    return dataclasses.asdict(value)


def main() -> None:
    """`bitfinex_api_py.py [--flush] URL SPEC…`"""
    flush = "--flush" in sys.argv
    url, *specs = [argument for argument in sys.argv[1:] if argument != "--flush"]
    client = Client(wss_host=url)

    def show(subscription: dict[str, Any], data: Any) -> None:
        print(json.dumps({"symbol": subscription["symbol"], "data": plain(data)}), flush=flush)

    for event in (
        "t_ticker_update",
        "t_trades_snapshot",
        "t_trade_execution",
        "t_trade_execution_update",
        "t_book_snapshot",
        "t_book_update",
    ):
        client.wss.on(event, show)

    @client.wss.on("open")
    async def subscribe() -> None:
        for spec in specs:
            channel, symbol, *book = spec.split(":")
            fields = dict(zip(("prec", "freq", "len"), book, strict=False))
            await client.wss.subscribe(channel, symbol=symbol, **fields)

    client.wss.run()


main()
