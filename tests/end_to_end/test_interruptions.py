"""What an interruption does to the output of the command: nothing is lost, nothing comes twice."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from bfxstream.demo import DemoExchange, link
from bfxstream.protocol.schema import schema_of

from .command import clean_environment, start

Line = dict[str, Any]


def following(*arguments: str, scale: str, **options: Any) -> subprocess.Popen[str]:
    """The command, every time of connecting, waiting and watching multiplied by the scale."""
    return start(*arguments, env=clean_environment(BFXSTREAM_TIME_SCALE=scale), **options)


def lines_until(process: subprocess.Popen[str], done: Callable[[Line], bool]) -> list[Line]:
    """What is printed, up to the line for which this holds."""
    assert process.stdout is not None
    read: list[Line] = []
    for text in process.stdout:
        read.append(json.loads(text))
        if done(read[-1]):
            return read
    raise AssertionError(f"it ended before: {read[-3:]}")


def happened(name: str) -> Callable[[Line], bool]:
    return lambda line: line.get("event") == name


def trades_of(lines: Iterable[Line]) -> list[Line]:
    return [line for line in lines if line.get("channel") == "trades"]


def assert_as_journaled(printed: list[Line], journal: Path, symbol: str) -> None:
    """From the first trade to the last all are there, each once, digit for digit."""
    truth = [
        [line["id"], line["mts"], line["amount"], line["price"]]
        for line in map(json.loads, journal.open())
        if line["type"] == "trade" and line["symbol"] == symbol
    ]
    rows = [[line["id"], line["mts"], line["amount"], line["price"]] for line in printed]
    assert all(one < other for one, other in pairwise(rows))
    first, last = truth.index(rows[0]), truth.index(rows[-1])
    assert rows == truth[first : last + 1]


def rest_of(process: subprocess.Popen[str]) -> tuple[list[Line], str]:
    """What is printed until it ends, and all of its standard error, which is short."""
    assert process.stdout is not None
    assert process.stderr is not None
    lines = [json.loads(text) for text in process.stdout]
    process.wait(timeout=30)
    return lines, process.stderr.read()


def is_live(line: Line) -> bool:
    return line.get("type") == "te"


def test_trades_through_drops_are_those_of_the_journal(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    with DemoExchange(seed=3, rate=5000, journal_file=journal) as exchange:
        process = following(
            "trades", "tBTCUSD", "--events", "--stats", "--url", exchange.url, scale="0.1"
        )
        lines = lines_until(process, is_live)
        drops = 0
        # The delay is random: after a short one the snapshot reaches back.
        while not any(map(happened("backfilled"), lines)):
            exchange.inject("drop")
            drops += 1
            lines += lines_until(process, happened("reconnected"))
            lines += lines_until(process, is_live)
        process.send_signal(signal.SIGINT)
        rest, stderr = rest_of(process)
    lines += rest
    assert_as_journaled(trades_of(lines), journal, "tBTCUSD")
    for line in filter(lambda line: "event" in line, lines):
        jsonschema.validate(line, schema_of("event"))
    stats = json.loads(stderr.splitlines()[-1])
    types = [line["type"] for line in trades_of(lines)]
    assert stats["trades_backfilled"] == types.count("backfill") > 30
    assert (stats["gaps"], stats["reconnects"]) == (0, drops)


def test_a_hole_that_the_history_cannot_fill_ends_a_strict_run_with_its_bounds() -> None:
    with DemoExchange(seed=3, rate=20_000, faults=["no-history"]) as exchange:
        process = following(
            "trades", "tBTCUSD", "--strict", "--events", "--url", exchange.url, scale="0.03"
        )
        lines = lines_until_a_look_up(process, exchange)
        rest, stderr = rest_of(process)
    assert process.returncode == 5
    assert_a_gap_is_told(lines + rest, stderr)


def test_a_run_that_ends_during_a_look_up_gives_what_it_holds_behind_the_gap() -> None:
    with DemoExchange(seed=3, rate=20_000, faults=["no-history"]) as exchange:
        process = following("trades", "tBTCUSD", "--events", "--url", exchange.url, scale="0.2")
        lines = lines_until_a_look_up(process, exchange)
        process.send_signal(signal.SIGTERM)
        rest, stderr = rest_of(process)
    assert process.returncode == 128 + signal.SIGTERM
    assert_a_gap_is_told(lines + rest, stderr)


def lines_until_a_look_up(
    process: subprocess.Popen[str], exchange: DemoExchange
) -> list[dict[str, Any]]:
    """Drop the connection until more is missing than a snapshot has."""
    lines = lines_until(process, is_live)
    while not any(map(happened("backfilling"), lines)):
        exchange.inject("drop")
        lines += lines_until(process, happened("subscribed"))
        lines += lines_until(
            process, lambda line: is_live(line) or line.get("event") == "backfilling"
        )
    return lines


def assert_a_gap_is_told(lines: list[dict[str, Any]], stderr: str) -> None:
    """One, with the trades on both sides of it as its bounds."""
    [gap] = filter(happened("gap"), lines)
    before = [line for line in trades_of(lines) if line["id"] <= gap["first"]]
    after = [line for line in trades_of(lines) if line["id"] > gap["first"]]
    assert (before[-1]["id"], before[-1]["mts"]) == (gap["first"], gap["first_mts"])
    assert (after[0]["id"], after[0]["mts"]) == (gap["last"], gap["last_mts"])
    assert f"between id {gap['first']} and id {gap['last']}" in stderr


def lines_until_filled(
    process: subprocess.Popen[str], spec: str, before: Iterable[Line]
) -> list[Line]:
    """What is printed until nothing of this subscription is looked up any more."""

    def is_filled(line: Line) -> bool:
        return line.get("event") == "backfilled" and line["spec"] == spec

    return [] if any(map(is_filled, before)) else lines_until(process, is_filled)


def resident_kilobytes(process: subprocess.Popen[str]) -> int:
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


def test_a_reader_that_stops_for_long_has_every_trade_when_it_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stops until the exchange has dropped the connection, as it does after some seconds."""
    monkeypatch.setattr(link, "_MOST_UNSENT", 32 << 10)
    monkeypatch.setattr(link, "_SEND_BUFFER", 32 << 10)
    journal = tmp_path / "journal"
    symbols = ("tBTCUSD", "tETHUSD")
    with DemoExchange(seed=3, rate=20_000, journal_file=journal) as exchange:
        specs = [f"trades:{symbol}" for symbol in symbols]
        process = following("stream", *specs, "--events", "--url", exchange.url, scale="0.1")
        lines = lines_until(process, is_live)
        before = resident_kilobytes(process)
        while not any(entry.event == "closed" for entry in exchange.log):
            time.sleep(0.01)
        assert resident_kilobytes(process) < 1.1 * before
        for symbol in symbols:
            lines += lines_until_filled(process, f"trades:{symbol}", lines)
        process.send_signal(signal.SIGINT)
        rest, _ = rest_of(process)
    lines += rest
    for symbol in symbols:
        printed = [line for line in trades_of(lines) if line["symbol"] == symbol]
        assert_as_journaled(printed, journal, symbol)
    assert not list(filter(happened("gap"), lines))
