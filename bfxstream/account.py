"""What is known of an account: what changed while nobody watched is told, executions once."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, Generic, TypeVar

from msgspec import UNSET, Raw
from msgspec.structs import replace

from bfxstream.protocol.account.messages import AccountMessage
from bfxstream.protocol.account.records import (
    AccountFundingTrade,
    AccountRecord,
    AccountTrade,
    Balance,
    FundingCredit,
    FundingInfo,
    FundingLoan,
    FundingOffer,
    MarginBase,
    MarginSymbol,
    Order,
    Position,
    Wallet,
    facts,
)
from bfxstream.protocol.decode import Kind
from bfxstream.protocol.numbers import integer, is_null
from bfxstream.trades import TradeLedger

HeldT = TypeVar("HeldT", Order, Position, Wallet, FundingOffer, FundingCredit, FundingLoan)
TradeT = TypeVar("TradeT", AccountTrade, AccountFundingTrade)

REMEMBERED = 5000
"""Executions and ended orders kept: twice what one page of the history brings (API: rest-auth)."""


class Holdings(Generic[HeldT]):
    """What there is of one kind at the moment, by what each is known by."""

    def __init__(self, key: Callable[[HeldT], Hashable], end: str | None = None) -> None:
        """`end` is the code of the message that ends one."""
        self.held: dict[Hashable, HeldT] = {}
        self.told = False
        """Whether a snapshot has told all that there is."""
        self._key: Callable[[HeldT], Hashable] = key
        self._end = end

    def take(self, record: HeldT) -> None:
        """Take a record of a message: a new one, a change or an end."""
        if record.type == self._end:
            self.held.pop(self._key(record), None)
        else:
            self.held[self._key(record)] = record

    def take_snapshot(self, records: Sequence[HeldT]) -> tuple[list[HeldT], list[HeldT]]:
        """Take all that there is: what is new or differs, and what is gone since it was told."""
        before, self.held = self.held, {}
        news = []
        for record in records:
            key = self._key(record)
            known = before.pop(key, None)
            if known is not None and _says_nothing_new(record, known):
                self.held[key] = known
            else:
                self.held[key] = record
                news.append(record)
        gone = list(before.values()) if self.told else []
        self.told = True
        return news, gone

    def ended_unseen(self, record: HeldT) -> HeldT:
        """The record of an end that nobody saw: as it was last known, without a status."""
        unstamped = {"seq": UNSET, "received_mts": UNSET, "server_mts": UNSET}
        return replace(record, type=self._end, status=None, **unstamped)


class Executions(Generic[TradeT]):
    """Executions by id: each once as it happens, once more with its fee where that is wanted."""

    def __init__(self, updated: str, every_update: bool) -> None:
        """`updated` is the code of the message that repeats an execution with its fee."""
        self.last_mts: int | None = None
        """The time of the newest one: from here on history fills what was missed."""
        self._updated = updated
        self._every_update = every_update
        self._executions = TradeLedger(REMEMBERED)
        self._updates = TradeLedger(REMEMBERED)

    def take(self, record: TradeT) -> list[TradeT]:
        """Take a record of a message; it again, unless it was given before."""
        self.last_mts = max(record.mts, self.last_mts or 0)
        if record.type != self._updated:
            return [record] if self._executions.accept(record) else []
        if not self._updates.accept(record):
            return []
        execution_was_missed = self._executions.accept(record)
        return [record] if execution_was_missed or self._every_update else []

    def take_history(self, records: Sequence[TradeT]) -> list[TradeT]:
        """Take executions of the past, in any order: those not given before, oldest first.

        They have their fees: one whose fee alone was missed is given as its update.
        """
        # Before any is noted: there may be more of them than are remembered.
        executed = {one.id for one in records if self._executions.knows(one.id)}
        updated = {one.id for one in records if self._updates.knows(one.id)}
        given = []
        for record in sorted(records, key=lambda record: (record.mts, record.id)):
            self.last_mts = max(record.mts, self.last_mts or 0)
            if record.id in updated or not self._updates.accept(record):
                continue
            if record.id not in executed:
                self._executions.accept(record)
                given.append(replace(record, type="backfill"))
            elif self._every_update:
                given.append(replace(record, type=self._updated))
        return given


class AccountState:
    """The account as its messages tell it, over any number of connections.

    The first snapshot of each kind is given whole, a later one as what differs from what was
    known. What a later one no longer has is given as ended, with null for its status: how it
    ended was not seen. Of orders it can be looked up: they are kept in `lost_orders`. A wallet
    that a later snapshot leaves out is forgotten.
    """

    def __init__(self, *, every_update: bool = False) -> None:
        """With `every_update` an execution is given again when its fee is known."""
        self.orders = Holdings[Order](lambda order: order.id, "oc")
        self.positions = Holdings[Position](lambda position: position.symbol, "pc")
        self.wallets = Holdings[Wallet](lambda wallet: (wallet.wallet_type, wallet.currency))
        self.funding_offers = Holdings[FundingOffer](lambda offer: offer.id, "foc")
        self.funding_credits = Holdings[FundingCredit](lambda credit: credit.id, "fcc")
        self.funding_loans = Holdings[FundingLoan](lambda loan: loan.id, "flc")
        self.trades = Executions[AccountTrade]("tu", every_update)
        self.funding_trades = Executions[AccountFundingTrade]("ftu", every_update)
        self.balance: Balance | None = None
        self.margin_base: MarginBase | None = None
        self.margin: dict[str, MarginSymbol] = {}
        self.funding_info: dict[str, FundingInfo] = {}
        self.lost_orders: dict[int, Order] = {}
        """Open when the connection was lost, not open now, and not looked up yet; by id."""
        self._ended: dict[int, None] = {}
        self._snapshots: dict[str, Holdings[Any]] = {
            "os": self.orders,
            "ps": self.positions,
            "ws": self.wallets,
            "fos": self.funding_offers,
            "fcs": self.funding_credits,
            "fls": self.funding_loans,
        }
        self._holdings: dict[str, Holdings[Any]] = {
            "position": self.positions,
            "wallet": self.wallets,
            "funding_offer": self.funding_offers,
            "funding_credit": self.funding_credits,
            "funding_loan": self.funding_loans,
        }

    def receive(self, message: AccountMessage) -> list[AccountRecord]:
        """Take a message; the records that it is worth."""
        if message.kind is Kind.ROWS:
            return self._take_snapshot(self._snapshots[message.code], message.payload)
        return [given for record in message.payload for given in self._take(record)]

    def take_order_history(self, orders: Sequence[Order], since: int) -> list[Order]:
        """Take orders of the past, in any order: those that ended unseen, oldest first.

        An order that was not known when the connection was lost is given where it was last
        changed at `since` (ms) or later.
        """
        given = []
        # Before any is noted: there may be more of them than are remembered.
        unknown = [order for order in orders if order.id not in self._ended]
        for order in sorted(unknown, key=lambda order: integer(order.mts_update) or 0):
            was_lost = self.lost_orders.pop(order.id, None) is not None
            is_recent = (integer(order.mts_update) or 0) >= since
            if (was_lost or is_recent) and order.id not in self.orders.held:
                given += self._take_order(replace(order, type="oc"))
        return given

    def give_up_lost_orders(self) -> list[Order]:
        """The orders of which nothing more can be learned, as ended without a status."""
        lost, self.lost_orders = self.lost_orders, {}
        return [self.orders.ended_unseen(order) for order in lost.values()]

    def _take_snapshot(
        self, holdings: Holdings[Any], records: list[AccountRecord]
    ) -> list[AccountRecord]:
        given, gone = holdings.take_snapshot(records)
        if holdings is self.orders:
            self.lost_orders.update((order.id, order) for order in gone)
            for order_id in self.lost_orders.keys() & self.orders.held.keys():
                del self.lost_orders[order_id]  # open after all
        elif holdings is not self.wallets:
            given += map(holdings.ended_unseen, gone)
        return given

    def _take(self, record: AccountRecord) -> Sequence[AccountRecord]:
        match record:
            case Order():
                return self._take_order(record)
            case AccountTrade():
                return self.trades.take(record)
            case AccountFundingTrade():
                return self.funding_trades.take(record)
            case Balance():
                self.balance = record
            case MarginBase():
                self.margin_base = record
            case MarginSymbol():
                self.margin[record.symbol] = record
            case FundingInfo():
                self.funding_info[record.symbol] = record
            case _ if holdings := self._holdings.get(record.kind):
                holdings.take(record)
        return [record]

    def _take_order(self, order: Order) -> list[Order]:
        """An end is given once: history and the exchange's message may both bring it."""
        self.orders.take(order)
        self.lost_orders.pop(order.id, None)
        if order.type != "oc":
            return [order]
        if order.id in self._ended:
            return []
        self._ended[order.id] = None
        if len(self._ended) > REMEMBERED:
            del self._ended[next(iter(self._ended))]
        return [order]


def _says_nothing_new(record: AccountRecord, known: AccountRecord) -> bool:
    """Whether all that a record says was known; null says that it is not calculated yet."""
    known_facts = facts(known)
    return all(
        _is_nothing(fact) or fact == known_facts[name] for name, fact in facts(record).items()
    )


def _is_nothing(fact: Any) -> bool:
    return fact is None or (isinstance(fact, Raw) and is_null(fact))
