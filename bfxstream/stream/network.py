"""What every connection out of here has in common: its failures in words, and the way to it."""

from __future__ import annotations

import errno
import os
import re
import socket
import ssl
from importlib.util import find_spec
from typing import NamedTuple, TypeVar
from urllib.parse import unquote, urlsplit

from bfxstream.errors import ConnectionFailed, UsageError
from bfxstream.stream import policy
from bfxstream.stream.tls import passed_over

_SOCKS_SCHEMES = ("socks4", "socks4a", "socks5", "socks5h")
_SOCKS_PORT, _HTTP_PORT = 1080, 80
_SECRETS = re.compile(r"(?<=//)[^/?#]*@|[?#].*", re.DOTALL)
_DISTRUST = (
    "check this machine's clock and certificates (WEBSOCKET_CLIENT_CA_BUNDLE, SSL_CERT_FILE), "
    "and who is between; --demo works offline"
)


ErrorT = TypeVar("ErrorT", bound=BaseException)


class Proxy(NamedTuple):
    """A proxy that the environment asks for."""

    variable: str
    """Where it is named, in small letters."""
    scheme: str
    host: str
    port: int
    auth: tuple[str, str] | None
    """User and password."""

    @property
    def is_socks(self) -> bool:
        """Whether it speaks SOCKS; every other one is taken for an HTTP proxy."""
        return self.scheme in _SOCKS_SCHEMES

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port} (from {self.variable})"


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
        hint = "; ".join(filter(None, (passed_over(), _DISTRUST)))
        return ConnectionFailed(f"{where}: TLS: {verdict}", hint=hint, permanent=True)
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
    if error.errno == errno.EMFILE:
        return ConnectionFailed(f"{where}: too many open files", hint="raise the limit: ulimit -n")
    return ConnectionFailed(f"{where}: {error.strerror or error}")


def unknown_name(url: str, where: str) -> ConnectionFailed:
    """The name of the host, or of the HTTP proxy that is asked for it, has no address."""
    proxy = proxy_for(url)
    host = proxy.host if proxy and not proxy.is_socks else urlsplit(url).hostname
    return ConnectionFailed(f"{where}: DNS: the name {host} cannot be resolved")


def way_to(url: str) -> str:
    """The URL as errors name it: without secrets, and with the proxy that leads to it."""
    proxy = proxy_for(url)
    return without_secrets(url) + (f" through the proxy {proxy}" if proxy else "")


def is_of_python_socks(error: Exception) -> bool:
    """Whether the optional package raised it, by its module."""
    return type(error).__module__.partition(".")[0] == "python_socks"


def proxy_for(url: str) -> Proxy | None:
    """The proxy that leads to this URL, by the environment.

    Raises ConnectionFailed where it cannot be used.
    """
    parts = urlsplit(url)
    if is_loopback(parts.hostname):
        return None
    for variable in (
        "https_proxy" if parts.scheme in ("wss", "https") else "http_proxy",
        "all_proxy",
    ):
        value = os.environ.get(variable) or os.environ.get(variable.upper(), "")
        if value and (variable != "all_proxy" or value.startswith(_SOCKS_SCHEMES)):
            return _usable_proxy(variable, value, parts.hostname or "")
    return None


def _usable_proxy(variable: str, value: str, host: str) -> Proxy | None:
    from urllib.request import proxy_bypass  # noqa: PLC0415  rarely needed, slow

    if proxy_bypass(host):
        return None
    try:
        parts = urlsplit(value if "://" in value else f"http://{value}")
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if not parts.hostname:
        raise ConnectionFailed(
            f"the proxy of {variable} is no URL",
            hint="write it as http://host:port or socks5h://host:port, or unset it",
            permanent=True,
        )
    auth = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
    usual = _SOCKS_PORT if parts.scheme in _SOCKS_SCHEMES else _HTTP_PORT
    proxy = Proxy(variable, parts.scheme, parts.hostname, port or usual, auth)
    if proxy.is_socks and find_spec("python_socks") is None:
        raise ConnectionFailed(
            f"the SOCKS proxy of {variable} needs the package python-socks",
            hint="install it with: pip install 'bfxstream[socks]'",
            permanent=True,
        )
    return proxy
