"""Many frames decoded in one call, which finds the channel of each as well.

Half the time of decoding them one by one (0.3 against 0.6 µs a frame). It knows the layout of
updates alone: snapshots, events and whatever is unusual are the one-by-one path's.

What is read gives the same either way, with three exceptions that only a broken exchange could
bring about: the time that TIMESTAMP promises is not missed here; without rows, the last of two
integers is the number, whatever the other is; and frames that were cut in wrong places so that
they make up for each other are what they join to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce
from operator import or_
from typing import Any, Literal, Protocol, cast

import msgspec
from msgspec import Struct
from msgspec.json import Decoder

from bfxstream.protocol.channel_state import Channel
from bfxstream.protocol.channels import BookSubscription, TradesSubscription
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

_TRADE_NAMES: Any = Literal["te", "tu", "fte", "ftu", "hb"]
_BOOK_NAMES: Any = Literal["cs", "hb"]
_OTHER_NAMES: Any = Literal["hb"]
"""What each channel has beside rows; any other name is looked at one by one."""


class _Ignored(Struct, array_like=True, gc=False):
    """Any array, passed over."""


def together_reader(channels: Mapping[int, Channel], *, rows: bool) -> ReadTogether:
    """What reads an array of frames of these channels; it raises where one is in no layout.

    Without `rows` all that is read of a frame is its form and its sequence number.
    """
    layouts = [
        _updates(chan_id, channel)
        if rows
        else _layout(chan_id, channel, _Ignored | str, _Ignored | int)
        for chan_id, channel in channels.items()
    ]
    if not layouts:
        return lambda text: []
    any_layout: Any = reduce(or_, layouts)  # not `Union[…]`, which remembers the last 128
    return cast("ReadTogether", Decoder(list[any_layout]).decode)


def _updates(chan_id: int, channel: Channel) -> Any:
    row_type: Any = row_layout(channel.subscription)
    rows: Any = list[row_type] if channel.row_kind is ROWS else row_type
    match channel.subscription:
        case TradesSubscription():
            return _layout(chan_id, channel, _TRADE_NAMES, int | row_type)
        case BookSubscription():
            return _layout(chan_id, channel, rows | _BOOK_NAMES, int)
        case _:
            return _layout(chan_id, channel, rows | _OTHER_NAMES, int)


def _layout(chan_id: int, channel: Channel, first: Any, second: Any) -> Any:
    return msgspec.defstruct(
        "Together",
        [("first", first), ("second", second), ("third", int | None, None)],
        array_like=True,
        gc=False,
        tag=chan_id,
        namespace={"channel": channel},
    )
