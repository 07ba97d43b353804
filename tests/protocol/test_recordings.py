"""Recorded traffic of the real exchange through the session and the book: nothing is missing."""

from __future__ import annotations

import json
from collections import Counter
from functools import partial

import pytest
from captures import CRYPTOFEED, GO_22, GO_28, LOBO, cryptofeed_frames, received_frames
from frames import rows_of

from bfxstream.book import OrderBook, order_book
from bfxstream.protocol.channels import BookSubscription, Subscription, parse_spec
from bfxstream.protocol.codes import Conf
from bfxstream.protocol.decode import Kind, Message
from bfxstream.protocol.events import Event, Subscribed
from bfxstream.protocol.session import Session


class Replay:
    """A recording through a session and its books, with everything counted by kind."""

    def __init__(self, name: str, specs: list[str], *, timestamps: bool = False) -> None:
        wanted = [parse_spec(spec) for spec in specs]
        receivers = [partial(self._take, subscription) for subscription in wanted]
        self.session = Session(wanted, receivers, timestamps=timestamps)
        self.books: dict[Subscription, OrderBook] = {
            channel.subscription: order_book(channel.subscription)
            for channel in self.session.channels
            if isinstance(channel.subscription, BookSubscription)
        }
        self.counts: Counter[str] = Counter()
        self.begun: set[Subscription] = set()
        self.last_seq = 0
        self.events: list[Event] = []
        for frame in received_frames(name):
            self._receive(frame)
            self.events += self.session.take_events()

    def _receive(self, frame: bytes) -> None:
        before = self.counts.total()
        self.session.receive(frame)
        if self.counts.total() == before:
            self.counts["event or unknown channel"] += 1

    def _take(self, subscription: Subscription, message: Message, fresh: bool) -> None:
        kind = "data" if message.kind in (Kind.ROW, Kind.ROWS) else message.kind.value
        first = kind == "data" and subscription not in self.begun
        what = f"{subscription.channel} {kind}" + " snapshot" * first
        if first:
            self.begun.add(subscription)
            assert fresh
        self.counts[what] += 1
        self.last_seq = message.seq or self.last_seq
        book = self.books.get(subscription)
        if book is None:
            return
        if message.kind is Kind.CHECKSUM:
            assert book.checksum() == message.payload
        elif first:
            book.load(rows_of(message))
        else:
            for row in rows_of(message):
                book.apply(row)
        assert not book.crossed
        assert max(len(book.bids), len(book.asks)) <= subscription.length

    def assert_whole(self) -> None:
        """Zero of everything that would mean a loss; each subscription confirmed once."""
        assert self.session.bad_frames == 0
        assert {type(event) for event in self.events} == {Subscribed}
        assert len(self.events) == len(self.session.channels)
        assert all(book.unknown_deletes == 0 for book in self.books.values())


def spec_of(request: dict[str, str]) -> str:
    options = [request[name] for name in ("prec", "freq", "len") if name in request]
    return ":".join([request["channel"], request["symbol"], *options])


def test_thirty_seconds_of_seven_pairs_are_read_without_loss():
    lines = cryptofeed_frames()
    sent = [json.loads(line.frame) for line in lines if line.direction == "sent"]
    replay = Replay(CRYPTOFEED, [spec_of(r) for r in sent if r["event"] == "subscribe"])
    replay.assert_whole()
    assert replay.session.conf == Conf.SEQ_ALL
    assert replay.last_seq == 1670
    assert replay.counts == {
        "event or unknown channel": 23 + 2,  # two heartbeats came before their confirmation
        "ticker data snapshot": 7,
        "ticker data": 14,
        "trades data snapshot": 7,
        "book data snapshot": 7,
        "book data": 1593,
        "ticker hb": 14,
        "trades hb": 14,
        "book hb": 12,
    }
    assert len(replay.books) == 7


@pytest.mark.parametrize(
    ("name", "bids", "best"), [(GO_22, 25, b"0.000089"), (GO_28, 18, b"0.0000011")]
)
def test_a_small_book_proves_itself_by_its_checksum(name, bids, best):
    replay = Replay(name, ["book:tXRPBTC:P0:F0:25"])
    replay.assert_whole()
    assert replay.session.conf == Conf.OB_CHECKSUM
    assert replay.counts["book cs"] == 1
    [book] = replay.books.values()
    assert (len(book.bids), bytes(book.bids.best.price)) == (bids, best)


def test_a_raw_book_with_all_flags_is_read_without_loss_and_proves_itself_twice():
    replay = Replay(LOBO, ["trades:tBTCUSD", "book:tBTCUSD:R0:F0:250"], timestamps=True)
    replay.assert_whole()
    assert replay.session.conf == Conf.SEQ_ALL | Conf.TIMESTAMP | Conf.OB_CHECKSUM
    assert replay.last_seq == 290
    assert replay.counts["book data snapshot"] == 1
    assert replay.counts["book data"] == 286
    assert replay.counts["book cs"] == 2
    assert replay.counts["trades data snapshot"] == 1


@pytest.mark.parametrize("lost", [200, 201, 1500])
def test_a_frame_taken_out_of_a_recording_is_noticed(lost):
    frames = received_frames(CRYPTOFEED)
    session = Session([parse_spec("book:tBFTUSD:P0:F0:100")])
    for i, frame in enumerate(frames):
        if i != lost:
            session.receive(frame)
    [gap] = [event for event in session.take_events() if not isinstance(event, Subscribed)]
    assert gap.last - gap.first == 2
