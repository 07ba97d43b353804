"""A book at another precision, while the stream goes on: asked for once the exchange is ready."""

from __future__ import annotations

from fake_world import FakeConnection, FakeExchange, Following
from frames import info

from bfxstream.protocol.channels import Subscription, parse_spec
from bfxstream.protocol.codes import InfoCode
from bfxstream.protocol.events import Resync

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
