"""A book at another precision, while the stream goes on: asked for once the exchange is ready."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any

import pytest
from fake_world import FakeConnection, FakeExchange, Following
from frames import error, info
from msgspec.structs import replace

from bfxstream.errors import Refused
from bfxstream.protocol.channels import Subscription, parse_spec
from bfxstream.protocol.codes import InfoCode
from bfxstream.protocol.events import Resync
from bfxstream.stream.intake import Item
from bfxstream.stream.link import Link

P0, P1, P2 = (parse_spec(f"book:tBTCUSD:{prec}") for prec in ("P0", "P1", "P2"))
TICKER = "ticker:tBTCUSD"


def following(exchange: FakeExchange) -> Following:
    return exchange.stream(TICKER, P0.spec)


def snapshot(connection: FakeConnection, *prices: int) -> None:
    connection.data("book", [[price, 1, 1] for price in prices])


def change(followed: Following, old: Subscription, new: Subscription) -> bool:
    with followed.stream.still:
        return followed.stream.change(old, new)


def test_the_channel_is_left_and_joined_as_the_new_wish_and_its_book_begins_anew() -> None:
    exchange = FakeExchange()
    exchange.on_confirmed = lambda connection: snapshot(connection, 101, 100)
    followed = following(exchange)
    followed.until(lambda: len(followed.stream.books[P0].bids) == 2)
    [connection] = exchange.connections

    assert change(followed, P0, P1)
    assert followed.stream.subscriptions == [parse_spec(TICKER), P1]
    assert list(followed.stream.books) == [P1]
    assert not len(followed.stream.books[P1].bids)
    connection.data("book", [102, 1, 1])  # on its way before the exchange knew
    followed.until(lambda: connection.sent[-1].get("prec") == "P1")
    assert connection.sent[-2]["event"] == "unsubscribe"

    followed.during(0.5)
    snapshot(connection, 90)
    followed.until(lambda: bool(len(followed.stream.books[P1].bids)))
    assert followed.stream.books[P1].bids.best_price == 90
    assert followed.stream.stats.resyncs == 0
    assert not followed.events(Resync)
    assert len(exchange.connections) == 1


def test_wishes_that_change_while_an_answer_is_due_end_at_the_last_one() -> None:
    exchange = FakeExchange()
    followed = following(exchange)
    assert change(followed, P0, P1)  # before there is a connection
    assert change(followed, P1, P2)
    followed.until(lambda: bool(exchange.connections) and len(exchange.connections[0].sent) == 3)
    [connection] = exchange.connections
    assert connection.sent[-1]["prec"] == "P2"

    assert change(followed, P2, P0)  # asked for P2, and not answered yet
    assert change(followed, P0, P1)
    followed.until(lambda: connection.sent[-1].get("prec") == "P1")
    snapshot(connection, 90)
    followed.until(lambda: bool(len(followed.stream.books[P1].bids)))
    # Only one of them is joined: what was left in between was never asked for.
    assert [sent["prec"] for sent in connection.sent if "prec" in sent] == ["P2", "P1"]


class InTurn:
    """Reads several links without threads, one after the other."""

    started = complete = False

    def __init__(self) -> None:
        self._links: deque[Iterator[list[Item]]] = deque()

    def start(self, link: Link, batches: Iterator[list[Item]]) -> None:
        self._links.append(batches)

    def take(self, patience: float) -> list[Item]:
        self._links.rotate()
        return next(self._links[0])

    def close(self) -> None:
        """Nothing runs by itself."""


def with_books_unanswered(exchange: FakeExchange) -> list[dict[str, Any]]:
    """The requests for books on the first connection: left without an answer."""
    unanswered: list[dict[str, Any]] = []

    def answer(connection: FakeConnection, request: dict[str, Any]) -> None:
        if request["channel"] == "book" and not connection.number:
            unanswered.append(request)
        else:
            exchange.confirm(connection, request)

    exchange.answers["subscribe"] = answer
    return unanswered


def test_a_book_without_room_on_its_connection_is_joined_as_the_last_wish_on_another() -> None:
    exchange = FakeExchange()
    unanswered = with_books_unanswered(exchange)
    followed = exchange.stream(TICKER, P0.spec, around=lambda world: replace(world, readers=InTurn))
    followed.until(lambda: bool(unanswered))
    assert change(followed, P0, P1)
    assert change(followed, P1, P2)
    exchange.connections[0].say(error(unanswered[0], 10305, "subscribe: limit"))
    followed.until(lambda: "book" in exchange.connections[-1].chan_ids)
    second = exchange.connections[1]
    assert [sent["prec"] for sent in second.sent if "prec" in sent] == ["P2"]
    snapshot(second, 90)
    followed.until(lambda: bool(len(followed.stream.books[P2].bids)))

    assert change(followed, P2, P0)
    followed.until(lambda: second.sent[-1].get("prec") == "P0")


def test_a_book_that_there_is_no_room_for_anywhere_is_refused_whatever_is_wished() -> None:
    exchange = FakeExchange()
    unanswered = with_books_unanswered(exchange)
    followed = exchange.stream(P0.spec)
    followed.until(lambda: bool(unanswered))
    assert change(followed, P0, P1)
    exchange.connections[0].say(error(unanswered[0], 10305, "subscribe: limit"))
    with pytest.raises(Refused, match="no room"):
        followed.during(1)


def test_what_is_subscribed_already_is_no_change() -> None:
    followed = FakeExchange().stream(P0.spec, P1.spec)
    assert not change(followed, P0, P1)
    assert followed.stream.subscriptions == [P0, P1]


def test_in_maintenance_it_waits_and_then_the_new_book_is_joined() -> None:
    exchange = FakeExchange()
    exchange.on_confirmed = lambda connection: snapshot(connection, 100)
    followed = following(exchange)
    followed.until(lambda: bool(len(followed.stream.books[P0].bids)))
    [connection] = exchange.connections
    connection.say(info(InfoCode.RESYNC_START))
    followed.until(lambda: followed.stream.status.state.value == "maintenance")
    requests = len(connection.sent)
    assert change(followed, P0, P1)
    followed.during(5)
    assert len(connection.sent) == requests
    connection.say(info(InfoCode.RESYNC_STOP))
    followed.until(lambda: connection.sent[-1].get("prec") == "P1")
