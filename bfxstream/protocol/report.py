"""What `bfxstream replay --verify` prints: what a recording holds, and what is missing from it."""

from __future__ import annotations

from msgspec import Struct


class ConnectionReport(Struct):
    """The sequence numbers of one connection, from its opening to its end."""

    connection: int
    frames: int = 0
    first_seq: int | None = None
    """Null where the exchange was not asked to number its frames."""
    last_seq: int | None = None
    gaps: int = 0
    """Holes in the numbers, each of one frame or more."""
    missing: int = 0
    """Frames in them."""
    repeated: int = 0
    """Frames with a number that came before."""


class ChannelReport(Struct):
    """What came over one channel, over all connections; what a channel has not is 0."""

    spec: str
    frames: int = 0
    heartbeats: int = 0
    snapshots: int = 0
    rows: int = 0
    """Of snapshots and updates."""
    checksums: int = 0
    """Those that can be compared."""
    checksums_failed: int = 0
    unknown_deletes: int = 0
    """Deletes of levels or orders that are not in the book: the API allows them."""
    crossed: int = 0
    """Frames after which the best bid was not below the best ask."""
    trades_repeated: int = 0
    """Executions that came twice."""
    trades_out_of_order: int = 0
    trades_missing: int = 0
    """Holes between connections that neither a snapshot nor the history fills."""


class Report(Struct):
    """What a recording holds.

    `complete` is false where something is missing or wrong: a frame, a part, its end, or all.
    """

    complete: bool
    frames: int
    """Received and sent."""
    received: int
    sent: int
    events: int
    """Of those received the exchange's events, which have no channel."""
    unreadable: int
    unrouted: int
    """Frames of a channel that was not confirmed at that time."""
    begun_mts: int | None
    ended_mts: int | None
    connections: list[ConnectionReport]
    channels: list[ChannelReport]
    missing_parts: list[int]
    """Numbers of the parts before the last that are not there."""
    broken_off: str | None
    """Where the recording breaks off, if it does not end as its user wanted."""
