"""Frames that other tools recorded, a line each, perhaps with the time before: as our steps."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from bfxstream.capture.steps import AnyStep, Lost, Opened, Received, Sent, texts_of
from bfxstream.errors import UsageError
from bfxstream.protocol.channels import Subscription, parse_spec
from bfxstream.protocol.codes import API_VERSION, Conf
from bfxstream.protocol.decode import UNREADABLE
from bfxstream.protocol.objects import ObjectFrame, decode_object

HELLO = b'{"event":"info","version":%d}' % API_VERSION
"""What a session begins with; put in where a recording has it not."""

_LINE = re.compile(
    rb"(?:(?P<url>wss?://\S+) (?P<arrow><->|<-|->) )?"
    rb"(?:(?P<time>\d{9,}(?:\.\d+)?)(?:: |$))?(?P<frame>[\[{].*)?"
)
_FRAME = re.compile(rb'\[\s*\d+\s*,.*\]\s*|\{.*"event".*\}\s*', re.DOTALL)
_SERVER_MTS = re.compile(rb",(\d{13})\]\s*$")
_SECONDS_BELOW = 1e11
"""A time since 1970 below this is in seconds, else in milliseconds."""

_CONNECTION = 1


class Noted(NamedTuple):
    """One line: `direction` is `received`, `sent` or `opened`; `time` in ms, where it is told."""

    direction: str
    time: float | None
    frame: bytes


def read_noted(line: bytes) -> Noted | None:
    """What a line of another tool says; None where it is no frame."""
    match = _LINE.fullmatch(line.strip())
    if match is None:
        return None
    time, frame = match["time"], match["frame"] or b""
    mts = None if time is None else float(time) * (1000 if float(time) < _SECONDS_BELOW else 1)
    if match["arrow"] == b"<->" and not frame:
        return Noted("opened", mts, b"")
    if _FRAME.fullmatch(frame) is None:
        return None
    return Noted("sent" if match["arrow"] == b"<-" else "received", mts, frame)


def subscription_told(event: ObjectFrame) -> Subscription | None:
    """What a `subscribed` event has confirmed; None where it is no channel that we know."""
    match event.channel:
        case "book":
            parts = ("book", event.symbol, event.prec, event.freq, event.len)
            spec = ":".join(str(part) for part in parts if part is not None)
        case "candles":
            spec = f"candles:{(event.key or '').removeprefix('trade:')}"
        case "status":
            spec = event.key or ""
        case channel:
            spec = f"{channel}:{event.symbol}"
    try:
        return parse_spec(spec)
    except UsageError:
        return None


def told_event(frame: bytes) -> ObjectFrame | None:
    """The event that a frame is, if it is one."""
    if not frame.startswith(b"{"):
        return None
    try:
        return decode_object(frame)
    except UNREADABLE:
        return None


class Foreign:
    """What must be known of a recording before it is played, and its lines as steps."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        """Look through all lines once."""
        self.subscriptions: list[Subscription] = []
        """What was confirmed, each once."""
        self.url = ""
        self.frames = 0
        self.others = 0
        """Lines that are no frames."""
        self.has_times = False
        self.stamped = False
        """Whether the frames have the exchange's time."""
        self.first_mts = 0.0
        found: dict[Subscription, None] = {}
        for line in lines:
            noted = read_noted(line)
            if noted is None:
                self.others += bool(line.strip())
                continue
            self._note_url(line)
            if noted.time is not None and not self.has_times:
                self.has_times, self.first_mts = True, noted.time
            if noted.direction != "received":
                continue
            self.frames += 1
            event = told_event(noted.frame)
            if event is None:
                self._note_stamp(noted.frame)
                continue
            if event.event == "conf":
                self.stamped = bool((event.flags or 0) & Conf.TIMESTAMP)
            elif event.event == "subscribed" and (told := subscription_told(event)):
                found[told] = None
        self.subscriptions = list(found)

    def _note_url(self, line: bytes) -> None:
        if not self.url and line.startswith((b"ws://", b"wss://")):
            self.url = line.partition(b" ")[0].decode("utf-8", "replace")

    def _note_stamp(self, frame: bytes) -> None:
        """Where no line has a time, the exchange's first is that of all before it."""
        if self.stamped and not self.has_times and not self.first_mts:
            stamp = _SERVER_MTS.search(frame)
            self.first_mts = float(stamp[1]) if stamp else 0.0

    def steps(self, lines: Iterable[bytes]) -> Iterator[AnyStep]:
        """The lines as one connection after the other, each frame a read of its own."""
        mts, us, opened, greeted = self.first_mts, int(self.first_mts * 1000), False, False
        for noted in filter(None, map(read_noted, lines)):
            mts = max(mts, self._time_of(noted, mts))
            us = max(us + 1, int(mts * 1000))
            at = (_CONNECTION, int(mts), us)
            event = told_event(noted.frame) if noted.direction == "received" else None
            is_hello = event is not None and event.event == "info" and event.version is not None
            if noted.direction == "opened" or (is_hello and greeted):
                if greeted:
                    yield Lost(*at, "another connection follows")
                    opened = False
                greeted = False
            if not opened:
                opened = True
                yield Opened(*at, self.url)
            if noted.direction == "sent":
                yield Sent(*at, texts_of([noted.frame]))
            elif noted.direction == "received":
                frames = [noted.frame] if greeted or is_hello else [HELLO, noted.frame]
                greeted = True
                yield Received(*at, texts_of(frames))

    def _time_of(self, noted: Noted, last: float) -> float:
        if noted.time is not None:
            return noted.time
        stamp = _SERVER_MTS.search(noted.frame) if self.stamped else None
        return float(stamp[1]) if stamp else last
