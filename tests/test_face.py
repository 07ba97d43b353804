"""The package's face in Python: what `import bfxstream` offers, and `stream(...)`."""

from __future__ import annotations

import threading
import time
import types
from collections.abc import Iterator

import pytest

import bfxstream
from bfxstream import (
    BookTop,
    OrderBook,
    Refused,
    Stream,
    Ticker,
    Trade,
    UsageError,
    decimal,
    stream,
)
from bfxstream.demo import DemoExchange
from bfxstream.protocol.channels import parse_spec
from bfxstream.protocol.events import Connected, Event, Spread, Subscribed


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with DemoExchange(seed=7, rate=300) as running:
        yield running.url


# Names.


def test_every_public_name_is_there():
    for name in bfxstream.__all__:
        assert getattr(bfxstream, name) is not None
        assert name in dir(bfxstream)
    assert sorted(bfxstream.__all__) == bfxstream.__all__


def test_what_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="nope"):
        bfxstream.nope  # noqa: B018


def test_the_function_is_not_hidden_by_the_room_of_its_name():
    import bfxstream.stream.market  # noqa: PLC0415

    assert isinstance(bfxstream.stream, types.FunctionType)


# Streams.


def test_records_come_as_their_types_with_exact_numbers():
    with stream("trades:tBTCUSD", demo=True) as trades:
        trade = next(trades)
    assert isinstance(trade, Trade)
    assert trade.symbol == "tBTCUSD"
    assert float(trade.price) == float(decimal(trade.price)) > 0


def test_a_record_is_shown_with_the_exchanges_own_numbers(url):
    with stream("trades:tBTCUSD", url=url, seq=True) as trades:
        trade = next(trades)
    assert repr(trade) == (
        "Trade(channel='trades', symbol='tBTCUSD', type='snapshot', "
        f"id={trade.id}, mts={trade.mts}, amount={decimal(trade.amount)}, "
        f"price={decimal(trade.price)}, seq={trade.seq})"
    )
    with stream("book:tBTCUSD", url=url, view="full") as books:
        book = str(next(books))
    assert "Raw" not in book
    assert ", bids=[[" in book
    assert "server_mts" not in book


def test_several_channels_come_in_one_stream(url):
    kinds = set()
    for record in stream("trades:tBTCUSD", "book:tBTCUSD", "ticker:tBTCUSD", url=url, view="top"):
        kinds.add(type(record))
        if len(kinds) == 3:
            break
    assert kinds == {Trade, BookTop, Ticker}


def test_a_subscription_may_be_given_as_such(url):
    wish = parse_spec("ticker:tBTCUSD")
    with stream(wish, url=url) as tickers:
        assert isinstance(next(tickers), Ticker)


def test_once_ends_by_itself(url):
    records = list(stream("ticker:tBTCUSD", "trades:tETHUSD", url=url, once=True))
    assert sorted(type(record).__name__ for record in records) == ["Ticker", "Trade"]


def test_events_are_told_and_come_among_the_records_where_they_are_asked_for(url):
    told: list[Event] = []
    with stream("ticker:tBTCUSD", url=url, events=True, on_event=told.append) as items:
        kinds = [type(next(items)) for _ in range(3)]
    assert kinds == [Connected, Subscribed, Ticker]
    assert [type(event) for event in told] == [Connected, Subscribed]


def test_stamps_are_added_where_they_are_asked_for(url):
    with stream("ticker:tBTCUSD", url=url, seq=True, timestamps=True) as tickers:
        record = next(tickers)
    assert record.seq == 1
    assert record.received_mts > record.server_mts - 60_000


def test_the_books_are_those_of_the_exchange(url):
    with stream("book:tBTCUSD", url=url) as levels:
        for _ in range(50):
            next(levels)
        [book] = levels.books.values()
        assert isinstance(book, OrderBook)
        assert len(book.bids) == len(book.asks) == 25


def test_the_books_of_several_connections_stand_still_where_that_is_asked_for(url):
    with stream(*MANY, url=url) as items:
        while not (items.books and all(book.bids for book in items.books.values())):
            next(items)
        with items.still:
            seen, before = items.stats.messages, picture(items)
            time.sleep(0.2)  # a hundred messages, were they taken in
            assert (items.stats.messages, picture(items)) == (seen, before)
        while items.stats.messages == seen:
            next(items)


def picture(items: Stream) -> list[int]:
    return [book.checksum() for book in items.books.values()]


def test_a_closed_stream_is_over_and_its_counters_stand(url):
    tickers = stream("ticker:tBTCUSD", url=url)
    next(tickers)
    tickers.close()
    tickers.close()
    assert list(tickers) == []
    assert tickers.stats.records == 1
    assert tickers.stats.uptime > 0


def test_a_stream_that_is_let_go_ends_its_threads(url):
    before = threading.active_count()
    told: list[Event] = []
    items = stream(*MANY, url=url, on_event=told.append)
    assert isinstance(items, Stream)
    next(items)
    assert isinstance(told[0], Spread)
    assert threading.active_count() == before + 2
    del items
    assert threading.active_count() == before


SYMBOLS = ["tBTCUSD", "tETHUSD", "tETHBTC", "tXRPUSD", "tXRPBTC", "tLTCUSD", "tDUSK:USD", "fUSD"]
MANY = [
    *(f"book:tBTCUSD:{prec}:F0:{length}" for prec in ("P0", "P1") for length in (25, 100)),
    *(f"{kind}:{symbol}" for kind in ("ticker", "trades") for symbol in SYMBOLS),
    *(f"book:{symbol}:P2" for symbol in SYMBOLS),
]
"""More than one connection takes."""


# Errors.


@pytest.mark.parametrize("specs", [[], ["tBTCUSD"], ["candle:tBTCUSD"]])
def test_what_cannot_be_subscribed_to_is_said_at_once(specs):
    with pytest.raises(UsageError):
        stream(*specs)


def test_a_wrong_argument_is_said_before_the_demo_exchange_is_started():
    before = threading.active_count()
    with pytest.raises(UsageError, match="'leveles' is no view of a book"):
        stream("book:tBTCUSD", view="leveles", demo=True)
    assert threading.active_count() == before


def test_a_time_may_be_written_as_on_the_command_line(url):
    with stream("book:tBTCUSD", url=url, view="full", every="1h", retry_for="1s") as books:
        assert next(books).symbol == "tBTCUSD"
    with pytest.raises(UsageError, match="'soon' is not a time"):
        stream("book:tBTCUSD", retry_for="soon")


def test_a_refusal_names_the_nearest_symbols(url):
    with pytest.raises(Refused, match=r"did you mean tBTCUSD\?"):
        next(stream("ticker:tBTCUSDD", url=url))


def test_a_refusal_is_raised_while_iterating(url):
    with stream("ticker:tNOSUCH", url=url) as tickers, pytest.raises(Refused, match="tNOSUCH"):
        next(tickers)
