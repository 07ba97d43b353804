"""`bfxstream order` in process: what is sent, what is refused before, and what comes of it."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from decimal import Decimal

import pytest
import websocket
from demo_account import CREDENTIALS, access, options
from msgspec.structs import replace

from bfxstream.cli.order_words import in_words
from bfxstream.demo import DemoExchange
from bfxstream.demo.access import READ_ONLY_KEY
from bfxstream.protocol.account.orders import (
    CancelOrder,
    CancelOrders,
    NewOrder,
    OrderFlag,
    OrderName,
    UpdateOrder,
)
from bfxstream.protocol.auth import MAX_NONCE, auth_message
from bfxstream.stream import order_desk

BUY = ("new", "tBTCUSD", "--side", "buy", "--amount", "0.5")
LIMIT = (*BUY, "--price", "60000")
RESTING = ("new", "tBTCUSD", "--side", "buy", "--amount", "0.002", "--price", "60000", "--yes")
DERIVATIVE = ("new", "BTCF0:USTF0", "--side", "sell", "--amount", "1e-4")
NEW = NewOrder(
    symbol="tBTCUSD",
    side="buy",
    type="EXCHANGE LIMIT",
    amount=Decimal("0.01"),
    cid=7,
    price=Decimal(20000),
)
LIMIT_BODY = {"type": "EXCHANGE LIMIT", "symbol": "tBTCUSD", "amount": "0.5", "price": "60000"}


def day_of(mts: int) -> str:
    return datetime.fromtimestamp(mts / 1000, timezone.utc).strftime("%Y-%m-%d")


# What is sent.


@pytest.mark.parametrize(
    ("options", "body"),
    [
        ((), LIMIT_BODY),
        (("--side", "sell"), LIMIT_BODY | {"amount": "-0.5"}),
        (("--hidden",), LIMIT_BODY | {"flags": 64}),
        (("--post-only",), LIMIT_BODY | {"flags": 4096}),
        (("--no-var-rates",), LIMIT_BODY | {"flags": 524288}),
        (
            ("--hidden", "--post-only", "--price-oco-stop", "59000", "--cid-oco", "8"),
            LIMIT_BODY | {"price_oco_stop": "59000", "cid_oco": 8, "flags": 64 + 4096 + 16384},
        ),
        (
            ("--type", "stop-limit", "--price-aux-limit", "60100", "--reduce-only"),
            LIMIT_BODY | {"type": "STOP LIMIT", "price_aux_limit": "60100", "flags": 1024},
        ),
        (("--type", "limit", "--close"), LIMIT_BODY | {"type": "LIMIT", "flags": 512}),
        (("--type", "exchange fok"), LIMIT_BODY | {"type": "EXCHANGE FOK"}),
        (
            ("--tif", "2099-01-31 23:59:00", "--gid", "3"),
            LIMIT_BODY | {"tif": "2099-01-31 23:59:00", "gid": 3},
        ),
        (("--meta", '{"aff_code": "AFF"}'), LIMIT_BODY | {"meta": {"aff_code": "AFF"}}),
    ],
)
def test_an_order_is_sent_as_the_api_has_it(command, options, body):
    result = command("order", *LIMIT, *options, "--cid", "7", "--dry-run")
    assert (result.code, result.stderr) == (0, "")
    assert json.loads(result.stdout) == [0, "on", None, {"cid": 7} | body]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            (*BUY, "--type", "exchange trailing stop", "--price-trailing", "250.5", "--cid", "7"),
            [
                "on",
                {"cid": 7, "type": "EXCHANGE TRAILING STOP", "symbol": "tBTCUSD"}
                | {"amount": "0.5", "price_trailing": "250.5"},
            ],
        ),
        (
            (*DERIVATIVE, "--type", "MARKET", "--lev", "20", "--cid", "7"),
            [
                "on",
                {"cid": 7, "type": "MARKET", "symbol": "tBTCF0:USTF0"}
                | {"amount": "-0.0001", "lev": 20},
            ],
        ),
        (("update", "5", "--price", "60100"), ["ou", {"id": 5, "price": "60100"}]),
        (("update", "5", "--amount", "-1", "--gid", "3"), ["ou", {"id": 5, "amount": "-1"}]),
        (
            ("update", "--cid", "7", "--date", "2030-01-31", "--delta", "0.25"),
            ["ou", {"cid": 7, "cid_date": "2030-01-31", "delta": "0.25"}],
        ),
        (("cancel", "5"), ["oc", {"id": 5}]),
        (
            ("cancel", "--cid", "7", "--date", "2030-01-31"),
            ["oc", {"cid": 7, "cid_date": "2030-01-31"}],
        ),
        (("cancel", "5", "6", "--gid", "3"), ["oc_multi", {"id": [5, 6], "gid": [3]}]),
        (("cancel-all",), ["oc_multi", {"all": 1}]),
    ],
)
def test_so_is_every_other_request(command, arguments, message):
    result = command("order", *arguments, "--dry-run")
    code, body = message
    sent = json.loads(result.stdout)
    assert (result.code, sent[:3]) == (0, [0, code, None])
    assert body.items() <= sent[3].items()


# What is refused before anything is sent.


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((*LIMIT, "--amount", "0"), "--amount: 0 is no amount"),
        ((*LIMIT, "--amount", "-1"), "--amount: -1 is negative; use --side sell"),
        ((*LIMIT, "--amount", "0.123456789"), "has 9 decimals, and the exchange takes 8"),
        ((*LIMIT, "--amount", "nan"), "'nan' is not a number"),
        ((*LIMIT, "--amount", "1e99"), "too large"),
        ((*LIMIT, "--price", "0"), "--price: 0 is no price"),
        ((*LIMIT, "--price=-5"), "--price: -5 is negative"),
        ((*LIMIT, "--price", "60000.5"), "6 significant digits, and the exchange takes 5"),
        ((*LIMIT, "--price", "1,000"), "'1,000' is not a number"),
        ((*BUY,), "needs --price"),
        ((*LIMIT, "--type", "EXCHANGE MARKET"), "--price does not go with type EXCHANGE MARKET"),
        ((*LIMIT, "--type", "EXCHANGE"), "'EXCHANGE' is not a type of order"),
        ((*LIMIT, "--reduce-only"), "--reduce-only is for positions"),
        ((*LIMIT, "--cid-oco", "8"), "needs --price-oco-stop"),
        ((*LIMIT, "--tif", "tomorrow"), "'tomorrow' is not a time"),
        ((*LIMIT, "--meta", "[1]"), "is not a JSON object"),
        ((*LIMIT, "--cid", "0"), "--cid: 0 is not from 1"),
        ((*LIMIT, "--lev", "5"), "--lev: tBTCUSD is not a derivative"),
        (("new", "fUSD", *LIMIT[2:]), "fUSD is a funding currency"),
        (("update", "5"), "nothing to change"),
        (("update", "--price", "5"), "name the order by its ID or by --cid and --date"),
        (("cancel",), "name the order"),
        (("cancel", "--cid", "7"), "--cid and --date go together"),
        (("cancel", "5", "--cid", "7", "--date", "2030-01-31"), "--cid names one order"),
        (("cancel", "--cid", "7", "--date", "31.1.2030"), "'31.1.2030' is not a time"),
        (LIMIT, "no terminal to ask on; nothing was sent; use --yes"),
        (("cancel-all",), "no terminal to ask on; nothing was sent; use --yes"),
    ],
)
def test_what_cannot_be_is_said_in_a_line_and_nothing_is_sent(
    command, exchange, monkeypatch, arguments, said
):
    monkeypatch.setattr(order_desk, "OrderDesk", None)  # nothing may connect
    sending = () if "no terminal" in said else ("--yes",)
    result = command("order", *arguments, *sending)
    assert (result.code, result.stdout) == (2, "")
    assert said in result.stderr
    assert result.stderr.count("\n") == 1


def test_an_amount_below_the_least_is_refused_where_the_list_of_symbols_is_at_hand(
    command, exchange, cache
):
    small = ("order", *RESTING, "--amount", "0.00001")
    refused = command(*small)
    assert refused.code == 3, "the list is not at hand: the exchange says it"
    assert "minimum size for BTC/USD is" in refused.stderr
    assert command("symbols", "tBTCUSD").code == 0
    sessions = len(exchange.log)
    result = command(*small)
    assert (result.code, result.stdout) == (2, "")
    assert "--amount: 0.00001 is below the least that tBTCUSD takes" in result.stderr
    assert len(exchange.log) == sessions


def test_an_order_goes_nowhere_in_the_clear(command):
    result = command("order", *RESTING, BFXSTREAM_URL="ws://192.0.2.1/ws/2")
    assert (result.code, result.stdout) == (2, "")
    assert "is not encrypted: credentials are not sent there" in result.stderr


# What comes of it.


def test_orders_are_made_changed_listed_and_ended_by_their_ids_and_ours(command):
    [first] = command("order", *RESTING, "--cid", "41").records
    [second] = command("order", *RESTING, "--cid", "42", "--gid", "3").records
    [third] = command("order", *RESTING, "--cid", "43", "--gid", "3").records
    changed = command("order", "update", str(first["id"]), "--price", "60100", "--yes")
    assert (changed.code, changed.records[0]["price"]) == (0, 60100)
    by_cid = ("--cid", "41", "--date", day_of(first["mts_create"]), "--yes")
    assert command("order", "update", *by_cid, "--delta", "0.001").records[0]["amount"] == 0.003
    listed = command("order", "list", "tBTCUSD", "--fields", "id").records
    assert [each["id"] for each in listed] == [first["id"], second["id"], third["id"]]
    assert command("order", "list", "tETHUSD").records == []
    ended = command("order", "cancel", *by_cid)
    assert (ended.code, [each["id"] for each in ended.records]) == (0, [first["id"]])
    ended = command("order", "cancel", "--gid", "3", "--yes")
    assert sorted(each["id"] for each in ended.records) == [second["id"], third["id"]]
    command("order", *RESTING)
    command("order", *RESTING)
    ended = command("order", "cancel-all", "--yes")
    assert [each["status"] for each in ended.records] == ["CANCELED", "CANCELED"]
    assert command("order", "list").records == []
    [found] = command("order", "list", "--cid", "42").records
    assert (found["id"], found["type"], found["status"]) == (second["id"], "oc", "CANCELED")
    nothing = command("order", "list", "--cid", "44")
    assert (nothing.code, nothing.stdout) == (3, "")
    assert "no order with cid 44" in nothing.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((*RESTING, "--amount", "10"), "not enough exchange balance"),
        (("update", "5", "--price", "60000", "--yes"), "Order not found."),
        (("cancel", "5", "--yes"), "Order not found."),
    ],
)
def test_a_rejection_ends_with_the_exchanges_words(command, arguments, said):
    result = command("order", *arguments)
    assert (result.code, result.stdout) == (3, "")
    assert said in result.stderr


def test_a_client_id_that_was_used_today_makes_no_second_order(command):
    assert command("order", *RESTING, "--cid", "51").code == 0
    again = command("order", *RESTING, "--cid", "51")
    assert (again.code, again.stdout) == (3, "")
    assert len(command("order", "list", "--cid", "51").records) == 1


def test_an_order_that_ends_unfilled_is_no_success_where_it_was_to_be_filled(command):
    arguments = (*BUY, "--price", "60000", "--type", "exchange ioc", "--yes")
    assert command("order", *arguments, "--wait", "closed").code == 0
    unfilled = command("order", *arguments, "--wait", "filled")
    assert unfilled.code == 3
    assert unfilled.records[0]["status"] == "IOC CANCELED"
    assert "has ended unfilled: IOC CANCELED" in unfilled.stderr


def test_an_outcome_that_is_unknown_is_said_so_with_the_way_to_find_out(command, exchange):
    exchange.inject("drop:on=order")
    result = command("order", *RESTING, "--cid", "61", "--timeout", "0.3")
    assert (result.code, result.stdout) == (1, "")
    assert "what became of the order with cid 61 is unknown" in result.stderr
    assert "has not answered within 0.3 s" in result.stderr
    assert "bfxstream order list --cid 61" in result.stderr


# Keys.


@pytest.mark.parametrize(
    ("arguments", "changed", "said"),
    [
        (("account",), {"BFX_API_KEY": ""}, ["BFX_API_KEY is empty", "set it, or unset it"]),
        (("account",), {"BFX_API_KEY_FILE": "/nowhere", "BFX_API_KEY": " "}, ["No such file"]),
        (("account",), {"BFX_API_KEY_FILE": "/x"}, ["BFX_API_KEY and BFX_API_KEY_FILE are both"]),
        (
            ("account",),
            {"BFX_API_SECRET": "wrong"},
            ["apikey: digest invalid (code 10100)", "check the API secret"],
        ),
        (
            ("account",),
            {"BFX_API_KEY": "wrong"},
            ["apikey: invalid (code 10100)", "check the API key and its permissions"],
        ),
        (
            ("order", *RESTING),
            {"BFX_API_KEY": READ_ONLY_KEY},
            ["the API key may not change orders", "give the key this permission"],
        ),
    ],
)
def test_a_key_that_does_not_fit_ends_with_the_exchanges_words_and_what_to_check(
    command, arguments, changed, said
):
    result = command(*arguments, **changed)
    assert (result.code, result.stdout) == (4, "")
    assert result.stderr.count("\n") == 1
    for words in said:
        assert words in result.stderr


@pytest.mark.parametrize("missing", ["BFX_API_KEY", "BFX_API_SECRET"])
def test_half_of_the_credentials_is_told_from_none(command, missing):
    half = command("account", **{missing: None})
    assert (half.code, half.stdout) == (4, "")
    assert f"is given without {missing}" in half.stderr
    none = command("account", BFX_API_KEY=None, BFX_API_SECRET=None)
    assert (none.code, none.stderr.count("\n")) == (4, 1)
    assert "no credentials" in none.stderr


def test_a_file_that_all_may_read_is_used_and_warned_of(command, tmp_path):
    file = tmp_path / "secret"
    file.write_text(f"{CREDENTIALS.secret.reveal()}\n")
    file.chmod(0o644)
    result = command("order", "list", BFX_API_SECRET=None, BFX_API_SECRET_FILE=str(file))
    assert result.code == 0
    assert "can be read by every user of this machine; chmod 600 it" in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_key_that_another_program_uses_with_larger_nonces_is_refused_as_such(command):
    with DemoExchange(seed=3) as exchange:
        other = websocket.create_connection(exchange.url, timeout=20)
        other.send(auth_message(CREDENTIALS, MAX_NONCE).reveal())
        while '"auth"' not in other.recv():
            pass
        result = command("account", "--once", BFXSTREAM_URL=exchange.url)
        other.close()
    assert (result.code, result.stdout) == (4, "")
    assert "nonce: small (code 10114)" in result.stderr
    assert "give each program its own key" in result.stderr


def test_two_connections_on_one_key_are_told_of_each_others_orders(command, exchange, tmp_path):
    desk = order_desk.OrderDesk(
        access(exchange, tmp_path / "bfxstream", "trading"), options(exchange)
    )
    before = {order.id for order in desk.open_orders(20)}
    [order] = command("order", *RESTING).records
    assert order["id"] in {each.id for each in desk.open_orders(20)} - before
    desk.close()


def test_with_the_dead_mans_switch_the_end_of_the_run_is_that_of_the_orders(command):
    assert command("order", *RESTING, "--cid", "71").code == 0
    assert command("account", "--once", "--dms", "--filter", "order").code == 0
    [order] = command("order", "list", "--cid", "71").records
    assert (order["type"], order["status"]) == ("oc", "CANCELED")


# How it is told.


def test_orders_are_printed_as_a_table_or_as_csv_where_that_is_wanted(command):
    made = command("order", *RESTING, "--cid", "81", "-o", "table")
    header, row = made.stdout.splitlines()
    assert header.split() == ["SYMBOL", "SIDE", "AMOUNT", "PRICE", "TYPE", "FILLED", "STATUS", "ID"]
    for words in ("tBTCUSD", "buy", "0.002", "60,000", "exchange limit", "active"):
        assert words in row
    assert command("order", "list", "-o", "csv", "--fields", "cid").stdout == "cid\n81\n"
    chosen = command("order", "list", "-o", "table", "--fields", "cid,meta").stdout.split()
    assert chosen[:3] == ["cid", "meta", "81"]
    assert command("order", "cancel-all", "--yes", "--json").records[0]["status"] == "CANCELED"
    nothing = command("order", "list", "-o", "table")
    assert (nothing.code, nothing.stdout, nothing.stderr) == (0, "", "bfxstream: no open orders\n")


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (NEW, "buy 0.01 tBTCUSD at 20000, EXCHANGE LIMIT"),
        (
            replace(NEW, type="STOP LIMIT", side="sell", price_aux_limit=Decimal(19900)),
            "sell 0.01 tBTCUSD at 20000, STOP LIMIT, limit 19900",
        ),
        (
            replace(NEW, flags=OrderFlag.HIDDEN | OrderFlag.POST_ONLY, tif="2030-01-31 23:59:00"),
            "buy 0.01 tBTCUSD at 20000, EXCHANGE LIMIT, hidden, post-only, "
            "good until 2030-01-31 23:59:00 UTC",
        ),
        (
            replace(NEW, type="MARKET", price=None, symbol="tBTCF0:USTF0", lev=20),
            "buy 0.01 tBTCF0:USTF0, MARKET, leverage 20",
        ),
        (
            UpdateOrder(order=OrderName(id=5), price=Decimal("2e4"), delta=Decimal("-0.1")),
            "change order 5: amount more by -0.1, price 20000",
        ),
        (
            CancelOrder(OrderName(cid=7, cid_date="2030-01-31")),
            "cancel the order with cid 7 of 2030-01-31",
        ),
        (CancelOrders(ids=[5, 6], gids=[3]), "cancel order 5, order 6, all open orders of group 3"),
        (CancelOrders(all=True), "cancel all open orders"),
    ],
)
def test_who_is_asked_is_told_in_words(request_, words):
    assert in_words(request_) == words


def test_a_symbol_that_the_exchange_does_not_have_is_answered_with_the_nearest(command, cache):
    result = command("order", "new", "tBTCUSX", *RESTING[2:])
    assert (result.code, result.stdout) == (3, "")
    assert "symbol: invalid; did you mean tBTCU" in result.stderr


# Which exchange.


def test_two_exchanges_in_the_environment_are_refused_and_the_command_line_beats_it(
    command, exchange
):
    both = {"BFXSTREAM_DEMO": "1"}
    refused = command("order", "list", **both)
    assert (refused.code, refused.stdout) == (2, "")
    assert "BFXSTREAM_DEMO and BFXSTREAM_URL are both set; unset one of them" in refused.stderr
    assert command("symbols", "tBTCUSD", "--url", exchange.url, **both).code == 0
