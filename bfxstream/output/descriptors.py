"""Writing bytes to a file descriptor so that no reader ever sees a part of a line."""

from __future__ import annotations

import os
import select

from bfxstream.errors import ReaderGone

_LOOK_EVERY = 1.0
"""Seconds between two looks at a pipe to which nothing was written."""


class LineWriter:
    """Writes whole lines, everything of one call in one system call where the pipe takes it.

    Standard output is written directly, with no buffer between: what is given has left. Its
    calls raise ReaderGone when the reader has closed its end, OSError when the disk is full.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._looked_at = 0.0
        self._poll = select.poll()
        self._poll.register(descriptor, 0)

    def write(self, lines: bytes) -> None:
        """Write it all; a pipe that takes only a part gets the rest in further calls."""
        left = memoryview(lines)
        try:
            while left:
                left = left[os.write(self._descriptor, left) :]
        except BrokenPipeError:
            raise ReaderGone from None

    def check_reader(self, now: float) -> None:
        """See whether anybody still reads, as in a quiet market no write would tell."""
        if now - self._looked_at < _LOOK_EVERY:
            return
        self._looked_at = now
        if any(state & select.POLLERR for _, state in self._poll.poll(0)):
            raise ReaderGone
