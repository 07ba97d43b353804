"""Writes a recording, in one file or in parts, so that whatever happens leaves it readable.

Each call's lines leave in one write. A plain file has them at once; a packed one within
a second, as it is flushed every FLUSH_SECONDS while anything is written.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec.structs import replace

from bfxstream.capture.compression import Packer, packer_for
from bfxstream.capture.rotation import Rotation
from bfxstream.capture.steps import AnyStep, Begun, Ended, Line, Received, Text, encode_lines
from bfxstream.errors import CaptureFailed, UsageError

FLUSH_SECONDS = 0.25


class CaptureWriter:
    """One recording. Its calls raise CaptureFailed where the file takes no more."""

    def __init__(
        self,
        path: Path,
        begun: Begun,
        *,
        rotation: Rotation | None = None,
        force: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin it. Raises UsageError where there is such a file already and no `force`."""
        self.frames = 0
        """Received so far."""
        self.has_data = False
        """Whether anything was received but events: without it the recording is worth nothing."""
        self.size = 0
        """Bytes written so far, in all parts."""
        self._name = path
        self._begun = begun
        self._rotation = rotation
        self._force = force
        self._clock = clock
        self.failed = False
        """Whether the file has taken no more."""
        self._descriptor: int | None = None
        self._path = path
        self._part_size = 0
        self._part_at = self._flush_at = clock()
        self._packer: Packer = packer_for(path.name)
        self._is_flushed = True
        self._begin_part()

    @property
    def told(self) -> str:
        """Where it goes, in words."""
        parts = self._begun.part
        return str(self._path) if parts == 1 else f"{parts} files, the last {self._path}"

    def write(self, steps: Sequence[AnyStep]) -> None:
        """Write these lines, whole; none where the file has failed or is ended."""
        if self.failed or self._descriptor is None:
            return
        if self._is_part_full() and not isinstance(steps[0], Ended):
            self._end_part()
            first = steps[0]
            part = self._begun.part + 1
            self._begun = replace(self._begun, part=part, mts=first.mts, us=first.us)
            self._packer = packer_for(self._name.name)
            self._begin_part()
        for step in steps:
            if isinstance(step, Received):
                self.frames += len(step.frames)
                self.has_data = self.has_data or not all(map(_is_event, step.frames))
        self._write(steps)

    def close(self) -> None:
        """End the file. Safe to call twice."""
        if self._descriptor is not None:
            self._end_part()

    def discard_empty(self) -> bool:
        """Remove the closed file if it has no data, so that the next try finds none; whether it
        has been."""
        if self.has_data or self._begun.part > 1 or not self._path.is_file():
            return False
        self._path.unlink()
        return True

    def _write(self, lines: Sequence[Line]) -> None:
        data = self._packer.pack(encode_lines(lines))
        self._is_flushed = False
        self._put(data + self._due())

    def flush_if_due(self) -> None:
        """Let what was written be in the file soon, where nothing more comes for a while."""
        if not self._is_flushed and not self.failed and self._descriptor is not None:
            self._put(self._due())

    def _due(self) -> bytes:
        """What was packed and is to be in the file by now."""
        now = self._clock()
        if now < self._flush_at:
            return b""
        self._is_flushed = True
        self._flush_at = now + FLUSH_SECONDS
        return self._packer.flush()

    def _put(self, data: bytes) -> None:
        left = memoryview(data)
        while left and self._descriptor is not None:
            try:
                left = left[os.write(self._descriptor, left) :]
            except OSError as error:
                self.failed = True
                raise self._failure(error) from None
        self.size += len(data)
        self._part_size += len(data)

    def _is_part_full(self) -> bool:
        rotation = self._rotation
        if rotation is None:
            return False
        if rotation.size is not None and self._part_size >= rotation.size:
            return True
        return rotation.seconds is not None and self._clock() >= self._part_at + rotation.seconds

    def _begin_part(self) -> None:
        self._path = self._part_path()
        self._descriptor = self._open(self._path)
        self._part_size = 0
        self._part_at = self._flush_at = self._clock()
        self._write([self._begun])

    def _end_part(self) -> None:
        descriptor = self._descriptor
        if descriptor is None:
            return
        try:
            if not self.failed:
                self._put(self._packer.finish())
        finally:
            self._descriptor = None
            os.close(descriptor)

    def _part_path(self) -> Path:
        """With its time in the name, where there are parts: `btc-20261123T190000Z.jsonl.gz`."""
        path = self._name
        if self._rotation is None:
            return path
        stem = path.name.removesuffix(".gz").removesuffix(".zst").removesuffix(".jsonl")
        endings = path.name[len(stem) :]
        began = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(self._begun.mts / 1000))
        part = path.with_name(f"{stem}-{began}{endings}")
        number = 1
        while part.exists() and (self._begun.part > 1 or not self._force):
            number += 1
            part = path.with_name(f"{stem}-{began}-{number}{endings}")
        return part

    def _open(self, path: Path) -> int:
        flags = os.O_WRONLY | os.O_CREAT
        try:
            if path.exists() and not stat.S_ISREG(path.stat().st_mode):
                return os.open(path, os.O_WRONLY)
            # What an account has is its owner's alone.
            mode = 0o600 if self._begun.account_url else 0o666
            return os.open(path, flags | (os.O_TRUNC if self._force else os.O_EXCL), mode)
        except FileExistsError:
            raise UsageError(
                f"{path} exists already",
                hint="choose another name, remove it, or let record --force replace it",
            ) from None
        except OSError as error:
            raise self._failure(error) from None

    def _failure(self, error: OSError) -> CaptureFailed:
        return CaptureFailed(f"cannot write {self._path}: {error.strerror or error}")


def _is_event(frame: Text) -> bool:
    return isinstance(frame, str) and frame.startswith("{")
