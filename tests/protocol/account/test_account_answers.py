"""Following a request: by id and client id, in any order of answers, to what can be vouched for."""

from __future__ import annotations

from decimal import Decimal

import pytest
from account_frames import EXAMPLES, notification, record, row
from hypothesis import given
from hypothesis import strategies as st

from bfxstream.protocol.account.answers import Pending, PendingCancels, Verdict, Wait, is_filled
from bfxstream.protocol.account.orders import (
    CancelOrder,
    CancelOrders,
    NewOrder,
    OrderName,
    UpdateOrder,
)
from bfxstream.protocol.account.quantities import cid_date

CID = EXAMPLES["order"]["cid"]
DATE = cid_date(EXAMPLES["order"]["mts_create"])
NEW = NewOrder(
    symbol="tBTCUSD",
    side="buy",
    type="EXCHANGE LIMIT",
    amount=Decimal("0.5"),
    price=Decimal("69800"),
    cid=CID,
)
UPDATE = UpdateOrder(order=OrderName(id=7), price=Decimal("69900"))
CANCEL = CancelOrder(OrderName(id=7))
CANCEL_BY_CID = CancelOrder(OrderName(cid=CID, cid_date=DATE))


def order(code: str = "on", **fields):
    return record(code, "order", **fields)


def answer(kind: str, status: str, text: str = "words", **fields):
    return notification(kind, status, row("order", **fields), text)


def refused_row(**fields) -> list:
    """What a refusal says of the order: mostly nothing."""
    cells = [None] * 32
    for index, value in fields.items():
        cells[int(index.removeprefix("at_"))] = value
    return cells


def follow(pending, *records):
    """Hand over records until the outcome is known."""
    for one in records:
        if outcome := pending.receive(one):
            return outcome
    return None


SUBMITTED = answer("on-req", "SUCCESS", "Submitting")


def cancels(request: CancelOrders, open_orders) -> PendingCancels:
    pending = PendingCancels(request)
    pending.sent(open_orders, since=0)
    return pending


NOISE = [
    order(id=8, cid=5),
    order(cid=CID, id=9, symbol="tETHUSD"),
    answer("on-req", "ERROR", id=8, cid=5),
    answer("oc-req", "ERROR"),
    answer("on-req", "PENDING"),
    notification("ucm-x", "SUCCESS", {"any": "thing"}),
    record("wu", "wallet"),
    record("te", "trade"),
]


# New orders.


@pytest.mark.parametrize("code", ["on", "oc", "ou", "os"])
def test_a_new_order_is_accepted_when_it_is_seen_under_whatever_code(code):
    outcome = follow(Pending(NEW), *NOISE, order(code))
    assert outcome.verdict is Verdict.ACCEPTED
    assert outcome.orders == [order(code)]


def test_the_words_of_the_answer_are_kept_whichever_comes_first():
    assert follow(Pending(NEW), SUBMITTED, order()).words == "Submitting"
    assert follow(Pending(NEW), order()).words == ""


@pytest.mark.parametrize("status", ["ERROR", "FAILURE"])
def test_a_new_order_is_rejected_in_the_exchanges_words(status):
    info = refused_row(at_2=CID, at_3="tBTCUSD")
    said = "Invalid order: minimum size for BTC/USD is 0.002"
    outcome = follow(Pending(NEW), *NOISE, notification("on-req", status, info, said))
    assert (outcome.verdict, outcome.orders, outcome.words) == (Verdict.REJECTED, [], said)


@pytest.mark.parametrize(
    "info", [None, refused_row(), refused_row(at_0=0), [], "x", {"a": 1}, [[]]]
)
def test_a_refusal_that_names_no_order_is_no_proof_that_it_is_of_ours(info):
    pending = Pending(NEW)
    assert follow(pending, notification("on-req", "ERROR", info, "amount: invalid")) is None
    outcome = pending.give_up("no answer within 10 s")
    assert outcome.verdict is Verdict.UNKNOWN
    assert "no answer within 10 s" in outcome.words
    assert "amount: invalid" in outcome.words
    assert follow(pending, order()).verdict is Verdict.ACCEPTED


def test_what_was_never_heard_of_again_is_unknown():
    outcome = Pending(NEW).give_up("the connection was lost")
    assert (outcome.verdict, outcome.orders) == (Verdict.UNKNOWN, [])
    assert outcome.words == "the connection was lost"


def test_what_the_exchange_said_to_have_taken_is_accepted_even_if_nothing_more_is_heard():
    pending = Pending(NEW)
    assert follow(pending, SUBMITTED) is None
    outcome = pending.give_up("the connection was lost")
    assert (outcome.verdict, outcome.words) == (Verdict.ACCEPTED, "Submitting")
    assert [found.id for found in outcome.orders] == [7]


def test_an_answer_with_hardly_any_order_in_it_still_names_ours():
    pending = Pending(NEW)
    info = refused_row(at_0=7, at_2=CID)
    assert follow(pending, notification("on-req", "SUCCESS", info, "Submitting")) is None
    assert pending.give_up("x").orders == []
    assert follow(pending, order(cid=None)).verdict is Verdict.ACCEPTED, "known by its id now"


def test_an_older_order_of_the_same_client_id_is_not_ours():
    pending = Pending(NEW)
    made = EXAMPLES["order"]["mts_create"]
    pending.sent([order(id=5)], since=made)
    assert pending.receive(order("ou", id=5)) is None, "it was open before"
    assert pending.recall(order("oc", id=6, mts_create=made - 1)) is None, "it had ended before"
    assert pending.recall(order("os", id=7, mts_create=made)).verdict is Verdict.ACCEPTED
    # The clocks of the exchange's machines may differ: what it tells by itself is new.
    live = Pending(NEW)
    live.sent([], since=made)
    assert live.receive(order("on", mts_create=made - 1)).verdict is Verdict.ACCEPTED


# Until filled, until closed.


@pytest.mark.parametrize(
    ("wait", "records", "done_at"),
    [
        (Wait.FILLED, [order(), order("ou", amount=0.1), order("ou", amount=0)], 2),
        (Wait.FILLED, [order(), order("oc", amount=0, status="EXECUTED @ 5(1)")], 1),
        (Wait.FILLED, [order(), order("oc", status="CANCELED")], 1),
        (Wait.FILLED, [order("oc", amount=None, status="EXECUTED @ 5(1)")], 0),
        (Wait.CLOSED, [order(), order("ou", amount=0), order("oc", amount=0)], 2),
        (Wait.CLOSED, [order(), order("oc", status="POSTONLY CANCELED")], 1),
        (Wait.CLOSED, [order("os"), order("oc", status=None)], 1),
    ],
)
def test_an_order_is_followed_as_far_as_was_asked(wait, records, done_at):
    pending = Pending(NEW, wait)
    outcomes = [pending.receive(one) for one in records]
    assert outcomes[:done_at] == [None] * done_at
    assert outcomes[done_at].verdict is Verdict.ACCEPTED
    assert outcomes[done_at].orders == [records[done_at]]


def test_an_order_that_is_not_filled_in_time_was_accepted_all_the_same():
    pending = Pending(NEW, Wait.FILLED)
    follow(pending, SUBMITTED, order(), order("ou", amount=0.1))
    outcome = pending.give_up("not filled within 10 s")
    assert outcome.verdict is Verdict.ACCEPTED
    assert outcome.orders == [order("ou", amount=0.1)]


@pytest.mark.parametrize(
    ("fields", "filled"),
    [
        ({"amount": 0}, True),
        ({"amount": 0.1, "status": "EXECUTED"}, False),
        ({"amount": None, "status": "EXECUTED @ 5(1)"}, True),
        ({"amount": None, "status": None}, False),
        ({"amount": 0.5, "status": "IOC CANCELED"}, False),
    ],
)
def test_an_order_is_filled_when_nothing_of_it_remains(fields, filled):
    assert is_filled(order(**fields)) is filled


# Updates.

UPDATE_TAKEN = answer("ou-req", "SUCCESS", "Submitting update")


@pytest.mark.parametrize(
    "records",
    [
        [UPDATE_TAKEN, order("ou", price=69900)],
        [order("ou", price=69900.0), UPDATE_TAKEN],
        [order("ou", price=69800, amount=0.1), UPDATE_TAKEN, order("ou", price=69900)],
        [UPDATE_TAKEN, order("oc", status="EXECUTED")],
    ],
)
def test_an_update_is_accepted_when_it_was_taken_and_shows(records):
    pending = Pending(UPDATE)
    assert follow(pending, *NOISE, *records[:-1]) is None
    outcome = pending.receive(records[-1])
    assert (outcome.verdict, outcome.words) == (Verdict.ACCEPTED, "Submitting update")


def test_an_execution_just_before_an_update_does_not_pass_for_it():
    pending = Pending(UPDATE)
    assert follow(pending, UPDATE_TAKEN, order("ou", price=69800, amount=0.1)) is None
    outcome = pending.give_up("no answer")
    assert outcome.verdict is Verdict.UNKNOWN
    assert outcome.orders == [order("ou", price=69800, amount=0.1)]
    assert "Submitting update" in outcome.words


def test_a_refused_update_is_rejected_where_it_names_the_order():
    said = "Invalid order: minimum size"
    refused = notification("ou-req", "ERROR", refused_row(at_0=7), said)
    assert follow(Pending(UPDATE), refused).verdict is Verdict.REJECTED
    anonymous = notification("ou-req", "ERROR", refused_row(), said)
    pending = Pending(UPDATE)
    assert follow(pending, anonymous) is None
    assert said in pending.give_up("no answer").words


# Cancellations.


@pytest.mark.parametrize("request_", [CANCEL, CANCEL_BY_CID])
def test_a_cancellation_is_accepted_when_the_order_is_closed_and_not_before(request_):
    pending = Pending(request_)
    taken = answer("oc-req", "SUCCESS", "Submitted for cancellation")
    assert follow(pending, NOISE[0], taken, order("ou", amount=0.1)) is None
    assert pending.give_up("no answer").verdict is Verdict.UNKNOWN
    closed = order("oc", status="CANCELED")
    assert pending.receive(closed).orders == [closed]


@pytest.mark.parametrize(
    ("info", "request_"),
    [
        (refused_row(at_0=7), CANCEL),
        (refused_row(at_0=0), CANCEL),
        (None, CANCEL),
        (refused_row(at_2=CID), CANCEL_BY_CID),
        (refused_row(), CANCEL_BY_CID),
    ],
)
def test_a_refused_cancellation_is_rejected_even_where_it_names_no_order(info, request_):
    outcome = follow(Pending(request_), notification("oc-req", "ERROR", info, "Order not found."))
    assert (outcome.verdict, outcome.words) == (Verdict.REJECTED, "Order not found.")


def test_a_refused_cancellation_of_another_order_is_not_ours():
    refused = notification("oc-req", "ERROR", refused_row(at_0=8), "Order not found.")
    assert follow(Pending(CANCEL), refused) is None


def test_an_order_of_another_day_with_the_same_client_id_is_not_ours():
    other_day = order("oc", mts_create=EXAMPLES["order"]["mts_create"] - 86_400_000)
    assert follow(Pending(CANCEL_BY_CID), other_day) is None


# Cancellations of many.


def all_taken(*ids: int):
    rows = [row("order", id=order_id) for order_id in ids]
    return notification("oc_multi-req", "SUCCESS", rows, "Submitting 2 order cancellations.")


def test_many_orders_are_cancelled_when_each_has_ended():
    pending = cancels(CancelOrders(all=True), [order(id=7), order(id=8)])
    assert follow(pending, order("oc", id=8), all_taken(7, 8)) is None
    outcome = pending.receive(order("oc", id=7))
    assert outcome.verdict is Verdict.ACCEPTED
    assert sorted(closed.id for closed in outcome.orders) == [7, 8]


def test_the_answer_may_name_orders_that_were_not_known():
    pending = cancels(CancelOrders(all=True), [])
    assert follow(pending, all_taken(7, 8), order("oc", id=7)) is None
    assert pending.receive(order("oc", id=8)).verdict is Verdict.ACCEPTED


def test_where_there_was_nothing_to_cancel_the_answer_is_enough():
    for info in (None, []):
        pending = cancels(CancelOrders(all=True), [])
        taken = notification("oc_multi-req", "SUCCESS", info, "Submitting 0 order cancellations.")
        outcome = pending.receive(taken)
        assert (outcome.verdict, outcome.orders) == (Verdict.ACCEPTED, [])


def test_only_the_orders_that_were_named_count():
    open_orders = [order(id=7, gid=3), order(id=8, gid=4), order(id=9)]
    pending = cancels(CancelOrders(gids=[3], ids=[9]), open_orders)
    records = [order("oc", id=8, gid=4), all_taken(7, 9), order("oc", id=9)]
    assert follow(pending, *records) is None
    assert [closed.id for closed in pending.receive(order("oc", id=7)).orders] == [9, 7]


def test_those_not_seen_to_end_are_named():
    pending = cancels(CancelOrders(all=True), [order(id=7), order(id=8)])
    follow(pending, all_taken(7, 8), order("oc", id=8))
    outcome = pending.give_up("the connection was lost")
    assert (outcome.verdict, [closed.id for closed in outcome.orders]) == (Verdict.UNKNOWN, [8])
    assert outcome.words == "the connection was lost; not seen to end: 7"
    assert "any order" in cancels(CancelOrders(all=True), []).give_up("lost").words


def test_all_seen_to_end_is_enough_even_without_an_answer():
    pending = cancels(CancelOrders(all=True), [order(id=7)])
    assert follow(pending, order("oc", id=7)) is None
    assert pending.give_up("no answer").verdict is Verdict.ACCEPTED


def test_many_may_be_refused_at_once():
    refused = notification("oc_multi-req", "ERROR", None, "action: disabled")
    outcome = follow(cancels(CancelOrders(all=True), [order(id=7)]), refused)
    assert (outcome.verdict, outcome.words) == (Verdict.REJECTED, "action: disabled")


# Whatever the exchange does.


@given(st.data())
def test_no_outcome_says_what_did_not_happen_whatever_is_lost_and_in_what_order_it_comes(data):
    """The exchange takes or refuses the order; any part of its answers arrives, in any order."""
    taken = data.draw(st.booleans())
    if taken:
        said = [SUBMITTED, order(), order("ou", amount=0.1), order("oc", amount=0)]
    else:
        said = [notification("on-req", "ERROR", refused_row(at_2=CID), "no")]
    anonymous = notification("on-req", "ERROR", None, "of another program")
    arriving = data.draw(st.permutations([*said, *NOISE, anonymous]))
    arriving = arriving[: data.draw(st.integers(0, len(arriving)))]
    wait = data.draw(st.sampled_from(Wait))
    pending = Pending(NEW, wait)
    outcome = follow(pending, *arriving) or pending.give_up("lost")
    heard = any(one in said for one in arriving)
    expected = (Verdict.ACCEPTED if taken else Verdict.REJECTED) if heard else Verdict.UNKNOWN
    assert outcome.verdict is expected
