"""A connection over the network, read by a thread that somebody else may interrupt."""

from __future__ import annotations

import errno
import os
import socket
import sys
import threading
import time

import pytest
from servers import answering, http_answer, websocket_server
from websockets.sync.server import ServerConnection

from bfxstream.errors import ConnectionFailed
from bfxstream.stream import connection
from bfxstream.stream.connection import ConnectionLost, SocketConnection

LONG = 30.0


def echo(connection: ServerConnection) -> None:
    for message in connection:
        connection.send(message)


@pytest.fixture
def echoing():
    with websocket_server(echo) as url:
        connection = SocketConnection(url, 5.0)
        yield connection
        connection.close()


def test_without_file_descriptors_there_is_no_connection_and_none_is_left(monkeypatch):
    def no_pair() -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    connected: list[str] = []
    monkeypatch.setattr(socket, "socketpair", no_pair)
    monkeypatch.setattr(connection, "open_socket", lambda url, timeout: connected.append(url))
    with pytest.raises(
        ConnectionFailed, match=r"cannot connect to ws://\S+: too many open files; .*ulimit"
    ):
        SocketConnection("ws://127.0.0.1:1", 5.0)
    assert connected == []


def test_a_connection_that_cannot_be_had_leaves_nothing_open(monkeypatch):
    made: list[socket.socket] = []

    def noted_pair() -> tuple[socket.socket, socket.socket]:
        made.extend(pair())
        return made[0], made[1]

    pair = socket.socketpair
    monkeypatch.setattr(socket, "socketpair", noted_pair)
    with answering(http_answer("503 Service Unavailable")) as url, pytest.raises(ConnectionFailed):
        SocketConnection(url, 5.0)
    assert [each.fileno() for each in made] == [-1, -1]


def test_a_long_read_returns_when_something_comes(echoing):
    echoing.send([b"[1]", b"[2]"])
    frames = echoing.read(LONG)
    while len(frames) < 2:
        frames += echoing.read(LONG)
    assert frames == [b"[1]", b"[2]"]


@pytest.mark.parametrize("patience", [0.01, 0.3])
def test_a_read_in_which_nothing_comes_is_empty(echoing, patience):
    assert echoing.read(patience) == []


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere Python counts the timeouts")
def test_the_system_counts_the_time_of_a_read(echoing):
    assert echoing.read(0.01) == []
    assert os.get_blocking(echoing._socket.sock.fileno())


def test_a_long_read_is_interrupted_now_and_ever_after(echoing):
    begun = time.monotonic()
    reading = threading.Thread(target=echoing.read, args=(LONG,))
    reading.start()
    echoing.interrupt()
    reading.join(LONG / 2)
    assert not reading.is_alive()
    assert echoing.read(LONG) == []
    assert time.monotonic() - begun < LONG / 2


def test_an_interrupted_connection_still_gives_what_has_come(echoing):
    echoing.interrupt()
    echoing.send([b"[1]"])
    deadline = time.monotonic() + LONG
    while not (frames := echoing.read(LONG)):
        assert time.monotonic() < deadline
    assert frames == [b"[1]"]


def test_what_the_library_holds_already_is_not_waited_for():
    """A control frame behind the data: nothing more will come through the socket."""

    def say_and_wait(connection: ServerConnection) -> None:
        connection.send("[1]")
        connection.ping()
        connection.send(["[2", "]"])  # in fragments, which are the library's
        for _ in connection:
            pass

    with websocket_server(say_and_wait) as url:
        connection = SocketConnection(url, 5.0)
        frames: list[bytes] = []
        begun = time.monotonic()
        while len(frames) < 2:
            frames += connection.read(LONG)
        assert time.monotonic() - begun < LONG / 2
        connection.close()
    assert frames == [b"[1]", b"[2]"]


def test_a_closed_connection_is_lost_in_a_long_read_too():
    with websocket_server(lambda connection: connection.close(1012, "restart")) as url:
        connection = SocketConnection(url, 5.0)
        with pytest.raises(ConnectionLost, match="1012 restart"):
            while True:
                connection.read(LONG)
        connection.close()
