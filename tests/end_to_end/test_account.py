"""The account's commands, run as a user runs them, on a demo exchange of their own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest

from bfxstream.demo import DemoExchange
from bfxstream.demo.access import DEMO_KEY, DEMO_SECRET, READ_ONLY_KEY
from bfxstream.protocol.schema import schema_of

from .command import Result, clean_environment, installed_command, run

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


@pytest.mark.parametrize(
    ("arguments", "changed", "code", "said"),
    [
        (ORDER, {}, 2, "no terminal to ask on"),
        ((*ORDER, "--amount", "0"), {}, 2, "0 is no amount"),
        ((*ORDER, "--amount", "100", "--yes"), {}, 3, "not enough exchange balance"),
        (("account",), {"BFX_API_KEY": ""}, 4, "BFX_API_KEY"),
        (("account",), {"BFX_API_SECRET": "wrong"}, 4, "check the API secret"),
        (("account",), {"BFX_API_KEY": "wrong"}, 4, "apikey: invalid"),
        ((*ORDER, "--yes"), {"BFX_API_KEY": READ_ONLY_KEY}, 4, "may not change orders"),
        (("account",), {"BFXSTREAM_URL": "ws://192.0.2.1/ws/2"}, 2, "not encrypted"),
    ],
)
def test_what_cannot_be_ends_with_its_code_and_one_line(keys, arguments, changed, code, said):
    result = run(*arguments, stdin="", **(keys | changed))
    assert (result.code, result.stdout) == (code, "")
    assert said in result.stderr
    assert result.stderr.count("\n") == 1
    assert hidden_from(result)


def test_a_dry_run_prints_the_message_and_needs_no_credentials():
    result = run(*ORDER, "--cid", "7", "--dry-run")
    body = '{"cid":7,"type":"EXCHANGE LIMIT","symbol":"tBTCUSD","amount":"0.01","price":"60000"}'
    assert (result.stdout, result.code) == (f'[0,"on",null,{body}]\n', 0)


def test_secrets_are_not_in_the_process_list_nor_in_a_crash(keys, tmp_path):
    environment = clean_environment(**keys)
    stream = subprocess.Popen(
        [installed_command(), "account", "--debug"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        text=True,
    )
    assert stream.stdout is not None
    stream.stdout.readline()
    arguments = Path(f"/proc/{stream.pid}/cmdline").read_text()
    os.kill(stream.pid, 15)
    _, errors = stream.communicate(timeout=30)
    # A crash in the midst of it: the first message of the account meets what cannot take it.
    breaks = "import bfxstream.account as a; a.AccountState.receive = None"
    crash = f"{breaks}; import bfxstream.cli as c; c.main()"
    crashed = subprocess.run(
        [str(Path(installed_command()).parent / "python"), "-c", crash, "account", "--debug"],
        capture_output=True,
        env=environment,
        text=True,
        timeout=30,
        check=False,
    )
    assert "Traceback" in crashed.stderr
    for text in (arguments, errors, crashed.stderr):
        assert DEMO_KEY not in text
        assert DEMO_SECRET not in text
        assert "authSig" not in text
