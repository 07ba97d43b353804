"""Writing bytes to a file descriptor so that no reader ever sees a part of a line."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import stat
from collections.abc import Callable

from bfxstream.errors import ReaderGone, ReaderStalled

_LOOK_EVERY = 1.0
"""Seconds between two looks at a pipe to which nothing was written."""

_WAIT_MS = 100
"""Between two looks at whether a full pipe is still worth waiting for."""


class LineWriter:
    """Writes whole lines, everything of one call in one system call where the pipe takes it.

    Standard output is written directly, with no buffer between: what is given has left. Its
    calls raise ReaderGone when the reader has closed its end, OSError when the disk is full.
    """

    def __init__(self, descriptor: int, may_wait: Callable[[], bool] = lambda: True) -> None:
        """`may_wait` says whether a reader that takes nothing is still to be waited for."""
        self.is_terminal = os.isatty(descriptor)
        self._descriptor = _own_pipe(descriptor)
        self._given = descriptor
        self._may_wait = may_wait
        self._looked_at = 0.0
        self._poll = select.poll()
        self._poll.register(self._descriptor, 0)
        self._room = select.poll()
        self._room.register(self._descriptor, select.POLLOUT)

    def write(self, lines: bytes) -> None:
        """Write it all; a pipe that takes only a part gets the rest in further calls.

        Raises ReaderStalled where there is no room and nothing to wait for: what has left then
        ends with a whole line.
        """
        left = memoryview(lines)
        while left:
            try:
                left = left[os.write(self._descriptor, left) :]
            except BlockingIOError:
                if not self._room.poll(_WAIT_MS) and not self._may_wait():
                    self._end_the_line(lines, len(lines) - len(left))
                    raise ReaderStalled from None
            except BrokenPipeError:
                raise ReaderGone from None

    def check_reader(self, now: float) -> None:
        """See whether anybody still reads, as in a quiet market no write would tell."""
        if now - self._looked_at < _LOOK_EVERY:
            return
        self._looked_at = now
        if any(state & select.POLLERR for _, state in self._poll.poll(0)):
            raise ReaderGone

    def close(self) -> None:
        """Give up what is our own; the descriptor that was given stays open."""
        if self._descriptor != self._given:
            os.close(self._descriptor)
            self._descriptor = self._given

    def _end_the_line(self, lines: bytes, written: int) -> None:
        """Where the pipe was full in the middle of a line, make room for the rest of that line."""
        if written == 0 or lines[written - 1 : written] == b"\n":
            return
        rest = lines[written : lines.index(b"\n", written) + 1]
        # Beyond what the system allows nothing helps: the line is longer than any pipe.
        with contextlib.suppress(OSError, AttributeError):
            size = fcntl.fcntl(self._descriptor, fcntl.F_GETPIPE_SZ)
            fcntl.fcntl(self._descriptor, fcntl.F_SETPIPE_SZ, size + len(rest))
            os.write(self._descriptor, rest)


def _own_pipe(descriptor: int) -> int:
    """The same pipe under a descriptor whose writes never block; anything else as it is.

    A flag on the given one would hold for every process that shares it, the reader's shell too.
    """
    if not stat.S_ISFIFO(os.fstat(descriptor).st_mode):
        return descriptor
    try:
        return os.open(f"/proc/self/fd/{descriptor}", os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        return descriptor  # not on Linux, or not our pipe: writes block
