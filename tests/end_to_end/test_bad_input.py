"""Bad input and bad networks: one clear line, a documented exit code, nothing lost."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bfxstream.demo import DemoExchange

from .command import run, start


def assert_one_line(stderr: str, *parts: str) -> None:
    assert stderr.count("\n") == 1, stderr
    for part in parts:
        assert part in stderr


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("ticker", "!!"), ("'!!'", "tBTCUSD")),
        (("ticker", ""), ("''", "tBTCUSD")),
        (("ticker",), ("SYMBOL",)),
        (("stream", "tBTCUSD"), ("'tBTCUSD'", "ticker:SYMBOL")),
        (("stream", "book:tBTCUSD:P9"), ("'book:tBTCUSD:P9'",)),
        (("stream", "book:tBTCUSD:P1:P2"), ("'P1'",)),
        (("ticker", "tBTCUSD", "--frobnicate"), ("--frobnicate",)),
        (("book", "tBTCUSD", "--prec", "P7"), ("P7", "P0", "R0")),
        (("book", "tBTCUSD", "--len", "30"), ("30", "250")),
        (("ticker", "tBTCUSD", "--duration", "soon"), ("'soon'", "30s")),
        (("ticker", "tBTCUSD", "-n", "0"), ("0", "--count")),
        (("ticker", "tBTCUSD", "--fields", "bid,prize"), ("'prize'", "last_price")),
        (("ticker", "tBTCUSD", "--fields", "bid,bid"), ("bid,bid",)),
        (("book", "tBTCUSD", "--every", "1s"), ("--every", "--view full")),
        (("ticker", "tBTCUSD", "--json", "-o", "csv"), ("--json", "csv")),
        (("ticker", "tBTCUSD", "--url", "http://example.org"), ("http://example.org", "wss://")),
        (("ticker", "tBTCUSD", "--demo", "--url", "ws://127.0.0.1:1"), ("--demo", "--url")),
        (("ticker", "tBTCUSD", "--once", "--no-snapshot"), ("--once", "--no-snapshot")),
        (("ticker", "tBTCUSD", "-o", "raw", "--fields", "bid"), ("--fields", "raw")),
        (("tikcer",), ("tikcer",)),
        (("schema", "trade-winds"), ("trade-winds", "trades")),
        (("demo-exchange", "--port", "99999"), ("99999",)),
        (("demo-exchange", "--fault", "drop:every=soon"), ("'soon'", "every=30s")),
    ],
)
def test_a_usage_error_is_one_line_that_names_it(
    arguments: tuple[str, ...], named: tuple[str, ...]
) -> None:
    result = run(*arguments)
    assert (result.code, result.stdout) == (2, "")
    assert_one_line(result.stderr, *named)


def test_a_refused_symbol_is_named_with_the_exchanges_words() -> None:
    result = run("ticker", "tNOSUCH", "--demo")
    assert (result.code, result.stdout) == (3, "")
    assert_one_line(result.stderr, "ticker:tNOSUCH", "symbol: invalid", "10300")


def test_a_refused_symbol_is_answered_with_the_nearest(exchange: DemoExchange) -> None:
    result = run("ticker", "tBTCUSDD", "--url", exchange.url)
    assert (result.code, result.stdout) == (3, "")
    assert_one_line(result.stderr, "ticker:tBTCUSDD", "10300", "did you mean tBTCUSD?\n")


def test_a_refused_symbol_loses_nothing_of_the_others(exchange: DemoExchange) -> None:
    result = run("stream", "trades:tBTCUSD", "ticker:tNOSUCH", "--url", exchange.url)
    assert result.code == 3
    assert len(result.records) >= 30
    assert_one_line(result.stderr, "ticker:tNOSUCH", "10300")


def test_a_refused_connection_says_so_and_names_the_way_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    result = run("ticker", "tBTCUSD", "--url", f"ws://127.0.0.1:{port}", "--retry-for", "0.5s")
    assert (result.code, result.stdout) == (1, "")
    assert_one_line(result.stderr, f"ws://127.0.0.1:{port}", "refused", "--demo")


def test_a_name_that_does_not_resolve_says_so() -> None:
    result = run("ticker", "tBTCUSD", "--url", "ws://no-such-host.invalid", "--retry-for", "0")
    assert result.code == 1
    assert_one_line(result.stderr, "no-such-host.invalid", "DNS", "--demo")


@contextmanager
def tcp_server(answer: bytes) -> Iterator[int]:
    """A server that answers every connection with these bytes and closes it."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(4096)
                    connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "not a WebSocket endpoint (HTTP 200)"),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "HTTP 404"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "not a WebSocket server"),
    ],
)
def test_a_server_that_speaks_no_websocket_is_told_at_once(answer: bytes, said: str) -> None:
    with tcp_server(answer) as port:
        result = run("ticker", "tBTCUSD", "--url", f"ws://127.0.0.1:{port}")
    assert (result.code, result.stdout) == (1, "")
    assert_one_line(result.stderr, said, "--demo")


def test_a_server_without_tls_is_no_endpoint_for_wss(exchange: DemoExchange) -> None:
    result = run(
        "ticker", "tBTCUSD", "--url", exchange.url.replace("ws:", "wss:"), "--retry-for", "0.5s"
    )
    assert result.code == 1
    assert_one_line(result.stderr, "TLS", "--demo")


def test_nothing_received_ends_the_wait(exchange: DemoExchange) -> None:
    result = run(
        *("trades", "tBTCUSD", "--no-snapshot", "--fields", "id", "--timeout", "0.001s"),
        *("--url", exchange.url),
    )
    assert result.code == 1
    assert_one_line(result.stderr, "nothing was received", "0.001 s")


def test_quiet_leaves_only_the_error() -> None:
    result = run("ticker", "tNOSUCH", "--demo", "--quiet")
    assert result.code == 3
    assert_one_line(result.stderr, "tNOSUCH")


def test_a_full_disk_is_an_error() -> None:
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        process = start("ticker", "tBTCUSD", "--demo", stdout=full)
        _, stderr = process.communicate(timeout=30)
    assert process.returncode == 1
    assert_one_line(stderr, "No space left")
