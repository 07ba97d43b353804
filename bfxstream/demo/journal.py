"""The truth about a run, for whoever wants to compare a client's output with it."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from pathlib import Path
from typing import Any

import msgspec

from bfxstream.demo.candles import TIMEFRAMES
from bfxstream.demo.feeds import BookFeed, Feed
from bfxstream.demo.log import naming
from bfxstream.demo.market import Listing, Market
from bfxstream.protocol.account.layouts import ORDER
from bfxstream.protocol.channels import BookSubscription, Subscription

_SECOND = 1000
_TRADE = ("id", "mts", "amount", "price")
_FUNDING_TRADE = ("id", "mts", "amount", "rate", "period")
_EXECUTION = (
    *("id", "symbol", "mts_create", "order_id", "exec_amount", "exec_price"),
    *("order_type", "order_price", "maker", "fee", "fee_currency", "cid"),
)
_CANDLE = ("mts", "open", "close", "high", "low", "volume")

Fields = dict[str, Any]


class Journal:
    """JSON Lines: every trade, every execution of the demo account, its orders as they begin,
    change and end (`code` is `on`, `ou` or `oc`), every candle when it is closed, and for each
    second of the market's time the books that are subscribed.

    A book's line has the rows that the exchange had published until then, and by channel id
    the sequence number of the last frame before on that channel's connection: who has applied
    the channel's rows up to this number holds this book. Raises OSError, which names the file,
    where it cannot be written.
    """

    def __init__(self, path: Path, market: Market) -> None:
        self._path = path
        self._file = path.open("wb")
        self._market = market
        self._next = market.start_mts + -market.start_mts % _SECOND
        self._closed: dict[str, int] = {}
        """The last candle of each key that was noted, by its start."""
        for listing in market.listings.values():
            self.executed(listing, len(listing.tape))

    def executed(self, listing: Listing, count: int) -> None:
        """Note a symbol's last trades."""
        instrument = listing.instrument
        names = _FUNDING_TRADE if instrument.funding else _TRADE
        for row in listing.tape.latest(count):
            self._write({"type": "trade", "symbol": instrument.symbol, **_fields(names, row)})

    def executed_for_account(self, row: bytes) -> None:
        """Note an execution of the demo account, its fee included."""
        values = msgspec.json.decode(row, type=list[msgspec.Raw])
        self._write({"type": "execution", **dict(zip(_EXECUTION, values, strict=True))})
        self._flush()

    def ordered(self, code: str, row: bytes) -> None:
        """Note what became of an order of the demo account."""
        values = zip(ORDER.names, msgspec.json.decode(row, type=list[msgspec.Raw]), strict=True)
        fields = {name: value for name, value in values if name != "_"}
        self._write({"type": "order", "code": code, **fields})
        self._file.flush()

    def advance(self, feeds: Mapping[Subscription, Feed]) -> None:
        """Note the state at each whole second until the market's next event."""
        while self._next <= self._market.mts:
            for wish, feed in feeds.items():
                if isinstance(wish, BookSubscription) and isinstance(feed, BookFeed):
                    self._note_book(wish, feed)
            for listing in self._market.listings.values():
                self._note_candles(listing)
            self._flush()
            self._next += _SECOND

    def close(self) -> None:
        """Write what is left, and close the file."""
        with naming(self._path):
            self._file.close()

    def _note_book(self, wish: BookSubscription, feed: BookFeed) -> None:
        parameters = wish.parameters()
        del parameters["channel"]
        self._write(
            {
                "type": "book",
                "mts": self._next,
                **parameters,
                "rows": [msgspec.Raw(row) for row in feed.rows()],
                "seqs": feed.sequences(),
            }
        )

    def _note_candles(self, listing: Listing) -> None:
        instrument, candles = listing.instrument, listing.candles
        for period, timeframe in product(instrument.periods, TIMEFRAMES):
            series = candles.series[period][timeframe]
            if series.end > self._next or not series.candles:
                continue
            key = f"trade:{timeframe}:{instrument.symbol}"
            if instrument.funding:
                key += f":p{period}"
            candle = series.candles[-1]
            if self._closed.get(key, 0) < candle.mts:
                self._closed[key] = candle.mts
                row = candles.row(candle)
                self._write({"type": "candle", "key": key, **_fields(_CANDLE, row)})

    def _write(self, line: Fields) -> None:
        with naming(self._path):
            self._file.write(msgspec.json.encode(line) + b"\n")

    def _flush(self) -> None:
        with naming(self._path):
            self._file.flush()


def _fields(names: tuple[str, ...], row: bytes) -> Fields:
    """A row's tokens by name, digit for digit."""
    tokens = row[1:-1].split(b",")
    return {name: msgspec.Raw(token) for name, token in zip(names, tokens, strict=True)}
