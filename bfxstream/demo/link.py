"""One client: its session, and the connection that its frames leave by."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from websockets.asyncio.server import ServerConnection
from websockets.protocol import State

from bfxstream.demo.session import Session
from bfxstream.demo.wire import Wire

_MOST_UNSENT = 4 << 20
"""Bytes that may wait for one client; a slower one is disconnected, as the exchange does."""

_SEND_BUFFER = 512 << 10
"""Bytes that the system holds besides: left to itself, it holds megabytes for a slow client."""


class Link:
    """The one place where frames leave."""

    def __init__(self, number: int, session: Session, connection: ServerConnection) -> None:
        self.number = number
        """From 1, in the order of their coming."""
        self.session = session
        self._connection = connection
        self.wire = connection.transport = Wire(connection.transport)
        self.wire.limit_send_buffer(_SEND_BUFFER)
        self._closing: asyncio.Task[None] | None = None

    @property
    def serving(self) -> bool:
        """Whether it has channels, and what is sent on them arrives at once."""
        sound = self._open and self._closing is None and self.wire.sound
        return sound and self.session.serves

    def flush(self, tamper: Tamper) -> None:
        """Write a turn's frames in one go."""
        payloads = self.session.take_output()
        if not payloads or not self._open or self.wire.is_closing():
            return
        payloads, breaks_off = tamper(self, payloads)
        protocol = self._connection.protocol
        for payload in payloads:
            protocol.send_text(payload)
        # Written past the library's `send`, which would wait for a slow client, and
        # would cost each frame a system call and twice the time.
        frames = protocol.data_to_send()
        if breaks_off:
            frames[-1] = frames[-1][: len(frames[-1]) // 2]
        self.wire.write(b"".join(frames))
        if breaks_off:
            self.wire.close()
        elif self.wire.get_write_buffer_size() > _MOST_UNSENT:
            self.wire.abort()

    def close(self, code: int) -> None:
        """Close the connection with a close frame."""
        if self._closing is None and not self.wire.stalled:
            self._closing = asyncio.ensure_future(self._connection.close(code))

    def end(self) -> None:
        """Let go of a connection that will not close by itself when the server stops."""
        if self._open and not self.wire.stalled:
            self.wire.speed_up()  # for the close frame
        else:
            # After a protocol error the library waits for the client to hang up,
            # for ever where it does not.
            self.wire.abort()

    @property
    def _open(self) -> bool:
        return self._connection.protocol.state is State.OPEN


Tamper = Callable[[Link, list[bytes]], tuple[list[bytes], bool]]
"""What of a turn's frames is sent, and whether the last of them breaks off."""
