"""Array frames into typed messages: one decoder for each channel, made when it is confirmed."""

from __future__ import annotations

import enum
from collections.abc import Callable
from functools import cache
from typing import Any, Protocol, cast, get_args

import msgspec
from msgspec import Raw, Struct
from msgspec.json import Decoder

from bfxstream.protocol.channels import (
    BookSubscription,
    CandlesSubscription,
    DerivSubscription,
    LiquidationsSubscription,
    Subscription,
    TickerSubscription,
    TradesSubscription,
)
from bfxstream.protocol.codes import Conf
from bfxstream.protocol.rows import (
    CandleRow,
    DerivRow,
    FundingLevelRow,
    FundingOfferRow,
    FundingTickerRow,
    FundingTradeRow,
    LevelRow,
    LiquidationRow,
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


ROW, ROWS, HEARTBEAT, OTHER = Kind.ROW, Kind.ROWS, Kind.HEARTBEAT, Kind.OTHER
"""As plain names: looking a member up in its enum costs more than decoding a number."""

Decode = Callable[[bytes], Message]

_NAMES = {
    b"te": Kind.EXECUTED,
    b"fte": Kind.EXECUTED,
    b"tu": Kind.UPDATED,
    b"ftu": Kind.UPDATED,
    b"cs": Kind.CHECKSUM,
    b"hb": Kind.HEARTBEAT,
}

NAMES = {name.decode(): kind for name, kind in _NAMES.items()}

QUOTE, OPEN = b'"['
_ROWS = frozenset(b"[]")
"""What follows the opening bracket where the payload is rows, or none."""

UNREADABLE = (msgspec.DecodeError, ValueError, IndexError, RecursionError)
"""What reading a frame may raise, whatever its bytes are (wrong UTF-8 is a ValueError)."""


@cache  # there are few, and each takes 20 µs to make
def _reader(kind: Kind, payload: Any, conf: Conf) -> Decode:
    """What reads the one layout that this kind of frame has under these flags.

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
    return cast("Decode", Decoder(frame_type).decode)


class FrameReader:
    """Reads frames of any channel by their form alone: the tail is what it is used for."""

    def __init__(self, conf: Conf) -> None:
        self._by_name = {name: _reader(kind, Raw, conf) for name, kind in _NAMES.items()}
        self._other = _reader(Kind.OTHER, Raw, conf)
        self._plain = _reader(Kind.ROW, Raw, conf)

    def decode(self, frame: bytes, start: int) -> Message:
        """Read one array frame whose second element begins at `start`. Raises FrameError."""
        try:
            if frame[start] == OPEN:
                message = self._plain(frame)
            else:
                message = self._by_name.get(_name_at(frame, start), self._other)(frame)
        except UNREADABLE as error:
            raise FrameError(str(error)) from None
        return message


class ChannelDecoder:
    """Decodes the frames of one channel, whose row layout its subscription determines."""

    def __init__(self, subscription: Subscription, conf: Conf) -> None:
        row_type = row_layout(subscription)
        reader = _READERS.get(type(subscription), _checking_reader)
        self._row = reader(Kind.ROW, row_type, conf)
        self._rows = reader(Kind.ROWS, list[row_type], conf)  # type: ignore[valid-type]
        self._by_name = {
            b"hb": _reader(Kind.HEARTBEAT, str, conf),
            b"cs": _reader(Kind.CHECKSUM, int, conf),
            b"te": reader(Kind.EXECUTED, row_type, conf),
            b"tu": reader(Kind.UPDATED, row_type, conf),
            b"fte": reader(Kind.EXECUTED, row_type, conf),
            b"ftu": reader(Kind.UPDATED, row_type, conf),
        }
        self._other = _reader(Kind.OTHER, Raw, conf)

    def decode(self, frame: bytes, start: int) -> Message:
        """Read one array frame whose second element begins at `start`.

        Raises FrameError, and nothing else, where it is not in this channel's layout.
        """
        try:
            if frame[start] == OPEN:
                is_rows = frame[start + 1] in _ROWS
                message = self._rows(frame) if is_rows else self._row(frame)
            elif frame[start] == QUOTE:
                message = self._by_name.get(_name_at(frame, start), self._other)(frame)
            else:
                raise FrameError("no rows where rows are expected")
        except UNREADABLE as error:
            raise FrameError(str(error)) from None
        return message


def rows_kind(subscription: Subscription, conf: Conf) -> Kind:
    """What a frame with rows is, once the snapshot has come."""
    bulk = isinstance(subscription, BookSubscription) and conf & Conf.BULK_UPDATES
    return ROWS if bulk or isinstance(subscription, LiquidationsSubscription) else ROW


def finite_check(subscription: Subscription, conf: Conf) -> Decode | None:
    """What raises where a frame has a token that is no finite number.

    None for books: their numbers are checked where they become prices (see OrderBook.apply).
    """
    if isinstance(subscription, BookSubscription):
        return None
    row_type = with_floats(row_layout(subscription))
    if isinstance(subscription, TradesSubscription):
        return _reader(Kind.EXECUTED, row_type, conf)
    kind = rows_kind(subscription, conf)
    return _reader(kind, list[row_type] if kind is ROWS else row_type, conf)  # type: ignore[valid-type]


def _name_at(frame: bytes, start: int) -> bytes:
    return frame[start + 1 : frame.index(b'"', start + 1)]


@cache
def _checking_reader(kind: Kind, payload: Any, conf: Conf) -> Decode:
    """A reader that also raises unless the rows' raw tokens are finite numbers.

    The frame is read once more with floats in the tokens' place: for eleven of them that takes
    a third of the time of asking each from Python.
    """
    read = _reader(kind, payload, conf)
    if kind is Kind.ROWS:
        checked: Any = list[with_floats(get_args(payload)[0])]  # type: ignore[misc]
    else:
        checked = with_floats(payload)
    check = _reader(kind, checked, conf)

    def read_checked(frame: bytes) -> Message:
        check(frame)
        return read(frame)

    return read_checked


@cache
def with_floats(row_type: type[Struct]) -> Any:
    """The row's layout with floats where the row keeps tokens, null where it may be null."""
    token = float | None if row_type in _NULLABLE else float
    fields: list[Any] = []
    for known in msgspec.structs.fields(row_type):
        kind = token if known.type is Raw else known.type
        if known.type is Raw and known.name == "mts":
            kind = float
        if known.name.startswith("placeholder"):
            kind = Any
        fields.append((known.name, kind) if known.required else (known.name, kind, None))
    return msgspec.defstruct(row_type.__name__, fields, array_like=True, gc=False)


_NULLABLE = (TickerRow, FundingTickerRow, DerivRow, LiquidationRow)
"""Rows in which the exchange has no number at times."""


class _Typed(Struct, array_like=True):
    type: Any = None


@cache
def _liquidations_reader(kind: Kind, payload: Any, conf: Conf) -> Decode:
    """A checking reader of rows of the type `pos`: others, of whatever layout, are left out.

    Some of the documents' examples have one row that is not in an array: it is read as one.
    """
    alone = kind is not Kind.ROWS
    read = _reader(Kind.ROWS, Raw if alone else list[Raw], conf)
    typed = Decoder(_Typed).decode
    check = Decoder(with_floats(LiquidationRow)).decode
    row = Decoder(LiquidationRow).decode

    def read_positions(frame: bytes) -> Message:
        message = read(frame)
        rows = [message.payload] if alone else message.payload
        positions = [raw for raw in rows if typed(raw).type == "pos"]
        for raw in positions:
            check(raw)
        message.payload = list(map(row, positions))
        return message

    return read_positions


_READERS: dict[type[Subscription], Callable[[Kind, Any, Conf], Decode]] = {
    # A book's numbers are checked where they become its prices: see OrderBook.apply.
    BookSubscription: _reader,
    LiquidationsSubscription: _liquidations_reader,
}
_LAYOUTS: dict[type[Subscription], tuple[type[Struct], type[Struct]]] = {
    TickerSubscription: (TickerRow, FundingTickerRow),
    TradesSubscription: (TradeRow, FundingTradeRow),
    CandlesSubscription: (CandleRow, CandleRow),
    DerivSubscription: (DerivRow, DerivRow),
    LiquidationsSubscription: (LiquidationRow, LiquidationRow),
}
"""The layouts of trading pairs and of funding."""


def row_layout(subscription: Subscription) -> type[Struct]:
    """The struct of this subscription's rows, by its channel and market."""
    funding = subscription.market is Market.FUNDING
    if isinstance(subscription, BookSubscription):
        if subscription.raw:
            return FundingOfferRow if funding else OrderRow
        return FundingLevelRow if funding else LevelRow
    return _LAYOUTS[type(subscription)][funding]
