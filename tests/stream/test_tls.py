"""TLS over memory: every byte that was sent, however it arrives, and nothing that was not."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from servers import greet, http_proxy, port_of, websocket_server
from tls_peer import Peer, tls_connection

from bfxstream.errors import ConnectionFailed
from bfxstream.stream import tls
from bfxstream.stream.connect import open_socket
from bfxstream.stream.tls import TlsContext, TlsSocket

Connection = tuple[TlsSocket, Peer]
MUCH = 1 << 20
"""More than any test sends."""


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    """The machine's own certificates and proxies have no part in these tests."""
    for name in ("https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.delenv("WEBSOCKET_CLIENT_CA_BUNDLE", raising=False)
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)


@pytest.fixture(params=[ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
def connection(request, certificate, monkeypatch) -> Iterator[Connection]:
    """A client and its peer that speak this version."""
    cert, _ = certificate
    monkeypatch.setenv("SSL_CERT_FILE", str(cert))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, cert.with_name("key.pem"))
    context.minimum_version = context.maximum_version = request.param
    with tls_connection(context) as connected:
        yield connected


def receive(client: TlsSocket, length: int) -> bytes:
    """So many bytes, or fewer where the end comes before."""
    received = b""
    while len(received) < length and (some := client.recv(MUCH)):
        received += some
    return received


# Records.


def test_many_records_come_with_one_receive(connection):
    client, peer = connection
    peer.say(*[b"%d," % number for number in range(1000)])
    assert client.recv(MUCH) == b"".join(b"%d," % number for number in range(1000))


def test_a_record_may_be_split_at_any_byte(connection):
    client, peer = connection
    client.settimeout(0)
    message = b'[10,"te",[5,1564617600709,0.1,100],1]'
    record = peer.encrypted(message)
    for place in range(1, len(record)):
        peer.wire.sendall(record[:place])
        with pytest.raises(BlockingIOError):
            client.recv(MUCH)
        peer.wire.sendall(record[place:])
        assert client.recv(MUCH) == message
        record = peer.encrypted(message)


def test_a_long_message_of_several_records_arrives_whole_and_in_order(connection):
    client, peer = connection
    message = os.urandom(100_000)
    sending = threading.Thread(target=peer.say, args=(message,))
    sending.start()
    assert receive(client, len(message)) == message
    sending.join()


def test_no_more_is_given_than_was_asked_for_and_the_rest_is_kept(connection):
    client, peer = connection
    peer.say(b"one", b"two", b"three")
    assert [client.recv(5), client.recv(1), client.recv(MUCH)] == [b"onetw", b"o", b"three"]


# Timeouts.


@pytest.mark.parametrize("beginning", [0, 1, 20])
def test_silence_times_out_no_sooner_than_asked_and_loses_nothing(connection, beginning):
    client, peer = connection
    client.settimeout(0.05)
    record = peer.encrypted(b"whole")
    peer.wire.sendall(record[:beginning])
    for _ in range(2):
        begun = time.monotonic()
        with pytest.raises(TimeoutError):
            client.recv(MUCH)
        assert time.monotonic() - begun >= 0.05
        assert client.gettimeout() == 0.05
    peer.wire.sendall(record[beginning:])
    assert client.recv(MUCH) == b"whole"


class Trickle:
    """A socket to which a byte comes every 10 ms, by a clock of its own."""

    def __init__(self, coming: bytes, timeout: float) -> None:
        self.coming = coming
        self.timeout = timeout
        self.now = 0.0

    def recv(self, size: int) -> bytes:
        self.now += min(0.01, self.timeout)
        if self.timeout < 0.01:
            raise TimeoutError
        byte, self.coming = self.coming[:1], self.coming[1:]
        return byte

    def sendall(self, data: bytes) -> None:
        """Nobody reads it."""

    def gettimeout(self) -> float:
        return self.timeout

    def settimeout(self, timeout: float) -> None:
        self.timeout = timeout


def test_a_record_that_trickles_in_has_no_more_time_than_was_asked_for(connection, monkeypatch):
    client, peer = connection
    peer.say(b"first")
    assert client.recv(MUCH) == b"first"
    trickle = client._socket = Trickle(peer.encrypted(b"slowly" * 30), timeout=0.1)
    monkeypatch.setattr(tls, "time", SimpleNamespace(monotonic=lambda: trickle.now))
    for tries in range(1, 4):
        with pytest.raises(TimeoutError):
            client.recv(MUCH)
        assert trickle.now == pytest.approx(0.1 * tries, abs=0.001)
        assert trickle.timeout == 0.1
    trickle.timeout = 60.0
    assert client.recv(MUCH) == b"slowly" * 30


def test_a_handshake_that_trickles_in_has_no_more_time_either(monkeypatch):
    trickle = Trickle(b"\x16\x03\x03\x40\x00" + bytes(0x4000), timeout=0.1)
    monkeypatch.setattr(tls, "time", SimpleNamespace(monotonic=lambda: trickle.now))
    with pytest.raises(TimeoutError):
        TlsContext().wrap_socket(trickle, server_hostname="127.0.0.1")
    assert trickle.now == pytest.approx(0.1, abs=0.001)
    assert trickle.timeout == 0.1


def test_a_server_that_is_silent_during_the_handshake_times_out():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"wss://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(ConnectionFailed, match="timed out"):
            open_socket(url, timeout=0.1)


# Ends.


@pytest.mark.parametrize("end", ["close_notify", "end of the stream", "half a record"])
def test_what_came_before_the_end_is_given_first_and_then_the_end(connection, end):
    client, peer = connection
    last = {"close_notify": peer.goodbye, "end of the stream": bytes}.get(
        end, lambda: peer.encrypted(b"never to be whole")[:-1]
    )
    peer.wire.sendall(peer.encrypted(b"one", b"two") + last())
    if end != "close_notify":
        peer.wire.shutdown(socket.SHUT_WR)
    assert client.recv(MUCH) == b"onetwo"
    assert [client.recv(MUCH), client.recv(MUCH)] == [b"", b""]


def test_the_end_is_something_that_waits_to_be_received(connection):
    """It came with the last bytes: nobody who waits for the socket would learn of it."""
    client, peer = connection
    peer.wire.sendall(peer.encrypted(b"last") + peer.goodbye())
    assert client.recv(MUCH) == b"last"
    assert client.pending()


def test_what_came_before_a_damaged_record_is_given_first(connection):
    client, peer = connection
    sound, damaged = peer.encrypted(b"sound"), bytearray(peer.encrypted(b"damaged"))
    damaged[-1] ^= 1
    peer.wire.sendall(sound + damaged)
    assert client.recv(MUCH) == b"sound"
    with pytest.raises(ssl.SSLError):
        client.recv(MUCH)


# Sending.


@pytest.mark.parametrize("length", [1, 20_000, 300_000])
def test_what_is_sent_arrives_whole(connection, length):
    client, peer = connection
    message = os.urandom(length)
    heard: list[bytes] = []
    hearing = threading.Thread(target=lambda: heard.append(peer.hear(length)))
    hearing.start()
    assert client.send(message) == length
    hearing.join()
    assert heard == [message]


def test_both_sides_may_speak_at_any_time(connection):
    client, peer = connection
    for number in range(50):
        client.send(b"%d" % number)
        peer.say(b"answer %d" % number)
        assert client.recv(MUCH) == b"answer %d" % number
    peer.say(b"the last")
    assert peer.hear(len(b"".join(b"%d" % number for number in range(50))))
    assert client.recv(MUCH) == b"the last"


# Certificates.


def says_hello(url: str) -> bool:
    client = open_socket(url, timeout=5)
    try:
        return client.receive() == [b"hello"]
    finally:
        client.close(timeout=1)


def as_file(cert: Path, folder: Path) -> Path:
    return cert


def as_folder(cert: Path, folder: Path) -> Path:
    """A folder as OpenSSL has it: each certificate under its name's hash."""
    command = ["openssl", "x509", "-noout", "-hash", "-in", str(cert)]
    name = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    shutil.copy(cert, folder / f"{name}.0")
    return folder


@pytest.mark.parametrize("bundle", [as_file, as_folder])
def test_websocket_clients_own_variable_names_what_is_trusted(
    certificate, monkeypatch, tmp_path, bundle
):
    cert, context = certificate
    monkeypatch.setenv("WEBSOCKET_CLIENT_CA_BUNDLE", str(bundle(cert, tmp_path)))
    with websocket_server(greet, context) as url:
        assert says_hello(url)


def test_what_that_variable_names_replaces_what_is_trusted_otherwise(
    certificate, monkeypatch, tmp_path
):
    cert, context = certificate
    monkeypatch.setenv("SSL_CERT_FILE", str(cert))
    monkeypatch.setenv("WEBSOCKET_CLIENT_CA_BUNDLE", str(tmp_path))
    with (
        websocket_server(greet, context) as url,
        pytest.raises(ConnectionFailed, match="TLS: self"),
    ):
        open_socket(url, timeout=5)


def test_a_bundle_that_does_not_exist_is_named_where_nobody_is_trusted(certificate, monkeypatch):
    monkeypatch.setenv("WEBSOCKET_CLIENT_CA_BUNDLE", "/no/such/bundle")
    with (
        websocket_server(greet, certificate[1]) as url,
        pytest.raises(ConnectionFailed, match="TLS: self") as caught,
    ):
        open_socket(url, timeout=5)
    assert "there is no /no/such/bundle; check" in caught.value.hint


def test_a_client_that_does_not_trust_a_server_tells_it_why(certificate):
    _, context = certificate
    ours, theirs = socket.socketpair()
    with ours, theirs:
        said: list[ssl.SSLError] = []

        def greet_in_vain() -> None:
            with pytest.raises(ssl.SSLError) as refusal:
                Peer(theirs, context).shake_hands()
            said.append(refusal.value)

        greeting = threading.Thread(target=greet_in_vain)
        greeting.start()
        with pytest.raises(ssl.SSLCertVerificationError):
            TlsContext().wrap_socket(ours, server_hostname="127.0.0.1")
        greeting.join()
    assert "UNKNOWN_CA" in said[0].reason


def test_it_goes_through_an_http_proxy(certificate, monkeypatch):
    cert, context = certificate
    monkeypatch.setenv("SSL_CERT_FILE", str(cert))
    with websocket_server(greet, context) as url, http_proxy(port_of(url)) as (port, seen):
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{port}")
        assert says_hello("wss://exchange.invalid:8443/ws/2")
    assert seen[0].startswith("CONNECT exchange.invalid:8443 HTTP/1.1\r\n")
