"""The sink of a pipe or a file, by its format."""

from __future__ import annotations

from collections.abc import Sequence

from bfxstream.output.csv import CsvSink
from bfxstream.output.descriptors import LineWriter
from bfxstream.output.jsonl import FieldsJsonLinesSink, JsonLinesSink
from bfxstream.output.raw import RawSink


def pipe_sink(
    output: str, writer: LineWriter, fields: Sequence[str] | None, known: Sequence[str]
) -> RawSink | CsvSink | JsonLinesSink:
    """What writes `raw`, `csv` or `jsonl`; `fields` chooses among the known ones."""
    if output == "raw":
        return RawSink(writer)
    if output == "csv":
        return CsvSink(writer, fields or known)
    return FieldsJsonLinesSink(writer, fields) if fields else JsonLinesSink(writer)
