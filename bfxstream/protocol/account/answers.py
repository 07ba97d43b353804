"""From a request to its outcome: what the exchange says to the account, read for one request.

A request is answered by a notification (`on-req`, `ou-req`, `oc-req`, `oc_multi-req`) and by the
order itself (`on`, `ou`, `oc`), in either order; after a lost connection by a snapshot. An order
filled at once is never `on`, only `oc`. (API: ws-auth-input, notifications.)
"""

from __future__ import annotations

import enum
from collections.abc import Iterable

import msgspec
from msgspec import Raw, Struct

from bfxstream.protocol.account.layouts import ORDER
from bfxstream.protocol.account.orders import CancelOrder, CancelOrders, NewOrder, UpdateOrder
from bfxstream.protocol.account.quantities import cid_date
from bfxstream.protocol.account.records import AccountRecord, Notification, Order
from bfxstream.protocol.decode import UNREADABLE, FrameError
from bfxstream.protocol.numbers import NULL, decimal, integer, is_null

_REFUSALS = ("ERROR", "FAILURE")


class Verdict(enum.Enum):
    """What became of a request."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNKNOWN = "unknown"  # it may have been carried out, or not


class Wait(enum.Enum):
    """How far a new order is followed."""

    ANSWER = "answer"
    FILLED = "filled"
    CLOSED = "closed"


class Outcome(Struct, frozen=True):
    """A verdict, the orders as they were last seen, and the exchange's words."""

    verdict: Verdict
    orders: list[Order]
    words: str


class _Head(Struct, array_like=True):
    """What names the order in an answer; most of the rest may be null."""

    id: Raw = NULL
    gid: Raw = NULL
    cid: Raw = NULL


_heads = msgspec.json.Decoder(list[Raw]).decode
_head = msgspec.json.Decoder(_Head).decode


def is_filled(order: Order) -> bool:
    """Whether nothing of the order remains to be executed."""
    if is_null(order.amount):
        return (order.status or "").startswith("EXECUTED")
    return decimal(order.amount) == 0


class Pending:
    """One request for one order that was sent, until its outcome is known.

    It is handed every record of the account since before the request, those of a later
    connection too.
    """

    def __init__(
        self, request: NewOrder | UpdateOrder | CancelOrder, wait: Wait = Wait.ANSWER
    ) -> None:
        self._request = request
        self._wait = wait
        name = None if isinstance(request, NewOrder) else request.order
        self._id = name.id if name else None
        self._cid = request.cid if isinstance(request, NewOrder) else request.order.cid
        self._cid_date = name.cid_date if name else None
        self._order: Order | None = None
        """The order as it was last seen since the request."""
        self._submitted: Notification | None = None
        """The exchange's word that it has taken the request."""
        self._said = ""
        """A refusal that does not say of which order it is."""
        self._others: set[int] = set()
        self._since = 0

    def sent(self, open_orders: Iterable[Order], since: int) -> None:
        """It is sent now. What is open is no new order of ours, though its client id be the same;
        nor is what was made before this time (ms)."""
        self._others = {order.id for order in open_orders}
        self._since = since

    def receive(self, record: AccountRecord) -> Outcome | None:
        """Take a record; the outcome as soon as it is known."""
        if isinstance(record, Order) and self._names(record):
            self._id = record.id
            self._order = record
            return self._outcome_of(record)
        if isinstance(record, Notification) and _answers(record, self._request.code):
            return self._take_answer(record)
        return None

    def recall(self, order: Order) -> Outcome | None:
        """Take an order that was looked up, perhaps an older one of the same client id."""
        is_older = (integer(order.mts_create) or self._since) < self._since
        if is_older and isinstance(self._request, NewOrder):
            return None
        return self.receive(order)

    def give_up(self, reason: str) -> Outcome:
        """What is known when there is nothing more to wait for."""
        seen = [self._order] if self._order else []
        if isinstance(self._request, NewOrder):
            if self._order:
                return Outcome(Verdict.ACCEPTED, seen, reason)
            if self._submitted:
                orders = _orders_in(self._submitted)
                return Outcome(Verdict.ACCEPTED, orders, self._submitted.text or "")
        # For a change or an end, having been submitted says nothing of what came of it.
        if self._submitted:
            reason += f"; the exchange said: {self._submitted.text}"
        if self._said:
            reason += f"; the exchange said, without naming an order: {self._said}"
        return Outcome(Verdict.UNKNOWN, seen, reason)

    def _names(self, order: Order) -> bool:
        if self._id is not None:
            return order.id == self._id
        if integer(order.cid) != self._cid:
            return False
        if isinstance(self._request, NewOrder):
            return order.id not in self._others and order.symbol == self._request.symbol
        created = integer(order.mts_create)
        return created is None or cid_date(created) == self._cid_date

    def _take_answer(self, answer: Notification) -> Outcome | None:
        refused = answer.status in _REFUSALS
        named = _named_in(answer)
        if not named:
            # Only of a new order would a wrong guess cost money, sent once more by its user.
            if refused and isinstance(self._request, CancelOrder):
                return _rejected(answer)
            self._said = answer.text or "" if refused else self._said
            return None
        ours = next((name for name in named if self._is(*name)), None)
        if ours is None:
            return None
        if refused:
            return _rejected(answer)
        if answer.status == "SUCCESS":
            self._submitted = answer
            self._id = self._id or ours[0]
            return self._outcome_of(self._order) if self._order else None
        return None

    def _is(self, order_id: int | None, cid: int | None) -> bool:
        if self._id is not None and order_id is not None:
            return order_id == self._id
        return self._cid is not None and cid == self._cid

    def _outcome_of(self, order: Order) -> Outcome | None:
        words = (self._submitted.text or "") if self._submitted else ""
        if self._is_done(order):
            return Outcome(Verdict.ACCEPTED, [order], words)
        return None

    def _is_done(self, order: Order) -> bool:
        closed = order.type == "oc"
        if isinstance(self._request, CancelOrder):
            return closed
        if isinstance(self._request, UpdateOrder):
            changed = order.type == "ou" and _shows_prices(order, self._request)
            return self._submitted is not None and (closed or changed)
        filled = self._wait is Wait.FILLED and is_filled(order)
        return self._wait is Wait.ANSWER or closed or filled


class PendingCancels:
    """A request to end several orders, until all of them have ended."""

    def __init__(self, request: CancelOrders) -> None:
        self._request = request
        self._wanted: set[int] = set()
        self._ended: dict[int, Order] = {}
        self._submitted = ""

    def sent(self, open_orders: Iterable[Order], since: int) -> None:
        """It is sent now, while these orders are open."""
        self._wanted = {order.id for order in open_orders if _concerns(self._request, order)}

    def receive(self, record: AccountRecord) -> Outcome | None:
        """Take a record; the outcome as soon as it is known."""
        if isinstance(record, Notification) and _answers(record, self._request.code):
            ids = {order_id for order_id, _ in _named_in(record) if order_id is not None}
            if record.status in _REFUSALS and (not ids or ids & self._wanted):
                return _rejected(record)
            if record.status == "SUCCESS":
                self._submitted = record.text or "submitted"
                self._wanted |= ids
        elif isinstance(record, Order) and record.type == "oc":
            self._ended[record.id] = record
        else:
            return None
        return self._outcome(self._submitted) if self._submitted and not self._left else None

    def recall(self, order: Order) -> Outcome | None:
        """Take an order that was looked up."""
        return self.receive(order)

    def give_up(self, reason: str) -> Outcome:
        """What is known when there is nothing more to wait for."""
        if self._wanted and not self._left:
            return self._outcome(reason)
        left = ", ".join(map(str, self._left)) or "any order"
        return self._outcome(f"{reason}; not seen to end: {left}", Verdict.UNKNOWN)

    @property
    def _left(self) -> list[int]:
        return sorted(self._wanted - self._ended.keys())

    def _outcome(self, words: str, verdict: Verdict = Verdict.ACCEPTED) -> Outcome:
        ended = [order for order in self._ended.values() if order.id in self._wanted]
        return Outcome(verdict, ended, words)


def _concerns(request: CancelOrders, order: Order) -> bool:
    return request.all or order.id in request.ids or integer(order.gid) in request.gids


def _answers(record: Notification, code: str) -> bool:
    return record.notification_type == f"{code}-req"


def _rejected(answer: Notification) -> Outcome:
    words = answer.text or "no reason given"
    return Outcome(Verdict.REJECTED, [], words)


def _rows_in(answer: Notification) -> list[Raw]:
    """The order rows of an answer: one row, or several in an array."""
    info = bytes(answer.notify_info)
    try:
        return _heads(info) if info.startswith(b"[[") else [answer.notify_info]
    except UNREADABLE:
        return []


def _named_in(answer: Notification) -> list[tuple[int | None, int | None]]:
    """The ids and client ids of the orders that an answer is about; 0 names none."""
    named = []
    for row in _rows_in(answer):
        try:
            head = _head(row)
        except UNREADABLE:
            continue
        order_id, cid = integer(head.id) or None, integer(head.cid) or None
        if order_id or cid:
            named.append((order_id, cid))
    return named


def _orders_in(answer: Notification) -> list[Order]:
    """The orders of an answer, where they are there whole."""
    orders = []
    for row in _rows_in(answer):
        try:
            order = ORDER.read("on", row)
        except FrameError:
            continue
        assert isinstance(order, Order)
        orders.append(order)
    return orders


def _shows_prices(order: Order, request: UpdateOrder) -> bool:
    """Whether the order has the new prices: it may be changed by an execution just before."""
    for name in ("price", "price_aux_limit", "price_trailing"):
        wanted, is_now = getattr(request, name), getattr(order, name)
        if wanted is not None and (is_null(is_now) or decimal(is_now) != wanted):
            return False
    return True
