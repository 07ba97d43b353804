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
from bfxstream.capture.sources import Source
from bfxstream.capture.steps import FORMAT, AnyStep, Begun, Ended, Failed, Lost, Opened, decode_line
from bfxstream.errors import CaptureFailed, UsageError
from bfxstream.protocol.channels import Subscription, parse_spec

_LOOKED_AT = 50
"""Lines within which a recording of another tool must have a frame."""

_NAMED = 5
"""Of the files of one recording, at most so many are named."""

_BEGINNING = b'{"step":"begun"'


class _Part(NamedTuple):
    source: Source
    begun: Begun


class Capture:
    """One recording; iterate `steps` once."""

    begun: Begun
    subscriptions: list[Subscription]

    def __init__(self, paths: Sequence[Path]) -> None:
        """Look at what the files are. Raises UsageError for what is no recording."""
        self._sources = [Source(path) for path in paths]
        self.size = sum(source.size for source in self._sources)
        """In bytes, of files; what comes through a pipe has none."""
        self.notes: list[str] = []
        """How the files were taken, where that is not plain."""
        self.broken = ""
        """Where it breaks off; known when the steps have been iterated."""
        self.missing_parts: list[int] = []
        """Numbers of those before the last that are not among the files."""
        self.ended = False
        """Whether its user has ended it."""
        self.foreign: Foreign | None = None
        self._parts: list[_Part] = []
        self._read_before = 0
        self._lines: Lines | None = None
        beginnings = [_beginning(source) for source in self._sources]
        if all(isinstance(begun, Begun) for begun in beginnings):
            found = zip(self._sources, beginnings, strict=True)
            self._take_parts([_Part(s, b) for s, b in found if isinstance(b, Begun)])
        elif any(isinstance(begun, Begun) for begun in beginnings):
            raise UsageError("some of these files are bfxstream's and some are another tool's")
        else:
            self._take_foreign()

    @property
    def position(self) -> int:
        """Bytes of the files that have been read."""
        return self._read_before + (self._lines.position if self._lines else 0)

    @property
    def missing_in_words(self) -> str:
        """Which parts are missing."""
        return f"part {', '.join(map(str, self.missing_parts))} of the recording is not there"

    def steps(self) -> Iterator[AnyStep]:
        """Everything in order. Raises CaptureFailed where a line is damaged."""
        if self.foreign is not None:
            return self.foreign.steps(self._all_lines(self._sources, _is_whole))
        return self._own_steps()

    # Ours.

    def _take_parts(self, parts: list[_Part]) -> None:
        parts.sort(key=lambda part: part.begun.part)
        _check_together(parts)
        numbers = [part.begun.part for part in parts]
        self._parts, self.begun = parts, parts[0].begun
        self.missing_parts = sorted({*range(1, numbers[-1])} - {*numbers})
        if self.missing_parts:
            self.notes.append(
                f"{self.missing_in_words}: after it, each connection is left out until it is made "
                "anew"
            )
        try:
            self.subscriptions = [parse_spec(spec) for spec in self.begun.subscriptions]
        except UsageError as error:
            raise UsageError(f"{parts[0].source.name}: {error.what}") from None

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
            for step in self._steps_of(part.source):
                if isinstance(step, Ended):
                    self.ended = True
                    continue
                if isinstance(step, (Opened, Failed)):
                    joined.add(step.connection)
                if step.connection in joined or not has_hole:
                    yield step

    def _steps_of(self, source: Source) -> Iterator[AnyStep]:
        for line in self._all_lines([source], lambda rest: False):
            try:
                step = decode_line(line)
            except (msgspec.DecodeError, ValueError):
                assert self._lines is not None
                raise self._lines.damage(self._lines.number) from None
            if not isinstance(step, Begun):
                yield step

    # Others'.

    def _take_foreign(self) -> None:
        self.foreign = found = Foreign(_undamaged(self._all_lines(self._sources, _is_whole)))
        self._read_before, self.broken = 0, ""
        name = " ".join(source.name for source in self._sources)
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

    def _all_lines(
        self, sources: Sequence[Source], takes: Callable[[bytes], bool]
    ) -> Iterator[bytes]:
        """Every line; the last without an end only if it is one all the same."""
        for source in sources:
            self._lines = lines = Lines(source)
            yield from lines
            if lines.rest and takes(lines.rest):
                lines.number += 1
                yield lines.rest
            elif lines.rest or lines.broken:
                self.broken = f"{source.name} breaks off after line {lines.number}"
            self._read_before += lines.position
            self._lines = None


def _check_together(parts: Sequence[_Part]) -> None:
    """Raise UsageError for parts of several recordings, or for one that is there twice."""
    names: dict[str, list[str]] = {}
    known: dict[int, str] = {}
    for part in parts:
        names.setdefault(part.begun.id, []).append(part.source.name)
    if len(names) > 1:
        groups = "; ".join(_few(each) for each in names.values())
        raise UsageError(f"these files are of {len(names)} recordings, to be given alone: {groups}")
    for part in parts:
        number, name = part.begun.part, part.source.name
        if number in known:
            raise UsageError(f"{known[number]} and {name} are the same part of the recording")
        known[number] = name


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _undamaged(lines: Iterator[bytes]) -> Iterator[bytes]:
    """The lines before any damage."""
    with suppress(CaptureFailed):
        yield from lines


def _is_whole(rest: bytes) -> bool:
    return read_noted(rest) is not None


def _unpackable(lines: Lines) -> Iterator[bytes]:
    """Those before what cannot be unpacked."""
    try:
        yield from lines
    except CaptureFailed:
        if not lines.broken:
            raise


def _beginning(source: Source) -> Begun | None:
    """How our recording begins; None for another tool's. Raises UsageError for anything else."""
    lines = Lines(source)
    looked_at = 0
    for line in chain(_unpackable(lines), iter(lambda: lines.rest, b"")):
        if looked_at == 0 and line.startswith(_BEGINNING):
            return _begun(source.name, line)
        noted = read_noted(line)
        if noted is not None and noted.frame:
            return None
        looked_at += 1
        if looked_at >= _LOOKED_AT or line is lines.rest:
            break
    if not looked_at and not lines.broken:
        raise UsageError(f"{source.name} is empty")
    raise UsageError(
        f"{source.name} is no recording: neither bfxstream's nor frames of the exchange, one a line"
    )


def _begun(name: str, line: bytes) -> Begun:
    with suppress(msgspec.DecodeError, ValueError):
        begun = decode_line(line)
        if isinstance(begun, Begun):
            if begun.format != FORMAT:
                raise UsageError(
                    f"{name} is of format {begun.format}, which this version does not know",
                    hint="use a newer bfxstream",
                )
            return begun
    raise UsageError(f"{name} is no recording: its first line is not whole")
