"""Files that are read more than once: what comes through a pipe is kept while it is read."""

from __future__ import annotations

import io
import os
import stat
import tempfile
from pathlib import Path
from typing import BinaryIO

from bfxstream.errors import UsageError

_STDIN = Path("/dev/stdin")
_BUFFER_BYTES = 65536


class Source:
    """One file, from its beginning as often as it is opened; `-` is standard input."""

    def __init__(self, path: Path) -> None:
        """Raises UsageError where it cannot be opened, or is a terminal."""
        is_stdin = path == Path("-")
        self.name = "standard input" if is_stdin else str(path)
        self.size = 0
        """In bytes; 0 where that is not known."""
        self._path = _STDIN if is_stdin else path
        self._pipe: _Pipe | None = None
        try:
            file = self._path.open("rb", buffering=0)
        except OSError as error:
            raise self._failure(error) from None
        found = os.fstat(file.fileno())
        if stat.S_ISREG(found.st_mode):
            self.size = found.st_size
            file.close()
        elif file.isatty():
            file.close()
            raise UsageError(f"{self.name} is a terminal", hint="give a recording, or pipe one in")
        else:
            self._pipe = _Pipe(file)

    def open(self) -> BinaryIO:
        """Its bytes. Raises UsageError where it has gone."""
        if self._pipe is not None:
            return io.BufferedReader(_Again(self._pipe), _BUFFER_BYTES)
        try:
            return self._path.open("rb")
        except OSError as error:
            raise self._failure(error) from None

    def _failure(self, error: OSError) -> UsageError:
        return UsageError(f"cannot read {self.name}: {error.strerror or error}")


class _Pipe:
    """What can be read but once, and what has been."""

    def __init__(self, file: io.FileIO) -> None:
        self._file = file
        self._kept = tempfile.TemporaryFile()  # noqa: SIM115  as long as there is the pipe

    def read(self, at: int, most: int) -> bytes:
        """What comes there; nothing at the end."""
        self._kept.seek(at)
        data = self._kept.read(most)
        if not data:
            data = self._file.read(most) or b""
            self._kept.write(data)
        return data


class _Again(io.RawIOBase):
    """A pipe from its beginning."""

    def __init__(self, pipe: _Pipe) -> None:
        self._pipe = pipe
        self._at = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._pipe.read(self._at, len(buffer))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def tell(self) -> int:
        return self._at
