"""Columns under headers: right-aligned, the least important dropped where room is short."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from rich.segment import Segment
from rich.style import Style

from bfxstream.output.table.bars import position_mark, rightward
from bfxstream.output.table.lines import Line, fitted, shortened, span
from bfxstream.output.table.theme import LABEL, PLAIN, Glyphs

GAP = 2
WIDEST_GAP = 6


class Column(NamedTuple):
    """One column; the highest `rank` is dropped first, rank 0 never."""

    key: str
    header: str
    rank: int
    left: bool = False
    paint: str = ""
    """`bar` or `mark`: the cell is a share, drawn over whatever width is left."""
    least: int = 0
    most: int = 0


class Cell(NamedTuple):
    """What stands in one place of the grid."""

    text: str = ""
    style: Style = PLAIN
    share: float = 0.0


class Widths:
    """Column widths that only grow, so that columns do not jump while numbers come and go."""

    __slots__ = ("_least",)

    def __init__(self) -> None:
        self._least: dict[str, int] = {}

    def settle(self, key: str, width: int) -> int:
        """The width to use for a column that needs this one now."""
        width = max(width, self._least.get(key, 0))
        self._least[key] = width
        return width


def keep(needs: Sequence[int], ranks: Sequence[int], gap: int, width: int) -> list[int]:
    """The indices of the columns that fit, the highest ranks dropped first."""
    kept = list(range(len(needs)))
    while len(kept) > 1 and sum(needs[i] for i in kept) + gap * (len(kept) - 1) > width:
        kept.remove(max(kept, key=lambda i: (ranks[i], i)))
    return kept


def gap_for(spare: int, gaps: int) -> int:
    """The widest gap that the spare cells allow, within reason."""
    return min(WIDEST_GAP, GAP + spare // gaps) if gaps and spare > 0 else GAP


def draw_grid(
    columns: Sequence[Column],
    rows: Sequence[Mapping[str, Cell]],
    width: int,
    glyphs: Glyphs,
    widths: Widths,
) -> list[Line]:
    """The header and the rows as lines of at most this width."""
    if not columns:
        return []
    needs = [_need(column, rows, widths) for column in columns]
    kept = keep(needs, [column.rank for column in columns], GAP, width)
    shown = [columns[i] for i in kept]
    sizes = [min(needs[i], width) for i in kept]
    spare = width - sum(sizes) - GAP * (len(sizes) - 1)
    spare -= _grow_painted(shown, sizes, spare)
    gap = " " * gap_for(spare, len(sizes) - 1)
    lines = [_header(shown, sizes, gap, glyphs)]
    lines += [_row(shown, sizes, gap, row, glyphs) for row in rows]
    return [fitted(line, width) for line in lines]


def _need(column: Column, rows: Sequence[Mapping[str, Cell]], widths: Widths) -> int:
    if column.paint:
        return column.least
    longest = max((len(row[column.key].text) for row in rows), default=0)
    return widths.settle(column.key, max(longest, len(column.header)))


def _grow_painted(columns: Sequence[Column], sizes: list[int], spare: int) -> int:
    taken = 0
    for i, column in enumerate(columns):
        if column.paint:
            more = max(0, min(column.most - sizes[i], spare - taken))
            sizes[i] += more
            taken += more
    return taken


def _header(columns: Sequence[Column], sizes: Sequence[int], gap: str, glyphs: Glyphs) -> Line:
    words = [
        _aligned(shortened(column.header, size, glyphs), size, column.left)
        for column, size in zip(columns, sizes, strict=True)
    ]
    return [span(gap.join(words), LABEL)]


def _row(
    columns: Sequence[Column],
    sizes: Sequence[int],
    gap: str,
    row: Mapping[str, Cell],
    glyphs: Glyphs,
) -> Line:
    line: Line = []
    for column, size in zip(columns, sizes, strict=True):
        if line:
            line.append(Segment(gap, PLAIN))
        text, style, share = row[column.key]
        if column.paint and not text:
            draw = rightward if column.paint == "bar" else position_mark
            line.append(Segment(draw(share, size, glyphs), style))
            continue
        if len(text) > size:
            text = shortened(text, size, glyphs)
        padding = " " * (size - len(text))
        if column.left:
            line += [Segment(text, style), Segment(padding, PLAIN)]
        else:
            line += [Segment(padding, PLAIN), Segment(text, style)]
    return line


def _aligned(text: str, size: int, left: bool) -> str:
    return text.ljust(size) if left else text.rjust(size)
