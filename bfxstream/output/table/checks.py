"""The checks of `bfxstream doctor`, printed one by one as they are made."""

from __future__ import annotations

import textwrap
from typing import Final

from rich.style import Style

from bfxstream.output.table import theme
from bfxstream.output.table.lines import Frame, Line, span
from bfxstream.output.table.screen import Screen, has_color, standard_output
from bfxstream.protocol.printable import printable
from bfxstream.protocol.records import Check, CheckState

STATE_WIDTH: Final = 9
NAME_WIDTH: Final = 13
LEAST_TEXT: Final = 20
"""Columns for what was found; a terminal that is narrower breaks the lines itself."""

STYLES: Final[dict[CheckState, Style]] = {
    "ok": theme.GOOD,
    "warning": theme.WARN,
    "failed": theme.BAD,
    "skipped": theme.LABEL,
}


class ChecksTable:
    """State, name and words of each check, what to do about it on lines of its own."""

    def __init__(self, *, color: bool | None = None) -> None:
        """`color` None leaves it to NO_COLOR and the terminal."""
        console = standard_output()
        if color is not None:
            console.no_color = not color
        self._colored = has_color(console)
        self._screen = Screen(console)

    def show(self, check: Check) -> None:
        """Print it."""
        width, _ = self._screen.size
        self._screen.print(Frame(width, lines_of(check, width)), self._colored)


def lines_of(check: Check, width: int) -> list[Line]:
    """The lines of one check, broken to this width."""
    indent = STATE_WIDTH + NAME_WIDTH
    room = max(LEAST_TEXT, width - indent)
    head = [
        span(check.state.ljust(STATE_WIDTH), STYLES[check.state]),
        span(check.check.ljust(NAME_WIDTH), theme.BOLD),
    ]
    first, *more = _wrapped(check.found, room) or [""]
    style = theme.LABEL if check.state == "skipped" else theme.PLAIN
    lines = [[*head, span(first, style)]]
    lines += [[span(" " * indent), span(text, style)] for text in more]
    for text in _wrapped(check.remedy or "", room):
        lines.append([span(" " * indent), span(text, theme.TITLE)])
    return lines


def _wrapped(text: str, room: int) -> list[str]:
    return textwrap.wrap(printable(text), room, break_on_hyphens=False)
