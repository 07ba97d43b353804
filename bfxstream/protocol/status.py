"""How the stream is, as plain values: written by the stream, read by the status line."""

from __future__ import annotations

import enum

from msgspec import Struct, field

from bfxstream.protocol.records import Stats


class State(enum.Enum):
    """Where a connection is in its life."""

    CONNECTING = "connecting"
    CONFIRMING = "subscribing"  # it stands, but the exchange has confirmed nothing yet
    LIVE = "connected"
    MAINTENANCE = "maintenance"
    RECONNECTING = "reconnecting"  # waiting for its next attempt
    CLOSED = "closed"


class Status(Struct):
    """The state of the connections and the counters of the run, updated in place."""

    state: State = State.CONNECTING
    """Of several connections, that of the one that is farthest from being live."""
    endpoint: str = ""
    demo: bool = False
    """The endpoint is the demo exchange of this run."""
    activity: str = ""
    """What this run does beside streaming: that it records, or where a replay is."""
    retry_at: float | None = None
    """`time.monotonic()` of the next attempt, while reconnecting."""
    connections: int = 1
    connected: int = 0
    """How many of the connections are live."""
    last_received: float | None = None
    """`time.monotonic()` of the last frame."""
    notice: str = ""
    """The last thing that went wrong, in words; empty while all is well."""
    stats: Stats = field(default_factory=Stats)
