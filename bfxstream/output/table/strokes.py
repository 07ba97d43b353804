"""Lines, blocks, candles and dots as SVG paths: they meet from cell to cell, as no font's do."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Final

CELL_WIDTH: Final = 8.4
CELL_HEIGHT: Final = 18.0

_MIDDLE: Final = CELL_WIDTH / 2
_CENTRE: Final = CELL_HEIGHT / 2
_THIN, _THICK = 1.2, 3.0
_ROUND: Final = 4.0
_DOT: Final = 1.7
_ALL: Final = CELL_HEIGHT

Rectangle = tuple[float, float, float, float]
"""Left, top, width and height within a cell."""


def _upright(top: float, height: float, width: float) -> Rectangle:
    return _MIDDLE - width / 2, top, width, height


def _rectangles() -> dict[str, list[Rectangle]]:
    upper, lower = (0.0, _CENTRE), (_CENTRE, _CENTRE)
    found: dict[str, list[Rectangle]] = {
        "│": [_upright(0, _ALL, _THIN)],
        "┃": [_upright(0, _ALL, _THICK)],
        "╷": [_upright(*lower, _THIN)],
        "╻": [_upright(*lower, _THICK)],
        "╵": [_upright(*upper, _THIN)],
        "╹": [_upright(*upper, _THICK)],
        "╽": [_upright(*upper, _THIN), _upright(*lower, _THICK)],
        "╿": [_upright(*upper, _THICK), _upright(*lower, _THIN)],
        "▀": [(0, 0, CELL_WIDTH, _CENTRE)],
        "─": [(0, _CENTRE - _THIN / 2, CELL_WIDTH, _THIN)],
        "━": [(0, _CENTRE - _THICK / 2, CELL_WIDTH, _THICK)],
    }
    for eighths, glyph in enumerate("▏▎▍▌▋▊▉█", start=1):
        found[glyph] = [(0, 0, CELL_WIDTH * eighths / 8, _ALL)]
    for eighths, glyph in enumerate("▁▂▃▄▅▆▇", start=1):
        height = _ALL * eighths / 8
        found[glyph] = [(0, _ALL - height, CELL_WIDTH, height)]
    return found


RECTANGLES: Final = _rectangles()
"""What is made of upright rectangles."""

BLOCKS: Final = frozenset("▏▎▍▌▋▊▉█▁▂▃▄▅▆▇▀")
"""What must show no seam to its neighbours; thin lines would vanish without soft edges."""

CURVES: Final = {
    "╭": f"M{_MIDDLE} {_ALL}V{_CENTRE + _ROUND}q0 -{_ROUND} {_ROUND} -{_ROUND}H{CELL_WIDTH}",
    "╮": f"M0 {_CENTRE}H{_MIDDLE - _ROUND}q{_ROUND} 0 {_ROUND} {_ROUND}V{_ALL}",
    "╰": f"M{_MIDDLE} 0V{_CENTRE - _ROUND}q0 {_ROUND} {_ROUND} {_ROUND}H{CELL_WIDTH}",
    "╯": f"M0 {_CENTRE}H{_MIDDLE - _ROUND}q{_ROUND} 0 {_ROUND} -{_ROUND}V0",
}
"""The corners of frames, as lines."""

SHAPES: Final = {
    "▲": f"M{_MIDDLE} 4.6L{CELL_WIDTH - 0.6} 13H0.6z",
    "▼": f"M{_MIDDLE} 13.4L{CELL_WIDTH - 0.6} 5H0.6z",
    "●": f"M0.7 {_CENTRE}a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0 -7 0z",
    "○": f"M0.7 {_CENTRE}a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0 -7 0z"
    f"M1.8 {_CENTRE}a2.4 2.4 0 1 1 4.8 0a2.4 2.4 0 1 1 -4.8 0z",
}

_FIRST_BRAILLE: Final = 0x2800
_DOTS: Final = ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3))
"""Column and row of each bit of a braille cell (Unicode: Braille Patterns)."""


def path_of(text: str, left: float, top: float, color: str) -> Iterator[str]:
    """What of the text is drawn, as SVG elements; the text begins at this point."""
    for glyph, run in groupby(enumerate(text), key=lambda item: item[1]):
        columns = [column for column, _ in run]
        x = left + columns[0] * CELL_WIDTH
        if rectangles := RECTANGLES.get(glyph) or _dots_of(glyph):
            wide = _joined(rectangles, len(columns))
            data = "".join(
                f"M{px(x + dx)} {px(top + dy)}h{px(w)}v{px(h)}h-{px(w)}z" for dx, dy, w, h in wide
            )
            crisp = ' shape-rendering="crispEdges"' if glyph in BLOCKS else ""
            yield f'<path d="{data}" fill="{color}"{crisp}/>'
        elif glyph in CURVES or glyph in SHAPES:
            paint = f'fill="{color}"'
            if glyph in CURVES:
                paint = f'fill="none" stroke="{color}" stroke-width="{_THIN}"'
            shape = CURVES.get(glyph) or SHAPES[glyph]
            for i in range(len(columns)):
                place = f"translate({px(x + i * CELL_WIDTH)} {px(top)})"
                yield f'<path d="{shape}" transform="{place}" {paint}/>'


def _joined(rectangles: list[Rectangle], times: int) -> list[Rectangle]:
    """The same cell so many times, side by side; what fills its width is one rectangle."""
    joined: list[Rectangle] = []
    for dx, dy, width, height in rectangles:
        if width == CELL_WIDTH:
            joined.append((dx, dy, width * times, height))
        else:
            joined += [(dx + i * CELL_WIDTH, dy, width, height) for i in range(times)]
    return joined


def _dots_of(glyph: str) -> list[Rectangle]:
    """The dots of a braille cell; none for any other character."""
    bits = ord(glyph) - _FIRST_BRAILLE
    if not 0 < bits <= 0xFF:
        return []
    return [
        (
            CELL_WIDTH * (2 * column + 1) / 4 - _DOT / 2,
            CELL_HEIGHT * (2 * row + 1) / 8 - _DOT / 2,
            _DOT,
            _DOT,
        )
        for bit, (column, row) in enumerate(_DOTS)
        if bits >> bit & 1
    ]


def px(value: float) -> str:
    """A length as SVG has it, no longer than needed."""
    return f"{value:.2f}".rstrip("0").rstrip(".")
