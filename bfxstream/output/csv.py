"""CSV: the records' keys as the header, then one record a line (RFC 4180, lines end in LF)."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Raw

from bfxstream.output.descriptors import LineWriter
from bfxstream.output.fields import values_of
from bfxstream.protocol.numbers import is_null, text


class CsvSink:
    """Writes the given columns; a record without one of them leaves its cell empty."""

    def __init__(self, writer: LineWriter, columns: Sequence[str]) -> None:
        self._writer = writer
        self._columns = columns
        self._write_rows([columns])

    def write(self, items: Sequence[Any]) -> None:
        if items:
            self._write_rows([map(_cell, values_of(item, self._columns)) for item in items])

    def tick(self, now: float) -> None:
        self._writer.check_reader(now)

    def close(self) -> None:
        # Nothing is held: what was written has left.
        self._writer.close()

    def _write_rows(self, rows: Sequence[Any]) -> None:
        buffer = io.StringIO()
        csv.writer(buffer, lineterminator="\n").writerows(rows)
        self._writer.write(buffer.getvalue().encode())


def _cell(value: Any) -> str:
    if isinstance(value, Raw):
        return "" if is_null(value) else text(value)
    if value is None:
        return ""
    if isinstance(value, (str, int)):
        return str(value)
    if value and all(isinstance(word, str) for word in value):
        return " ".join(value)  # the kinds of a symbol
    return msgspec.json.encode(value).decode()  # the levels of a whole book
