"""Tables for a terminal: one file for each view, and the parts that they share."""

from bfxstream.output.table.picture import svg
from bfxstream.output.table.sink import TableSink

__all__ = ["TableSink", "svg"]
