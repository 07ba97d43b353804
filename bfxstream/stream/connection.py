"""What a link reads from and writes to: a socket, or whatever takes its place."""

from __future__ import annotations

import select
import socket
from collections.abc import Callable, Sequence
from typing import Protocol, cast

from websocket import WebSocketException, WebSocketTimeoutException

from bfxstream.stream import policy
from bfxstream.stream.connect import describe_failure, describe_loss, open_socket
from bfxstream.stream.tls import Certificate, TlsSocket


class ConnectionLost(Exception):
    """A connection that stood has ended; the reason is its text."""


class Connection(Protocol):
    """An open connection; one thread uses it at a time."""

    def read(self, patience: float) -> list[bytes]:
        """The frames of one read, or none where nothing comes within the patience, in seconds.

        Raises ConnectionLost.
        """
        ...

    def send(self, requests: Sequence[bytes]) -> None:
        """Send these text frames. Raises ConnectionLost."""
        ...

    def interrupt(self) -> None:
        """Let a long read return at once, now and ever after; from any thread."""
        ...

    def abandon(self) -> None:
        """Let go of it without a word: nobody would answer."""
        ...

    def close(self) -> None:
        """End it in good order, if it has not ended yet."""
        ...


Opener = Callable[[str, float, int], Connection]
"""Connects to a URL, no step longer than so many seconds, for the link of this number.

Raises ConnectionFailed.
"""


_SHORT_PATIENCE = 0.25
"""Seconds that nobody minds to wait for a read in another thread."""


class SocketConnection:
    """A connection over the network."""

    def __init__(self, url: str, timeout: float, _number: int = 1) -> None:
        """Connect. Raises ConnectionFailed that says which step failed."""
        try:
            self._waking, self._waked = socket.socketpair()
        except OSError as error:  # no file descriptors left
            raise describe_failure(url, error) from error
        try:
            self._socket = open_socket(url, timeout)
        except BaseException:
            self._close_pair()
            raise
        self._arrivals = select.poll()
        self._arrivals.register(self._waked, select.POLLIN)
        self._arrivals.register(cast("socket.socket", self._socket.sock), select.POLLIN)

    @property
    def certificate(self) -> Certificate | None:
        """The exchange's; None without TLS."""
        sock = self._socket.sock
        return sock.certificate() if isinstance(sock, TlsSocket) else None

    def read(self, patience: float) -> list[bytes]:
        if patience > _SHORT_PATIENCE:
            # A reader thread's: it may be long, as it can be interrupted.
            if self._socket.is_drained and not self._arrive_within(patience):
                return []
            patience = _SHORT_PATIENCE
        try:
            if self._socket.gettimeout() != patience:
                self._socket.settimeout(patience)  # a system call
            return self._socket.receive()
        except WebSocketTimeoutException:
            return []
        except (WebSocketException, OSError) as error:
            raise ConnectionLost(describe_loss(error)) from error

    def _arrive_within(self, patience: float) -> bool:
        """Whether something comes, before the patience ends or somebody interrupts."""
        ready = [descriptor for descriptor, _ in self._arrivals.poll(patience * 1000)]
        return bool(ready) and ready != [self._waked.fileno()]

    def send(self, requests: Sequence[bytes]) -> None:
        try:
            self._socket.settimeout(policy.CONNECT_TIMEOUT)
            for frame in requests:
                self._socket.send(frame.decode("ascii"))
        except (WebSocketException, OSError) as error:
            raise ConnectionLost(describe_loss(error)) from error

    def interrupt(self) -> None:
        self._waking.close()

    def abandon(self) -> None:
        self._socket.abandon()

    def close(self) -> None:
        """Close with a close frame."""
        self._socket.close(timeout=policy.CLOSE_TIMEOUT)
        self._close_pair()

    def _close_pair(self) -> None:
        self._waking.close()
        self._waked.close()
