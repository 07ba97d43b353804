"""Requests about orders in words, for whoever is asked whether to send them."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from bfxstream.protocol.account.orders import (
    CancelOrder,
    CancelOrders,
    NewOrder,
    OrderFlag,
    OrderName,
    UpdateOrder,
)
from bfxstream.protocol.account.quantities import plain

_CHANGES = {
    "amount": "amount",
    "delta": "amount more by",
    "price": "price",
    "price_aux_limit": "limit",
    "price_trailing": "distance",
    "gid": "group",
    "lev": "leverage",
    "tif": "good until",
}


def in_words(request: NewOrder | UpdateOrder | CancelOrder | CancelOrders) -> str:
    """What the request asks for: `buy 0.01 tBTCUSD at 20000, EXCHANGE LIMIT`."""
    if isinstance(request, NewOrder):
        return ", ".join(_of_new(request))
    if isinstance(request, UpdateOrder):
        changes = ((word, getattr(request, field)) for field, word in _CHANGES.items())
        told = (f"{word} {_value(value)}" for word, value in changes if value is not None)
        return f"change {_named(request.order)}: {', '.join(told)}"
    if isinstance(request, CancelOrder):
        return f"cancel {_named(request.order)}"
    if request.all:
        return "cancel all open orders"
    named = [f"order {each}" for each in request.ids]
    named += [f"all open orders of group {each}" for each in request.gids]
    return f"cancel {', '.join(named)}"


def _of_new(order: NewOrder) -> Iterator[str]:
    price = "" if order.price is None else f" at {plain(order.price)}"
    yield f"{order.side} {plain(order.amount)} {order.symbol}{price}"
    yield order.type
    if order.price_aux_limit is not None:
        yield f"limit {plain(order.price_aux_limit)}"
    if order.price_trailing is not None:
        yield f"distance {plain(order.price_trailing)}"
    if order.price_oco_stop is not None:
        yield f"or stop at {plain(order.price_oco_stop)}"
    for flag in OrderFlag:
        if flag and order.flags & flag:
            yield (flag.name or "").lower().replace("_", "-")
    if order.lev is not None:
        yield f"leverage {order.lev}"
    if order.tif is not None:
        yield f"good until {order.tif} UTC"


def _named(order: OrderName) -> str:
    if order.id is not None:
        return f"order {order.id}"
    return f"the order with cid {order.cid} of {order.cid_date}"


def _value(value: Decimal | int | str) -> str:
    return plain(value) if isinstance(value, Decimal) else str(value)
