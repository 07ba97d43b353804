"""What every output is: a sink that takes records and lets them leave the program."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from bfxstream.protocol.records import Record


class Sink(Protocol):
    """The last station of the one-way flow, chosen once when the run starts."""

    def write(self, records: Sequence[Record]) -> None:
        """Take what one read of the socket brought; a pipe's sink writes it out at once."""

    def tick(self, now: float) -> None:
        """Called after each read and whenever nothing comes, with `time.monotonic()`."""

    def close(self) -> None:
        """Leave the output as the user should find it."""
