"""Each fault as a client meets it, over a real socket."""

from __future__ import annotations

import json
import socket
import time
import urllib.request
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
import websocket
from demo_client import TIMEOUT, BookClient, Client, payload, until

from bfxstream.demo import DemoExchange
from bfxstream.demo.fault_plans import ALL
from bfxstream.errors import UsageError
from bfxstream.protocol.codes import Conf

CLOSE, TEXT = websocket.ABNF.OPCODE_CLOSE, websocket.ABNF.OPCODE_TEXT


@pytest.fixture(scope="module")
def exchange() -> Iterator[DemoExchange]:
    with DemoExchange(seed=9, rate=1500, heartbeat=0.2) as running:
        yield running


@pytest.fixture
def client(exchange: DemoExchange) -> Iterator[Client]:
    with Client(exchange.url) as connected:
        connected.ask("conf", event="conf", flags=int(Conf.SEQ_ALL | Conf.OB_CHECKSUM))
        yield connected


def happened(exchange: DemoExchange, spec: str) -> dict[str, Any]:
    """Inject a fault and wait until it has happened; what the log says about it."""
    kind = spec.partition(":")[0]
    before = exchange.faults.get(kind, 0)
    exchange.inject(spec)
    until(lambda: exchange.faults.get(kind, 0) > before)
    entry = [entry for entry in exchange.log if entry.event == "fault"][-1]
    assert entry.details["kind"] == kind
    return entry.details


def numbers(client: Client, count: int) -> list[int]:
    return [int(client.frame()[-1]) for _ in range(count)]


def rest(exchange: DemoExchange, path: str) -> Any:
    with urllib.request.urlopen(f"{exchange.rest_url}/{path}", timeout=TIMEOUT) as answer:
        return json.load(answer)


def ends_with_a_frame(data: bytes) -> bool:
    """Whether these bytes, which begin with a frame, are whole frames (RFC 6455, 5.2)."""
    at = 0
    while at + 4 < len(data):
        length, header = data[at + 1], 2
        if length == 126:
            length, header = int.from_bytes(data[at + 2 : at + 4], "big"), 4
        at += header + length
    return at == len(data)


def test_a_dropped_connection_is_reset(exchange: DemoExchange, client: Client) -> None:
    client.subscribe("trades", "tBTCUSD")
    happened(exchange, "drop")
    with pytest.raises(ConnectionResetError):
        numbers(client, 10_000)


def test_a_closed_connection_has_a_close_frame(exchange: DemoExchange, client: Client) -> None:
    client.subscribe("trades", "tBTCUSD")
    code = happened(exchange, "close")["code"]
    while (received := client.socket.recv_data())[0] == TEXT:
        pass
    assert received[0] == CLOSE
    assert int.from_bytes(received[1][:2], "big") == code


def test_a_stalled_connection_stays_open_and_answers_nothing(
    exchange: DemoExchange, client: Client
) -> None:
    client.subscribe("trades", "tBTCUSD")
    happened(exchange, "stall:for=1s")
    begin = time.monotonic()
    client.socket.settimeout(0.4)
    with pytest.raises(websocket.WebSocketTimeoutException):
        numbers(client, 10_000)
    client.send(event="ping")
    client.socket.ping()
    client.socket.sock.shutdown(socket.SHUT_WR)
    with pytest.raises(websocket.WebSocketTimeoutException):
        client.socket.recv()
    client.socket.settimeout(TIMEOUT)
    with pytest.raises((ConnectionError, websocket.WebSocketConnectionClosedException)):
        client.socket.recv()
    assert time.monotonic() - begin >= 0.9


def test_a_truncated_connection_ends_within_a_frame(exchange: DemoExchange) -> None:
    with Client(exchange.url) as client:
        client.subscribe("book", "tBTCUSD", prec="R0", len=250)
        client.frame()
        exchange.inject("truncate")
        received = bytearray()
        while chunk := client.socket.sock.recv(1 << 16):
            received += chunk
    assert not ends_with_a_frame(bytes(received))


def test_a_slow_connection_trickles_and_loses_nothing(
    exchange: DemoExchange, client: Client
) -> None:
    client.subscribe("trades", "tBTCUSD")
    client.subscribe("book", "tBTCUSD")
    happened(exchange, "slow:for=500ms")
    begin = time.monotonic()
    split = 0
    while time.monotonic() - begin < 0.4:
        # What has arrived at this moment, seen without taking it.
        split += not ends_with_a_frame(client.socket.sock.recv(1 << 16, socket.MSG_PEEK))
        client.frame()
    client.frames.clear()
    numbers(client, 300)
    assert split > 3
    every = [json.loads(text)[-1] for text in client.texts if text.startswith("[")]
    assert every == list(range(1, len(every) + 1))


def test_a_muted_channel_is_silent_until_it_is_subscribed_anew(
    exchange: DemoExchange, client: Client
) -> None:
    chan_id = client.subscribe("trades", "tBTCUSD")
    assert happened(exchange, "mute")["chan_id"] == chan_id
    other = client.subscribe("trades", "tETHUSD")
    client.ask("pong", event="ping")
    while client.frame()[0] == chan_id:
        pass
    beats = [client.frame(lambda frame: frame[1] == "hb") for _ in range(3)]
    assert {frame[0] for frame in beats} == {other}
    every = [frame[-1] for frame in client.frames]
    assert every == list(range(1, len(every) + 1))  # what is not sent takes no number
    client.ask("unsubscribed", event="unsubscribe", chanId=chan_id)
    again = client.subscribe("trades", "tBTCUSD")
    assert again != chan_id
    client.frame(lambda frame: frame[0] == again and frame[1] == "te")


def test_a_skipped_frame_leaves_a_hole_in_the_numbers(
    exchange: DemoExchange, client: Client
) -> None:
    client.subscribe("trades", "tBTCUSD")
    happened(exchange, "skip")
    steps = [after - before for before, after in pairwise(numbers(client, 150))]
    assert sorted(set(steps)) == [1, 2]
    assert steps.count(2) == 1


def test_a_duplicate_has_the_number_of_its_frame(exchange: DemoExchange, client: Client) -> None:
    client.subscribe("trades", "tBTCUSD")
    happened(exchange, "dup")
    numbers(client, 150)
    (same,) = [(one, two) for one, two in pairwise(client.frames) if one[-1] == two[-1]]
    assert same[0] == same[1]


def test_a_corrupt_checksum_is_wrong_once_and_the_book_is_right(
    exchange: DemoExchange, client: Client
) -> None:
    client.subscribe("book", "tBTCUSD")
    client.frame()
    exchange.inject("corrupt-checksum")
    book = BookClient("tBTCUSD", "P0")
    right: list[bool] = []
    for row in payload(client.texts[-1]):
        book.apply(row)
    while len(right) < 3:
        frame = client.frame(lambda frame: frame[1] != "hb")
        if frame[1] == "cs":
            right.append(frame[2] == book.book.checksum())
        else:
            for row in payload(client.texts[-1]):
                book.apply(row)
    assert right.count(False) == 1


def test_garbage_comes_between_frames_that_are_all_there(
    exchange: DemoExchange, client: Client
) -> None:
    client.socket.frame_buffer.skip_utf8_validation = True
    client.socket.cont_frame.skip_utf8_validation = True
    client.subscribe("trades", "tBTCUSD")
    for _ in range(12):
        happened(exchange, "garbage")
    expected = None
    garbage = 0
    while garbage < 12:
        _, data = client.socket.recv_data(control_frame=False)
        try:
            frame = json.loads(data)
            number = frame[-1] if len(frame) > 2 else None
        except (ValueError, KeyError, RecursionError):
            number = None
        if not isinstance(number, int):
            garbage += 1
            continue
        assert expected in (None, number)
        expected = number + 1


def test_the_call_to_reconnect_is_followed_by_a_close(
    exchange: DemoExchange, client: Client
) -> None:
    client.subscribe("ticker", "tBTCUSD")
    happened(exchange, "reconnect:for=100ms")
    info = client.event("info")
    assert (info["event"], info["code"]) == ("info", 20051)
    while (received := client.socket.recv_data())[0] == TEXT:
        pass
    assert int.from_bytes(received[1][:2], "big") == 1012


def test_maintenance_stops_all_but_heartbeats_and_ends_with_a_word(
    exchange: DemoExchange, client: Client
) -> None:
    client.subscribe("trades", "tBTCUSD")
    happened(exchange, "maintenance:for=600ms")
    assert client.event("info")["code"] == 20060
    with Client(exchange.url) as newcomer:
        assert newcomer.info["platform"] == {"status": 0}
        assert rest(exchange, "platform/status") == [0]
        with pytest.raises(urllib.error.HTTPError) as refused:
            rest(exchange, "ticker/tBTCUSD")
        assert json.load(refused.value) == ["error", 20060, "maintenance"]
        refusal = newcomer.ask(
            "error", event="subscribe", channel="ticker", symbol="tBTCUSD", subId=1
        )
        assert (refusal["code"], refusal["subId"]) == (11000, 1)
        assert newcomer.event("info")["code"] == 20061
        newcomer.subscribe("ticker", "tBTCUSD")
    client.frames.clear()
    assert client.event("info")["code"] == 20061
    assert {frame[1] for frame in client.frames} == {"hb"}
    client.frame(lambda frame: frame[1] == "te")
    numbers_seen = [json.loads(text)[-1] for text in client.texts if text.startswith("[")]
    assert numbers_seen == list(range(1, len(numbers_seen) + 1))


def test_subscriptions_are_refused_for_a_while(exchange: DemoExchange, client: Client) -> None:
    client.subscribe("ticker", "tBTCUSD")
    happened(exchange, "reject:for=300ms")
    with Client(exchange.url) as again:
        request = {"event": "subscribe", "channel": "ticker", "symbol": "tBTCUSD"}
        error = again.ask("error", **request)
        assert (error["code"], error["msg"]) == (10300, "subscribe: failed")

        def subscribed() -> bool:
            again.send(**request)
            answer = json.loads(again.socket.recv())
            return bool(answer["event"] == "subscribed")

        until(subscribed)


def test_handshakes_are_refused_for_a_while(exchange: DemoExchange, client: Client) -> None:
    client.subscribe("ticker", "tBTCUSD")
    happened(exchange, "http-503:for=300ms")
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        Client(exchange.url)
    assert refused.value.status_code == 503

    def connected() -> bool:
        try:
            Client(exchange.url).socket.close()
        except websocket.WebSocketBadStatusException:
            return False
        return True

    until(connected)


def test_history_is_gone_for_a_while(exchange: DemoExchange) -> None:
    assert len(rest(exchange, "trades/tBTCUSD/hist")) == 120
    happened(exchange, "no-history:for=200ms")
    assert rest(exchange, "trades/tBTCUSD/hist") == []
    until(lambda: rest(exchange, "trades/tBTCUSD/hist"))


def test_a_fault_that_is_none_is_refused(exchange: DemoExchange) -> None:
    with pytest.raises(UsageError, match="explode"):
        exchange.inject("explode")
    with pytest.raises(UsageError, match="explode"):
        DemoExchange(faults=["explode"])


def test_a_client_survives_all_of_them_and_the_log_accounts_for_each() -> None:
    """A client that only comes back, however its connection ends."""
    with DemoExchange(
        seed=2, rate=1500, heartbeat=0.1, faults=["all:every=100ms,scale=0.005"]
    ) as it:
        deadline = time.monotonic() + TIMEOUT
        while set(it.faults) < {kind.value for kind in ALL}:
            assert time.monotonic() < deadline, it.faults
            try:
                client = websocket.create_connection(it.url, timeout=0.2)
                client.send(json.dumps({"event": "conf", "flags": int(Conf.OB_CHECKSUM)}))
                for channel in ("trades", "book"):
                    request = {"event": "subscribe", "channel": channel, "symbol": "tBTCUSD"}
                    client.send(json.dumps(request))
                while client.recv_data()[0] == TEXT:
                    pass
            except (OSError, websocket.WebSocketException):
                continue
            finally:
                client.sock and client.sock.close()
        until(lambda: it.faults)
        counts = it.faults
    stopped = it.log[-1]
    assert (stopped.event, stopped.details) == ("stopped", {"faults": it.faults})
    noted = [entry.details["kind"] for entry in it.log if entry.event == "fault"]
    assert {kind: noted.count(kind) for kind in noted} == it.faults
    assert all(it.faults[kind] >= count for kind, count in counts.items())
