"""A websocket-client socket that hands out every whole text frame of one read at once.

`WebSocket.recv()` makes several small reads and some Python objects for each frame; most of the
exchange's frames are plain, short and come many to a read. Those are cut out of one large buffer
here. Everything else (handshake, TLS, proxies, ping and pong, close, fragments, masks) stays with
websocket-client's own code, which reads from the same buffer through `_recv`.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any, cast

from websocket import (
    ABNF,
    WebSocket,
    WebSocketConnectionClosedException,
    WebSocketException,
    WebSocketTimeoutException,
)

READ_BYTES = 65536

_FINAL_TEXT = 0x80 | ABNF.OPCODE_TEXT
_LENGTH_16 = 126  # RFC 6455, 5.2: the next two bytes are the length
_LENGTH_64 = 127


class BatchSocket(WebSocket):
    """One WebSocket connection, read in batches by a single thread."""

    def __init__(self, **options: Any) -> None:
        self._buffer = b""
        self._position = 0
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

        Raises WebSocketTimeoutException when nothing came within the timeout, and
        WebSocketConnectionClosedException when the connection has ended.
        """
        while True:
            if self._between_frames():
                if self._position == len(self._buffer):
                    self._buffer, self._position = self._read(), 0
                if frames := self._cut_plain_frames():
                    return frames
                if self._needs_more():
                    self._buffer = self._buffer[self._position :] + self._read()
                    self._position = 0
                    continue
            if (frame := self._receive_unusual()) is not None:
                return [frame]

    def send_close(self, *arguments: Any) -> None:
        # The answer to a close frame: where it cannot be sent, the reason must not be lost.
        with suppress(OSError, WebSocketException):
            super().send_close(*arguments)

    def close(self, *arguments: Any, **options: Any) -> None:
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
        if self._position == len(self._buffer):
            self._buffer = self._read()
            self._position = 0
        start = self._position
        self._position = min(start + bufsize, len(self._buffer))
        return self._buffer[start : self._position]

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
        while size - begin >= 2 and buffer[begin] == _FINAL_TEXT:
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
