"""The state of an account: a reader of its records misses nothing and is told nothing twice."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from account_frames import EXAMPLES, decode, message, record, row, snapshot
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from bfxstream.account import REMEMBERED, AccountState
from bfxstream.protocol.account.layouts import FUNDING_TRADE, ORDER, TRADE

SNAPSHOTS = {
    "os": ("order", "oc"),
    "ps": ("position", "pc"),
    "fos": ("funding_offer", "foc"),
    "fcs": ("funding_credit", "fcc"),
    "fls": ("funding_loan", "flc"),
}
KINDS = {"ws": "wallet"} | {code: kind for code, (kind, _) in SNAPSHOTS.items()}


def printed(records) -> list[dict[str, Any]]:
    return [json.loads(msgspec.json.encode(one)) for one in records]


def types(records) -> list[str]:
    return [one.type for one in records]


def named(kind: str, number: int) -> dict[str, Any]:
    """What tells one of this kind from another."""
    if kind == "wallet":
        return {"currency": f"C{number}"}
    return {"symbol": f"tC{number}USD"} if kind == "position" else {"id": number}


def history(layout, kind: str, *rows: dict[str, Any]):
    """Rows of the past, as a REST call gives them."""
    wire = json.dumps([row(kind, **fields) for fields in rows]).encode()
    return layout.read_all("backfill", wire)


# Snapshots.


@pytest.mark.parametrize(("code", "kind"), KINDS.items())
def test_the_first_snapshot_is_given_whole(code, kind):
    state = AccountState()
    first = snapshot(code, kind, named(kind, 1), named(kind, 2))
    assert state.receive(first) == first.payload
    assert AccountState().receive(decode(code, [])) == []


@pytest.mark.parametrize(("code", "kind"), KINDS.items())
def test_a_later_snapshot_is_given_as_what_differs(code, kind):
    state = AccountState()
    changing = "balance" if kind == "wallet" else "amount"
    state.receive(snapshot(code, kind, named(kind, 1), named(kind, 2)))
    later = snapshot(code, kind, named(kind, 1), named(kind, 2) | {changing: 99}, named(kind, 3))
    assert state.receive(later) == later.payload[1:]
    assert state.receive(later) == []


@pytest.mark.parametrize("code", sorted(SNAPSHOTS.keys() - {"os"}))
def test_what_a_later_snapshot_no_longer_has_has_ended_without_a_word_how(code):
    kind, end = SNAPSHOTS[code]
    state = AccountState()
    state.receive(snapshot(code, kind, named(kind, 1), named(kind, 2)))
    (ended,) = state.receive(snapshot(code, kind, named(kind, 2)))
    expected = printed([record(code, kind, **named(kind, 1), status=None)])[0]
    assert printed([ended]) == [expected | {"type": end}]
    assert state.receive(snapshot(code, kind, named(kind, 2))) == []


def test_a_wallet_that_a_later_snapshot_leaves_out_is_forgotten():
    state = AccountState()
    state.receive(snapshot("ws", "wallet", named("wallet", 1), named("wallet", 2)))
    assert state.receive(snapshot("ws", "wallet", named("wallet", 2))) == []
    assert list(state.wallets.held) == [("exchange", "C2")]


def test_what_is_not_calculated_yet_is_no_difference():
    state = AccountState()
    state.receive(snapshot("ws", "wallet", {}))
    state.receive(message("wu", "wallet", balance_available=9000))
    assert state.receive(snapshot("ws", "wallet", {})) == []
    (known,) = state.wallets.held.values()
    assert bytes(known.balance_available) == b"9000"
    assert len(state.receive(snapshot("ws", "wallet", {"balance_available": 8000}))) == 1


def test_stamps_make_no_difference_and_are_not_passed_on():
    state = AccountState()
    for one in state.receive(snapshot("ps", "position", named("position", 1))):
        one.seq, one.received_mts = 5, 6
    assert state.receive(snapshot("ps", "position", named("position", 1))) == []
    (ended,) = state.receive(snapshot("ps", "position"))
    assert (ended.seq, ended.received_mts) == (UNSET, UNSET)


def test_what_came_before_the_first_snapshot_is_not_given_by_it_again_nor_taken_for_gone():
    state = AccountState()
    state.receive(message("on", "order", id=1))
    state.receive(message("on", "order", id=2))
    assert state.receive(snapshot("os", "order", {"id": 1})) == []
    assert state.lost_orders == {}


# Live messages.


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("on", "order"),
        ("pu", "position"),
        ("wu", "wallet"),
        ("fon", "funding_offer"),
        ("fcn", "funding_credit"),
        ("fln", "funding_loan"),
        ("bu", "balance"),
        ("n", "notification"),
    ],
)
def test_every_live_message_is_given_even_one_that_repeats(code, kind):
    state = AccountState()
    for _ in range(2):
        assert state.receive(message(code, kind)) == message(code, kind).payload


def test_what_there_is_follows_the_messages():
    state = AccountState()
    for code, kind, fields in [
        ("on", "order", {"id": 1}),
        ("on", "order", {"id": 2}),
        ("ou", "order", {"id": 1, "amount": 0.1}),
        ("oc", "order", {"id": 2}),
        ("pn", "position", {}),
        ("pc", "position", {}),
        ("wu", "wallet", {"balance": 5}),
        ("bu", "balance", {}),
    ]:
        state.receive(message(code, kind, **fields))
    state.receive(decode("miu", ["base", [1, 2, 3, 4, 5]]))
    state.receive(decode("miu", ["sym", "tBTCUSD", [1, 2, 3, 4]]))
    state.receive(decode("fiu", ["sym", "fUSD", [1, 2, 3, 4]]))
    assert {key: bytes(one.amount) for key, one in state.orders.held.items()} == {1: b"0.1"}
    assert state.positions.held == {}
    assert bytes(state.wallets.held["exchange", "USD"].balance) == b"5"
    assert bytes(state.balance.aum) == b"4131.85"
    assert bytes(state.margin_base.margin_min) == b"5"
    assert (list(state.margin), list(state.funding_info)) == (["tBTCUSD"], ["fUSD"])


def test_heartbeats_and_unknown_codes_are_worth_nothing():
    assert AccountState().receive(decode("hb")) == AccountState().receive(decode("xy", [])) == []


# Orders that ended unseen.


def lost_order(**fields) -> AccountState:
    """A state that knew an order before the connection was lost, and no longer after."""
    state = AccountState()
    state.receive(snapshot("os", "order", {"id": 1} | fields, {"id": 2}))
    assert state.receive(snapshot("os", "order", {"id": 2})) == []
    assert list(state.lost_orders) == [1]
    return state


def test_how_an_order_ended_comes_from_its_history():
    state = lost_order()
    past = history(ORDER, "order", {"id": 1, "status": "EXECUTED @ 5(1)", "amount": 0})
    (ended,) = state.take_order_history(past, since=2**62)
    assert (ended.type, ended.id, ended.status) == ("oc", 1, "EXECUTED @ 5(1)")
    assert state.lost_orders == {}
    assert state.take_order_history(past, since=0) == []


def test_an_order_that_cannot_be_looked_up_has_ended_without_a_word_how():
    state = lost_order(amount=0.3)
    (ended,) = state.give_up_lost_orders()
    assert (ended.type, ended.id, ended.status, bytes(ended.amount)) == ("oc", 1, None, b"0.3")
    assert state.lost_orders == {}
    assert state.give_up_lost_orders() == []


@pytest.mark.parametrize("news", [message("ou", "order", id=1), snapshot("os", "order", {"id": 1})])
def test_an_order_that_turns_up_again_is_not_lost(news):
    state = lost_order()
    state.receive(news)
    assert 1 not in state.lost_orders
    assert 1 in state.orders.held


def test_an_end_is_given_once_whether_history_or_the_exchanges_message_has_it_first():
    past = history(ORDER, "order", {"id": 1, "status": "CANCELED"})
    state = lost_order()
    assert types(state.receive(message("oc", "order", id=1))) == ["oc"]
    assert state.take_order_history(past, since=0) == []
    state = lost_order()
    assert types(state.take_order_history(past, since=0)) == ["oc"]
    assert state.receive(message("oc", "order", id=1)) == []


def test_history_gives_orders_that_came_and_went_unseen_and_none_that_are_open_or_older():
    state = lost_order()
    since = EXAMPLES["order"]["mts_update"]
    past = history(
        ORDER,
        "order",
        {"id": 2},
        {"id": 4, "mts_update": since + 5},
        {"id": 3, "mts_update": since},
        {"id": 5, "mts_update": since - 1},
        {"id": 6, "mts_update": None},
    )
    assert [one.id for one in state.take_order_history(past, since)] == [3, 4]


def test_the_memory_of_ended_orders_is_bounded():
    state = AccountState()
    for order_id in range(1, REMEMBERED + 3):
        state.receive(message("oc", "order", id=order_id))
    assert len(state._ended) == REMEMBERED


def test_orders_are_not_given_again_however_many_the_history_brings(monkeypatch):
    monkeypatch.setattr("bfxstream.account.REMEMBERED", 5)
    state, since = AccountState(), EXAMPLES["order"]["mts_update"]
    for order_id in range(5):
        state.receive(message("oc", "order", id=order_id, mts_update=since + order_id))
    rows = [{"id": order_id, "mts_update": since + order_id} for order_id in range(-5, 5)]
    taken = state.take_order_history(history(ORDER, "order", *rows), since - 5)
    assert [one.id for one in taken] == [-5, -4, -3, -2, -1]


# Executions.


both_markets = pytest.mark.parametrize(
    ("kind", "executed", "updated", "layout", "ledger"),
    [
        ("trade", "te", "tu", TRADE, "trades"),
        ("funding_trade", "fte", "ftu", FUNDING_TRADE, "funding_trades"),
    ],
)


@both_markets
def test_each_is_given_once(kind, executed, updated, layout, ledger):
    state = AccountState()
    codes = [executed, executed, updated, updated]
    given_ = [types(state.receive(message(code, kind))) for code in codes]
    assert given_ == [[executed], [], [], []]


@both_markets
def test_its_update_is_given_too_where_that_is_wanted(kind, executed, updated, layout, ledger):
    state = AccountState(every_update=True)
    codes = [executed, updated, updated]
    given_ = [types(state.receive(message(code, kind))) for code in codes]
    assert given_ == [[executed], [updated], []]


@both_markets
def test_an_update_stands_for_an_execution_that_was_missed(kind, executed, updated, layout, ledger):
    state = AccountState()
    assert types(state.receive(message(updated, kind))) == [updated]
    assert state.receive(message(executed, kind)) == []


@both_markets
def test_history_gives_what_was_missed_oldest_first(kind, executed, updated, layout, ledger):
    state = AccountState()
    state.receive(message(executed, kind, id=2))
    rows = [{"id": i, "mts_create": 1000 + i} for i in (4, 2, 3)]
    taken = getattr(state, ledger).take_history(history(layout, kind, *rows))
    assert [(one.type, one.id) for one in taken] == [("backfill", 3), ("backfill", 4)]
    assert getattr(state, ledger).take_history(history(layout, kind, *rows)) == []
    for code in (executed, updated):
        assert state.receive(message(code, kind, id=4)) == []


@both_markets
def test_history_gives_a_fee_that_was_missed_where_fees_are_wanted(
    kind, executed, updated, layout, ledger
):
    state = AccountState(every_update=True)
    state.receive(message(executed, kind, id=2))
    taken = getattr(state, ledger).take_history(history(layout, kind, {"id": 2}, {"id": 3}))
    assert [(one.type, one.id) for one in taken] == [(updated, 2), ("backfill", 3)]
    assert state.receive(message(updated, kind, id=2)) == []


@both_markets
def test_executions_are_not_given_again_however_many_the_history_brings(
    kind, executed, updated, layout, ledger, monkeypatch
):
    monkeypatch.setattr("bfxstream.account.REMEMBERED", 5)
    state = AccountState(every_update=True)
    for execution_id in range(100, 105):
        for code in (executed, updated):
            state.receive(message(code, kind, id=execution_id, mts_create=execution_id))
    rows = [{"id": i, "mts_create": i} for i in range(1, 105)]
    taken = getattr(state, ledger).take_history(history(layout, kind, *rows))
    assert [(one.type, one.id) for one in taken] == [("backfill", i) for i in range(1, 100)]


@both_markets
def test_the_newest_tells_from_when_history_is_needed(kind, executed, updated, layout, ledger):
    state = AccountState()
    assert getattr(state, ledger).last_mts is None
    state.receive(message(executed, kind, mts_create=2000))
    state.receive(message(executed, kind, id=5, mts_create=1000))
    assert getattr(state, ledger).last_mts == 2000
    getattr(state, ledger).take_history(history(layout, kind, {"id": 6, "mts_create": 3000}))
    assert getattr(state, ledger).last_mts == 3000


# Any life of an account.


class Exchange:
    """An account at the exchange: open orders, wallets, and a journal of all that happened."""

    def __init__(self) -> None:
        self.open: dict[int, dict[str, Any]] = {}
        self.ended: list[dict[str, Any]] = []
        self.executions: list[dict[str, Any]] = []
        self.clock = 1_790_000_000_000
        self.number = 0

    def do(self, what: str, which: int) -> list[Any]:
        """Something happens; the messages that tell it."""
        self.clock += 1
        self.number += 1
        if what == "place" or not self.open:
            order = {"id": self.number, "amount": 10, "mts_update": self.clock}
            self.open[self.number] = order
            return [message("on", "order", **order)]
        order = self.open[sorted(self.open)[which % len(self.open)]]
        order |= {"mts_update": self.clock}
        if what == "fill":
            order["amount"] -= 1
            trade = {"id": self.number, "order_id": order["id"], "mts_create": self.clock}
            self.executions.append(trade)
            told = [message("te", "trade", **trade), message("tu", "trade", **trade, fee=-0.1)]
            return [told[0], self._after(order), told[1]]
        return [self._end(order, "CANCELED")]

    def _after(self, order: dict[str, Any]) -> Any:
        done = order["amount"] == 0
        return self._end(order, "EXECUTED") if done else message("ou", "order", **order)

    def _end(self, order: dict[str, Any], status: str) -> Any:
        del self.open[order["id"]]
        self.ended.append(order | {"status": status})
        return message("oc", "order", **self.ended[-1])


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["place", "fill", "fill", "cancel", "drop", "connect"]),
            st.integers(0, 5),
        ),
        max_size=50,
    ),
    st.booleans(),
)
def test_whatever_is_missed_a_reader_ends_with_what_the_exchange_has(steps, every_update):
    exchange, state = Exchange(), AccountState(every_update=every_update)
    given_: list[Any] = list(state.receive(decode("os", [])))
    connected, lost_at = True, 0
    for what, which in [*steps, ("connect", 0)]:
        if what == "drop":
            lost_at, connected = (exchange.clock if connected else lost_at), False
        elif what == "connect" and not connected:
            connected = True
            given_ += state.receive(snapshot("os", "order", *exchange.open.values()))
            past = history(ORDER, "order", *exchange.ended) if exchange.ended else []
            given_ += state.take_order_history(past, since=lost_at)
            past = history(TRADE, "trade", *exchange.executions) if exchange.executions else []
            given_ += state.trades.take_history(past)
        elif what != "connect":
            told = exchange.do(what, which)
            given_ += [one for news in told if connected for one in state.receive(news)]

    orders: dict[int, Any] = {}
    for one in given_:
        if one.kind == "order":
            orders[one.id] = one
    still_open = {order_id: one for order_id, one in orders.items() if one.type != "oc"}
    assert {order_id: float(one.amount) for order_id, one in still_open.items()} == {
        order_id: order["amount"] for order_id, order in exchange.open.items()
    }
    ends = [one for one in given_ if one.type == "oc"]
    assert sorted((one.id, one.status) for one in ends) == sorted(
        (order["id"], order["status"]) for order in exchange.ended
    )
    executions = [one for one in given_ if one.kind == "trade" and one.type != "tu"]
    assert sorted(one.id for one in executions) == [trade["id"] for trade in exchange.executions]
    if every_update:
        with_fee = [one for one in given_ if one.kind == "trade" and one.type != "te"]
        assert sorted(one.id for one in with_fee) == [t["id"] for t in exchange.executions]
    assert state.lost_orders == {}
