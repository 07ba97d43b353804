"""Many frames decoded in one call, which finds the channel of each as well.

Half the time of decoding them one by one (0.3 against 0.6 µs a frame). It knows the layout of
updates alone: snapshots, events and whatever is unusual are the one-by-one path's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import reduce
from operator import or_
from typing import Any, Protocol, cast

import msgspec
from msgspec import Struct
from msgspec.json import Decoder

from bfxstream.protocol.channel_state import Channel
from bfxstream.protocol.channels import TradesSubscription
from bfxstream.protocol.decode import ROWS, row_layout


class TogetherMessage(Protocol):
    """One frame's elements behind the channel id, as they stand.

    `first` is the rows, or a name; where a name has no payload (`hb`) the sequence number follows
    at once. The channel is an attribute of the layout, which msgspec chooses by the id.
    """

    channel: Channel
    first: Any
    second: Any
    third: int | None


ReadTogether = Callable[[bytes], list[TogetherMessage]]


class _Ignored(Struct, array_like=True, gc=False):
    """Any array, passed over."""


def together_reader(channels: Iterable[Channel], *, rows: bool) -> ReadTogether:
    """What reads an array of frames of these channels; it raises where one is in no layout.

    Without `rows` all that is read of a frame is its form and its sequence number.
    """
    layouts = [_updates(each) if rows else _form(each) for each in channels]
    if not layouts:
        return lambda text: []
    any_layout: Any = reduce(or_, layouts)  # not `Union[…]`, which remembers the last 128
    return cast("ReadTogether", Decoder(list[any_layout]).decode)


def _updates(channel: Channel) -> Any:
    row_type: Any = row_layout(channel.subscription)
    if isinstance(channel.subscription, TradesSubscription):
        return _layout(channel, str, int | row_type)
    rows: Any = list[row_type] if channel.row_kind is ROWS else row_type
    return _layout(channel, rows | str, int)


def _form(channel: Channel) -> Any:
    return _layout(channel, _Ignored | str, _Ignored | int)


def _layout(channel: Channel, first: Any, second: Any) -> Any:
    return msgspec.defstruct(
        "Together",
        [("first", first), ("second", second), ("third", int | None, None)],
        array_like=True,
        gc=False,
        tag=channel.chan_id,
        namespace={"channel": channel},
    )
