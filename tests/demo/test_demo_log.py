"""The server's log, and the limits that it is there to prove."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from pathlib import Path

import pytest
import websocket
from demo_client import TIMEOUT, Client, until
from hub_clock import Clock

from bfxstream.demo import DemoExchange
from bfxstream.demo.limits import Allowance
from bfxstream.protocol.channels import TradesSubscription


def events(exchange: DemoExchange) -> list[tuple[str, int | None]]:
    return [(entry.event, entry.connection) for entry in exchange.log]


def is_let_in(exchange: DemoExchange) -> bool:
    try:
        Client(exchange.url).socket.close()
    except websocket.WebSocketBadStatusException:
        return False
    return True


def test_connections_and_their_ends_are_noted_with_their_times(tmp_path: Path) -> None:
    path = tmp_path / "exchange.log"
    begin = time.time_ns() // 1_000_000
    with DemoExchange(seed=1, log_file=path) as exchange:
        first = Client(exchange.url)
        second = Client(exchange.url)
        first.socket.close(status=1000, timeout=TIMEOUT)
        until(lambda: len(exchange.log) == 3)
        second.socket.sock.close()
        until(lambda: len(exchange.log) == 4)
        assert events(exchange) == [
            ("connected", 1),
            ("connected", 2),
            ("closed", 1),
            ("closed", 2),
        ]
        assert [entry.details.get("code") for entry in exchange.log[2:]] == [1000, 1006]
        assert exchange.log[0].details["client"].startswith("127.0.0.1:")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["mts"] for line in lines] == [entry.mts for entry in exchange.log]
    assert [line["event"] for line in lines] == [entry.event for entry in exchange.log]
    assert begin <= lines[0]["mts"] <= lines[-1]["mts"] <= time.time_ns() // 1_000_000


def test_a_log_that_cannot_be_written_is_an_error_at_start(tmp_path: Path) -> None:
    exchange = DemoExchange(log_file=tmp_path / "missing" / "log")
    with pytest.raises(OSError, match="missing"):
        exchange.start()


def test_too_many_connections_are_refused_for_a_minute_when_asked_to() -> None:
    with DemoExchange(seed=1, connects_a_minute=2, minute=0.5) as exchange:
        for _ in range(2):
            Client(exchange.url).socket.close()
        with pytest.raises(websocket.WebSocketBadStatusException) as refused:
            Client(exchange.url)
        assert refused.value.status_code == 429
        refusal = next(entry for entry in exchange.log if entry.event == "refused")
        assert refusal.details["status"] == 429
        until(lambda: is_let_in(exchange))
        last = exchange.log[-1]
        assert last.mts - refusal.mts >= 490


def test_there_is_no_limit_of_connections_unless_asked_for() -> None:
    allowance = Allowance(None, 60.0)
    assert all(allowance.take(0.0) for _ in range(1000))


def test_a_limit_is_of_any_minute_not_of_the_clocks() -> None:
    allowance = Allowance(3, 60.0)
    assert [allowance.take(now) for now in (0.0, 50.0, 59.0, 60.1, 110.1)] == [True] * 5
    assert not allowance.take(110.2)
    assert not allowance.take(170.1)
    assert allowance.take(170.3)


def test_a_market_that_cannot_keep_up_says_so() -> None:
    clock = Clock(5000)
    clock.subscribe(TradesSubscription("tBTCUSD"))
    clock.run(1)
    assert clock.log.entries == []
    clock.now += 10  # the machine was busy with something else
    clock.run(0.1)
    assert [entry.event for entry in clock.log.entries] == ["behind"]
    assert clock.log.entries[0].details["seconds"] > 9


@pytest.mark.parametrize("file", ["log_file", "journal_file"])
def test_a_full_disk_ends_the_exchange_and_names_the_file(file: str) -> None:
    exchange = DemoExchange(seed=1, heartbeat=0.05, **{file: Path("/dev/full")})
    with pytest.raises(OSError, match="No space left") as caught:
        exchange.start()  # the journal begins at once
        with suppress(websocket.WebSocketException, OSError):
            websocket.create_connection(exchange.url, timeout=TIMEOUT).recv()
        exchange.wait()
        exchange.stop()
    assert caught.value.filename == "/dev/full"
    exchange.stop()
