"""Columns under headers: right-aligned, the least important dropped where room is short."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from rich.segment import Segment
from rich.style import Style

from bfxstream.output.table.bars import position_mark, rightward
from bfxstream.output.table.columns import Column, Fit, Widths, fit_columns
from bfxstream.output.table.lines import Line, fitted, shortened, span
from bfxstream.output.table.theme import LABEL, PLAIN, Glyphs


class Cell(NamedTuple):
    """What stands in one place of the grid."""

    text: str = ""
    style: Style = PLAIN
    share: float = 0.0


def draw_grid(
    columns: Sequence[Column],
    rows: Sequence[Mapping[str, Cell]],
    width: int,
    glyphs: Glyphs,
    widths: Widths,
) -> list[Line]:
    """The header and the rows as lines of at most this width, all equally long."""
    if not columns:
        return []
    fit = fit_columns(
        columns, lambda key: max((len(row[key].text) for row in rows), default=0), width, widths
    )
    lines = [_header(fit, glyphs), *(_row(fit, row, glyphs) for row in rows)]
    return [fitted(line, min(width, fit.width)) for line in lines]


def _header(fit: Fit, glyphs: Glyphs) -> Line:
    line = ""
    for column, size, gap in zip(fit.columns, fit.sizes, (0, *fit.gaps), strict=True):
        text = shortened(column.header, size, glyphs)
        line += " " * gap + (text.ljust(size) if column.left else text.rjust(size))
    return [span(line, LABEL)]


def _row(fit: Fit, row: Mapping[str, Cell], glyphs: Glyphs) -> Line:
    line: Line = []
    for column, size, gap in zip(fit.columns, fit.sizes, (0, *fit.gaps), strict=True):
        if gap:
            line.append(Segment(" " * gap, PLAIN))
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
