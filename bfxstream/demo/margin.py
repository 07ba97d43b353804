"""The demo account's positions: opened, changed and closed by margin orders, and their margin."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from bfxstream.demo.conf import INITIAL_MARGIN, MINIMUM_MARGIN
from bfxstream.demo.instruments import Instrument
from bfxstream.demo.market import Market
from bfxstream.demo.orders import AccountOrder, OrderRefused, decimal_amount, point_text
from bfxstream.demo.wallets import MARGIN, Wallets
from bfxstream.demo.worth import Worth
from bfxstream.protocol.account.orders import OrderFlag
from bfxstream.protocol.numbers import js_number, js_text
from bfxstream.protocol.symbols import codes_of

_FIRST_POSITION = 36_000_000
_MONEY_DECIMALS = 8
_PRICE_DECIMALS = 10
_PERCENT = 100
_SMALLEST_PART = Decimal(1).scaleb(-_MONEY_DECIMALS)


@dataclass(slots=True)
class Position:
    """What is held on margin of one pair; a short one has a negative amount."""

    position_id: int
    instrument: Instrument
    mts_create: int
    mts_update: int
    amount: Decimal = Decimal()
    cost: Decimal = Decimal()
    """What the amount was bought for, exactly; negative of a short one."""
    base_price: Decimal = Decimal()
    """The mean price that it was opened at: it stays what it was when all is closed."""
    meta: dict[str, Any] = field(default_factory=dict)

    @property
    def symbol(self) -> str:
        """The pair's symbol."""
        return self.instrument.symbol

    @property
    def quote(self) -> str:
        """The currency of its profits."""
        return codes_of(self.symbol[1:])[1]

    def add(self, amount: Decimal, price: Decimal) -> None:
        """Make it larger."""
        self.amount += amount
        self.cost += amount * price
        self.base_price = self.cost / self.amount

    def take(self, amount: Decimal, price: Decimal) -> Decimal:
        """Make it smaller by an amount of the other sign; the profit of that part, or the loss."""
        released = self.cost
        if self.amount + amount:
            released = (self.cost * -amount / self.amount).quantize(_SMALLEST_PART)
        self.amount += amount
        self.cost -= released
        return -amount * price - released

    def profit(self, price: Decimal) -> Decimal:
        """What closing it at this price would bring."""
        return self.amount * price - self.cost


class News(NamedTuple):
    """One message about the account: its code, its row and what it is about."""

    code: str
    row: bytes
    subject: str


class Margin:
    """Positions by symbol, and whether the margin wallet carries them.

    Every pair is valued in dollars at its last price. Nothing is liquidated.
    """

    def __init__(self, market: Market, wallets: Wallets) -> None:
        self.positions: dict[str, Position] = {}
        self._market = market
        self._wallets = wallets
        self._worth = Worth(market)
        self._next_id = _FIRST_POSITION

    # Orders.

    def check(self, order: AccountOrder, others: Iterable[AccountOrder]) -> None:
        """Raise OrderRefused where the margin does not cover an order besides the other ones."""
        open_orders = [each for each in others if each.on_margin and each is not order]
        needed = self._required([*open_orders, order])
        if needed > self._net() and needed > self._required(open_orders):
            amount = point_text(decimal_amount(order.amount * order.side))
            price = point_text(self._price_of(order))
            raise OrderRefused(
                f"Invalid order: not enough tradable balance for {amount} {order.symbol[1:]} "
                f"at {price}"
            )

    def reducible(self, order: AccountOrder) -> int:
        """By how much an order can make its position smaller, in 10**-8."""
        position = self.positions.get(order.symbol)
        if position is None or position.amount * order.side > 0:
            return 0
        return int(abs(position.amount).scaleb(_MONEY_DECIMALS))

    def bind(self, order: AccountOrder) -> None:
        """Let an order that only reduces or closes be no larger than its position.

        Raises OrderRefused where there is nothing to reduce.
        """
        if not order.only_reduces:
            return
        most = self.reducible(order)
        if not most:
            raise OrderRefused(f"Invalid order: no position of {order.symbol[1:]} to reduce")
        amount = most if order.flags & OrderFlag.CLOSE else min(order.amount, most)
        order.original = order.executed + amount
        order.amount = amount

    # Executions.

    def open(self, instrument: Instrument, amount: Decimal, price: Decimal, mts: int) -> None:
        """Have a position as if it had been opened at some time."""
        self._trade(instrument, amount, price, mts, {"reason": "TRADE"})

    def execute(
        self, order: AccountOrder, amount: Decimal, price: Decimal, fee: Decimal, opposite: int
    ) -> list[News]:
        """Let an execution of a signed amount change its position, and the margin wallet."""
        base, quote = codes_of(order.symbol[1:])
        self._wallets.move(MARGIN, quote, -fee, _fee_story(abs(amount), base, order, price))
        meta = {
            "reason": "TRADE",
            "order_id": order.order_id,
            "order_id_oppo": opposite,
            "liq_stage": None,
            "trade_price": point_text(price),
            "trade_amount": js_text(amount),
        }
        news = self._trade(order.instrument, amount, price, order.mts_update, meta)
        return [*news, News("wu", self._wallets.row(MARGIN, quote), f"{MARGIN}-{quote}")]

    def _trade(
        self, instrument: Instrument, amount: Decimal, price: Decimal, mts: int, meta: Any
    ) -> list[News]:
        news: list[News] = []
        position = self.positions.get(instrument.symbol)
        if position is not None and position.amount * amount < 0:
            closing = max(amount, -position.amount) if amount < 0 else min(amount, -position.amount)
            self._reduce(position, closing, price)
            amount -= closing
            position.mts_update, position.meta = mts, meta
            news.append(self._news("pu" if position.amount else "pc", position))
        if amount:
            news.append(self._enlarge(instrument, amount, price, mts, meta))
        return news

    def _reduce(self, position: Position, amount: Decimal, price: Decimal) -> None:
        profit = position.take(amount, price)
        text = point_text(price)
        story = f"Settlement @ {text} on wallet margin"
        if not position.amount:
            story = f"Position closed @ {text} (TRADE) on wallet margin"
            del self.positions[position.symbol]
        self._wallets.move(MARGIN, position.quote, profit, story)

    def _enlarge(
        self, instrument: Instrument, amount: Decimal, price: Decimal, mts: int, meta: Any
    ) -> News:
        position = self.positions.get(instrument.symbol)
        code = "pn" if position is None else "pu"
        if position is None:
            self._next_id += 1
            position = Position(self._next_id, instrument, mts, mts)
            self.positions[instrument.symbol] = position
        position.add(amount, price)
        position.mts_update, position.meta = mts, meta
        return self._news(code, position)

    def _news(self, code: str, position: Position) -> News:
        return News(code, self._row(position, calculated=False), position.symbol)

    # Figures (API: ws-auth; `miu` and `bu` are in dollars).

    def rows(self, *, calculated: bool) -> list[bytes]:
        """Every position, with its profit where that is calculated."""
        return [self._row(each, calculated=calculated) for each in self.positions.values()]

    def calculated(self) -> Iterable[News]:
        """Every position and its margin by the last prices."""
        return [*map(self.position_info, self.positions), *self.infos()]

    def infos(self) -> Iterable[News]:
        """The margin of the account, and of each pair that has a position."""
        return [self.base_info(), *map(self.symbol_info, self.positions)]

    def position_info(self, symbol: str) -> News:
        """A position with its profit."""
        return News("pu", self._row(self.positions[symbol], calculated=True), symbol)

    def base_info(self) -> News:
        """The margin of the whole account."""
        figures = (self._profit(), Decimal(), self._balance(), self._net(), self._minimum())
        return News("miu", msgspec.json.encode(["base", [*map(_money, figures)]]), "")

    def symbol_info(self, symbol: str) -> News:
        """What can be traded of one pair on margin."""
        net = self._net()
        tradable = max(Decimal(), (net - self._required(())) / INITIAL_MARGIN)
        price = self._worth.last(symbol) * self._worth.in_dollars(codes_of(symbol[1:])[1])
        position = self.positions.get(symbol)
        held = Decimal() if position is None else position.amount
        room = tradable / price if price else Decimal()
        # The other way twice what is held comes first: closing it, and as much again.
        buy, sell = (room + 2 * max(Decimal(), held * way) for way in (-1, 1))
        figures = [*map(_money, (tradable, net / INITIAL_MARGIN, buy, sell)), *[None] * 4]
        return News("miu", msgspec.json.encode(["sym", symbol, figures]), symbol)

    def balance(self) -> News:
        """The worth of all wallets, and what it would be with every position closed."""
        worth = self._sum(self._wallets.balances())
        figures = [_money(worth), _money(worth + self._profit())]
        return News("bu", msgspec.json.encode(figures), "")

    def _row(self, position: Position, *, calculated: bool) -> bytes:
        """The 20 elements of a position."""
        row: list[Any] = [None] * 20
        row[0], row[1] = position.symbol, "ACTIVE" if position.amount else "CLOSED"
        row[2] = js_number(position.amount)
        row[3] = js_number(round(position.base_price, _PRICE_DECIMALS))
        row[4], row[5] = 0, 0
        if calculated:
            profit = position.profit(self._worth.last(position.symbol))
            row[6] = _money(profit)
            row[7] = _money(profit / abs(position.cost) * _PERCENT)
            row[8] = self._liquidation_price(position)
            row[9] = _money(self._exposure(position) / self._net()) if self._net() > 0 else None
            row[12], row[13] = position.mts_create, position.mts_update
        row[11], row[15], row[17], row[19] = position.position_id, 0, 0, position.meta
        return msgspec.json.encode(row)

    def _liquidation_price(self, position: Position) -> msgspec.Raw | None:
        """Where the margin would be used up, if no other price moved; None for nowhere."""
        price = self._worth.last(position.symbol)
        dollars = self._worth.in_dollars(position.quote)
        slope = (position.amount - abs(position.amount) * MINIMUM_MARGIN) * dollars
        found = price - (self._net() - self._minimum()) / slope if slope else Decimal()
        return js_number(round(found, _MONEY_DECIMALS)) if found > 0 else None

    def _exposure(self, position: Position) -> Decimal:
        return self._dollars(position.instrument, abs(position.amount))

    def _dollars(
        self, instrument: Instrument, amount: Decimal, price: Decimal | None = None
    ) -> Decimal:
        price = self._worth.last(instrument.symbol) if price is None else price
        return amount * price * self._worth.in_dollars(codes_of(instrument.symbol[1:])[1])

    def _required(self, orders: Iterable[AccountOrder]) -> Decimal:
        """What the positions need, and the orders on that side of each pair that needs more."""
        worth: dict[str, list[Decimal]] = {}
        for symbol, position in self.positions.items():
            held = self._dollars(position.instrument, position.amount)
            worth[symbol] = [held, -held]
        for order in orders:
            sides = worth.setdefault(order.symbol, [Decimal(), Decimal()])
            amount = decimal_amount(order.amount)
            sides[order.side < 0] += self._dollars(order.instrument, amount, self._price_of(order))
        return sum(map(max, worth.values()), Decimal()) * INITIAL_MARGIN

    def _price_of(self, order: AccountOrder) -> Decimal:
        return order.limit or order.trigger or order.price or self._worth.last(order.symbol)

    def _sum(self, balances: Iterable[tuple[str, Decimal]]) -> Decimal:
        worths = (balance * self._worth.in_dollars(currency) for currency, balance in balances)
        return sum(worths, Decimal())

    def _balance(self) -> Decimal:
        return self._sum(self._wallets.balances(MARGIN))

    def _profit(self) -> Decimal:
        profits = (
            (each.quote, each.profit(self._worth.last(each.symbol)))
            for each in self.positions.values()
        )
        return self._sum(profits)

    def _net(self) -> Decimal:
        return self._balance() + self._profit()

    def _minimum(self) -> Decimal:
        exposures = (self._exposure(each) for each in self.positions.values())
        return sum(exposures, Decimal()) * MINIMUM_MARGIN


def _money(value: Decimal) -> msgspec.Raw:
    return js_number(round(value, _MONEY_DECIMALS))


def _fee_story(amount: Decimal, base: str, order: AccountOrder, price: Decimal) -> str:
    return (
        f"Trading fees for {js_text(amount)} {base} ({order.symbol[1:]}) @ {point_text(price)} "
        "on BFX on wallet margin"
    )
