"""Reads a recording again: ours, in one file or in parts, or what other tools recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import msgspec

from bfxstream.capture.foreign import Foreign, read_noted
from bfxstream.capture.lines import Lines
from bfxstream.capture.steps import FORMAT, AnyStep, Begun, Ended, Failed, Lost, Opened, decode_line
from bfxstream.errors import CaptureFailed, UsageError
from bfxstream.protocol.channels import Subscription, parse_spec

_LOOKED_AT = 50
"""Lines within which a recording of another tool must have a frame."""

_BEGINNING = b'{"step":"begun"'


class _Part(NamedTuple):
    path: Path
    begun: Begun


class Capture:
    """One recording; iterate `steps` once."""

    begun: Begun
    subscriptions: list[Subscription]

    def __init__(self, paths: Sequence[Path]) -> None:
        """Look at what the files are. Raises UsageError for what is no recording."""
        self.size = sum(path.stat().st_size for path in paths if path.exists())
        self.notes: list[str] = []
        """How the files were taken, where that is not plain."""
        self.broken = ""
        """Where it breaks off; known when the steps have been iterated."""
        self.ended = False
        """Whether its user has ended it."""
        self.foreign: Foreign | None = None
        self._paths = list(paths)
        self._parts: list[_Part] = []
        self._read_before = 0
        self._lines: Lines | None = None
        beginnings = [_beginning(path) for path in paths]
        if all(isinstance(begun, Begun) for begun in beginnings):
            found = zip(paths, beginnings, strict=True)
            self._take_parts([_Part(p, b) for p, b in found if isinstance(b, Begun)])
        elif any(isinstance(begun, Begun) for begun in beginnings):
            raise UsageError("some of these files are bfxstream's and some are another tool's")
        else:
            self._take_foreign()

    @property
    def position(self) -> int:
        """Bytes of the files that have been read."""
        return self._read_before + (self._lines.position if self._lines else 0)

    def steps(self) -> Iterator[AnyStep]:
        """Everything in order. Raises CaptureFailed where a line is damaged."""
        if self.foreign is not None:
            return self.foreign.steps(self._all_lines(self._paths, _is_whole))
        return self._own_steps()

    # Ours.

    def _take_parts(self, parts: list[_Part]) -> None:
        parts.sort(key=lambda part: part.begun.part)
        if len({part.begun.id for part in parts}) > 1:
            raise UsageError(
                "these files are of different recordings", hint="give those of one at a time"
            )
        numbers = [part.begun.part for part in parts]
        if len(set(numbers)) < len(numbers):
            raise UsageError("one part of the recording is given twice")
        self._parts, self.begun = parts, parts[0].begun
        if missing := sorted({*range(1, numbers[-1])} - {*numbers}):
            names = ", ".join(map(str, missing))
            self.notes.append(
                f"part {names} of the recording is not there: after it, each connection is left "
                "out until it is made anew"
            )
        try:
            self.subscriptions = [parse_spec(spec) for spec in self.begun.subscriptions]
        except UsageError as error:
            raise UsageError(f"{parts[0].path}: {error.what}") from None

    def _own_steps(self) -> Iterator[AnyStep]:
        joined: set[int] = set()
        next_part, has_hole = 1, False
        for part in self._parts:
            begun = part.begun
            if begun.part != next_part:
                for number in joined:
                    yield Lost(number, begun.mts, begun.us, "a part of the recording is missing")
                joined.clear()
                has_hole = True
            next_part = begun.part + 1
            for step in self._steps_of(part.path):
                if isinstance(step, Ended):
                    self.ended = True
                    continue
                if isinstance(step, (Opened, Failed)):
                    joined.add(step.connection)
                if step.connection in joined or not has_hole:
                    yield step

    def _steps_of(self, path: Path) -> Iterator[AnyStep]:
        for line in self._all_lines([path], lambda rest: False):
            try:
                step = decode_line(line)
            except (msgspec.DecodeError, ValueError):
                number = self._lines.number if self._lines else 0
                raise CaptureFailed(f"{path}, line {number}: the recording is damaged") from None
            if not isinstance(step, Begun):
                yield step

    # Others'.

    def _take_foreign(self) -> None:
        self.foreign = found = Foreign(self._all_lines(self._paths, _is_whole))
        self._read_before, self.broken = 0, ""
        name = " ".join(map(str, self._paths))
        if not found.subscriptions:
            raise UsageError(
                f"{name}: {found.frames} frames, but no 'subscribed' event says what they are"
            )
        times = "without times"
        if found.has_times:
            times = "with the times of their arrival"
        elif found.stamped:
            times = "with the exchange's times"
        others = f"; {found.others} lines are no frames" if found.others else ""
        self.notes.append(f"{name}: taken as frames of another tool, one a line, {times}{others}")
        self.subscriptions = found.subscriptions
        self.begun = Begun(
            id="",
            mts=int(found.first_mts),
            us=int(found.first_mts * 1000),
            url=found.url or "wss://api-pub.bitfinex.com/ws/2",
            subscriptions=[each.spec for each in found.subscriptions],
            seed=0,
        )

    # Both.

    def _all_lines(self, paths: Sequence[Path], takes: Callable[[bytes], bool]) -> Iterator[bytes]:
        """Every line; the last without an end only if it is one all the same."""
        for path in paths:
            self._lines = lines = Lines(path)
            yield from lines
            if lines.rest and takes(lines.rest):
                lines.number += 1
                yield lines.rest
            elif lines.rest or lines.broken:
                self.broken = f"{path} breaks off behind line {lines.number}"
            self._read_before += path.stat().st_size
            self._lines = None


def _is_whole(rest: bytes) -> bool:
    return read_noted(rest) is not None


def _beginning(path: Path) -> Begun | None:
    """How our recording begins; None for another tool's. Raises UsageError for anything else."""
    lines = Lines(path)
    looked_at = 0
    for line in chain(lines, iter(lambda: lines.rest, b"")):
        if looked_at == 0 and line.startswith(_BEGINNING):
            return _begun(path, line)
        noted = read_noted(line)
        if noted is not None and noted.frame:
            return None
        looked_at += 1
        if looked_at >= _LOOKED_AT or line is lines.rest:
            break
    if not looked_at:
        raise UsageError(f"{path} is empty" if not path.stat().st_size else _no_recording(path))
    raise UsageError(_no_recording(path))


def _no_recording(path: Path) -> str:
    return f"{path} is no recording: neither bfxstream's nor frames of the exchange, one a line"


def _begun(path: Path, line: bytes) -> Begun:
    with suppress(msgspec.DecodeError, ValueError):
        begun = decode_line(line)
        if isinstance(begun, Begun):
            if begun.format != FORMAT:
                raise UsageError(
                    f"{path} is of format {begun.format}, which this version does not know",
                    hint="use a newer bfxstream",
                )
            return begun
    raise UsageError(f"{path} is no recording: its first line is not whole")
