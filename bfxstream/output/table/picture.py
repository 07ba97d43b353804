"""Frames as SVG pictures, the same bytes for the same frame.

Letters are text; lines, blocks and dots are drawn, so that they meet whatever the reader's font is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from typing import Final

from rich.cells import cell_len
from rich.color import blend_rgb
from rich.color_triplet import ColorTriplet
from rich.segment import Segment
from rich.style import Style
from rich.terminal_theme import TerminalTheme

from bfxstream.output.table.lines import Frame
from bfxstream.output.table.strokes import CELL_HEIGHT, CELL_WIDTH, path_of, px

PICTURE_THEME: Final = TerminalTheme(
    background=(16, 20, 26),
    foreground=(214, 221, 230),
    normal=[
        (28, 34, 43),
        (240, 98, 112),
        (70, 200, 140),
        (226, 178, 90),
        (96, 160, 240),
        (190, 140, 240),
        (90, 200, 214),
        (200, 208, 218),
    ],
    bright=[
        (96, 108, 122),
        (255, 130, 142),
        (110, 226, 168),
        (244, 204, 126),
        (134, 186, 255),
        (212, 172, 255),
        (130, 224, 236),
        (240, 244, 248),
    ],
)
FONT_SIZE: Final = 14
FONTS: Final = (
    "ui-monospace, 'SF Mono', 'Cascadia Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace"
)
BASELINE: Final = 13.2
MARGIN: Final = 12
TITLE_HEIGHT: Final = 36
DIMMED: Final = 0.42
"""How much of the background shines through what is dim."""
BUTTONS: Final = ("#ff5f57", "#febc2e", "#28c840")

_PIECES: Final = re.compile(
    r"[^\s\u2500-\u25ff\u2800-\u28ff]+(?: [^\s\u2500-\u25ff\u2800-\u28ff]+)*"
)
"""What is written as one text: words with single blanks between them."""


def svg(frame: Frame, title: str) -> str:
    """The frame as an SVG document, in a window with this title."""
    width = round(frame.width * CELL_WIDTH + 2 * MARGIN)
    height = round(len(frame.lines) * CELL_HEIGHT + TITLE_HEIGHT + MARGIN)
    told = escape(title)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img">',
        f"<title>{told}</title>",
        f'<rect width="{width}" height="{height}" rx="9" fill="{_background().hex}"/>',
        *(
            f'<circle cx="{20 + 20 * i}" cy="18" r="6" fill="{color}"/>'
            for i, color in enumerate(BUTTONS)
        ),
        f'<g font-family="{FONTS}" font-size="{FONT_SIZE}" fill="{_foreground().hex}">',
        f'<text x="{width // 2}" y="23" text-anchor="middle" font-weight="bold">{told}</text>',
        f'<g transform="translate({MARGIN} {TITLE_HEIGHT})">',
    ]
    for row, line in enumerate(frame.lines):
        lines += _drawn(line, row * CELL_HEIGHT)
    return "\n".join([*lines, "</g>", "</g>", "</svg>", ""])


def _drawn(line: list[Segment], top: float) -> Iterator[str]:
    """One row: what lies behind, then what is drawn, then what is written."""
    column = 0
    for text, style, _ in Segment.simplify(line):
        color, behind, weight = _ink(style or Style.null())
        left = column * CELL_WIDTH
        if behind:
            yield (
                f'<rect x="{px(left)}" y="{px(top)}" width="{px(cell_len(text) * CELL_WIDTH)}" '
                f'height="{px(CELL_HEIGHT)}" fill="{behind}" shape-rendering="crispEdges"/>'
            )
        yield from path_of(text, left, top, color)
        for piece in _PIECES.finditer(text):
            x = left + cell_len(text[: piece.start()]) * CELL_WIDTH
            yield (
                f'<text x="{px(x)}" y="{px(top + BASELINE)}" fill="{color}"{weight} '
                f'textLength="{px(cell_len(piece[0]) * CELL_WIDTH)}">{escape(piece[0])}</text>'
            )
        column += cell_len(text)


def _ink(style: Style) -> tuple[str, str, str]:
    """Colour, colour behind (none where it is the window's), and weight as an attribute."""
    color = style.color.get_truecolor(PICTURE_THEME) if style.color else _foreground()
    behind = style.bgcolor.get_truecolor(PICTURE_THEME, False) if style.bgcolor else None
    if style.reverse:
        color, behind = behind or _background(), color
    if style.dim:
        color = blend_rgb(color, behind or _background(), DIMMED)
    return color.hex, behind.hex if behind else "", ' font-weight="bold"' if style.bold else ""


def _foreground() -> ColorTriplet:
    return PICTURE_THEME.foreground_color


def _background() -> ColorTriplet:
    return PICTURE_THEME.background_color
