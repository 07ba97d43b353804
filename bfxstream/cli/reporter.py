"""Events of the stream as lines on standard error, as many as the user wants to see."""

from __future__ import annotations

from typing import Protocol

from bfxstream.cli.stderr import say
from bfxstream.protocol.events import (
    Backfilled,
    Backfilling,
    Connected,
    Event,
    Reconnecting,
    Spread,
    Subscribed,
)

_ROUTINE = (Connected, Subscribed, Backfilling, Backfilled)
"""What promises are kept by; where one cannot be, a gap is said."""


class Loudness(Protocol):
    """How much the user wants to hear."""

    @property
    def quiet(self) -> bool: ...

    @property
    def verbose(self) -> bool: ...

    @property
    def debug(self) -> bool: ...


class Reporter:
    """Says what went wrong and what became of it; with `-v` everything, with `-q` nothing."""

    def __init__(self, settings: Loudness, *, silent: bool) -> None:
        self._verbose = settings.verbose or settings.debug
        self._silent = silent or settings.quiet
        self._was_connected = False
        self._several = False

    def report(self, event: Event) -> None:
        """Say an event, if it is for this user."""
        if isinstance(event, Connected):
            self._was_connected = True
        self._several = self._several or isinstance(event, Spread) or event.connection > 1
        if self._silent or (self._is_routine(event) and not self._verbose):
            return
        say(self._which(event.connection) + event.sentence())

    def warn(self, text: str) -> None:
        """Say what the user should mend."""
        if not self._silent:
            say(text)

    def frames(self, connection: int, direction: str, _mts: int, frames: list[bytes]) -> None:
        """Show what was sent or received, for `--debug`."""
        for frame in frames:
            say(f"{self._which(connection)}{direction} {frame.decode('utf-8', 'replace')}")

    def _which(self, connection: int) -> str:
        return f"connection {connection}: " if self._several and connection else ""

    def _is_routine(self, event: Event) -> bool:
        # Attempts before the first connection end in one error line, not in ten.
        first_attempts = isinstance(event, Reconnecting) and not self._was_connected
        return first_attempts or isinstance(event, _ROUTINE)
