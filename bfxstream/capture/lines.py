"""A recording's file as lines: unpacked, and cut off behind the last whole one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from bfxstream.capture.compression import BrokenOff, unpacked
from bfxstream.errors import CaptureFailed, UsageError

MOST_LINE_BYTES = 64 << 20
"""Of one read: more is no recording, whatever it begins with."""


class Lines:
    """The lines of one file, without their ends; iterate it once."""

    def __init__(self, path: Path) -> None:
        """Raises UsageError where it cannot be opened, or cannot be unpacked here."""
        self.path = path
        self.number = 0
        """Of the line that came last."""
        self.rest = b""
        """What stands behind the last line that has an end."""
        self.broken = False
        """Whether the packed bytes end in the middle."""
        self._file = _opened(path)
        self._pieces = unpacked(self._file, str(path))

    @property
    def position(self) -> int:
        """Bytes of the file that have been read."""
        return 0 if self._file.closed else self._file.tell()

    def __iter__(self) -> Iterator[bytes]:
        rest: list[bytes] = []
        size = 0
        try:
            for piece in self._pieces:
                *lines, end = piece.split(b"\n")
                if lines:
                    lines[0] = b"".join([*rest, lines[0]])
                    rest, size = [], 0
                for line in lines:
                    self.number += 1
                    yield line
                rest.append(end)
                size += len(end)
                if size > MOST_LINE_BYTES:
                    raise CaptureFailed(f"{self.path}, line {self.number + 1}: it does not end")
        except BrokenOff:
            self.broken = True
        except OSError as error:
            raise CaptureFailed(f"cannot read {self.path}: {error.strerror or error}") from None
        finally:
            self._file.close()
        self.rest = b"".join(rest)


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror or error}") from None
