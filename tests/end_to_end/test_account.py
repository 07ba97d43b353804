"""The account's commands, run as a user runs them, on a demo exchange of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest

from bfxstream.demo import DemoExchange
from bfxstream.demo.access import DEMO_KEY, DEMO_SECRET
from bfxstream.protocol.schema import schema_of

from .command import Result, run

ORDER = ("order", "new", "tBTCUSD", "--side", "buy", "--amount", "0.01", "--price", "60000")


@pytest.fixture(scope="module")
def exchange() -> Iterator[DemoExchange]:
    with DemoExchange(seed=1, rate=200) as running:
        yield running


@pytest.fixture
def keys(exchange: DemoExchange, tmp_path: Path) -> dict[str, str]:
    """The environment of the account's owner, with a state folder of the test's own."""
    return {
        "BFX_API_KEY": DEMO_KEY,
        "BFX_API_SECRET": DEMO_SECRET,
        "BFXSTREAM_URL": exchange.url,
        "XDG_STATE_HOME": str(tmp_path),
    }


def hidden_from(result: Result) -> bool:
    return DEMO_KEY not in result.stderr + result.stdout and DEMO_SECRET not in result.stderr


def test_an_account_is_shown_once_as_valid_records(keys):
    result = run("account", "--once", **keys)
    assert result.code == 0
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
