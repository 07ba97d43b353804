"""How long a run took to be whole again after each fault that its exchange's log has."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

Line = dict[str, Any]

PASSED_OVER = ("slow", "dup", "garbage", "no-history")
"""After these nothing need be subscribed anew."""

_OF_ONE_CHANNEL = ("mute", "corrupt-checksum")
_CHANNEL = re.compile(r"\[(\d+),")


@dataclass
class Healing:
    """What became of the faults of one kind; times in seconds."""

    faults: int = 0
    noticed_after: list[float] = field(default_factory=list)
    healed_after: list[float] = field(default_factory=list)
    """Until everything that the fault concerned was subscribed anew."""


class Events:
    """The events of a run, by what they concern."""

    def __init__(self, events: Iterable[Line]) -> None:
        self.subscribed: defaultdict[str, list[int]] = defaultdict(list)
        """By spec, when (ms)."""
        self.specs: dict[int, str] = {}
        self.broken: list[tuple[int, str | None]] = []
        """When (ms), and which spec; None for all."""
        for event in events:
            kind, mts, spec = event["event"], event["mts"], event.get("spec")
            if kind == "subscribed":
                self.subscribed[event["spec"]].append(mts)
                self.specs[event["chan_id"]] = event["spec"]
            elif kind in ("reconnecting", "resync", "maintenance") or (kind == "gap" and not spec):
                self.broken.append((mts, spec))

    def noticed(self, spec: str | None, since: int) -> int | None:
        """When it was first told that this spec, or all of them, needs healing; None for never."""
        times = (mts for mts, which in self.broken if mts >= since and which in (None, spec))
        return next(times, None)

    def healed(self, spec: str | None, since: int) -> int | None:
        """When this spec, or every one, had been subscribed since then; None for never."""
        times = []
        for joined in [self.subscribed[spec]] if spec else self.subscribed.values():
            place = bisect_left(joined, since)
            if place == len(joined):
                return None
            times.append(joined[place])
        return max(times, default=None)


def healings(log: Iterable[Line], events: Events) -> dict[str, Healing]:
    """By kind of fault."""
    found: defaultdict[str, Healing] = defaultdict(Healing)
    for fault in log:
        if fault["event"] != "fault":
            continue
        kind, mts = fault["kind"], fault["mts"]
        healing = found[kind]
        healing.faults += 1
        if kind in PASSED_OVER:
            continue
        spec = events.specs.get(_channel_of(fault)) if kind in _OF_ONE_CHANNEL else None
        noticed, healed = events.noticed(spec, mts), events.healed(spec, mts)
        if noticed is not None:
            healing.noticed_after.append((noticed - mts) / 1000)
        if healed is not None:
            healing.healed_after.append((healed - mts) / 1000)
    return dict(found)


def _channel_of(fault: Line) -> int:
    if "chan_id" in fault:
        return int(fault["chan_id"])
    match = _CHANNEL.match(fault["frame"])
    assert match is not None
    return int(match[1])
