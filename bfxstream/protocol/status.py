"""How the stream is, as plain values: written by the stream, read by the status line."""

from __future__ import annotations

import enum

from msgspec import Struct, field

from bfxstream.protocol.records import Stats


class State(enum.Enum):
    """Where a connection is in its life."""

    CONNECTING = "connecting"
    LIVE = "connected"
    MAINTENANCE = "maintenance"
    RECONNECTING = "reconnecting"
    CLOSED = "closed"


class Status(Struct):
    """The state of the connection and the counters of the run, updated in place."""

    state: State = State.CONNECTING
    endpoint: str = ""
    demo: bool = False
    """The endpoint is the demo exchange of this run."""
    retry_at: float | None = None
    """`time.monotonic()` of the next attempt, while reconnecting."""
    last_received: float | None = None
    """`time.monotonic()` of the last frame."""
    notice: str = ""
    """The last thing that went wrong, in words; empty while all is well."""
    stats: Stats = field(default_factory=Stats)
