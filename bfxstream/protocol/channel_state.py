"""How far one subscription has come on one connection, and who takes what it brings."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any, Protocol

from bfxstream.protocol.channels import Subscription
from bfxstream.protocol.decode import Decode, FrameError, Kind, Message

Receiver = Callable[[Message, bool], None]
"""Takes a channel's messages; the flag tells that no snapshot has come since the confirmation,
so that the next rows are it. It raises ValueError, and changes nothing, for rows that it cannot
use."""


class Taker(Protocol):
    """Takes what frames behind the snapshot say, where many are decoded together. What it has
    raises as a receiver does."""

    def take(self, kind: Kind, payload: Any) -> None:
        """Take a message's kind and payload."""

    def row_taker(self, kind: Kind) -> Callable[[Any], None]:
        """What takes the payload of this kind, if rows come so: most frames go there."""


def ignore(*message: Any) -> None:
    """Receives for nobody."""


class _Nobody:
    """Takes for nobody."""

    def take(self, kind: Kind, payload: Any) -> None:
        pass

    def row_taker(self, kind: Kind) -> Callable[[Any], None]:
        return ignore


NOBODY = _Nobody()


class ChannelState(enum.Enum):
    """How far one subscription has come on this connection."""

    WANTED = "wanted"  # to be asked for, when the exchange is ready
    ASKED = "asked"
    ACTIVE = "active"
    LEAVING = "leaving"  # unsubscribe sent, to be subscribed afresh
    REFUSED = "refused"
    DISPLACED = "displaced"  # refused on this connection, which is full


class Channel:
    """One subscription on this connection: its state, its id, its decoder."""

    def __init__(
        self, subscription: Subscription, receiver: Receiver, taker: Taker = NOBODY
    ) -> None:
        self.subscription = subscription
        self.asked_as = subscription
        """The wish, or its other spelling where the exchange has refused the first."""
        self.receiver = receiver
        self.taker = taker
        self.deliver: Receiver = ignore
        """The receiver, or nobody while what comes is of no use; so with the taker's parts."""
        self.take: Callable[[Kind, Any], None] = ignore
        self.take_rows: Callable[[Any], None] = ignore
        self.state = ChannelState.WANTED
        self.since = 0.0
        """When the state began."""
        self.retry_at: float | None = None
        """When to ask again, where the exchange has said not now."""
        self.asked_again = False
        self.put_off = 0
        """How many times in a row the exchange has said not now."""
        self.sub_id = 0
        self.chan_id: int | None = None
        self.decode: Callable[[bytes, int], Message] = _no_decoder
        self.snapshot_kind = Kind.ROWS
        self.row_kind = Kind.ROW
        """What a frame with rows is, once the snapshot has come."""
        self.check: Decode | None = None
        """Raises where a frame of the channel has a token that is no finite number; None where
        the receiver sees to that."""
        self.fresh = True
        """No rows yet since the confirmation: the first are the snapshot, and only their place
        tells them from a bulk update (API: ws-public-books)."""
        self.heard = False
        self.heard_at = 0.0
        self.healed_at = float("-inf")
        self.heal_due = False
        """Whether a snapshot is needed that was asked for too recently to be asked for at once."""

    def listen(self) -> None:
        """Let receiver and taker have what comes."""
        self.deliver = self.receiver
        self.take, self.take_rows = self.taker.take, self.taker.row_taker(self.row_kind)

    def ignore(self) -> None:
        """Let nobody have what comes."""
        self.deliver = self.take = self.take_rows = ignore


def _no_decoder(frame: bytes, start: int) -> Message:
    raise FrameError("no channel")
