"""An account's stream and its orders on the demo exchange, over lost connections."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from queue import SimpleQueue
from random import Random
from threading import Thread, Timer
from typing import Any

import msgspec
import pytest
from demo_account import access, options
from msgspec.structs import replace

from bfxstream.capture.reader import Capture
from bfxstream.capture.steps import Begun
from bfxstream.capture.writer import CaptureWriter
from bfxstream.demo import DemoExchange
from bfxstream.demo.access import DEMO_KEY, DEMO_SECRET
from bfxstream.errors import ConnectionFailed, UsageError
from bfxstream.protocol.account.answers import (
    Outcome,
    Pending,
    PendingCancels,
    Verdict,
    Wait,
    is_filled,
)
from bfxstream.protocol.account.orders import (
    CancelOrder,
    CancelOrders,
    ClientIds,
    NewOrder,
    OrderName,
    UpdateOrder,
)
from bfxstream.protocol.account.quantities import cid_date
from bfxstream.protocol.account.records import AccountTrade, Order
from bfxstream.protocol.channels import AccountSubscription, parse_spec
from bfxstream.protocol.events import Event, Notice
from bfxstream.stream import policy
from bfxstream.stream.account_link import check_account_url
from bfxstream.stream.feed import FeedOptions
from bfxstream.stream.market import MarketStream
from bfxstream.stream.options import StreamOptions
from bfxstream.stream.order_desk import OrderDesk
from bfxstream.stream.recording import Recorder
from bfxstream.stream.replaying import Pace, Replay
from bfxstream.stream.world import World

TIMEOUT = 20.0
AT_MARKET: dict[str, Any] = {"type": "EXCHANGE MARKET", "price": None}
cids = ClientIds(Random(1).randrange(1 << 18))


@pytest.fixture(autouse=True)
def _no_long_goodbyes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stalled exchange never answers a close frame."""
    monkeypatch.setattr(policy, "CLOSE_TIMEOUT", 0.05)


@pytest.fixture
def exchange(tmp_path: Path) -> Iterator[DemoExchange]:
    with DemoExchange(
        seed=3,
        rate=400,
        heartbeat=0.2,
        requests_a_minute=None,
        journal_file=tmp_path / "journal",
    ) as running:
        yield running


def order(**fields: Any) -> NewOrder:
    limit = {"symbol": "tBTCUSD", "side": "buy", "type": "EXCHANGE LIMIT", "price": Decimal(60000)}
    cid = cids.next(time.time_ns() // 1_000_000)
    return NewOrder(**({"amount": Decimal("0.01"), "cid": cid} | limit | fields))


def carry_out(
    exchange: DemoExchange,
    folder: Path,
    request: Any,
    *,
    wait: Wait = Wait.ANSWER,
    fault: str = "",
    timeout: float = TIMEOUT,
    on_event: Callable[[Event], None] = lambda event: None,
) -> Outcome:
    """Send a request over a connection of its own, with a fault that strikes at it."""
    if fault:
        exchange.inject(fault)
    desk = OrderDesk(access(exchange, folder), options(exchange), on_event=on_event)
    try:
        if isinstance(request, CancelOrders):
            pending: Any = PendingCancels(request)
        else:
            pending = Pending(request, wait)
        return desk.carry_out(request.message(), pending, timeout, follow=wait is not Wait.ANSWER)
    finally:
        desk.close()


def open_orders(exchange: DemoExchange, folder: Path) -> list[Order]:
    desk = OrderDesk(access(exchange, folder), options(exchange))
    try:
        return desk.open_orders(TIMEOUT)
    finally:
        desk.close()


def test_an_order_is_placed_listed_and_cancelled(exchange, tmp_path):
    placed = carry_out(exchange, tmp_path, order())
    assert placed.verdict is Verdict.ACCEPTED
    [resting] = open_orders(exchange, tmp_path)
    assert resting.id == placed.orders[0].id
    cancelled = carry_out(exchange, tmp_path, CancelOrder(OrderName(id=resting.id)))
    assert [(o.type, o.status) for o in cancelled.orders] == [("oc", "CANCELED")]
    assert carry_out(exchange, tmp_path, CancelOrders(all=True)).verdict is Verdict.ACCEPTED
    assert open_orders(exchange, tmp_path) == []


def test_an_order_that_rests_near_the_market_is_followed_until_it_is_filled(exchange, tmp_path):
    filled = carry_out(exchange, tmp_path, order(price=Decimal(80000)), wait=Wait.FILLED)
    assert filled.orders[-1].type == "oc"


def test_an_order_that_was_answered_is_followed_beyond_the_timeout_and_not_looked_up(
    exchange, tmp_path
):
    new, said = order(), []
    name = OrderName(cid=new.cid, cid_date=cid_date(time.time_ns() // 1_000_000))
    timeout = 1.0  # by then it has been answered, and would have been looked up twice
    later = Timer(2 * timeout, lambda: carry_out(exchange, tmp_path, CancelOrder(name)))
    later.start()
    closed = carry_out(
        exchange, tmp_path, new, wait=Wait.CLOSED, timeout=timeout, on_event=said.append
    )
    later.join()
    assert [each.status for each in closed.orders] == ["CANCELED"]
    assert [event for event in said if isinstance(event, Notice)] == []


def test_a_rejection_has_the_exchanges_words(exchange, tmp_path):
    refused = carry_out(exchange, tmp_path, order(amount=Decimal(100)))
    assert refused.verdict is Verdict.REJECTED
    assert "not enough exchange balance" in refused.words


def test_no_order_is_doubled_and_no_outcome_is_made_up_when_connections_break(exchange, tmp_path):
    told: dict[int, Verdict] = {}
    for strike in ("drop:on=answer", "stall:on=answer", "truncate:on=answer"):
        for new in (order(), order(price=Decimal(80000)), order(**AT_MARKET)):
            told[new.cid] = carry_out(exchange, tmp_path, new, fault=strike, timeout=5.0).verdict
    assert set(told.values()) == {Verdict.ACCEPTED}, "each was looked up, open or ended"
    for strike in ("drop:on=order", "stall:on=order"):
        new = order()
        told[new.cid] = carry_out(exchange, tmp_path, new, fault=strike, timeout=0.3).verdict
        assert told[new.cid] is Verdict.UNKNOWN
    rest = access(exchange, tmp_path).rest
    there = Counter(int(bytes(o.cid)) for o in [*rest.open_orders(), *rest.past_orders(since=0)])
    for cid, verdict in told.items():
        assert there[cid] == (verdict is Verdict.ACCEPTED)


def test_an_order_is_followed_until_it_is_filled_over_a_lost_connection(exchange, tmp_path):
    new = order()
    told: SimpleQueue[Outcome] = SimpleQueue()

    def follow() -> None:
        strike = "drop:on=answer"
        told.put(carry_out(exchange, tmp_path, new, wait=Wait.FILLED, fault=strike))

    Thread(target=follow, daemon=True).start()
    deadline = time.monotonic() + TIMEOUT
    while f'"cid":{new.cid},' not in (tmp_path / "journal").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    name = OrderName(cid=new.cid, cid_date=cid_date(time.time_ns() // 1_000_000))
    crossing = UpdateOrder(order=name, price=Decimal(80000))
    assert carry_out(exchange, tmp_path, crossing).verdict is Verdict.ACCEPTED
    filled = told.get(timeout=TIMEOUT).orders
    assert [(each.type, is_filled(each)) for each in filled] == [("oc", True)]


def test_what_was_asked_of_an_order_is_looked_up_too(exchange, tmp_path):
    resting = carry_out(exchange, tmp_path, order()).orders[0]
    cancel = CancelOrder(OrderName(id=resting.id))
    ended = carry_out(exchange, tmp_path, cancel, fault="stall:on=answer", timeout=5.0)
    assert [(each.id, each.status) for each in ended.orders] == [(resting.id, "CANCELED")]


def test_an_order_of_the_same_client_id_from_before_is_not_taken_for_the_new_one(
    exchange, tmp_path
):
    """One that is open, and one that has ended."""
    for price in (60000, 80000):
        new = order(price=Decimal(price))
        assert carry_out(exchange, tmp_path, new).verdict is Verdict.ACCEPTED
        again = carry_out(exchange, tmp_path, new, fault="stall:on=order", timeout=0.3)
        assert (again.verdict, again.orders) == (Verdict.UNKNOWN, [])


def test_every_execution_is_told_once_whatever_breaks(exchange, tmp_path):
    stream = MarketStream(
        [AccountSubscription()], options(exchange), account=access(exchange, tmp_path, "trading")
    )
    seen: list[AccountTrade] = []
    faults = ["skip", "drop", "skip", "skip", "truncate", "skip", "close"]
    deadline = time.monotonic() + TIMEOUT
    placed = 0
    for batch in stream.batches():
        assert time.monotonic() < deadline
        seen += [record for record in batch if isinstance(record, AccountTrade)]
        account = stream.account
        assert account is not None
        if not account.feed.settled or stream.stats.reconnects < placed:
            continue  # the last fault is not overcome yet
        if placed == len(faults):
            if _fees(seen) == _journal(tmp_path):
                break
        elif account.request(order_at_market()):
            exchange.inject(faults[placed])
            placed += 1
    stream.close()
    journal = _journal(tmp_path)
    assert len(journal) > 0
    # With its fee each is told once: as `tu`, or as `backfill`; without it, `te`, at most once.
    assert sorted(record.id for record in seen if record.type != "te") == sorted(journal)
    executed = [record.id for record in seen if record.type == "te"]
    assert len(set(executed)) == len(executed)
    assert set(executed) <= set(journal)


def test_the_last_days_executions_are_given_at_first_where_they_are_wanted(exchange, tmp_path):
    filled = carry_out(exchange, tmp_path, order(type="EXCHANGE MARKET", price=None))
    assert filled.verdict is Verdict.ACCEPTED
    wishes = replace(options(exchange), feeds=FeedOptions(past_executions=True))
    stream = MarketStream([AccountSubscription()], wishes, account=access(exchange, tmp_path))
    seen: list[Any] = []
    for batch in stream.batches():
        seen += batch
        if stream.complete:
            break
    stream.close()
    told = [record for record in seen if isinstance(record, AccountTrade)]
    assert _fees(told) == _journal(tmp_path)
    assert len(told) == len(_fees(told))
    assert stream.stats.trades_backfilled == 0


def order_at_market() -> bytes:
    return order(**AT_MARKET).message()


def _fees(seen: list[AccountTrade]) -> dict[int, str]:
    """The fees that were told, by the execution's id."""
    return {record.id: bytes(record.fee).decode() for record in seen if record.type != "te"}


def _journal(folder: Path) -> dict[int, str]:
    lines = (folder / "journal").read_text().splitlines()
    entries = [json.loads(line, parse_float=str) for line in lines if '"execution"' in line]
    return {entry["id"]: str(entry["fee"]) for entry in entries}


@pytest.mark.parametrize("url", ["ws://example.com/ws/2", "http://example.com/v2"])
def test_credentials_are_not_sent_in_the_clear(url):
    with pytest.raises(UsageError, match="not encrypted"):
        check_account_url(url)


def test_a_recorded_account_replays_without_its_proof(
    exchange: DemoExchange, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Executions that were looked up while there was no connection come again, too, and why
    they were not known at once."""
    account = access(exchange, tmp_path)
    failures = [ConnectionFailed("REST is busy")]
    look_up = account.rest.executions

    def executions(since: int) -> list[AccountTrade]:
        if failures:
            raise failures.pop()
        return look_up(since)

    monkeypatch.setattr(account.rest, "executions", executions)
    wanted = replace(options(exchange), events=True)
    recorder = Recorder(World(), 7, account.hidden)
    begun = Begun(
        id="a",
        mts=recorder.begun.mts,
        us=recorder.begun.us,
        url=exchange.url,
        subscriptions=["account"],
        seed=7,
        time_scale=0.02,
        account_url=exchange.url,
    )
    recorder.write_to(CaptureWriter(tmp_path / "recording", begun))
    stream = MarketStream([AccountSubscription()], wanted, world=recorder.world, account=account)
    given: list[Any] = []
    deadline = time.monotonic() + TIMEOUT
    sent = 0
    for batch in stream.batches():
        assert time.monotonic() < deadline
        given += batch
        recorder.given_out(batch)
        if stream.complete and sent == stream.stats.reconnects < 3:
            sent += 1
            carry_out(exchange, tmp_path, order(type="EXCHANGE MARKET", price=None))
            exchange.inject("drop")
        elif (
            sent == stream.stats.reconnects == 3 and stream.account and stream.account.feed.settled
        ):
            break
    stream.close()
    recorder.close(ended=True)
    text = (tmp_path / "recording").read_bytes()
    for proof in (DEMO_KEY, DEMO_SECRET, "authSig", "apiKey", "userId"):
        assert proof.encode() not in text
    lines = msgspec.json.Encoder().encode_lines
    assert lines(replayed_account(tmp_path / "recording", wanted)) == lines(given)
    assert any(isinstance(record, AccountTrade) for record in given)
    assert sum("REST is busy" in getattr(record, "text", "") for record in given) == 1
    # Whoever wants other channels alone is not shown what the account has.
    ticker = parse_spec("ticker:tBTCUSD")
    alone = options(exchange)
    assert replayed_account(tmp_path / "recording", alone, only=[ticker]) == []


def replayed_account(path: Path, wanted: StreamOptions, **changes: Any) -> list[Any]:
    """All that a replay gives."""
    capture = Capture([path])
    replay = Replay(capture, Pace(float("inf")))
    stream = MarketStream(
        capture.subscriptions,
        wanted,
        world=replay.world,
        account=replay.account,
        **changes,
    )
    return [item for batch in replay.follow(stream.batches()) for item in batch]
