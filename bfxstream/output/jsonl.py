"""JSON Lines: one record a line, everything that one read brought in one write."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from bfxstream.output.descriptors import LineWriter
from bfxstream.output.fields import values_of
from bfxstream.protocol.events import Event


class JsonLinesSink:
    """Writes whole records, keys in the order of their definition."""

    def __init__(self, writer: LineWriter) -> None:
        self._writer = writer
        self._encoder = msgspec.json.Encoder()

    def write(self, items: Sequence[Any]) -> None:
        if items:
            self._writer.write(self._encoder.encode_lines(items))

    def tick(self, now: float) -> None:
        self._writer.check_reader(now)

    def close(self) -> None:
        # Nothing is held: what was written has left.
        self._writer.close()


class FieldsJsonLinesSink(JsonLinesSink):
    """Writes only the chosen keys of records; events stay whole."""

    def __init__(self, writer: LineWriter, fields: Sequence[str]) -> None:
        super().__init__(writer)
        self._fields = fields

    def write(self, items: Sequence[Any]) -> None:
        super().write([self._chosen(item) for item in items])

    def _chosen(self, item: Any) -> Any:
        if isinstance(item, Event):
            return item
        return dict(zip(self._fields, values_of(item, self._fields), strict=True))
