"""The exchange's own Python client takes the demo exchange for the real one."""

from __future__ import annotations

import fcntl
import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from account_layouts import check_message

from bfxstream.demo import DemoExchange
from bfxstream.demo.access import DEMO_KEY, DEMO_SECRET

PACKAGE = "bitfinex-api-py>=4,<5"
SCRIPT = Path(__file__).with_name("official_client.py")
ACCOUNT_SCRIPT = Path(__file__).with_name("official_account.py")


@pytest.fixture(scope="session")
def official_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python that has the official client, which needs an older websockets than ours."""
    # Workers share the parent of their base folders; the first one makes the environment.
    home = tmp_path_factory.getbasetemp().parent / "official-client"
    home.mkdir(exist_ok=True)
    python = home / "venv" / "bin" / "python"
    ready = home / "ready"
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not ready.exists():
            commands = (
                [sys.executable, "-m", "venv", str(home / "venv")],
                [str(python), "-m", "pip", "install", "--quiet", PACKAGE],
            )
            for command in commands:
                made = subprocess.run(command, capture_output=True, text=True, check=False)
                if made.returncode:
                    lines = (made.stderr or made.stdout).strip().splitlines() or ["no reason given"]
                    pytest.skip(f"the official client could not be installed: {lines[-1]}")
            ready.touch()
    return python


@pytest.fixture(scope="module")
def seen(official_python: Path) -> dict[str, Any]:
    """What the official client saw, by kind."""
    with DemoExchange(seed=3, rate=500) as exchange:
        run = subprocess.run(
            [str(official_python), str(SCRIPT), exchange.url],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert run.returncode == 0, run.stderr
    found: dict[str, Any] = json.loads(run.stdout)
    return found


def test_the_official_client_trades_on_the_demo_account(official_python: Path) -> None:
    with DemoExchange(seed=3) as exchange:
        arguments = [str(official_python), str(ACCOUNT_SCRIPT), exchange.url, DEMO_KEY, DEMO_SECRET]
        run = subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=30)
    assert run.returncode == 0, run.stderr
    printed = json.loads(run.stdout)
    seen, messages = printed["seen"], printed["messages"]
    assert ["exchange", "BTC", 2] in seen.pop("wallets")
    assert {tuple(fee) for fee in seen.pop("fees")} == {(78, "BTC"), (79, "USD"), (80, "USD")}
    assert seen == {
        "answers": [["SUCCESS", cid] for cid in (77, 78, 79, 80)],
        "new": [77, "ACTIVE", 60000],
        "update": [77, "ACTIVE", 60100],
        "ends": [[77, "CANCELED"], [78, "EXECUTED"], [79, "EXECUTED"], [80, "EXECUTED"]],
        "position": ["tBTCUSD", "ACTIVE", True],
        "closed": ["tBTCUSD", "CLOSED", 0],
    }
    for code, payload in messages:
        check_message(code, payload)
    codes = [code for code, _ in messages]
    assert codes[:6] == ["ps", "ws", "os", "fos", "fcs", "fls"]
    assert set(codes[6:]) >= {"n", "on", "ou", "oc", "te", "tu", "wu", "pn", "pc"}


def test_the_official_client_reads_the_ticker(seen: dict[str, Any]) -> None:
    ticker = seen["ticker"]
    assert 60_000 < ticker["bid"] < ticker["ask"] < 80_000
    assert ticker["low"] <= ticker["last_price"] <= ticker["high"]
    assert min(ticker["bid_size"], ticker["ask_size"], ticker["volume"]) > 0


def test_the_official_client_reads_the_trades(seen: dict[str, Any]) -> None:
    trades = seen["trades"]
    assert len(trades) == 30
    assert all(newer["id"] > older["id"] for newer, older in pairwise(trades))
    assert seen["te"]["id"] > trades[0]["id"]
    assert seen["tu"] == seen["te"]
    assert 60_000 < seen["te"]["price"] < 80_000


def test_the_official_client_reads_both_kinds_of_book(seen: dict[str, Any]) -> None:
    for snapshot in (seen["book"], seen["raw"]):
        assert [row["amount"] > 0 for row in snapshot] == [True] * 25 + [False] * 25
        bids = [row["price"] for row in snapshot[:25]]
        asks = [row["price"] for row in snapshot[25:]]
        assert bids == sorted(bids, reverse=True)
        assert asks == sorted(asks)
        assert bids[0] < asks[0]
    assert seen["update"].keys() == {"price", "count", "amount"}
    assert seen["raw update"].keys() == {"order_id", "price", "amount"}


def test_the_official_clients_book_has_the_checksum_that_it_was_sent(seen: dict[str, Any]) -> None:
    sent, computed = seen["checksum"]
    assert sent == computed
