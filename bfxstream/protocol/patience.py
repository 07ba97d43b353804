"""How long a conversation waits for what is due, in seconds."""

from __future__ import annotations

from msgspec import Struct


class Patience(Struct, frozen=True, kw_only=True):
    """The times of one session; tests give smaller ones."""

    confirm: float = 30.0
    """A book may be confirmed after 13 s (recorded); after this long the request is made again."""

    status_confirm: float = 10.0
    """A status channel is confirmed at once; a key that the exchange does not know gets silence."""

    leave: float = 30.0
    """An `unsubscribe` that is not answered for this long needs a new connection."""

    silence: float = 45.0
    """A channel without a heartbeat, due every 15 s, for this long is lost: it is joined anew."""

    maintenance: float = 180.0
    """The documents say 120; after this long a new connection is tried."""

    heal: float = 10.0
    """Least time between two resubscriptions for frames of one channel that cannot be read."""

    retry: float = 5.0
    """What is refused for the moment is asked for again after this long, then twice this long…"""

    retry_most: float = 30.0
    """… but never after longer than this."""

    rate_limit: float = 60.0
    """To stay quiet after too many requests (API: Requirements and limitations)."""

    look: float = 0.25
    """How often the channels' patience is looked at."""
