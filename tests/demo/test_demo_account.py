"""The demo account: keys are checked, orders live in the market, money moves exactly."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from itertools import count
from typing import Any
from urllib.parse import urlsplit

import pytest
from account_client import ORDER_FIELDS, AccountClient
from demo_account import CREDENTIALS, next_nonce
from demo_client import Client

from bfxstream.demo import DemoExchange
from bfxstream.demo.access import DEMO_SECRET, READ_ONLY_KEY
from bfxstream.protocol.auth import Credentials, Secret, auth_message, rest_headers

_cids = count(1, 100)


@pytest.fixture(scope="session")
def market() -> Iterator[DemoExchange]:
    """An exchange for those who trade, as orders change it."""
    with DemoExchange(seed=7, rate=200, heartbeat=0.25) as running:
        yield running


@pytest.fixture
def owner(market: DemoExchange) -> Iterator[AccountClient]:
    """The account's owner, who leaves no orders behind."""
    with AccountClient(market.url) as client:
        assert client.authenticate(dms=4)["status"] == "OK"
        yield client


@pytest.fixture
def cid() -> int:
    """A client id that no other test uses."""
    return next(_cids)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"apiKey": "nobody's"}, (10100, "apikey: invalid")),
        ({"authSig": "00"}, (10100, "apikey: digest invalid")),
        ({"authSig": None}, (10100, "apikey: digest invalid")),
        ({"authNonce": 0}, (10114, "nonce: small")),
        ({"authNonce": "x"}, (10114, "nonce: small")),
    ],
)
def test_who_does_not_prove_who_he_is_stays_outside(exchange, change, said):
    with AccountClient(exchange.url) as client:
        answer = client.authenticate(**change)
        assert (answer["status"], answer["code"], answer["msg"]) == ("FAILED", *said)


def test_a_nonce_is_good_once_and_a_connection_is_authenticated_once(exchange):
    message = json.loads(auth_message(CREDENTIALS, next_nonce()).reveal())
    with AccountClient(exchange.url) as first, AccountClient(exchange.url) as second:
        assert first.ask("auth", **message)["caps"]["orders"] == {"read": 1, "write": 1}
        assert second.ask("auth", **message)["msg"] == "nonce: small"
        assert first.authenticate()["msg"] == "auth: dup"


def test_a_key_without_permission_sees_and_does_not_trade(exchange):
    reader = Credentials(Secret(READ_ONLY_KEY), Secret(DEMO_SECRET))
    with AccountClient(exchange.url) as client:
        assert client.authenticate(reader)["caps"]["orders"]["write"] == 0
        client.order("on", type="EXCHANGE MARKET", symbol="tBTCUSD", amount="1")
        assert client.answer()[0] == "ERROR"


def test_filters_leave_the_rest_out(exchange):
    with AccountClient(exchange.url) as client:
        client.authenticate(filter=["wallet"])
        codes = [client.frame(lambda frame: frame[0] == 0)[1] for _ in range(2)]
        assert codes == ["ws", "hb"]


def test_an_order_rests_is_seen_changed_and_cancelled(owner, cid):
    owner.order("on", type="EXCHANGE LIMIT", symbol="tBTCUSD", amount="0.5", price="60000", cid=cid)
    order_id = owner.told("on", cid=cid)[0]
    owner.order("ou", id=order_id, price="60100", delta="0.1")
    changed = owner.told("ou", id=order_id)
    assert (changed[ORDER_FIELDS["price"]], changed[ORDER_FIELDS["amount"]]) == (60100, 0.6)
    owner.order("oc", id=order_id)
    assert owner.answer()[0] == "SUCCESS"
    assert owner.told("oc", id=order_id)[ORDER_FIELDS["status"]] == "CANCELED"
    owner.order("oc", id=order_id)
    assert owner.answer() == ("ERROR", "Order not found.")


def test_a_fill_is_a_public_trade_and_moves_exactly_what_it_costs(owner, market, cid):
    before = owner.wallets()
    with Client(market.url) as public:
        public.subscribe("trades", "tBTCUSD")
        owner.order("on", type="EXCHANGE MARKET", symbol="tBTCUSD", amount="0.5", cid=cid)
        assert owner.told("oc", cid=cid)[ORDER_FIELDS["status"]].startswith("EXECUTED @")
        fills, usd, btc = [], before["USD"], before["BTC"]
        while sum(fill[4] for fill in fills) < 0.5 - 1e-12:
            fills.append(owner.told("tu"))
        for fill in fills:
            amount, price, fee = (Decimal(str(fill[i])) for i in (4, 5, 9))
            assert -fee == amount * Decimal("0.002")
            usd -= amount * price
            btc += amount + fee
            shown = public.frame(partial(_executes, fill[0]))
            assert shown[2][2:4] == [fill[4], fill[5]]
    with AccountClient(market.url) as again:
        again.authenticate()
        now = again.wallets()
    assert now["BTC"] == btc
    assert float(now["USD"]) == float(usd)


def _executes(trade_id: int, frame: list[Any]) -> bool:
    return frame[1] == "te" and frame[2][0] == trade_id


@pytest.mark.parametrize(
    ("order", "status"),
    [
        ({"type": "EXCHANGE LIMIT", "price": "90000", "flags": 4096}, "POSTONLY CANCELED"),
        ({"type": "EXCHANGE IOC", "price": "1"}, "IOC CANCELED"),
        ({"type": "EXCHANGE FOK", "price": "1"}, "FILLORKILL CANCELED"),
        ({"type": "EXCHANGE FOK", "price": "90000"}, "EXECUTED @"),
        ({"type": "EXCHANGE STOP", "price": "1"}, "EXECUTED @"),
    ],
)
def test_orders_that_never_rest_end_as_their_type_says(owner, cid, order, status):
    owner.order("on", symbol="tBTCUSD", amount="0.01", cid=cid, **order)
    assert owner.answer()[0] == "SUCCESS"
    assert owner.told("oc", cid=cid)[ORDER_FIELDS["status"]].startswith(status)


def test_a_trailing_stop_follows_the_price_until_it_turns(owner, cid):
    trailing = {"type": "EXCHANGE TRAILING STOP", "price_trailing": "1"}
    owner.order("on", symbol="tBTCUSD", amount="-0.01", cid=cid, **trailing)
    assert owner.told("on", cid=cid)[ORDER_FIELDS["status"]] == "ACTIVE"
    assert owner.told("oc", cid=cid)[ORDER_FIELDS["status"]].startswith("EXECUTED @")


def test_the_first_of_an_oco_pair_ends_the_other(owner, cid):
    pair = {"price": "60000", "price_oco_stop": "1", "cid_oco": cid + 1, "flags": 16384}
    owner.order("on", type="EXCHANGE LIMIT", symbol="tBTCUSD", amount="0.01", cid=cid, **pair)
    ended = [owner.told("oc") for _ in range(2)]
    assert {row[2]: row[ORDER_FIELDS["status"]].split(" ")[0] for row in ended} == {
        cid: "CANCELED",
        cid + 1: "EXECUTED",
    }


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"amount": "500"}, "not enough exchange balance"),
        ({"amount": "0.00000001"}, "minimum size for BTC/USD is 0.00008"),
        ({"amount": "x"}, "amount: invalid"),
        ({"price": "-1"}, "price: invalid"),
        ({"symbol": "tNOSUCH"}, "symbol: invalid"),
        ({"symbol": "tDUSK:USD", "amount": "9", "type": "LIMIT"}, "not traded on margin"),
        ({"symbol": "tBTCF0:USTF0", "type": "LIMIT"}, "does not trade derivatives"),
        ({"type": "NOTHING"}, "type: invalid"),
        ({"flags": 512}, "no position to reduce"),
    ],
)
def test_an_order_that_cannot_be_is_refused_in_words(owner, cid, change, words):
    order = {"type": "EXCHANGE LIMIT", "symbol": "tBTCUSD", "amount": "0.1", "price": "60000"}
    owner.order("on", cid=cid, **(order | change))
    status, text = owner.answer()
    assert status == "ERROR"
    assert words in text


def test_what_open_orders_hold_cannot_be_spent_twice(owner, cid):
    for number, status in ((cid, "SUCCESS"), (cid + 1, "ERROR")):
        order = {"type": "EXCHANGE LIMIT", "symbol": "tETHUSD", "price": "9000", "cid": number}
        owner.order("on", amount="-25", **order)
        assert owner.answer()[0] == status


def test_a_client_id_is_good_once_a_day(owner, cid):
    for status in ("SUCCESS", "ERROR"):
        order = {"type": "EXCHANGE LIMIT", "symbol": "tBTCUSD", "price": "60000", "cid": cid}
        owner.order("on", amount="0.01", **order)
        assert owner.answer()[0] == status


@pytest.mark.parametrize(("dms", "left"), [(4, 0), (0, 1)])
def test_the_dead_mans_switch_cancels_when_the_connection_ends(market, cid, dms, left):
    with AccountClient(market.url) as client:
        client.authenticate(dms=dms)
        order = {"type": "EXCHANGE LIMIT", "symbol": "tBTCUSD", "price": "60000", "cid": cid}
        client.order("on", amount="0.01", **order)
        client.told("on", cid=cid)
    with AccountClient(market.url) as client:
        client.authenticate(dms=4)
        assert len(client.told("os")) == left


def call(exchange: DemoExchange, path: str, body: dict[str, Any], **headers: str) -> Any:
    """A signed REST call: status and answer."""
    text = json.dumps(body)
    signed = rest_headers(CREDENTIALS, path, next_nonce(), text)
    connection = http.client.HTTPConnection(urlsplit(exchange.rest_url).netloc, timeout=20)
    revealed = {name: secret.reveal() for name, secret in signed.items()}
    connection.request("POST", f"/v2/{path}", text, revealed | headers)
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


def test_history_is_asked_for_with_a_signature(owner, market, cid):
    owner.order("on", type="EXCHANGE MARKET", symbol="tETHUSD", amount="0.1", cid=cid)
    order_id = owner.told("oc", cid=cid)[0]
    status, executions = call(market, "auth/r/trades/hist", {"start": 0, "sort": 1})
    assert status == 200
    assert order_id in {row[3] for row in executions}
    _, orders = call(market, "auth/r/orders/hist", {"id": [order_id]})
    assert [row[0] for row in orders] == [order_id]
    assert call(market, "auth/r/trades/tLTCUSD/hist", {}) == (200, [])
    assert call(market, "auth/r/orders", {}) == (200, [])
    assert call(market, "auth/r/positions", {}) == (200, [])
    refused = call(market, "auth/r/orders", {}, **{"bfx-signature": "00"})
    assert refused == (500, ["error", 10100, "apikey: digest invalid"])
