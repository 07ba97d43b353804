"""Opening a connection, and websocket-client's errors in our words: none leaks past here."""

from __future__ import annotations

import os
import socket
import ssl
from importlib.util import find_spec
from typing import Any
from urllib.parse import unquote, urlsplit

import websocket

from bfxstream.errors import ConnectionFailed, UsageError
from bfxstream.stream import policy
from bfxstream.stream.socket import BatchSocket
from bfxstream.stream.tls import TlsContext

_SOCKS_SCHEMES = ("socks4", "socks4a", "socks5", "socks5h")


class RateLimited(ConnectionFailed):
    """HTTP 429 at the handshake: stay away for a minute."""


def check_url(url: str) -> str:
    """The URL, if it can be an endpoint. Raises UsageError otherwise."""
    try:
        parts = urlsplit(url)
        valid = (
            url.isprintable()
            and parts.scheme in ("ws", "wss")
            and bool(parts.hostname)
            and parts.port != 0
        )
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
    proxy = _proxy_options(url)
    try:
        tls = {"context": TlsContext()} if url.startswith("wss:") else {}
        connection = BatchSocket(sslopt=tls, enable_multithread=False)
        connection.connect(url, timeout=timeout, redirect_limit=0, **proxy)
    except Exception as error:  # python-socks' errors have no class in common with the others
        raise describe_failure(url, error) from error
    return connection


def describe_failure(url: str, error: Exception) -> ConnectionFailed:
    """Any error of connecting, sending or receiving, as one that says what it was."""
    where = f"cannot connect to {_without_secrets(url)}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return _failed(f"{where}: TLS: {error.verify_message}", permanent=True)
    if isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError)):
        return _failed(f"{where}: TLS: the server closed the connection")
    if isinstance(error, ssl.SSLError):
        return _failed(f"{where}: TLS: {getattr(error, 'reason', None) or error}", permanent=True)
    if isinstance(error, (socket.gaierror, websocket.WebSocketAddressException)):
        return _failed(f"{where}: DNS: the name {urlsplit(url).hostname} cannot be resolved")
    if isinstance(error, websocket.WebSocketBadStatusException):
        return _bad_status(where, error.status_code)
    if isinstance(error, websocket.WebSocketProxyException) or _is_of_python_socks(error):
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


def _is_of_python_socks(error: Exception) -> bool:
    # By its module: the package is optional.
    return type(error).__module__.partition(".")[0] == "python_socks"


def _failed(what: str, *, permanent: bool = False) -> ConnectionFailed:
    return ConnectionFailed(what, permanent=permanent)


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


def _proxy_options(url: str) -> dict[str, Any]:
    """What websocket-client must be told of proxies; an HTTP proxy it finds in the environment.

    It would reach this very machine through a proxy, and does not look for SOCKS proxies.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if host in ("localhost", "::1") or host.startswith("127."):
        # A proxy that is not for this host: the library's way to be told of none.
        return {"http_proxy_host": host, "http_proxy_port": 1, "http_no_proxy": [host]}
    for name in ("https_proxy" if parts.scheme == "wss" else "http_proxy", "all_proxy"):
        value = os.environ.get(name) or os.environ.get(name.upper(), "")
        if urlsplit(value).scheme in _SOCKS_SCHEMES:
            return _socks_options(name, value, host)
    return {}


def _socks_options(name: str, value: str, host: str) -> dict[str, Any]:
    from urllib.request import proxy_bypass  # noqa: PLC0415  rarely needed, slow

    if proxy_bypass(host):
        return {}
    if find_spec("python_socks") is None:
        raise ConnectionFailed(
            f"the SOCKS proxy of {name} needs the package python-socks",
            hint="install it with: pip install 'bfxstream[socks]'",
            permanent=True,
        )
    proxy = urlsplit(value)
    try:
        port = proxy.port or 1080
    except ValueError as error:
        raise ConnectionFailed(f"the proxy of {name}: {error}", permanent=True) from None
    auth = (unquote(proxy.username), unquote(proxy.password or "")) if proxy.username else None
    return {
        "http_proxy_host": proxy.hostname,
        "http_proxy_port": port,
        "http_proxy_auth": auth,
        "proxy_type": proxy.scheme,
        "http_proxy_timeout": policy.CONNECT_TIMEOUT,
    }
