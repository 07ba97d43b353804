"""The exchange's events: JSON objects that carry no channel's data and no number."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Struct

from bfxstream.protocol.channels import Subscription

ChannelId = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
"""As msgspec tells layouts apart by it (see `together_reader`)."""


class Platform(Struct):
    """Whether the exchange works: 1, or is in maintenance: 0 (API: General, info)."""

    status: int = 1


class ObjectFrame(Struct):
    """Every event of the API; each uses some of the fields, new ones are ignored."""

    event: str
    version: int | None = None
    platform: Platform | None = None
    code: int | None = None
    msg: str | None = None
    status: str | None = None
    flags: int | None = None
    ts: Any = None
    chan_id: ChannelId | None = msgspec.field(default=None, name="chanId")
    sub_id: Any = msgspec.field(default=None, name="subId")
    channel: str | None = None
    symbol: str | None = None
    key: str | None = None
    prec: str | None = None
    freq: str | None = None
    len: Any = None

    def echoes(self, subscription: Subscription) -> bool:
        """Whether everything that the answer repeats is what this subscription asked for."""
        for name, value in subscription.parameters().items():
            echoed = getattr(self, name)
            if echoed is not None and str(echoed) != value:
                return False
        return self.channel is not None


decode_object = msgspec.json.Decoder(ObjectFrame).decode
"""Reads one event; raises msgspec.DecodeError for anything else."""
