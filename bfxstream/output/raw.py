"""The exchange's frames as they came, one a line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bfxstream.output.descriptors import LineWriter


class RawSink:
    """Writes frames unchanged; a line break inside one, which JSON allows, becomes a space."""

    def __init__(self, writer: LineWriter) -> None:
        self._writer = writer

    def write(self, items: Sequence[Any]) -> None:
        if not items:
            return
        lines = b"\n".join(items)
        if lines.count(b"\n") != len(items) - 1:
            lines = b"\n".join(item.replace(b"\n", b" ") for item in items)
        self._writer.write(lines + b"\n")

    def tick(self, now: float) -> None:
        self._writer.check_reader(now)

    def close(self) -> None:
        # Nothing is held: what was written has left.
        self._writer.close()
