"""What a stream is told: how to connect, and what to give."""

from __future__ import annotations

from msgspec import Struct, field

from bfxstream.stream.feed import FeedOptions
from bfxstream.stream.policy import CONNECT_TIMEOUT, PUBLIC_URL, Policy


class StreamOptions(Struct, frozen=True, kw_only=True):
    """How a stream connects and what it gives."""

    url: str = PUBLIC_URL
    rest_url: str | None = None
    """The base of the REST API with the history; None for the one that belongs to `url`."""
    feeds: FeedOptions = field(default_factory=FeedOptions)
    frames_only: bool = False
    """Give the exchange's frames instead of records."""
    events: bool = False
    """Give events among the records, each where it happened."""
    seq: bool = False
    timestamps: bool = False
    measure_latency: bool = False
    reconnect: bool = True
    retry_for: float | None = None
    """Seconds to keep trying without a connection; None for the defaults of `policy`."""
    connect_timeout: float = CONNECT_TIMEOUT
    strict: bool = False
    tick: float = 0.25
    """Most seconds between two batches, an empty one where nothing came."""
    policy: Policy = Policy()
