"""Opening a connection, and websocket-client's errors in our words: none leaks past here."""

from __future__ import annotations

import socket
from typing import Any, cast
from urllib.parse import urlsplit

import websocket

from bfxstream.errors import ConnectionFailed, RateLimited, UsageError
from bfxstream.stream import policy
from bfxstream.stream.network import (
    describe_os_error,
    is_of_python_socks,
    proxy_for,
    unknown_name,
    way_to,
    without_secrets,
)
from bfxstream.stream.socket import BatchSocket
from bfxstream.stream.timed_socket import TimedSocket
from bfxstream.stream.tls import TlsContext

_PATH = "the exchange's path is /ws/2: check --url; --demo works offline"


def check_url(url: str) -> str:
    """The URL, its scheme in small letters, if it can be an endpoint. Raises UsageError else."""
    scheme, _, rest = url.partition(":")
    try:
        parts = urlsplit(url)
        valid = (
            url.isprintable()
            and scheme.lower() in ("ws", "wss")
            and bool(parts.hostname)
            and parts.port != 0
        )
    except ValueError:
        valid = False
    if not valid:
        raise UsageError(
            f"{without_secrets(url)!r} is not a WebSocket URL",
            hint="use one such as wss://api-pub.bitfinex.com/ws/2",
        )
    return f"{scheme.lower()}:{rest}"


def open_socket(url: str, timeout: float = policy.CONNECT_TIMEOUT) -> BatchSocket:
    """Connect, with certificates verified and the environment's proxies.

    Raises ConnectionFailed that says which step failed; `permanent` where trying again is vain.
    """
    proxy = _proxy_options(url, timeout)
    try:
        tls = {"context": TlsContext()} if url.startswith("wss:") else {}
        connection = BatchSocket(sslopt=tls, enable_multithread=False)
        connection.connect(url, timeout=timeout, redirect_limit=0, **proxy)
        if not tls:  # a TlsSocket has its own below
            connection.sock = TimedSocket.of(cast("socket.socket", connection.sock))
    except Exception as error:  # python-socks' errors have no class in common with the others
        raise describe_failure(url, error) from error
    return connection


def describe_failure(url: str, error: Exception) -> ConnectionFailed:
    """Any error of connecting, sending or receiving, as one that says what it was."""
    where = f"cannot connect to {way_to(url)}"
    if isinstance(error, websocket.WebSocketAddressException):
        return unknown_name(url, where)
    if isinstance(error, websocket.WebSocketBadStatusException):
        return _bad_status(where, error.status_code)
    if isinstance(error, websocket.WebSocketProxyException) or is_of_python_socks(error):
        return ConnectionFailed(f"{where}: proxy: {error}")
    if isinstance(error, websocket.WebSocketTimeoutException):
        return ConnectionFailed(f"{where}: timed out")
    if isinstance(error, websocket.WebSocketConnectionClosedException):
        return ConnectionFailed(
            f"{where}: the server closed the connection before the handshake was done"
        )
    if isinstance(error, OSError):
        return describe_os_error(url, where, error)
    if "Redirect" in str(error):
        return ConnectionFailed(
            f"{where}: the server redirects, which is not followed", hint=_PATH, permanent=True
        )
    return ConnectionFailed(f"{where}: this is not a WebSocket server ({error})", permanent=True)


def describe_loss(error: Exception) -> str:
    """Why an established connection ended, in a few words."""
    if isinstance(error, websocket.WebSocketConnectionClosedException):
        text = str(error)
        return text if text.startswith("the exchange") else "the connection was lost"
    if isinstance(error, (websocket.WebSocketTimeoutException, TimeoutError)):
        return "the connection timed out"
    if isinstance(error, OSError):
        return f"the connection was lost ({error.strerror or error})"
    return f"the server broke the WebSocket protocol ({error})"


def _bad_status(where: str, status: int) -> ConnectionFailed:
    if status == 429:
        return RateLimited(f"{where}: too many connections (HTTP 429)", hint="wait a minute")
    if status >= 500:
        return ConnectionFailed(
            f"{where}: the server is unavailable (HTTP {status})",
            hint="wait, or keep trying with --retry-for",
        )
    return ConnectionFailed(
        f"{where}: this is not a WebSocket endpoint (HTTP {status})",
        hint=_PATH if status == 404 else "",
        permanent=True,
    )


def _proxy_options(url: str, timeout: float) -> dict[str, Any]:
    """What websocket-client must be told of proxies.

    Left alone it would reach this very machine through one, look for no SOCKS proxy, and pass over
    one that is named without its scheme.
    """
    proxy = proxy_for(url)
    if proxy is None:
        host = urlsplit(url).hostname or ""
        # A proxy that is not for this host: the library's way to be told of none.
        return {"http_proxy_host": host, "http_proxy_port": 1, "http_no_proxy": [host]}
    return {
        "http_proxy_host": proxy.host,
        "http_proxy_port": proxy.port,
        "http_proxy_auth": proxy.auth,
        "proxy_type": proxy.scheme if proxy.is_socks else "http",
        "http_proxy_timeout": timeout,
    }
