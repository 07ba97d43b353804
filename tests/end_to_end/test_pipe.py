"""Records in a pipe: the formats, the views, the limits."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter, defaultdict
from decimal import Decimal
from itertools import pairwise
from typing import Any

import jsonschema
import pytest

from bfxstream.demo import DemoExchange
from bfxstream.protocol.schema import schema_of

from .command import run, shell

Record = dict[str, Any]


def assert_valid(records: list[Record], name: str) -> None:
    validator = jsonschema.Draft202012Validator(schema_of(name))
    for record in records:
        validator.validate(record)


def test_a_ticker_prints_as_many_records_as_asked_for() -> None:
    result = shell("bfxstream ticker tBTCUSD --demo -n 5 | jq -r .last_price")
    assert result.code == 0
    assert result.stderr == ""
    prices = result.stdout.split()
    assert len(prices) == 5
    assert all(float(price) > 0 for price in prices)


def test_a_condition_ends_the_run_with_the_record_for_which_it_holds() -> None:
    result = run("ticker", "tBTCUSD", "--demo", "--until", "last_price > 0")
    assert (result.code, result.stderr, len(result.records)) == (0, "", 1)


def test_of_several_kinds_the_condition_looks_at_those_with_its_field(
    exchange: DemoExchange,
) -> None:
    specs = ("ticker:tBTCUSD", "trades:tBTCUSD", "book:tBTCUSD")
    result = run("stream", *specs, "--url", exchange.url, "--until", "type == 'te' and amount < 0")
    assert (result.code, result.stderr) == (0, "")
    *before, last = result.records
    assert (last["channel"], last["type"], last["amount"] < 0) == ("trades", "te", True)
    assert {record["channel"] for record in before} == {"ticker", "trades", "book"}
    assert not any(record.get("type") == "te" and record["amount"] < 0 for record in before)


def test_trades_come_once_each_with_rising_ids() -> None:
    result = run("trades", "tBTCUSD", "tETHUSD", "--demo", "-n", "200")
    assert (result.code, result.stderr) == (0, "")
    records = result.records
    assert len(records) == 200
    assert_valid(records, "trades")
    ids = defaultdict(list)
    for record in records:
        ids[record["symbol"]].append(record["id"])
    assert set(ids) == {"tBTCUSD", "tETHUSD"}
    for of_symbol in ids.values():
        assert of_symbol == sorted(set(of_symbol))
    assert [record["type"] for record in records[:30]] == ["snapshot"] * 30


def test_every_update_prints_te_and_tu(exchange: DemoExchange) -> None:
    result = run(
        "trades", "tBTCUSD", "--url", exchange.url, "--no-snapshot", "--every-update", "-n", "20"
    )
    kinds = Counter(record["type"] for record in result.records)
    assert set(kinds) == {"te", "tu"}


@pytest.mark.parametrize("prec", ["P0", "P1", "P2", "P3", "P4", "R0"])
def test_one_whole_book_is_one_line(exchange: DemoExchange, prec: str) -> None:
    result = run(
        "book", "tBTCUSD", "--url", exchange.url, "--view", "full", "--once", "--prec", prec
    )
    assert (result.code, result.stderr) == (0, "")
    (book,) = result.records
    assert_valid([book], "book-full")
    price = 1 if prec == "R0" else 0
    bids = [row[price] for row in book["bids"]]
    asks = [row[price] for row in book["asks"]]
    assert len(bids) == len(asks) == 25
    assert bids == sorted(bids, reverse=True)
    assert asks == sorted(asks)
    assert bids[0] < asks[0]
    assert all(row[2] > 0 for row in book["bids"] + book["asks"])


def test_every_checksum_is_compared_and_right(exchange: DemoExchange) -> None:
    result = run(
        *("book", "tBTCUSD", "tETHUSD", "--url", exchange.url, "--view", "top"),
        *("--count", "60", "--stats"),
    )
    assert result.code == 0
    assert result.stats["checksums"] > 10
    assert result.stats["checksum_mismatches"] == 0
    assert result.stats["resyncs"] == 0


def test_the_top_says_what_follows_from_it_and_only_when_it_changed(
    exchange: DemoExchange,
) -> None:
    result = run("book", "tBTCUSD", "--url", exchange.url, "--view", "top", "-n", "20")
    previous = None
    for record in result.records:
        assert_valid([record], "book-top")
        bid, ask = Decimal(str(record["bid"])), Decimal(str(record["ask"]))
        assert Decimal(str(record["mid"])) == (bid + ask) / 2
        assert Decimal(str(record["spread"])) == ask - bid
        assert record != previous
        previous = record


def apply(book: dict[tuple[str, float], tuple[int, float]], record: Record) -> None:
    key = (record["side"], record["price"])
    if record["count"]:
        book[key] = (record["count"], abs(record["amount"]))
    else:
        del book[key]  # a delete of an unknown level fails the test


def test_whoever_applies_the_levels_holds_the_exchanges_book(exchange: DemoExchange) -> None:
    result = run("book", "tETHUSD", "--url", exchange.url, "-n", "400")
    book: dict[tuple[str, float], tuple[int, float]] = {}
    for record in result.records:
        assert_valid([record], "book-levels")
        apply(book, record)
        bids = [price for side, price in book if side == "bid"]
        asks = [price for side, price in book if side == "ask"]
        assert len(bids) <= 25
        assert len(asks) <= 25
        assert not (bids and asks) or max(bids) < min(asks)


def test_several_channels_share_one_output() -> None:
    result = run(
        *("stream", "ticker:tBTCUSD", "trades:tBTCUSD", "book:tBTCUSD:P0:F0:25", "ticker:fUSD"),
        *("candles:1m:tBTCUSD", "candles:1h:fUSD:p30", "deriv:tBTCF0:USTF0"),
        *("--demo", "--duration", "3"),
    )
    assert (result.code, result.stderr) == (0, "")
    kinds = Counter((record["channel"], record["symbol"]) for record in result.records)
    assert set(kinds) == {
        ("ticker", "tBTCUSD"),
        ("trades", "tBTCUSD"),
        ("book", "tBTCUSD"),
        ("ticker", "fUSD"),
        ("candles", "tBTCUSD"),
        ("candles", "fUSD"),
        ("deriv", "tBTCF0:USTF0"),
    }
    for channel in ("ticker", "trades", "book", "candles", "deriv"):
        assert_valid([r for r in result.records if r["channel"] == channel], channel)


def test_one_candle_is_the_last_and_in_a_table_a_chart(exchange: DemoExchange) -> None:
    arguments = ("candles", "tBTCUSD", "--url", exchange.url, "--once")
    (candle,) = run(*arguments).records
    assert (candle["timeframe"], candle["type"]) == ("1m", "snapshot")
    chart = run(*arguments, "-o", "table")
    assert (chart.code, chart.stderr) == (0, "")
    assert "┃" in chart.stdout and "█" in chart.stdout
    assert chart.stdout.count("\ncandles ") == 0


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (("ticker", "fUSD"), "ticker"),
        (("trades", "fUSD"), "trades"),
        (("book", "fUSD"), "book"),
        (("book", "fUSD", "--prec", "R0"), "book"),
        (("book", "fUSD", "--view", "top"), "book-top"),
        (("book", "fUSD", "--view", "full"), "book-full"),
        (("book", "tBTCUSD", "--prec", "R0"), "book-orders"),
        (("ticker", "tBTCF0:USTF0"), "ticker"),
        (("ticker", "testbtc:testusd"), "ticker"),
        (("book", "tETHBTC", "--len", "100", "--freq", "F1"), "book-levels"),
        (("candles", "fUSD", "--period", "a30:p2:p30", "--timeframe", "1W"), "candles"),
        (("liquidations",), "liquidations"),
    ],
)
def test_each_market_and_layout_prints_valid_records(
    exchange: DemoExchange, arguments: tuple[str, ...], name: str
) -> None:
    result = run(*arguments, "--url", exchange.url, "-n", "1")
    assert (result.code, result.stderr) == (0, "")
    assert_valid(result.records, name)


def test_once_prints_one_value_for_each_subscription(exchange: DemoExchange) -> None:
    result = run(
        *("stream", "ticker:tBTCUSD", "trades:tETHUSD", "ticker:fUSD", "--once"),
        *("--url", exchange.url),
    )
    assert result.code == 0
    values = sorted((record["channel"], record["symbol"]) for record in result.records)
    assert values == [("ticker", "fUSD"), ("ticker", "tBTCUSD"), ("trades", "tETHUSD")]


def test_no_snapshot_leaves_the_snapshot_out(exchange: DemoExchange) -> None:
    result = run(
        *("stream", "trades:tBTCUSD", "book:tBTCUSD", "--no-snapshot", "-n", "30"),
        *("--url", exchange.url),
    )
    assert {record["type"] for record in result.records} <= {"te", "tu", "update"}


def test_fields_are_printed_in_the_order_given(exchange: DemoExchange) -> None:
    result = run(
        *("stream", "ticker:tBTCUSD", "trades:tBTCUSD", "--fields", "price,symbol,last_price"),
        *("--url", exchange.url, "-n", "31"),
    )
    assert {tuple(record) for record in result.records} == {("price", "symbol", "last_price")}
    assert any(record["price"] is None for record in result.records)


def test_csv_has_one_header_and_a_cell_for_every_key(exchange: DemoExchange) -> None:
    result = run(
        "stream", "ticker:tBTCUSD", "trades:tBTCUSD", "-o", "csv", "-n", "31", "--url", exchange.url
    )
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert len(rows) == 31
    assert result.stdout.startswith("channel,symbol,bid,bid_size,ask,")
    trades = [row for row in rows if row["channel"] == "trades"]
    assert all(row["id"] and row["price"] and not row["bid"] for row in trades)


def test_raw_prints_the_exchanges_frames(exchange: DemoExchange) -> None:
    result = run("ticker", "tBTCUSD", "-o", "raw", "-n", "4", "--url", exchange.url)
    info, conf, subscribed, data = map(json.loads, result.stdout.splitlines())
    assert [info["event"], conf["event"], subscribed["event"]] == ["info", "conf", "subscribed"]
    assert data[0] == subscribed["chanId"]


def test_once_ends_raw_frames_when_each_value_is_complete(exchange: DemoExchange) -> None:
    specs = ("ticker:tBTCUSD", "book:tETHUSD")
    result = run("stream", *specs, "-o", "raw", "--once", "--url", exchange.url)
    assert (result.code, result.stderr) == (0, "")
    frames = [json.loads(line) for line in result.stdout.splitlines()]
    confirmed = {frame["chanId"] for frame in frames if "chanId" in frame}
    assert {frame[0] for frame in frames if isinstance(frame, list)} == confirmed
    assert len(confirmed) == 2


def test_timestamps_and_sequence_numbers_are_added_at_the_end(exchange: DemoExchange) -> None:
    result = run("trades", "tBTCUSD", "--timestamps", "--seq", "-n", "40", "--url", exchange.url)
    for record in result.records:
        assert list(record)[-3:] == ["seq", "received_mts", "server_mts"]
        assert abs(record["received_mts"] - record["server_mts"]) < 60_000
    numbers = [record["seq"] for record in result.records]
    assert numbers == sorted(numbers)


def test_events_stand_among_the_records(exchange: DemoExchange) -> None:
    result = run("ticker", "tBTCUSD", "--events", "-n", "1", "--url", exchange.url)
    kinds = [record.get("event", "ticker") for record in result.records]
    assert kinds == ["connected", "subscribed", "ticker"]
    assert_valid([record for record in result.records if "event" in record], "event")


def test_every_thins_whole_books(exchange: DemoExchange) -> None:
    result = run(
        *("book", "tBTCUSD", "--view", "full", "--every", "0.5s", "-n", "4"),
        *("--url", exchange.url),
    )
    times = [record["mts"] for record in result.records]
    # The schedule goes by the steady clock, `mts` by the wall clock: a little may lie between.
    assert all(later - earlier >= 450 for earlier, later in pairwise(times))


def test_options_are_read_from_the_environment(exchange: DemoExchange) -> None:
    result = run("ticker", "tBTCUSD", BFXSTREAM_URL=exchange.url, BFXSTREAM_COUNT="2")
    assert (result.code, len(result.records)) == (0, 2)


def test_stats_are_one_json_object(exchange: DemoExchange) -> None:
    result = run("ticker", "tBTCUSD", "--stats", "-n", "2", "--url", exchange.url)
    assert_valid([result.stats], "stats")
    assert result.stats["records"] == 2
    assert result.stats["messages"] >= 5
    assert result.stats["latency_p50"] is not None


def test_python_dash_m_is_the_same_command() -> None:
    result = shell("python -m bfxstream --version")
    assert result.stdout == run("--version").stdout


def test_every_listed_symbol_can_be_subscribed(exchange: DemoExchange) -> None:
    listed = run("symbols", "--url", exchange.url)
    symbols = [record["symbol"] for record in listed.records]
    result = run("ticker", *symbols, "--once", "--url", exchange.url)
    assert (listed.code, listed.stderr) == (0, "")
    assert (result.code, result.stderr) == (0, "")
    assert sorted(record["symbol"] for record in result.records) == sorted(symbols)


def test_more_than_one_connection_takes_comes_through_several(exchange: DemoExchange) -> None:
    symbols = ("tBTCUSD", "tETHUSD", "tXRPUSD", "fUSD")
    books = [f"book:{s}:{p}:F0:{n}" for s in symbols for p in ("P0", "P1", "R0") for n in (1, 100)]
    specs = [*books, *(f"{kind}:{s}" for kind in ("ticker", "trades") for s in symbols)]
    result = run(
        *("stream", "--from", "-", "--url", exchange.url, "--view", "top", "--once", "--stats"),
        stdin="\n".join(["# everything", *specs, specs[0]]),
    )
    assert result.code == 0
    assert len(result.records) == len(specs) == 32
    spread, stats = result.stderr.splitlines()
    assert spread == "bfxstream: 32 subscriptions over 2 connections"
    assert json.loads(stats)["records"] == 32
