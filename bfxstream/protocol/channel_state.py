"""How far one subscription has come on one connection, and who takes what it brings."""

from __future__ import annotations

import enum
from collections.abc import Callable

from bfxstream.protocol.channels import Subscription
from bfxstream.protocol.decode import FrameError, Message

Receiver = Callable[[Message, bool], None]
"""Takes a channel's messages; the flag tells the first one since its confirmation, whose rows
are the snapshot. It raises ValueError for rows that it cannot use."""


class ChannelState(enum.Enum):
    """How far one subscription has come on this connection."""

    WANTED = "wanted"  # to be asked for, when the exchange is ready
    ASKED = "asked"
    ACTIVE = "active"
    LEAVING = "leaving"  # unsubscribe sent, to be subscribed afresh
    REFUSED = "refused"


class Channel:
    """One subscription on this connection: its state, its id, its decoder."""

    def __init__(self, subscription: Subscription, receiver: Receiver) -> None:
        self.subscription = subscription
        self.receiver = receiver
        self.deliver = receiver
        """The receiver, or nobody while what comes is of no use."""
        self.state = ChannelState.WANTED
        self.since = 0.0
        """When the state began."""
        self.retry_at: float | None = None
        """When to ask again, where the exchange has said not now."""
        self.asked_again = False
        self.sub_id = 0
        self.chan_id: int | None = None
        self.decode: Callable[[bytes, int], Message] = _no_decoder
        self.fresh = True
        """No rows yet since the confirmation: the first are the snapshot, and only their place
        tells them from a bulk update (API: ws-public-books)."""
        self.heard = False
        self.heard_at = 0.0
        self.healed_at = float("-inf")


def _no_decoder(frame: bytes, start: int) -> Message:
    raise FrameError("no channel")


def ignore_message(message: Message, fresh: bool) -> None:
    """Receives for nobody."""
