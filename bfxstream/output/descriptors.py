"""Writing bytes to a file descriptor so that no reader ever sees a part of a line."""

from __future__ import annotations

import os


class ReaderGone(Exception):
    """The other end of the pipe is closed: nobody reads any more."""


class LineWriter:
    """Writes whole lines, everything of one call in one system call where the pipe takes it.

    Standard output is written directly, with no buffer between: what is given has left.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def write(self, lines: bytes) -> None:
        """Write it all; a pipe that takes only a part gets the rest in further calls.

        Raises ReaderGone when the reader has closed its end, OSError when the disk is full.
        """
        left = memoryview(lines)
        try:
            while left:
                left = left[os.write(self._descriptor, left) :]
        except BrokenPipeError:
            raise ReaderGone from None
