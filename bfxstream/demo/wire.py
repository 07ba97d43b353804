"""One client's socket, and how it fails: everything that is written passes here, in order."""

from __future__ import annotations

import asyncio
import socket
import struct
from random import Random

_NO_LINGER = struct.pack("ii", 1, 0)
_MOST_IN_A_TRICKLE = 200
"""Bytes that a slow wire lets through at a time."""


class Wire(asyncio.Transport):
    """Stands in a connection's place of its transport.

    Sound until one of its faults is called for: then it trickles, or hears and says nothing
    more, or breaks off.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        super().__init__()
        self._transport = transport
        self._stalled = False
        self._held: bytearray | None = None

    @property
    def sound(self) -> bool:
        """Whether what is written arrives at once."""
        return not self._stalled and self._held is None and not self.is_closing()

    @property
    def stalled(self) -> bool:
        """Whether it is half-open."""
        return self._stalled

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self._stalled or self.is_closing():
            return
        if self._held is not None:
            self._held += data
        else:
            self._transport.write(data)

    def slow_down(self) -> None:
        """Hold back what is written from now on: see `trickle`."""
        if self._held is None:
            self._held = bytearray()

    def trickle(self, rng: Random) -> None:
        """Let a few bytes through, wherever in a frame they end."""
        if self._held and not self.is_closing():
            end = rng.randint(1, _MOST_IN_A_TRICKLE)
            self._transport.write(bytes(self._held[:end]))
            del self._held[:end]

    def speed_up(self) -> None:
        """Let all through again, what was held first."""
        held, self._held = self._held, None
        if held:
            self.write(bytes(held))

    def stall(self) -> None:
        """Half-open: the socket stays, but nothing is read, sent or answered, not even a FIN."""
        self._stalled = True
        self._transport.pause_reading()

    def limit_send_buffer(self, size: int) -> None:
        """Let the system hold about so many bytes that the client has not taken."""
        self._set_option(socket.SO_SNDBUF, size)

    def reset(self) -> None:
        """Break off with a TCP RST."""
        self._set_option(socket.SO_LINGER, _NO_LINGER)
        self._transport.abort()

    def _set_option(self, option: int, value: int | bytes) -> None:
        connection = self._transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, option, value)

    def resume_reading(self) -> None:
        if not self._stalled:
            self._transport.resume_reading()

    def get_write_buffer_size(self) -> int:
        return self._transport.get_write_buffer_size() + len(self._held or b"")

    def pause_reading(self) -> None:
        self._transport.pause_reading()

    def close(self) -> None:
        if self._stalled:
            return
        self.speed_up()
        self._transport.close()

    def abort(self) -> None:
        self._transport.abort()

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def can_write_eof(self) -> bool:
        return not self._stalled and self._transport.can_write_eof()

    def write_eof(self) -> None:
        self.speed_up()
        self._transport.write_eof()

    def get_extra_info(self, name: str, default: object = None) -> object:
        return self._transport.get_extra_info(name, default)
