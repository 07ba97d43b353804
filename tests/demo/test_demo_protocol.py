"""The API over a real socket, as the protocol reference has it."""

from __future__ import annotations

from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from demo_client import BookClient, Client, payload

from bfxstream.protocol.codes import Conf

ALL_FLAGS = Conf.TIMESTAMP | Conf.SEQ_ALL | Conf.OB_CHECKSUM | Conf.BULK_UPDATES
TS_FROM = 1_700_000_000_000  # some time in 2023: any real clock is past it


def is_heartbeat(frame: list[Any]) -> bool:
    return frame[1] == "hb"


def test_info_comes_first_and_says_version_2_and_operative(client: Client) -> None:
    info = client.info
    assert list(info) == ["event", "version", "serverId", "platform"]
    assert info["version"] == 2
    assert info["platform"] == {"status": 1}
    assert UUID(info["serverId"]).version == 4


def test_a_ping_is_answered_with_the_clients_cid_and_the_servers_time(client: Client) -> None:
    pong = client.ask("pong", event="ping", cid=1234)
    assert list(pong) == ["event", "ts", "cid"]
    assert pong["cid"] == 1234
    assert pong["ts"] > TS_FROM


def test_a_ping_without_cid_is_answered_without(client: Client) -> None:
    assert "cid" not in client.ask("pong", event="ping")


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        (
            {"channel": "ticker", "symbol": "tBTCUSD"},
            {"channel": "ticker", "symbol": "tBTCUSD", "pair": "BTCUSD"},
        ),
        (
            {"channel": "trades", "symbol": "fUSD", "subId": 7},
            {"channel": "trades", "symbol": "fUSD", "currency": "USD", "subId": 7},
        ),
        (
            {"channel": "ticker", "pair": "BTCUSD"},
            {"channel": "ticker", "symbol": "tBTCUSD", "pair": "BTCUSD"},
        ),
        (
            {"channel": "ticker", "symbol": "BTCF0:USTF0"},
            {"channel": "ticker", "symbol": "tBTCF0:USTF0", "pair": "BTCF0:USTF0"},
        ),
        (
            {"channel": "book", "symbol": "tBTCUSD"},
            {
                "channel": "book",
                "symbol": "tBTCUSD",
                "prec": "P0",
                "freq": "F0",
                "len": "25",
                "pair": "BTCUSD",
            },
        ),
        (
            {"channel": "book", "symbol": "tDUSK:USD", "prec": "R0", "freq": "F1", "len": 250},
            {
                "channel": "book",
                "symbol": "tDUSK:USD",
                "prec": "R0",
                "freq": "F1",
                "len": "250",
                "pair": "DUSK:USD",
            },
        ),
        (
            {"channel": "candles", "key": "trade:1W:fUSD:a30:p2:p30", "subId": "x"},
            {"channel": "candles", "key": "trade:1W:fUSD:a30:p2:p30", "subId": "x"},
        ),
        (
            {"channel": "status", "key": "deriv:tBTCF0:USTF0"},
            {"channel": "status", "key": "deriv:tBTCF0:USTF0"},
        ),
        (
            {"channel": "status", "key": "liq:global"},
            {"channel": "status", "key": "liq:global"},
        ),
    ],
)
def test_a_subscription_is_confirmed_with_everything_spelt_out(
    client: Client, request_: dict[str, Any], answer: dict[str, Any]
) -> None:
    subscribed = client.ask("subscribed", event="subscribe", **request_)
    chan_id = subscribed.pop("chanId")
    assert isinstance(chan_id, int)
    assert subscribed == {"event": "subscribed", **answer}
    assert client.frame(lambda frame: not is_heartbeat(frame))[0] == chan_id


BOOK_REQUEST = {"channel": "book", "symbol": "tBTCUSD"}
ERRORS: list[tuple[dict[str, Any], int, str]] = [
    ({"channel": "ticker", "symbol": "tNOPE"}, 10300, "symbol: invalid"),
    ({"channel": "ticker", "symbol": "tbtcusd"}, 10300, "symbol: invalid"),
    ({"channel": "ticker", "symbol": 5}, 10300, "symbol: invalid"),
    ({"channel": "trades"}, 10300, "symbol: invalid"),
    (BOOK_REQUEST | {"prec": "P9"}, 10300, "precision: invalid"),
    (BOOK_REQUEST | {"prec": 0}, 10300, "precision: invalid"),
    (BOOK_REQUEST | {"freq": "F2"}, 10300, "frequency: invalid"),
    (BOOK_REQUEST | {"len": "26", "subId": "x"}, 10300, "length: invalid"),
    (BOOK_REQUEST | {"len": [25]}, 10300, "length: invalid"),
    ({"channel": "candles", "key": "trade:2m:tBTCUSD"}, 10300, "key: invalid"),
    ({"channel": "candles", "symbol": "tBTCUSD"}, 10300, "key: invalid"),
    ({"channel": "nope", "symbol": "tBTCUSD"}, 10300, "channel: unknown"),
    ({"channel": None}, 10300, "channel: unknown"),
    ({}, 10300, "channel: unknown"),
]


@pytest.mark.parametrize(("request_", "code", "reason"), ERRORS)
def test_a_bad_subscription_is_refused_with_its_own_words_sent_back(
    client: Client, request_: dict[str, Any], code: int, reason: str
) -> None:
    error = client.ask("error", event="subscribe", **request_)
    assert error == {**request_, "event": "error", "code": code, "msg": reason}


def test_a_status_of_nothing_known_gets_no_answer(client: Client) -> None:
    client.send(event="subscribe", channel="status", key="deriv:tNOPEF0:USTF0")
    assert client.ask("pong", event="ping")  # the next event is the answer to this one
    client.subscribe("ticker", "tBTCUSD")
    assert {client.frame()[0] for _ in range(3)} == {client.frame()[0]}


def test_a_second_subscription_of_the_same_channel_names_the_first(client: Client) -> None:
    chan_id = client.subscribe("book", "tETHUSD", len=25)
    error = client.ask(
        "error", event="subscribe", channel="book", symbol="tETHUSD", len="25", subId=2
    )
    assert error == {
        "event": "error",
        "channel": "book",
        "symbol": "tETHUSD",
        "len": "25",
        "subId": 2,
        "code": 10301,
        "msg": "subscribe: dup",
        "chanId": chan_id,
        "pair": "ETHUSD",
    }
    client.subscribe("book", "tETHUSD", prec="P1")  # another precision is another channel


def test_the_twenty_sixth_subscription_is_refused_until_one_is_given_back(client: Client) -> None:
    symbols = ("tBTCUSD", "tETHUSD", "tETHBTC", "fUSD", "tLTCUSD")
    ids = [
        client.subscribe("book", symbol, prec=f"P{digit}")
        for symbol in symbols
        for digit in range(5)
    ]
    assert len(set(ids)) == 25
    assert ids != sorted(ids)
    error = client.ask("error", event="subscribe", channel="ticker", symbol="tBTCUSD")
    assert (error["code"], error["msg"]) == (10305, "subscribe: limit")
    client.ask("unsubscribed", event="unsubscribe", chanId=ids[3])
    assert client.subscribe("ticker", "tBTCUSD") not in ids


def test_an_unknown_event_is_refused_by_name(client: Client) -> None:
    error = client.ask("error", event="nope", foo=1)
    assert error == {"event": "error", "code": 10000, "msg": "event: invalid (nope)", "foo": 1}


@pytest.mark.parametrize("chan_id", [1, "5", None, 1.5, True, [1]])
def test_unsubscribing_what_was_not_subscribed_is_refused(client: Client, chan_id: object) -> None:
    error = client.ask("error", event="unsubscribe", chanId=chan_id)
    assert error == {
        "event": "error",
        "code": 10400,
        "msg": "unsubscribe: invalid",
        "chanId": chan_id,
    }


def test_a_channels_id_as_text_is_not_understood(client: Client) -> None:
    chan_id = client.subscribe("ticker", "tBTCUSD")
    assert client.ask("error", event="unsubscribe", chanId=str(chan_id))["code"] == 10400


def test_authentication_fails_in_the_exchanges_form(client: Client) -> None:
    answer = client.ask("auth", event="auth", apiKey="k", authNonce=1, authPayload="", authSig="")
    assert answer == {
        "event": "auth",
        "status": "FAILED",
        "chanId": 0,
        "code": 10100,
        "msg": "apikey: invalid",
    }


@pytest.mark.parametrize(
    "text",
    ["", "nonsense", "{", "[1,2]", '[0,"on",null,{}]', "5", "null", "[" * 3000, '"\\ud800"'],
)
def test_what_is_no_request_is_passed_over_in_silence(client: Client, text: str) -> None:
    client.socket.send(text)
    assert client.ask("pong", event="ping")  # the next message is the answer to this one


def test_a_deeply_nested_request_does_no_harm(client: Client) -> None:
    for depth in range(100, 3000, 50):
        client.socket.send('{"event":"nope","x":' + "[" * depth + "]" * depth + "}")
    client.send(event="ping", cid=1)
    while '"pong"' not in client.socket.recv():
        pass


def test_unsubscribing_ends_a_channel_and_nothing_else(client: Client) -> None:
    gone = client.subscribe("book", "tBTCUSD")
    kept = client.subscribe("book", "tETHUSD")
    client.frame(lambda frame: frame[0] == gone)
    answer = client.ask("unsubscribed", event="unsubscribe", chanId=gone)
    assert answer == {"event": "unsubscribed", "status": "OK", "chanId": gone}
    client.frames.clear()
    client.frame(lambda frame: frame[0] == kept and is_heartbeat(frame))
    while len(client.frames) < 50:
        client.frame()
    assert {frame[0] for frame in client.frames} == {kept}


def test_conf_is_confirmed_with_its_flags(client: Client) -> None:
    for flags in (0, int(ALL_FLAGS), int(Conf.SEQ_ALL)):
        answer = client.ask("conf", event="conf", flags=flags)
        assert answer == {"event": "conf", "status": "OK", "flags": flags}


@pytest.mark.parametrize("flags", ["65536", None, -1, 1.5, True])
def test_flags_that_are_no_number_are_refused(client: Client, flags: object) -> None:
    error = client.ask("error", event="conf", flags=flags)
    assert error == {"event": "error", "code": 10050, "msg": "conf: invalid", "flags": flags}


def test_without_flags_a_frame_has_no_tail(client: Client) -> None:
    client.subscribe("ticker", "tBTCUSD")
    client.subscribe("trades", "tBTCUSD")
    for _ in range(40):
        frame = client.frame()
        assert len(frame) == (3 if frame[1] in ("te", "tu") else 2)


def test_sequence_numbers_count_every_frame_from_one(client: Client) -> None:
    client.ask("conf", event="conf", flags=int(Conf.SEQ_ALL | Conf.OB_CHECKSUM))
    client.subscribe("ticker", "tBTCUSD")
    client.subscribe("trades", "tBTCUSD")
    client.subscribe("book", "tBTCUSD")
    kinds = set()
    expected = 0
    while not kinds >= {"te", "tu", "hb", "cs"}:
        frame = client.frame()
        kinds.add(frame[1] if isinstance(frame[1], str) else "data")
        expected += 1
        assert frame[-1] == expected


def test_the_tail_is_the_sequence_and_then_the_time(client: Client) -> None:
    client.ask("conf", event="conf", flags=int(Conf.SEQ_ALL | Conf.TIMESTAMP))
    client.subscribe("trades", "tBTCUSD")
    kinds: set[str] = set()
    last = (0, TS_FROM)
    while not kinds >= {"te", "tu", "hb", "data"}:
        frame = client.frame()
        kind = frame[1] if isinstance(frame[1], str) else "data"
        kinds.add(kind)
        tail = frame[3:] if kind in ("te", "tu") else frame[2:]
        assert len(tail) == 2
        assert tail[0] == last[0] + 1
        assert tail[1] >= last[1]
        last = (tail[0], tail[1])


def test_flags_may_change_at_any_time(client: Client) -> None:
    client.ask("conf", event="conf", flags=int(Conf.TIMESTAMP))
    client.subscribe("book", "tBTCUSD")
    client.ask("conf", event="conf", flags=0)
    client.frames.clear()
    while len(client.frames) < 20:
        assert len(client.frame(lambda frame: frame in client.frames)) == 2


def test_heartbeats_reach_all_channels_at_once_by_rising_id_busy_or_not(client: Client) -> None:
    ids = [client.subscribe("book", "tBTCUSD", prec=f"P{digit}") for digit in range(4)]
    beats = [client.frame(is_heartbeat)[0] for _ in range(12)]
    assert beats == sorted(ids) * 3
    at = [place for place, frame in enumerate(client.frames) if is_heartbeat(frame)]
    for first in range(0, 12, 4):
        assert at[first : first + 4] == list(range(at[first], at[first] + 4))


def test_the_trades_snapshot_has_thirty_rows_newest_first(client: Client) -> None:
    for symbol, length in [("tBTCUSD", 4), ("fUSD", 5)]:
        chan_id = client.subscribe("trades", symbol)
        rows = client.frame(lambda frame, chan_id=chan_id: frame[0] == chan_id)[1]
        assert len(rows) == 30
        assert {len(row) for row in rows} == {length}
        assert all(newer[0] > older[0] for newer, older in pairwise(rows))
        assert all(newer[1] >= older[1] for newer, older in pairwise(rows))


@pytest.mark.parametrize(("symbol", "kinds"), [("tBTCUSD", ("te", "tu")), ("fUSD", ("fte", "ftu"))])
def test_each_trade_is_executed_once_and_then_updated_once(
    client: Client, symbol: str, kinds: tuple[str, str]
) -> None:
    client.subscribe("trades", symbol)
    newest = client.frame(lambda frame: isinstance(frame[1], list))[1][0][0]
    executed: list[list[Any]] = []
    updated: list[list[Any]] = []
    while len(updated) < 40:
        frame = client.frame(lambda frame: not is_heartbeat(frame))
        assert frame[1] in kinds
        (executed if frame[1] == kinds[0] else updated).append(frame[2])
    # A trade that was executed before the snapshot may still be updated after it.
    updated = [row for row in updated if row[0] > newest]
    assert updated == executed[: len(updated)]
    assert len(updated) >= 20
    ids = [row[0] for row in executed]
    assert ids == sorted(set(ids))
    assert ids[0] > newest


def test_the_ticker_comes_at_once_and_again_when_it_changed(client: Client) -> None:
    lengths = {client.subscribe("ticker", "tETHUSD"): 11, client.subscribe("ticker", "fUSD"): 17}
    first, second = (
        dict(client.frame(lambda frame: not is_heartbeat(frame)) for _ in lengths) for _ in range(2)
    )
    for chan_id, length in lengths.items():
        assert len(first[chan_id]) == len(second[chan_id]) == length
        assert first[chan_id] != second[chan_id]


BOOKS = [
    ("tBTCUSD", "P0", 25),
    ("tXRPBTC", "P1", 25),
    ("tETHUSD", "P2", 100),
    ("tBTCUSD", "P3", 25),
    ("tXRPBTC", "P4", 250),
    ("tBTCUSD", "R0", 25),
    ("tXRPBTC", "R0", 100),
]


@pytest.mark.parametrize(("symbol", "prec", "length"), BOOKS)
@pytest.mark.parametrize("bulk", [Conf.NONE, Conf.BULK_UPDATES])
def test_a_checksum_follows_each_burst_and_is_right(
    client: Client, symbol: str, prec: str, length: int, bulk: Conf
) -> None:
    client.ask("conf", event="conf", flags=int(Conf.OB_CHECKSUM | bulk))
    client.subscribe("book", symbol, prec=prec, len=str(length))
    book = BookClient(symbol, prec, length)
    updates = checksums = 0
    snapshot = True
    while checksums < 3:
        frame = client.frame()
        if is_heartbeat(frame):
            continue
        if frame[1] == "cs":
            assert updates > 0
            assert frame[2] == book.book.checksum()
            assert not book.book.crossed
            checksums, updates = checksums + 1, 0
            continue
        rows = payload(client.texts[-1])
        assert isinstance(frame[1][0], list) == (snapshot or bool(bulk))
        assert not (bulk and updates)  # a burst is one frame
        for row in rows:
            book.apply(row)
        updates += not snapshot
        snapshot = False
    assert book.book.unknown_deletes == 0


@pytest.mark.parametrize(("symbol", "length"), [("fUSD", 25), ("tBTCUSD", 1)])
def test_there_is_no_checksum_for_funding_or_single_levels(
    client: Client, symbol: str, length: int
) -> None:
    client.ask("conf", event="conf", flags=int(Conf.OB_CHECKSUM | Conf.BULK_UPDATES))
    client.subscribe("book", symbol, len=length)
    kinds = [client.frame(lambda frame: not is_heartbeat(frame))[1] for _ in range(4)]
    assert "cs" not in kinds


@pytest.mark.parametrize(
    ("symbol", "prec"), [("tBTCUSD", "P0"), ("tBTCUSD", "R0"), ("fUSD", "P0"), ("fUSD", "R0")]
)
def test_a_book_snapshot_has_bids_falling_and_then_asks_rising(
    client: Client, symbol: str, prec: str
) -> None:
    client.subscribe("book", symbol, prec=prec, len=25)
    rows = client.frame(lambda frame: not is_heartbeat(frame))[1]
    assert len(rows) == 50
    flip = -1 if symbol == "fUSD" else 1
    assert [row[-1] * flip > 0 for row in rows] == [True] * 25 + [False] * 25
    price = {"P0": 0, "R0": 2 if symbol == "fUSD" else 1}[prec]
    # Ties: funding levels of one rate by period, raw books by id.
    tie = 1 if (symbol, prec) == ("fUSD", "P0") else 0
    bids, asks = rows[:25], rows[25:]
    assert bids == sorted(bids, key=lambda row: (-row[price], row[tie]))
    assert asks == sorted(asks, key=lambda row: (row[price], row[tie]))
    assert bids[0][price] < asks[0][price]
