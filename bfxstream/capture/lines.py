"""A recording's file as lines: unpacked, and cut off behind the last whole one."""

from __future__ import annotations

from collections.abc import Iterator

from bfxstream.capture.compression import BrokenOff, Damaged, unpacked
from bfxstream.capture.sources import Source
from bfxstream.errors import CaptureFailed

MOST_LINE_BYTES = 64 << 20
"""Of one read: more is no recording, whatever it begins with."""


class Lines:
    """The lines of one file, without their ends; iterate it once."""

    def __init__(self, source: Source) -> None:
        """Raises UsageError where it cannot be opened, or cannot be unpacked here."""
        self.name = source.name
        self.number = 0
        """Of the line that came last."""
        self.rest = b""
        """What stands behind the last line that has an end."""
        self.broken = False
        """Whether the packed bytes cannot be had to their end."""
        self._read = 0
        self._file = source.open()
        self._pieces = unpacked(self._file, self.name)

    @property
    def position(self) -> int:
        """Bytes of the file that have been read."""
        return self._read if self._file.closed else self._file.tell()

    def __iter__(self) -> Iterator[bytes]:
        """Raises CaptureFailed where the file is damaged, behind the last line before that."""
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
                    raise CaptureFailed(f"{self.name}, line {self.number + 1}: it does not end")
        except BrokenOff:
            self.broken = True
        except Damaged:
            self.broken = True
            raise self.damage() from None
        except OSError as error:
            raise CaptureFailed(f"cannot read {self.name}: {error.strerror or error}") from None
        finally:
            self._read = self._file.tell()
            self._file.close()
        self.rest = b"".join(rest)

    def damage(self, number: int | None = None) -> CaptureFailed:
        """That this line is damaged, or the one after those that came."""
        return CaptureFailed(
            f"{self.name}, line {number or self.number + 1}: the recording is damaged"
        )
