"""The demo account's orders in the market: they rest, match, wait as stops, and end."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial
from typing import Any

from bfxstream.demo.engine import Engine, Side, Trade
from bfxstream.demo.executions import AccountExecution, execution_of
from bfxstream.demo.flow import Event
from bfxstream.demo.margin import Margin
from bfxstream.demo.market import Market
from bfxstream.demo.orders import (
    AccountOrder,
    OrderRefused,
    check_order,
    decimal_amount,
    point_text,
    read_amount,
    read_flags,
    read_id,
    read_price,
    read_tif,
)
from bfxstream.demo.prices import AMOUNT_DECIMALS, units
from bfxstream.demo.wallets import EXCHANGE, Wallets
from bfxstream.demo.worth import last_price
from bfxstream.protocol.account.orders import OrderFlag
from bfxstream.protocol.numbers import js_text
from bfxstream.protocol.symbols import codes_of

_TAKER_FEE, _MAKER_FEE = Decimal("0.002"), Decimal("0.001")
_KEPT = 10_000
"""Orders that have ended, and executions, that can be asked for later."""

_STOPS = ("STOP", "STOP LIMIT", "TRAILING STOP")


class Trading:
    """Tells what happens by the API's codes, as it happens."""

    def __init__(
        self,
        market: Market,
        tell: Callable[[str, bytes, str], None],
        play: Callable[[Event], None],
        executed: Callable[[AccountExecution], None],
        wall: Callable[[], int],
    ) -> None:
        """`tell` takes a code, a row and what it is about; `play` an event of the market."""
        self.open: dict[int, AccountOrder] = {}
        self.past: deque[AccountOrder] = deque(maxlen=_KEPT)
        """Orders that have ended, the last one at the end."""
        self.executions: deque[AccountExecution] = deque(maxlen=_KEPT)
        self.wallets = Wallets()
        self.margin = Margin(market, self.wallets)
        self._market = market
        self._tell = tell
        self._play = play
        self._executed = executed
        self._wall = wall
        self._arriving: int | None = None
        """The order that is on its way into the book: it is told of when it is there."""
        self._untold: dict[int, list[Callable[[], None]]] = {}
        """What an order's executions did, which is told after the order itself."""

    def check_funds(self, order: AccountOrder) -> None:
        """Raise OrderRefused where balance or margin do not cover the order.

        One that only reduces is cut to the size of its position.
        """
        if order.on_margin:
            self.margin.bind(order)
            self.margin.check(order, self.open.values())
            return
        currency, need = self._need(order)
        if need > self.wallets.available(currency) + order.held:
            side = "buy" if order.side is Side.BID else "sell"
            amount = js_text(decimal_amount(order.amount))
            raise OrderRefused(
                f"Invalid order: not enough exchange balance for {side} of {amount} "
                f"{order.symbol[1:]}"
            )

    def place(self, *orders: AccountOrder) -> None:
        """Let an order into the market, or an OCO pair, whose funds have been checked."""
        for order in orders:
            self.open[order.order_id] = order
            order.waiting = order.kind in _STOPS
            if order.waiting:
                order.trigger = self._first_trigger(order)
            self._hold(order)
        for order in orders:
            if order.waiting:
                self._tell_order("on", order)
            elif order.order_id in self.open:
                self._send(order, "on")
        self._set_off(orders[0].symbol)

    def cancel(self, order: AccountOrder, status: str = "CANCELED") -> None:
        """End an open order."""
        if not order.waiting:
            self._engine(order).cancel(order.order_id)
        was = f" was: {order.status}" if order.executed else ""
        self._close(order, status + was)

    def change(self, order: AccountOrder, body: Mapping[str, Any]) -> None:
        """Change an open order, but not yet in the market. Raises OrderRefused."""
        before = {name: getattr(order, name) for name in _CHANGEABLE}
        try:
            self._change(order, body)
            check_order(order)
            self.check_funds(order)
        except OrderRefused:
            _restore(order, before)
            raise

    def replace(self, order: AccountOrder) -> None:
        """Put a changed order into the market anew: it loses its place in the book."""
        if order.waiting:
            self._hold(order)
            self._tell_order("ou", order)
            self._set_off(order.symbol)
        else:
            self._engine(order).cancel(order.order_id)
            self._hold(order)
            self._send(order, "ou")

    def expire(self) -> None:
        """End the orders whose time is over."""
        now = self._wall()
        for order in [each for each in self.open.values() if each.tif and each.tif <= now]:
            self.cancel(order)

    def follow(self, event: Event) -> None:
        """See what an event of the market did to the account's orders."""
        for trade in event.trades:
            for order_id, is_maker in ((trade.maker_id, True), (trade.taker_id, False)):
                order = self.open.get(order_id)
                if order is not None:
                    self._fill(order, trade, is_maker)
        if event.trades and self.open:
            self._cut(event.symbol)
            self._set_off(event.symbol)

    # Into the market.

    def _send(self, order: AccountOrder, code: str) -> None:
        engine = self._engine(order)
        limit = self._limit_units(order)
        facing, _ = next(engine.reach(order.side.other), (None, 0))
        crosses = facing is not None and (limit is None or (limit - facing) * order.side >= 0)
        if order.flags & OrderFlag.POST_ONLY and crosses:
            self._close(order, "POSTONLY CANCELED")
            return
        if order.kind == "FOK" and self._cost(order)[1] < order.amount:
            self._close(order, "FILLORKILL CANCELED")
            return
        self._arriving = order.order_id
        listing = self._market.listings[order.symbol]
        event = listing.place(
            order.side,
            order.amount,
            limit,
            order.order_id,
            self._market.mts,
            hidden=OrderFlag.HIDDEN in order.flags,
        )
        self._play(event)
        self._arriving = None
        if order.amount == 0:
            self._close(order, order.status)
        elif order.kind == "IOC":
            engine.cancel(order.order_id)
            self._close(order, "IOC CANCELED" + (f" was: {order.status}" * bool(order.executed)))
        elif limit is None:
            self._close(order, "CANCELED" + (f" was: {order.status}" * bool(order.executed)))
        else:
            self._tell_order(code, order)

    def _set_off(self, symbol: str) -> None:
        """Let the stops go that the last price has reached."""
        listing = self._market.listings[symbol]
        if self._arriving is not None or listing.figures.last is None:
            return
        last = last_price(listing)
        for order in [each for each in self.open.values() if each.waiting]:
            if order.symbol != symbol or order.order_id not in self.open or not order.trigger:
                continue
            if order.price_trailing is not None:
                followed = last + order.side * order.price_trailing
                order.trigger = min(order.trigger * order.side, followed * order.side) * order.side
            if (last - order.trigger) * order.side >= 0:
                self._go(order)

    def _go(self, order: AccountOrder) -> None:
        order.waiting = False
        self._end_twin(order)
        try:
            self.check_funds(order)
        except OrderRefused:
            self._close(order, "INSUFFICIENT BALANCE")
            return
        self._hold(order)
        self._send(order, "ou")

    def _first_trigger(self, order: AccountOrder) -> Decimal | None:
        if order.price_trailing is None:
            return order.price
        last = last_price(self._market.listings[order.symbol])
        return last + order.side * order.price_trailing

    def _cut(self, symbol: str) -> None:
        """Cut the orders that only reduce to what there is to reduce; without it they end."""
        for order in [each for each in self.open.values() if each.only_reduces]:
            if order.symbol != symbol or order.order_id == self._arriving:
                continue
            if order.order_id not in self.open:  # it has ended with its twin
                continue
            most = self.margin.reducible(order)
            if not most:
                self.cancel(order)
            elif most < order.amount:
                self._engine(order).reduce(order.order_id, most)
                order.original -= order.amount - most
                order.amount = most
                self._tell_order("ou", order)

    # What happened.

    def _fill(self, order: AccountOrder, trade: Trade, is_maker: bool) -> None:
        price = Decimal(trade.price).scaleb(-order.instrument.price_decimals)
        amount = decimal_amount(trade.amount)
        order.amount -= trade.amount
        order.turnover += price * amount
        order.mts_update = self._wall()
        done = "PARTIALLY FILLED" if order.amount else "EXECUTED"
        order.status = f"{done} @ {point_text(price)}({js_text(amount * order.side)})"
        self._settle(order, trade, price, is_maker)
        self._hold(order)
        if order.order_id != self._arriving:
            if order.amount:
                self._tell_order("ou", order)
            else:
                self._close(order, order.status)
        self._end_twin(order)

    def _settle(self, order: AccountOrder, trade: Trade, price: Decimal, is_maker: bool) -> None:
        """Move the money of one execution, and note it."""
        # A hidden order pays as a taker does, whoever came first.
        makes = is_maker and OrderFlag.HIDDEN not in order.flags
        rate = _MAKER_FEE if makes else _TAKER_FEE
        amount = decimal_amount(trade.amount)
        base, quote = codes_of(order.symbol[1:])
        received, paid = (base, quote) if order.side is Side.BID else (quote, base)
        worth = {base: amount, quote: price * amount}
        payer = quote if order.on_margin else received
        fee = worth[payer] * rate
        execution = execution_of(order, trade, price, is_maker, (fee, payer))
        self.executions.append(execution)
        untold = self._untold.setdefault(order.order_id, [])
        untold.append(partial(self._executed, execution))
        if order.on_margin:
            opposite = trade.taker_id if is_maker else trade.maker_id
            news = self.margin.execute(order, amount * order.side, price, fee, opposite)
            untold += [partial(self._tell, *each) for each in news]
            return
        story = f"Exchange {js_text(amount)} {base} for {quote} @ {point_text(price)}"
        story += " on wallet exchange"
        self.wallets.move(EXCHANGE, paid, -worth[paid], story)
        self.wallets.move(EXCHANGE, received, worth[received] - fee, story)

    def _close(self, order: AccountOrder, status: str) -> None:
        order.status = status
        order.mts_update = self._wall()
        order.waiting = False
        del self.open[order.order_id]
        self._hold(order)
        self.past.append(order)
        self._tell_order("oc", order)
        self._end_twin(order)

    def _end_twin(self, order: AccountOrder) -> None:
        twin = self.open.get(order.twin or 0)
        order.twin = None
        if twin is not None:
            twin.twin = None
            self.cancel(twin)

    def _tell_order(self, code: str, order: AccountOrder) -> None:
        self._tell(code, order.row(), order.symbol)
        for tell in self._untold.pop(order.order_id, ()):
            tell()
        for currency in () if order.on_margin else codes_of(order.symbol[1:]):
            self._tell("wu", self.wallets.row(EXCHANGE, currency), f"{EXCHANGE}-{currency}")

    # Money.

    def _hold(self, order: AccountOrder) -> None:
        """Keep what the rest of an order needs."""
        currency, need = self._need(order)
        if order.on_margin or order.order_id not in self.open or (order.twin and order.waiting):
            need = Decimal()
        self.wallets.hold(currency, need - order.held)
        order.held = need

    def _need(self, order: AccountOrder) -> tuple[str, Decimal]:
        """What the rest of an order costs at most, and in which currency."""
        base, quote = codes_of(order.symbol[1:])
        if order.side is Side.ASK:
            return base, decimal_amount(order.amount)
        price = order.limit or order.trigger or order.price
        if price is None or (order.limit is None and not order.waiting):
            return quote, self._cost(order)[0]
        return quote, price * decimal_amount(order.amount)

    def _cost(self, order: AccountOrder) -> tuple[Decimal, int]:
        """What could be traded at once within the limit, in quote currency and in 10**-8."""
        limit, left = self._limit_units(order), order.amount
        cost = 0
        for price, there in self._engine(order).reach(order.side.other):
            if not left or (limit is not None and (limit - price) * order.side < 0):
                break
            amount = min(left, there)
            cost += price * amount
            left -= amount
        decimals = order.instrument.price_decimals + AMOUNT_DECIMALS
        return Decimal(cost).scaleb(-decimals), order.amount - left

    def _limit_units(self, order: AccountOrder) -> int | None:
        limit = order.limit
        return None if limit is None else units(str(limit), order.instrument.price_decimals)

    def _engine(self, order: AccountOrder) -> Engine:
        return self._market.listings[order.symbol].engine

    # Changes.

    def _change(self, order: AccountOrder, body: Mapping[str, Any]) -> None:
        amount = None
        if body.get("amount") is not None:
            amount = read_amount(body["amount"])
        elif body.get("delta") is not None:
            amount = read_amount(body["delta"]) + decimal_amount(order.amount * order.side)
        if amount is not None:
            if amount * order.side <= 0:
                raise OrderRefused("amount: invalid")
            executed = order.executed
            order.amount = int(abs(amount).scaleb(AMOUNT_DECIMALS))
            order.original = executed + order.amount
        for name in ("price", "price_aux_limit", "price_trailing"):
            if (price := read_price(body, name)) is not None:
                setattr(order, name, price)
        if body.get("flags") is not None:
            order.flags = read_flags(body["flags"])
        order.gid = read_id(body, "gid") or order.gid
        order.mts_update = self._wall()
        order.tif = read_tif(body.get("tif"), order.mts_update) or order.tif
        if order.waiting:
            order.trigger = self._first_trigger(order)


_CHANGEABLE = (
    *("amount", "original", "price", "price_aux_limit", "price_trailing"),
    *("flags", "gid", "mts_update", "tif", "trigger"),
)


def _restore(order: AccountOrder, before: Mapping[str, Any]) -> None:
    for name, value in before.items():
        setattr(order, name, value)
