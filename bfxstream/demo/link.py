"""One client's socket: the one place where frames leave."""

from __future__ import annotations

from websockets.asyncio.server import ServerConnection
from websockets.protocol import State

from bfxstream.demo.session import Session

_MOST_UNSENT = 4 << 20
"""Bytes that may wait for one client; a slower one is disconnected, as the exchange does."""


class Link:
    """A session and the connection that its frames are for."""

    def __init__(self, number: int, session: Session, connection: ServerConnection) -> None:
        self.number = number
        """From 1, in the order of their coming."""
        self.session = session
        self._connection = connection

    def flush(self) -> None:
        """Write a turn's frames in one go."""
        payloads = self.session.take_output()
        connection = self._connection
        if not payloads or not self._open or connection.transport.is_closing():
            return
        for payload in payloads:
            connection.protocol.send_text(payload)
        # Written past the library's `send`, which would wait for a slow client, and
        # would cost each frame a system call and twice the time.
        connection.transport.write(b"".join(connection.protocol.data_to_send()))
        if connection.transport.get_write_buffer_size() > _MOST_UNSENT:
            connection.transport.abort()

    def end(self) -> None:
        """Let go of a connection that will not close by itself when the server stops."""
        if not self._open:
            # After a protocol error the library waits for the client to hang up,
            # for ever where it does not.
            self._connection.transport.abort()

    @property
    def _open(self) -> bool:
        return self._connection.protocol.state is State.OPEN
