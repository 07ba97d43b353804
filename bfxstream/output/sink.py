"""What every output is: a sink that takes records and lets them leave the program."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from typing import Any, Protocol

from bfxstream.protocol.records import Record


class Sink(Protocol):
    """The last station of the one-way flow, chosen once when the run starts."""

    def write(self, records: Sequence[Record]) -> None:
        """Take what one read of the socket brought; a pipe's sink writes it out at once."""

    def tick(self, now: float) -> None:
        """Called after each read and whenever nothing comes, with `time.monotonic()`."""

    def close(self) -> None:
        """Leave the output as the user should find it."""


class SteadySink:
    """A sink that looks at books and counters: only while they do not change."""

    def __init__(self, sink: Sink, still: AbstractContextManager[Any]) -> None:
        """`still` is entered for each look."""
        self._sink = sink
        self._still = still

    def write(self, records: Sequence[Record]) -> None:
        with self._still:
            self._sink.write(records)

    def tick(self, now: float) -> None:
        with self._still:
            self._sink.tick(now)

    def close(self) -> None:
        with self._still:
            self._sink.close()


class Sinks:
    """Several sinks that take the same."""

    def __init__(self, sinks: Sequence[Sink]) -> None:
        self._sinks = sinks

    def write(self, records: Sequence[Record]) -> None:
        for sink in self._sinks:
            sink.write(records)

    def tick(self, now: float) -> None:
        for sink in self._sinks:
            sink.tick(now)

    def close(self) -> None:
        """Close each of them, in this order, whatever the others raise."""
        with ExitStack() as closing:
            for sink in reversed(self._sinks):
                closing.callback(sink.close)


class PacedSink:
    """A table of a clock that is not ours: drawn at our pace, as things were at its time."""

    def __init__(self, sink: Sink, clock: Callable[[], float], seconds: float = 0.1) -> None:
        """`seconds` are between two looks."""
        self._sink = sink
        self._clock = clock
        self._seconds = seconds
        self._looked_at = float("-inf")
        self.write = sink.write
        self.close = sink.close

    def tick(self, now: float) -> None:
        if now - self._looked_at >= self._seconds:
            self._looked_at = now
            self._sink.tick(self._clock())
