"""Executions of the demo account's orders, as its messages and its history have them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from bfxstream.demo.engine import Trade
from bfxstream.demo.orders import AccountOrder, decimal_amount
from bfxstream.protocol.numbers import js_number


class AccountExecution(NamedTuple):
    """One execution of an order of the account."""

    trade_id: int
    symbol: str
    mts: int
    row: bytes
    """As `tu` has it, with the fee."""
    bare_row: bytes
    """As `te` has it, without."""


def execution_of(
    order: AccountOrder, trade: Trade, price: Decimal, is_maker: bool, fee: tuple[Decimal, str]
) -> AccountExecution:
    """What a trade was for one of its orders; `fee` is an amount and its currency."""
    amount = decimal_amount(trade.amount * order.side)
    mts = order.mts_update
    common: list[Any] = [trade.trade_id, order.symbol, mts, order.order_id]
    common += [js_number(amount), js_number(price), order.type]
    common += [order.shown_price, 1 if is_maker else -1]
    return AccountExecution(
        trade.trade_id,
        order.symbol,
        mts,
        msgspec.json.encode([*common, js_number(-fee[0]), fee[1], order.cid]),
        msgspec.json.encode([*common, None, None, order.cid]),
    )
