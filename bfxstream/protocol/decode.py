"""Array frames into typed rows: one decoder for each subscription, chosen when it is confirmed."""

from __future__ import annotations

import enum
import math
from collections.abc import Callable
from operator import attrgetter
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Raw, Struct
from msgspec.json import Decoder

from bfxstream.protocol.channels import BookSubscription, Subscription, TradesSubscription
from bfxstream.protocol.codes import Conf
from bfxstream.protocol.numbers import is_null
from bfxstream.protocol.rows import (
    FundingLevelRow,
    FundingOfferRow,
    FundingTickerRow,
    FundingTradeRow,
    LevelRow,
    OrderRow,
    TickerRow,
    TradeRow,
)
from bfxstream.protocol.symbols import Market

PayloadT = TypeVar("PayloadT")


class FrameError(ValueError):
    """A frame that is not JSON, or not in the layout that its channel has."""


UNREADABLE = (msgspec.DecodeError, ValueError, IndexError, RecursionError)
"""What any bytes at all can make a decoder raise; a ValueError is text that is not UTF-8."""


class Kind(enum.Enum):
    """What a frame of a channel is."""

    DATA = "data"  # rows without a name: a snapshot or an update, as the channel's state tells
    EXECUTED = "te"
    UPDATED = "tu"
    CHECKSUM = "cs"
    HEARTBEAT = "hb"
    OTHER = "other"  # a name that we do not know yet: counted, then ignored


class Message(Struct):
    """One decoded frame: rows in wire order, and the tail that the `conf` flags ask for.

    `seq` is the connection's sequence number, `server_mts` the exchange's clock in ms; each is
    None where its flag is off.
    """

    kind: Kind
    rows: list[Any]
    bulk: bool
    checksum: int
    seq: int | None
    server_mts: int | None


# Frame layouts (API: General, configuration): payload or name and payload, then the tail.
class _Data(Struct, Generic[PayloadT], array_like=True):
    chan_id: int
    payload: PayloadT
    first: int | None = None
    second: int | None = None


class _Named(Struct, Generic[PayloadT], array_like=True):
    chan_id: int
    name: str
    payload: PayloadT
    first: int | None = None
    second: int | None = None


_KINDS = {
    "te": Kind.EXECUTED,
    "fte": Kind.EXECUTED,
    "tu": Kind.UPDATED,
    "ftu": Kind.UPDATED,
}

_heartbeats = Decoder(_Data[str])
_checksums = Decoder(_Named[int])
_anything = Decoder(_Data[Raw])
_anything_named = Decoder(_Named[Raw])

_QUOTE = ord('"')
_BRACKET = ord("[")
_BRACKETS = (ord("["), ord("]"))
_SPACE = ord(" ")
"""The last of JSON's white space, which are all below any other character of a frame."""


def channel_of(frame: bytes) -> bytes:
    """The channel id's text, without decoding the frame: `[225206,[…]]` gives `225206`."""
    return frame[1 : frame.find(b",")].strip()


def read_tail(conf: Conf, first: int | None, second: int | None) -> tuple[int | None, int | None]:
    """Sequence number and server time: always in this order, each only with its flag.

    Raises FrameError where one that the flags promise is missing.
    """
    seq = server_mts = None
    if conf & Conf.SEQ_ALL:
        seq, first = first, second
        if seq is None:
            raise FrameError("no sequence number")
    if conf & Conf.TIMESTAMP:
        server_mts = first
    return seq, server_mts


def sequence_of(frame: bytes, conf: Conf) -> int | None:
    """The sequence number of any array frame, by the layout alone: for channels not known (yet).

    Raises FrameError where the frame is not an array frame.
    """
    try:
        head = _anything.decode(frame)
    except UNREADABLE:
        pass  # a name, then a payload of any type where `_Data` expects the tail
    else:
        if not bytes(head.payload).startswith(b'"') or bytes(head.payload) == b'"hb"':
            return read_tail(conf, head.first, head.second)[0]
    try:
        named = _anything_named.decode(frame)
    except UNREADABLE as error:
        raise FrameError(str(error)) from None
    return read_tail(conf, named.first, named.second)[0]


class ChannelDecoder:
    """Decodes the frames of one channel, whose row layout its subscription determines."""

    def __init__(self, subscription: Subscription, conf: Conf) -> None:
        row_type = row_layout(subscription)
        self._conf = conf
        self._check = _check_of(row_type)
        self._row = Decoder(_Data[row_type])  # type: ignore[valid-type]
        self._rows = Decoder(_Data[list[row_type]])  # type: ignore[valid-type]
        self._named_row = Decoder(_Named[row_type])  # type: ignore[valid-type]

    def decode(self, frame: bytes) -> Message:
        """Read one array frame of this channel. Raises FrameError, and nothing else."""
        try:
            start = frame.index(b",") + 1
            if frame[start] == _QUOTE:
                return self._decode_named(frame, start)
            if frame[start] != _BRACKET:
                return self._decode_spaced(frame)
            inner = frame[start + 1]
            if inner <= _SPACE:
                return self._decode_spaced(frame)
            return self._decode_data(frame, inner in _BRACKETS)
        except UNREADABLE as error:
            raise FrameError(str(error)) from None

    def _decode_data(self, frame: bytes, bulk: bool) -> Message:
        if bulk:
            many = self._rows.decode(frame)
            rows = many.payload
            seq, server_mts = read_tail(self._conf, many.first, many.second)
        else:
            one = self._row.decode(frame)
            rows = [one.payload]
            seq, server_mts = read_tail(self._conf, one.first, one.second)
        for row in rows:
            self._check(row)
        return Message(Kind.DATA, rows, bulk, 0, seq, server_mts)

    def _decode_named(self, frame: bytes, start: int) -> Message:
        name = frame[start + 1 : frame.index(b'"', start + 1)].decode("ascii", "replace")
        if name == "hb":
            beat = _heartbeats.decode(frame)
            tail = read_tail(self._conf, beat.first, beat.second)
            return Message(Kind.HEARTBEAT, [], False, 0, *tail)
        if name == "cs":
            cs = _checksums.decode(frame)
            tail = read_tail(self._conf, cs.first, cs.second)
            return Message(Kind.CHECKSUM, [], False, cs.payload, *tail)
        if name in _KINDS:
            trade = self._named_row.decode(frame)
            self._check(trade.payload)
            tail = read_tail(self._conf, trade.first, trade.second)
            return Message(_KINDS[name], [trade.payload], False, 0, *tail)
        other = _anything_named.decode(frame)
        return Message(Kind.OTHER, [], False, 0, *read_tail(self._conf, other.first, other.second))

    def _decode_spaced(self, frame: bytes) -> Message:
        # The exchange sends no white space; anything else is valid JSON all the same.
        compact = msgspec.json.format(frame, indent=-1)
        if compact == frame:
            raise FrameError("no rows where rows are expected")
        return self.decode(compact)


_TOKENS: dict[type[Struct], tuple[str, ...]] = {
    TickerRow: TickerRow.__struct_fields__,
    FundingTickerRow: FundingTickerRow.__struct_fields__,
    TradeRow: ("amount", "price"),
    FundingTradeRow: ("amount", "rate"),
    LevelRow: ("price", "amount"),
    OrderRow: ("price", "amount"),
    FundingLevelRow: ("rate", "amount"),
    FundingOfferRow: ("rate", "amount"),
}
_NULLABLE = (TickerRow, FundingTickerRow)


def _check_of(row_type: type[Struct]) -> Callable[[Any], None]:
    """A function that raises unless the row's raw tokens are finite numbers.

    JSON itself is valid already: what is left is a text, an array or 1e999 in a number's place.
    """
    tokens = attrgetter(*_TOKENS[row_type])
    nullable = row_type in _NULLABLE

    def check(row: Any) -> None:
        for token in tokens(row):
            if nullable and is_null(token):
                continue
            try:
                finite = math.isfinite(float(token))
            except ValueError:
                finite = False
            if not finite:
                raise FrameError(f"not a number: {bytes(token)[:40]!r}")

    return check


def row_layout(subscription: Subscription) -> type[Struct]:
    """The struct of this subscription's rows, by its channel and market."""
    funding = subscription.market is Market.FUNDING
    if isinstance(subscription, BookSubscription):
        if subscription.raw:
            return FundingOfferRow if funding else OrderRow
        return FundingLevelRow if funding else LevelRow
    if isinstance(subscription, TradesSubscription):
        return FundingTradeRow if funding else TradeRow
    return FundingTickerRow if funding else TickerRow
