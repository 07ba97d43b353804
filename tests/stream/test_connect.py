"""Connecting: every way in which it fails said in our words, and every way in which it works."""

from __future__ import annotations

import inspect
import socket
import ssl
import subprocess
import sys
from contextlib import suppress

import pytest
import websocket
from servers import (
    HEADER_END,
    answering,
    greet,
    http_answer,
    http_proxy,
    port_of,
    read_until,
    socks5_proxy,
    tcp_server,
    websocket_server,
)

from bfxstream.errors import ConnectionFailed, RateLimited, UsageError
from bfxstream.stream import network
from bfxstream.stream.connect import (
    check_url,
    describe_failure,
    describe_loss,
    open_socket,
)

URL = "wss://api-pub.bitfinex.com/ws/2"


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch):
    """The machine's own proxies have no part in these tests."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def failure(url: str, timeout: float = 5) -> ConnectionFailed:
    with pytest.raises(ConnectionFailed) as raised:
        open_socket(url, timeout=timeout)
    return raised.value


def says_hello(url: str) -> bool:
    client = open_socket(url, timeout=5)
    try:
        return client.receive() == [b"hello"]
    finally:
        client.close(timeout=1)


# URLs.


@pytest.mark.parametrize("url", [URL, "ws://127.0.0.1:8080/ws/2", "ws://[::1]:8080", "wss://a.b"])
def test_a_websocket_url_is_an_endpoint(url):
    assert check_url(url) == url


@pytest.mark.parametrize("url", ["WSS://a.b/Path", "Wss://a.b/Path"])
def test_the_scheme_may_be_written_in_capitals(url):
    assert check_url(url) == "wss://a.b/Path"


@pytest.mark.parametrize(
    "url",
    [
        *["", "x", " ws://a.b", "//a.b", "http://a.b", "ws:", "ws://", "ws:///ws/2"],
        *["ws://a:b", "ws://a:99999", "ws://a:0", "ws://[::1"],
    ],
)
def test_what_cannot_be_an_endpoint_is_a_usage_error_that_names_it(url):
    with pytest.raises(UsageError) as raised:
        check_url(url)
    assert repr(url) in raised.value.what


@pytest.mark.parametrize(
    "url", ["http://me:xyzzy@a.b/?t=xyzzy", "ws://me:xyzzy@[::1?t=xyzzy", "?xyzzy"]
)
def test_what_is_secret_in_a_url_that_is_none_is_not_said(url):
    with pytest.raises(UsageError) as raised:
        check_url(url)
    assert "xyzzy" not in str(raised.value)


# Every error that the library has.


def library_errors() -> list[Exception]:
    """One of each class of exception that websocket-client exports."""
    found = []
    for name, kind in vars(websocket).items():
        if inspect.isclass(kind) and issubclass(kind, Exception) and name in dir(websocket):
            more = (503,) if kind is websocket.WebSocketBadStatusException else ()
            found.append(kind("as the library says", *more))
    return found


WORDS = {
    "WebSocketException": "this is not a WebSocket server (as the library says)",
    "WebSocketProtocolException": "this is not a WebSocket server (as the library says)",
    "WebSocketPayloadException": "this is not a WebSocket server (as the library says)",
    "WebSocketConnectionClosedException": "closed the connection before the handshake was done",
    "WebSocketTimeoutException": "timed out",
    "WebSocketProxyException": "proxy: as the library says",
    "WebSocketBadStatusException": "the server is unavailable (HTTP 503)",
    "WebSocketAddressException": "DNS: the name api-pub.bitfinex.com cannot be resolved",
}


def test_every_error_of_the_library_has_words_of_ours():
    said = {type(e).__name__: str(describe_failure(URL, e)) for e in library_errors()}
    assert said.keys() == WORDS.keys()
    for name, words in WORDS.items():
        assert words in said[name]
        assert f"cannot connect to {URL}" in said[name]


@pytest.mark.parametrize("error", library_errors(), ids=lambda error: type(error).__name__)
def test_every_error_of_the_library_can_end_a_connection(error):
    said = describe_loss(error)
    assert "connection" in said or "protocol" in said


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ConnectionRefusedError(111, "Connection refused"), "connection refused"),
        (OSError(101, "Network is unreachable"), "Network is unreachable"),
        (TimeoutError("timed out"), "timed out"),
        (socket.gaierror(-2, "Name or service not known"), "DNS: the name api-pub.bitfinex.com"),
        (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version"), "TLS:"),
        (ssl.SSLEOFError(8, "EOF occurred"), "TLS: the server closed the connection"),
        (ValueError("odd"), "not a WebSocket server (odd)"),
    ],
)
def test_every_error_of_the_system_has_words_of_ours(error, words):
    assert words in describe_failure(URL, error).what


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ConnectionResetError(104, "Connection reset by peer"), "Connection reset by peer"),
        (TimeoutError(), "timed out"),
        (websocket.WebSocketConnectionClosedException("socket is closed"), "was lost"),
        (
            websocket.WebSocketConnectionClosedException("the exchange closed the connection (1)"),
            "the exchange closed the connection (1)",
        ),
        (websocket.WebSocketProtocolException("rsv"), "broke the WebSocket protocol (rsv)"),
    ],
)
def test_the_end_of_a_connection_has_a_reason(error, words):
    assert words in describe_loss(error)


def test_a_password_in_the_url_is_never_said():
    said = str(describe_failure("wss://me:secret@host:1/ws/2?key=secret", OSError(1, "no")))
    assert "secret" not in said
    assert "wss://host:1/ws/2" in said


# Real failures.


def test_a_port_where_nobody_listens_refuses():
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        error = failure(f"ws://127.0.0.1:{bound.getsockname()[1]}")
    assert "connection refused" in error.what
    assert not error.permanent


def test_a_name_that_does_not_exist_is_a_matter_of_dns():
    error = failure("ws://no-such-host.invalid")
    assert "DNS: the name no-such-host.invalid" in error.what
    assert not error.permanent


@pytest.mark.parametrize(
    ("answer", "words", "permanent"),
    [
        (http_answer("200 OK", body=b"<html>"), "not a WebSocket endpoint (HTTP 200)", True),
        (http_answer("404 Not Found"), "not a WebSocket endpoint (HTTP 404)", True),
        (http_answer("403 Forbidden"), "not a WebSocket endpoint (HTTP 403)", True),
        (http_answer("429 Too Many Requests"), "too many connections (HTTP 429)", False),
        (http_answer("500 Internal Server Error"), "unavailable (HTTP 500)", False),
        (http_answer("503 Service Unavailable"), "unavailable (HTTP 503)", False),
        (http_answer("301 Moved", "Location: ws://a.invalid\r\n"), "the server redirects", True),
        (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", "not a WebSocket server", True),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "not a WebSocket server", True),
        (b"\xff\xfe\x00\r\n\r\n", "not a WebSocket server", True),
        (b"", "closed the connection before the handshake", False),
        (b"HTTP/1.1 101 Sw", "closed the connection before the handshake", False),
    ],
)
def test_a_server_that_is_none_of_ours_is_told_by_its_answer(answer, words, permanent):
    with answering(answer) as url:
        error = failure(url)
    assert words in error.what
    assert error.permanent is permanent


def test_only_a_429_is_a_rate_limit():
    with answering(http_answer("429 Too Many Requests")) as url:
        assert isinstance(failure(url), RateLimited)
    with answering(http_answer("503 Service Unavailable")) as url:
        assert not isinstance(failure(url), RateLimited)


def test_a_server_that_says_nothing_times_out():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        error = failure(f"ws://127.0.0.1:{silent.getsockname()[1]}", timeout=0.1)
    assert "timed out" in error.what
    assert not error.permanent


def test_a_server_that_speaks_websocket_is_connected_to():
    with websocket_server(greet) as url:
        assert says_hello(url)


# TLS.


def test_a_certificate_that_nobody_vouches_for_is_refused(certificate):
    with websocket_server(greet, certificate[1]) as url:
        error = failure(url)
    assert "TLS: self" in error.what
    assert error.permanent


def test_a_certificate_for_another_name_is_refused(certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    with websocket_server(greet, certificate[1]) as url:
        error = failure(url.replace("127.0.0.1", "localhost"))
    assert "TLS: Hostname mismatch" in error.what
    assert error.permanent


@pytest.mark.parametrize(
    "read",
    [
        "from bfxstream.stream.connect import open_socket; print(open_socket(url).receive())",
        # As a reader thread does: what came with the handshake is not waited for.
        "from bfxstream.stream.connection import SocketConnection; "
        "print(SocketConnection(url, 5.0).read(60.0))",
    ],
    ids=["at once", "with long patience"],
)
def test_a_certificate_that_the_environment_vouches_for_is_accepted(certificate, monkeypatch, read):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    script = f"import sys; url = sys.argv[1]; {read}"
    with websocket_server(greet, certificate[1]) as url:
        command = [sys.executable, "-c", script, url]
        answer = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (answer.stdout, answer.stderr) == ("[b'hello']\n", "")


def test_a_server_that_closes_during_the_tls_handshake_may_be_back_later():
    with tcp_server(lambda connection: connection.recv(1000)) as port:
        error = failure(f"wss://127.0.0.1:{port}")
    assert not error.permanent


def test_a_server_without_tls_is_not_spoken_to_in_the_clear():
    received: list[bytes] = []

    def answer_plainly(connection: socket.socket) -> None:
        received.append(connection.recv(65536))
        connection.sendall(http_answer("400 Bad Request"))

    with tcp_server(answer_plainly) as port:
        error = failure(f"wss://127.0.0.1:{port}")
    assert "TLS:" in error.what
    assert error.permanent
    assert b"GET" not in received[0]


# Proxies.


def test_an_http_proxy_of_the_environment_is_used(monkeypatch):
    with websocket_server(greet) as url, http_proxy(port_of(url)) as (port, seen):
        monkeypatch.setenv("http_proxy", f"http://me:secret@127.0.0.1:{port}")
        assert says_hello("ws://exchange.invalid:8080/ws/2")
    assert seen[0].startswith("CONNECT exchange.invalid:8080 HTTP/1.1\r\n")
    assert "Proxy-Authorization: Basic bWU6c2VjcmV0" in seen[0]


def test_an_http_proxy_may_be_named_without_its_scheme(monkeypatch):
    with websocket_server(greet) as url, http_proxy(port_of(url)) as (port, seen):
        monkeypatch.setenv("http_proxy", f"127.0.0.1:{port}")
        assert says_hello("ws://exchange.invalid:8080/ws/2")
    assert seen[0].startswith("CONNECT exchange.invalid:8080 HTTP/1.1\r\n")


@pytest.mark.parametrize(
    ("proxy", "said"),
    [
        (
            "http://me:secret@127.0.0.1:1",
            "http://127.0.0.1:1 (from http_proxy): connection refused",
        ),
        ("http://proxy.invalid:8080", "DNS: the name proxy.invalid cannot be resolved"),
        ("http://", "the proxy of http_proxy is no URL"),
    ],
)
def test_a_proxy_that_cannot_be_used_is_named_without_its_password(monkeypatch, proxy, said):
    monkeypatch.setenv("http_proxy", proxy)
    error = failure("ws://exchange.invalid/ws/2")
    assert said in error.what
    assert "secret" not in str(error)


def test_the_proxy_of_the_scheme_comes_before_that_of_all(monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("all_proxy", "socks5h://127.0.0.1:2")
    assert "(from http_proxy)" in failure("ws://exchange.invalid/ws/2").what


def test_a_proxy_that_refuses_is_said_so(monkeypatch):
    with answering(http_answer("407 Proxy Authentication Required")) as proxy:
        monkeypatch.setenv("http_proxy", proxy.replace("ws:", "http:"))
        error = failure("ws://exchange.invalid/ws/2")
    assert "proxy:" in error.what
    assert "407" in error.what


@pytest.mark.parametrize("scheme", ["http", "socks5h"])
def test_this_very_machine_is_never_reached_through_a_proxy(monkeypatch, scheme):
    """The demo exchange listens on loopback: no proxy could reach it."""
    with websocket_server(greet) as url:
        for name in ("http_proxy", "all_proxy"):
            monkeypatch.setenv(name, f"{scheme}://127.0.0.1:1")
        assert says_hello(url)
        assert says_hello(url.replace("127.0.0.1", "localhost"))


@pytest.mark.parametrize("variable", ["all_proxy", "ALL_PROXY", "http_proxy"])
def test_a_socks_proxy_of_the_environment_is_used_and_resolves_the_name(monkeypatch, variable):
    pytest.importorskip("python_socks")
    with websocket_server(greet) as url, socks5_proxy(port_of(url)) as (port, seen):
        monkeypatch.setenv(variable, f"socks5h://127.0.0.1:{port}")
        assert says_hello("ws://exchange.invalid:8080/ws/2")
    assert seen == ["exchange.invalid:8080"]


def test_a_host_of_no_proxy_is_reached_without_the_socks_proxy(monkeypatch):
    monkeypatch.setenv("all_proxy", "socks5h://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "exchange.invalid")
    assert "DNS" in failure("ws://exchange.invalid/ws/2").what


def test_a_socks_proxy_that_is_not_there_is_said_so(monkeypatch):
    pytest.importorskip("python_socks")
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        monkeypatch.setenv("all_proxy", f"socks5h://127.0.0.1:{bound.getsockname()[1]}")
        error = failure("ws://exchange.invalid/ws/2")
    assert "proxy:" in error.what
    assert not error.permanent


def test_a_socks_proxy_that_refuses_is_said_so(monkeypatch):
    pytest.importorskip("python_socks")

    def refuse(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"\x05\xff")  # RFC 1928: no acceptable methods
        with suppress(OSError):
            read_until(connection, HEADER_END)

    with tcp_server(refuse) as port:
        monkeypatch.setenv("all_proxy", f"socks5h://127.0.0.1:{port}")
        assert "proxy:" in failure("ws://exchange.invalid/ws/2").what


def test_a_socks_proxy_with_a_port_that_cannot_be_is_said_so(monkeypatch):
    pytest.importorskip("python_socks")
    monkeypatch.setenv("all_proxy", "socks5://me:secret@127.0.0.1:99999")
    error = failure("ws://exchange.invalid/ws/2")
    assert "the proxy of all_proxy" in error.what
    assert "secret" not in str(error)


def test_without_the_package_for_socks_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setattr(network, "find_spec", lambda name: None)
    monkeypatch.setenv("all_proxy", "socks5://127.0.0.1:1080")
    error = failure("ws://exchange.invalid/ws/2")
    assert "python-socks" in error.what
    assert "bfxstream[socks]" in error.hint
    assert error.permanent
