"""Bars: shares of a whole as blocks, and as a tint behind text."""

from __future__ import annotations

from collections.abc import Iterable

from rich.segment import Segment
from rich.style import Style

from bfxstream.output.table.lines import Line
from bfxstream.output.table.theme import Glyphs

TintedCell = tuple[str, Style, Style]
"""Text, its style off the bar, its style on the bar."""

_REVERSE = Style(reverse=True)


def share_of(value: float, whole: float) -> float:
    """The value's part of the whole, from 0 to 1."""
    if not whole > 0 or not value > 0:
        return 0.0
    return min(1.0, value / whole)


def rightward(share: float, width: int, glyphs: Glyphs) -> str:
    """A bar that starts at the left; whatever is not nothing can be seen."""
    blocks = glyphs.blocks
    steps = round(share * width * len(blocks))
    if share > 0:
        steps = max(1, steps)
    whole, part = divmod(steps, len(blocks))
    bar = blocks[-1] * whole + (blocks[part - 1] if part else "")
    return bar[:width].ljust(width)


def leftward(share: float, width: int, style: Style, glyphs: Glyphs) -> Line:
    """A bar that starts at the right.

    There are no blocks that fill a cell's right part: the left part is drawn in reverse.
    """
    blocks = glyphs.blocks
    steps = round(share * width * len(blocks))
    if share > 0:
        steps = max(1, steps)
    whole, part = divmod(steps, len(blocks))
    line = [Segment(" " * (width - whole - bool(part)), None)]
    if part:
        line.append(Segment(blocks[len(blocks) - part - 1], style + _REVERSE))
    return [*line, Segment(blocks[-1] * whole, style)]


def tinted(cells: Iterable[TintedCell], start: int, end: int) -> Line:
    """The cells as a line, with the bar behind them from column `start` to `end`."""
    line: Line = []
    position = 0
    for text, off, on in cells:
        stop = position + len(text)
        if stop <= start or position >= end or start >= end:
            line.append(Segment(text, off))
        else:
            low, high = max(start, position) - position, min(end, stop) - position
            if low:
                line.append(Segment(text[:low], off))
            line.append(Segment(text[low:high], on))
            if high < len(text):
                line.append(Segment(text[high:], off))
        position = stop
    return line


def position_mark(share: float, width: int, glyphs: Glyphs) -> str:
    """Where a value stands between two ends: a mark on a track."""
    at = round(min(1.0, max(0.0, share)) * (width - 1))
    return glyphs.track * at + glyphs.marker + glyphs.track * (width - 1 - at)
