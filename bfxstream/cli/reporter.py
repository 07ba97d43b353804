"""Events of the stream as lines on standard error, as many as the user wants to see."""

from __future__ import annotations

from bfxstream.cli.options import Settings
from bfxstream.cli.stderr import say
from bfxstream.protocol.events import Connected, Event, Reconnecting, Subscribed


class Reporter:
    """Says what went wrong and what became of it; with `-v` everything, with `-q` nothing."""

    def __init__(self, settings: Settings, *, silent: bool) -> None:
        self._verbose = settings.verbose or settings.debug
        self._silent = silent or settings.quiet
        self._was_connected = False

    def report(self, event: Event) -> None:
        """Say an event, if it is for this user."""
        if isinstance(event, Connected):
            self._was_connected = True
        if self._silent or (self._is_routine(event) and not self._verbose):
            return
        say(event.sentence())

    def frame(self, direction: str, frame: bytes) -> None:
        """Show one frame, for `--debug`."""
        say(f"{direction} {frame.decode('utf-8', 'replace')}")

    def _is_routine(self, event: Event) -> bool:
        # Attempts before the first connection end in one error line, not in ten.
        first_attempts = isinstance(event, Reconnecting) and not self._was_connected
        return first_attempts or isinstance(event, (Connected, Subscribed))
