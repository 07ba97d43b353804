"""Signals: they end a wait at once, but never a line that is being written."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from time import monotonic
from types import FrameType

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)

GRACE_SECONDS = 2
"""How long a reader that has stopped may hold up the end."""

_LAST_RESORT_SECONDS = 5
"""After which it ends whatever holds it up."""


class Interrupted(BaseException):
    """The user, or the system, asks to end. Not an Exception: nothing may swallow it."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number


class _Held:
    """A time in which signals are held back. A class: as a generator it would cost 1 µs a read."""

    def __init__(self, raise_held: Callable[[], None]) -> None:
        self.is_now = False
        self._raise_held = raise_held

    def __enter__(self) -> None:
        self.is_now = True

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.is_now = False
        if kind is None:
            self._raise_held()


class Signals:
    """Turns the signals that end a program into Interrupted, held back while output is written.

    One that is ignored from the start (`nohup`, a job in the background) stays ignored.
    """

    def __init__(self) -> None:
        self._received: int | None = None
        self._received_at = float("inf")
        self.held = _Held(self._raise_held)
        """Holds signals back for the time of a write; one that came is raised at its end."""
        self._restore: Callable[[], None] | None = None
        self._stop_later: Callable[[], None] | None = None

    def __enter__(self) -> Signals:
        for number in _ENDING:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._handle)
        signal.signal(signal.SIGALRM, self._leave_at_once)
        return self

    def __exit__(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)

    def overdue(self, now: float) -> bool:
        """Whether one has been held back for so long that nothing is worth waiting for."""
        return now >= self._received_at + GRACE_SECONDS

    @contextmanager
    def ending_in(self, seconds: float) -> Iterator[None]:
        """Leave, with code 0, soon after this time: a last resort against whatever blocks."""
        signal.setitimer(signal.ITIMER_REAL, seconds + _LAST_RESORT_SECONDS)
        try:
            yield
        finally:
            if self._received is None:
                signal.setitimer(signal.ITIMER_REAL, 0)

    def _raise_held(self) -> None:
        """Do what one that came meanwhile asks for."""
        later, self._stop_later = self._stop_later, None
        if later is not None:
            later()
        if self._received is not None:
            raise Interrupted(self._received)

    def guard_screen(self, suspend: Callable[[], None], resume: Callable[[], None]) -> None:
        """Give the terminal back while the program is stopped (Ctrl-Z), and on every way out."""
        self._restore = suspend

        def stop(number: int, _: FrameType | None) -> None:
            if self.held.is_now:
                self._stop_later = partial(stop, number, None)
                return
            suspend()
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
            # Here the program stands still, until SIGCONT.
            signal.signal(number, stop)
            resume()

        if signal.getsignal(signal.SIGTSTP) is not signal.SIG_IGN:
            signal.signal(signal.SIGTSTP, stop)

    def _handle(self, number: int, _: FrameType | None) -> None:
        if self._received is not None:
            self._leave_at_once()
        self._received, self._received_at = number, monotonic()
        if self.held.is_now:
            signal.setitimer(signal.ITIMER_REAL, _LAST_RESORT_SECONDS)
        else:
            raise Interrupted(number)

    def _leave_at_once(self, *_: object) -> None:
        # The second Ctrl-C, or something that blocks: there is no cleaner way left.
        if self._restore is not None:
            self._restore()
        os._exit(0 if self._received is None else 128 + self._received)
