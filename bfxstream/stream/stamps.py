"""What `--seq` and `--timestamps` add to records, message by message."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import UNSET, UnsetType

from bfxstream.protocol.decode import Message
from bfxstream.protocol.events import Event
from bfxstream.stream.feed import Feed


class Stamper:
    """Stamps what a feed gives with the message that made it give."""

    def __init__(self, out: list[Any], *, seq: bool, timestamps: bool) -> None:
        self._out = out
        self._seq = seq
        self._timestamps = timestamps
        self.received_mts = 0
        """The local clock at the read that is being taken in, in ms."""
        self._last: dict[Feed, tuple[int | UnsetType, int, int | None]] = {}

    def around(self, feed: Feed) -> Callable[[Message, bool], None]:
        """The feed's receiver, stamping."""

        def receive(message: Message, fresh: bool) -> None:
            begin = len(self._out)
            seq = UNSET if message.seq is None else message.seq
            self._last[feed] = (seq, self.received_mts, message.server_mts)
            feed.receive(message, fresh)
            self._stamp(feed, begin)

        return receive

    def tick(self, feed: Feed, now: float) -> None:
        """The feed's tick; what it gives belongs to the feed's last message."""
        begin = len(self._out)
        feed.tick(now)
        self._stamp(feed, begin)

    def end(self, feed: Feed) -> None:
        """The feed's end; what it gives belongs to the feed's last message."""
        begin = len(self._out)
        feed.end()
        self._stamp(feed, begin)

    def _stamp(self, feed: Feed, begin: int) -> None:
        for record in self._out[begin:]:
            if isinstance(record, Event):
                continue
            seq, received_mts, server_mts = self._last[feed]
            if self._seq:
                record.seq = seq
            if self._timestamps:
                record.received_mts = received_mts
                record.server_mts = server_mts
