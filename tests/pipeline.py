"""The seeded demo market through session and feeds, without a socket, on a clock of the test's."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

import pytest

from bfxstream.book import OrderBook
from bfxstream.demo.hub import Hub
from bfxstream.demo.market import Market
from bfxstream.demo.session import Session as DemoSession
from bfxstream.protocol.channels import Subscription
from bfxstream.protocol.codes import Conf
from bfxstream.protocol.session import Session
from bfxstream.protocol.status import State, Status
from bfxstream.stream.book_feeds import BookFeed
from bfxstream.stream.feed import Context, FeedOptions
from bfxstream.stream.feeds import make_feed

SEED = 7
STEP = 0.05
RATE = 100


class Pipeline:
    """An exchange and a client, and what the client's feeds give."""

    def __init__(self, subscriptions: Sequence[Subscription], options: FeedOptions) -> None:
        self.now = 0.0
        self.status = Status(State.LIVE, "ws://127.0.0.1:8080/ws/2", demo=True)
        self._hub = Hub(Market(SEED), RATE)
        self._server = DemoSession(
            self._hub, Random(SEED), heartbeat=15, clock=lambda: self.now, wall=self._wall_mts
        )
        self._context = Context(
            options, self.status.stats, self._report, self._fail, self._wall_mts
        )
        feeds = [make_feed(i, wish, self._context) for i, wish in enumerate(subscriptions)]
        self.books: dict[Subscription, OrderBook[Any]] = {
            feed.subscription: feed.book for feed in feeds if isinstance(feed, BookFeed)
        }
        self.client = Session(subscriptions, [feed.receive for feed in feeds])
        self._server.open()

    def step(self) -> list[Any]:
        """Let a moment pass; the records that it gives."""
        self.now += STEP
        self._hub.advance(self.now)
        for frame in self._server.take_output():
            self.status.stats.messages += 1
            self.status.last_received = self.now
            self.client.receive(frame)
        for request in self.client.frames_to_send():
            self._server.receive(request)
        records = self._context.out[:]
        self._context.out.clear()
        return records

    def assert_healthy(self) -> None:
        """Nothing was lost, and every book was proved."""
        assert self.client.conf & Conf.SEQ_ALL
        assert self.status.stats.checksum_mismatches == 0

    def _wall_mts(self) -> int:
        return self._hub.market.mts

    @staticmethod
    def _report(event: object) -> None:
        pytest.fail(f"the demo exchange's stream has a hole: {event}")

    @staticmethod
    def _fail(index: int, reason: str, times: int) -> None:
        pytest.fail(f"a book of the demo exchange failed its proof: {reason}")
