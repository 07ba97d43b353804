"""One connection's life: opened, pumped for a session, watched, closed."""

from __future__ import annotations

import time
from collections.abc import Callable

from websocket import WebSocketException, WebSocketTimeoutException

from bfxstream.protocol.session import Session
from bfxstream.stream import policy
from bfxstream.stream.connect import describe_loss, open_socket
from bfxstream.stream.watch import Watch

FrameTap = Callable[[str, bytes], None]
"""Sees every frame: `sent` or `received`, and its bytes."""


class ConnectionLost(Exception):
    """A connection that stood has ended; the reason is its text."""


class Connection:
    """A socket and the session that speaks over it."""

    def __init__(self, url: str, session: Session, *, timeout: float, tap: FrameTap | None) -> None:
        """Connect. Raises ConnectionFailed that says which step failed."""
        self.session = session
        self._tap = tap
        self._socket = open_socket(url, timeout)
        self.opened_at = time.monotonic()
        self._watch = Watch(self.opened_at)

    def read(self, patience: float) -> list[bytes]:
        """The frames of one read, or none where nothing comes within the patience, in seconds.

        Raises ConnectionLost.
        """
        try:
            self._socket.settimeout(patience)
            frames = self._socket.receive()
        except WebSocketTimeoutException:
            self._look_at_the_clock()
            return []
        except (WebSocketException, OSError) as error:
            raise ConnectionLost(describe_loss(error)) from error
        self._watch.heard(time.monotonic())
        if self._tap is not None:
            for frame in frames:
                self._tap("received", frame)
        return frames

    def send_requests(self) -> None:
        """Send what the session wants to say. Raises ConnectionLost."""
        requests = self.session.frames_to_send()
        if not requests:
            return
        try:
            self._socket.settimeout(policy.CONNECT_TIMEOUT)
            for frame in requests:
                if self._tap is not None:
                    self._tap("sent", frame)
                self._socket.send(frame.decode("ascii"))
        except (WebSocketException, OSError) as error:
            raise ConnectionLost(describe_loss(error)) from error

    def close(self) -> None:
        """Close with a close frame."""
        self._socket.close(timeout=policy.CLOSE_TIMEOUT)

    def _look_at_the_clock(self) -> None:
        now = time.monotonic()
        if self._watch.is_dead(now):
            raise ConnectionLost(f"nothing came for {policy.DEAD_AFTER:.0f} s")
        if self._watch.wants_ping(now):
            self.session.ping(time.time_ns() // 1_000_000)
