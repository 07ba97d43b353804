"""Faults as values: which kinds there are, and how often one is wanted."""

from __future__ import annotations

import enum
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random

from bfxstream.durations import parse_duration
from bfxstream.errors import UsageError


class Kind(enum.Enum):
    """What can go wrong."""

    DROP = "drop"  # the connection breaks off with a TCP RST
    CLOSE = "close"  # it is closed with a close frame
    STALL = "stall"  # it stays open, and nothing is sent or answered any more
    TRUNCATE = "truncate"  # it ends in the middle of a frame
    SLOW = "slow"  # it trickles
    MUTE = "mute"  # one channel falls silent until it is subscribed anew
    SKIP = "skip"  # a frame is lost, with its sequence number
    DUP = "dup"  # a frame comes twice, with one sequence number
    CORRUPT_CHECKSUM = "corrupt-checksum"  # a book's checksum is wrong
    GARBAGE = "garbage"  # something comes that is no frame of the API
    RECONNECT = "reconnect"  # info 20051: all clients are asked to reconnect
    MAINTENANCE = "maintenance"  # info 20060, and after a while 20061
    REJECT = "reject"  # a connection is closed, and subscriptions are refused for a while
    HTTP_503 = "http-503"  # a connection is closed, and handshakes are refused for a while
    NO_HISTORY = "no-history"  # REST has no past trades


class Moment(enum.Enum):
    """When a fault strikes the connection that an order comes by."""

    ORDER = "order"  # as it comes: it is lost
    ANSWER = "answer"  # when it has been carried out: nobody hears of it, or not of all


LASTING: Mapping[Kind, float] = {
    Kind.STALL: 60.0,
    Kind.SLOW: 5.0,
    Kind.RECONNECT: 5.0,
    Kind.MAINTENANCE: 10.0,
    Kind.REJECT: 10.0,
    Kind.HTTP_503: 10.0,
    Kind.NO_HISTORY: math.inf,
}
"""Seconds that faults of a kind last; after `reconnect`, the server goes."""

ALL = tuple(kind for kind in Kind if kind is not Kind.NO_HISTORY)
"""What `all` mixes: everything that a client can recover from without loss."""

_USUAL_SECONDS = 30.0
_FORMS = "use KIND[:every=30s|1000][,for=10s], such as drop:every=5s, or skip:every=1000 (frames)"

_STRIKING: Mapping[Moment, tuple[Kind, ...]] = {
    Moment.ORDER: (Kind.DROP, Kind.STALL),
    Moment.ANSWER: (Kind.DROP, Kind.STALL, Kind.TRUNCATE),
}
_STRIKING_FORMS = "use drop or stall with on=order; drop, stall or truncate with on=answer"


@dataclass(frozen=True)
class FaultPlan:
    """Faults of some kinds in turn; without `seconds` or `frames` one, and at once."""

    kinds: tuple[Kind, ...]
    seconds: float | None = None
    """Between two of them, on average."""
    frames: int | None = None
    """Sent to all clients between two of them, on average; orders, where `on` is given."""
    on: Moment | None = None
    """Each strikes at an order, not at a time of its own."""
    lasting: Mapping[Kind, float] = field(default_factory=lambda: LASTING)


def parse_fault(spec: str) -> FaultPlan:
    """Read `KIND[:every=TIME|FRAMES][,for=TIME]` or `all[:every=…][,scale=NUMBER]`.

    With `on=order` or `on=answer` it strikes at each order, or at every so many with `every`.

    Raises UsageError that names the spec and what is allowed.
    """
    name, _, rest = spec.partition(":")
    kinds = ALL if name == "all" else tuple(kind for kind in Kind if kind.value == name)
    if not kinds:
        known = ", ".join(["all", *(kind.value for kind in Kind)])
        raise UsageError(f"{name!r} is no fault", hint=f"use one of {known}")
    options = _options(rest)
    lasting = dict(LASTING)
    scale = options.pop("scale", None) if name == "all" else None
    if scale is not None:
        lasting = {kind: seconds * _factor(spec, scale) for kind, seconds in LASTING.items()}
    duration = options.pop("for", None) if kinds[0] in LASTING else None
    if duration is not None:
        lasting[kinds[0]] = _seconds(spec, duration)
    every = options.pop("every", None)
    on = options.pop("on", None)
    if options:
        raise UsageError(f"in {spec!r}: {name} has no {next(iter(options))!r}", hint=_FORMS)
    if on is not None:
        return _at_orders(spec, kinds, on, every, lasting)
    if every is None:
        usual = None if kinds == (Kind.NO_HISTORY,) else _USUAL_SECONDS
        return FaultPlan(kinds, usual, lasting=lasting)
    if re.fullmatch("[1-9][0-9]*", every):
        return FaultPlan(kinds, frames=int(every), lasting=lasting)
    return FaultPlan(kinds, _seconds(spec, every), lasting=lasting)


def _at_orders(
    spec: str, kinds: tuple[Kind, ...], on: str, every: str | None, lasting: Mapping[Kind, float]
) -> FaultPlan:
    moment = next((moment for moment in Moment if moment.value == on), None)
    if moment is None or kinds[0] not in _STRIKING[moment] or len(kinds) > 1:
        raise UsageError(f"in {spec!r}: no such fault strikes on={on}", hint=_STRIKING_FORMS)
    if not re.fullmatch("[1-9][0-9]*", every or "1"):
        raise UsageError(f"in {spec!r}: {every!r} is no number of orders", hint=_STRIKING_FORMS)
    return FaultPlan(kinds, frames=int(every or 1), on=moment, lasting=lasting)


def _options(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in text.split(",") if part)
    return {name: value for name, _, value in pairs}


def _seconds(spec: str, text: str) -> float:
    seconds = parse_duration(text)
    if not seconds:
        raise UsageError(f"in {spec!r}: {text!r} is not a time", hint=_FORMS)
    return seconds


def _factor(spec: str, text: str) -> float:
    try:
        factor = float(text)
    except ValueError:
        factor = math.nan
    if not 0 < factor < math.inf:
        raise UsageError(f"in {spec!r}: {text!r} is not a factor", hint=_FORMS)
    return factor


class Schedule:
    """When the next fault of a plan is due, give or take a half of the time between two."""

    def __init__(self, plan: FaultPlan, rng: Random, now: float) -> None:
        self.plan = plan
        self._rng = rng
        self._bag: list[Kind] = []
        self.due_at = math.inf if plan.frames else now
        """On the caller's clock; infinity where frames decide."""
        self._due_frames = 0
        if plan.seconds or plan.frames:
            self._set_next(now, 0)

    def take(self, now: float, frames: int) -> Kind | None:
        """The fault that is due by now, or by so many frames sent; None for none."""
        if now < self.due_at and not (self.plan.frames and frames >= self._due_frames):
            return None
        self._set_next(now, frames)
        if not self._bag:
            # Each kind once before any comes again.
            self._bag = self._rng.sample(self.plan.kinds, len(self.plan.kinds))
        return self._bag.pop()

    def _set_next(self, now: float, frames: int) -> None:
        factor = self._rng.uniform(0.5, 1.5)
        if self.plan.frames:
            self._due_frames = frames + max(1, round(self.plan.frames * factor))
        else:
            self.due_at = now + self.plan.seconds * factor if self.plan.seconds else math.inf
