"""The exchange's frames as they came, one a line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bfxstream.output.descriptors import LineWriter
from bfxstream.protocol.printable import printable


class RawSink:
    """Writes frames unchanged; a line break inside one, which JSON allows, becomes a space.

    On a terminal, whatever it would take for a command is left out.
    """

    def __init__(self, writer: LineWriter) -> None:
        self._writer = writer

    def write(self, items: Sequence[Any]) -> None:
        if not items:
            return
        if self._writer.is_terminal:
            items = [_shown(item) for item in items]
        lines = b"\n".join(items)
        if lines.count(b"\n") != len(items) - 1:
            lines = b"\n".join(item.replace(b"\n", b" ") for item in items)
        self._writer.write(lines + b"\n")

    def tick(self, now: float) -> None:
        self._writer.check_reader(now)

    def close(self) -> None:
        # Nothing is held: what was written has left.
        self._writer.close()


def _shown(frame: bytes) -> bytes:
    return printable(frame.decode("utf-8", "replace")).encode()
