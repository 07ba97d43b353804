"""Orders of the demo account: read from requests as the exchange reads them, and their rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, Context, Decimal, InvalidOperation
from typing import Any

import msgspec
from msgspec import Raw

from bfxstream.demo.conf import has_margin, order_sizes
from bfxstream.demo.engine import Side
from bfxstream.demo.instruments import Instrument
from bfxstream.demo.prices import AMOUNT_DECIMALS, PRICE_DIGITS
from bfxstream.protocol.account.orders import ORDER_TYPES, OrderFlag
from bfxstream.protocol.numbers import js_number, js_text
from bfxstream.protocol.symbols import codes_of

_EXCHANGE = "EXCHANGE "
_PRICELESS = ("MARKET", "TRAILING STOP")
_FIVE_DIGITS = Context(prec=PRICE_DIGITS, rounding=ROUND_DOWN)
_SMALLEST_AMOUNT = Decimal(1).scaleb(-AMOUNT_DECIMALS)


class OrderRefused(Exception):
    """A request that is answered with an ERROR; its text is the exchange's words."""


@dataclass(slots=True)
class AccountOrder:
    """One order; amounts are whole numbers of 10**-8, prices exact."""

    order_id: int
    cid: int
    instrument: Instrument
    type: str
    side: Side
    amount: int
    """What is left of it."""
    price: Decimal | None
    price_aux_limit: Decimal | None
    price_trailing: Decimal | None
    flags: OrderFlag
    mts_create: int
    mts_update: int
    reference: Decimal = Decimal()
    """The market's price when it was sent: it stands where an order has no price of its own."""
    gid: int | None = None
    tif: int | None = None
    meta: Any = None
    status: str = "ACTIVE"
    original: int = field(init=False)
    turnover: Decimal = Decimal()
    """The sum of price times amount of its executions."""
    trigger: Decimal | None = None
    """The price that sets a waiting stop off; a trailing one moves."""
    waiting: bool = False
    """A stop that has not been set off."""
    twin: int | None = None
    """The id of the other order of an OCO pair: the first that does something ends the other."""
    held: Decimal = Decimal()
    """What its wallet keeps for it."""

    def __post_init__(self) -> None:
        self.original = self.amount

    @property
    def symbol(self) -> str:
        """The symbol it trades."""
        return self.instrument.symbol

    @property
    def kind(self) -> str:
        """The type without the wallet."""
        return self.type.removeprefix(_EXCHANGE)

    @property
    def on_margin(self) -> bool:
        """Whether it changes a position, rather than the exchange wallet."""
        return not self.type.startswith(_EXCHANGE)

    @property
    def only_reduces(self) -> bool:
        """Whether it may not be larger than its position."""
        return bool(self.flags & (OrderFlag.CLOSE | OrderFlag.REDUCE_ONLY))

    @property
    def executed(self) -> int:
        """What has been traded of it."""
        return self.original - self.amount

    @property
    def limit(self) -> Decimal | None:
        """The worst price that it takes, once it is set off; None takes any."""
        if self.kind == "STOP LIMIT":
            return self.price_aux_limit
        return None if self.kind in ("MARKET", "STOP", "TRAILING STOP") else self.price

    @property
    def shown_price(self) -> Raw:
        """Its price, as its messages have it."""
        return js_number(self.price or self.reference)

    @property
    def average(self) -> Decimal:
        """The mean price of its executions; 0 before the first."""
        if not self.executed:
            return Decimal()
        return self.turnover / decimal_amount(self.executed)

    @property
    def day(self) -> str:
        """The UTC day on which its client id is unique."""
        return day_of(self.mts_create)

    def row(self) -> bytes:
        """The 32 elements of an order (API: ws-auth, orders)."""
        row: list[Any] = [None] * 32
        row[:10] = [
            *(self.order_id, self.gid, self.cid, self.symbol, self.mts_create, self.mts_update),
            *(js_number(decimal_amount(each * self.side)) for each in (self.amount, self.original)),
            *(self.type, None),
        ]
        row[10], row[12], row[13] = self.tif, int(self.flags), self.status
        row[16], row[17] = self.shown_price, js_number(round(self.average, 10))
        row[18] = js_number(self.price_trailing or 0)
        row[19] = js_number(self.price_aux_limit or 0)
        row[23], row[24], row[25] = 0, int(OrderFlag.HIDDEN in self.flags), self.twin
        row[28], row[31] = "API>BFX", self.meta
        return msgspec.json.encode(row)


def day_of(mts: int) -> str:
    """The UTC day of a time in ms, as the API writes it."""
    return dt.datetime.fromtimestamp(mts // 1000, dt.timezone.utc).strftime("%Y-%m-%d")


def decimal_amount(units: int) -> Decimal:
    """An amount in 10**-8 as a number."""
    return Decimal(units).scaleb(-AMOUNT_DECIMALS)


def point_text(value: Decimal) -> str:
    """A number in the exchange's words, which has a point: `8150.0`."""
    text = js_text(value)
    return text if "." in text or "e" in text else f"{text}.0"


def read_order(
    body: Mapping[str, Any], instruments: Mapping[str, Instrument], order_id: int, mts: int
) -> AccountOrder:
    """The order that an `on` request describes. Raises OrderRefused."""
    instrument = instruments.get(str(body.get("symbol")))
    if instrument is None or instrument.funding:
        raise OrderRefused("symbol: invalid")
    type_ = body.get("type")
    if type_ not in ORDER_TYPES:
        raise OrderRefused("type: invalid")
    if instrument.underlying:
        raise OrderRefused("Invalid order: the demo account does not trade derivatives")
    if not type_.startswith(_EXCHANGE) and not has_margin(instrument):
        raise OrderRefused(f"Invalid order: {instrument.symbol[1:]} is not traded on margin")
    flags = read_flags(body.get("flags"))
    amount = read_amount(body.get("amount"))
    order = AccountOrder(
        order_id=order_id,
        cid=read_id(body, "cid") or mts,
        instrument=instrument,
        type=type_,
        side=Side.BID if amount > 0 else Side.ASK,
        amount=int(abs(amount).scaleb(AMOUNT_DECIMALS)),
        # Whoever takes any price may give one: it says nothing.
        price=None if type_.endswith(_PRICELESS) else read_price(body, "price"),
        price_aux_limit=read_price(body, "price_aux_limit"),
        price_trailing=read_price(body, "price_trailing"),
        flags=flags,
        mts_create=mts,
        mts_update=mts,
        gid=read_id(body, "gid"),
        tif=read_tif(body.get("tif"), mts),
        meta=body.get("meta"),
    )
    check_order(order)
    return order


def check_order(order: AccountOrder) -> None:
    """Raise OrderRefused where an order's prices, size or flags cannot be."""
    if order.only_reduces and not order.on_margin:
        raise OrderRefused("Invalid order: there is no position to reduce")
    needed = {
        "MARKET": (),
        "TRAILING STOP": ("price_trailing",),
        "STOP LIMIT": ("price", "price_aux_limit"),
    }.get(order.kind, ("price",))
    for name in needed:
        if getattr(order, name) is None:
            raise OrderRefused(f"{name}: invalid")
    for price in (order.price, order.price_aux_limit, order.price_trailing):
        # Finer than any order of the market is.
        if price is not None and price.scaleb(order.instrument.price_decimals) % 1:
            raise OrderRefused("price: invalid")
    least, most = order_sizes(order.instrument)
    pair = "/".join(codes_of(order.symbol[1:]))
    if decimal_amount(order.amount) < least:
        raise OrderRefused(f"Invalid order: minimum size for {pair} is {js_text(least)}")
    if decimal_amount(order.amount) > most:
        raise OrderRefused(f"Invalid order: maximum size for {pair} is {js_text(most)}")


def read_flags(given: object) -> OrderFlag:
    """Flags that we know of; others are ignored. Raises OrderRefused."""
    if given is None:
        return OrderFlag.NONE
    if not isinstance(given, int) or isinstance(given, bool) or given < 0:
        raise OrderRefused("flags: invalid")
    return OrderFlag(given & sum(OrderFlag))


def read_amount(given: object) -> Decimal:
    """A signed amount, cut to 8 decimals. Raises OrderRefused."""
    amount = _number(given, "amount").quantize(_SMALLEST_AMOUNT, ROUND_DOWN)
    if not amount:
        raise OrderRefused("amount: invalid")
    return amount


def read_price(body: Mapping[str, Any], name: str) -> Decimal | None:
    """A price, cut to 5 significant digits; None where it is not given. Raises OrderRefused."""
    if body.get(name) is None:
        return None
    price = _FIVE_DIGITS.plus(_number(body[name], name))
    if price <= 0:
        raise OrderRefused(f"{name}: invalid")
    return price


def read_id(body: Mapping[str, Any], name: str) -> int | None:
    """A whole number; None where it is not given. Raises OrderRefused."""
    given = body.get(name)
    if given is None:
        return None
    if not isinstance(given, int) or isinstance(given, bool) or given <= 0:
        raise OrderRefused(f"{name}: invalid")
    return given


def read_tif(given: object, mts: int) -> int | None:
    """The time in ms until which an order is good. Raises OrderRefused."""
    if given is None:
        return None
    try:
        time = dt.datetime.strptime(str(given), "%Y-%m-%d %H:%M:%S")
    except ValueError:
        raise OrderRefused("tif: invalid") from None
    until = int(time.replace(tzinfo=dt.timezone.utc).timestamp() * 1000)
    if until <= mts:
        raise OrderRefused("tif: invalid")
    return until


def _number(given: object, name: str) -> Decimal:
    try:
        number = Decimal(str(given))
    except InvalidOperation:
        raise OrderRefused(f"{name}: invalid") from None
    if not number.is_finite() or not -15 <= number.adjusted() <= 15:
        raise OrderRefused(f"{name}: invalid")
    return number
