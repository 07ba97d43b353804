"""Frames as SVG pictures, the same bytes for the same frame."""

from __future__ import annotations

import io
from typing import Final

from rich.console import Console
from rich.terminal_theme import TerminalTheme

from bfxstream.output.table.lines import Frame

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


def svg(frame: Frame, title: str, unique_id: str = "bfxstream") -> str:
    """The frame as an SVG document; pictures on one page need ids of their own."""
    console = Console(
        record=True,
        file=io.StringIO(),
        width=frame.width,
        height=len(frame.lines),
        force_terminal=True,
        color_system="truecolor",
        no_color=False,
        legacy_windows=False,
    )
    console.print(frame, crop=False, soft_wrap=True)
    return console.export_svg(title=title, theme=PICTURE_THEME, unique_id=unique_id)
