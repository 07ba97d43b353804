"""Small local servers, each in a thread of its own on a free port of loopback."""

from __future__ import annotations

import shutil
import socket
import ssl
import struct
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.server import ServerConnection, serve

HEADER_END = b"\r\n\r\n"


@contextmanager
def tcp_server(handle: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server that gives each connection to `handle`, and its port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=guarded, args=(connection,), daemon=True).start()

    def guarded(connection: socket.socket) -> None:
        with suppress(OSError), connection:
            handle(connection)

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()


def read_until(connection: socket.socket, end: bytes) -> bytes:
    received = b""
    while not received.endswith(end) and (byte := connection.recv(1)):
        received += byte
    return received


def http_answer(status: str, headers: str = "", body: bytes = b"") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
    return head.encode() + body


@contextmanager
def answering(answer: bytes) -> Iterator[str]:
    """A server that reads a request's header, says this and closes; its URL as an endpoint."""

    def handle(connection: socket.socket) -> None:
        read_until(connection, HEADER_END)
        connection.sendall(answer)

    with tcp_server(handle) as port:
        yield f"ws://127.0.0.1:{port}/ws/2"


@contextmanager
def websocket_server(
    handler: Callable[[ServerConnection], None], tls: ssl.SSLContext | None = None, **options: Any
) -> Iterator[str]:
    """A WebSocket server whose `handler` has one connection, and its URL."""
    options |= {"compression": None, "ssl": tls, "close_timeout": 1}
    with serve(handler, "127.0.0.1", 0, **options) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        port = server.socket.getsockname()[1]
        yield f"{'wss' if tls else 'ws'}://127.0.0.1:{port}/ws/2"
        server.shutdown()
        thread.join(timeout=5)


def greet(connection: ServerConnection) -> None:
    """A handler that says one thing and waits for the client to close."""
    connection.send("hello")
    for _ in connection:
        pass


def certificate_for(name: str, folder: Path) -> tuple[Path, ssl.SSLContext]:
    """A self-signed certificate (`IP:127.0.0.1`, `DNS:…`), and a server's context that shows it."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is needed to make a certificate")
    cert, key = folder / "cert.pem", folder / "key.pem"
    options = (
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
        f"-subj /CN=bfxstream-test -addext subjectAltName={name}"
    )
    command = ["openssl", *options.split(), "-out", str(cert), "-keyout", str(key)]
    subprocess.run(command, check=True, capture_output=True, timeout=30)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return cert, context


def port_of(url: str) -> int:
    return int(url.rpartition(":")[2].partition("/")[0])


def relay(one: socket.socket, other: socket.socket) -> None:
    """Carry bytes both ways until either side closes."""

    def carry(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    back = threading.Thread(target=carry, args=(other, one), daemon=True)
    back.start()
    carry(one, other)
    back.join(timeout=5)


@contextmanager
def http_proxy(target: int) -> Iterator[tuple[int, list[str]]]:
    """A proxy that carries every CONNECT to this port; its own port, and the headers it saw."""
    seen: list[str] = []

    def handle(connection: socket.socket) -> None:
        seen.append(read_until(connection, HEADER_END).decode())
        with socket.create_connection(("127.0.0.1", target)) as onward:
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            relay(connection, onward)

    with tcp_server(handle) as port:
        yield port, seen


@contextmanager
def socks5_proxy(target: int) -> Iterator[tuple[int, list[str]]]:
    """A SOCKS5 proxy (RFC 1928) that carries every connection to this port."""
    seen: list[str] = []

    def handle(connection: socket.socket) -> None:
        _, methods = connection.recv(2)
        connection.recv(methods)
        connection.sendall(b"\x05\x00")
        head = connection.recv(4)
        assert head[:2] == b"\x05\x01"
        if head[3] == 3:
            host = connection.recv(connection.recv(1)[0]).decode()
        else:
            host = socket.inet_ntoa(connection.recv(4))
        (port,) = struct.unpack("!H", connection.recv(2))
        seen.append(f"{host}:{port}")
        with socket.create_connection(("127.0.0.1", target)) as onward:
            connection.sendall(b"\x05\x00\x00\x01" + bytes(6))
            relay(connection, onward)

    with tcp_server(handle) as port:
        yield port, seen
