"""A real pseudo-terminal, seen through a terminal emulator."""

from __future__ import annotations

import fcntl
import os
import select
import struct
import subprocess
import termios
import time
from collections.abc import Callable

import pyte

from .command import PATIENCE, STARTED, clean_environment


class Terminal:
    """A program on a pty of its own: keys in, a screen out."""

    def __init__(self, *command: str, width: int, height: int, **environment: str) -> None:
        self._master, slave = os.openpty()
        self.screen = pyte.Screen(width, height)
        self._stream = pyte.ByteStream(self.screen)
        self.output = b""
        self._set_size(width, height)
        self.settings_before = termios.tcgetattr(slave)
        self.process = subprocess.Popen(
            command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=clean_environment(**environment),
            start_new_session=True,
            # Ctrl-C reaches a process through its controlling terminal.
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509
        )
        STARTED.append(self.process)
        self._slave = slave

    def _set_size(self, width: int, height: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    @property
    def lines(self) -> list[str]:
        """What a person sees now."""
        return [line.rstrip() for line in self.screen.display]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def resize(self, width: int, height: int) -> None:
        self.screen.resize(height, width)
        self._set_size(width, height)

    def press(self, keys: bytes) -> None:
        os.write(self._master, keys)

    def wait_for(self, condition: Callable[[], bool]) -> None:
        """Take what the program draws until the condition holds."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, f"waited in vain:\n{self.text}"
            self._take(0.05)

    def wait_for_end(self) -> int:
        """Take everything until the program has ended; its exit code."""
        self.wait_for(lambda: self.process.poll() is not None)
        while self._take(0):
            pass
        assert termios.tcgetattr(self._slave) == self.settings_before
        os.close(self._slave)
        os.close(self._master)
        return self.process.returncode

    def _take(self, patience: float) -> bool:
        if not select.select([self._master], [], [], patience)[0]:
            return False
        drawn = os.read(self._master, 65536)
        self.output += drawn
        self._stream.feed(drawn)
        return True
