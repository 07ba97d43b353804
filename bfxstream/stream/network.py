"""What every connection out of here has in common: its failures in words, and the way to it."""

from __future__ import annotations

import os
import re
import socket
import ssl
from importlib.util import find_spec
from typing import NamedTuple, TypeVar
from urllib.parse import unquote, urlsplit

from bfxstream.errors import ConnectionFailed, UsageError
from bfxstream.stream import policy

_SOCKS_SCHEMES = ("socks4", "socks4a", "socks5", "socks5h")
_SECRETS = re.compile(r"(?<=//)[^/?#]*@|[?#].*", re.DOTALL)


ErrorT = TypeVar("ErrorT", bound=BaseException)


class SocksProxy(NamedTuple):
    """A SOCKS proxy that the environment asks for."""

    scheme: str
    host: str | None
    port: int
    auth: tuple[str, str] | None
    """User and password."""


def is_loopback(host: str | None) -> bool:
    """Whether this host is the very machine: no proxy could reach it."""
    return host in ("localhost", "::1") or (host or "").startswith("127.")


def rest_base(url: str, rest_url: str | None = None) -> str:
    """Where to look up what belongs to the stream of `url`: `rest_url` if it is given.

    A server on this machine has its REST API beside its stream, as the demo exchange has.
    Raises UsageError for a `rest_url` that cannot be one.
    """
    if rest_url is not None:
        return _check_rest_url(rest_url)
    parts = urlsplit(url)
    if not is_loopback(parts.hostname):
        return policy.PUBLIC_REST_URL
    host = parts.netloc.rpartition("@")[2]
    return f"{'https' if parts.scheme == 'wss' else 'http'}://{host}/v2"


def _check_rest_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        valid = (
            url.isprintable()
            and without_secrets(url) == url
            and bool(parts.hostname)
            and parts.port != 0
            # In the clear only where nobody can listen.
            and (
                parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname))
            )
        )
    except ValueError:
        valid = False
    if not valid:
        raise UsageError(
            f"{without_secrets(url)!r} is not a base of the REST API",
            hint=f"use one such as {policy.PUBLIC_REST_URL}, without user, password and query; "
            "http:// is for this machine alone",
        )
    return url.rstrip("/")


def shallow(error: ErrorT) -> ErrorT:
    """The error without the frames below and the errors behind it: their variables hold secrets."""
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)


def without_secrets(url: str) -> str:
    """The URL without user, password and query; whatever else was given in place of one, too."""
    return _SECRETS.sub("", url)


def describe_os_error(url: str, where: str, error: OSError) -> ConnectionFailed:
    """What the system or TLS refused, said behind `where`; `permanent` where trying is vain."""
    if isinstance(error, ssl.SSLCertVerificationError):
        verdict = error.verify_message.rstrip(".")
        return ConnectionFailed(f"{where}: TLS: {verdict}", permanent=True)
    if isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError)):
        return ConnectionFailed(f"{where}: TLS: the server closed the connection")
    if isinstance(error, ssl.SSLError):
        reason = getattr(error, "reason", None) or error
        return ConnectionFailed(f"{where}: TLS: {reason}", permanent=True)
    if isinstance(error, socket.gaierror):
        return unknown_name(url, where)
    if isinstance(error, TimeoutError):
        return ConnectionFailed(f"{where}: timed out")
    if isinstance(error, ConnectionRefusedError):
        return ConnectionFailed(f"{where}: connection refused")
    return ConnectionFailed(f"{where}: {error.strerror or error}")


def unknown_name(url: str, where: str) -> ConnectionFailed:
    """The name of the host has no address."""
    return ConnectionFailed(f"{where}: DNS: the name {urlsplit(url).hostname} cannot be resolved")


def is_of_python_socks(error: Exception) -> bool:
    """Whether the optional package raised it, by its module."""
    return type(error).__module__.partition(".")[0] == "python_socks"


def socks_proxy(url: str) -> SocksProxy | None:
    """The SOCKS proxy that leads to this URL, by the environment.

    Raises ConnectionFailed where it cannot be used.
    """
    parts = urlsplit(url)
    secure = parts.scheme in ("wss", "https")
    for name in ("https_proxy" if secure else "http_proxy", "all_proxy"):
        value = os.environ.get(name) or os.environ.get(name.upper(), "")
        if urlsplit(value).scheme in _SOCKS_SCHEMES:
            return _usable_socks_proxy(name, value, parts.hostname or "")
    return None


def _usable_socks_proxy(name: str, value: str, host: str) -> SocksProxy | None:
    from urllib.request import proxy_bypass  # noqa: PLC0415  rarely needed, slow

    if proxy_bypass(host):
        return None
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
    return SocksProxy(proxy.scheme, proxy.hostname, port, auth)
