"""The demo account: its requests answered, and what happens to it told to all its sessions."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from heapq import heappop, heappush
from itertools import count
from typing import Any, Protocol

import msgspec

from bfxstream.demo.access import Gate, Grant
from bfxstream.demo.arrays import json_array
from bfxstream.demo.engine import Side
from bfxstream.demo.executions import AccountExecution
from bfxstream.demo.flow import Event
from bfxstream.demo.margin import News
from bfxstream.demo.market import Market
from bfxstream.demo.orders import (
    AccountOrder,
    OrderRefused,
    decimal_amount,
    read_id,
    read_order,
    read_price,
)
from bfxstream.demo.trading import Trading
from bfxstream.demo.worth import last_price
from bfxstream.protocol.account.orders import OrderFlag
from bfxstream.protocol.numbers import js_text
from bfxstream.protocol.symbols import codes_of

_PROCESSING_SECONDS = 0.04
"""Between `te` and `tu`, as of public trades."""

_CANCELLING_SECONDS = 0.02
"""Between a cancel's answer and the end of the order, which may trade meanwhile."""

_GROUPS = {"o": "trading", "p": "trading", "t": "trading", "w": "wallet", "b": "balance"} | {
    "f": "funding",
    "n": "notify",
    "m": "",
}
"""The filter that lets a message through, by its code's first letter (API: ws-auth).

None is known that lets margin through: whoever has filters does not hear of it.
"""

_CALCULATION_SECONDS = 1.0
"""Between two calculations of what follows the market's prices."""

_MOST_CALCULATIONS = 30
"""That one request may ask for (API: changelog)."""

_HOUR = 3_600_000
_LIVED_IN_ORDERS = (("tBTCUSD", "0.15", "0.97"), ("tETHUSD", "-8", "1.04"))
_LIVED_IN_POSITIONS = (("tBTCUSD", "0.2", "0.994"), ("tETHUSD", "-3", "0.991"))
"""Symbol, amount, and the price as a share of the last one."""

_NAMELESS = (None,) * 32


class Listener(Protocol):
    """A session that has proved whose it is."""

    def deliver_account(self, code: str, row: bytes) -> None:
        """Send a message of channel 0."""
        ...


@dataclass(frozen=True)
class _Member:
    """What one session may do, and wants to hear."""

    grant: Grant
    filters: Sequence[str]
    cancels_at_end: bool
    calculates: bool
    """Whether it wants to hear again and again what follows the market's prices."""

    def hears(self, code: str, subject: str) -> bool:
        group = _GROUPS[code[0]]
        return not self.filters or group in self.filters or f"{group}-{subject}" in self.filters


class Account:
    """One account, whose keys are known to everybody; times are the machine's clock."""

    def __init__(
        self,
        market: Market,
        play: Callable[[Event], None],
        executed: Callable[[AccountExecution], None],
        ordered: Callable[[str, bytes], None],
        wall: Callable[[], int],
    ) -> None:
        """`play` lets the market know of an event that the account made in it; `ordered` takes
        what is told of an order, code and row."""
        self.gate = Gate()
        self._market = market
        self._play = play
        self._journal = executed
        self._journal_order = ordered
        self._wall = wall
        self.trading = Trading(market, self._tell, self._play_and_follow, self._executed, wall)
        self._members: dict[Listener, _Member] = {}
        self._now = 0.0
        self._late: list[tuple[float, int, Callable[[], None]]] = []
        """A heap by time; the number decides between equal times."""
        self._numbers = count()
        self._cids: set[tuple[str, int]] = set()
        self._calculate_at = 0.0
        self._calculated: dict[tuple[str, str], bytes] = {}
        """What was told last, by code and subject."""
        self._balance_moved = False
        self._requests: dict[str, Callable[[Mapping[str, Any]], None]] = {
            "on": self._new,
            "ou": self._update,
            "oc": self._cancel,
            "oc_multi": self._cancel_several,
        }

    # Sessions.

    def join(
        self,
        listener: Listener,
        grant: Grant,
        filters: Sequence[str],
        *,
        cancels_at_end: bool = False,
        calculates: bool = False,
    ) -> None:
        """Tell a session everything that there is, and from now on what changes."""
        member = _Member(grant, filters, cancels_at_end, calculates)
        self._members[listener] = member
        orders = [order.row() for order in self.trading.open.values()]
        snapshots = {
            "ps": json_array(self.trading.margin.rows(calculated=calculates)),
            "ws": json_array(self.trading.wallets.rows()),
            "os": json_array(orders),
            **dict.fromkeys(("fos", "fcs", "fls"), json_array([])),
        }
        for code, rows in snapshots.items():
            if any(word.startswith(_GROUPS[code[0]]) for word in filters) or not filters:
                listener.deliver_account(code, rows)
        if calculates:
            for news in (self.trading.margin.balance(), *self.trading.margin.infos()):
                if member.hears(news.code, news.subject):
                    listener.deliver_account(news.code, news.row)

    def live_in(self) -> None:
        """Have orders and positions, as an account that was used before."""
        mts = self._wall() - _HOUR
        for number, (symbol, amount, share) in enumerate(_LIVED_IN_ORDERS):
            body = {"symbol": symbol, "type": "EXCHANGE LIMIT", "amount": amount}
            body["price"] = str(last_price(self._market.listings[symbol]) * Decimal(share))
            instruments = self._market.instruments
            self.trading.place(read_order(body, instruments, self._issue_id(), mts + number))
        for symbol, amount, share in _LIVED_IN_POSITIONS:
            listing = self._market.listings[symbol]
            base_price = round(last_price(listing) * Decimal(share), 1)
            self.trading.margin.open(listing.instrument, Decimal(amount), base_price, mts)

    def leave(self, listener: Listener) -> None:
        """A session is over; with the dead-man switch its end is that of all open orders."""
        member = self._members.pop(listener, None)
        if member is not None and member.cancels_at_end:
            for order in list(self.trading.open.values()):
                if order.order_id in self.trading.open:
                    self.trading.cancel(order)

    def request(self, listener: Listener, message: Sequence[Any], now: float) -> None:
        """Answer an array that a session sends: `[0, code, null, body]` (API: ws-auth-input)."""
        self._now = now
        match message:
            case [0, "ox_multi", _, list(several)]:
                for each in several:
                    if isinstance(each, list) and each:
                        self.request(listener, [0, each[0], None, *each[1:]], now)
            case [0, str(code), _, dict(body)] if code in self._requests:
                if not self._members[listener].grant.trades:
                    self._answer(code, "ERROR", _echo(body), "apikey: invalid (no permission)")
                    return
                self._requests[code](body)
            case [0, "calc", _, list(names)]:
                for name in names[:_MOST_CALCULATIONS]:
                    self._calculate(listener, name)

    # Time.

    def follow(self, event: Event, now: float) -> None:
        """See what an event of the market did."""
        self._now = now
        self.trading.follow(event)

    def advance(self, now: float) -> None:
        """Do everything that is due."""
        self._now = now
        while self._late and self._late[0][0] <= now:
            heappop(self._late)[2]()
        self.trading.expire()
        if self._members and self._calculate_at <= now:
            self._calculate_at = now + _CALCULATION_SECONDS
            self._calculate_all()

    def next_due(self, now: float) -> float:
        """When `advance` should be called next."""
        expiries = (order.tif for order in self.trading.open.values() if order.tif)
        seconds = (min(expiries, default=math.inf) - self._wall()) / 1000
        late = self._late[0][0] if self._late else math.inf
        calculation = self._calculate_at if self._members else math.inf
        return min(late, calculation, now + max(0.0, seconds))

    def _later(self, seconds: float, do: Callable[[], None]) -> None:
        heappush(self._late, (self._now + seconds, next(self._numbers), do))

    # Requests.

    def _new(self, body: Mapping[str, Any]) -> None:
        mts = self._wall()
        try:
            orders = self._orders_of(body, mts)
            for order in orders:
                self.trading.check_funds(order)
        except OrderRefused as refused:
            self._answer("on", "ERROR", _echo(body), str(refused))
            return
        self._cids.update((order.day, order.cid) for order in orders)
        order = orders[0]
        text = f"Submitting {order.type.lower()} {_side(order)} order for {_amount(order)}."
        self._answer("on", "SUCCESS", order.row(), text)
        self.trading.place(*orders)

    def _orders_of(self, body: Mapping[str, Any], mts: int) -> list[AccountOrder]:
        """The order of an `on`, and the stop that makes it an OCO pair. Raises OrderRefused."""
        order = read_order(body, self._market.instruments, self._issue_id(), mts)
        orders = [order]
        if order.flags & OrderFlag.OCO:
            stop = dict(body) | {
                "type": order.type.replace("LIMIT", "STOP"),
                "price": read_price(body, "price_oco_stop"),
                "cid": read_id(body, "cid_oco") or order.cid + 1,
                "flags": order.flags & (OrderFlag.CLOSE | OrderFlag.REDUCE_ONLY),
            }
            twin = read_order(stop, self._market.instruments, self._issue_id(), mts)
            order.twin, twin.twin = twin.order_id, order.order_id
            orders.append(twin)
        for each in orders:
            each.reference = last_price(self._market.listings[each.symbol])
            if (each.day, each.cid) in self._cids:
                raise OrderRefused("cid: dup")
        return orders

    def _issue_id(self) -> int:
        return next(iter(self._market.listings.values())).engine.issue_id()

    def _update(self, body: Mapping[str, Any]) -> None:
        try:
            order = self._named(body)
            self.trading.change(order, body)
        except OrderRefused as refused:
            self._answer("ou", "ERROR", _echo(body), str(refused))
            return
        self._answer("ou", "SUCCESS", order.row(), f"Submitting update to order {order.order_id}.")
        self.trading.replace(order)

    def _cancel(self, body: Mapping[str, Any]) -> None:
        try:
            order = self._named(body)
        except OrderRefused as refused:
            self._answer("oc", "ERROR", _echo(body), str(refused))
            return
        text = f"Submitted for cancellation; waiting for confirmation (ID: {order.order_id})."
        self._answer("oc", "SUCCESS", order.row(), text)
        self._later(_CANCELLING_SECONDS, partial(self._end, order))

    def _cancel_several(self, body: Mapping[str, Any]) -> None:
        orders = [order for order in self.trading.open.values() if _is_meant(order, body)]
        text = f"Submitting {len(orders)} order cancellations."
        self._answer("oc_multi", "SUCCESS", json_array(order.row() for order in orders), text)
        for order in orders:
            self._later(_CANCELLING_SECONDS, partial(self._end, order))

    def _end(self, order: AccountOrder) -> None:
        if order.order_id in self.trading.open:
            self.trading.cancel(order)

    def _named(self, body: Mapping[str, Any]) -> AccountOrder:
        """The open order that a request names. Raises OrderRefused."""
        for order in self.trading.open.values():
            if body.get("id") == order.order_id:
                return order
            if body.get("id") is None and _has_cid(order, body.get("cid"), body.get("cid_date")):
                return order
        raise OrderRefused("Order not found.")

    def _answer(self, code: str, status: str, info: bytes, text: str) -> None:
        notification = [self._wall(), f"{code}-req", None, None, msgspec.Raw(info), None]
        self._tell("n", msgspec.json.encode([*notification, status, text]), "")

    # What follows the market's prices.

    def _calculate_all(self) -> None:
        """Tell whoever wants it what has changed since it was told last."""
        margin = self.trading.margin
        for news in (*margin.calculated(), margin.balance()):
            place = (news.code, news.subject)
            if self._calculated.get(place) == news.row:
                continue
            self._calculated[place] = news.row
            to_all = news.code == "bu" and self._balance_moved
            for listener, member in self._members.items():
                if (member.calculates or to_all) and member.hears(news.code, news.subject):
                    listener.deliver_account(news.code, news.row)
        self._balance_moved = False

    def _calculate(self, listener: Listener, asked: object) -> None:
        """Answer one element of a `calc`: an array of a name such as `position_tBTCUSD`."""
        margin, instruments = self.trading.margin, self._market.instruments
        news = None
        match str(asked[0]).split("_", 2) if isinstance(asked, list) and asked else []:
            case ["balance"]:
                news = margin.balance()
            case ["margin", "base"]:
                news = margin.base_info()
            case ["margin", "sym", symbol] if symbol in instruments:
                news = margin.symbol_info(symbol)
            case ["position", symbol] if symbol in margin.positions:
                news = margin.position_info(symbol)
            case ["wallet", (("exchange" | "margin") as kind), currency]:
                news = News("wu", self.trading.wallets.row(kind, currency), "")
        if news is not None:
            listener.deliver_account(news.code, news.row)

    # News.

    def _tell(self, code: str, row: bytes, subject: str) -> None:
        if code in ("on", "ou", "oc"):
            self._journal_order(code, row)
        if code == "wu":
            self._balance_moved = True
        for listener, member in self._members.items():
            if member.hears(code, subject):
                listener.deliver_account(code, row)

    def _play_and_follow(self, event: Event) -> None:
        self._play(event)
        self.trading.follow(event)

    def _executed(self, execution: AccountExecution) -> None:
        self._journal(execution)
        self._tell("te", execution.bare_row, execution.symbol)
        update = partial(self._tell, "tu", execution.row, execution.symbol)
        self._later(_PROCESSING_SECONDS, update)


def _side(order: AccountOrder) -> str:
    return "buy" if order.side is Side.BID else "sell"


def _amount(order: AccountOrder) -> str:
    """The amount with its sign, and its currency."""
    base, _ = codes_of(order.symbol[1:])
    return f"{js_text(decimal_amount(order.amount * order.side))} {base}"


def _is_meant(order: AccountOrder, body: Mapping[str, Any]) -> bool:
    ids, gids, cids = (_listed(body.get(name)) for name in ("id", "gid", "cid"))
    if body.get("all") or order.order_id in ids or order.gid in gids:
        return True
    return any(isinstance(each, list) and _has_cid(order, *each[:2]) for each in cids)


def _listed(given: object) -> Iterable[Any]:
    return given if isinstance(given, list) else ()


def _has_cid(order: AccountOrder, cid: object = None, date: object = None) -> bool:
    return order.cid == cid and order.day == date


def _echo(body: Mapping[str, Any]) -> bytes:
    """The array of an order that there is not: what the request says of it, the rest null."""
    row: list[Any] = list(_NAMELESS)
    row[0], row[1], row[2], row[3] = (body.get(name) for name in ("id", "gid", "cid", "symbol"))
    row[8] = body.get("type")
    return msgspec.json.encode(row)
