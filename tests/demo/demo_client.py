"""A client of the demo exchange for tests: real socket, every frame kept as it came."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Any

import msgspec
import websocket

from bfxstream.book import OrderBook, order_book
from bfxstream.protocol.channels import BookSubscription, Frequency, Precision
from bfxstream.protocol.rows import FundingLevelRow, FundingOfferRow, LevelRow, OrderRow
from bfxstream.protocol.symbols import Market

TIMEOUT = 20.0
"""Seconds after which a frame that does not come fails its test."""

Frame = list[Any]


class Client:
    """Sends requests, and reads on until what is asked for has come."""

    def __init__(self, url: str) -> None:
        self.socket = websocket.create_connection(url, timeout=TIMEOUT)
        self.frames: list[Frame] = []
        """Every array frame so far."""
        self.texts: list[str] = []
        """Every message so far."""
        self._unread: deque[Frame] = deque()
        self.info = self.event("info")

    def send(self, **message: Any) -> None:
        self.socket.send(json.dumps(message))

    def ask(self, answer: str, **message: Any) -> dict[str, Any]:
        """Send a message and wait for the event that answers it."""
        self.send(**message)
        return self.event(answer)

    def event(self, name: str) -> dict[str, Any]:
        """The next event, which must have this name; frames before it stay unread."""
        while True:
            message = self._receive()
            if isinstance(message, dict):
                assert message["event"] == name, message
                return message
            self._unread.append(message)

    def frame(self, matches: Callable[[Frame], bool] = lambda _frame: True) -> Frame:
        """The next array frame that matches; those before it are read."""
        while True:
            frame = self._unread.popleft() if self._unread else self._receive()
            assert isinstance(frame, list), frame
            if matches(frame):
                return frame

    def subscribe(self, channel: str, symbol: str, **options: Any) -> int:
        """Subscribe; the channel's id."""
        answer = self.ask(
            "subscribed", event="subscribe", channel=channel, symbol=symbol, **options
        )
        return int(answer["chanId"])

    def _receive(self) -> Any:
        text = self.socket.recv()
        assert isinstance(text, str)
        message = json.loads(text)
        self.texts.append(text)
        if isinstance(message, list):
            self.frames.append(message)
        return message

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.socket.close()


def until(condition: Callable[[], object]) -> None:
    """Wait for what another thread does; fails the test when it does not."""
    deadline = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)


ROWS: dict[tuple[Market, bool], Any] = {
    (Market.TRADING, False): LevelRow,
    (Market.TRADING, True): OrderRow,
    (Market.FUNDING, False): FundingLevelRow,
    (Market.FUNDING, True): FundingOfferRow,
}


class BookClient:
    """A client's book, fed with rows as text."""

    def __init__(self, symbol: str, precision: str, length: int = 25) -> None:
        wish = BookSubscription(symbol, Precision(precision), Frequency.F0, length)
        self.book: OrderBook[Any] = order_book(wish)
        self._row = msgspec.json.Decoder(ROWS[wish.market, wish.raw])

    def apply(self, row: bytes) -> None:
        self.book.apply(self._row.decode(row))

    def rows(self) -> list[bytes]:
        """Bids falling, then asks rising, in the exchange's spelling."""
        return [
            msgspec.json.encode(row)
            for side in (self.book.bids, self.book.asks)
            for row in side.rows()
        ]


def payload(text: str) -> list[bytes]:
    """The rows of a book frame, whether it is one row or an array of rows."""
    body = msgspec.json.decode(text, type=list[msgspec.Raw])[1]
    if bytes(body).startswith(b"[["):
        return [bytes(row) for row in msgspec.json.decode(body, type=list[msgspec.Raw])]
    return [bytes(body)]
