"""The batched socket gives what websocket-client gives, however the bytes arrive."""

from __future__ import annotations

import os
import socket
import struct
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tls_peer import tls_connection
from websocket import (
    ABNF,
    WebSocket,
    WebSocketConnectionClosedException,
    WebSocketProtocolException,
    WebSocketTimeoutException,
)

from bfxstream.stream.socket import BatchSocket

TEXT, BINARY, CONT = ABNF.OPCODE_TEXT, ABNF.OPCODE_BINARY, ABNF.OPCODE_CONT
CLOSE, PING, PONG = ABNF.OPCODE_CLOSE, ABNF.OPCODE_PING, ABNF.OPCODE_PONG


def frame(
    payload: bytes, opcode: int = TEXT, *, fin: bool = True, wide: int = 0, mask: bytes = b""
) -> bytes:
    """One WebSocket frame (RFC 6455, 5.2); `wide` forces a length of 16 or 64 bits."""
    length, masked = len(payload), 0x80 if mask else 0
    head = bytes([opcode | 0x80 * fin])
    if length > 0xFFFF or wide == 64:
        head += struct.pack("!BQ", masked | 127, length)
    elif length > 125 or wide == 16:
        head += struct.pack("!BH", masked | 126, length)
    else:
        head += bytes([masked | length])
    body = bytes(b ^ mask[i % 4] for i, b in enumerate(payload)) if mask else payload
    return head + mask + body


@contextmanager
def connected(kind: type[WebSocket] = BatchSocket, **options) -> Iterator[tuple]:
    """A client whose handshake is done, and the server's end of its connection."""
    ours, theirs = socket.socketpair()
    client = kind(**options)
    client.sock, client.connected = ours, True
    client.settimeout(5)
    try:
        yield client, theirs
    finally:
        ours.close()
        theirs.close()


def drain(client: BatchSocket, received: list[bytes]) -> None:
    """Receive everything that has arrived, without waiting."""
    client.settimeout(0)
    with suppress(BlockingIOError):
        while True:
            with suppress(WebSocketTimeoutException):  # only so much is done in one call
                received += client.receive()


def received_plainly(wire: bytes) -> list[bytes]:
    """What websocket-client's own `recv` makes of these bytes."""
    received = []
    with connected(WebSocket, skip_utf8_validation=True) as (client, server):
        server.sendall(wire)
        server.shutdown(socket.SHUT_WR)
        with suppress(WebSocketConnectionClosedException):
            while True:
                opcode, data = client.recv_data()
                if opcode == CLOSE:
                    break
                received.append(bytes(data))
    return received


def received_in_batches(wire: bytes, cuts: list[int]) -> list[bytes]:
    """What the batched socket makes of them, arriving in pieces with timeouts between."""
    received: list[bytes] = []
    with connected() as (client, server):
        edges = [0, *sorted(cut % (len(wire) + 1) for cut in cuts), len(wire)]
        with suppress(WebSocketConnectionClosedException):
            for start, end in pairwise(edges):
                server.sendall(wire[start:end])
                drain(client, received)
    return received


masks = st.just(b"") | st.just(b"\x01\x02\x03\x04")
# Among them what looks like a frame: whoever loses his place takes it for one.
lookalikes = st.just(frame(b"no frame") * 3)
payloads = st.binary(max_size=40) | lookalikes | st.integers(120, 400).map(lambda n: b"x" * n)
controls = st.builds(
    frame, st.binary(max_size=10) | lookalikes, st.sampled_from([PING, PONG]), mask=masks
)
texts = st.builds(frame, payloads, wide=st.sampled_from([0, 0, 0, 16, 64]), mask=masks)
binaries = st.builds(frame, payloads, st.just(BINARY))
fragmented = st.builds(
    lambda parts, between: b"".join(
        frame(part, TEXT if i == 0 else CONT, fin=i == len(parts) - 1)
        + (between if i < len(parts) - 1 else b"")
        for i, part in enumerate(parts)
    ),
    st.lists(payloads, min_size=2, max_size=4),
    st.just(b"") | controls,
)
closes = st.just(b"") | st.builds(
    frame, st.just(b"") | st.just(struct.pack("!H", 1001) + b"bye"), st.just(CLOSE)
)
wires = st.builds(
    lambda frames, end: b"".join(frames) + end,
    st.lists(texts | texts | controls | fragmented | binaries, max_size=12),
    closes,
)


@settings(max_examples=300)
@given(wires, st.lists(st.integers(0, 10**6), max_size=12))
def test_however_the_bytes_are_cut_the_messages_are_websocket_clients(wire, cuts):
    assert received_in_batches(wire, cuts) == received_plainly(wire)


# Every boundary.

EVERYTHING = b"".join(
    [
        *[frame(b"a" * length) for length in (0, 1, 125, 126, 127)],
        *[frame(b"short", wide=wide) for wide in (16, 64)],
        frame(b"are you there?", PING) + frame(b"[1]") + frame(b"", PONG),
        frame(b"[2", fin=False) + frame(b",", CONT, fin=False) + frame(b"3]", CONT),
        frame(b"[4", fin=False) + frame(frame(b"no frame"), PING) + frame(b"]", CONT),
        frame(b"[5", fin=False, mask=b"mask") + frame(b"", PONG) + frame(b"]", CONT, mask=b"mask"),
        frame(b"\x81\x01x", BINARY) + frame(b"[6]", mask=b"\x01\x02\x03\x04"),
        frame(b"b" * 126, fin=False) + frame(b"[7]", PING, wide=16) + frame(b"b" * 127, CONT),
        frame(b"x", PING, mask=b"\x01\x02\x03\x04"),  # its second byte is a text frame's first
        frame(b"[8]"),
    ]
)
"""A frame of each kind that may come, and of each length that has another form."""


def test_one_cut_anywhere_changes_nothing():
    plainly = received_plainly(EVERYTHING)
    with connected() as (client, server):
        for place in range(1, len(EVERYTHING)):
            received: list[bytes] = []
            for piece in (EVERYTHING[:place], EVERYTHING[place:]):
                server.sendall(piece)
                drain(client, received)
            assert received == plainly
            server.recv(65536)  # the answers to the pings


def test_bytes_that_come_one_by_one_lose_nothing():
    cuts = list(range(len(EVERYTHING)))
    assert received_in_batches(EVERYTHING, cuts) == received_plainly(EVERYTHING)


# Over TLS.


@pytest.fixture
def secured(certificate, monkeypatch):
    """A client and its server's end, as `connected`, over TLS."""
    cert, context = certificate
    monkeypatch.setenv("SSL_CERT_FILE", str(cert))
    monkeypatch.delenv("WEBSOCKET_CLIENT_CA_BUNDLE", raising=False)
    with tls_connection(context) as (sock, peer):
        client = BatchSocket()
        client.sock, client.connected = sock, True
        yield client, peer


def test_over_tls_records_may_begin_and_end_anywhere_in_a_frame(secured):
    client, peer = secured
    plainly = received_plainly(EVERYTHING)
    for size in range(1, 40):
        pieces = [EVERYTHING[i : i + size] for i in range(0, len(EVERYTHING), size)]
        received: list[bytes] = []
        peer.say(*pieces)
        drain(client, received)
        assert received == plainly


def test_over_tls_one_cut_anywhere_changes_nothing(secured):
    client, peer = secured
    plainly = received_plainly(EVERYTHING)
    middle = len(EVERYTHING) // 2
    records = peer.encrypted(EVERYTHING[:middle], EVERYTHING[middle:])
    for place in range(1, len(records)):
        received: list[bytes] = []
        for piece in (records[:place], records[place:]):
            peer.wire.sendall(piece)
            drain(client, received)
        assert received == plainly
        peer.wire.recv(65536)  # the answers to the pings
        records = peer.encrypted(EVERYTHING[:middle], EVERYTHING[middle:])


def test_over_tls_what_was_decrypted_and_not_handed_out_is_not_waited_for(secured):
    client, peer = secured
    peer.say(frame(b"[1]"), frame(b"[2", fin=False), frame(b"]", CONT))
    assert client.receive() == [b"[1]"]
    assert not client.is_drained
    assert client.receive() == [b"[2]"]
    assert client.is_drained


def test_over_tls_a_goodbye_without_a_close_frame_is_the_end(secured):
    client, peer = secured
    peer.wire.sendall(peer.encrypted(frame(b"[1]")) + peer.goodbye())
    assert client.receive() == [b"[1]"]
    assert not client.is_drained
    with pytest.raises(WebSocketConnectionClosedException):
        client.receive()


# What a batch is.


def test_all_whole_frames_of_one_read_come_at_once():
    with connected() as (client, server):
        server.sendall(b"".join(frame(b"%d" % i) for i in range(100)) + frame(b"half")[:3])
        assert client.receive() == [b"%d" % i for i in range(100)]
        server.sendall(frame(b"half")[3:])
        assert client.receive() == [b"half"]


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65535, 65536, 150_000])
def test_frames_of_every_length_are_read_whole(size):
    with connected() as (client, server):
        server.settimeout(5)
        wire = frame(b"a") + frame(b"x" * size) + frame(b"b")
        received: list[bytes] = []
        for start in range(0, len(wire), 50_000):
            server.sendall(wire[start : start + 50_000])
            drain(client, received)
        assert [received[0], len(received[1]), received[2]] == [b"a", size, b"b"]


def test_a_timeout_in_the_middle_of_a_frame_loses_nothing():
    message = frame(b'[5,"hb",1]')
    with connected() as (client, server):
        client.settimeout(0.001)
        for i in range(len(message) - 1):
            server.sendall(message[i : i + 1])
            with pytest.raises(WebSocketTimeoutException):
                client.receive()
        server.sendall(message[-1:])
        assert client.receive() == [b'[5,"hb",1]']


def test_a_timeout_inside_a_ping_or_a_fragment_loses_nothing():
    wire = frame(b"one,", fin=False) + frame(b"ping", PING) + frame(b"two", CONT)
    with connected() as (client, server):
        client.settimeout(0.001)
        for i in range(len(wire) - 1):
            server.sendall(wire[i : i + 1])
            with pytest.raises(WebSocketTimeoutException):
                client.receive()
        server.sendall(wire[-1:])
        assert client.receive() == [b"one,two"]


def test_a_ping_is_answered_with_its_own_payload():
    with connected() as (client, server):
        server.sendall(frame(b"are you there?", PING) + frame(b"x"))
        assert client.receive() == [b"x"]
        server.settimeout(5)
        head, mask = server.recv(2), server.recv(4)
        body = server.recv(100)
    assert head[0] == 0x80 | PONG
    assert bytes(b ^ mask[i % 4] for i, b in enumerate(body)) == b"are you there?"


def test_bytes_that_are_no_utf8_are_handed_on_for_the_decoder_to_judge():
    with connected() as (client, server):
        server.sendall(frame(b"\xff\xfe"))
        assert client.receive() == [b"\xff\xfe"]


# Ends.


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (b"", "the exchange closed the connection"),
        (struct.pack("!H", 1001) + b"going away", r"closed the connection \(1001 going away\)"),
        (struct.pack("!H", 1011), r"closed the connection \(1011\)"),
    ],
)
def test_a_close_frame_ends_the_connection_in_the_exchanges_words(payload, words):
    with connected() as (client, server):
        server.sendall(frame(b"last") + frame(payload, CLOSE))
        assert client.receive() == [b"last"]
        with pytest.raises(WebSocketConnectionClosedException, match=words):
            client.receive()


def test_a_close_whose_answer_cannot_be_sent_is_a_close_all_the_same():
    with connected() as (client, server):
        server.sendall(frame(struct.pack("!H", 1001) + b"bye", CLOSE))
        server.close()
        with pytest.raises(WebSocketConnectionClosedException, match="1001 bye"):
            client.receive()


def test_closing_after_the_exchange_has_closed_lets_the_connection_go():
    with connected() as (client, server):
        server.sendall(frame(b"", CLOSE))
        with pytest.raises(WebSocketConnectionClosedException):
            client.receive()
        client.close()
        server.settimeout(5)
        while server.recv(100):  # our answer, then the end
            pass


def test_a_connection_that_is_abandoned_ends_without_a_word():
    with connected() as (client, server):
        client.abandon()
        server.settimeout(5)
        assert server.recv(100) == b""
        client.close()


@pytest.mark.parametrize("beginning", [b"", frame(b"half")[:3], frame(b"x", fin=False)])
def test_a_connection_that_breaks_off_is_closed(beginning):
    with connected() as (client, server):
        server.sendall(beginning)
        server.close()
        with pytest.raises(WebSocketConnectionClosedException):
            client.receive()


@pytest.mark.parametrize(
    "wire",
    [
        pytest.param(b"\xc1\x01x", id="reserved bit"),
        pytest.param(b"\x8b\x01x", id="unknown opcode"),
        pytest.param(frame(b"x", CONT), id="continuation of nothing"),
        pytest.param(frame(b"x", fin=False) + frame(b"y"), id="message inside a message"),
        pytest.param(frame(b"x" * 130, PING), id="long ping"),
    ],
)
def test_what_breaks_the_protocol_is_said_so(wire):
    with connected() as (client, server):
        server.sendall(wire)
        with pytest.raises((WebSocketProtocolException, ValueError)):
            client.receive()


def test_a_message_inside_a_message_is_refused_after_a_timeout_too():
    with connected() as (client, server):
        server.sendall(frame(b"beginning", fin=False))
        client.settimeout(0.001)
        with pytest.raises(WebSocketTimeoutException):
            client.receive()
        server.sendall(frame(b"another"))
        with pytest.raises(WebSocketProtocolException):
            client.receive()


def test_the_library_still_reads_through_the_method_that_is_overridden():
    """A private method of websocket-client: a version without it must not go unnoticed."""
    calls = []

    class Counting(BatchSocket):
        def _recv(self, bufsize: int) -> bytes:
            calls.append(bufsize)
            return super()._recv(bufsize)

    with connected(Counting) as (client, server):
        server.sendall(frame(b"x" * 10, wide=64))
        assert client.receive() == [b"x" * 10]
    assert calls


def test_one_read_takes_many_frames_in_one_system_call(monkeypatch):
    reads = []
    read = BatchSocket._read
    monkeypatch.setattr(BatchSocket, "_read", lambda self: reads.append(1) or read(self))
    with connected() as (client, server):
        server.sendall(b"".join(frame(os.urandom(8).hex().encode()) for _ in range(500)))
        assert len(client.receive()) == 500
    assert len(reads) == 1


# A peer that means harm.

MIB = 1 << 20


def test_a_message_that_would_be_too_long_ends_the_connection_before_it_has_come():
    with connected() as (client, server):
        server.sendall(b"\x81\x7f" + struct.pack("!Q", 16 * MIB + 1) + b"x")
        with pytest.raises(WebSocketProtocolException, match="a message of more than 16 MiB"):
            client.receive()


def test_fragments_are_limited_all_together(monkeypatch):
    monkeypatch.setattr(sys.modules[BatchSocket.__module__], "MOST_MESSAGE_BYTES", 1000)
    parts = [frame(b"x" * 200, fin=False), *[frame(b"x" * 200, CONT, fin=False)] * 4]
    with connected() as (client, server):
        server.sendall(b"".join(parts) + frame(b"x", CONT))
        with pytest.raises(WebSocketProtocolException, match="a message of more than"):
            client.receive()


def test_a_message_of_very_many_fragments_is_put_together_in_passing():
    count = 20_000
    wire = frame(b"", fin=False) + frame(b"x", CONT, fin=False) * count + frame(b"", CONT)
    received: list[bytes] = []
    with connected() as (client, server):
        for start in range(0, len(wire), 30_000):
            server.sendall(wire[start : start + 30_000])
            drain(client, received)
    assert received == [b"x" * count]


@pytest.mark.parametrize(
    "unit",
    [
        pytest.param(frame(b"", PING), id="pings"),
        pytest.param(frame(b"", PONG), id="pongs"),
        pytest.param(frame(b"", CONT, fin=False), id="fragments"),
    ],
)
def test_a_flood_of_nothing_lets_the_watches_look(unit):
    with connected() as (client, server):
        server.settimeout(5)
        server.sendall(frame(b"begun", fin=False) if unit[0] == CONT else b"")
        server.sendall(unit * 10_000)
        client.pong = lambda payload: None  # nobody reads them here
        for _ in range(10):
            with pytest.raises(WebSocketTimeoutException, match="no whole frame yet"):
                client.receive()


@pytest.mark.parametrize("head", [b"\x81\x7e\xff\xff", b"\x81\x7f" + struct.pack("!Q", MIB)])
def test_a_frame_that_trickles_lets_the_watches_look(head):
    with (
        connected() as (client, server),
        Trickle(server, head),
        pytest.raises(WebSocketTimeoutException, match="no whole frame yet"),
    ):
        client.receive()


def test_a_peer_that_sends_pings_and_takes_no_answers_is_let_go():
    with connected() as (client, server):
        client.settimeout(0.01)
        answers = frame(b"x" * 100, PING) * 100
        with pytest.raises(WebSocketConnectionClosedException, match="takes no answers"):
            for _ in range(1000):
                server.sendall(answers)
                with suppress(WebSocketTimeoutException):
                    while True:
                        client.receive()


class Trickle:
    """Sends a frame's head, then a byte each time the client has taken the last one."""

    def __init__(self, server: socket.socket, head: bytes) -> None:
        self._server = server
        server.sendall(head)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._send)

    def _send(self) -> None:
        while not self._ended.wait(0.0005):
            self._server.sendall(b"x")

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
