"""Frames of the authenticated channel 0 into messages of records (API: ws-auth)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
from msgspec import Raw, Struct

from bfxstream.protocol.account.layouts import (
    BALANCE,
    FUNDING_CREDIT,
    FUNDING_INFO,
    FUNDING_LOAN,
    FUNDING_OFFER,
    FUNDING_TRADE,
    MARGIN_BASE,
    MARGIN_SYMBOL,
    NOTIFICATION,
    ORDER,
    POSITION,
    TRADE,
    WALLET,
    Layout,
)
from bfxstream.protocol.account.records import AccountRecord, Notification
from bfxstream.protocol.codes import Conf
from bfxstream.protocol.decode import UNREADABLE, FrameError, Kind
from bfxstream.protocol.numbers import NULL, decimal, is_null, js_number


class AccountMessage(Struct):
    """One decoded frame of channel 0: a `Message` whose payload is records.

    `kind` is ROWS for a snapshot, which tells everything that there is of its kind, OTHER for a
    code that we do not know. `server_mts` is the exchange's clock, None where its flag is off.
    """

    kind: Kind
    code: str
    payload: list[AccountRecord]
    seq: int | None
    server_mts: int | None


class _Frame(Struct, array_like=True, gc=False):
    """Code, payload, then the tail: at most three numbers that we know of."""

    chan_id: int
    code: str
    payload: Raw = NULL
    tail_0: Raw = NULL
    tail_1: Raw = NULL
    tail_2: Raw = NULL


class _Scoped(Struct, array_like=True, gc=False):
    """`["base", figures]`, or `["sym", symbol, figures]`."""

    scope: str
    subject: Raw
    figures: Raw = NULL


_SNAPSHOTS = {
    "os": ORDER,
    "ps": POSITION,
    "ws": WALLET,
    "fos": FUNDING_OFFER,
    "fcs": FUNDING_CREDIT,
    "fls": FUNDING_LOAN,
}
_ROWS = {
    **dict.fromkeys(("on", "ou", "oc"), ORDER),
    **dict.fromkeys(("pn", "pu", "pc"), POSITION),
    **dict.fromkeys(("te", "tu"), TRADE),
    **dict.fromkeys(("fon", "fou", "foc"), FUNDING_OFFER),
    **dict.fromkeys(("fcn", "fcu", "fcc"), FUNDING_CREDIT),
    **dict.fromkeys(("fln", "flu", "flc"), FUNDING_LOAN),
    **dict.fromkeys(("fte", "ftu"), FUNDING_TRADE),
    "wu": WALLET,
    "bu": BALANCE,
}
_KINDS = {
    **dict.fromkeys(_SNAPSHOTS, Kind.ROWS),
    **dict.fromkeys(("te", "fte"), Kind.EXECUTED),
    **dict.fromkeys(("tu", "ftu"), Kind.UPDATED),
}

_EARLIEST_MTS = 10**11
"""Smaller numbers are no times in milliseconds but in seconds, or no times at all."""

_frame = msgspec.json.Decoder(_Frame).decode
_scoped = msgspec.json.Decoder(_Scoped).decode
_text = msgspec.json.Decoder(str).decode


class AccountDecoder:
    """Decodes the frames of channel 0, as a channel's decoder does those of its channel."""

    def __init__(self, conf: Conf) -> None:
        self._conf = conf

    def decode(self, frame: bytes, start: int = 0) -> AccountMessage:
        """Read one frame. Raises FrameError, and nothing else, where it cannot be read."""
        try:
            parts = _frame(frame)
            if parts.code == "hb":  # has no payload: the tail begins in its place
                numbers = (parts.payload, parts.tail_0, parts.tail_1)
                return AccountMessage(Kind.HEARTBEAT, "hb", [], *self._tail(numbers))
            records = _READERS.get(parts.code, _read_nothing)(parts.code, parts.payload)
            numbers = (parts.tail_0, parts.tail_1, parts.tail_2)
            return AccountMessage(_kind(parts.code), parts.code, records, *self._tail(numbers))
        except FrameError:
            raise
        except UNREADABLE as error:
            raise FrameError(str(error)) from None

    def _tail(self, numbers: Sequence[Raw]) -> tuple[int | None, int | None]:
        """The connection's sequence number and the exchange's time.

        Between them may stand a number of the account's own, on some messages and not on
        others: too small for a time, and of no use (API: General, sequencing).
        """
        seq = server_mts = None
        if self._conf & Conf.SEQ_ALL:
            seq, numbers = int(bytes(numbers[0])), numbers[1:]
        if self._conf & Conf.TIMESTAMP:
            values = (int(bytes(number)) for number in numbers if not is_null(number))
            server_mts = next((value for value in values if value >= _EARLIEST_MTS), None)
        return seq, server_mts


def _kind(code: str) -> Kind:
    return _KINDS.get(code, Kind.ROW if code in _READERS else Kind.OTHER)


def _read_nothing(code: str, payload: Raw) -> list[AccountRecord]:
    """A code that we do not know, or that the exchange no longer uses."""
    return []


def _read_margin(code: str, payload: Raw) -> list[AccountRecord]:
    scoped = _scoped(payload)
    if scoped.scope == "base":
        return [MARGIN_BASE.read(code, scoped.subject)]
    if scoped.scope == "sym":
        return [MARGIN_SYMBOL.read(code, scoped.figures, _text(scoped.subject))]
    return []


def _read_funding(code: str, payload: Raw) -> list[AccountRecord]:
    scoped = _scoped(payload)
    if scoped.scope == "sym":
        return [FUNDING_INFO.read(code, scoped.figures, _text(scoped.subject))]
    return []


def _read_notification(code: str, payload: Raw) -> list[AccountRecord]:
    record = NOTIFICATION.read(code, payload)
    assert isinstance(record, Notification)
    # At times in seconds with decimals: in our records a time is in milliseconds.
    if not is_null(record.mts) and (mts := decimal(record.mts)) < _EARLIEST_MTS:
        record.mts = js_number(mts * 1000)
    return [record]


def _read_row(layout: Layout) -> Callable[[str, Raw], list[AccountRecord]]:
    return lambda code, payload: [layout.read(code, payload)]


_READERS: dict[str, Callable[[str, Raw], list[AccountRecord]]] = {
    **{code: layout.read_all for code, layout in _SNAPSHOTS.items()},
    **{code: _read_row(layout) for code, layout in _ROWS.items()},
    "miu": _read_margin,
    "fiu": _read_funding,
    "n": _read_notification,
}
