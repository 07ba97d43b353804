"""How the way to the exchange is, step by step: what `bfxstream doctor` finds on the network.

Each check gives a Finding, or raises BfxStreamError with what is wrong and what to do.
"""

from __future__ import annotations

import resource
import socket
import ssl
import threading
import time
from contextlib import suppress
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from bfxstream.errors import ConnectionFailed
from bfxstream.protocol.codes import API_VERSION, MAX_SUBSCRIPTIONS
from bfxstream.protocol.decode import UNREADABLE
from bfxstream.protocol.objects import ObjectFrame, decode_object
from bfxstream.protocol.records import CheckState
from bfxstream.stream.account_rest import AccountRest
from bfxstream.stream.connection import ConnectionLost, SocketConnection
from bfxstream.stream.network import proxy_for, without_secrets
from bfxstream.stream.policy import Policy
from bfxstream.stream.rest import RestClient
from bfxstream.stream.tls import Certificate, passed_over

_SLOW = 2.0
"""Seconds of connecting, or of an answer, that are worth a word."""

_EXPIRES_SOON = 14 * 86400.0
_CLOCK_OFF = 1.0
"""Seconds that this machine's clock may differ from the exchange's."""

_FEW_FILES = 64
_READ_PATIENCE = 0.25
_DANGEROUS = ("withdraw", "transfer")
"""What nothing here ever does with a key."""


class Finding(NamedTuple):
    """What a check found, in words, and what to do about it."""

    found: str
    state: CheckState = "ok"
    remedy: str | None = None


class Visit(Struct, kw_only=True):
    """One connection to the exchange, made to see how it is."""

    url: str
    seconds: float
    """Until it stood: name, TCP, TLS and handshake."""
    certificate: Certificate | None = None
    """None without TLS."""
    hello: ObjectFrame | None = None
    """The `info` event that the exchange begins with."""
    ahead: float | None = None
    """Seconds by which the exchange's clock is ahead of ours, by its answer to a ping."""
    round_trip: float = 0.0
    """Seconds until that answer came."""


def visit(url: str, timeout: float) -> Visit:
    """Connect, be greeted, send a ping and leave; `timeout` is for each step.

    Raises ConnectionFailed, whose cause is an `ssl.SSLError` where it was TLS that failed.
    """
    started = time.monotonic()
    connection = SocketConnection(url, timeout)
    seen = Visit(url=url, seconds=time.monotonic() - started, certificate=connection.certificate)
    try:
        seen.hello = _await_event(connection, "info", timeout)
        _ping(connection, seen, timeout)
    except ConnectionLost as loss:
        raise ConnectionFailed(f"{loss}: {without_secrets(url)}") from loss
    finally:
        connection.close()
    return seen


def _ping(connection: SocketConnection, seen: Visit, timeout: float) -> None:
    sent = time.time()
    connection.send([msgspec.json.encode({"event": "ping", "cid": 1})])
    pong = _await_event(connection, "pong", timeout)
    received = time.time()
    seen.round_trip = received - sent
    if pong is not None and isinstance(pong.ts, int):
        seen.ahead = pong.ts / 1000 - (sent + received) / 2


def _await_event(connection: SocketConnection, name: str, timeout: float) -> ObjectFrame | None:
    """The next event of this name; None where it does not come in time."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        for frame in connection.read(_READ_PATIENCE):
            try:
                event = decode_object(frame)
            except UNREADABLE:
                continue
            if event.event == name:
                return event
    return None


def check_limits(policy: Policy | None = None) -> Finding:
    """What one run may use, by the exchange's rules and by this system's."""
    attempts = (policy or Policy()).public_attempts
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    found = (
        f"{MAX_SUBSCRIPTIONS} channels a connection, {attempts} connections a minute: "
        f"{MAX_SUBSCRIPTIONS * attempts} channels in the first minute; "
        f"{files} open files allowed"
    )
    if 0 <= files < _FEW_FILES:
        return Finding(found, "warning", "allow more open files: ulimit -n 1024")
    return Finding(found)


def check_proxy(url: str) -> Finding:
    """The environment's proxy on the way to this URL. Raises ConnectionFailed for a useless one."""
    proxy = proxy_for(url)
    return Finding("none is used" if proxy is None else str(proxy))


def check_dns(url: str, timeout: float) -> Finding:
    """The addresses of the host that is connected to: the exchange's, or the proxy's."""
    proxy = proxy_for(url)
    host = proxy.host if proxy else urlsplit(url).hostname or ""
    started = time.monotonic()
    answers = _looked_up(host, timeout)
    if not answers:
        raise ConnectionFailed(
            f"the name {host} cannot be resolved",
            hint="check the network, and the name server in /etc/resolv.conf",
        )
    seconds = time.monotonic() - started
    addresses = list(dict.fromkeys(str(answer[4][0]) for answer in answers))
    if addresses == [host]:
        return Finding(f"{host} is an address already")
    more = f" and {len(addresses) - 1} more" if len(addresses) > 1 else ""
    return Finding(f"{host} is {addresses[0]}{more} ({seconds:.2f} s)")


def _looked_up(host: str, timeout: float) -> list[Any]:
    """What the system's resolver knows within this time; it has no limit of its own."""
    answers: list[Any] = []

    def look_up() -> None:
        with suppress(OSError, UnicodeError):
            answers.extend(socket.getaddrinfo(host, None, type=socket.SOCK_STREAM))

    thread = threading.Thread(target=look_up, daemon=True)
    thread.start()
    thread.join(timeout)
    return list(answers)


def check_connect(seen: Visit) -> Finding:
    """How long it took until the connection stood."""
    found = f"{without_secrets(seen.url)} in {seen.seconds:.2f} s"
    if seen.seconds > _SLOW:
        return Finding(found, "warning", "a slow network or proxy: what is printed comes late")
    return Finding(found)


def check_tls(certificate: Certificate, now: float) -> Finding:
    """Whose certificate it is, and for how long it is good; `now` is seconds since 1970."""
    left = certificate.expires - now
    found = (
        f"{certificate.protocol}, certificate of {certificate.owner} "
        f"by {certificate.issuer}, good for {left / 86400:.0f} days"
    )
    if left < _EXPIRES_SOON:
        return Finding(found, "warning", "the exchange should renew it; is this clock right?")
    if (unused := passed_over()) is not None:
        return Finding(f"{found}; {unused}", "warning", "correct the variable, or unset it")
    return Finding(found)


def check_platform(seen: Visit) -> Finding:
    """Whether it is the exchange's API that answers, and whether it works."""
    hello = seen.hello
    if hello is None or hello.version is None:
        raise ConnectionFailed(
            "no info event came: this is not the exchange's API v2", hint="check --url"
        )
    if hello.version != API_VERSION:
        raise ConnectionFailed(
            f"the server speaks version {hello.version} of the API, not {API_VERSION}",
            hint="check --url",
        )
    return _operative(hello.platform is None or hello.platform.status == 1)


def _operative(works: bool, found: str = "") -> Finding:
    if works:
        return Finding(f"operative{found}")
    return Finding(f"in maintenance{found}", "warning", "wait; a stream waits by itself")


def check_clock(seen: Visit) -> Finding:
    """How far this machine's clock is from the exchange's."""
    if seen.ahead is None:
        return Finding("the exchange told no time", "warning", "try again")
    side = "behind" if seen.ahead > 0 else "ahead of"
    trip = f"(round trip {seen.round_trip:.3f} s)"
    found = f"{abs(seen.ahead):.3f} s {side} the exchange's {trip}"
    if abs(seen.ahead) - seen.round_trip / 2 > _CLOCK_OFF:
        return Finding(
            found,
            "warning",
            "set the clock (timedatectl set-ntp true): --timestamps and nonces come from it",
        )
    return Finding(found)


def check_rest(client: RestClient) -> Finding:
    """Whether the REST API answers, for look-ups and for what an interruption took."""
    started = time.monotonic()
    status = client.get("platform/status")
    seconds = time.monotonic() - started
    works = status.strip() != b"[0]"
    finding = _operative(works, f", {client.base} answered in {seconds:.2f} s")
    if works and seconds > _SLOW:
        return Finding(
            finding.found, "warning", "a slow network or proxy: filling holes takes long"
        )
    return finding


def check_permissions(rest: AccountRest) -> Finding:
    """What the exchange lets the key do. Raises CredentialsError where it refuses it."""
    granted = rest.permissions()
    reads = [scope for scope, may in granted.items() if may.read]
    writes = [scope for scope, may in granted.items() if may.write]
    found = f"may read {_listed(reads)}; may change {_listed(writes)}"
    dangerous = [scope for scope in writes if scope in _DANGEROUS]
    if dangerous:
        return Finding(
            found, "warning", f"nothing here needs {_listed(dangerous)}: use a key without it"
        )
    return Finding(found)


def _listed(names: list[str]) -> str:
    return ", ".join(names) or "nothing"


def failed_in_tls(error: ConnectionFailed) -> bool:
    """Whether a visit went as far as TLS, and no farther."""
    cause: Any = error.__cause__
    return isinstance(cause, ssl.SSLError)
