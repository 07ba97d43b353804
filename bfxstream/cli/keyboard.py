"""Keys as they are pressed, neither waited for nor shown."""

from __future__ import annotations

import os
import re
import select
import sys
import termios
import tty
from contextlib import suppress
from typing import Any

_SEQUENCE = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]?|O.?|.?)", re.DOTALL)
"""What an arrow or a function key sends (ECMA-48): those have no meaning here."""


class Keyboard:
    """The terminal's keys, from `take` until `release`."""

    def __init__(self, descriptor: int) -> None:
        """`descriptor` is that of a terminal."""
        self._descriptor = descriptor
        self._before: list[Any] | None = None

    def take(self) -> None:
        """Let every key come at once, without an echo; Ctrl-C and Ctrl-Z stay signals."""
        if self._before is None:
            with suppress(termios.error):
                self._before = termios.tcgetattr(self._descriptor)
                tty.setcbreak(self._descriptor, termios.TCSANOW)

    def release(self) -> None:
        """Leave the terminal as it was found; at any moment, and twice."""
        before, self._before = self._before, None
        if before is not None:
            with suppress(termios.error):  # it is gone
                termios.tcsetattr(self._descriptor, termios.TCSANOW, before)

    def pressed(self) -> str:
        """The keys since the last call, none where there were none."""
        if self._before is None or not select.select([self._descriptor], [], [], 0)[0]:
            return ""
        with suppress(OSError):
            return _SEQUENCE.sub(b"", os.read(self._descriptor, 64)).decode("ascii", "ignore")
        return ""


def keyboard() -> Keyboard | None:
    """The keyboard on standard input; None where that is no terminal."""
    if sys.stdin is None or not sys.stdin.isatty():
        return None
    return Keyboard(sys.stdin.fileno())
