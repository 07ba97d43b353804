"""What outlives a frame is the text it came with; what outlives a connection is nothing."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Iterator

import pytest
from fake_world import FakeConnection, FakeExchange, trade
from msgspec import Struct

from bfxstream.protocol import session
from bfxstream.protocol.events import Reconnected
from bfxstream.protocol.views import BookView
from bfxstream.stream.feed import FeedOptions
from bfxstream.stream.link import _TOGETHER

BOOK, TRADES, TICKER = "book:tBTCUSD:P0:F0:25", "trades:tBTCUSD", "ticker:tBTCUSD"


@pytest.fixture
def traced() -> Iterator[None]:
    tracemalloc.start()
    yield
    tracemalloc.stop()


def texts_alive() -> list[int]:
    """The sizes of the texts that were put together of many frames and that something holds."""
    of_session = tracemalloc.Filter(inclusive=True, filename_pattern=session.__file__)
    traces = tracemalloc.take_snapshot().filter_traces([of_session]).traces
    return [trace.size for trace in traces if trace.size > 1000]


def test_a_row_of_a_book_holds_no_more_than_the_frames_that_were_decoded_with_it(traced):
    """At worst each row that stays came with others that did not, and holds their text."""
    reads, texts_a_read = 6, 3
    staying = [float(1000 + number) for number in range(reads * texts_a_read)]

    def play(connection: FakeConnection) -> None:
        connection.data("book", [])
        for number, price in enumerate(staying):
            after = 1.0 + number // texts_a_read
            connection.data("book", [[price, 1, 1]], after=after)
            for _ in range(_TOGETHER - 1):
                connection.data("book", [[10.0, 1, 1]], after=after)
        for price in staying:
            connection.data("book", [[price, 0, 1]], after=1.0 + reads)

    exchange = FakeExchange()
    exchange.on_confirmed = play
    following = exchange.stream(BOOK, feeds=FeedOptions(book_view=BookView.STATE))
    [book] = following.stream.books.values()

    following.until(lambda: len(book.bids) > len(staying))
    texts = texts_alive()
    assert len(texts) == len(staying)
    assert max(texts) <= _TOGETHER * len(b"[101,[[1000.0,1,1]],1000],") + 100

    following.until(lambda: len(book.bids) == 1)
    assert len(texts_alive()) <= 1


def test_layouts_of_channels_do_not_gather_over_connections():
    """They are classes, made for each connection; msgspec keeps those of the last 64 decoders."""

    def play(connection: FakeConnection) -> None:
        for after in (0.0, 0.1):
            connection.data("book", [[100, 1, 1]], after=after)
            connection.data("ticker", [1] * 10, after=after)
        connection.data("trades", [trade(1)])
        connection.data("trades", "te", trade(2), after=0.1)
        connection.drop(after=0.2)

    exchange = FakeExchange()
    exchange.on_confirmed = play
    following = exchange.stream(BOOK, TRADES, TICKER)
    layouts = []
    for reconnects in (100, 200):
        following.until(lambda wanted=reconnects: len(following.events(Reconnected)) == wanted)
        gc.collect()
        layouts.append(len(Struct.__subclasses__()))
    assert layouts[1] < layouts[0] + 10
