"""The server as an object: starting, stopping, slow clients, and nothing hidden."""

from __future__ import annotations

import json
import socket
import threading
from typing import Any

import pytest
import websocket
from demo_client import TIMEOUT, Client

from bfxstream.demo import DemoExchange, link, server
from bfxstream.demo.hub import Hub


def opening(url: str) -> list[Any]:
    """What a client sees that subscribes to trades: the snapshot and the first ten `te`."""
    with Client(url) as client:
        client.subscribe("trades", "tBTCUSD")
        frames = [client.frame(lambda frame: frame[1] not in ("tu", "hb")) for _ in range(11)]
    return [frame[1:] for frame in frames]


def test_a_seeded_exchange_begins_the_same_way_at_any_rate() -> None:
    seen = []
    for rate in (500, 3000):
        with DemoExchange(seed=77, rate=rate) as exchange:
            seen.append(opening(exchange.url))
    assert seen[0] == seen[1]


def test_exchanges_without_a_seed_differ() -> None:
    with DemoExchange(rate=2000) as one, DemoExchange(rate=2000) as other:
        assert opening(one.url) != opening(other.url)


def test_the_url_is_where_it_listens_and_no_other_path_will_do() -> None:
    with DemoExchange(seed=1) as exchange:
        assert exchange.url.startswith("ws://127.0.0.1:")
        assert exchange.url.endswith("/ws/2")
        for url in (exchange.url, exchange.url + "?x=1"):
            with Client(url) as client:
                assert client.info["version"] == 2
        for path in ("/", "/ws", "/ws/1", "/ws/2/x", "/ws/2x"):
            with pytest.raises(websocket.WebSocketBadStatusException) as refused:
                Client(exchange.url.removesuffix("/ws/2") + path)
            assert refused.value.status_code == 404
            assert b"/ws/2" in refused.value.resp_body


def test_compression_is_not_negotiated() -> None:
    with DemoExchange(seed=1) as exchange:
        connection = websocket.create_connection(
            exchange.url,
            timeout=TIMEOUT,
            header=["Sec-WebSocket-Extensions: permessage-deflate"],
        )
        assert "sec-websocket-extensions" not in connection.getheaders()
        connection.close()


def test_a_taken_port_is_an_error_at_start() -> None:
    with DemoExchange(seed=1) as exchange:
        port = int(exchange.url.split(":")[2].split("/")[0])
        second = DemoExchange(seed=1, port=port)
        with pytest.raises(OSError, match=str(port)):
            second.start()
        second.stop()


def test_it_starts_again_after_it_was_stopped_and_not_twice() -> None:
    exchange = DemoExchange(seed=1)
    exchange.stop()
    for _ in range(2):
        exchange.start()
        with pytest.raises(RuntimeError, match="running"):
            exchange.start()
        exchange.stop()
        exchange.stop()


@pytest.mark.parametrize("bad", [{"rate": 0}, {"rate": float("inf")}, {"heartbeat": -1}])
def test_a_rate_or_heartbeat_that_makes_no_sense_is_refused(bad: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="positive"):
        DemoExchange(**bad)  # type: ignore[arg-type]


def test_stopping_closes_connections_with_a_close_frame_and_ends_the_thread() -> None:
    before = set(threading.enumerate())
    exchange = DemoExchange(seed=1)
    exchange.start()
    client = Client(exchange.url)
    client.subscribe("book", "tBTCUSD")
    stopper = threading.Thread(target=exchange.stop)
    stopper.start()
    while True:
        opcode, data = client.socket.recv_data()
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            break
    assert int.from_bytes(data[:2], "big") == 1001
    stopper.join(TIMEOUT)
    assert not stopper.is_alive()
    assert set(threading.enumerate()) <= before
    with pytest.raises(OSError, match="refused"):
        Client(exchange.url)


@pytest.mark.parametrize("method", ["advance", "subscribe"])
def test_what_goes_wrong_inside_is_raised_by_stop(
    method: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def broken(*_args: object) -> None:
        raise ZeroDivisionError(method)

    monkeypatch.setattr(server, "Hub", type("BrokenHub", (Hub,), {method: broken}))
    exchange = DemoExchange(seed=1, heartbeat=0.05)
    exchange.start()
    connection = websocket.create_connection(exchange.url, timeout=TIMEOUT)
    connection.send('{"event":"subscribe","channel":"ticker","symbol":"tBTCUSD"}')
    while connection.recv_data()[0] != websocket.ABNF.OPCODE_CLOSE:
        pass  # the failure ends the server
    exchange.wait()
    with pytest.raises(ZeroDivisionError, match=method):
        exchange.stop()
    exchange.stop()
    assert capfd.readouterr() == ("", "")


def test_nothing_is_printed_about_clients_that_misbehave(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with DemoExchange(seed=1) as exchange:
        port = int(exchange.url.split(":")[2].split("/")[0])
        for request in (b"", b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"):
            with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT) as raw:
                raw.sendall(request)
                raw.shutdown(socket.SHUT_WR)
                while raw.recv(4096):
                    pass
        vanishing = Client(exchange.url)
        vanishing.subscribe("book", "tBTCUSD")
        vanishing.socket.sock.close()
        rude = Client(exchange.url)
        rude.socket.send_binary(b"\xff\xff")
        rude.socket.send("x" * 100_000)  # more than the server takes
        while rude.socket.recv_data()[0] != websocket.ABNF.OPCODE_CLOSE:
            pass
        with Client(exchange.url) as polite:
            polite.subscribe("trades", "tBTCUSD")
    assert capfd.readouterr() == ("", "")


def test_a_client_that_does_not_read_is_disconnected_and_holds_up_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(link, "_MOST_UNSENT", 256 << 10)
    with DemoExchange(seed=1, rate=1000) as exchange, Client(exchange.url) as other:
        other.subscribe("trades", "tBTCUSD")
        slow = Client(exchange.url)
        # Each is answered by an error that sends it back: 64 MB that are never read.
        question = json.dumps({"event": "x" * 60_000})
        with pytest.raises((ConnectionError, websocket.WebSocketConnectionClosedException)):
            for _ in range(1000):
                slow.socket.send(question)
        trades = [other.frame(lambda frame: frame[1] == "te")[2][0] for _ in range(30)]
        assert trades == sorted(set(trades))
        slow.socket.close()
