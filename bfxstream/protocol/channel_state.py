"""How far one subscription has come on one connection, and who takes what it brings."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any

from bfxstream.protocol.channels import Subscription
from bfxstream.protocol.decode import Decode, FrameError, Kind, Message

Receiver = Callable[[Message, bool], None]
"""Takes a channel's messages; the flag tells that no snapshot has come since the confirmation,
so that the next rows are it. It raises ValueError, and changes nothing, for rows that it cannot
use."""

Taker = Callable[[Kind, Any], None]
"""Takes kind and payload of messages behind the snapshot; raises as a receiver does."""


def ignore(*message: Any) -> None:
    """Receives for nobody."""


class ChannelState(enum.Enum):
    """How far one subscription has come on this connection."""

    WANTED = "wanted"  # to be asked for, when the exchange is ready
    ASKED = "asked"
    ACTIVE = "active"
    LEAVING = "leaving"  # unsubscribe sent, to be subscribed afresh
    REFUSED = "refused"


class Channel:
    """One subscription on this connection: its state, its id, its decoder."""

    def __init__(
        self, subscription: Subscription, receiver: Receiver, taker: Taker = ignore
    ) -> None:
        self.subscription = subscription
        self.receiver = receiver
        self.taker = taker
        self.deliver, self.take = receiver, taker
        """The receiver and the taker, or nobody while what comes is of no use."""
        self.state = ChannelState.WANTED
        self.since = 0.0
        """When the state began."""
        self.retry_at: float | None = None
        """When to ask again, where the exchange has said not now."""
        self.asked_again = False
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

    def listen(self) -> None:
        """Let the receiver have what comes."""
        self.deliver, self.take = self.receiver, self.taker

    def ignore(self) -> None:
        """Let nobody have what comes."""
        self.deliver, self.take = ignore, ignore


def _no_decoder(frame: bytes, start: int) -> Message:
    raise FrameError("no channel")
