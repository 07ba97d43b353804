"""What the bench's server needs of WebSocket and of TLS, with every byte made beforehand."""

from __future__ import annotations

import base64
import hashlib
import json
import select
import socket
import ssl
import struct
from collections.abc import Iterator, Sequence
from typing import Any

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, 1.3
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
CLOSE_FRAME = b"\x88\x02\x03\xe8"  # 1000


def text_frame(payload: bytes) -> bytes:
    """An unmasked final text frame (RFC 6455, 5.2)."""
    length = len(payload)
    if length < 126:
        return b"\x81" + bytes([length]) + payload
    return b"\x81\x7e" + struct.pack("!H", length) + payload


class Plain:
    """TCP without TLS."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection

    def receive(self) -> bytes:
        """What has come; nothing may have come for us."""
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionError("the client went away")
        return data

    def check(self) -> None:
        """Raise ConnectionError when the client has gone while nobody was reading."""
        readable, _, _ = select.select([self.socket], [], [], 0)
        if readable and not self.socket.recv(1, socket.MSG_PEEK):
            raise ConnectionError("the client went away before the load")

    def sealed(self, frames: Sequence[bytes]) -> bytes:
        """The frames as they must go over the socket, in this order and before anything else."""
        return b"".join(frames)

    def send(self, data: bytes) -> None:
        self.socket.sendall(self.sealed([data]))


class Tls(Plain):
    """TLS in memory, so that a whole stream can be encrypted before its first byte is sent."""

    def __init__(
        self, connection: socket.socket, context: ssl.SSLContext, *, record_a_frame: bool
    ) -> None:
        super().__init__(connection)
        self._record_a_frame = record_a_frame
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        while not self._shake_hands():
            self._incoming.write(super().receive())

    def _shake_hands(self) -> bool:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        finally:
            self.socket.sendall(self._outgoing.read())
        return True

    def receive(self) -> bytes:
        # The request may have come in one segment with the end of TLS's handshake.
        if data := self._decrypted():
            return data
        self._incoming.write(super().receive())
        return self._decrypted()

    def _decrypted(self) -> bytes:
        parts = []
        try:
            while part := self._tls.read(65536):
                parts.append(part)
        except ssl.SSLWantReadError:
            return b"".join(parts)
        raise ConnectionError("the client closed TLS")

    def sealed(self, frames: Sequence[bytes]) -> bytes:
        for piece in frames if self._record_a_frame else [b"".join(frames)]:
            rest = memoryview(piece)
            while rest:
                rest = rest[self._tls.write(rest) :]
        return self._outgoing.read()


class Connection:
    """One connection's server side: only what the bench needs of the protocol."""

    def __init__(self, transport: Plain) -> None:
        self.transport = transport
        self._received = b""
        self._shake_hands()

    def _shake_hands(self) -> None:
        while b"\r\n\r\n" not in self._received:
            self._received += self.transport.receive()
        head, _, self._received = self._received.partition(b"\r\n\r\n")
        key = next(
            line.split(b":", 1)[1].strip()
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"sec-websocket-key")
        )
        accept = base64.b64encode(hashlib.sha1(key + _GUID).digest())
        self.transport.send(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )

    def say(self, message: dict[str, Any]) -> None:
        """Send one JSON object."""
        self.transport.send(text_frame(json.dumps(message, separators=(",", ":")).encode()))

    def hear(self) -> Iterator[dict[str, Any]]:
        """The JSON objects that one read brings; pings are answered."""
        self._received += self.transport.receive()
        while (frame := self._frame()) is not None:
            opcode, payload = frame
            if opcode == TEXT:
                yield json.loads(payload)
            elif opcode == PING:
                self.transport.send(bytes([0x80 | PONG, len(payload)]) + payload)
            elif opcode == CLOSE:
                raise ConnectionError("the client closed")

    def wait_for_close(self) -> None:
        """Return when the client has answered the close, or has gone."""
        try:
            while True:
                for _ in self.hear():
                    pass
        except OSError:
            return

    def _frame(self) -> tuple[int, bytes] | None:
        """Cut one whole masked frame off what was received."""
        data = self._received
        if len(data) < 2:
            return None
        length, start = data[1] & 0x7F, 2
        if length == 126:
            length, start = int.from_bytes(data[2:4], "big"), 4
        begin, end = start + 4, start + 4 + length
        if len(data) < end:
            return None
        mask, masked, self._received = data[start:begin], data[begin:end], data[end:]
        return data[0] & 0x0F, bytes(byte ^ mask[i % 4] for i, byte in enumerate(masked))
