"""From the server's send of a trade to its line at the reader: both on CLOCK_MONOTONIC."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .measure import Run

# The ids of the load have ten digits; nothing else in a line has ten that begin like this.
_ID = re.compile(rb"(?<![\d.])19\d{8}(?!\d)")


def latencies(run: Run) -> list[int]:
    """Nanoseconds for each trade that was seen, at its first line."""
    waiting = {int(trade): sent for trade, sent in run.trades.items()}
    found = []
    rest = b""
    for arrived, data in run.reads:
        lines, newline, rest = (rest + data).rpartition(b"\n")
        for match in _ID.finditer(lines if newline else b""):
            sent = waiting.pop(int(match[0]), None)
            if sent is not None:
                found.append(arrived - sent)
    return found


def percentile(ordered: Sequence[int], share: float) -> int:
    """The value that this share of the sorted values does not exceed."""
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]
