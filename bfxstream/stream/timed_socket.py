"""A TCP socket whose timeouts the system counts, not Python.

Python asks poll(2) before each recv(2) of a socket that has a timeout; SO_RCVTIMEO makes one call
of the two. A lone frame is here 10 µs earlier, where the cache is cold after the wait for it.
"""

from __future__ import annotations

import socket
import struct
import sys
from typing import Any


class TimedSocket(socket.socket):
    """A connected socket; as any other to whoever uses it, where timeouts are concerned, too."""

    _timeout: float | None = None

    @classmethod
    def of(cls, sock: socket.socket) -> socket.socket:
        """The same connection; `sock` itself where the system is none that is known to do it."""
        if sys.platform != "linux":
            return sock
        timeout = sock.gettimeout()
        timed = cls(sock.family, sock.type, sock.proto, sock.detach())
        timed.settimeout(timeout)
        return timed

    def gettimeout(self) -> float | None:
        return self._timeout

    def settimeout(self, value: float | None, /) -> None:
        self._timeout = value
        super().settimeout(None if value else value)
        # socket(7): a `struct timeval`, in which zeros are no timeout.
        microseconds = max(round(value * 1e6), 1) if value else 0
        timeval = struct.pack("@ll", *divmod(microseconds, 1_000_000))
        self.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, timeval)
        self.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, timeval)

    def recv(self, *arguments: Any) -> bytes:
        try:
            return super().recv(*arguments)
        except BlockingIOError as error:
            raise self._meaning(error) from None

    def send(self, *arguments: Any) -> int:
        try:
            return super().send(*arguments)
        except BlockingIOError as error:
            raise self._meaning(error) from None

    def sendall(self, *arguments: Any) -> None:
        try:
            super().sendall(*arguments)
        except BlockingIOError as error:
            raise self._meaning(error) from None

    def _meaning(self, error: BlockingIOError) -> OSError:
        return TimeoutError("timed out") if self._timeout else error
