"""Opening a connection, and websocket-client's errors in our words: none leaks past here."""

from __future__ import annotations

import os
import socket
import ssl
from typing import Any
from urllib.parse import unquote, urlsplit

import websocket

from bfxstream.errors import ConnectionFailed, UsageError
from bfxstream.stream import policy
from bfxstream.stream.socket import BatchSocket

_DEMO_HINT = "check the network and --url; --demo works offline"
_SOCKS_SCHEMES = ("socks4", "socks4a", "socks5", "socks5h")


class RateLimited(ConnectionFailed):
    """HTTP 429 at the handshake: stay away for a minute."""


def check_url(url: str) -> str:
    """The URL, if it can be an endpoint. Raises UsageError otherwise."""
    try:
        parts = urlsplit(url)
        valid = parts.scheme in ("ws", "wss") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise UsageError(
            f"{url!r} is not a WebSocket URL",
            hint="use one such as wss://api-pub.bitfinex.com/ws/2",
        )
    return url


def open_socket(url: str, timeout: float = policy.CONNECT_TIMEOUT) -> BatchSocket:
    """Connect, with certificates verified and the environment's proxies.

    Raises ConnectionFailed that says which step failed; `permanent` where trying again is vain.
    """
    connection = BatchSocket(
        sslopt={"cert_reqs": ssl.CERT_REQUIRED, "check_hostname": True},
        enable_multithread=False,
    )
    try:
        connection.connect(url, timeout=timeout, redirect_limit=0, **_socks_proxy(url))
    except (websocket.WebSocketException, OSError, ValueError) as error:
        raise describe_failure(url, error) from error
    return connection


def describe_failure(url: str, error: Exception) -> ConnectionFailed:
    """Any error of connecting, sending or receiving, as one that says what it was."""
    where = f"cannot connect to {_without_secrets(url)}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return _failed(f"{where}: TLS: {error.verify_message}", permanent=True)
    if isinstance(error, ssl.SSLError):
        return _failed(f"{where}: TLS: {error.reason or error}", permanent=True)
    if isinstance(error, (socket.gaierror, websocket.WebSocketAddressException)):
        return _failed(f"{where}: DNS: the name {urlsplit(url).hostname} cannot be resolved")
    if isinstance(error, websocket.WebSocketBadStatusException):
        return _bad_status(where, error.status_code)
    if isinstance(error, websocket.WebSocketProxyException):
        return _failed(f"{where}: proxy: {error}")
    if isinstance(error, (websocket.WebSocketTimeoutException, TimeoutError)):
        return _failed(f"{where}: timed out")
    if isinstance(error, websocket.WebSocketConnectionClosedException):
        return _failed(f"{where}: the server closed the connection before the handshake was done")
    if isinstance(error, ConnectionRefusedError):
        return _failed(f"{where}: connection refused")
    if isinstance(error, OSError):
        return _failed(f"{where}: {error.strerror or error}")
    return _failed(f"{where}: this is not a WebSocket server ({error})", permanent=True)


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


def _failed(what: str, *, permanent: bool = False) -> ConnectionFailed:
    return ConnectionFailed(what, hint=_DEMO_HINT, permanent=permanent)


def _bad_status(where: str, status: int) -> ConnectionFailed:
    if status == 429:
        return RateLimited(f"{where}: too many connections (HTTP 429)", hint="wait a minute")
    if status >= 500:
        return _failed(f"{where}: the server is unavailable (HTTP {status})")
    return _failed(f"{where}: this is not a WebSocket endpoint (HTTP {status})", permanent=True)


def _without_secrets(url: str) -> str:
    """The URL without user, password and query."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}"


def _socks_proxy(url: str) -> dict[str, Any]:
    """Options for a SOCKS proxy of the environment; HTTP proxies websocket-client finds itself."""
    secure = urlsplit(url).scheme == "wss"
    names = ("https_proxy" if secure else "http_proxy", "all_proxy")
    for name in names:
        value = os.environ.get(name) or os.environ.get(name.upper())
        if value and urlsplit(value).scheme in _SOCKS_SCHEMES:
            proxy = urlsplit(value)
            auth = (
                (unquote(proxy.username), unquote(proxy.password or "")) if proxy.username else None
            )
            return {
                "http_proxy_host": proxy.hostname,
                "http_proxy_port": proxy.port or 1080,
                "http_proxy_auth": auth,
                "proxy_type": proxy.scheme,
                "http_proxy_timeout": policy.CONNECT_TIMEOUT,
            }
    return {}
