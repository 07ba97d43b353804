"""The account's commands, run as a user runs them, on a demo exchange of their own."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from demo_account import owner

from bfxstream.demo import DemoExchange
from bfxstream.demo.access import DEMO_KEY, DEMO_SECRET
from bfxstream.protocol.schema import schema_of

from .command import Result, clean_environment, run, start

MAKER_FEE = Decimal("0.001")
ORDER = ("order", "new", "tBTCUSD", "--side", "buy", "--amount", "0.01", "--price", "60000")


@pytest.fixture(scope="module")
def exchange() -> Iterator[DemoExchange]:
    with DemoExchange(seed=1, rate=200) as running:
        yield running


@pytest.fixture
def keys(exchange: DemoExchange, tmp_path: Path) -> dict[str, str]:
    """The environment of the account's owner, with a state folder of the test's own."""
    return owner(exchange, tmp_path)


def hidden_from(result: Result) -> bool:
    return DEMO_KEY not in result.stderr + result.stdout and DEMO_SECRET not in result.stderr


def test_an_account_is_shown_once_as_valid_records(tmp_path):
    result = run("account", "--demo", "--once", XDG_STATE_HOME=str(tmp_path))
    assert result.code == 0
    assert {"wallet", "order", "position"} <= {record["kind"] for record in result.records}
    wallets = [record for record in result.records if record["kind"] == "wallet"]
    assert ("exchange", "BTC") in {(w["wallet_type"], w["currency"]) for w in wallets}
    for record in result.records:
        jsonschema.validate(record, schema_of("account"))


def test_an_order_is_sent_listed_and_cancelled_and_secrets_are_nowhere(keys):
    placed = run(*ORDER, "--yes", "--debug", **keys)
    assert placed.code == 0, placed.stderr
    [order] = placed.records
    jsonschema.validate(order, schema_of("order"))
    assert '"apiKey":"<hidden>"' in placed.stderr
    assert hidden_from(placed)
    listed = run("order", "list", "--fields", "id,price", **keys)
    assert {"id": order["id"], "price": 60000} in listed.records
    cancelled = run("order", "cancel", str(order["id"]), "-y", **keys)
    assert (cancelled.code, cancelled.records[0]["status"]) == (0, "CANCELED")
    again = run("order", "cancel", str(order["id"]), "-y", **keys)
    assert again.code == 3
    assert "Order not found." in again.stderr


class Stream:
    """A stream of records; numbers are exact."""

    def __init__(self, *arguments: str, **environment: str) -> None:
        limited = (*arguments, "--duration", "60s")  # no test waits for ever
        self._process = start(*limited, env=clean_environment(**environment))
        self.records: list[dict[str, Any]] = []

    def next(self, **wanted: Any) -> dict[str, Any]:
        """The next record with these values."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            record: dict[str, Any] = json.loads(line, parse_float=Decimal, parse_int=Decimal)
            self.records.append(record)
            if wanted.items() <= record.items():
                return record
        raise AssertionError(f"the stream ended before {wanted}")

    def find(self, **wanted: Any) -> dict[str, Any]:
        """The first record with these values, whether it has come or is to come."""
        found = (record for record in self.records if wanted.items() <= record.items())
        return next(found, None) or self.next(**wanted)

    def close(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.communicate(timeout=30)


def bid_that_rests(keys: dict[str, str]) -> dict[str, Any]:
    """Have an order rest a little below the best bid, wherever the market is just then."""
    for _ in range(10):
        best = run("ticker", "tBTCUSD", "--once", **keys).records[0]["bid"]
        order = ("order", "new", "tBTCUSD", "--side", "buy", "--amount", "1.25", "--post-only")
        placed = run(*order, "--price", str(best - 2), "--yes", **keys)
        assert placed.code == 0, placed.stderr
        if placed.records[0]["status"] == "ACTIVE":
            return placed.records[0]
    raise AssertionError("the market fell faster than an order could be sent, ten times")


def test_an_order_rests_for_all_to_see_and_is_crossed_to_the_last_digit(keys):
    everything = Stream("stream", "account", "book:tBTCUSD:R0:F0:250", "trades:tBTCUSD", **keys)
    with closing(everything):
        before = {
            currency: everything.find(wallet_type="exchange", currency=currency)["balance"]
            for currency in ("USD", "BTC")
        }
        order = bid_that_rests(keys)
        order_id, price = Decimal(order["id"]), Decimal(order["price"])
        resting = everything.find(kind="order", type="on", id=order_id)
        assert (resting["status"], resting["amount"]) == ("ACTIVE", Decimal("1.25"))
        shown = everything.find(channel="book", order_id=order_id)
        assert (shown["price"], shown["side"]) == (price, "bid")

        crossed = everything.find(kind="trade", type="te", order_id=order_id)
        amount, fee = crossed["exec_amount"], crossed["exec_amount"] * MAKER_FEE
        # Balances as they are after this execution, whatever follows it.
        first = everything.records.index(crossed)
        everything.find(kind="trade", type="tu", id=crossed["id"])
        moved = {
            currency: next(
                record["balance"]
                for record in everything.records[first:]
                if record.get("type") == "wu" and record["currency"] == currency
            )
            for currency in ("USD", "BTC")
        }
        assert moved == {
            "USD": before["USD"] - amount * crossed["exec_price"],
            "BTC": before["BTC"] + amount - fee,
        }
        paid = everything.find(kind="trade", type="tu", id=crossed["id"])
        assert (paid["fee"], paid["fee_currency"]) == (-fee, "BTC")
        public = everything.find(channel="trades", id=crossed["id"])
        assert public["price"] == crossed["exec_price"] == price
        assert public["amount"] == -amount  # the taker sold what we bought
