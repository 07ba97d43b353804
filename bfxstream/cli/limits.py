"""When a run is done: after a count or a time, at a record, or when nothing comes any more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from bfxstream.cli.options import Settings
from bfxstream.errors import NothingReceived
from bfxstream.protocol.channels import Subscription
from bfxstream.protocol.events import Event

ONCE_TIMEOUT = 30.0
"""Seconds without a record after which `--once` gives up, unless `--timeout` says otherwise."""

_NAMED = 5
"""Of the subscriptions that are silent, at most so many are named."""


class Limits:
    """Counts what is printed and watches the clock."""

    def __init__(self, settings: Settings, now: float, *, gives_up: bool = True) -> None:
        """`gives_up` where nothing may ever come: a recording has an end."""
        self.once = settings.once
        self.printed = 0
        """Records admitted; events do not count."""
        self._count = settings.count
        self._until = settings.until
        self._found = False
        """Whether the record was admitted that the run was to stop at."""
        self._takes_all = self._count is None and self._until is None
        self._with_events = settings.events
        self._end = now + settings.duration if settings.duration is not None else None
        self._timeout = settings.timeout
        if self._timeout is None and settings.once and gives_up:
            self._timeout = ONCE_TIMEOUT
        self._last_received = now

    def overdue(self, now: float, grace: float) -> bool:
        """Whether its time was over so long ago that nothing is worth waiting for."""
        return self._end is not None and now >= self._end + grace

    def admit(self, items: list[Any]) -> Sequence[Any]:
        """What may still be printed of a batch."""
        if self._takes_all:
            self.printed += len(items)
            if self._with_events:
                self.printed -= sum(isinstance(item, Event) for item in items)
            return items
        admitted = []
        for item in items:
            if self.satisfied:
                break
            admitted.append(item)
            if not isinstance(item, Event):
                self.printed += 1
                self._found = self._until is not None and self._until.holds(item)
        return admitted

    @property
    def satisfied(self) -> bool:
        """Whether all that was asked for has been admitted."""
        return self._found or self.printed == self._count

    def reached(
        self, received: bool, now: float, silent: Callable[[], Sequence[Subscription]] = tuple
    ) -> bool:
        """Whether the run is done; `received` where data came since the last call.

        Raises NothingReceived, with those that are `silent`, when the timeout has passed.
        """
        if self.satisfied or (self._end is not None and now >= self._end):
            return True
        if received:
            self._last_received = now
        elif self._timeout is not None and now - self._last_received >= self._timeout:
            raise _nothing_received(self._timeout, silent())
        return False


def _nothing_received(timeout: float, silent: Sequence[Subscription]) -> NothingReceived:
    specs = [subscription.spec for subscription in silent]
    more = f" and {len(specs) - _NAMED} more" if len(specs) > _NAMED else ""
    of = f" of {', '.join(specs[:_NAMED])}{more}" if specs else ""
    return NothingReceived(
        f"nothing was received{of} within {timeout:g} s",
        hint="check the symbol and the connection (-v says more), or wait longer with --timeout",
        symbols=[subscription.symbol for subscription in silent[:_NAMED]],
    )
