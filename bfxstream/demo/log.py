"""What the server did and what was done to it, with times: for people and for tests."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import msgspec

_KEPT = 100_000
"""Entries that are remembered; a file has them all."""


class LogEntry(NamedTuple):
    """One thing that happened at `mts`, in milliseconds since 1970 by the machine's clock."""

    mts: int
    event: str
    """`connected`, `closed`, `refused`; `fault`; `behind`, where the market could not keep its
    pace; and at last `stopped`."""
    connection: int | None
    """The number of the WebSocket connection that it happened to, from 1."""
    details: dict[str, Any]


class ServerLog:
    """The entries in memory and, where a path is given, as JSON Lines in a file.

    Raises OSError, which names the file, where it cannot be written: once.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.entries: list[LogEntry] = []
        self._path = path
        self._file: BinaryIO | None = None if path is None else path.open("wb", buffering=0)

    def note(self, event: str, connection: int | None = None, **details: Any) -> None:
        """Add an entry."""
        entry = LogEntry(wall_ms(), event, connection, details)
        self.entries.append(entry)
        if len(self.entries) > _KEPT + _KEPT // 4:
            del self.entries[:-_KEPT]
        if self._path is not None and self._file is not None:
            line = {"mts": entry.mts, "event": event, "connection": connection, **details}
            file, self._file = self._file, None
            with naming(self._path):
                file.write(msgspec.json.encode(line) + b"\n")
            self._file = file

    def close(self) -> None:
        """Close the file; nothing may be noted after."""
        if self._file is not None:
            self._file.close()


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Let an OSError of writing say which file it was: the system does not."""
    try:
        yield
    except OSError as error:
        error.filename = str(path)
        raise


def wall_ms() -> int:
    """The machine's clock."""
    return time.time_ns() // 1_000_000
