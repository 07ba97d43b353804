"""A websocket-client socket that hands out every whole text frame of one read at once.

`WebSocket.recv()` makes several small reads and some Python objects for each frame; most of the
exchange's frames are plain, short and come many to a read. Those are cut out of one large buffer
here. Everything else (handshake, TLS, proxies, ping and pong, close, fragments, masks) stays with
websocket-client's own code, which reads from the same buffer through `_recv`.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Any, cast

from websocket import (
    ABNF,
    WebSocket,
    WebSocketConnectionClosedException,
    WebSocketException,
    WebSocketProtocolException,
    WebSocketTimeoutException,
)

READ_BYTES = 65536

MOST_MESSAGE_BYTES = 16 * 1024 * 1024
"""Of one message, whole or in fragments: a hundred times the exchange's longest snapshot."""

_EFFORT = 1000
_EFFORT_OF_A_READ = 250
"""What one call may take that has nothing to hand out, in the library's small reads: its caller has
watches to look at, though a frame trickles in, or nothing but pings and fragments comes."""

_FINAL_TEXT = 0x80 | ABNF.OPCODE_TEXT
_LENGTH_16 = 126  # RFC 6455, 5.2: the next two bytes are the length
_LENGTH_64 = 127


class BatchSocket(WebSocket):
    """One WebSocket connection, read in batches by a single thread."""

    def __init__(self, **options: Any) -> None:
        self._buffer = b""
        self._position = 0
        self._effort_left = _EFFORT
        # The JSON decoder checks UTF-8 where text matters; the library's check is slow.
        super().__init__(skip_utf8_validation=True, **options)

    @property
    def is_drained(self) -> bool:
        """Whether nothing that has arrived waits to be handed out, whole or in part."""
        if self._position < len(self._buffer) or not self._between_frames():
            return False
        pending = getattr(self.sock, "pending", None)  # a plain socket keeps nothing itself
        return pending is None or not pending()

    def receive(self) -> list[bytes]:
        """Every whole text frame that has arrived, at least one; waits for the first.

        Raises WebSocketTimeoutException when no whole frame came within the timeout, or within
        a few reads of parts; WebSocketConnectionClosedException when the connection has
        ended; WebSocketProtocolException where the protocol is broken, or a message too long.
        """
        self._effort_left = _EFFORT
        while True:
            if self._between_frames():
                if self._position == len(self._buffer):
                    self._buffer, self._position = self._read(), 0
                if frames := self._cut_plain_frames():
                    return frames
                if self._needs_more():
                    self._spend(_EFFORT_OF_A_READ)
                    self._buffer = self._buffer[self._position :] + self._read()
                    self._position = 0
                    continue
            if (frame := self._receive_unusual()) is not None:
                return [frame]
            self._spend(_EFFORT_OF_A_READ)

    def pong(self, payload: Any = "") -> None:
        try:
            super().pong(payload)
        except WebSocketTimeoutException as error:
            # A part of it may have been sent: nothing can follow.
            reason = "the exchange sends pings and takes no answers"
            raise WebSocketConnectionClosedException(reason) from error

    def send_close(self, *arguments: Any) -> None:
        # The answer to a close frame: where it cannot be sent, the reason must not be lost.
        with suppress(OSError, WebSocketException):
            super().send_close(*arguments)

    def abandon(self) -> None:
        """Let go of the connection without a close frame, and without waiting for one."""
        self.shutdown()

    def close(self, *arguments: Any, **options: Any) -> None:
        self._effort_left = sys.maxsize  # its own timeout limits the wait for the answer
        super().close(*arguments, **options)
        self.shutdown()  # the library leaves it open where the exchange has closed first

    def _read(self) -> bytes:
        # Past the library's wrappers, which take a few microseconds where a lone trade waits.
        try:
            data = self.sock.recv(READ_BYTES) if self.sock else b""
        except TimeoutError:
            raise WebSocketTimeoutException("Connection timed out") from None
        return data or cast(bytes, super()._recv(READ_BYTES))  # which knows how to end

    def _recv(self, bufsize: int) -> bytes:
        # websocket-client's own small read: what is buffered comes first.
        self._limit_message()
        self._spend(1)
        if self._position == len(self._buffer):
            self._spend(_EFFORT_OF_A_READ)
            self._buffer = self._read()
            self._position = 0
        start = self._position
        self._position = min(start + bufsize, len(self._buffer))
        return self._buffer[start : self._position]

    def _spend(self, effort: int) -> None:
        self._effort_left -= effort
        if self._effort_left < 0:
            raise WebSocketTimeoutException("no whole frame yet")

    def _limit_message(self) -> None:
        """Raise before a message that is too long has arrived."""
        size = self.frame_buffer.length or 0
        if fragments := self.cont_frame.cont_data:
            if isinstance(fragments[1], bytes):
                fragments[1] = bytearray(fragments[1])  # each further one would copy all before
            size += len(fragments[1])
        if size > MOST_MESSAGE_BYTES:
            most = f"{MOST_MESSAGE_BYTES >> 20} MiB"
            raise WebSocketProtocolException(f"a message of more than {most}")

    def _between_frames(self) -> bool:
        """Whether the library holds no half-read frame (a timeout leaves one) and no fragment."""
        half_read = self.frame_buffer
        return (
            half_read.header is None
            and not half_read.recv_buffer
            and self.cont_frame.cont_data is None
        )

    def _cut_plain_frames(self) -> list[bytes]:
        buffer, begin, size = self._buffer, self._position, len(self._buffer)
        frames: list[bytes] = []
        last = size - 1
        while begin < last and buffer[begin] == _FINAL_TEXT:
            length = buffer[begin + 1]
            start = begin + 2
            if length >= _LENGTH_16:
                if length > _LENGTH_16:
                    break  # 64-bit lengths and masks: the library's
                start += 2
                length = int.from_bytes(buffer[begin + 2 : start], "big")
            end = start + length
            if end > size:
                break
            frames.append(buffer[start:end])
            begin = end
        self._position = begin
        return frames

    def _needs_more(self) -> bool:
        """Whether what is buffered may be the beginning of a plain frame."""
        available = len(self._buffer) - self._position
        if available == 0:
            return True
        if self._buffer[self._position] != _FINAL_TEXT:
            return False
        return available < 2 or self._buffer[self._position + 1] <= _LENGTH_16

    def _receive_unusual(self) -> bytes | None:
        """One frame through websocket-client: a message's bytes, or None for a control frame."""
        opcode, data = self.recv_data(control_frame=True)
        if opcode == ABNF.OPCODE_CLOSE or not self.connected:
            raise WebSocketConnectionClosedException(_close_reason(data))
        if opcode in (ABNF.OPCODE_TEXT, ABNF.OPCODE_BINARY):
            return bytes(data)
        return None


def _close_reason(payload: bytes) -> str:
    """A close frame's payload in words (RFC 6455, 5.5.1: code, then text)."""
    if len(payload) < 2:
        return "the exchange closed the connection"
    code = int.from_bytes(payload[:2], "big")
    reason = payload[2:].decode("utf-8", "replace")
    return f"the exchange closed the connection ({f'{code} {reason}'.strip()})"
