"""The terminal's alternate screen: whole frames in one write, and the way back from it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final

from rich.console import Console

from bfxstream.output.table.lines import Frame, width_of

ENTER: Final = "\x1b[?1049h\x1b[?25l"
LEAVE: Final = "\x1b[?2026l\x1b[0m\x1b[?25h\x1b[?1049l"
HOME: Final = "\x1b[H"
ERASE_LINE: Final = "\x1b[K"
ERASE_BELOW: Final = "\x1b[J"
ERASE_ALL: Final = "\x1b[2J"
BEGIN_UPDATE: Final = "\x1b[?2026h"
END_UPDATE: Final = "\x1b[?2026l"
"""Synchronized output: terminals that know it show the frame at once, others ignore it."""

UNCONTROLLABLE: Final = frozenset(("dumb", "unknown"))


def has_cursor_control(console: Console, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether frames can be drawn over each other.

    Not by rich's `is_terminal`: FORCE_COLOR makes that true for a pipe.
    """
    try:
        interactive = console.file.isatty()
    except (AttributeError, ValueError):
        return False
    return interactive and _is_capable(environment) and not console.legacy_windows


def has_color(console: Console, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether colour is sent: FORCE_COLOR reaches a pipe and a dumb terminal, NO_COLOR stops it."""
    if console.no_color or console.color_system is None:
        return False
    return _is_capable(environment) or bool(environment.get("FORCE_COLOR"))


def standard_output(environment: Mapping[str, str] = os.environ) -> Console:
    """Standard output as a console; rich has no colour for TERM=dumb even where it is forced."""
    console = Console()
    if console.color_system is None and environment.get("FORCE_COLOR"):
        return Console(color_system="standard")
    return console


def _is_capable(environment: Mapping[str, str]) -> bool:
    term = environment.get("TERM", "").lower()
    named = bool(term) or os.name != "posix"
    return named and term not in UNCONTROLLABLE


class Screen:
    """Draws frames on the alternate screen, entered with the first one."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._entered = False
        self._drawn: str | None = None
        self._drawn_size = (0, 0)

    @property
    def size(self) -> tuple[int, int]:
        """The terminal's width and height at this moment."""
        width, height = self._console.size
        return max(1, width), max(1, height)

    def draw(self, frame: Frame) -> bool:
        """Put the frame over the last one; False where nothing differs."""
        text = self._painted(frame)
        if text == self._drawn:
            return False
        enter = "" if self._entered else ENTER
        self._entered = True
        self._drawn = text
        self._drawn_size = self.size
        self.write(enter + BEGIN_UPDATE + HOME + text + END_UPDATE)
        return True

    def enter_again(self) -> None:
        """Back from the normal screen, with what was drawn last as far as it fits the screen."""
        if self._entered or self._drawn is None:
            return
        self._entered = True
        frame = HOME + self._drawn if self.size == self._drawn_size else ""
        self.write(ENTER + BEGIN_UPDATE + ERASE_ALL + frame + END_UPDATE)

    def forget(self) -> None:
        """What is on the screen is unknown, as after a resize: the next frame is written."""
        self._drawn = None

    def leave(self) -> None:
        """Back to the normal screen, cursor shown; does nothing if it was never left."""
        if self._entered:
            self._entered = False
            self.write(LEAVE)

    def print(self, frame: Frame, color: bool = True) -> None:
        """Put a frame on the normal screen, to stay; without `color` its characters alone."""
        self.write((self._rendered(frame.trimmed()) if color else frame.text) + "\n")

    def _painted(self, frame: Frame) -> str:
        trimmed = frame.trimmed()
        rows = self._rendered(trimmed).split("\n")
        painted: list[str] = []
        for row, line in zip(rows, trimmed.lines, strict=True):
            # After a full line the cursor waits on its last cell, which would be erased.
            painted.append(row if width_of(line) >= frame.width else row + ERASE_LINE)
        text = "\r\n".join(painted)
        return text if width_of(trimmed.lines[-1]) >= frame.width else text + ERASE_BELOW

    def _rendered(self, frame: Frame) -> str:
        with self._console.capture() as capture:
            self._console.print(frame, end="", crop=False, soft_wrap=True)
        return capture.get()

    def write(self, text: str) -> None:
        """Send text as it is, in one write."""
        file = self._console.file
        file.write(text)
        file.flush()
