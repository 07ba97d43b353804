"""Array frames into typed messages: one decoder for each channel, made when it is confirmed."""

from __future__ import annotations

import enum
import math
from collections.abc import Callable
from operator import attrgetter
from typing import Any, Protocol

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


class FrameError(ValueError):
    """A frame that is not JSON, or not in the layout that its channel has."""


class Kind(enum.Enum):
    """What a frame of a channel is, by its form alone."""

    ROW = "row"
    ROWS = "rows"  # a snapshot, or an update with BULK_UPDATES: only their place tells
    EXECUTED = "te"
    UPDATED = "tu"
    CHECKSUM = "cs"
    HEARTBEAT = "hb"
    OTHER = "other"  # a name that we do not know yet


class Message(Protocol):
    """One decoded frame.

    `payload` is a row, a list of rows or the checksum, by `kind`; `seq` is the connection's
    sequence number and `server_mts` the exchange's clock in ms, None where their flag is off.
    """

    kind: Kind
    payload: Any
    seq: int | None
    server_mts: int | None


ROW, ROWS = Kind.ROW, Kind.ROWS
"""As plain names: looking a member up in its enum costs more than decoding a number."""

Decode = Callable[[bytes], Any]

_NAMES = {
    b"te": Kind.EXECUTED,
    b"fte": Kind.EXECUTED,
    b"tu": Kind.UPDATED,
    b"ftu": Kind.UPDATED,
    b"cs": Kind.CHECKSUM,
    b"hb": Kind.HEARTBEAT,
}

QUOTE, OPEN, _CLOSE = b'"[]'

UNREADABLE = (msgspec.DecodeError, ValueError, IndexError, RecursionError)
"""What reading a frame may raise, whatever its bytes are (wrong UTF-8 is a ValueError)."""


def _frame_decoder(kind: Kind, payload: Any, conf: Conf) -> Decode:
    """A decoder of the one layout that this kind of frame has under these flags.

    API: General, configuration: channel id, perhaps a name, payload, then the tail, always
    sequence number before time. What comes behind is ignored.
    """
    named = kind in (Kind.EXECUTED, Kind.UPDATED, Kind.CHECKSUM, Kind.OTHER)
    fields: list[tuple[str, Any]] = [("chan_id", int)]
    fields += [("name", str)] * named
    fields += [("payload", payload)]
    absent: dict[str, Any] = {}
    for name, flag in (("seq", Conf.SEQ_ALL), ("server_mts", Conf.TIMESTAMP)):
        if conf & flag:
            fields.append((name, int))
        else:
            absent[name] = None
    frame_type = msgspec.defstruct(
        kind.name.title(), fields, array_like=True, gc=False, namespace={"kind": kind, **absent}
    )
    return Decoder(frame_type).decode


class FrameReader:
    """Reads frames of any channel by their form alone: the tail is what it is used for."""

    def __init__(self, conf: Conf) -> None:
        self._by_name = {name: _frame_decoder(kind, Raw, conf) for name, kind in _NAMES.items()}
        self._other = _frame_decoder(Kind.OTHER, Raw, conf)
        self._plain = _frame_decoder(Kind.ROW, Raw, conf)

    def decode(self, frame: bytes, start: int) -> Message:
        """Read one array frame whose second element begins at `start`. Raises FrameError."""
        try:
            if frame[start] == QUOTE:
                message = self._by_name.get(_name_at(frame, start), self._other)(frame)
            else:
                message = self._plain(frame)
        except UNREADABLE as error:
            raise FrameError(str(error)) from None
        return message  # type: ignore[no-any-return]


class ChannelDecoder:
    """Decodes the frames of one channel, whose row layout its subscription determines."""

    def __init__(self, subscription: Subscription, conf: Conf) -> None:
        row_type = row_layout(subscription)
        # A book's numbers are checked where they become its prices: see OrderBook.apply.
        self._check = None if isinstance(subscription, BookSubscription) else _check_of(row_type)
        self._row = _frame_decoder(Kind.ROW, row_type, conf)
        self._rows = _frame_decoder(Kind.ROWS, list[row_type], conf)  # type: ignore[valid-type]
        payloads = {Kind.CHECKSUM: int, Kind.HEARTBEAT: str}
        self._by_name = {
            name: _frame_decoder(kind, payloads.get(kind, row_type), conf)
            for name, kind in _NAMES.items()
        }
        self._other = _frame_decoder(Kind.OTHER, Raw, conf)

    def decode(self, frame: bytes, start: int) -> Message:
        """Read one array frame whose second element begins at `start`.

        Raises FrameError, and nothing else, where it is not in this channel's layout.
        """
        try:
            if frame[start] == OPEN:
                second = frame[start + 1]
                if second == OPEN or second == _CLOSE:
                    message = self._rows(frame)
                else:
                    message = self._row(frame)
            elif frame[start] == QUOTE:
                message = self._by_name.get(_name_at(frame, start), self._other)(frame)
            else:
                raise FrameError("no rows where rows are expected")
            if self._check is not None:
                self._check(message)
        except UNREADABLE as error:
            raise FrameError(str(error)) from None
        return message  # type: ignore[no-any-return]


def _name_at(frame: bytes, start: int) -> bytes:
    return frame[start + 1 : frame.index(b'"', start + 1)]


_TOKENS: dict[type[Struct], tuple[str, ...]] = {
    TickerRow: TickerRow.__struct_fields__,
    FundingTickerRow: FundingTickerRow.__struct_fields__,
    TradeRow: ("amount", "price"),
    FundingTradeRow: ("amount", "rate"),
}
_NULLABLE = (TickerRow, FundingTickerRow)
_WITH_ROWS = (Kind.ROW, Kind.ROWS, Kind.EXECUTED, Kind.UPDATED)


def _check_of(row_type: type[Struct]) -> Callable[[Any], None]:
    """A function that raises unless the rows' raw tokens are finite numbers.

    JSON itself is valid already: what is left is a text, an array or 1e999 in a number's place.
    """
    tokens = attrgetter(*_TOKENS[row_type])
    is_good = _is_number_or_null if row_type in _NULLABLE else _is_number

    def check(message: Any) -> None:
        if message.kind not in _WITH_ROWS:
            return
        rows = message.payload if message.kind is ROWS else (message.payload,)
        for row in rows:
            if not all(map(is_good, tokens(row))):
                raise FrameError("a number out of range")

    return check


def _is_number(token: Raw) -> bool:
    return math.isfinite(float(token))


def _is_number_or_null(token: Raw) -> bool:
    return is_null(token) or math.isfinite(float(token))


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
