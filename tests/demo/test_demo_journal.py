"""The journal: what a client holds at a frame's number is what the journal says."""

from __future__ import annotations

import json
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest
from demo_account import CREDENTIALS, next_nonce
from demo_client import BookClient, Client, payload

from bfxstream.demo import DemoExchange
from bfxstream.demo.candles import MINUTE, interval
from bfxstream.demo.hub import Hub
from bfxstream.demo.journal import Journal
from bfxstream.demo.market import START_MTS, Market
from bfxstream.demo.session import Session
from bfxstream.protocol.auth import auth_message
from bfxstream.protocol.codes import Conf

Line = dict[str, Any]


class Run:
    """A market with a journal, and one client's session that takes every frame."""

    def __init__(self, path: Path, seed: int = 3, rate: float = 1000.0) -> None:
        self.now = 1000.0
        self.path = path
        market = Market(seed)
        self.journal = Journal(path, market)
        self.hub = Hub(market, rate, journal=self.journal)
        self.session = Session(
            self.hub, Random(seed), heartbeat=15, clock=lambda: self.now, wall=lambda: 0
        )
        self.session.open()
        self.texts: list[str] = []
        self.send(event="conf", flags=int(Conf.SEQ_ALL))

    def send(self, **message: Any) -> None:
        self.receive(json.dumps(message))

    def receive(self, message: str) -> None:
        self.session.receive(message)
        self.texts += [text.decode() for text in self.session.take_output()]

    def play(self, seconds: float) -> None:
        end = self.now + seconds
        while (due := self.hub.next_due(self.now)) <= end:
            self.now = due
            self.hub.advance(due)
            self.texts += [text.decode() for text in self.session.take_output()]
        self.now = end

    def channels(self) -> dict[int, Line]:
        events = (json.loads(text) for text in self.texts if text.startswith("{"))
        return {each["chanId"]: each for each in events if each["event"] == "subscribed"}

    def lines(self, kind: str) -> list[Line]:
        self.journal.close()
        every = (json.loads(line, parse_float=str) for line in self.path.open())
        return [line for line in every if line["type"] == kind]


BOOKS = [
    {"symbol": "tBTCUSD"},
    {"symbol": "tBTCUSD", "prec": "R0", "len": "100"},
    {"symbol": "tXRPBTC", "prec": "P2", "len": "25"},
    {"symbol": "fUSD", "prec": "P0", "len": "25"},
]


def test_whoever_applies_the_frames_up_to_a_number_holds_the_journals_book(tmp_path: Path) -> None:
    run = Run(tmp_path / "journal")
    for book in BOOKS:
        run.send(event="subscribe", channel="book", **book)
    run.play(1.5)
    channels = run.channels()
    books = {
        chan_id: BookClient(each["symbol"], each["prec"], int(each["len"]))
        for chan_id, each in channels.items()
    }
    frames = [text for text in run.texts if text.startswith("[")]
    applied = 0
    compared: dict[int, int] = defaultdict(int)
    for line in run.lines("book"):
        ((chan, number),) = line["seqs"].items()
        chan_id = int(chan)
        for frame in frames[applied:number]:
            its = json.loads(frame)[0]
            for row in payload(frame):
                books[its].apply(row)
        applied = max(applied, number)
        book = books[chan_id].book
        told = channels[chan_id]
        assert [line[key] for key in ("symbol", "prec", "freq", "len")] == [
            told[key] for key in ("symbol", "prec", "freq", "len")
        ]
        expected = [json.loads(row, parse_float=str) for row in books[chan_id].rows()]
        assert line["rows"] == expected
        assert line["mts"] % 1000 == 0
        assert not book.crossed
        compared[chan_id] += 1
    assert set(compared.values()) == {
        13
    }  # 1.5 s from which 0.25 s of opening go, ten times as fast


def test_every_trade_is_in_it_once_and_in_order(tmp_path: Path) -> None:
    run = Run(tmp_path / "journal")
    for symbol in ("tBTCUSD", "fUSD"):
        run.send(event="subscribe", channel="trades", symbol=symbol)
    run.play(1.0)
    names = {"tBTCUSD": ["id", "mts", "amount", "price"]}
    names["fUSD"] = ["id", "mts", "amount", "rate", "period"]
    for chan_id, channel in run.channels().items():
        symbol = channel["symbol"]
        told = [line for line in run.lines("trade") if line["symbol"] == symbol]
        assert all(list(line) == ["type", "symbol", *names[symbol]] for line in told)
        rows = [[line[name] for name in names[symbol]] for line in told]
        sent = [json.loads(text, parse_float=str) for text in run.texts if text.startswith("[")]
        mine = [frame for frame in sent if frame[0] == chan_id]
        snapshot = mine[0][1][::-1]
        executed = [frame[2] for frame in mine if frame[1] in ("te", "fte")]
        assert rows[-len(executed) - 30 :] == snapshot + executed
        assert len(executed) >= 10


def test_each_candle_is_noted_once_when_it_is_closed(tmp_path: Path) -> None:
    run = Run(tmp_path / "journal", rate=5000)
    run.send(event="subscribe", channel="ticker", symbol="tBTCUSD")
    run.play(0.25 + 4.3)  # three and a half minutes
    candles = run.lines("candle")
    trades = [
        line
        for line in run.lines("trade")
        if line["symbol"] == "tBTCUSD" and line["mts"] >= START_MTS
    ]
    minutes = [line for line in candles if line["key"] == "trade:1m:tBTCUSD"]
    assert [line["mts"] for line in minutes][-3:] == [START_MTS + n * MINUTE for n in range(3)]
    for line in minutes[-3:]:
        within = [each for each in trades if interval("1m", each["mts"])[0] == line["mts"]]
        prices = [Decimal(each["price"]) for each in within]
        assert Decimal(line["volume"]) == sum(abs(Decimal(each["amount"])) for each in within)
        told = [Decimal(line[name]) for name in ("open", "close", "high", "low")]
        assert told == [prices[0], prices[-1], max(prices), min(prices)]
    keys = [(line["key"], line["mts"]) for line in candles]
    assert len(keys) == len(set(keys))
    assert {"trade:1m:fUSD:p2", "trade:1m:fUSD:p30"} <= {key for key, _ in keys}


def test_a_channel_that_missed_updates_is_not_vouched_for(tmp_path: Path) -> None:
    run = Run(tmp_path / "journal")
    for symbol in ("tBTCUSD", "tETHUSD"):
        run.send(event="subscribe", channel="book", symbol=symbol)
    muted, kept = run.channels()
    run.session.mute(muted)
    run.play(0.5)
    assert {int(chan) for line in run.lines("book") for chan in line["seqs"]} == {kept}


def test_a_book_that_is_paused_is_vouched_for_when_it_is_subscribed_anew(tmp_path: Path) -> None:
    run = Run(tmp_path / "journal")
    run.send(event="subscribe", channel="book", symbol="tBTCUSD")
    (first,) = run.channels()
    run.session.pause()
    run.play(0.5)
    run.session.resume()
    run.play(0.5)
    run.send(event="unsubscribe", chanId=first)
    run.send(event="subscribe", channel="book", symbol="tBTCUSD")
    _, second = run.channels()
    run.play(0.5)
    told = [set(line["seqs"]) for line in run.lines("book")]
    assert set() in told
    assert told[-1] == {str(second)}
    assert {str(first)} not in told


def test_an_exchange_writes_its_journal_and_closes_it(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    exchange = DemoExchange(seed=1, rate=2000, journal_file=path)
    with exchange, Client(exchange.url) as client:
        client.subscribe("book", "tBTCUSD")
        while len(client.frames) < 20:
            client.frame()
    kinds = {json.loads(line)["type"] for line in path.open()}
    assert kinds == {"trade", "book", "candle"}


def test_what_becomes_of_the_accounts_orders_is_there(tmp_path: Path) -> None:
    run = Run(tmp_path / "journal")
    run.receive(auth_message(CREDENTIALS, next_nonce()).reveal())
    order = {"type": "EXCHANGE LIMIT", "symbol": "tBTCUSD", "amount": "0.01", "cid": 7}
    run.receive(json.dumps([0, "on", None, order | {"price": "60000"}]))
    run.receive(json.dumps([0, "on", None, order | {"price": "80000", "cid": 8}]))
    run.receive(json.dumps([0, "on", None, order | {"amount": "100", "cid": 9}]))
    lines = run.lines("order")
    assert [(line["code"], line["cid"]) for line in lines] == [("on", 7), ("oc", 8)]
    executed = [(line["cid"], line["exec_amount"]) for line in run.lines("execution")]
    assert executed == [(8, "0.01")]


def test_a_journal_that_cannot_be_written_is_an_error_at_start(tmp_path: Path) -> None:
    exchange = DemoExchange(journal_file=tmp_path / "missing" / "journal")
    with pytest.raises(OSError, match="missing"):
        exchange.start()
