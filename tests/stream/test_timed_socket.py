"""A socket whose timeouts the system counts behaves as one whose timeouts Python counts."""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Iterator

import pytest

from bfxstream.stream.timed_socket import TimedSocket

Pair = tuple[socket.socket, socket.socket]
MUCH = bytes(16 << 20)
"""More than any socket takes before somebody reads."""


@pytest.fixture
def pair() -> Iterator[Pair]:
    """A timed socket and its peer."""
    plain, peer = socket.socketpair()
    plain.settimeout(5)
    with TimedSocket.of(plain) as timed, peer:
        yield timed, peer


def test_it_takes_over_the_connection_and_its_timeout(pair: Pair) -> None:
    timed, peer = pair
    assert timed.gettimeout() == 5
    peer.sendall(b"here")
    assert timed.recv(100) == b"here"
    timed.sendall(b"there")
    assert peer.recv(100) == b"there"


@pytest.mark.parametrize("seconds", [0.05, 1e-9])
def test_silence_is_a_timeout_no_sooner_than_asked(pair: Pair, seconds: float) -> None:
    timed, _ = pair
    timed.settimeout(seconds)
    assert timed.gettimeout() == seconds
    begun = time.monotonic()
    with pytest.raises(TimeoutError):
        timed.recv(100)
    assert time.monotonic() - begun >= seconds


@pytest.mark.parametrize("method", ["send", "sendall"])
def test_a_peer_that_takes_nothing_is_a_timeout(pair: Pair, method: str) -> None:
    timed, _ = pair
    timed.settimeout(0.05)
    with pytest.raises(TimeoutError):
        for _ in range(100):
            getattr(timed, method)(MUCH)


def test_without_time_nothing_is_waited_for(pair: Pair) -> None:
    timed, peer = pair
    timed.settimeout(0)
    with pytest.raises(BlockingIOError):
        timed.recv(100)
    with pytest.raises(BlockingIOError):
        timed.sendall(MUCH)
    timed.settimeout(5)
    peer.sendall(b"now")
    assert timed.recv(100) == b"now"


def test_the_end_is_the_end(pair: Pair) -> None:
    timed, peer = pair
    peer.close()
    assert timed.recv(100) == b""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere Python counts")
def test_the_system_counts_so_that_one_call_waits_and_reads(pair: Pair) -> None:
    timed, _ = pair
    timed.settimeout(5)
    assert os.get_blocking(timed.fileno())
