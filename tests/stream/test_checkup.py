"""What the doctor finds on the network: each step of the way to the exchange."""

from __future__ import annotations

import json
import resource
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from demo_account import CREDENTIALS, access
from rest_server import rest_server, saying
from servers import websocket_server
from websockets.sync.server import ServerConnection

from bfxstream.demo import DemoExchange
from bfxstream.demo.access import READ_ONLY_KEY
from bfxstream.errors import ConnectionFailed, CredentialsError
from bfxstream.protocol.auth import Credentials, Permission, Secret
from bfxstream.stream import checkup
from bfxstream.stream.account_rest import AccountRest
from bfxstream.stream.checkup import (
    Visit,
    check_clock,
    check_connect,
    check_dns,
    check_limits,
    check_permissions,
    check_platform,
    check_proxy,
    check_rest,
    check_tls,
    failed_in_tls,
    visit,
)
from bfxstream.stream.nonces import Nonces
from bfxstream.stream.rest import RestClient
from bfxstream.stream.tls import Certificate

EXCHANGE = "wss://exchange.invalid/ws/2"


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture(scope="module")
def exchange():
    with DemoExchange(seed=1) as running:
        yield running


# One visit.


def test_a_visit_of_the_exchange_is_greeted_and_told_the_time(exchange):
    seen = visit(exchange.url, timeout=10)
    assert seen.certificate is None
    assert check_connect(seen).state == "ok"
    assert check_platform(seen) == ("operative", "ok", None)
    assert check_clock(seen).state == "ok"
    assert seen.ahead is not None
    assert abs(seen.ahead) < 1


def saying_on_connect(*frames: dict[str, Any] | str) -> Callable[[ServerConnection], None]:
    def handle(connection: ServerConnection) -> None:
        for frame in frames:
            connection.send(frame if isinstance(frame, str) else json.dumps(frame))
        for _ in connection:
            connection.send('{"event":"pong","ts":"soon"}')

    return handle


def test_what_greets_otherwise_is_not_the_exchange():
    with websocket_server(saying_on_connect("hello", "[1]")) as url:
        seen = visit(url, timeout=0.3)
    with pytest.raises(ConnectionFailed, match="not the exchange's API v2"):
        check_platform(seen)
    assert check_clock(seen).state == "warning"


def test_another_version_of_the_api_is_named():
    with websocket_server(saying_on_connect({"event": "info", "version": 3})) as url:
        seen = visit(url, timeout=0.3)
    with pytest.raises(ConnectionFailed, match="version 3"):
        check_platform(seen)


def test_maintenance_is_a_warning():
    hello = {"event": "info", "version": 2, "platform": {"status": 0}}
    with websocket_server(saying_on_connect(hello)) as url:
        assert check_platform(visit(url, timeout=0.3)).state == "warning"


def test_a_connection_that_ends_at_once_is_a_failure():
    with (
        websocket_server(lambda connection: connection.close()) as url,
        pytest.raises(ConnectionFailed, match="closed the connection"),
    ):
        visit(url, timeout=5)


# TLS.


def test_the_certificate_is_told(certificate, monkeypatch):
    bundle, context = certificate
    monkeypatch.setenv("WEBSOCKET_CLIENT_CA_BUNDLE", str(bundle))
    with websocket_server(saying_on_connect(), tls=context) as url:
        shown = visit(url, timeout=0.3).certificate
    assert shown is not None
    assert (shown.owner, shown.issuer) == ("bfxstream-test", "bfxstream-test")
    # It is made for two days.
    found = check_tls(shown, time.time())
    assert found.state == "warning"
    assert "TLSv1" in found.found
    assert "good for 2 days" in found.found


def test_a_certificate_that_is_good_for_months_is_no_warning():
    assert check_tls(Certificate("TLSv1.3", "a", "b", expires=5e6), now=0).state == "ok"


def test_a_bundle_that_does_not_exist_is_a_warning(monkeypatch):
    monkeypatch.setenv("WEBSOCKET_CLIENT_CA_BUNDLE", "/no/such/bundle")
    found = check_tls(Certificate("TLSv1.3", "a", "b", expires=5e6), now=0)
    assert (found.state, "there is no /no/such/bundle" in found.found) == ("warning", True)


def test_a_certificate_that_nobody_vouches_for_is_a_failure_of_tls(certificate):
    with (
        websocket_server(saying_on_connect(), tls=certificate[1]) as url,
        pytest.raises(ConnectionFailed, match="TLS: self") as caught,
    ):
        visit(url, timeout=5)
    assert failed_in_tls(caught.value)


def test_a_refused_connection_is_no_failure_of_tls():
    with pytest.raises(ConnectionFailed) as caught:
        visit("wss://127.0.0.1:1", timeout=5)
    assert not failed_in_tls(caught.value)


# What is judged.


@pytest.mark.parametrize(
    ("ahead", "round_trip", "state", "words"),
    [
        (0.01, 0.2, "ok", "behind"),
        (-0.01, 0.2, "ok", "ahead of"),
        (1.3, 1.0, "ok", "behind"),  # within what half the round trip leaves open
        (90.0, 0.2, "warning", "90.000 s behind"),
        (-90.0, 0.2, "warning", "90.000 s ahead of"),
    ],
)
def test_a_clock_that_is_off_is_a_warning(ahead, round_trip, state, words):
    found = check_clock(Visit(url="", seconds=0, ahead=ahead, round_trip=round_trip))
    assert found.state == state
    assert words in found.found


def test_a_slow_connect_is_a_warning():
    assert check_connect(Visit(url="wss://x", seconds=5.0)).state == "warning"


def test_the_limits_say_what_one_run_may_use(monkeypatch):
    assert "500 channels in the first minute" in check_limits().found
    monkeypatch.setattr(resource, "getrlimit", lambda _: (20, 20))
    found = check_limits()
    assert (found.state, found.remedy) == ("warning", "allow more open files: ulimit -n 1024")


# Names and proxies.


def test_a_name_that_has_no_address_is_a_failure(monkeypatch):
    def unknown(*_, **__):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(checkup.socket, "getaddrinfo", unknown)
    with pytest.raises(ConnectionFailed, match=r"exchange\.invalid") as caught:
        check_dns(EXCHANGE, 10)
    assert "resolv.conf" in caught.value.hint


def test_a_resolver_that_does_not_answer_is_waited_for_no_longer_than_asked(monkeypatch):
    answered = threading.Event()
    monkeypatch.setattr(checkup.socket, "getaddrinfo", lambda *_, **__: [answered.wait(30)])
    started = time.monotonic()
    with pytest.raises(ConnectionFailed, match="cannot be resolved"):
        check_dns(EXCHANGE, 0.05)
    answered.set()
    assert time.monotonic() - started < 10


def test_the_addresses_of_a_name_are_counted(monkeypatch):
    answers = [(2, 1, 6, "", (f"192.0.2.{number}", 0)) for number in (1, 2, 2)]
    monkeypatch.setattr(checkup.socket, "getaddrinfo", lambda *_, **__: answers)
    assert check_dns(EXCHANGE, 10).found.startswith("exchange.invalid is 192.0.2.1 and 1 more (")
    assert check_dns("ws://192.0.2.2:80", 10).found.startswith("192.0.2.2 is")


def test_an_address_is_not_looked_up():
    assert check_dns("ws://127.0.0.1:1", 10).found == "127.0.0.1 is an address already"


def test_without_a_proxy_none_is_used():
    assert check_proxy(EXCHANGE).found == "none is used"


def test_a_proxy_is_named_without_its_password_and_looked_up_in_place_of_the_exchange(monkeypatch):
    monkeypatch.setenv("https_proxy", "http://me:hunter2@127.0.0.1:3128")
    assert check_proxy(EXCHANGE).found == "http://127.0.0.1:3128 (from https_proxy)"
    assert check_dns(EXCHANGE, 10).found == "127.0.0.1 is an address already"
    assert check_proxy("ws://127.0.0.1:1").found == "none is used"
    monkeypatch.setenv("no_proxy", "exchange.invalid")
    assert check_proxy(EXCHANGE).found == "none is used"


def test_a_socks_proxy_is_named(monkeypatch):
    monkeypatch.setenv("all_proxy", "socks5h://me:hunter2@127.0.0.1")
    assert check_proxy(EXCHANGE).found == "socks5h://127.0.0.1:1080 (from all_proxy)"


@pytest.mark.parametrize("value", ["::::", "http://", "http://[::1", "http://host:port"])
def test_a_proxy_that_is_no_url_is_a_failure(monkeypatch, value):
    monkeypatch.setenv("https_proxy", value)
    with pytest.raises(ConnectionFailed, match="https_proxy is no URL"):
        check_proxy(EXCHANGE)


# REST.


def test_the_rest_api_answers(exchange):
    assert "operative, " in check_rest(RestClient(exchange.rest_url)).found


def test_the_rest_api_in_maintenance_is_a_warning():
    with rest_server(saying([0])) as served:
        assert check_rest(RestClient(served.base)).state == "warning"
    assert served.asked == ["/v2/platform/status"]


def test_a_rest_api_that_does_not_answer_is_a_failure():
    with pytest.raises(ConnectionFailed, match="cannot get platform"):
        check_rest(RestClient("http://127.0.0.1:1/v2"))


# What the key may do.


def test_the_permissions_of_a_key_are_told(exchange, tmp_path):
    found = check_permissions(access(exchange, tmp_path).rest)
    assert found.state == "ok"
    assert found.found.endswith("; may change orders")
    read_only = Credentials(Secret(READ_ONLY_KEY), CREDENTIALS.secret)
    nonces = Nonces(read_only.key, tmp_path, print)
    found = check_permissions(AccountRest(exchange.rest_url, read_only, nonces))
    assert found.found.endswith("; may change nothing")


def test_a_refused_key_is_an_error_of_credentials(exchange, tmp_path):
    wrong = Credentials(Secret("some-key"), Secret("some-secret"))
    rest = AccountRest(exchange.rest_url, wrong, Nonces(wrong.key, tmp_path, print))
    with pytest.raises(CredentialsError, match="apikey: invalid"):
        check_permissions(rest)


def test_a_key_that_can_withdraw_is_a_warning(monkeypatch, tmp_path: Path):
    rest = AccountRest("https://x/v2", CREDENTIALS, Nonces(CREDENTIALS.key, tmp_path, print))
    granted = {"orders": Permission(1, 1), "withdraw": Permission(0, 1)}
    monkeypatch.setattr(rest, "permissions", lambda: granted)
    found = check_permissions(rest)
    assert found.state == "warning"
    assert "withdraw" in str(found.remedy)


@pytest.mark.parametrize("body", [b"[1]", b'[["orders",1]]', b'[["orders","1","0"]]'])
def test_permissions_in_no_known_layout_are_a_failure(monkeypatch, tmp_path: Path, body):
    rest = AccountRest("https://x/v2", CREDENTIALS, Nonces(CREDENTIALS.key, tmp_path, print))
    monkeypatch.setattr(rest, "post", lambda *_: body)
    with pytest.raises(ConnectionFailed, match="auth/r/permissions cannot be read"):
        rest.permissions()
