"""REST look-ups: what is asked, what the answers mean, and how often one may ask."""

from __future__ import annotations

import gzip
import json
import threading
import time

import pytest
from rest_server import CONF, as_conf, rest_server, saying
from servers import (
    HEADER_END,
    answering,
    certificate_for,
    http_proxy,
    read_until,
    socks5_proxy,
    tcp_server,
)

from bfxstream.errors import BfxStreamError, ConnectionFailed, RateLimited, Refused, UsageError
from bfxstream.protocol.numbers import text
from bfxstream.stream import policy
from bfxstream.stream.limiter import RateLimiter
from bfxstream.stream.network import rest_base
from bfxstream.stream.rest import RestClient

REAL = "https://api-pub.bitfinex.com/v2"


def client(base: str, **options) -> RestClient:
    return RestClient(base, limiter=RateLimiter(), **options)


def failure(base: str, **options) -> BfxStreamError:
    with pytest.raises(BfxStreamError) as raised:
        client(base, **options).conf(["pub:list:currency"])
    return raised.value


# Where to ask.


@pytest.mark.parametrize(
    ("url", "rest_url", "base"),
    [
        ("wss://api-pub.bitfinex.com/ws/2", None, REAL),
        ("wss://api.bitfinex.com/ws/2", None, REAL),
        ("wss://relay.example.org/ws/2", None, REAL),
        ("ws://127.0.0.1:8080/ws/2", None, "http://127.0.0.1:8080/v2"),
        ("ws://localhost:8080/ws/2", None, "http://localhost:8080/v2"),
        ("ws://[::1]:8080/ws/2", None, "http://[::1]:8080/v2"),
        ("ws://me:secret@127.0.0.1:8080/ws/2", None, "http://127.0.0.1:8080/v2"),
        ("wss://127.0.0.1:8443/ws/2", None, "https://127.0.0.1:8443/v2"),
        ("ws://127.0.0.1:8080/ws/2", "https://rest.example.org/v2/", "https://rest.example.org/v2"),
        ("wss://api-pub.bitfinex.com/ws/2", "http://127.0.0.1:1/v2", "http://127.0.0.1:1/v2"),
    ],
)
def test_look_ups_go_where_the_stream_is_unless_told_otherwise(url, rest_url, base):
    assert rest_base(url, rest_url) == base


@pytest.mark.parametrize(
    "rest_url",
    [
        "",
        "api-pub.bitfinex.com",
        "ws://127.0.0.1:1/v2",
        "http://example.org/v2",
        "https://",
        "https://host:0/v2",
        "https://host:x/v2",
        "https://host/v2?key=1",
        "https://host/\n",
    ],
)
def test_what_cannot_be_a_base_is_a_usage_error_that_names_it(rest_url):
    with pytest.raises(UsageError) as raised:
        rest_base("wss://api-pub.bitfinex.com/ws/2", rest_url)
    assert repr(rest_url.partition("?")[0]) in raised.value.what
    assert REAL in raised.value.hint


def test_a_base_with_secrets_is_refused_without_saying_them():
    with pytest.raises(UsageError) as raised:
        rest_base("wss://api-pub.bitfinex.com/ws/2", "https://me:xyzzy@host/v2")
    assert "'https://host/v2' is not a base" in raised.value.what
    assert "without user, password" in raised.value.hint


# What is asked and answered.


def test_lists_come_in_the_order_of_their_keys():
    keys = ["pub:list:pair:margin", "pub:list:currency"]
    with rest_server() as server:
        lists = client(server.base).conf(keys)
    assert [json.loads(bytes(found)) for found in lists] == [CONF[key] for key in keys]
    assert server.asked == ["/v2/conf/pub:list:pair:margin,pub:list:currency"]


def test_trades_keep_their_digits_and_only_given_parameters_are_sent():
    rows = b"[[7,1700000000000,-0.00001,70000.50],[6,1699999999999,1e-7,70000]]"
    with rest_server(saying(rows)) as server:
        trades = client(server.base).trade_history("tBTCUSD", start=1, limit=2, sort=1)
    assert [(t.id, t.mts, text(t.amount), text(t.price)) for t in trades] == [
        (7, 1700000000000, "-0.00001", "70000.50"),
        (6, 1699999999999, "1e-7", "70000"),
    ]
    assert server.asked == ["/v2/trades/tBTCUSD/hist?start=1&limit=2&sort=1"]


def test_funding_trades_have_a_rate_and_a_period():
    with rest_server(saying([[7, 1700000000000, 500.5, 0.0002, 30]])) as server:
        (trade,) = client(server.base).trade_history("fUSD")
    assert (text(trade.rate), trade.period) == ("0.0002", 30)
    assert server.asked == ["/v2/trades/fUSD/hist"]


def test_candles_have_close_before_high():
    with rest_server(saying([[1700000000000, 1, 2, 3, 0.5, 10.25]])) as server:
        (candle,) = client(server.base).candle_history("trade:1m:tBTCF0:USTF0", end=9)
    assert [text(n) for n in (candle.open, candle.close, candle.high, candle.low)] == [
        *("1", "2", "3", "0.5")
    ]
    assert server.asked == ["/v2/candles/trade:1m:tBTCF0:USTF0/hist?end=9"]


def test_elements_that_the_exchange_adds_one_day_are_ignored():
    with rest_server(saying([[7, 1700000000000, 1, 2, None, "new"]])) as server:
        assert client(server.base).trade_history("tBTCUSD")[0].id == 7


def test_a_compressed_answer_is_understood():
    def compressed(path: str) -> tuple[int, bytes]:
        status, body = as_conf(path)
        return status, gzip.compress(body)

    with rest_server(compressed) as server:
        server.headers["Content-Encoding"] = "gzip"
        (found,) = client(server.base).conf(["pub:list:currency"])
    assert b"USTF0" in bytes(found)


# What goes wrong.


@pytest.mark.parametrize(
    ("status", "body", "error", "words"),
    [
        (500, ["error", 10020, "symbol: invalid"], Refused, "symbol: invalid (code 10020)"),
        (200, ["error", 10020, "limit: invalid"], Refused, "limit: invalid"),
        (500, ["error", 20060, "maintenance"], ConnectionFailed, "maintenance (code 20060)"),
        (500, ["error", 11010, "ratelimit: error"], RateLimited, "too many requests"),
        (429, {"error": "ERR_RATE_LIMIT"}, RateLimited, "too many requests"),
        (200, {"error": "ERR_RATE_LIMIT"}, RateLimited, "too many requests"),
        (429, b"<html>slow down</html>", RateLimited, "too many requests"),
        (503, {"code": 503, "error": "temporarily_unavailable"}, ConnectionFailed, "temporarily_"),
        (502, b"<html>bad gateway</html>", ConnectionFailed, "unavailable (HTTP 502)"),
        (404, b"<html>not found</html>", ConnectionFailed, "REST API (HTTP 404"),
        (301, b"", ConnectionFailed, "not the exchange's REST API (HTTP 301"),
        (200, b"<html>log in</html>", ConnectionFailed, "not the exchange's REST API"),
        (200, b'{"symbols":[]}', ConnectionFailed, "not the exchange's REST API"),
        (200, b"", ConnectionFailed, "not the exchange's REST API"),
        (200, b"[[1,2", ConnectionFailed, "not in the API's layout"),
        (200, [["BTC"], ["ETH"]], ConnectionFailed, "1 lists expected, 2 came"),
    ],
)
def test_an_answer_that_is_no_data_becomes_an_error_in_words(status, body, error, words):
    with rest_server(saying(body, status)) as server:
        failed = failure(server.base)
    assert type(failed) is error
    assert words in str(failed)


@pytest.mark.parametrize(
    "rows",
    [
        [["7", 1700000000000, 1, 2]],
        [[7, 1700000000000, 1]],
        [[7, 1700000000000, "1", 2]],
        [[7, 1700000000000, None, 2]],
        [7],
    ],
)
def test_rows_in_another_layout_are_refused(rows):
    with rest_server(saying(rows)) as server, pytest.raises(ConnectionFailed, match="layout"):
        client(server.base).trade_history("tBTCUSD")


def test_a_server_that_is_not_there_is_said_so():
    with rest_server() as server:
        gone = server.base
    assert "connection refused" in failure(gone).what


def test_a_name_that_does_not_resolve_is_said_so():
    assert "no-such-host.invalid cannot be resolved" in failure("https://no-such-host.invalid").what


def test_a_server_that_does_not_answer_ends_the_wait():
    with tcp_server(lambda connection: connection.recv(65536) and connection.recv(1)) as port:
        assert "timed out" in failure(f"http://127.0.0.1:{port}/v2", timeout=0.2).what


def test_a_server_that_trickles_cannot_hold_on_for_ever():
    stop = threading.Event()

    def trickle(connection) -> None:
        read_until(connection, HEADER_END)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n[")
        while not stop.wait(0.02):
            connection.sendall(b" ")

    with tcp_server(trickle) as port:
        started = time.monotonic()
        assert "timed out" in failure(f"http://127.0.0.1:{port}/v2", timeout=0.2).what
        stop.set()
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    "header", ["Content-Length: 100\r\n", "Content-Encoding: gzip\r\nContent-Length: 6\r\n"]
)
def test_an_answer_that_breaks_off_is_no_answer(header):
    said = f"HTTP/1.1 200 OK\r\n{header}\r\n".encode() + gzip.compress(b"[]")[:6]
    with answering(said) as url:
        assert "breaks off" in failure(rest_base(url)).what


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_an_answer_without_end_is_cut_off(monkeypatch, pack):
    monkeypatch.setattr(policy, "MOST_ANSWER_BYTES", 1000)
    with rest_server(saying(pack(b"[" + b" " * 5000 + b"]"))) as server:
        server.headers |= {"Content-Encoding": "gzip"} if pack is gzip.compress else {}
        failed = failure(server.base)
    assert "more than 1000 bytes" in failed.what


def test_a_server_that_speaks_no_http_is_said_so():
    with answering(b"SSH-2.0-OpenSSH_9.2\r\n") as url:
        assert "SSH-2.0" in failure(rest_base(url)).what


# The way there.


@pytest.fixture(scope="module")
def tls(tmp_path_factory):
    """A certificate for exchange.invalid, and the context of a server that shows it."""
    return certificate_for("DNS:exchange.invalid", tmp_path_factory.mktemp("tls"))


def test_a_certificate_that_nobody_vouches_for_is_refused(tls):
    with rest_server(tls=tls[1]) as server:
        failed = failure(server.base)
    assert "TLS: self" in failed.what
    assert failed.permanent


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "WEBSOCKET_CLIENT_CA_BUNDLE"])
def test_certificates_are_trusted_that_the_stream_trusts(monkeypatch, tmp_path, variable):
    cert, context = certificate_for("IP:127.0.0.1", tmp_path)
    monkeypatch.setenv(variable, str(cert))
    with rest_server(tls=context) as server:
        assert client(server.base).conf(["pub:list:currency"])


@pytest.mark.parametrize(
    ("proxy", "variable", "scheme"),
    [(http_proxy, "https_proxy", "http"), (socks5_proxy, "all_proxy", "socks5h")],
)
def test_the_environments_proxies_are_used(monkeypatch, tls, proxy, variable, scheme):
    if scheme == "socks5h":
        pytest.importorskip("python_socks")
    monkeypatch.setenv("SSL_CERT_FILE", str(tls[0]))
    with rest_server(tls=tls[1]) as server, proxy(int(server.base.split(":")[2][:-3])) as way:
        port, seen = way
        monkeypatch.setenv(variable, f"{scheme}://127.0.0.1:{port}")
        assert client("https://exchange.invalid/v2").conf(["pub:list:currency"])
    assert "exchange.invalid:443" in seen[0]


def test_a_socks_proxy_that_is_not_there_is_said_so(monkeypatch):
    pytest.importorskip("python_socks")
    with rest_server() as server:
        gone = server.base.split("/")[2]
    monkeypatch.setenv("all_proxy", f"socks5h://{gone}")
    assert "proxy:" in failure("https://exchange.invalid/v2").what


@pytest.mark.parametrize("variable", ["http_proxy", "all_proxy"])
def test_this_very_machine_is_never_reached_through_a_proxy(monkeypatch, variable):
    monkeypatch.setenv(variable, "http://127.0.0.1:1")
    with rest_server() as server:
        assert client(server.base).conf(["pub:list:currency"])


# How often.


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_ten_requests_a_minute_go_to_an_endpoint_and_the_next_one_is_told_to_wait():
    clock = Clock()
    with rest_server(saying([])) as server:
        asking = client(server.base, clock=clock)
        for _ in range(10):
            asking.trade_history("tBTCUSD")
            clock.now += 1
        with pytest.raises(RateLimited, match="too often") as raised:
            asking.trade_history("tETHUSD")
        asking.candle_history("trade:1m:tBTCUSD")
        assert len(server.asked) == 11
        clock.now += raised.value.wait
        asking.trade_history("tBTCUSD")
    assert raised.value.wait == pytest.approx(51)


def test_after_a_429_the_endpoint_is_left_alone_for_a_minute():
    clock = Clock()
    with rest_server(saying({"error": "ERR_RATE_LIMIT"}, 429)) as server:
        asking = client(server.base, clock=clock)
        for passed, requests in ((0, 1), (59, 1), (1, 2)):
            clock.now += passed
            with pytest.raises(RateLimited):
                asking.trade_history("tBTCUSD")
            assert len(server.asked) == requests
