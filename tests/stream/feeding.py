"""A feed, fed with frames as they come from the exchange."""

from __future__ import annotations

import json

import msgspec
from frames import encode

from bfxstream.protocol.channels import parse_spec
from bfxstream.protocol.codes import Conf
from bfxstream.protocol.decode import ChannelDecoder, Kind
from bfxstream.protocol.events import Event, Gap
from bfxstream.protocol.records import Stats
from bfxstream.protocol.views import BookView
from bfxstream.stream.feed import Context, FeedOptions
from bfxstream.stream.feeds import make_feed


class Feeding:
    """One feed and what comes of it."""

    def __init__(self, spec: str, view: BookView = BookView.LEVELS, **options) -> None:
        self.stats = Stats()
        self.gaps: list[Gap] = []
        self.resyncs: list[str] = []
        self.context = Context(
            FeedOptions(book_view=view, **options),
            self.stats,
            self._tell,
            self._resync,
            lambda: 1700,
        )
        subscription = parse_spec(spec)
        self.feed = make_feed(0, subscription, self.context)
        self._decoder = ChannelDecoder(subscription, Conf.NONE)
        self._fresh = True
        self.now = 1000.0

    def _tell(self, event: Event) -> None:
        if isinstance(event, Gap):
            self.gaps.append(event)

    def _resync(self, index: int, reason: str, times_in_a_row: int) -> None:
        self.resyncs.append(reason)
        self.times_in_a_row = times_in_a_row

    def resubscribed(self) -> None:
        """A new confirmation: the next rows are the snapshot."""
        self._fresh = True

    def take(self, *content) -> list[dict]:
        """The records that one frame gives, as they are printed."""
        message = self._decoder.decode(encode([5, *content]), len(b"[5,"))
        self.context.now = self.now
        self.feed.receive(message, self._fresh)
        if message.kind is Kind.ROWS:
            self._fresh = False
        return self._printed()

    def after(self, seconds: float) -> list[dict]:
        """The records that are due when this time has passed."""
        self.now += seconds
        self.context.now = self.now
        self.feed.tick(self.now)
        return self._printed()

    def checksum(self, *, right: bool = True) -> list[dict]:
        return self.take("cs", self.feed.book.checksum() + (0 if right else 1))

    def _printed(self) -> list[dict]:
        records = [json.loads(msgspec.json.encode(record)) for record in self.context.out]
        self.context.out.clear()
        return records
