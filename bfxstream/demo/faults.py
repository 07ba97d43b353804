"""Faults on demand: between the feeds and the sockets, at the times that their plans say."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from functools import partial
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import NamedTuple

from bfxstream.demo.conditions import Condition, Conditions
from bfxstream.demo.fault_plans import FaultPlan, Kind, Moment, Schedule
from bfxstream.demo.link import Link
from bfxstream.demo.log import ServerLog
from bfxstream.demo.tampering import TAMPERINGS

_TRICKLE_SECONDS = 0.02
_CLOSE_CODES = (1000, 1001, 1011, 1012, 1013)
_RESTARTING = 1012

_CONDITIONS = {
    Kind.MAINTENANCE: Condition.MAINTENANCE,
    Kind.REJECT: Condition.REJECTING,
    Kind.HTTP_503: Condition.UNAVAILABLE,
    Kind.NO_HISTORY: Condition.NO_HISTORY,
}
"""What these kinds make of the whole exchange while they last."""

Details = dict[str, object]
"""What the log says about a fault besides its kind."""


class Due(NamedTuple):
    """A fault that waits for a connection, or a frame, that it can happen to."""

    kind: Kind
    lasting: float
    link: Link | None = None
    """The one that it must happen to."""


class Faults:
    """Carries the plans out. Times are seconds on whatever clock the caller passes as `now`."""

    def __init__(
        self,
        plans: Sequence[FaultPlan],
        rng: Random,
        conditions: Conditions,
        log: ServerLog,
    ) -> None:
        self._rng = rng
        self._conditions = conditions
        self._log = log
        self._plans = [plan for plan in plans if plan.on is None]
        self._schedules: list[Schedule] = []
        self._at_orders = [Schedule(plan, rng, 0.0) for plan in plans if plan.on is not None]
        self._for_orders: list[tuple[Moment, Due]] = []
        """Those that wait for an order, whatever the plans say."""
        self._orders = 0
        self._due: list[Due] = []
        self._ends: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()
        self._slow: set[Link] = set()
        self._trickle_at = math.inf
        self._frames = 0
        self.counts: Counter[str] = Counter()
        """How many of each kind have happened."""
        self._to_one: dict[Kind, Callable[[Link, float], Details]] = {
            Kind.DROP: self._drop,
            Kind.CLOSE: self._close,
            Kind.STALL: self._stall,
            Kind.SLOW: self._slow_down,
            Kind.MUTE: self._mute,
            Kind.REJECT: self._restart,
            Kind.HTTP_503: self._restart,
        }
        self._to_all: dict[Kind, Callable[[Collection[Link], float], Details]] = {
            Kind.RECONNECT: self._ask_to_reconnect,
            Kind.MAINTENANCE: self._maintain,
            Kind.NO_HISTORY: lambda _links, _until: {},
        }

    def inject(self, plan: FaultPlan) -> None:
        """Let one of the plan's faults happen as soon as it can, whatever its pace."""
        kind = self._rng.choice(plan.kinds)
        due = Due(kind, plan.lasting.get(kind, 0.0))
        if plan.on is None:
            self._due.append(due)
        else:
            self._for_orders.append((plan.on, due))

    def strike(self, moment: Moment, link: Link, now: float) -> bool:
        """Whether a fault happens to a connection at this moment of an order that came by it."""
        self._orders += moment is Moment.ORDER
        due = self._due_at(moment, now)
        if due is None:
            return False
        if due.kind in TAMPERINGS:
            self._due.append(due._replace(link=link))  # the next frame is the answer
        else:
            self._happen_to(link, due, now)
        return True

    def advance(self, now: float, links: Collection[Link]) -> None:
        """Do everything that is due."""
        while self._ends and self._ends[0][0] <= now:
            heappop(self._ends)[2]()
        if not self._schedules and any(link.serving for link in links):
            # Time begins with the first subscription, as the market's does.
            self._schedules = [Schedule(plan, self._rng, now) for plan in self._plans]
        for schedule in self._schedules:
            kind = schedule.take(now, self._frames)
            # One of a kind waits at most, or all that a quiet hour gathered would come at once.
            if kind and all(due.kind is not kind for due in self._due):
                self._due.append(Due(kind, schedule.plan.lasting.get(kind, 0.0)))
        self._due = [
            due
            for due in self._due
            if due.link in (None, *links) and not self._happens(due, links, now)
        ]
        if now >= self._trickle_at:
            self._trickle_at = now + _TRICKLE_SECONDS if self._slow else math.inf
            for link in self._slow:
                link.wire.trickle(self._rng)

    def next_due(self) -> float:
        """When `advance` should be called next, whatever else happens."""
        times = [schedule.due_at for schedule in self._schedules]
        times += [self._trickle_at, self._ends[0][0] if self._ends else math.inf]
        return min(times)

    def tamper(self, link: Link, payloads: list[bytes]) -> tuple[list[bytes], bool]:
        """What of a turn's frames is sent, and whether the last of them breaks off."""
        self._frames += len(payloads)
        waiting = [due for due in self._due if due.kind in TAMPERINGS and due.link in (None, link)]
        for due in waiting if link.serving else ():
            tampering = TAMPERINGS[due.kind](payloads, self._rng)
            if tampering is not None:
                self._due.remove(due)
                payloads = tampering.payloads
                self._note(due.kind, link, frame=tampering.what)
                if tampering.breaks_off:
                    return payloads, True
        return payloads, False

    def _happens(self, due: Due, links: Collection[Link], now: float) -> bool:
        """Whether it could be done: not where it is under way, or nobody is there to feel it."""
        if due.kind in TAMPERINGS:
            return False  # it waits for a frame
        condition = _CONDITIONS.get(due.kind)
        serving = [link for link in links if link.serving]
        if due.kind is Kind.MUTE:
            serving = [link for link in serving if link.session.channels()]
        if condition in self._conditions or not (serving or due.kind is Kind.NO_HISTORY):
            return False
        until = now + due.lasting
        if condition is not None:
            self._conditions.add(condition)
            self._at(until, partial(self._conditions.discard, condition))
        if due.kind in self._to_all:
            self._note(due.kind, None, **self._to_all[due.kind](links, until), **_seconds(due))
        else:
            self._happen_to(self._rng.choice(serving), due, now)
        return True

    def _happen_to(self, link: Link, due: Due, now: float) -> None:
        details = self._to_one[due.kind](link, now + due.lasting)
        self._note(due.kind, link, **details, **_seconds(due))

    def _due_at(self, moment: Moment, now: float) -> Due | None:
        """The fault that is due at this moment of an order."""
        for waiting in self._for_orders:
            if waiting[0] is moment:
                self._for_orders.remove(waiting)
                return waiting[1]
        for schedule in self._at_orders:
            if schedule.plan.on is moment and (kind := schedule.take(now, self._orders)):
                return Due(kind, schedule.plan.lasting.get(kind, 0.0))
        return None

    def _note(self, kind: Kind, link: Link | None, **details: object) -> None:
        self.counts[kind.value] += 1
        self._log.note("fault", link.number if link else None, kind=kind.value, **details)

    def _at(self, when: float, do: Callable[[], None]) -> None:
        if when < math.inf:
            heappush(self._ends, (when, next(self._numbers), do))

    def _drop(self, link: Link, _until: float) -> Details:
        link.wire.reset()
        return {}

    def _close(self, link: Link, _until: float) -> Details:
        code = self._rng.choice(_CLOSE_CODES)
        link.close(code)
        return {"code": code}

    def _stall(self, link: Link, until: float) -> Details:
        link.wire.stall()
        link.session.close()
        self._at(until, link.wire.abort)
        return {}

    def _slow_down(self, link: Link, until: float) -> Details:
        def end() -> None:
            self._slow.discard(link)
            link.wire.speed_up()

        link.wire.slow_down()
        self._slow.add(link)
        self._trickle_at = 0.0
        self._at(until, end)
        return {}

    def _mute(self, link: Link, _until: float) -> Details:
        chan_id = self._rng.choice(link.session.channels())
        link.session.mute(chan_id)
        return {"chan_id": chan_id}

    def _restart(self, link: Link, _until: float) -> Details:
        link.close(_RESTARTING)
        return {}

    def _ask_to_reconnect(self, links: Collection[Link], until: float) -> Details:
        asked = list(links)
        for link in asked:
            link.session.announce_stop()
            self._at(until, partial(link.close, _RESTARTING))
        return {"connections": [link.number for link in asked]}

    def _maintain(self, links: Collection[Link], until: float) -> Details:
        def end() -> None:
            for link in links:
                link.session.resume()

        for link in links:
            link.session.pause()
        self._at(until, end)
        return {}


def _seconds(due: Due) -> Details:
    return {"seconds": due.lasting} if 0 < due.lasting < math.inf else {}
