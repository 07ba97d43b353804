"""cryptofeed: one JSON line for each ticker, trade and change of a book."""

from __future__ import annotations

import os
import sys
from collections import defaultdict
from typing import Any

from cryptofeed import FeedHandler
from cryptofeed.connection_handler import ConnectionHandler
from cryptofeed.defines import L2_BOOK, TICKER, TRADES
from cryptofeed.exchanges import Bitfinex
from cryptofeed.symbols import Symbol, Symbols
from yapic import json

KINDS = {"ticker": TICKER, "trades": TRADES, "book": L2_BOOK}
FLUSH = "--flush" in sys.argv


class LocalBitfinex(Bitfinex):
    """Their client, made to reach the bench's server."""

    local_url = ""

    async def _ticker(self, pair: str, msg: list[Any], timestamp: float) -> None:
        """Theirs takes ten values only; the exchange has sent eleven since April 2026."""
        if msg[1] != "hb":
            msg[1] = msg[1][:10]
        await super()._ticker(pair, msg, timestamp)

    def connect(self) -> list[Any]:
        """Theirs takes an address with TLS only, though it connects without just as well."""
        made = super().connect()
        for connection, *_ in made:
            connection.address = self.local_url
        return made


async def show(record: Any, _: float) -> None:
    """A ticker or a trade."""
    print(json.dumps(record.to_dict(numeric_type=str)), flush=FLUSH)


async def show_book(book: Any, _: float) -> None:
    """What changed, and the whole book only where it is new."""
    print(json.dumps(book.to_dict(delta=book.delta is not None, numeric_type=str)), flush=FLUSH)


async def until_closed(
    self: ConnectionHandler, connection: Any, handler: Any, handle: Any = ConnectionHandler._handler
) -> None:
    """Where theirs would connect again, the run is over."""
    await handle(self, connection, handler)
    sys.stdout.flush()
    os._exit(0)


def main() -> None:
    """`cryptofeed_client.py [--flush] URL SPEC…`"""
    url, *specs = [argument for argument in sys.argv[1:] if argument != "--flush"]
    names: dict[str, str] = {}
    wanted = defaultdict(list)
    length = 25
    for spec in specs:
        channel, symbol, *book = spec.split(":")
        name = Symbol(symbol[1:4], symbol[4:]).normalized
        names[name] = symbol
        wanted[KINDS[channel]].append(name)
        length = int(book[2]) if book else length
    Symbols.set(Bitfinex.id, names, {"instrument_type": dict.fromkeys(names, "spot")})
    LocalBitfinex.local_url = url
    ConnectionHandler._handler = until_closed
    handler = FeedHandler(config={"log": {"disabled": True}})
    callbacks = {TICKER: show, TRADES: show, L2_BOOK: show_book}
    feed = LocalBitfinex(
        subscription=dict(wanted), callbacks=callbacks, number_of_price_points=length
    )
    handler.add_feed(feed)
    handler.run()


main()
