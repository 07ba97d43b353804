"""Orders as values, checked when they are made, and the messages that send them.

API: ws-auth-input. A message is `[0, code, null, body]`; amounts and prices travel as text.
What is wrong with an order is a UsageError that names the option; what only the exchange can
know (balances, open orders) is left to its answer.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, ClassVar, Literal

import msgspec
from msgspec import Raw, Struct

from bfxstream.errors import UsageError
from bfxstream.protocol.account.quantities import (
    MAX_CLIENT_ID,
    MAX_LEVERAGE,
    check_amount,
    check_cid_date,
    check_price,
    check_tif,
    check_whole,
    option_of,
    plain,
)
from bfxstream.protocol.symbols import Market, is_derivative, market_of

_EXCHANGE = "EXCHANGE "
_MAX_ID = 2**53 - 1


class OrderFlag(enum.IntFlag):
    """What an order's `flags` are the sum of (API: Flag values)."""

    NONE = 0
    HIDDEN = 64
    CLOSE = 512
    REDUCE_ONLY = 1024
    POST_ONLY = 4096
    OCO = 16384
    NO_VAR_RATES = 524288


class _Needs(Struct, frozen=True):
    """Which prices an order type is made of."""

    prices: tuple[str, ...]
    rests: bool = False
    """It can wait in the book at its price, and so be post-only."""


_NEEDS = {
    "LIMIT": _Needs(("price",), rests=True),
    "MARKET": _Needs(()),
    "STOP": _Needs(("price",)),
    "STOP LIMIT": _Needs(("price", "price_aux_limit"), rests=True),
    "TRAILING STOP": _Needs(("price_trailing",)),
    "FOK": _Needs(("price",)),
    "IOC": _Needs(("price",)),
}

ORDER_TYPES = (*(_EXCHANGE + name for name in _NEEDS), *_NEEDS)
"""With `EXCHANGE ` an order trades what is in the exchange wallet, without it on margin."""


def parse_order_type(text: str) -> str:
    """The API's name of an order type, typed in any case, with spaces, `-` or `_`."""
    name = " ".join(text.replace("-", " ").replace("_", " ").upper().split())
    _check_type(name, text)
    return name


def parse_meta(text: str) -> Raw:
    """An order's `meta`, a JSON object kept as it was typed."""
    try:
        msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, ValueError, RecursionError):
        raise UsageError(
            f"--meta: {text!r} is not a JSON object", hint="""use '{"aff_code":"AFF_CODE"}'"""
        ) from None
    return Raw(text.encode())


class NewOrder(Struct, frozen=True, kw_only=True):
    """A new order. `amount` is positive, `side` says which way; `cid` is how we know it again.

    Raises UsageError where the exchange would refuse it, or take it for another one than meant.
    """

    code: ClassVar[str] = "on"

    symbol: str
    side: Literal["buy", "sell"]
    type: str
    amount: Decimal
    cid: int
    price: Decimal | None = None
    price_aux_limit: Decimal | None = None
    price_trailing: Decimal | None = None
    price_oco_stop: Decimal | None = None
    cid_oco: int | None = None
    flags: OrderFlag = OrderFlag.NONE
    gid: int | None = None
    lev: int | None = None
    tif: str | None = None
    meta: Raw | None = None

    def __post_init__(self) -> None:
        if market_of(self.symbol) is Market.FUNDING:
            raise UsageError(
                f"{self.symbol} is a funding currency, and orders are for pairs", hint="use tBTCUSD"
            )
        if self.amount < 0:
            raise UsageError(f"--amount: {self.amount} is negative", hint="use --side sell")
        check_amount(self.amount)
        self._check_prices()
        self._check_flags()
        self._check_oco()
        _check_common(self.gid, self.lev, self.tif)
        check_whole(self.cid, "cid", MAX_CLIENT_ID)
        if self.lev is not None and not is_derivative(self.symbol):
            raise UsageError(f"--lev: {self.symbol} is not a derivative")

    @property
    def spot(self) -> bool:
        """Whether it trades what is in the exchange wallet."""
        return self.type.startswith(_EXCHANGE)

    @property
    def signed_amount(self) -> Decimal:
        """The amount as the API has it: negative for a sale."""
        return self.amount if self.side == "buy" else self.amount.copy_negate()

    def check_size(self, minimum: Decimal | None, maximum: Decimal | None = None) -> None:
        """Raise UsageError where the symbol's sizes are known and this is out of them."""
        if minimum is not None and self.amount < minimum:
            least = f"the least that {self.symbol} takes, {plain(minimum)}"
            raise UsageError(f"--amount: {plain(self.amount)} is below {least}")
        if maximum is not None and self.amount > maximum:
            most = f"the most that {self.symbol} takes, {plain(maximum)}"
            raise UsageError(f"--amount: {plain(self.amount)} is above {most}")

    def message(self) -> bytes:
        """What sends it."""
        flags = self.flags | (OrderFlag.OCO if self.price_oco_stop is not None else 0)
        return _message(
            self.code,
            {
                "cid": self.cid,
                "type": self.type,
                "symbol": self.symbol,
                "amount": self.signed_amount,
                "price": self.price,
                "price_aux_limit": self.price_aux_limit,
                "price_trailing": self.price_trailing,
                "price_oco_stop": self.price_oco_stop,
                "cid_oco": self.cid_oco,
                "flags": int(flags) or None,
                "gid": self.gid,
                "lev": self.lev,
                "tif": self.tif,
                "meta": self.meta,
            },
        )

    def _check_prices(self) -> None:
        _check_type(self.type, self.type)
        needed = self._needs.prices
        for field in ("price", "price_aux_limit", "price_trailing"):
            value = getattr(self, field)
            if value is None and field in needed:
                raise UsageError(f"an order of type {self.type} needs {option_of(field)}")
            if value is not None and field not in needed:
                raise UsageError(f"{option_of(field)} does not go with type {self.type}")
            if value is not None:
                check_price(value, field)

    def _check_flags(self) -> None:
        for flag in (OrderFlag.CLOSE, OrderFlag.REDUCE_ONLY):
            if self.flags & flag and self.spot:
                raise UsageError(
                    f"{_flag_option(flag)} is for positions, and type {self.type} has none",
                    hint=f"use type {self._base}",
                )
        if self.flags & OrderFlag.POST_ONLY and not self._needs.rests:
            raise UsageError(f"--post-only does not go with type {self.type}", hint="use LIMIT")

    def _check_oco(self) -> None:
        if self.price_oco_stop is None:
            if self.flags & OrderFlag.OCO or self.cid_oco is not None:
                raise UsageError("an OCO order needs --price-oco-stop")
            return
        if self._base != "LIMIT":
            raise UsageError(
                f"--price-oco-stop does not go with type {self.type}", hint="use LIMIT"
            )
        check_price(self.price_oco_stop, "price_oco_stop")
        if self.cid_oco is not None:
            check_whole(self.cid_oco, "cid_oco", MAX_CLIENT_ID)
            if self.cid_oco == self.cid:
                raise UsageError("--cid-oco is the same as --cid", hint="each order has its own")

    @property
    def _base(self) -> str:
        return self.type.removeprefix(_EXCHANGE)

    @property
    def _needs(self) -> _Needs:
        return _NEEDS[self._base]


class OrderName(Struct, frozen=True, kw_only=True):
    """How an order is named: by the exchange's id, or by ours and the day it was given."""

    id: int | None = None
    cid: int | None = None
    cid_date: str | None = None

    def __post_init__(self) -> None:
        if (self.id is None) == (self.cid is None):
            raise UsageError("name the order by its ID or by --cid and --date, one of them")
        if (self.cid is None) != (self.cid_date is None):
            raise UsageError("--cid and --date go together: an id of ours is good for one UTC day")
        if self.id is not None:
            check_whole(self.id, "id", _MAX_ID)
        if self.cid is not None and self.cid_date is not None:
            check_whole(self.cid, "cid", MAX_CLIENT_ID)
            check_cid_date(self.cid_date)

    def body(self) -> dict[str, Any]:
        """The fields that name it in a message."""
        return {"id": self.id, "cid": self.cid, "cid_date": self.cid_date}


class UpdateOrder(Struct, frozen=True, kw_only=True):
    """A change of an open order; `amount` is the new one with its sign, `delta` what is added.

    Raises UsageError where nothing is changed or a change is none that can be.
    """

    code: ClassVar[str] = "ou"

    order: OrderName
    amount: Decimal | None = None
    delta: Decimal | None = None
    price: Decimal | None = None
    price_aux_limit: Decimal | None = None
    price_trailing: Decimal | None = None
    flags: OrderFlag | None = None
    gid: int | None = None
    lev: int | None = None
    tif: str | None = None

    def __post_init__(self) -> None:
        changes = [name for name in self.__struct_fields__ if name != "order"]
        if all(getattr(self, name) is None for name in changes):
            options = ", ".join(option_of(name) for name in changes if name != "flags")
            raise UsageError("nothing to change", hint=f"use {options}")
        if self.amount is not None and self.delta is not None:
            raise UsageError("--amount and --delta exclude each other")
        for field in ("amount", "delta"):
            if (value := getattr(self, field)) is not None:
                check_amount(value, field)
        for field in ("price", "price_aux_limit", "price_trailing"):
            if (value := getattr(self, field)) is not None:
                check_price(value, field)
        _check_common(self.gid, self.lev, self.tif)

    def message(self) -> bytes:
        """What sends it."""
        changes = {name: getattr(self, name) for name in self.__struct_fields__ if name != "order"}
        if self.flags is not None:
            changes["flags"] = int(self.flags)
        return _message(self.code, {**self.order.body(), **changes})


class CancelOrder(Struct, frozen=True):
    """The end of one order."""

    code: ClassVar[str] = "oc"

    order: OrderName

    def message(self) -> bytes:
        """What sends it."""
        return _message(self.code, self.order.body())


class CancelOrders(Struct, frozen=True, kw_only=True):
    """The end of several orders at once: by their ids, by their groups, or of all."""

    code: ClassVar[str] = "oc_multi"

    ids: Sequence[int] = ()
    gids: Sequence[int] = ()
    all: bool = False

    def __post_init__(self) -> None:
        if not (self.ids or self.gids or self.all):
            raise UsageError("no orders to cancel are named", hint="use ID, --gid or cancel-all")
        if self.all and (self.ids or self.gids):
            raise UsageError("all orders are cancelled: naming some of them says otherwise")
        for value in self.ids:
            check_whole(value, "id", _MAX_ID)
        for value in self.gids:
            check_whole(value, "gid", _MAX_ID)

    def message(self) -> bytes:
        """What sends it."""
        ids, gids = list(self.ids) or None, list(self.gids) or None
        return _message(self.code, {"id": ids, "gid": gids, "all": int(self.all) or None})


Request = NewOrder | UpdateOrder | CancelOrder


class ClientIds:
    """Makes the `cid` of each order: 45 bits, unique on a UTC day over processes and restarts.

    The upper 27 bits are the millisecond of the day, the lower 18 tell processes apart.
    """

    PROCESS_BITS: ClassVar[int] = 18

    def __init__(self, process: int) -> None:
        """`process` is a number drawn at random for each process, of at most 18 bits."""
        self._process = process % (1 << self.PROCESS_BITS) or 1
        self._day = -1
        self._last = -1

    def next(self, mts: int) -> int:
        """The id of an order made at this time (ms since 1970); never the same one twice."""
        day, millisecond = divmod(mts, 86_400_000)
        if day > self._day:
            self._day, self._last = day, -1
        # A clock that stands still or is set back must not repeat an id.
        self._last = max(millisecond, self._last + 1)
        return self._last << self.PROCESS_BITS | self._process


def _check_type(name: str, typed: str) -> None:
    if name not in ORDER_TYPES:
        raise UsageError(
            f"--type: {typed!r} is not a type of order", hint=f"use {', '.join(ORDER_TYPES)}"
        )


def _check_common(gid: int | None, lev: int | None, tif: str | None) -> None:
    if gid is not None:
        check_whole(gid, "gid", _MAX_ID)
    if lev is not None:
        check_whole(lev, "lev", MAX_LEVERAGE)
    if tif is not None:
        check_tif(tif)


def _flag_option(flag: OrderFlag) -> str:
    return option_of((flag.name or "").lower())


def _message(code: str, body: dict[str, Any]) -> bytes:
    """`[0, code, null, body]`, without the fields that are not given."""
    given = {name: value for name, value in body.items() if value is not None}
    texts = {name: plain(value) for name, value in given.items() if isinstance(value, Decimal)}
    return msgspec.json.encode([0, code, None, given | texts])
